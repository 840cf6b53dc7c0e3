"""The voxel under the mouse, clicks, a held key, slices and 3-D: voxels in a window."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from matplotlib.colors import to_hex
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QLabel, QWidget

from predictor_inspector.inspection.explanation import Curve, explain
from predictor_inspector.plugin.forms.collapsible import FoldButton
from predictor_inspector.plugin.layers.marks import LINES, VOXELS
from predictor_inspector.plugin.layers.owned import layer_name
from predictor_inspector.plugin.tabs.voxel.curve_plot import CurvePlot
from predictor_inspector.plugin.tabs.voxel.tab import VoxelTab

from ..window import Window

CURVE = Curve(tuple(np.linspace(-30, 30, 61)), tuple(np.tanh(np.linspace(-3, 3, 61))), (5.0, 0.46), "d", "tanh(d)")
AFFINITIES = {"neighborhood": [[1, 0, 0], [0, 0, 3]], "lsds": True, "num_voxels": 1}


class Explaining:
    """A window with the tab that explains."""

    def __init__(self, window: Window) -> None:
        self.window, self.viewer = window, window.viewer
        self.tab: VoxelTab = window.widget.tabs["voxel"]

    @property
    def explanation(self) -> Any:
        """The only explanation that is shown; None without any."""
        assert len(self.tab.explanations) < 2
        return self.tab.explanations[0] if self.tab.explanations else None

    def __getitem__(self, name: str) -> Any:
        """A control of the tab."""
        return self.window.control(f"voxel {name}")

    def settle(self) -> None:
        self.window.settle()
        for _ in range(2):
            self.window.qtbot.waitUntil(lambda: not self.tab.busy)
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


def prepare(window: Window) -> None:
    window.add_labels()
    window.set_config("affinities", **AFFINITIES)
    window.widget.open_tab("Voxel")
    window.after(lambda: window.widget.look_at("target"))


@pytest.fixture
def explaining(shared: Callable[[Any], Window]) -> Explaining:
    found = Explaining(shared(prepare))
    found.tab.clear()
    found.settle()
    return found


def layer(explaining: Explaining, name: str) -> Any:
    return explaining.viewer.layers[layer_name(name)]


def test_a_click_explains_and_a_drag_or_a_click_in_another_tab_does_not(explaining: Explaining) -> None:
    x, y = explaining.middle()
    explaining.window.widget.open_tab("Setup")
    explaining.click(x, y)
    assert explaining.explanation is None
    explaining.window.widget.open_tab("Voxel")
    explaining.click(x, y, drag=40)
    assert explaining.explanation is None
    explaining.click(x, y)
    found = explaining.explanation
    assert found is not None
    assert found.why_value.sentence in explaining.tab.text
    inspection = explaining.window.widget.inspection
    assert found == explain(inspection, 0, found.index)
    assert len(layer(explaining, LINES).data) > 0

    explaining["pin"].setChecked(True)
    explaining.click(x + 25, y)
    assert explaining.explanation is found
    explaining["pin"].setChecked(False)
    active = explaining.viewer.layers.selection.active
    explaining.window.canvas.setFocus()
    explaining.hover(x + 25, y)
    assert explaining.explanation is found
    QTest.keyPress(explaining.window.canvas, Qt.Key.Key_W)
    explaining.settle()
    followed = explaining.explanation
    assert followed is not None
    assert followed.index != found.index
    QTest.keyRelease(explaining.window.canvas, Qt.Key.Key_W)
    explaining.hover(x, y)
    assert explaining.explanation is followed
    assert explaining.viewer.layers.selection.active is active

    # Marks belong to the tab.
    explaining.window.widget.open_tab("Check")
    assert layer_name(LINES) not in explaining.viewer.layers
    explaining.window.widget.open_tab("Voxel")
    assert explaining.explanation is followed
    assert len(layer(explaining, LINES).data) > 0
    explaining.tab.clear()
    assert explaining.explanation is None
    assert len(layer(explaining, LINES).data) == 0


def test_all_channels_of_the_rgb_view_are_explained(explaining: Explaining) -> None:
    explaining.window.set_config("affinities", neighborhood=[[1, 0, 0], [0, 1, 0], [0, 0, 3]], lsds=False)
    explaining.window.after(lambda: explaining.window.widget.look_at("target RGB"))
    explaining.click(*explaining.middle())
    found = explaining.tab.explanations
    inspection = explaining.window.widget.inspection
    assert found == tuple(explain(inspection, channel, found[0].index) for channel in range(3))
    buttons = [head.findChild(FoldButton) for head in explaining["view"].findChildren(QWidget, "explained channel")]
    assert [button.text().split(":")[0] for button in buttons] == list(inspection.channel_names)
    assert [button.isChecked() for button in buttons] == [True, False, False]
    colours = {to_hex(colour) for colour in layer(explaining, LINES).edge_color}
    assert {"#ff0000", "#00ff00", "#0000ff"} <= colours
    # A click on a row unfolds what is mixed, and moves to what isn't.
    explaining.tab.explain_channel(1)
    assert [button.isChecked() for button in buttons] == [False, True, False]
    explaining.window.widget.context.rgb_mix.mix(inspection.channel_names, 2, False)
    explaining.settle()
    assert len(explaining.tab.explanations) == 2
    explaining.tab.explain_channel(2)
    explaining.settle()
    assert explaining.explanation == explain(inspection, 2, found[0].index)
    assert explaining.viewer.dims.point[0] == 2


def test_the_same_layers_show_other_channels_slices_and_predictors(explaining: Explaining) -> None:
    inspection = explaining.window.widget.inspection
    inside = np.argwhere(np.asarray(inspection.gt[inspection.roi].data) > 0)
    at = inside[len(inside) // 2]
    corner = np.array(inspection.roi.begin) / inspection.gt.subdivision
    position = corner + (at + 0.5) * inspection.gt.physical_voxel_size
    explaining.tab.explain_at(tuple(position))
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
    found = explaining.explanation
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
    assert explaining.explanation is found
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
    assert names.count(layer_name(LINES)) == names.count(layer_name(VOXELS)) == 1
    # The plugin's own layers are no ground truth to choose.
    assert explaining.window.widget.gt_layer.name == "labels"

    explaining.viewer.layers.remove(lines)
    explaining.tab.clear()
    explaining.tab.explain_at(tuple(position))
    explaining.settle()
    assert len(layer(explaining, LINES).data) > 0


def test_the_table_shows_the_voxel_under_the_mouse(explaining: Explaining) -> None:
    explaining.hover(*explaining.middle())
    model = explaining["values"].model()
    inspection = explaining.window.widget.inspection
    assert [model.index(row, 0).data() for row in range(model.rowCount())] == list(inspection.channel_names)
    assert explaining["about"].text().startswith("id ")
    explaining.viewer.layers.remove(explaining.window.widget.gt_layer)
    explaining.settle()
    assert model.rowCount() == 0


def test_the_tab_says_what_to_do_and_grows(explaining: Explaining) -> None:
    tab = explaining.tab
    assert "hold W" in tab.text
    explaining.click(*explaining.middle())
    assert "Weight" in tab.text
    sentence = next(
        label
        for label in explaining["view"].findChildren(QLabel)
        if label.text() == explaining.explanation.why_value.sentence
    )
    small = sentence.fontMetrics().height()
    explaining.window.settings.presenter = True
    tab.grab()
    assert sentence.fontMetrics().height() > small
    explaining["copy"].click()
    assert "Weight" in QApplication.clipboard().text()


def test_a_curve_names_its_values_and_is_hidden_where_there_is_none(qtbot: Any) -> None:
    plot = CurvePlot()
    qtbot.addWidget(plot)
    assert plot.isHidden()
    plot.show_curve(CURVE)
    small = plot.sizeHint().height()
    plot.text_pixels = 18
    assert plot.sizeHint().height() > small
    assert not plot.grab().toImage().isNull()
    assert plot.text_at(0, 0) == "0 → 0"
    assert plot.text_at(-30, 0).startswith("−30 → −0.99")
    plot.show_curve(None)
    assert plot.isHidden()


def test_nothing_is_left_listening(window: Window) -> None:
    explaining = Explaining(window)
    viewer = explaining.viewer
    callbacks = viewer.mouse_drag_callbacks, viewer.mouse_move_callbacks
    before = [len(c) for c in callbacks]
    explaining.tab.shut_down()
    assert [len(c) for c in callbacks] == [n - 1 for n in before]
