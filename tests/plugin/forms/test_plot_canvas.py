"""Small plots: when they are drawn, in which colour, and their tool tips."""

from __future__ import annotations

from typing import Any

import pytest
from qtpy.QtCore import QEvent, QPointF, Qt
from qtpy.QtGui import QColor, QImage, QMouseEvent, QPalette
from qtpy.QtWidgets import QApplication, QToolTip

from predictor_inspector.plugin.forms.plot_canvas import PlotCanvas


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
