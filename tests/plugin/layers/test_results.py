"""Contrast, colours and the RGB view follow what channels declare, not the values that happen to be in view."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from predictor_inspector.core import AffinitiesPredictor, Channel, OneHotPredictor
from predictor_inspector.core.config import PREDICTORS
from predictor_inspector.plugin.layers.colours import blended_at_first
from predictor_inspector.plugin.layers.owned import PREFIX, is_owned, layer_name
from predictor_inspector.plugin.layers.pictures import limits_of, to_unit
from tests.inspection.foreign import Votes

from ..loop import Loop
from ..stage import blocks

SIGNED, PLAIN = "predictor-inspector signed", "gray"
NEIGHBOURS = [[1, 0, 0], [0, 1, 0], [0, 0, 1]]


def look(loop: Loop) -> tuple[str, tuple[float, ...]]:
    """Colormap and contrast of the last channel."""
    loop.after(lambda: loop.controller.results.move_to_channel(len(loop.inspection.channels) - 1))
    return loop.target.colormap.name, tuple(loop.target.contrast_limits)


def colours_at(layer: Any, *values: float) -> np.ndarray:
    """What values look like, RGBA."""
    low, high = layer.contrast_limits
    return layer.colormap.map((np.array(values) - low) / (high - low))


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
    loop.settings.drawn_as = "loss"
    loop.add_labels(half_full(), translate=(0, 0, 0))
    at_slice(loop, 40.0)
    loop.set_config(kind, channels=["a"], scale_factor=15.0, **parameters)
    assert loop.target.data.min() > 0
    assert look(loop) == expected
    at_slice(loop, 440.0)
    assert loop.target.data.min() <= 0
    assert look(loop) == expected


def test_a_change_of_predictor_gives_a_signed_target_its_colormap_again(loop: Loop) -> None:
    loop.settings.drawn_as = "loss"
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
    loop.settings.drawn_as = "loss"
    loop.add_labels()
    loop.set_config("votes", steps=[[0, 0, 1], [0, -3, 0]])
    assert look(loop) == (SIGNED, (-1, 1))
    rgb = loop.viewer.layers[layer_name("target RGB")].data
    votes = loop.target.data[:2].sum(0)
    np.testing.assert_array_equal(rgb[..., :3], np.clip(votes[..., None] * (0x12, 0xAB, 0x34), 0, 255).astype(np.uint8))


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
    loop.viewer.layers.remove(layer_name("target"))
    loop.after(lambda: loop.viewer.dims.set_point(loop.viewer.dims.ndim - 3, 100.0))
    loop.assert_layers_show_the_inspection()


def test_an_rgb_view_mixes_the_ticked_channels(loop: Loop) -> None:
    loop.settings.drawn_as = "loss"
    loop.add_labels()
    loop.set_config("affinities", neighborhood=NEIGHBOURS, lsds=False)
    target = loop.target.data
    rgb = loop.viewer.layers[layer_name("target RGB")].data
    np.testing.assert_array_equal(rgb[..., :3], np.moveaxis(target, 0, -1).astype(np.uint8) * 255)
    assert rgb[..., 3].min() == 255
    mix, names = loop.mix, loop.inspection.channel_names
    loop.after(lambda: mix.set_colour(names, 1, "#ff0000"))
    rgb = loop.viewer.layers[layer_name("target RGB")].data
    np.testing.assert_array_equal(rgb[..., 0], np.maximum(target[0], target[1]).astype(np.uint8) * 255)
    assert rgb[..., 1].max() == 0


def test_boundaries_are_drawn_where_there_are_some_and_hide_nothing_else(loop: Loop) -> None:
    ids = blocks()
    mask = np.ones_like(ids)
    mask[:, :, 30:] = 0
    loop.add_labels(ids)
    annotated = loop.add_labels(mask, name="annotated")
    loop.set_config("affinities", neighborhood=NEIGHBOURS, lsds=False)
    loop.after(lambda: setattr(loop.settings, "mask_layer", annotated))
    rgb, target, weight = (loop.viewer.layers[layer_name(name)].data for name in ("target RGB", "target", "weight"))
    z, y, x = loop.roi_voxels()
    here = ids[z, y, x]
    beside = ids[z, y, x.start + 1 : x.stop + 1]
    here = here[..., : beside.shape[-1]]
    expected = (target[2] == 0) & (weight[2] > 0)
    expected[..., : beside.shape[-1]] &= (here != 0) | (beside != 0)
    assert expected.any()
    np.testing.assert_array_equal(rgb[..., 2] > 0, expected)
    drawn = (rgb[..., :3] > 0).any(-1)
    np.testing.assert_array_equal(rgb[..., 3], np.where(drawn, 255, 0))
    assert loop.viewer.layers[layer_name("target RGB")].blending == "additive"


def test_a_channel_has_its_colour_in_the_table_and_the_layer_keeps_true_values(loop: Loop) -> None:
    loop.add_labels()
    loop.set_config("affinities", neighborhood=NEIGHBOURS, lsds=False)
    loop.settings.shown = "target"
    for channel, colour in enumerate(((1, 0, 0), (0, 1, 0), (0, 0, 1))):
        loop.after(lambda channel=channel: loop.controller.look_at_channel(channel))
        boundary, inside = colours_at(loop.target, 0, 1)
        np.testing.assert_allclose(boundary, (*colour, 1))
        assert inside[3] == 0
    assert loop.target.blending == "additive"
    loop.after(lambda: loop.mix.set_colour(loop.inspection.channel_names, 2, "#00ff00"))
    np.testing.assert_allclose(colours_at(loop.target, 0)[0], (0, 1, 0, 1))
    loop.after(lambda: setattr(loop.settings, "drawn_as", "loss"))
    np.testing.assert_allclose(colours_at(loop.target, 0, 1), [(0, 0, 0, 1), (1, 1, 1, 1)])
    loop.assert_layers_show_the_inspection()


def test_weights_are_coloured_by_factors_of_1_whatever_the_contrast(loop: Loop) -> None:
    loop.add_labels()
    loop.set_config("affinities", neighborhood=[[0, 0, 1]], lsds=False)
    weight = loop.weight
    assert weight.contrast_limits[0] == 0
    assert weight.contrast_limits[1] >= weight.data.max()
    for limits in (tuple(weight.contrast_limits), (0, 3), (0.5, 2)):
        weight.contrast_limits = limits
        high = weight.contrast_limits[1]
        light, one, heavy = colours_at(weight, max(limits[0], 1 / high), 1, high)[:, :3]
        np.testing.assert_allclose(one, (1, 1, 0xBF / 255), atol=0.01)
        assert light[2] > light[0]
        assert heavy[0] > heavy[2]
        if limits[0] == 0:
            np.testing.assert_allclose(colours_at(weight, 0)[0, :3], 0.5)


def test_the_eye_of_a_layer_and_the_setting_are_one_thing(loop: Loop) -> None:
    loop.add_labels()
    loop.set_config("affinities", neighborhood=NEIGHBOURS, lsds=False)
    settings = loop.settings
    layers = {name: loop.viewer.layers[layer_name(name)] for name in ("target", "weight", "target RGB")}

    def seen() -> list[str]:
        return [name for name, layer in layers.items() if layer.visible]

    assert (settings.shown, seen()) == ("rgb", ["target RGB"])
    layers["weight"].visible = True
    assert (settings.shown, seen()) == ("weight", ["weight"])
    layers["weight"].visible = False
    assert (settings.shown, seen()) == ("off", [])
    settings.shown = "target"
    assert seen() == ["target"]
    loop.controller.peek(True)
    assert (settings.shown, seen()) == ("target", [])
    loop.controller.peek(False)
    assert seen() == ["target"]
    layers["target"].opacity = 0.25
    assert settings.opacity == 0.25
    settings.opacity = 0.75
    assert {layer.opacity for layer in layers.values()} == {0.75}
    settings.colour_bars = True
    assert layers["target"].colorbar.visible
    layers["target"].colorbar.visible = False
    assert not settings.colour_bars


def test_the_rgb_view_is_made_when_it_is_looked_at_and_its_layer_stays(loop: Loop) -> None:
    loop.settings.shown = "target"
    loop.add_labels()
    loop.set_config("affinities", neighborhood=NEIGHBOURS, lsds=False)
    assert layer_name("target RGB") not in loop.viewer.layers
    loop.after(lambda: setattr(loop.settings, "shown", "rgb"))
    layer = loop.viewer.layers[layer_name("target RGB")]
    assert layer.visible
    assert layer.data.any()
    loop.set_config("affinities", neighborhood=[[0, 0, 1]], lsds=False)
    assert (layer.visible, loop.target.visible) == (False, True)
    assert not layer.data.any()
    loop.set_config("affinities", neighborhood=NEIGHBOURS, lsds=False)
    assert loop.viewer.layers[layer_name("target RGB")] is layer
    assert layer.visible


@pytest.mark.parametrize("kind", ["affinities", "distance", "one_hot"])
def test_nothing_is_a_block_in_3d(loop: Loop, kind: str) -> None:
    classes = {"one_hot": {"classes": ["a", "b"]}, "distance": {"channels": ["a"], "mask_distances": False}}
    loop.add_labels()
    loop.set_config(kind, **classes.get(kind, {}))
    loop.settings.shown = "target"
    loop.after(lambda: setattr(loop.viewer.dims, "ndisplay", 3))
    for drawn_as in ("boundaries", "loss"):
        loop.after(lambda drawn_as=drawn_as: setattr(loop.settings, "drawn_as", drawn_as))
        assert colours_at(loop.target, *np.linspace(-1, 1, 9))[:, 3].max() < 0.5
    assert loop.weight.colormap.map(np.linspace(0, 1, 9))[:, 3].max() < 0.5
    loop.after(lambda: setattr(loop.viewer.dims, "ndisplay", 2))
    assert colours_at(loop.target, 1)[0, 3] == 1


def test_layers_that_come_later_lie_beneath_ours(loop: Loop) -> None:
    loop.add_labels()
    raw = loop.viewer.add_image(np.zeros((12, 40, 48), np.uint8), name="raw")
    loop.settle()
    names = [layer.name for layer in loop.viewer.layers]
    ours = [is_owned(layer) for layer in loop.viewer.layers]
    assert ours == sorted(ours)
    assert all(name.startswith(PREFIX) == own for name, own in zip(names, ours, strict=True))
    assert loop.viewer.layers.selection.active is raw


def test_panes_show_what_is_inspected_and_what_comes_of_it_beside_each_other(loop: Loop) -> None:
    viewer, grid = loop.viewer, loop.viewer.canvas.grid
    labels = loop.add_labels()
    place = {name: getattr(labels, name) for name in ("scale", "translate", "units", "axis_labels")}
    viewer.add_image(np.zeros((12, 40, 48), np.uint8), name="raw", **place)
    viewer.layers.move(viewer.layers.index("raw"), 0)
    loop.set_config("affinities", neighborhood=NEIGHBOURS, lsds=False)
    before = {layer.name: layer.visible for layer in viewer.layers}
    loop.after(lambda: setattr(loop.settings, "panes", True))
    shown = {layer.name: grid.position(i, viewer.layers) for i, layer in enumerate(viewer.layers) if layer.visible}
    assert loop.message == ""
    assert [name.removeprefix(PREFIX) for name in sorted(shown, key=shown.__getitem__)] == [
        "raw",
        "labels",
        "target RGB",
        "weight",
    ]
    loop.after(lambda: setattr(loop.settings, "shown", "target"))
    assert [layer.name for layer in viewer.layers if layer.visible and is_owned(layer)] == [
        layer_name("target"),
        layer_name("weight"),
    ]
    loop.settings.shown = "rgb"
    loop.after(lambda: setattr(loop.settings, "panes", False))
    assert {layer.name: layer.visible for layer in viewer.layers} == before
    assert not grid.enabled
