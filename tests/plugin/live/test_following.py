"""What is on the canvas is what is inspected: predictors, views, slices and edits, without a window."""

from __future__ import annotations

import numpy as np
import pytest

from predictor_inspector.core import predictor_kinds
from predictor_inspector.plugin.layers.owned import layer_name
from predictor_inspector.plugin.model.view import view_of

from ..loop import Loop
from ..stage import TRANSLATE, VOXEL_SIZE, blocks

NEAREST = {"neighborhood": [[1, 0, 0], [0, 1, 0], [0, 0, 1]], "lsds": False}
CONFIGS = {
    "affinities": NEAREST,
    "distance": {"channels": ["a"], "scale_factor": 15.0, "mask_distances": True},
    "hot_distance": {"channels": ["a"], "scale_factor": 15.0, "mask_distances": True},
    "inner_distance": {"channels": ["a"], "scale_factor": 15.0},
    "boundary": {},
    "cellpose_flows": {"dims": 3, "max_diameter": 60.0},
    "stardist": {"dims": 3, "max_diameter": 12, "rays": 6},
    "one_hot": {"classes": ["background", "a", "b"]},
    "dummy": {"embedding_dims": 2},
}


def test_labels_that_are_added_are_inspected_at_once(loop: Loop) -> None:
    layer = loop.add_labels()
    assert loop.settings.gt_layer is layer
    loop.assert_layers_show_the_inspection()
    z, _y, _x = loop.roi_voxels()
    assert z.stop - z.start == 1


@pytest.mark.parametrize("kind", predictor_kinds())
def test_every_predictor_shows_what_inspect_gives(loop: Loop, kind: str) -> None:
    loop.add_labels()
    loop.set_config(kind, **CONFIGS[kind])
    assert len(loop.target.data) == len(loop.inspection.channel_names)
    loop.assert_layers_show_the_inspection()


def test_kinds_can_be_changed_back_and_forth(loop: Loop) -> None:
    loop.add_labels()
    for kind in ("distance", "affinities", "one_hot", "distance"):
        loop.set_config(kind, **CONFIGS[kind])
        loop.assert_layers_show_the_inspection()
    assert [layer.name for layer in loop.viewer.layers].count(layer_name("target")) == 1


def test_panning_and_zooming_move_the_region(loop: Loop) -> None:
    loop.add_labels()
    camera = loop.viewer.scene.camera
    loop.after(lambda: setattr(camera, "zoom", camera.zoom * 8))
    _z, y, x = loop.roi_voxels()
    assert y.stop - y.start < 40
    assert x.stop - x.start < 48
    loop.assert_layers_show_the_inspection()
    before = y
    loop.after(lambda: setattr(camera, "center", (0, camera.center[1] + 8, camera.center[2])))
    _z, y, x = loop.roi_voxels()
    assert (y.start, y.stop) == (before.start + 2, before.stop + 2)
    loop.assert_layers_show_the_inspection()


def test_without_context_or_padding_the_region_is_exactly_what_the_canvas_shows(loop: Loop) -> None:
    loop.add_labels()
    loop.set_config("one_hot", **CONFIGS["one_hot"])
    camera = loop.viewer.scene.camera
    loop.after(lambda: setattr(camera, "zoom", camera.zoom * 3.3))
    height, width = loop.viewer.canvas.size
    for axis, size in ((1, height), (2, width)):
        low = camera.center[axis] - size / camera.zoom / 2
        high = camera.center[axis] + size / camera.zoom / 2
        s, n = loop.roi_voxels()[axis], (12, 40, 48)[axis]
        corners = TRANSLATE[axis] + (np.arange(n + 1) - 0.5) * VOXEL_SIZE[axis]
        # The first and the last voxel of which anything is seen.
        assert s.start == max(0, np.searchsorted(corners, low, side="right") - 1)
        assert s.stop == min(n, np.searchsorted(corners, high, side="left"))


@pytest.mark.parametrize("zoom", [1.0, 3.3, 8.0])
def test_context_and_padding_have_room_on_the_canvas(loop: Loop, zoom: float) -> None:
    loop.add_labels()
    loop.set_config("affinities", neighborhood=[[1, 0, 0], [0, -1, 0], [0, 0, 2]], lsds=False)
    camera = loop.viewer.scene.camera
    loop.after(lambda: setattr(camera, "zoom", camera.zoom * zoom))
    view, regions, unit = view_of(loop.viewer), loop.inspection.regions, loop.settings.gt.subdivision
    for position, axis in enumerate((1, 2)):
        low, high = (view.center[position] + sign * view.size[position] / 2 for sign in (-1, 1))
        for region in (regions.gt_region, regions.padding_region):
            assert low < region.begin[axis] / unit
            assert region.end[axis] / unit < high
        assert regions.roi.shape[axis] / unit <= 0.8 * (high - low)
    loop.assert_layers_show_the_inspection()


def test_context_wider_than_the_canvas_leaves_a_region_in_its_middle(loop: Loop) -> None:
    loop.add_labels()
    loop.set_config("affinities", neighborhood=[[0, 0, 30], [0, -30, 0]], lsds=False)
    camera = loop.viewer.scene.camera
    loop.after(lambda: setattr(camera, "zoom", camera.zoom * 4))
    view, roi, unit = view_of(loop.viewer), loop.inspection.roi, loop.settings.gt.subdivision
    for position, axis in enumerate((1, 2)):
        assert 0.1 < roi.shape[axis] / unit / view.size[position] < 0.4
    loop.assert_layers_show_the_inspection()


def test_another_slice_is_another_region(loop: Loop) -> None:
    loop.add_labels()
    dim = loop.viewer.dims.ndim - 3
    for index in (0, 3, 11):
        loop.after(lambda i=index: loop.viewer.dims.set_point(dim, TRANSLATE[0] + i * VOXEL_SIZE[0]))
        assert loop.roi_voxels()[0] == slice(index, index + 1)
        loop.assert_layers_show_the_inspection()


def test_thickness_is_counted_in_slices_around_the_one_shown(loop: Loop) -> None:
    loop.add_labels()
    dim = loop.viewer.dims.ndim - 3
    loop.after(lambda: loop.viewer.dims.set_point(dim, TRANSLATE[0] + 5 * VOXEL_SIZE[0]))
    for thickness, expected in ((3, slice(4, 7)), (4, slice(4, 8)), (100, slice(0, 12))):
        loop.after(lambda t=thickness: setattr(loop.settings, "thickness", t))
        assert loop.roi_voxels()[0] == expected
    loop.assert_layers_show_the_inspection()


def test_other_axes_can_be_displayed(loop: Loop) -> None:
    loop.add_labels()
    ndim = loop.viewer.dims.ndim
    order = (*range(ndim - 3), ndim - 1, ndim - 3, ndim - 2)  # z and y on the canvas
    loop.after(lambda: setattr(loop.viewer.dims, "order", order))
    z, _y, x = loop.roi_voxels()
    assert x.stop - x.start == 1
    assert z.stop - z.start > 1
    loop.assert_layers_show_the_inspection()


def test_in_3d_a_box_around_the_views_centre_is_inspected(loop: Loop) -> None:
    loop.add_labels()
    loop.after(lambda: setattr(loop.viewer.dims, "ndisplay", 3))
    assert loop.roi_voxels() == (slice(0, 12), slice(0, 40), slice(0, 48))
    loop.assert_layers_show_the_inspection()
    loop.after(lambda: setattr(loop.viewer.dims, "ndisplay", 2))
    assert loop.roi_voxels()[0].stop - loop.roi_voxels()[0].start == 1


def test_the_whole_layer_can_be_inspected(loop: Loop) -> None:
    loop.add_labels()
    loop.after(lambda: setattr(loop.settings, "region_mode", "layer"))
    assert loop.roi_voxels() == (slice(0, 12), slice(0, 40), slice(0, 48))
    loop.assert_layers_show_the_inspection()


def test_ground_truth_out_of_view_is_a_hint_and_no_error(loop: Loop) -> None:
    loop.add_labels()
    camera = loop.viewer.scene.camera
    loop.after(lambda: setattr(camera, "center", (0, 1e6, 1e6)))
    text, kind = loop.messages[-1]
    assert (kind, "in view" in text) == ("hint", True)


def test_painting_is_followed(loop: Loop) -> None:
    layer = loop.add_labels()
    before = loop.target.data.copy()
    z = loop.roi_voxels()[0].start

    def paint() -> None:
        layer.selected_label = 999
        layer.paint((z, 20, 20), 999)

    loop.after(paint)
    assert not np.array_equal(before, loop.target.data)
    loop.assert_layers_show_the_inspection()


def test_moving_the_layer_moves_the_target(loop: Loop) -> None:
    layer = loop.add_labels()
    loop.after(lambda: setattr(layer, "translate", (200.0, 2000.0, 50.0)))
    loop.after(loop.viewer.reset_view)
    loop.assert_layers_show_the_inspection()


def test_nothing_of_the_persons_is_changed(loop: Loop) -> None:
    data = blocks()
    before = data.copy()
    layer = loop.add_labels(data)
    loop.set_config("affinities", neighborhood=[[1, 0, 0], [0, 0, 5]], lsds=True, num_voxels=1)
    loop.set_config("distance", channels=["a"], scale_factor=15.0, mask_distances=True)
    assert layer.data is data
    np.testing.assert_array_equal(data, before)
    assert tuple(layer.scale) == VOXEL_SIZE


def test_the_plugins_own_layers_are_no_ground_truth(loop: Loop) -> None:
    loop.add_labels()
    loop.set_config("dummy", embedding_dims=2)
    assert [layer.name for layer in loop.settings.layers.gt_layer] == ["labels"]
