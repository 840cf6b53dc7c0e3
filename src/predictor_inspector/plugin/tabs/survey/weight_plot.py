"""`WeightPlot`: the weights of both classes over the regions of a survey."""

from __future__ import annotations

from collections.abc import Sequence
from math import log10

import numpy as np
from qtpy.QtCore import QPointF, QRectF, QSize, Qt
from qtpy.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF
from qtpy.QtWidgets import QSizePolicy, QWidget

from predictor_inspector.inspection.output.pictures.weights_figure import held
from predictor_inspector.plugin.layers.colours import channel_colour

_LEFT, _RIGHT, _TOP, _BOTTOM = 34.0, 8.0, 18.0, 18.0  # pixels for numbers around the plot
_MIDDLE = 0.5  # of lightness
_TICKS = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0)


class WeightPlot(QWidget):
    """Lines over steps on a logarithmic scale: of the positive class drawn through, of the negative class dashed.

    A class that a region doesn't have keeps the weight it had.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._weights = np.zeros((0, 0, 2), dtype=np.float32)
        self._planned = 0
        self._channels: tuple[str, ...] = ()
        self._chosen: int | None = None
        self.setMinimumHeight(110)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setToolTip(
            "What the weights of a voxel become as classes are counted on from region to region: + through, − dashed. "
            "They settle as counts grow."
        )

    def sizeHint(self) -> QSize:
        """Wide and low."""
        return QSize(320, 130)

    def set_weights(self, weights: np.ndarray, channels: Sequence[str], planned: int) -> None:
        """Show these weights, [regions, channels, 2], nan where a class isn't there, of so many regions to come."""
        self._weights, self._channels, self._planned = weights, tuple(channels), planned
        self.update()

    def set_channel(self, channel: int | None) -> None:
        """Draw one channel's lines only; None for all."""
        self._chosen = channel
        self.update()

    def lines(self) -> list[tuple[int, int, np.ndarray]]:
        """Channel, class and weights over steps of every line, held where a class isn't there."""
        shown = range(len(self._channels)) if self._chosen is None else [self._chosen]
        return [(c, k, held(self._weights[:, c, k])) for c in shown if c < self._weights.shape[1] for k in (0, 1)]

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Draw axes and lines in the palette's colours, which follow the theme."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ink = self.palette().text().color()
        plot = QRectF(_LEFT, _TOP, self.width() - _LEFT - _RIGHT, self.height() - _TOP - _BOTTOM)
        font = painter.font()
        font.setPixelSize(10)
        painter.setFont(font)
        lines = [line for line in self.lines() if np.isfinite(line[2]).any()]
        if not lines:
            painter.setPen(ink)
            painter.drawText(self.rect(), int(Qt.AlignmentFlag.AlignCenter), "weights over the survey")
            return
        values = np.concatenate([line[2] for line in lines])
        values = values[np.isfinite(values) & (values > 0)]
        low, high = (float(values.min()), float(values.max())) if len(values) else (0.5, 2.0)
        low, high = min(low / 1.15, 0.5), max(high * 1.15, 2.0)
        self._draw_axes(painter, plot, ink, low, high)
        for channel, of_class, weights in lines:
            self._draw_line(painter, plot, weights, readable(channel_colour(channel), ink), of_class, low, high)

    def _draw_axes(self, painter: QPainter, plot: QRectF, ink: QColor, low: float, high: float) -> None:
        faint = QColor(ink)
        faint.setAlphaF(0.2)
        right = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        for tick in _TICKS:
            if low <= tick <= high:
                y = self._y(plot, tick, low, high)
                painter.setPen(faint)
                painter.drawLine(QPointF(plot.left(), y), QPointF(plot.right(), y))
                painter.setPen(ink)
                painter.drawText(QRectF(0, y - 7, _LEFT - 5, 14), right, f"{tick:g}")
        painter.drawText(QRectF(2, 1, plot.right(), 14), int(Qt.AlignmentFlag.AlignLeft), "weight: + through, − dashed")
        below = QRectF(plot.left(), plot.bottom() + 2, plot.width(), 14)
        painter.drawText(below, int(Qt.AlignmentFlag.AlignLeft), "1")
        painter.drawText(below, int(Qt.AlignmentFlag.AlignHCenter), "region")
        painter.drawText(below, int(Qt.AlignmentFlag.AlignRight), str(max(self._planned, len(self._weights))))

    def _draw_line(
        self,
        painter: QPainter,
        plot: QRectF,
        weights: np.ndarray,
        colour: QColor,
        of_class: int,
        low: float,
        high: float,
    ) -> None:
        steps = max(1, max(self._planned, len(weights)) - 1)
        points = [
            QPointF(plot.left() + plot.width() * step / steps, self._y(plot, float(weight), low, high))
            for step, weight in enumerate(weights)
            if np.isfinite(weight) and weight > 0
        ]
        pen = QPen(colour, 1.8)
        if of_class == 0:
            pen.setStyle(Qt.PenStyle.DashLine)
        painter.setPen(pen)
        painter.drawPolyline(QPolygonF(points))
        if len(points) == 1:
            painter.drawEllipse(points[0], 2, 2)

    @staticmethod
    def _y(plot: QRectF, value: float, low: float, high: float) -> float:
        share = (log10(value) - log10(low)) / (log10(high) - log10(low))
        return plot.bottom() - plot.height() * share


def readable(colour: str, ink: QColor) -> QColor:
    """A colour with enough contrast to the background that `ink` is written on."""
    hue, saturation, lightness, _ = QColor(colour).getHslF()
    dark = ink.lightnessF() > _MIDDLE
    return QColor.fromHslF(hue, saturation, max(lightness, 0.66) if dark else min(lightness, 0.42))
