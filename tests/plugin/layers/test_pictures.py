"""Pictures of results that lie in files or are still being computed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from predictor_inspector.core import AffinitiesPredictor, Array
from predictor_inspector.data.source import Source
from predictor_inspector.inspection import Request
from predictor_inspector.plugin.layers.pictures import Blended, LazyBlend, WithTime


def blended(target: np.ndarray, over: bool, weight: float | np.ndarray = 1, solid: bool = False) -> LazyBlend:
    """The first and the last channel of an affinity target."""
    predictor = AffinitiesPredictor([[1, 0, 0], [0, 1, 0], [0, 0, 1]], lsds=False, background_as_object=True)
    gt = Array(np.ones(target.shape[1:], np.uint8), (1, 1, 1))
    request = Request(predictor, Source(gt))
    weights = request.result(weight * np.ones_like(target))
    mixed = (0, "#ff0000"), (2, "#0000ff")
    return LazyBlend(request.result(target), weights, request, Blended(mixed, over, solid))


@pytest.mark.parametrize("over", [False, True])
def test_a_lazy_blend_is_the_blend_and_transparent_where_nothing_is_known(over: bool) -> None:
    target = np.random.default_rng(0).random((3, 4, 5, 6), np.float32)
    target[2, 2, 3] = np.nan
    lazy = blended(target, over)
    assert (lazy.shape, lazy.ndim, lazy.dtype) == ((4, 5, 6, 4), 4, np.uint8)
    values = 1 - target if over else target
    everything, known = np.asarray(lazy), ~np.isnan(target[2])
    strength = np.nan_to_num(np.maximum(values[0], values[2])) * known
    opacity = everything[..., 3:] / 255
    np.testing.assert_allclose(opacity[..., 0], strength if over else known, atol=1 / 255)
    drawn = everything[..., :3] / 255 * opacity
    for colour, channel in ((0, 0), (2, 2)):
        np.testing.assert_allclose(drawn[..., colour], np.nan_to_num(values[channel]) * known, atol=2 / 255)
    for key in (1, (slice(1, 3), 2), (2, ..., 3), (slice(None), slice(None), 0, slice(0, 3))):
        np.testing.assert_array_equal(lazy[key], everything[key])


@pytest.mark.parametrize("over", [False, True])
def test_in_3d_boundaries_are_seen_on_objects_and_nothing_is_where_no_channel_has_weight(over: bool) -> None:
    target = np.ones((3, 4, 5, 6), np.float32)
    target[0, 1], weight = 0, np.ones_like(target)
    weight[:, 3], target[:, 3] = 0, 0
    picture = np.asarray(blended(target, over, weight, solid=True))
    assert (picture[:3, ..., 3] == 255).all()
    assert (picture[3, ..., 3] == 0).all()
    inside, boundary = picture[0, 0, 0, :3], picture[1, 0, 0, :3]
    assert tuple(boundary) == ((255, 0, 0) if over else (0, 0, 255))
    assert len(set(inside)) == 1 if over else tuple(inside) == (255, 0, 255)


@pytest.mark.parametrize("solid", [False, True])
def test_boundaries_are_drawn_before_weights_are_known(solid: bool) -> None:
    target = np.zeros((3, 2, 3, 4), np.float32)
    target[:, 1] = np.nan  # of a tile to come
    opacity = np.asarray(blended(target, over=True, weight=np.nan, solid=solid))[..., 3]
    assert (opacity[0] == 255).all()
    assert (opacity[1] == 0).all()


@given(st.data())
def test_a_time_axis_is_added_without_reading(data: st.DataObject) -> None:
    values = np.arange(24).reshape(2, 3, 4)
    lazy, expected = WithTime(values, 1), values[:, None]
    assert (lazy.shape, lazy.ndim, lazy.dtype) == (expected.shape, 4, values.dtype)
    key = tuple(data.draw(st.one_of(st.integers(-n, n - 1), st.slices(n))) for n in expected.shape)
    np.testing.assert_array_equal(lazy[key], expected[key])
    np.testing.assert_array_equal(np.asarray(lazy), expected)
