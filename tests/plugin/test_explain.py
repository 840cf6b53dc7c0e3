"""Clicks, a held key, slices and 3-D: the explanation in a window."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from predictor_inspector.inspection.explanation import explain
from predictor_inspector.inspection.numbers.histograms import object_sums
from predictor_inspector.plugin.layers.marks import LINES, VOXELS
from predictor_inspector.plugin.tabs.explain.tab import ExplainTab
from predictor_inspector.plugin.tabs.numbers.tab import NumbersTab

from .window import Window

AFFINITIES = {"neighborhood": [[1, 0, 0], [0, 0, 3]], "lsds": True, "num_voxels": 1}


class Explaining:
    """A window with the tabs that explain and count."""

    def __init__(self, window: Window) -> None:
        self.window, self.viewer = window, window.viewer
        explain_tab, numbers_tab = window.widget.tabs["explain"], window.widget.tabs["numbers"]
        assert isinstance(explain_tab, ExplainTab)
        assert isinstance(numbers_tab, NumbersTab)
        self.tab, self.numbers = explain_tab, numbers_tab
        self.explainer = self.tab.explainer

    def settle(self) -> None:
        self.window.settle()
        for _ in range(2):
            self.window.qtbot.waitUntil(lambda: not (self.tab.busy or self.numbers.busy), timeout=10_000)
            QApplication.processEvents()

    def click(self, x: int, y: int, drag: int = 0) -> None:
        self.window.click(x, y, drag)
        self.settle()

    def hover(self, x: int, y: int) -> None:
        self.window.hover(x, y)
        self.settle()

    def middle(self) -> tuple[int, int]:
        size = self.window.canvas.size()
        return size.width() // 2, size.height() // 2


@pytest.fixture
def explaining(window: Window) -> Explaining:
    window.add_labels()
    window.set_config("affinities", **AFFINITIES)
    return Explaining(window)


def layer(explaining: Explaining, name: str) -> Any:
    return explaining.viewer.layers[name]


def test_a_click_explains_and_a_drag_or_a_click_while_off_does_not(explaining: Explaining) -> None:
    x, y = explaining.middle()
    explaining.click(x, y)
    assert explaining.explainer.explanation is None
    assert LINES not in explaining.viewer.layers
    explaining.tab.on = True
    explaining.click(x, y, drag=40)
    assert explaining.explainer.explanation is None
    explaining.click(x, y)
    found = explaining.explainer.explanation
    assert found is not None
    assert found.sentence in explaining.tab.text
    inspection = explaining.window.widget.inspection
    assert found == explain(inspection, 0, found.index)
    assert len(layer(explaining, LINES).data) > 0

    explaining.tab.pin = True
    explaining.click(x + 60, y)
    assert explaining.explainer.explanation is found
    explaining.tab.pin = False
    active = explaining.viewer.layers.selection.active
    explaining.window.canvas.setFocus()
    explaining.hover(x + 60, y)
    assert explaining.explainer.explanation is found
    QTest.keyPress(explaining.window.canvas, Qt.Key.Key_W)
    explaining.settle()
    followed = explaining.explainer.explanation
    assert followed is not None
    assert followed.index != found.index
    QTest.keyRelease(explaining.window.canvas, Qt.Key.Key_W)
    explaining.hover(x, y)
    assert explaining.explainer.explanation is followed
    assert explaining.viewer.layers.selection.active is active

    explaining.tab.on = False
    explaining.settle()
    assert explaining.explainer.explanation is None
    assert len(layer(explaining, LINES).data) == 0
    explaining.click(x, y)
    assert explaining.explainer.explanation is None


def test_the_same_layers_show_other_channels_slices_and_predictors(explaining: Explaining) -> None:
    explaining.tab.on = True
    inspection = explaining.window.widget.inspection
    inside = np.argwhere(np.asarray(inspection.gt[inspection.roi].data) > 0)
    at = inside[len(inside) // 2]
    corner = np.array(inspection.roi.begin) / inspection.gt.subdivision
    position = corner + (at + 0.5) * inspection.gt.physical_voxel_size
    explaining.explainer.explain_at(tuple(position))
    explaining.settle()
    lines = layer(explaining, LINES)
    assert "aff z+1" in explaining.tab.text
    # In a slice everything lies in the slice.
    depth = [vertices[:, 0] for vertices in lines.data]
    np.testing.assert_allclose(np.concatenate(depth) * lines.scale[0] + lines.translate[0], position[0])

    explaining.viewer.dims.set_point(0, 3)
    explaining.settle()
    assert "lsd mean offset y" in explaining.tab.text
    voxels = layer(explaining, VOXELS)
    assert voxels.visible
    found = explaining.explainer.explanation
    assert found is not None
    mask = next(m.mask for m in found.marks if hasattr(m, "mask"))
    np.testing.assert_array_equal(voxels.data, mask.numpy())
    centre = np.array(mask.offset) / mask.subdivision + np.array(mask.physical_voxel_size) / 2
    np.testing.assert_allclose(voxels.translate, centre)
    assert [str(u) for u in voxels.units] == [str(u) for u in explaining.window.target.units[1:]]
    assert [str(u) for u in lines.units] == [str(u) for u in explaining.window.target.units[1:]]

    # The slice of the partner: what was said still holds.
    z = explaining.viewer.dims.point[1]
    explaining.viewer.dims.set_point(1, z + 40)
    explaining.settle()
    assert explaining.explainer.explanation is found
    explaining.viewer.dims.set_point(1, z)
    explaining.settle()
    explaining.window.set_config("distance", channels=["a"], scale_factor=20.0, mask_distances=False)
    explaining.settle()
    assert "tanh" in explaining.tab.text
    assert not voxels.visible
    explaining.viewer.dims.ndisplay = 3
    explaining.settle()
    assert layer(explaining, LINES) is lines
    drawn = np.concatenate([np.asarray(v) for v in lines.data]) * lines.scale + lines.translate
    assert np.ptp(drawn[:, 0]) > 0
    names = [each.name for each in explaining.viewer.layers]
    assert names.count(LINES) == names.count(VOXELS) == 1
    # The plugin's own layers are no ground truth to choose.
    assert explaining.window.widget.gt_layer.name == "labels"

    explaining.viewer.layers.remove(lines)
    explaining.explainer.clear()
    explaining.explainer.explain_at(tuple(position))
    explaining.settle()
    assert len(layer(explaining, LINES).data) > 0


def test_the_probe_and_the_histogram_follow(explaining: Explaining) -> None:
    explaining.window.widget.open_tab("Numbers")
    numbers = explaining.numbers
    explaining.hover(*explaining.middle())
    explaining.window.qtbot.waitUntil(lambda: len(numbers.probe_table.rows) > 0, timeout=5000)
    inspection = explaining.window.widget.inspection
    assert [row[0] for row in numbers.probe_table.rows] == list(inspection.channel_names)
    assert numbers.probe_table.text.startswith("id ")
    explaining.settle()
    histogram = numbers.plot.histogram
    assert histogram is not None
    assert histogram.statistics.name == inspection.channel_names[0]
    assert histogram.counts.sum() == inspection.target.data[0].numel()
    explaining.viewer.dims.set_point(0, 4)
    explaining.settle()
    assert numbers.plot.histogram is not None
    assert numbers.plot.histogram.statistics.name == inspection.channel_names[4]
    numbers.sums_button.click()
    explaining.window.qtbot.waitUntil(lambda: numbers.object_table is not None, timeout=5000)
    table = numbers.object_table
    assert table is not None
    assert int(table.first_row[1]) == object_sums(inspection).voxels.max()
    table.close()
    explaining.window.qtbot.waitUntil(lambda: numbers.object_table is None, timeout=5000)
    explaining.viewer.layers.remove(explaining.window.widget.gt_layer)
    explaining.settle()
    assert numbers.probe_table.rows == []
    assert numbers.plot.histogram is None


def test_nothing_is_left_listening(explaining: Explaining) -> None:
    viewer = explaining.viewer
    callbacks = viewer.mouse_drag_callbacks, viewer.mouse_move_callbacks
    before = [len(c) for c in callbacks]
    explaining.tab.on = True
    assert [len(c) for c in callbacks] == [n + 1 for n in before]
    assert "W" in {str(key) for key in viewer.keymap}
    explaining.tab.shut_down()
    explaining.numbers.shut_down()
    assert [len(c) for c in callbacks] == [before[0], before[1] - 1]  # the probe follows the mouse from the beginning
    assert "W" not in {str(key) for key in viewer.keymap}


def test_the_tab_says_what_to_do_and_grows(explaining: Explaining) -> None:
    tab = explaining.tab
    assert "Switch on" in tab.text
    explaining.window.widget.open_tab("Explain")
    assert tab.on
    assert "hold W" in tab.text
    explaining.click(*explaining.middle())
    assert "Weight" in tab.text
    small = tab._sentence.fontMetrics().height()
    tab.large = True
    tab.grab()
    assert tab._sentence.fontMetrics().height() > small
    tab._copy.click()
    assert "Weight" in QApplication.clipboard().text()
