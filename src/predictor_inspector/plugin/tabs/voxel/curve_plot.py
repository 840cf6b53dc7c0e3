"""Plot of the function that gives a target value, with the explained voxel's point."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING

import numpy as np

from predictor_inspector.core.text import amount
from predictor_inspector.inspection.explanation import Curve
from predictor_inspector.plugin.forms.plot_canvas import ACCENT, FILL, PlotCanvas, caption

if TYPE_CHECKING:
    from matplotlib.axes import Axes


_LETTER = 0.6  # width of a letter as a share of its height


class CurvePlot(PlotCanvas):
    """Axes through 0, the curve, and the point with its two numbers; hidden while there is no curve."""

    def __init__(self) -> None:
        super().__init__(self._draw, margins=(1, 1.6, 1, 4.1), height=14.2, hover=self.text_at)
        self._curve: Curve | None = None
        self.hide()

    def show_curve(self, curve: Curve | None) -> None:
        """Plot a curve, or hide."""
        self._curve = curve
        self.setVisible(curve is not None)
        self.refresh()

    def _draw(self, axes: Axes, ink: str) -> None:
        curve = self._curve
        if curve is None:
            return
        (left, right), (low, high) = (curve.x[0], curve.x[-1]), (min(curve.y), max(curve.y))
        axes.set(xlim=(left, right), ylim=(low - 0.04 * (high - low), high + 0.04 * (high - low)))
        axes.axhline(0, color=ink, alpha=0.4, linewidth=1)
        axes.axvline(0, color=ink, alpha=0.4, linewidth=1)
        axes.plot(curve.x, curve.y, color=FILL, linewidth=2.5)
        x, y = curve.marker
        axes.plot([x, x, 0], [0, y, y], color=ACCENT, linewidth=1.5, linestyle="--")
        axes.plot([x], [y], "o", color=ACCENT, markersize=9)
        # A rising curve through 0 leaves room above the axis on the left, and below it on the right.
        upper, share = x < 0, (x - left) / (right - left)
        fits = 0.4 <= share <= 0.6  # between the point and the nearer edge
        axes.annotate(
            f"{amount(x)} → {amount(y)}",
            (x if fits else left if upper else right, 0),
            xytext=((-9 if upper else 9) if fits else 0, 4 if upper else -4),
            textcoords="offset points",
            ha="right" if fits == upper else "left",
            va="bottom" if upper else "top",
            color=ACCENT,
            fontweight="bold",
        )
        axes.set_xticks(sorted({left, 0.0, right}), [amount(v, 3) for v in sorted({left, 0.0, right})])
        axes.set_yticks([])
        letters = int(self.width() / (_LETTER * self.text_pixels))
        axes.set_xlabel("\n".join(wrap(curve.x_label, max(letters, 12))), color=ink)
        caption(axes, curve.y_label, ink)

    def text_at(self, x: float, _y: float) -> str:
        """The curve's value under the mouse."""
        if self._curve is None:
            return ""
        return f"{amount(x)} → {amount(float(np.interp(x, self._curve.x, self._curve.y)))}"
