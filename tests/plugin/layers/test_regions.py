"""ROI, context and padding as shapes, and the box that a person drags."""

from __future__ import annotations

import numpy as np
from funlib.geometry import Roi

from predictor_inspector.inspection import regions_for

from ..window import TRANSLATE, VOXEL_SIZE, Window

LONG = {"neighborhood": [[1, 0, 0], [0, -3, 0], [0, 0, 5]], "lsds": False}


def edges_of(window: Window, roi: Roi) -> tuple[np.ndarray, np.ndarray]:
    gt = window.widget.inspection.gt
    return np.array(roi.begin) / gt.subdivision, np.array(roi.end) / gt.subdivision


def pinned(window: Window) -> None:
    window.add_labels()
    window.set_config("affinities", **LONG)
    window.after(lambda: setattr(window.widget, "region_mode", "box"))


def test_shapes_lie_where_the_regions_are(window: Window) -> None:
    pinned(window)
    inspection = window.widget.inspection
    for name, roi in (
        ("ROI", inspection.roi),
        ("GT context", inspection.gt_region),
        ("padding", inspection.padding_region),
    ):
        begin, end = edges_of(window, roi)
        low, high = window.rectangle(name)
        np.testing.assert_allclose(low[1:], begin[1:])
        np.testing.assert_allclose(high[1:], end[1:])


def test_context_beyond_the_data_has_a_colour_of_its_own(window: Window) -> None:
    window.add_labels()
    window.set_config("affinities", **LONG)
    layer = window.viewer.layers["GT context"]
    beyond = window.widget.inspection.regions.beyond_data
    assert len(beyond) > 0
    assert len(layer.data) == 1 + len(beyond)
    assert not np.allclose(layer.edge_color[0], layer.edge_color[1])
    assert layer.face_color[0][3] == 0
    assert layer.face_color[1][3] > 0
    assert "beyond the data" in window.control("note").text()


def test_a_slice_that_does_not_cut_the_box_shows_it_faded(window: Window) -> None:
    pinned(window)
    layer = window.viewer.layers["ROI"]
    assert layer.edge_color[0][3] == 1
    z = window.roi_voxels()[0].start
    dim = window.viewer.dims.ndim - 3
    window.after(lambda: window.viewer.dims.set_point(dim, TRANSLATE[0] + (z + 3) * VOXEL_SIZE[0]))
    assert layer.edge_color[0][3] < 1
    assert window.roi_voxels()[0].start == z


def test_in_3d_boxes_have_two_faces_and_what_connects_them(window: Window) -> None:
    pinned(window)
    window.after(lambda: setattr(window.viewer.dims, "ndisplay", 3))
    layer = window.viewer.layers["ROI"]
    assert [len(path) for path in layer.data] == [5, 5, 2, 2, 2, 2]
    vertices = np.concatenate(layer.data) * layer.scale
    begin, end = edges_of(window, window.widget.inspection.roi)
    np.testing.assert_allclose(vertices.min(0), begin)
    np.testing.assert_allclose(vertices.max(0), end)
    assert len(np.unique(vertices.round(6), axis=0)) == 8


def test_thickness_deepens_a_pinned_box_about_its_middle(window: Window) -> None:
    pinned(window)
    z = window.roi_voxels()[0].start
    window.after(lambda: setattr(window.widget, "thickness", 5))
    assert window.roi_voxels()[0] == slice(z - 2, z + 3)
    window.assert_layers_show_the_inspection()


def test_a_dragged_rectangle_moves_the_box_onto_the_grid(window: Window) -> None:
    pinned(window)
    layer = window.viewer.layers["ROI"]
    before = window.roi_voxels()

    def drag() -> None:
        corners = np.asarray(layer.data[0]).copy()
        corners[:, 1] += (2.3 * VOXEL_SIZE[1]) / layer.scale[1]
        corners[:, 2] -= (4.4 * VOXEL_SIZE[2]) / layer.scale[2]
        layer.data = [corners]

    window.after(drag)
    after = window.roi_voxels()
    assert (after[1].start, after[1].stop) == (before[1].start + 2, before[1].stop + 2)
    assert (after[2].start, after[2].stop) == (before[2].start - 4, before[2].stop - 4)
    assert after[0] == before[0]
    low, high = window.rectangle("ROI")
    begin, end = edges_of(window, window.widget.inspection.roi)
    np.testing.assert_allclose(low[1:], begin[1:])
    np.testing.assert_allclose(high[1:], end[1:])
    window.assert_layers_show_the_inspection()


def test_a_box_dragged_out_of_the_data_is_kept_inside(window: Window) -> None:
    pinned(window)
    layer = window.viewer.layers["ROI"]

    def drag() -> None:
        corners = np.asarray(layer.data[0]).copy()
        corners[:, 1:] += 1e5
        layer.data = [corners]

    window.after(drag)
    _z, y, x = window.roi_voxels()
    assert y == slice(39, 40)
    assert x == slice(47, 48)


def test_a_box_can_be_set_from_code(window: Window) -> None:
    layer = window.add_labels()
    gt = window.widget.settings.gt
    box = gt.roi_of((slice(2, 7), slice(10, 20), slice(5, 30)))
    window.after(lambda: setattr(window.widget, "box", box))
    assert window.widget.region_mode == "box"
    assert window.roi_voxels() == (slice(2, 7), slice(10, 20), slice(5, 30))
    assert window.widget.gt_layer is layer
    window.assert_layers_show_the_inspection()


def test_panning_leaves_a_pinned_box_alone(window: Window) -> None:
    pinned(window)
    before = window.roi_voxels()
    camera = window.viewer.scene.camera
    window.after(lambda: setattr(camera, "zoom", camera.zoom * 3))
    window.after(lambda: setattr(camera, "center", (0, 2100, 200)))
    assert window.roi_voxels() == before


def test_sliders_step_by_slices_whatever_is_drawn(window: Window) -> None:
    pinned(window)
    ndim = window.viewer.dims.ndim
    assert window.viewer.dims.range[ndim - 3].step == VOXEL_SIZE[0]
    window.after(lambda: setattr(window.viewer.dims, "order", (*range(ndim - 3), ndim - 1, ndim - 3, ndim - 2)))
    assert window.viewer.dims.range[ndim - 1].step == VOXEL_SIZE[2]


def test_a_rectangle_that_is_deleted_comes_back(window: Window) -> None:
    pinned(window)
    layer = window.viewer.layers["ROI"]
    window.after(lambda: setattr(layer, "data", []))
    assert len(layer.data) == 1
    window.assert_layers_show_the_inspection()


def test_the_regions_shown_are_those_of_the_predictor(window: Window) -> None:
    pinned(window)
    inspection = window.widget.inspection
    gt = window.widget.settings.gt
    assert inspection.regions == regions_for(inspection.request.predictor, gt, inspection.roi)


def test_shapes_are_really_seen_in_a_slice(window: Window) -> None:
    pinned(window)
    dim = window.viewer.dims.ndim - 3
    for index in range(12):
        window.after(lambda i=index: window.viewer.dims.set_point(dim, TRANSLATE[0] + i * VOXEL_SIZE[0]))
        for name in ("ROI", "GT context", "padding"):
            # What napari draws of a layer is what it finds in the slice.
            assert len(window.viewer.layers[name]._data_view._mesh.displayed_triangles) > 0, (name, index)


def test_more_channels_reach_the_slider_even_if_the_target_is_hidden(window: Window) -> None:
    window.add_labels()
    window.set_config("affinities", neighborhood=[[1, 0, 0], [0, 1, 0], [0, 0, 1]], lsds=False)
    assert not window.viewer.layers["target"].visible
    window.set_config("affinities", neighborhood=[[1, 0, 0], [0, 1, 0], [0, 0, 1]], lsds=True, num_voxels=1)
    assert window.viewer.dims.range[0].stop == 12
    window.after(lambda: window.viewer.dims.set_point(0, 12.0))
    window.set_config("dummy", embedding_dims=2)
    assert window.viewer.dims.point[0] <= 1
