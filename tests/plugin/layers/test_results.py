"""Contrast, colours and the RGB view follow what channels declare, not the values that happen to be in view."""

from __future__ import annotations

import numpy as np
import pytest

from predictor_inspector.core import AffinitiesPredictor, Channel, OneHotPredictor
from predictor_inspector.core.config import PREDICTORS
from predictor_inspector.plugin.layers.colours import blended_at_first
from predictor_inspector.plugin.layers.pictures import limits_of, to_unit
from tests.inspection.foreign import Votes

from ..loop import Loop

SIGNED, PLAIN = "predictor-inspector signed", "gray"


def look(loop: Loop) -> tuple[str, tuple[float, ...]]:
    return loop.target.colormap.name, tuple(loop.target.contrast_limits)


def at_slice(loop: Loop, z: float) -> None:
    loop.after(lambda: loop.viewer.dims.set_point(loop.viewer.dims.ndim - 3, z))


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
    loop: Loop, kind: str, parameters: dict[str, bool], expected: tuple[str, tuple[float, ...]]
) -> None:
    loop.add_labels(half_full(), translate=(0, 0, 0))
    at_slice(loop, 40.0)
    loop.set_config(kind, channels=["a"], scale_factor=15.0, **parameters)
    assert loop.target.data.min() > 0
    assert look(loop) == expected
    at_slice(loop, 440.0)
    assert loop.target.data.min() <= 0
    assert look(loop) == expected


def test_a_change_of_predictor_gives_a_signed_target_its_colormap_again(loop: Loop) -> None:
    loop.add_labels()
    distance = {"channels": ["a"], "scale_factor": 15.0, "mask_distances": False}
    loop.set_config("distance", **distance)
    loop.target.colormap, loop.target.contrast_limits = "viridis", (-0.5, 0.5)
    loop.set_config("distance", **{**distance, "scale_factor": 25.0})
    assert look(loop) == ("viridis", (-0.5, 0.5))
    loop.set_config("hot_distance", **distance)
    assert look(loop) == (SIGNED, (-1, 1))
    loop.set_config("affinities", neighborhood=[[0, 0, 1]], lsds=False)
    assert look(loop) == (PLAIN, (0, 1))
    loop.target.colormap = "viridis"
    loop.set_config("affinities", neighborhood=[[0, 0, 1], [0, 1, 0]], lsds=False)
    assert look(loop) == ("viridis", (0, 1))
    loop.set_config("distance", **distance)
    assert look(loop) == (SIGNED, (-1, 1))


def test_other_peoples_channels_have_the_contrast_and_colours_that_they_declare(
    loop: Loop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(PREDICTORS.built_in, "votes", "tests.inspection.foreign:Votes")  # type: ignore[arg-type]
    loop.add_labels()
    loop.set_config("votes", steps=[[0, 0, 1], [0, -3, 0]])
    assert look(loop) == (SIGNED, (-1, 1))
    rgb = loop.viewer.layers["target RGB"].data
    votes = loop.target.data[:2].sum(0)
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


def test_what_the_person_set_on_a_layer_stays(loop: Loop) -> None:
    loop.add_labels()
    loop.set_config("distance", channels=["a"], scale_factor=15.0, mask_distances=True)
    target = loop.target
    target.colormap = "viridis"
    target.contrast_limits = (-0.5, 0.5)
    target.opacity = 0.4
    loop.after(lambda: loop.viewer.dims.set_point(loop.viewer.dims.ndim - 3, 100.0))
    loop.set_config("distance", channels=["a"], scale_factor=25.0, mask_distances=True)
    assert loop.target is target
    assert target.colormap.name == "viridis"
    np.testing.assert_allclose(target.contrast_limits, (-0.5, 0.5))
    assert target.opacity == pytest.approx(0.4)


def test_a_target_layer_that_is_deleted_comes_back_with_the_next_result(loop: Loop) -> None:
    loop.add_labels()
    loop.viewer.layers.remove("target")
    loop.after(lambda: loop.viewer.dims.set_point(loop.viewer.dims.ndim - 3, 100.0))
    loop.assert_layers_show_the_inspection()


def test_an_rgb_view_mixes_the_ticked_channels(loop: Loop) -> None:
    loop.add_labels()
    loop.set_config("affinities", neighborhood=[[1, 0, 0], [0, 1, 0], [0, 0, 1]], lsds=False)
    target = loop.target.data
    rgb = loop.viewer.layers["target RGB"].data
    np.testing.assert_array_equal(rgb, np.moveaxis(target, 0, -1).astype(np.uint8) * 255)
    mix, names = loop.mix, loop.inspection.channel_names
    loop.after(lambda: mix.set_colour(names, 1, "#ff0000"))
    rgb = loop.viewer.layers["target RGB"].data
    np.testing.assert_array_equal(rgb[..., 0], np.maximum(target[0], target[1]).astype(np.uint8) * 255)
    assert rgb[..., 1].max() == 0
