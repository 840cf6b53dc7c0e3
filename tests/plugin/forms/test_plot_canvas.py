"""Plots in the dock."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import QEvent, QPointF, Qt
from qtpy.QtGui import QColor, QImage, QMouseEvent, QPalette
from qtpy.QtWidgets import QApplication, QToolTip

from predictor_inspector.inspection.engine.statistics import ChannelStatistics
from predictor_inspector.inspection.explanation import Curve
from predictor_inspector.inspection.numbers.histograms import Histogram, Limit
from predictor_inspector.plugin.forms.plot_canvas import PlotCanvas
from predictor_inspector.plugin.tabs.explain.curve_plot import CurvePlot
from predictor_inspector.plugin.tabs.numbers.histogram_plot import HistogramPlot

CURVE = Curve(tuple(np.linspace(-30, 30, 61)), tuple(np.tanh(np.linspace(-3, 3, 61))), (5.0, 0.46), "d", "tanh(d)")


class Line(PlotCanvas):
    """A line from corner to corner, and how often it was drawn."""

    def __init__(self) -> None:
        super().__init__(self.draw, margins=(0, 0, 0, 0), hover=lambda x, y: f"{x:.1f}, {y:.1f}")
        self.inks: list[str] = []

    def draw(self, axes: Any, ink: str) -> None:
        self.inks.append(ink)
        axes.set(xlim=(0, 1), ylim=(0, 1))
        axes.plot([0, 1], [0, 1], color=ink, linewidth=8)


@pytest.fixture
def line(qtbot: Any) -> Line:
    made = Line()
    qtbot.addWidget(made)
    made.resize(200, 100)
    return made


def colour(image: QImage, x: int, y: int) -> str:
    return str(QColor(image.pixelColor(x, y)).name())


def test_a_plot_is_drawn_when_it_is_seen_and_only_after_a_change(line: Line, qtbot: Any) -> None:
    line.refresh()
    assert line.inks == []
    line.show()
    qtbot.waitUntil(lambda: len(line.inks) > 0)
    line.inks.clear()
    line.repaint()
    assert line.inks == []
    line.refresh()
    line.refresh()
    line.repaint()
    line.resize(220, 100)
    line.repaint()
    assert len(line.inks) == 2


def test_a_plot_takes_the_colour_of_the_text_around_it(line: Line) -> None:
    for ink in ("#102030", "#f0f0e0"):
        palette = QPalette(line.palette())
        palette.setColor(line.foregroundRole(), QColor(ink))
        line.setPalette(palette)
        QApplication.processEvents()
        assert colour(line.grab().toImage(), 100, 50) == ink


def test_the_tool_tip_says_what_is_under_the_mouse(line: Line, qtbot: Any) -> None:
    line.show()
    qtbot.waitExposed(line)
    line.grab()
    place = QPointF(50, 25)
    none = Qt.MouseButton.NoButton
    event = QMouseEvent(
        QEvent.Type.MouseMove, place, QPointF(line.mapToGlobal(place)), none, none, Qt.KeyboardModifier.NoModifier
    )
    QApplication.sendEvent(line, event)
    assert QToolTip.text() in ("0.2, 0.8", "0.3, 0.8", "0.2, 0.7", "0.3, 0.7")


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


def test_a_histogram_says_totals_and_what_a_bar_holds(qtbot: Any) -> None:
    plot = HistogramPlot()
    qtbot.addWidget(plot)
    edges = np.array([-1.0, 0, 1])
    totals = ChannelStatistics("a", -1, 0, 1, 0.25, 0.01, 0.09, (3000, 1000), (30.0, 90.0), 0, 0.75)
    marks = Limit(-1, "low"), Limit(0, "boundary")
    plot.show_histogram(Histogram(totals, edges, np.array([3000, 1]), np.array([30.0, 6]), marks))
    plot.resize(300, 200)
    assert not plot.grab().toImage().isNull()
    assert plot.text_at(-0.5, 0) == "−1 to 0: 3,000 voxels, weight 30"
    assert plot.text_at(1, 0) == "0 to 1: 1 voxel, weight 6"
    assert "positive: 25 % of the voxels, 75 % of the weight" in plot.text
