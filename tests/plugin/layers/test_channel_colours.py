"""Contrast, colours and the RGB view follow what channels declare, not the values that happen to be in view."""

from __future__ import annotations

import numpy as np
import pytest

from predictor_inspector.core import AffinitiesPredictor, Channel, OneHotPredictor
from predictor_inspector.core.config import PREDICTORS
from predictor_inspector.plugin.layers.colours import blended_at_first
from predictor_inspector.plugin.layers.pictures import limits_of, to_unit
from tests.inspection.foreign import Votes

from ..window import Window

SIGNED, PLAIN = "predictor-inspector signed", "gray"


def look(window: Window) -> tuple[str, tuple[float, ...]]:
    return window.target.colormap.name, tuple(window.target.contrast_limits)


def at_slice(window: Window, z: float) -> None:
    window.after(lambda: window.viewer.dims.set_point(window.viewer.dims.ndim - 3, z))


def half_full(shape: tuple[int, ...] = (12, 40, 48)) -> np.ndarray:
    """One object, then background, along z."""
    ids = np.zeros(shape, np.uint8)
    ids[:6] = 1
    return ids


@pytest.mark.parametrize(
    ("kind", "parameters", "expected"),
    [
        ("hot_distance", {"mask_distances": False}, (SIGNED, (-1, 1))),
        ("distance", {"mask_distances": False}, (SIGNED, (-1, 1))),
        ("inner_distance", {}, (PLAIN, (0, 1))),
    ],
)
def test_contrast_is_that_of_the_channels_wherever_the_view_is(
    window: Window, kind: str, parameters: dict[str, bool], expected: tuple[str, tuple[float, ...]]
) -> None:
    window.add_labels(half_full(), translate=(0, 0, 0))
    at_slice(window, 40.0)
    window.set_config(kind, channels=["a"], scale_factor=15.0, **parameters)
    assert window.target.data.min() > 0
    assert look(window) == expected
    at_slice(window, 440.0)
    assert window.target.data.min() <= 0
    assert look(window) == expected


def test_a_change_of_predictor_gives_a_signed_target_its_colormap_again(window: Window) -> None:
    window.add_labels()
    distance = {"channels": ["a"], "scale_factor": 15.0, "mask_distances": False}
    window.set_config("distance", **distance)
    window.target.colormap, window.target.contrast_limits = "viridis", (-0.5, 0.5)
    window.set_config("distance", **{**distance, "scale_factor": 25.0})
    assert look(window) == ("viridis", (-0.5, 0.5))
    window.set_config("hot_distance", **distance)
    assert look(window) == (SIGNED, (-1, 1))
    window.set_config("affinities", neighborhood=[[0, 0, 1]], lsds=False)
    assert look(window) == (PLAIN, (0, 1))
    window.target.colormap = "viridis"
    window.set_config("affinities", neighborhood=[[0, 0, 1], [0, 1, 0]], lsds=False)
    assert look(window) == ("viridis", (0, 1))
    window.set_config("distance", **distance)
    assert look(window) == (SIGNED, (-1, 1))


def test_other_peoples_channels_have_the_contrast_and_colours_that_they_declare(
    window: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(PREDICTORS.built_in, "votes", "tests.inspection.foreign:Votes")  # type: ignore[arg-type]
    window.add_labels()
    window.set_config("votes", steps=[[0, 0, 1], [0, -3, 0]])
    assert look(window) == (SIGNED, (-1, 1))
    rgb = window.viewer.layers["target RGB"].data
    votes = window.target.data[:2].sum(0)
    np.testing.assert_array_equal(rgb, np.clip(votes[..., None] * (0x12, 0xAB, 0x34), 0, 255).astype(np.uint8))


def test_what_goes_together_is_blended_at_first() -> None:
    affinities = AffinitiesPredictor([[1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 0, 9]])
    assert list(blended_at_first(affinities.describe_channels())) == [0, 1, 2]
    assert blended_at_first(AffinitiesPredictor([[0, 1]]).describe_channels()) == {}
    assert list(blended_at_first(OneHotPredictor(list("abcde")).describe_channels())) == [0, 1, 2, 3, 4]
    assert blended_at_first(Votes().describe_channels()) == {0: "#12ab34", 1: "#12ab34"}


def test_each_channel_is_blended_from_its_own_range() -> None:
    channels = [Channel("a", minimum=-1.0), Channel("b"), Channel("c", minimum=-5.0, maximum=15.0)]
    values = np.array([[-1, 0, 1], [0, 0.5, 1], [-5, 5, 15]], np.float32)
    np.testing.assert_allclose(to_unit(values, channels), [[0, 0.5, 1]] * 3)
    assert limits_of(channels) == (-5, 15)
    assert limits_of([Channel("undeclared")], -0.3) == (-1, 1)
    assert limits_of([Channel("constant", maximum=0.0)]) == (0, 1)
