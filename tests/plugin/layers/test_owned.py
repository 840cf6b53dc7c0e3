"""The plugin's layers: found by role, updated with one redraw, taken over from an earlier dock."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from napari.components import ViewerModel

import predictor_inspector.plugin
from predictor_inspector.plugin.layers.layer_data import LayerGeometry
from predictor_inspector.plugin.layers.owned import OwnedLayers, is_owned, role_of

SPACE = LayerGeometry((40.0, 4.0, 5.0), (100.0, 8.0, 10.0), ("nm", "nm", "nm"), ("z", "y", "x"))
CHANNELS = SPACE.led_by("channel")


@pytest.fixture
def viewer() -> ViewerModel:
    made = ViewerModel()
    made.add_labels(
        np.ones((12, 40, 48), np.uint8),
        name="labels",
        scale=(40, 4, 5),
        translate=(100, 8, 10),
        units=("nm", "nm", "nm"),
        axis_labels=("z", "y", "x"),
    )
    return made


@pytest.fixture
def owned(viewer: ViewerModel) -> OwnedLayers:
    return OwnedLayers(viewer)


def put(owned: OwnedLayers, channels: int = 3, z: float = 100.0, **new: Any) -> Any:
    geometry = LayerGeometry((1.0, 40.0, 4.0, 5.0), (0.0, z, 8.0, 10.0), CHANNELS.units, CHANNELS.axis_labels)
    data = np.zeros((channels, 1, 40, 48), np.float32)
    return owned.put("image", "target", data, geometry, {"contrast_limits": (0, 1), **new})


def test_a_layer_is_found_by_its_role_and_made_once(owned: OwnedLayers) -> None:
    layer = put(owned, opacity=0.5)
    layer.name = "renamed"
    assert put(owned, opacity=1.0) is layer
    assert layer.opacity == 0.5
    assert owned.find("target") is layer
    assert role_of(layer) == "target"
    assert is_owned(layer)
    assert not is_owned(owned.viewer.layers["labels"])


def test_a_layer_that_a_person_removed_is_made_anew(owned: OwnedLayers) -> None:
    layer = put(owned)
    owned.viewer.layers.remove(layer)
    assert owned.find("target") is None
    assert put(owned) is not layer
    assert [role_of(other) for other in owned.viewer.layers] == [None, "target"]


def test_layers_of_an_earlier_dock_are_taken_over_but_not_copies_of_them(owned: OwnedLayers) -> None:
    layer = put(owned)
    copy = type(layer).create(*layer.as_layer_data_tuple())
    owned.viewer.layers.append(copy)
    later = OwnedLayers(owned.viewer)
    assert later.find("target") is layer
    assert put(later) is layer
    owned.viewer.layers.remove(layer)
    assert put(later) is not copy


def test_another_number_of_axes_needs_another_layer(owned: OwnedLayers) -> None:
    layer = put(owned)
    flat = owned.put(
        "image", "target", np.zeros((40, 48)), LayerGeometry((4.0, 5.0), (8.0, 10.0), ("nm",) * 2, ("y", "x"))
    )
    assert flat is not layer
    assert len(owned.viewer.layers) == 2


def test_new_data_in_a_new_place_are_drawn_once(owned: OwnedLayers) -> None:
    layer = put(owned)
    drawn, adapted = [], []
    layer.events.set_data.connect(drawn.append)
    owned.viewer.dims.events.range.connect(adapted.append)
    put(owned, z=140.0)
    assert len(drawn) == 1
    assert not adapted
    np.testing.assert_array_equal(layer.translate, (0, 140, 8, 10))


def test_several_layers_that_change_together_are_drawn_once_each(owned: OwnedLayers) -> None:
    target = put(owned)
    weight = owned.add("image", "weight", np.zeros((3, 1, 40, 48)), CHANNELS)
    drawn: list[Any] = []
    for layer in (target, weight):
        layer.events.set_data.connect(lambda event: drawn.append(event.source))
    with owned.quietly(target, weight):
        put(owned, z=180.0)
        owned.put("image", "weight", np.ones((3, 1, 40, 48)), CHANNELS)
    assert drawn == [target, weight]


def test_sliders_follow_the_number_of_channels_even_of_a_hidden_layer(owned: OwnedLayers) -> None:
    put(owned, visible=False)
    dims = owned.viewer.dims
    assert dims.range[0].stop == 2
    put(owned, channels=7)
    assert dims.range[0].stop == 6
    dims.set_point(0, 6)
    put(owned, channels=2)
    assert dims.range[0].stop == 1
    assert dims.point[0] == 1


def test_other_units_reach_the_viewer(owned: OwnedLayers) -> None:
    owned.viewer.layers["labels"].units = ("um", "um", "um")
    owned.viewer.layers.remove(owned.viewer.layers["labels"])
    put(owned)
    assert str(owned.viewer.dims.units[-1]) == "nanometer"
    geometry = LayerGeometry(
        CHANNELS.scale, CHANNELS.translate, ("pixel", "um", "um", "um"), ("channel", "a", "b", "c")
    )
    owned.put("image", "target", np.zeros((3, 1, 40, 48)), geometry)
    assert str(owned.viewer.dims.units[-1]) == "micrometer"
    assert owned.viewer.dims.axis_labels == ("channel", "a", "b", "c")


def test_a_new_layer_takes_neither_selection_nor_slider(owned: OwnedLayers) -> None:
    viewer = owned.viewer
    labels = viewer.layers["labels"]
    viewer.layers.selection.active = labels
    viewer.dims.last_used = 0
    layer = put(owned)
    assert viewer.layers.selection.active is labels
    assert viewer.dims.last_used == 1  # z still, after the axis of channels
    viewer.layers.selection.update({layer})
    owned.add("labels", "finding", np.zeros((12, 40, 48), np.uint8), SPACE)
    assert set(viewer.layers.selection) == {labels, layer}


def test_shapes_change_without_telling_who_edits_them(owned: OwnedLayers) -> None:
    layer = owned.add("shapes", "ROI", None, SPACE)
    assert not layer.editable
    told = []
    layer.events.data.connect(told.append)
    with owned.quietly(layer):
        layer.data = [np.array([[0, 0, 0], [0, 5, 5]])]
    assert not told
    layer.data = []
    assert told


def test_layers_are_hidden_shown_raised_and_removed(owned: OwnedLayers) -> None:
    target = put(owned)
    owned.add("labels", "finding", np.zeros((12, 40, 48), np.uint8), SPACE)
    redrawn = []
    target.events.visible.connect(redrawn.append)
    owned.show("target")
    assert not redrawn
    owned.hide("target", "finding", "nothing of this name")
    assert not any(layer.visible for layer in owned.viewer.layers if is_owned(layer))
    owned.show("target")
    assert target.visible
    owned.keep_on_top("target")
    assert owned.viewer.layers[-1] is target
    owned.remove("target", "finding")
    assert [layer.name for layer in owned.viewer.layers] == ["labels"]


def test_private_names_of_napari_are_used_in_one_place() -> None:
    private = re.compile(r"\b(?:layer|lines|voxels|viewer|_viewer|window|layers|dims)\._(?!layers\b)[a-z]\w*")
    folder = Path(predictor_inspector.plugin.__file__).parent
    found = {
        path.relative_to(folder).as_posix(): names
        for path in folder.rglob("*.py")
        if (names := private.findall(path.read_text()))
    }
    assert set(found) == {"layers/owned.py"}
