"""Histogram of a channel's values: voxels and weight per value."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtWidgets import QWidget

from predictor_inspector.core.text import amount, counted, percent
from predictor_inspector.inspection.numbers.histograms import Histogram
from predictor_inspector.plugin.forms.layouts import in_column
from predictor_inspector.plugin.forms.plot_canvas import ACCENT, FILL, PlotCanvas
from predictor_inspector.plugin.forms.small_widgets import WrappedLabel

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LEAST = 0.02  # least height of a bar, as a share of the highest: rare values are seen, too
_LETTER = 0.6  # width of a letter as a share of its height, with room to the next text


class HistogramPlot(QWidget):
    """Voxels per value as an outline, their weight as filled bars, lines at the channel's limits, and totals in words."""

    def __init__(self) -> None:
        super().__init__()
        self.histogram: Histogram | None = None
        self._title, self._voxels, self._weights = WrappedLabel(), WrappedLabel(), WrappedLabel()
        self._canvas = PlotCanvas(self._draw, margins=(0.4, 1.6, 0.4, 1.6), height=10, hover=self.text_at)
        self.setLayout(in_column(self._title, self._voxels, self._weights, self._canvas, spacing=1))
        self.show_histogram(None)

    def show_histogram(self, histogram: Histogram | None) -> None:
        """Show a channel, or nothing."""
        self.histogram = histogram
        self.setVisible(histogram is not None)
        if histogram is not None:
            totals = histogram.statistics
            negative, positive = totals.weights
            self._title.setText(f"{totals.name}    ▢ voxels  ▩ weight")
            self._voxels.setText(
                f"positive: {percent(totals.positive)} of the voxels, {percent(totals.positive_share)} of the weight"
            )
            self._weights.setText(f"total weight: {negative:,.0f} negative, {positive:,.0f} positive")
        self._canvas.refresh()

    @property
    def text(self) -> str:
        """The lines above the plot."""
        return "\n".join(label.text() for label in (self._title, self._voxels, self._weights))

    def _draw(self, axes: Axes, ink: str) -> None:
        shown = self.histogram
        if shown is None:
            return
        axes.set(xlim=(shown.edges[0], shown.edges[-1]), ylim=(0, 1.02))
        axes.stairs(_heights(shown.weights), shown.edges, fill=True, color=FILL, alpha=0.75)
        axes.stairs(_heights(shown.counts), shown.edges, color=ink, alpha=0.8, linewidth=1)
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        self._mark(axes)

    def _mark(self, axes: Axes) -> None:
        """Draw lines at the channel's limits, with their names above and their values below, where there is room."""
        pixels = self._canvas.text_pixels
        per_value = max(1.0, self._canvas.width() - 0.8 * pixels) / float(np.ptp(axes.get_xlim()))
        ticks: list[float] = []
        said_until = numbered_until = -np.inf
        low, high = axes.get_xlim()
        for limit in self.histogram.limits if self.histogram is not None else ():
            axes.axvline(limit.value, color=ACCENT, linewidth=1.5, linestyle="--")
            align = "left" if limit.value == low else "right" if limit.value == high else "center"
            begin, end = _span(limit.value, len(limit.label) * _LETTER * pixels / per_value, align)
            if begin >= said_until:
                axes.text(limit.value, 1.04, limit.label, transform=axes.get_xaxis_transform(), color=ACCENT, ha=align)
                said_until = end
            begin, end = _span(limit.value, (len(amount(limit.value, 2)) + 1) * _LETTER * pixels / per_value, align)
            if begin >= numbered_until:
                ticks.append(limit.value)
                numbered_until = end
        axes.set_xticks(ticks, [amount(tick, 2) for tick in ticks])
        for label, tick in zip(axes.get_xticklabels(), ticks, strict=True):
            label.set_horizontalalignment("left" if tick == low else "right" if tick == high else "center")

    def text_at(self, x: float, _y: float) -> str:
        """Voxels and weight of the bar under the mouse."""
        shown = self.histogram
        if shown is None:
            return ""
        i = int(np.clip(np.searchsorted(shown.edges, x, side="right") - 1, 0, len(shown.counts) - 1))
        begin, end = (amount(float(edge), 3) for edge in shown.edges[i : i + 2])
        return f"{begin} to {end}: {counted(int(shown.counts[i]), 'voxel')}, weight {amount(float(shown.weights[i]))}"


def _heights(values: np.ndarray) -> np.ndarray:
    shares = values / (values.max() or 1)
    return np.where(values > 0, np.maximum(shares, _LEAST), 0)


def _span(value: float, width: float, align: str) -> tuple[float, float]:
    """Where a text of this width begins and ends."""
    begin = value - width * {"left": 0, "center": 0.5, "right": 1}[align]
    return begin, begin + width
