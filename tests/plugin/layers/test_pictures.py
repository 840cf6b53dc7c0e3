"""Pictures of results that lie in files or are still being computed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from predictor_inspector.core import Channel
from predictor_inspector.plugin.layers.pictures import LazyBlend, WithTime


@pytest.mark.parametrize("signed", [False, True])
def test_a_lazy_blend_is_the_blend_and_transparent_where_nothing_is_known(signed: bool) -> None:
    target = np.random.default_rng(0).random((3, 4, 5, 6), np.float32)
    target[1, 2, 3] = np.nan
    channels = [Channel(name, minimum=-1.0 if signed else 0.0) for name in "abc"]
    lazy = LazyBlend(target, [(0, "#ff0000"), (1, "#0000ff")], channels)
    assert (lazy.shape, lazy.ndim, lazy.dtype) == ((4, 5, 6, 4), 4, np.uint8)
    values = (target + 1) / 2 if signed else target
    everything = np.asarray(lazy)
    known = ~np.isnan(target[1])
    np.testing.assert_array_equal(everything[..., 0], np.where(known, values[0] * 255, 0).astype(np.uint8))
    np.testing.assert_array_equal(
        everything[..., 2], np.where(known, np.nan_to_num(values[1]) * 255, 0).astype(np.uint8)
    )
    np.testing.assert_array_equal(everything[..., 3], known * 255)
    for key in (1, (slice(1, 3), 2), (2, ..., 3), (slice(None), slice(None), 0, slice(0, 3))):
        np.testing.assert_array_equal(lazy[key], everything[key])


@given(st.data())
def test_a_time_axis_is_added_without_reading(data: st.DataObject) -> None:
    values = np.arange(24).reshape(2, 3, 4)
    lazy, expected = WithTime(values), values[:, None]
    assert (lazy.shape, lazy.ndim, lazy.dtype) == (expected.shape, 4, values.dtype)
    key = tuple(data.draw(st.one_of(st.integers(-n, n - 1), st.slices(n))) for n in expected.shape)
    np.testing.assert_array_equal(lazy[key], expected[key])
    np.testing.assert_array_equal(np.asarray(lazy), expected)
