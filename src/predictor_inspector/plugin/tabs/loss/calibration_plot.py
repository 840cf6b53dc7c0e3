"""Plot of how often what is predicted comes true, for affinities and classes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtGui import QColor

from predictor_inspector.core.text import counted, percent
from predictor_inspector.plugin.forms.plot_canvas import PlotCanvas, caption
from predictor_inspector.plugin.tabs.statistics.weight_plot import readable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Calibration = Mapping[str, Sequence[tuple[float, float, int]]]  # as `LossMap.calibration`


class CalibrationPlot(PlotCanvas):
    """A line per channel over what is predicted, B's dashed, that of the channel shown thicker; right is the diagonal."""

    def __init__(self) -> None:
        super().__init__(self._draw, margins=(3.0, 1.6, 1, 2.8), height=14, hover=self.text_at)
        self._of: Sequence[Calibration] = ()
        self._colours: Mapping[str, str] = {}
        self._shown = ""

    def show_calibrations(self, of_each: Sequence[Calibration], colours: Mapping[str, str], shown: str) -> None:
        """Plot those of A and B, in the channels' colours."""
        if (self._of, self._colours, self._shown) != (of_each, colours, shown):
            self._of, self._colours, self._shown = of_each, colours, shown
            self.refresh()

    def _draw(self, axes: Axes, ink: str) -> None:
        axes.set(xlim=(0, 1), ylim=(0, 1), xticks=(0, 0.5, 1), yticks=(0, 0.5, 1))
        axes.plot([0, 1], [0, 1], color=ink, alpha=0.4, linewidth=1)
        for dashed, calibration in enumerate(self._of):
            for name, points in calibration.items():
                if points:
                    predicted, true, _ = np.array(points).T
                    thick = name == self._shown
                    colour = readable(self._colours[name], QColor(ink))
                    (line,) = axes.plot(predicted, true, color=colour, marker=".", linestyle="--" if dashed else "-")
                    line.set(linewidth=2.5 if thick else 1, alpha=1 if thick else 0.5)
        axes.set_xlabel("predicted", color=ink)
        caption(axes, "comes true (dashed: B)" if len(self._of) > 1 else "comes true", ink)

    def text_at(self, x: float, _y: float) -> str:
        """What comes true of what is predicted there, in the channel shown."""
        lines = []
        for name, calibration in zip("AB", self._of, strict=False):
            points = calibration.get(self._shown, ())
            if points:
                predicted, true, count = min(points, key=lambda point: abs(point[0] - x))
                lead = f"{name}: " if len(self._of) > 1 else ""
                lines.append(f"{lead}predicted {predicted:.2f}, comes true {percent(true)} ({counted(count, 'voxel')})")
        return "\n".join([self._shown, *lines]) if lines else ""
