"""Training positions and surveys in a real window."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from funlib.geometry import Roi
from qtpy.QtGui import QColor
from qtpy.QtWidgets import QApplication

from predictor_inspector.core import predictor_from_config
from predictor_inspector.data.source import Source
from predictor_inspector.inspection import Request
from predictor_inspector.inspection.output.pictures.weights_figure import held
from predictor_inspector.inspection.training.positions import Positions
from predictor_inspector.inspection.training.survey import Survey
from predictor_inspector.plugin.layers.navigation import go_to_region
from predictor_inspector.plugin.model.axes import array_at
from predictor_inspector.plugin.model.view import view_of, viewed_roi
from predictor_inspector.plugin.tabs.survey.panel import SurveyPanel
from predictor_inspector.plugin.tabs.survey.weight_plot import WeightPlot, readable

from ..inspection.stand_ins import stand_in
from .window import Window


class Surveyed:
    """A window with the survey part."""

    def __init__(self, window: Window) -> None:
        self.window = window
        window.add_labels()
        window.set_config("affinities", neighborhood=[[0, 1, 0], [0, 0, 1]], lsds=False)
        self.found: Any = lambda *_: [stand_in(message="A long message " * 9)]
        self.panel = SurveyPanel(self.request, self.go_to, self.find)
        window.viewer.window.add_dock_widget(self.panel, name="survey")

    def find(self, *arguments: Any) -> Any:
        return self.found(*arguments)

    def request(self) -> Request:
        widget = self.window.widget
        gt = array_at(widget.gt_layer, widget.axes, 0, view_of(self.window.viewer))
        return Request(predictor_from_config(widget.config), Source(gt), device="cpu")

    def go_to(self, roi: Any, gt: Any) -> None:
        self.window.widget.box = roi
        go_to_region(self.window.viewer, roi, gt)

    def settle(self) -> None:
        self.window.qtbot.waitUntil(lambda: not self.panel.busy, timeout=20_000)
        self.window.settle()


@pytest.fixture
def surveyed(window: Window) -> Surveyed:
    return Surveyed(window)


def test_the_nth_position_is_inspected_and_in_view(surveyed: Surveyed) -> None:
    panel, window = surveyed.panel, surveyed.window
    panel._size.setText("3, 10, 12")
    panel.go(4)
    surveyed.settle()
    gt = surveyed.request().source.gt
    expected = Positions(Source(gt), (3, 10, 12))[4]
    assert window.widget.inspection.roi == expected
    seen = viewed_roi(gt, view_of(window.viewer), 1)
    assert seen.intersect(expected).shape[1:] == expected.shape[1:]
    assert expected.begin[0] <= seen.begin[0] < expected.end[0]
    panel._next.click()
    surveyed.settle()
    assert window.widget.inspection.roi == Positions(Source(gt), (3, 10, 12))[5]
    assert panel.position == 5


def test_a_survey_lists_what_comes_up_and_plots_the_weights(surveyed: Surveyed) -> None:
    panel, window = surveyed.panel, surveyed.window
    panel._size.setText("2, 10, 10")
    gt = surveyed.request().source.gt
    worst = Positions(Source(gt), (2, 10, 10))[3]
    surveyed.found = lambda inspection, *_: [stand_in("a", "error" if inspection.roi == worst else "warning", voxels=5)]
    panel._count.setValue(6)
    panel._start.click()
    assert panel._start.text() == "Cancel"
    surveyed.settle()
    assert panel._start.text() == "Survey"
    assert panel.survey is not None
    assert panel._list.topLevelItemCount() == 1
    item = panel._list.topLevelItem(0)
    assert [item.text(i) for i in (0, 2)] == ["error", "6"]
    said = panel._plot.text_at(2.2, 1)
    assert said.startswith("region 2\naff y+1: − ")
    assert said.count("\n") == 2, "one line per channel"
    panel._list.itemClicked.emit(item, 0)
    surveyed.settle()
    assert window.widget.inspection.roi == worst


def test_a_cancelled_survey_keeps_what_it_has(surveyed: Surveyed) -> None:
    panel = surveyed.panel
    panel._size.setText("2, 10, 10")
    panel._count.setValue(100_000)
    positions = Positions(surveyed.request().source, (2, 10, 10))
    assert positions[0] is not None
    panel._count.setValue(2000)
    panel.start()
    surveyed.window.qtbot.waitUntil(lambda: panel.survey is not None and panel.survey.done > 2, timeout=20_000)
    panel._start.click()
    surveyed.settle()
    done = panel.survey.done
    assert 2 < done < 2000
    assert panel._start.text() == "Survey"
    assert panel._error.text() == ""


def test_what_goes_wrong_is_said_in_the_dock(surveyed: Surveyed) -> None:
    panel = surveyed.panel
    for text, words in (("1, 2", "Size must have 3 numbers"), ("a", "such as 32, 96, 96"), ("9, 9, 999", "at most")):
        panel._size.setText(text)
        panel.go(0)
        assert words in panel._error.text()
    panel._size.setText("2, 10, 10")

    def broken(*_: Any) -> list[Any]:
        raise RuntimeError("the finder broke")

    surveyed.found = broken
    panel.start()
    surveyed.settle()
    assert panel._error.text() == "RuntimeError: the finder broke"
    assert panel._start.text() == "Survey"


def test_the_panel_fits_into_a_narrow_dock(surveyed: Surveyed) -> None:
    QApplication.processEvents()
    assert surveyed.panel.minimumSizeHint().width() <= 340


def test_a_class_that_a_region_lacks_keeps_its_weight() -> None:
    nan = np.nan
    np.testing.assert_array_equal(held(np.array([nan, 1, nan, nan, 3])), [nan, 1, 1, 1, 3])


def test_the_plot_draws_lines_that_can_be_read_on_light_and_dark(qtbot: Any) -> None:
    plot = WeightPlot()
    qtbot.addWidget(plot)
    plot.resize(300, 140)
    empty = plot.grab().toImage()
    weights = np.array([[[2, 0.6]], [[3, 0.55]], [[np.nan, 0.5]]], np.float32)
    plot.show_survey(Survey((Roi((0,), (1,)),) * 3, 5, ("a",), (), weights, None))
    assert plot.grab().toImage() != empty
    assert QColor(readable("#0000ff", QColor("white"))).lightnessF() > 0.6
    assert QColor(readable("#ffb000", QColor("black"))).lightnessF() < 0.45
