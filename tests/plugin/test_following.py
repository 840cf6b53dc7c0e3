"""The dock in a real window: what is on the canvas is what is inspected."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtWidgets import QApplication

from predictor_inspector.core import predictor_kinds

from .window import TRANSLATE, VOXEL_SIZE, Window

NEAREST = {"neighborhood": [[1, 0, 0], [0, 1, 0], [0, 0, 1]], "lsds": False}
CONFIGS = {
    "affinities": NEAREST,
    "distance": {"channels": ["a"], "scale_factor": 15.0, "mask_distances": True},
    "hot_distance": {"channels": ["a"], "scale_factor": 15.0, "mask_distances": True},
    "inner_distance": {"channels": ["a"], "scale_factor": 15.0},
    "one_hot": {"classes": ["background", "a", "b"]},
    "dummy": {"embedding_dims": 2},
}


def test_a_dock_without_data_says_what_to_do(window: Window) -> None:
    assert window.widget.inspection is None
    assert window.widget.gt_layer is None
    assert "labels" in window.control("note").text()
    assert window.widget.message == ""


def test_labels_that_are_added_are_inspected_at_once(window: Window) -> None:
    layer = window.add_labels()
    assert window.widget.gt_layer is layer
    window.assert_layers_show_the_inspection()
    # All of the slice in the middle is in view.
    z, y, x = window.roi_voxels()
    assert (z.stop - z.start, y, x) == (1, slice(0, 40), slice(0, 48))


@pytest.mark.parametrize("kind", predictor_kinds())
def test_every_predictor_shows_what_inspect_gives(window: Window, kind: str) -> None:
    window.add_labels()
    window.set_config(kind, **CONFIGS[kind])
    assert len(window.target.data) == len(window.widget.inspection.channel_names)
    window.assert_layers_show_the_inspection()


def test_kinds_can_be_changed_back_and_forth(window: Window) -> None:
    window.add_labels()
    for kind in ("distance", "affinities", "one_hot", "distance"):
        window.set_config(kind, **CONFIGS[kind])
        window.assert_layers_show_the_inspection()
    assert [layer.name for layer in window.viewer.layers].count("target") == 1


def test_a_dragged_slider_ends_at_its_last_value_and_never_goes_back(window: Window) -> None:
    window.add_labels()
    window.set_config("distance", **CONFIGS["distance"])
    shown = []
    window.widget.inspected.connect(lambda i: shown.append(i.request.predictor.scale_factor))
    for value in np.linspace(10, 60, 40):
        window.widget.config = {"kind": "distance", **CONFIGS["distance"], "scale_factor": float(value)}
        QApplication.processEvents()
    window.settle()
    assert shown == sorted(shown)
    assert shown[-1] == 60
    window.assert_layers_show_the_inspection()


def test_panning_and_zooming_move_the_region(window: Window) -> None:
    window.add_labels()
    camera = window.viewer.scene.camera
    window.after(lambda: setattr(camera, "zoom", camera.zoom * 8))
    _z, y, x = window.roi_voxels()
    assert y.stop - y.start < 40
    assert x.stop - x.start < 48
    window.assert_layers_show_the_inspection()
    before = y
    window.after(lambda: setattr(camera, "center", (0, camera.center[1] + 8, camera.center[2])))
    _z, y, x = window.roi_voxels()
    assert (y.start, y.stop) == (before.start + 2, before.stop + 2)
    window.assert_layers_show_the_inspection()


def test_the_region_is_exactly_what_the_canvas_shows(window: Window) -> None:
    window.add_labels()
    camera = window.viewer.scene.camera
    window.after(lambda: setattr(camera, "zoom", camera.zoom * 3.3))
    height, width = window.viewer.canvas.size
    for axis, size in ((1, height), (2, width)):
        low = camera.center[axis] - size / camera.zoom / 2
        high = camera.center[axis] + size / camera.zoom / 2
        s, n = window.roi_voxels()[axis], (12, 40, 48)[axis]
        corners = TRANSLATE[axis] + (np.arange(n + 1) - 0.5) * VOXEL_SIZE[axis]
        # The first and the last voxel of which anything is seen.
        assert s.start == max(0, np.searchsorted(corners, low, side="right") - 1)
        assert s.stop == min(n, np.searchsorted(corners, high, side="left"))


def test_another_slice_is_another_region(window: Window) -> None:
    window.add_labels()
    dim = window.viewer.dims.ndim - 3
    for index in (0, 3, 11):
        window.after(lambda i=index: window.viewer.dims.set_point(dim, TRANSLATE[0] + i * VOXEL_SIZE[0]))
        assert window.roi_voxels()[0] == slice(index, index + 1)
        window.assert_layers_show_the_inspection()


def test_thickness_is_counted_in_slices_around_the_one_shown(window: Window) -> None:
    window.add_labels()
    dim = window.viewer.dims.ndim - 3
    window.after(lambda: window.viewer.dims.set_point(dim, TRANSLATE[0] + 5 * VOXEL_SIZE[0]))
    for thickness, expected in ((3, slice(4, 7)), (4, slice(4, 8)), (100, slice(0, 12))):
        window.after(lambda t=thickness: setattr(window.widget, "thickness", t))
        assert window.roi_voxels()[0] == expected
    window.assert_layers_show_the_inspection()


def test_other_axes_can_be_displayed(window: Window) -> None:
    window.add_labels()
    ndim = window.viewer.dims.ndim
    order = (*range(ndim - 3), ndim - 1, ndim - 3, ndim - 2)  # z and y on the canvas
    window.after(lambda: setattr(window.viewer.dims, "order", order))
    z, _y, x = window.roi_voxels()
    assert x.stop - x.start == 1
    assert z == slice(0, 12)
    window.assert_layers_show_the_inspection()


def test_in_3d_a_box_around_the_views_centre_is_inspected(window: Window) -> None:
    window.add_labels()
    window.after(lambda: setattr(window.viewer.dims, "ndisplay", 3))
    assert window.roi_voxels() == (slice(0, 12), slice(0, 40), slice(0, 48))
    window.assert_layers_show_the_inspection()
    window.after(lambda: setattr(window.viewer.dims, "ndisplay", 2))
    assert window.roi_voxels()[0].stop - window.roi_voxels()[0].start == 1


def test_the_whole_layer_can_be_inspected(window: Window) -> None:
    window.add_labels()
    window.after(lambda: setattr(window.widget, "region_mode", "layer"))
    assert window.roi_voxels() == (slice(0, 12), slice(0, 40), slice(0, 48))
    window.assert_layers_show_the_inspection()


def test_ground_truth_out_of_view_is_a_hint_and_no_error(window: Window) -> None:
    window.add_labels()
    camera = window.viewer.scene.camera
    window.after(lambda: setattr(camera, "center", (0, 1e6, 1e6)))
    assert "in view" in window.control("note").text()
    assert window.widget.message == ""


def test_painting_is_followed(window: Window) -> None:
    layer = window.add_labels()
    before = window.target.data.copy()
    z = window.roi_voxels()[0].start

    def paint() -> None:
        layer.selected_label = 999
        layer.paint((z, 20, 20), 999)

    window.after(paint)
    assert not np.array_equal(before, window.target.data)
    window.assert_layers_show_the_inspection()


def test_moving_the_layer_moves_the_target(window: Window) -> None:
    layer = window.add_labels()
    window.after(lambda: setattr(layer, "translate", (200.0, 2000.0, 50.0)))
    window.after(window.viewer.reset_view)
    window.assert_layers_show_the_inspection()
