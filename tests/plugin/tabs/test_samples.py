"""Training positions and surveys in a real window."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from funlib.geometry import Roi
from qtpy.QtGui import QColor
from qtpy.QtWidgets import QApplication, QLabel, QPushButton, QWidget

from predictor_inspector.data.source import Source
from predictor_inspector.inspection.output.pictures.weights_figure import held
from predictor_inspector.inspection.training.positions import Positions
from predictor_inspector.inspection.training.survey import Survey
from predictor_inspector.plugin.model.view import view_of, viewed_roi
from predictor_inspector.plugin.tabs.check.sample_findings import SampleFindings
from predictor_inspector.plugin.tabs.statistics.weight_plot import WeightPlot, readable

from ...inspection.stand_ins import stand_in
from ..window import Window


class Surveyed:
    """Training samples in the tab Check of a window, and what a person sees and presses in it."""

    def __init__(self, window: Window) -> None:
        self.window = window
        self.found: Any = lambda _: [stand_in(message="A long message " * 9)]
        self.check = window.widget.tabs["check"]
        self.tab: SampleFindings = self.check.samples

    @property
    def source(self) -> Source:
        return Source(self.window.widget.settings.gt)

    @property
    def survey(self) -> Any:
        return self.tab.context.derived.survey

    @property
    def error(self) -> str:
        return str(self["error"].text())

    def find(self, inspection: Any) -> Any:
        return self.found(inspection)

    def __getitem__(self, name: str) -> Any:
        """A control of the tab."""
        return self.window.control(f"samples {name}")

    def settle(self) -> None:
        self.window.qtbot.waitUntil(lambda: not self.check.busy)
        self.window.settle()


def prepare(window: Window) -> None:
    window.widget.open_tab("Check")
    window.add_labels()
    window.set_config("affinities", neighborhood=[[0, 1, 0], [0, 0, 1]], lsds=False)
    window.widget.tabs["check"].scope = "samples"


@pytest.fixture
def surveyed(shared: Callable[[Any], Window], monkeypatch: pytest.MonkeyPatch) -> Surveyed:
    made = Surveyed(shared(prepare))
    monkeypatch.setattr("predictor_inspector.plugin.tabs.check.sample_findings.find_with_raw", made.find)
    return made


def test_the_nth_position_is_inspected_and_in_view(surveyed: Surveyed) -> None:
    window = surveyed.window
    surveyed["size"].setText("3, 10, 12")
    surveyed["nth"].setValue(4)
    surveyed["go"].click()
    surveyed.settle()
    expected = Positions(surveyed.source, (3, 10, 12))[4]
    assert window.widget.inspection.roi == expected
    seen = viewed_roi(surveyed.source.gt, view_of(window.viewer), 1)
    assert seen.intersect(expected).shape[1:] == expected.shape[1:]
    assert expected.begin[0] <= seen.begin[0] < expected.end[0]
    surveyed["next"].click()
    surveyed.settle()
    assert window.widget.inspection.roi == Positions(surveyed.source, (3, 10, 12))[5]
    assert surveyed.tab.context.derived.position == 5


def test_a_survey_lists_what_comes_up_and_plots_the_weights(surveyed: Surveyed) -> None:
    surveyed["size"].setText("2, 10, 10")
    worst = Positions(surveyed.source, (2, 10, 10))[3]
    surveyed.found = lambda inspection: [stand_in("a", "error" if inspection.roi == worst else "warning", voxels=5)]
    surveyed["count"].setValue(6)
    surveyed["start"].click()
    assert surveyed["start"].text() == "Cancel"
    surveyed.settle()
    assert surveyed["start"].text() == "Check"
    assert surveyed.survey.done == 6
    (row,) = surveyed.tab.findChildren(QWidget, "finding")
    assert row.finding.severity == "error"
    assert "in 6 of 6 samples" in row.findChild(QLabel, "about finding").text()
    said = surveyed.window.control("statistics weights").text_at(2.2, 1)
    assert said.startswith("sample 2\naff y+1: − ")
    assert said.count("\n") == 2, "one line per channel"
    widget = surveyed.window.widget
    for go_there in (row.findChild(QPushButton, "show").click, surveyed["worst"].click):
        widget.region_mode = "layer"
        surveyed.settle()
        go_there()
        surveyed.settle()
        assert widget.inspection.roi == worst
        widget.history.undo()
        assert widget.region_mode == "layer"


def test_a_cancelled_survey_keeps_what_it_has(surveyed: Surveyed) -> None:
    surveyed["size"].setText("2, 10, 10")
    surveyed["count"].setValue(2000)
    surveyed["start"].click()
    surveyed.window.qtbot.waitUntil(lambda: surveyed.survey is not None and surveyed.survey.done > 2)
    surveyed["start"].click()
    surveyed.settle()
    assert 2 < surveyed.survey.done < 2000
    assert surveyed["start"].text() == "Check"
    assert surveyed.error == ""


def test_what_goes_wrong_is_said_in_the_dock(surveyed: Surveyed) -> None:
    for text, words in (("1, 2", "Size must have 3 numbers"), ("a", "such as 32, 96, 96"), ("9, 9, 999", "at most")):
        surveyed["size"].setText(text)
        surveyed["go"].click()
        assert words in surveyed.error
    surveyed["size"].setText("2, 10, 10")

    def broken(_: Any) -> list[Any]:
        raise RuntimeError("the finder broke")

    surveyed.found = broken
    surveyed["start"].click()
    surveyed.settle()
    assert surveyed.error == "RuntimeError: the finder broke."
    assert surveyed["start"].text() == "Check"


def test_a_tab_that_is_opened_fits_into_a_narrow_dock_and_its_size_into_the_ground_truth(window: Window) -> None:
    prepare(window)
    surveyed = Surveyed(window)
    assert surveyed["size"].text() == ", ".join(str(n) for n in surveyed.source.gt.spatial_shape)
    QApplication.processEvents()
    assert surveyed.check.minimumSizeHint().width() <= 340


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
