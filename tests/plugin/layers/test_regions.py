"""ROI, context and padding as shapes, and the box that a person drags."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import numpy as np
import pytest
from funlib.geometry import Roi
from napari.layers import Shapes
from napari.utils.interactions import (
    mouse_move_callbacks,
    mouse_press_callbacks,
    mouse_release_callbacks,
)

from predictor_inspector.inspection import regions_for
from predictor_inspector.plugin.layers.owned import OwnedLayers, layer_name
from predictor_inspector.plugin.layers.regions import RegionLayer

from ..loop import Loop
from ..stage import TRANSLATE, VOXEL_SIZE

LONG = {"neighborhood": [[1, 0, 0], [0, -3, 0], [0, 0, 5]], "lsds": False}


def edges_of(loop: Loop, roi: Roi) -> tuple[np.ndarray, np.ndarray]:
    gt = loop.inspection.gt
    return np.array(roi.begin) / gt.subdivision, np.array(roi.end) / gt.subdivision


def pinned(loop: Loop) -> None:
    loop.add_labels()
    loop.set_config("affinities", **LONG)
    loop.after(lambda: setattr(loop.settings, "region_mode", "box"))


def test_shapes_lie_where_the_regions_are(loop: Loop) -> None:
    pinned(loop)
    inspection = loop.inspection
    for name, roi in (
        ("ROI", inspection.roi),
        ("context", inspection.gt_region),
        ("padding", inspection.padding_region),
    ):
        begin, end = edges_of(loop, roi)
        low, high = loop.rectangle(name)
        np.testing.assert_allclose(low[1:], begin[1:])
        np.testing.assert_allclose(high[1:], end[1:])


def test_context_beyond_the_data_has_a_colour_of_its_own(loop: Loop) -> None:
    loop.add_labels()
    loop.set_config("affinities", **LONG)
    layer = loop.regions
    beyond = loop.inspection.regions.beyond_data
    assert len(beyond) > 0
    filled = [i for i, colour in enumerate(layer.face_color) if colour[3] > 0 and not layer.features["label"][i]]
    assert len(filled) == len(beyond)
    frames = layer.edge_color[:3]
    assert not any(np.allclose(layer.edge_color[i], frame) for i in filled for frame in frames)
    assert "beyond the data" in " ".join(loop.inspection.notes)


def test_a_box_that_stays_is_not_drawn_anew_while_the_view_moves(loop: Loop) -> None:
    pinned(loop)
    camera, drawn = loop.viewer.scene.camera, []
    # Some places on the canvas have more digits than others.
    loop.after(lambda: setattr(camera, "zoom", camera.zoom / 3.3))
    loop.regions.events.set_data.connect(lambda: drawn.append(tuple(camera.center)))
    for by in (1.7, -0.9, 2.3):
        y, x = camera.center[-2:]
        loop.after(lambda y=y + by, x=x - by: setattr(camera, "center", (0, y, x)))
    assert drawn == []


def test_a_slice_that_does_not_cut_the_box_shows_it_faded(loop: Loop) -> None:
    pinned(loop)
    layer = loop.regions
    assert layer.edge_color[0][3] == 1
    z = loop.roi_voxels()[0].start
    dim = loop.viewer.dims.ndim - 3
    loop.after(lambda: loop.viewer.dims.set_point(dim, TRANSLATE[0] + (z + 3) * VOXEL_SIZE[0]))
    assert layer.edge_color[0][3] < 1
    assert loop.roi_voxels()[0].start == z


def test_in_3d_boxes_have_two_faces_and_what_connects_them(loop: Loop) -> None:
    pinned(loop)
    loop.after(lambda: setattr(loop.viewer.dims, "ndisplay", 3))
    layer = loop.regions
    edges = layer.data[:6]
    assert [len(path) for path in edges] == [5, 5, 2, 2, 2, 2]
    vertices = np.concatenate(edges) * layer.scale
    begin, end = edges_of(loop, loop.inspection.roi)
    np.testing.assert_allclose(vertices.min(0), begin)
    np.testing.assert_allclose(vertices.max(0), end)
    assert len(np.unique(vertices.round(6), axis=0)) == 8


def test_a_pinned_box_is_deepened_about_its_middle(loop: Loop) -> None:
    pinned(loop)
    z = loop.roi_voxels()[0].start
    loop.after(lambda: setattr(loop.settings, "thickness", 9))
    assert loop.roi_voxels()[0] == slice(z, z + 1)
    loop.after(lambda: loop.controller.pinned.thicken(5))
    assert loop.roi_voxels()[0] == slice(z - 2, z + 3)
    loop.assert_layers_show_the_inspection()


def test_a_dragged_rectangle_moves_the_box_onto_the_grid(loop: Loop) -> None:
    pinned(loop)
    layer = loop.regions
    before = loop.roi_voxels()

    def drag() -> None:
        corners = np.asarray(layer.data[0]).copy()
        corners[:, 1] += (2.3 * VOXEL_SIZE[1]) / layer.scale[1]
        corners[:, 2] -= (4.4 * VOXEL_SIZE[2]) / layer.scale[2]
        layer.data = [corners, *layer.data[1:]]

    loop.after(drag)
    after = loop.roi_voxels()
    assert (after[1].start, after[1].stop) == (before[1].start + 2, before[1].stop + 2)
    assert (after[2].start, after[2].stop) == (before[2].start - 4, before[2].stop - 4)
    assert after[0] == before[0]
    low, high = loop.rectangle("ROI")
    begin, end = edges_of(loop, loop.inspection.roi)
    np.testing.assert_allclose(low[1:], begin[1:])
    np.testing.assert_allclose(high[1:], end[1:])
    loop.assert_layers_show_the_inspection()


class Mouse:
    """What napari tells a layer of the mouse; it is one event from press to release."""

    def __init__(self, loop: Loop, position: np.ndarray) -> None:
        self._loop = loop
        self._event = SimpleNamespace(is_dragging=True, modifiers=[], dims_displayed=[2, 3], handled=False)
        self._tell("mouse_press", mouse_press_callbacks, position)

    def move(self, position: np.ndarray) -> None:
        self._tell("mouse_move", mouse_move_callbacks, position)

    def release(self, position: np.ndarray) -> None:
        self._tell("mouse_release", mouse_release_callbacks, position)

    def _tell(self, kind: str, callbacks: Callable[..., None], position: np.ndarray) -> None:
        self._event.type, self._event.position = kind, tuple(position)
        callbacks(self._loop.regions, self._event)
        self._loop.settle()


def test_what_the_mouse_drags_is_the_box_and_the_other_frames_follow(loop: Loop) -> None:
    pinned(loop)
    before = loop.roi_voxels()
    low, high = loop.rectangle("ROI")
    inside = np.array([0, *(low + high) / 2])
    inside[1] = loop.viewer.dims.point[1]
    steps = []
    loop.settings.stepped.connect(lambda label, automatic: steps.append((label, automatic)))
    mouse = Mouse(loop, inside)
    for i in range(1, 4):
        at = inside + np.array([0, 0, i * VOXEL_SIZE[1], -2 * i * VOXEL_SIZE[2]])
        mouse.move(at)
        _z, y, x = loop.roi_voxels()
        assert (y.start, x.start) == (before[1].start + i, before[2].start - 2 * i)
        for name, region in (("context", loop.inspection.gt_region), ("padding", loop.inspection.padding_region)):
            begin, _end = edges_of(loop, region)
            np.testing.assert_allclose(loop.rectangle(name)[0][1:], begin[1:])
    mouse.release(at)
    assert len({label for label, automatic in steps if not automatic}) == 1
    begin, _end = edges_of(loop, loop.inspection.roi)
    np.testing.assert_allclose(loop.rectangle("ROI")[0][1:], begin[1:])
    loop.assert_layers_show_the_inspection()


def test_only_the_box_can_be_grasped(loop: Loop) -> None:
    pinned(loop)
    low, _high = loop.rectangle("padding")
    corner = np.array([0, loop.viewer.dims.point[1], *(low[1:] + 1)])
    Mouse(loop, corner)
    assert set(loop.regions.selected_data) == set()
    loop.regions.selected_data = {0, 1, 2}
    assert set(loop.regions.selected_data) == {0}


def test_frames_are_labelled_at_corners_of_their_own(loop: Loop) -> None:
    pinned(loop)
    layer = loop.regions
    plates = {text: np.asarray(layer.data[i])[:, 1:] for i, text in enumerate(layer.features["label"]) if text}
    assert list(plates) == ["ROI", "context", "padding"]
    boxes = [(plate.min(0), plate.max(0)) for plate in plates.values()]
    for i, (low, high) in enumerate(boxes):
        for other_low, other_high in boxes[:i]:
            assert np.any(low >= other_high) or np.any(high <= other_low)


@pytest.mark.parametrize("left", [np.array([], dtype=float), np.array([], dtype=str)])
def test_labels_come_back_after_all_shapes_were_deleted(
    loop: Loop, monkeypatch: pytest.MonkeyPatch, left: np.ndarray
) -> None:
    pinned(loop)
    filled = []
    add = Shapes.add
    monkeypatch.setattr(
        Shapes, "add", lambda layer, *a, **k: (filled.extend(layer.feature_defaults["label"]), add(layer, *a, **k))
    )
    loop.regions.data = []
    loop.regions.features = {"label": left}
    loop.set_config("dummy", embedding_dims=2)
    assert [type(text) for text in filled] == [str]
    assert "ROI" in list(loop.regions.features["label"])


def test_layers_of_earlier_versions_go(loop: Loop) -> None:
    for name in ("ROI", "GT context"):
        loop.viewer.add_shapes(None, ndim=3, name=name, metadata={"predictor_inspector": name})
    shapes = loop.viewer.add_shapes(None, ndim=3, name="padding")
    RegionLayer(OwnedLayers(loop.viewer), lambda _box: None)
    assert list(loop.viewer.layers) == [shapes]


def test_a_box_dragged_out_of_the_data_is_kept_inside(loop: Loop) -> None:
    pinned(loop)
    layer = loop.regions

    def drag() -> None:
        corners = np.asarray(layer.data[0]).copy()
        corners[:, 1:] += 1e5
        layer.data = [corners, *layer.data[1:]]

    loop.after(drag)
    _z, y, x = loop.roi_voxels()
    assert y == slice(39, 40)
    assert x == slice(47, 48)


def test_a_box_can_be_set_from_code(loop: Loop) -> None:
    layer = loop.add_labels()
    gt = loop.settings.gt
    box = gt.roi_of((slice(2, 7), slice(10, 20), slice(5, 30)))
    loop.after(lambda: loop.settings.pin(box))
    assert loop.settings.region_mode == "box"
    assert loop.roi_voxels() == (slice(2, 7), slice(10, 20), slice(5, 30))
    assert loop.settings.gt_layer is layer
    loop.assert_layers_show_the_inspection()


def test_panning_leaves_a_pinned_box_alone(loop: Loop) -> None:
    pinned(loop)
    before = loop.roi_voxels()
    camera = loop.viewer.scene.camera
    loop.after(lambda: setattr(camera, "zoom", camera.zoom * 3))
    loop.after(lambda: setattr(camera, "center", (0, 2100, 200)))
    assert loop.roi_voxels() == before


def test_sliders_step_by_slices_whatever_is_drawn(loop: Loop) -> None:
    pinned(loop)
    ndim = loop.viewer.dims.ndim
    assert loop.viewer.dims.range[ndim - 3].step == VOXEL_SIZE[0]
    loop.after(lambda: setattr(loop.viewer.dims, "order", (*range(ndim - 3), ndim - 1, ndim - 3, ndim - 2)))
    assert loop.viewer.dims.range[ndim - 1].step == VOXEL_SIZE[2]


def test_a_rectangle_that_is_deleted_comes_back(loop: Loop) -> None:
    pinned(loop)
    layer = loop.regions
    before = [np.asarray(path) for path in layer.data]
    loop.after(lambda: setattr(layer, "data", []))
    np.testing.assert_allclose(layer.data, before)
    loop.after(lambda: layer.remove([0]))
    np.testing.assert_allclose(layer.data, before)
    loop.assert_layers_show_the_inspection()


def test_the_regions_shown_are_those_of_the_predictor(loop: Loop) -> None:
    pinned(loop)
    inspection = loop.inspection
    gt = loop.settings.gt
    assert inspection.regions == regions_for(inspection.request.predictor, gt, inspection.roi)


def test_shapes_are_really_seen_in_every_slice_and_stay_as_they_are(loop: Loop) -> None:
    pinned(loop)
    dim = loop.viewer.dims.ndim - 3
    layer = loop.regions
    before = [np.asarray(path) for path in layer.data]
    for index in range(12):
        loop.after(lambda i=index: loop.viewer.dims.set_point(dim, TRANSLATE[0] + i * VOXEL_SIZE[0]))
        # What napari draws of a layer is what it finds in the slice.
        assert layer._data_view._displayed.all(), index
        np.testing.assert_array_equal(layer.data, before)


def test_more_channels_reach_the_slider_even_if_the_target_is_hidden(loop: Loop) -> None:
    loop.add_labels()
    loop.set_config("affinities", neighborhood=[[1, 0, 0], [0, 1, 0], [0, 0, 1]], lsds=False)
    assert not loop.viewer.layers[layer_name("target")].visible
    loop.set_config("affinities", neighborhood=[[1, 0, 0], [0, 1, 0], [0, 0, 1]], lsds=True, num_voxels=1)
    assert loop.viewer.dims.range[0].stop == 12
    loop.after(lambda: loop.viewer.dims.set_point(0, 12.0))
    loop.set_config("dummy", embedding_dims=2)
    assert loop.viewer.dims.point[0] <= 1
