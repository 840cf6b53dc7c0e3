"""`HistogramView`: how often a channel takes which value, and how much of the loss that is."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QRectF, QSize, Qt
from qtpy.QtGui import QPainter, QPen
from qtpy.QtWidgets import QSizePolicy, QWidget

from predictor_inspector.core.text import amount
from predictor_inspector.inspection import Inspection
from predictor_inspector.inspection.numbers.histograms import ClassTotals, Histogram, class_totals, histogram
from predictor_inspector.plugin.live.worker import Job, LiveRunner
from predictor_inspector.plugin.tabs.explain.ink import ACCENT, FILL, faint, sized, text_colour

_PIXELS = 12  # height of the text
_RIGHT = Qt.TextElideMode.ElideRight
_GAP = 1.0  # between bars, in pixels


class HistogramView(QWidget):
    """Bars of voxels, with bars of weight over them, and the values that mean something marked.

    Counted in a thread of its own, and only while it can be seen.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._runner = LiveRunner()
        self._runner.finished.connect(self._on_counted)
        self._wanted: tuple[Inspection, int] | None = None
        self._asked: tuple[int, int] | None = None
        self.histogram: Histogram | None = None
        self.totals: ClassTotals | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setToolTip(
            "Voxels of the channel by target value (outline), and the weight they have together in the loss (filled)"
        )

    @property
    def busy(self) -> bool:
        """Whether something is being counted."""
        return self._runner.busy

    def sizeHint(self) -> QSize:
        """Wide and low."""
        return QSize(280, 150)

    def show_channel(self, inspection: Inspection | None, channel: int = 0) -> None:
        """Show a channel of an inspection, or nothing."""
        self._wanted = None if inspection is None else (inspection, channel)
        if inspection is None:
            self._asked = self.histogram = self.totals = None
            self.update()
        elif self.isVisible():
            self._count()

    def close_down(self) -> None:
        """Count no more."""
        self._runner.close()

    def showEvent(self, event: Any) -> None:
        """Catch up."""
        super().showEvent(event)
        self._count()

    def _count(self) -> None:
        if self._wanted is None:
            return
        inspection, channel = self._wanted
        asked = (id(inspection), channel)
        if asked != self._asked and channel < len(inspection.channel_names):
            self._asked = asked
            work = Job(lambda _step: (histogram(inspection, channel), class_totals(inspection, channel)), asked)
            self._runner.submit(work)

    def _on_counted(self, job: Job, counted: tuple[Histogram, ClassTotals]) -> None:
        if job.about == self._asked:
            self.histogram, self.totals = counted
            self.update()

    def paintEvent(self, _event: Any) -> None:
        """Paint the bars."""
        shown, totals = self.histogram, self.totals
        if shown is None or totals is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(sized(self.font(), _PIXELS))
        ink, line = text_colour(self), _PIXELS * 1.45
        area = QRectF(4, 4 * line, self.width() - 8, self.height() - 5 * line - 2)
        low, high = float(shown.edges[0]), float(shown.edges[-1])
        width = area.width() / len(shown.counts)
        for values, filled in ((shown.counts, False), (shown.weights, True)):
            most = float(values.max()) or 1.0
            for i, value in enumerate(values):
                height = area.height() * float(value) / most
                # What there is at all is seen, however rare.
                height = max(height, 1.5) if value else 0.0
                bar = QRectF(area.left() + i * width, area.bottom() - height, width - _GAP, height)
                if filled:
                    painter.fillRect(bar, faint(FILL, 0.75))
                elif value:
                    painter.setPen(QPen(faint(ink, 0.8), 1))
                    painter.drawRect(bar)
        painter.setPen(QPen(faint(ink, 0.5), 1))
        painter.drawLine(area.bottomLeft(), area.bottomRight())
        self._mark(painter, shown, area, line, low, high)
        painter.setPen(ink)
        voxels = sum(totals.voxels)
        text = (
            f"positive: {100 * totals.voxels[1] / voxels:.1f} % of the voxels, "
            f"{100 * totals.positive_share:.1f} % of the weight"
        )
        weights = f"total weight: {totals.weights[0]:,.0f} negative, {totals.weights[1]:,.0f} positive"
        for row, said in enumerate((f"{shown.name}    ▢ voxels  ▩ weight", text, weights)):
            place = QRectF(area.left(), row * line, area.width(), line)
            painter.drawText(place, 0, painter.fontMetrics().elidedText(said, _RIGHT, int(area.width())))

    def _mark(self, painter: QPainter, shown: Histogram, area: QRectF, line: float, low: float, high: float) -> None:
        """Lines at the values that mean something: the number below, what it means above."""
        taken_above, taken_below = -1e9, -1e9
        metrics = painter.fontMetrics()
        for limit in shown.limits:
            x = area.left() + (limit.value - low) / ((high - low) or 1.0) * area.width()
            x = min(max(x, area.left() + 1), area.right() - 1)
            painter.setPen(QPen(ACCENT, 1.5, Qt.PenStyle.DashLine))
            painter.drawLine(int(x), int(area.top()), int(x), int(area.bottom()))
            for text, y, above in (
                (limit.label, 3 * line, True),
                (amount(limit.value, 2), area.bottom() + 2, False),
            ):
                wide = metrics.horizontalAdvance(text)
                left = min(max(x - wide / 2, area.left()), area.right() - wide)
                if left < (taken_above if above else taken_below) + 4:
                    continue
                painter.setPen(ACCENT if above else text_colour(self))
                painter.drawText(QRectF(left, y, wide + 2, line), 0, text)
                if above:
                    taken_above = left + wide
                else:
                    taken_below = left + wide
