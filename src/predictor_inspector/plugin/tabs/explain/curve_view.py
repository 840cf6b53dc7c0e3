"""`CurveView`: the function that a value was read off, with the point where that was."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QPointF, QRectF, QSize, Qt
from qtpy.QtGui import QPainter, QPen, QPolygonF
from qtpy.QtWidgets import QSizePolicy, QWidget

from predictor_inspector.core.text import amount
from predictor_inspector.inspection.explanation import Curve
from predictor_inspector.plugin.tabs.explain.ink import ACCENT, FILL, faint, sized, text_colour

_DOT = 6.0  # radius of the point, in pixels


class CurveView(QWidget):
    """A plot that is painted by hand: axes through 0, the curve, and the point with its two numbers."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._curve: Curve | None = None
        self._pixels = 13
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        """Wide, and as high as the text wants."""
        return QSize(280, 9 * self._pixels + 60)

    def set_text_pixels(self, pixels: int) -> None:
        """The size of the text."""
        self._pixels = pixels
        self.updateGeometry()
        self.update()

    def show_curve(self, curve: Curve | None) -> None:
        """Plot a curve; nothing takes no room."""
        self._curve = curve
        self.setVisible(curve is not None)
        self.update()

    def paintEvent(self, _event: Any) -> None:
        """Paint the plot."""
        curve = self._curve
        if curve is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(sized(self.font(), self._pixels))
        ink, line = text_colour(self), self._pixels * 1.5
        area = QRectF(8, line + 4, self.width() - 16, self.height() - 2 * line - 10)
        low, high = min(curve.y), max(curve.y)
        span = (high - low) or 1.0

        def at(x: float, y: float) -> QPointF:
            share = (x - curve.x[0]) / (curve.x[-1] - curve.x[0])
            return QPointF(area.left() + share * area.width(), area.bottom() - (y - low) / span * area.height())

        painter.setPen(QPen(faint(ink, 0.35), 1))
        painter.drawRect(area)
        painter.drawLine(at(curve.x[0], 0), at(curve.x[-1], 0))
        painter.drawLine(at(0, low), at(0, high))
        painter.setPen(QPen(FILL, 2.5))
        painter.drawPolyline(QPolygonF([at(x, y) for x, y in zip(curve.x, curve.y, strict=True)]))
        x, y = curve.marker
        spot = at(x, y)
        painter.setPen(QPen(ACCENT, 1.5, Qt.PenStyle.DashLine))
        painter.drawLine(spot, at(x, 0))
        painter.drawLine(spot, at(0, y))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(ACCENT)
        painter.drawEllipse(spot, _DOT, _DOT)
        painter.setPen(ink)
        top = QRectF(area.left(), 0, area.width(), line)
        bottom = QRectF(area.left(), self.height() - line, area.width(), line)
        painter.drawText(top, int(Qt.AlignmentFlag.AlignLeft), curve.y_label)
        painter.drawText(bottom, int(Qt.AlignmentFlag.AlignHCenter), curve.x_label)
        for value, flag in ((curve.x[0], Qt.AlignmentFlag.AlignLeft), (curve.x[-1], Qt.AlignmentFlag.AlignRight)):
            inside = QRectF(area.left() + 3, at(0, 0).y(), area.width() - 6, line)
            painter.drawText(inside, int(flag), amount(value, 3))
        self._name_point(painter, area, spot, f"{amount(x)} → {amount(y)}", line)

    def _name_point(self, painter: QPainter, area: QRectF, spot: QPointF, text: str, line: float) -> None:
        """Write the point's numbers beside it, where the curve isn't."""
        painter.setFont(sized(self.font(), self._pixels, bold=True))
        painter.setPen(ACCENT)
        width = painter.fontMetrics().horizontalAdvance(text)
        # A rising curve leaves room above on its left and below on its right.
        on_right = spot.x() >= area.center().x()
        before, after = spot.x() - 2 * _DOT - width, spot.x() + 2 * _DOT
        left = after if on_right else before
        if not area.left() <= left <= area.right() - width:
            left = before if on_right else after
        top = min(max(spot.y() + (0.4 if on_right else -1.4) * line, area.top()), area.bottom() - line)
        painter.drawText(QRectF(left, top, width + 2, line), int(Qt.AlignmentFlag.AlignVCenter), text)
