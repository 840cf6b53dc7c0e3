"""Comparing in a real window: layers of A beside those of B, and a table of what is different."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from qtpy.QtWidgets import QApplication

from predictor_inspector.inspection import inspect
from predictor_inspector.plugin.layers.comparison import DIFFERENCE
from predictor_inspector.plugin.layers.owned import PREFIX, layer_name
from predictor_inspector.plugin.model.view import view_of
from predictor_inspector.plugin.tabs.compare.comparer import Comparer

from ..window import Window

DISTANCE = {"channels": ["a"], "mask_distances": False}


class Compared:
    """A window whose results are compared."""

    def __init__(self, window: Window) -> None:
        self.window = window
        self.comparer: Comparer = window.widget.tabs["compare"].comparer

    def __getitem__(self, name: str) -> Any:
        """A control of the tab."""
        return self.window.control(f"compare {name}")

    def scale(self, scale: float) -> None:
        self.window.set_config("distance", scale_factor=scale, **DISTANCE)
        self.settle()

    def settle(self) -> None:
        self.window.settle()
        self.window.qtbot.waitUntil(lambda: not self.comparer.busy)
        QApplication.processEvents()

    def rows(self) -> dict[str, list[str]]:
        tree = self["table"]
        tops = [tree.topLevelItem(i) for i in range(tree.topLevelItemCount())]
        return {t.text(0): [t.child(i).text(0) for i in range(t.childCount())] for t in tops}


def prepare(window: Window) -> None:
    window.add_labels()
    Compared(window).scale(20.0)


@pytest.fixture
def compared(shared: Callable[[Any], Window]) -> Compared:
    return Compared(shared(prepare))


def names(window: Window) -> list[str]:
    return [layer.name.removeprefix(PREFIX) for layer in window.viewer.layers]


def test_a_is_kept_while_b_goes_on_and_both_show_what_they_are(compared: Compared) -> None:
    comparer, window = compared.comparer, compared.window
    # A region that follows the view leaves room for the context, which differs.
    window.widget.region_mode = "layer"
    compared.settle()
    kept = window.widget.inspection
    compared["keep"].click()
    compared.scale(60.0)
    compared["a"].click()
    compared.settle()
    layer = window.viewer.layers[layer_name("target (A)")]
    np.testing.assert_array_equal(layer.data, kept.target.numpy())
    np.testing.assert_allclose(layer.translate, window.target.translate)
    assert layer.visible
    assert layer.colormap == window.target.colormap
    comparer.mode = "difference"
    compared.settle()
    difference = window.viewer.layers[layer_name(DIFFERENCE)]
    expected = window.widget.inspection.target.numpy() - kept.target.numpy()
    np.testing.assert_array_equal(difference.data, expected)
    low, high = difference.contrast_limits
    assert high == -low == pytest.approx(abs(expected).max())
    assert not layer.visible
    assert compared.rows()["Parameters (1)"] == ["scale_factor"]
    # What the person sets stays.
    difference.contrast_limits = (-0.1, 0.1)
    difference.opacity = 0.4
    compared.scale(70.0)
    assert window.viewer.layers[layer_name(DIFFERENCE)] is difference
    assert tuple(difference.contrast_limits) == (-0.1, 0.1)
    assert difference.opacity == 0.4
    # A shows the view that is looked at, as B does.
    comparer.mode = "a"
    window.widget.look_at("weight")
    compared.settle()
    assert window.viewer.layers[layer_name("weight (A)")].visible
    assert not window.viewer.layers[layer_name("target (A)")].visible
    window.viewer.layers[layer_name("weight")].contrast_limits = (0, 3)
    compared.settle()
    assert tuple(window.viewer.layers[layer_name("weight (A)")].contrast_limits) == (0, 3)
    compared["copy"].click()
    assert "scale_factor: 20 → 70" in QApplication.clipboard().text()


def test_a_follows_b_to_other_regions(compared: Compared) -> None:
    comparer, window = compared.comparer, compared.window
    kept = window.widget.inspection
    comparer.keep()
    comparer.mode = "a"
    window.viewer.dims.set_point(1, window.viewer.dims.point[1] + 120)
    compared.settle()
    b = window.widget.inspection
    assert b.roi != kept.roi
    expected = inspect(kept.request.predictor, b.request.source.gt, b.roi, device="cpu")
    np.testing.assert_array_equal(window.viewer.layers[layer_name("target (A)")].data, expected.target.numpy())
    assert comparer.comparison is not None
    assert comparer.comparison.notes == ()


def test_side_by_side_is_a_grid_of_two_that_is_given_back(compared: Compared) -> None:
    comparer, viewer = compared.comparer, compared.window.viewer
    grid, camera = viewer.canvas.grid, viewer.scene.camera
    grid.stride = 3
    camera.zoom *= 4
    compared.settle()
    before, whole, zoom = names(compared.window), comparer.b.roi.shape[2], camera.zoom
    comparer.keep()
    comparer.mode = "side"
    compared.settle()
    assert grid.enabled
    assert grid.actual_shape(viewer.layers) == (1, 2)
    cells = {
        layer.name.removeprefix(PREFIX): grid.position(i, viewer.layers)[1]
        for i, layer in enumerate(viewer.layers)
        if layer.visible
    }
    assert cells.pop("target (B)") == cells.pop("labels (B)") == 1
    assert cells["target (A)"] == cells["labels"] == 0
    assert set(cells.values()) == {0}
    assert {layer.name for layer in viewer.layers if layer.name_overlay.visible} == {
        layer_name("target (A)"),
        layer_name("target (B)"),
    }
    # A region that follows the view is in half the canvas.
    assert camera.zoom == zoom
    assert comparer.b.roi.shape[2] < 0.6 * whole
    # What is added later goes to A's side.
    viewer.add_points(np.zeros((1, 3)), name="mark")
    compared.settle()
    index = viewer.layers.index("mark")
    assert grid.position(index, viewer.layers)[1] == 0
    comparer.mode = "b"
    compared.settle()
    assert (grid.enabled, grid.stride) == (False, 3)
    assert comparer.b.roi.shape[2] == whole
    # Dropping A leaves no trace, whatever is shown.
    for mode in ("difference", "side"):
        comparer.mode = mode
        compared.settle()
    assert len(names(compared.window)) > len(before) + 1
    compared["drop"].click()
    assert sorted(names(compared.window)) == sorted([*before, "mark"])
    assert not grid.enabled
    assert compared.rows() == {}
    assert comparer.mode == "b"


def test_side_by_side_all_of_a_pinned_box_is_seen_and_the_view_comes_back(compared: Compared) -> None:
    comparer, window = compared.comparer, compared.window
    viewer, camera = window.viewer, window.viewer.scene.camera
    window.widget.region_mode = "layer"
    compared.settle()
    roi = comparer.b.roi
    camera.zoom = 0.9 * viewer.canvas.size[1] * comparer.b.target.subdivision / roi.shape[2]
    before = camera.center, camera.zoom
    for moved in (False, True):
        comparer.keep()
        comparer.mode = "side"
        compared.settle()
        view = view_of(viewer)
        assert camera.zoom < before[1]
        for axis, centre, size in zip((1, 2), view.center, view.size, strict=True):
            begin, end = (corner[axis] / comparer.b.target.subdivision for corner in (roi.begin, roi.end))
            assert centre - size / 2 <= begin < end <= centre + size / 2
        if moved:
            camera.zoom *= 0.5
        here = camera.center, camera.zoom
        comparer.mode = "b"
        compared.settle()
        assert (camera.center, camera.zoom) == (here if moved else before)


def test_flickering_shows_a_in_turns_and_leaves_b_alone(compared: Compared) -> None:
    comparer, window = compared.comparer, compared.window
    comparer.keep()
    comparer.rate = 4.0
    comparer.mode = "flicker"
    compared.settle()
    layer, seen = window.viewer.layers[layer_name("target (A)")], []
    layer.events.visible.connect(lambda _e: seen.append(layer.visible))
    window.qtbot.waitUntil(lambda: len(seen) >= 3)
    assert seen[:3] == [not seen[1], seen[1], not seen[1]]
    assert window.target.visible != layer.visible
    comparer.mode = "b"
    assert not layer.visible
    assert window.target.visible


def test_results_without_a_channel_in_common_say_so_and_go_on_being_shown(compared: Compared) -> None:
    comparer, window = compared.comparer, compared.window
    comparer.keep()
    comparer.mode = "side"
    window.set_config("affinities", neighborhood=[[0, 1, 0], [0, 0, 1]], lsds=False)
    compared.settle()
    assert "no channels in common" in compared["error"].text()
    assert next(iter(compared.rows())).startswith("Parameters")
    assert window.widget.message == ""
    compared.scale(30.0)
    assert compared["error"].text() == ""
    # Without ground truth there is nothing to compare A with.
    window.viewer.layers.remove("labels")
    compared.settle()
    assert comparer.a is None
    assert names(window) == []
    assert not window.viewer.canvas.grid.enabled
