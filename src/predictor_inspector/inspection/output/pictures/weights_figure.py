"""`weights_figure`: what the weights of both classes become over the regions of a survey."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from predictor_inspector.inspection.output.pictures.panels import GREY, NORMAL, SMALL, thin_frame
from predictor_inspector.inspection.training.survey import Survey

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_SIZE = (7.2, 2.6)  # inches
_NAMED = 12  # channels in a legend; more would be longer than the plot


def weights_figure(survey: Survey) -> Figure:
    """A line per channel and class over the regions, the positive class drawn through and the negative one dashed.

    A class that a region doesn't have keeps the weight it had.
    """
    from matplotlib import colormaps
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=_SIZE, facecolor="white", layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    steps, palette = np.arange(1, survey.done + 1), colormaps["tab20" if len(survey.channels) > 10 else "tab10"]
    for channel, name in enumerate(survey.channels):
        colour = palette(channel % palette.N)
        for of_class, style in ((1, "-"), (0, "--")):
            label = name if of_class == 1 and channel < _NAMED else None
            axes.plot(
                steps, held(survey.weights[:, channel, of_class]), style, color=colour, linewidth=1.4, label=label
            )
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.yaxis.set_minor_formatter(lambda value, _: f"{value:g}" if f"{value:e}"[0] in "25" else "")
    axes.tick_params(which="both", labelsize=SMALL, length=2.5, width=0.6, color=GREY)
    axes.set_xlabel("region", fontsize=NORMAL)
    axes.set_ylabel("weight", fontsize=NORMAL)
    axes.set_xlim(1, max(2, survey.done))
    axes.grid(alpha=0.25, linewidth=0.6)
    thin_frame(axes)
    figure.legend(loc="outside right upper", fontsize=SMALL, frameon=False)
    return figure


def held(weights: np.ndarray) -> np.ndarray:
    """Weights in which nan is replaced by the last number before it, where there is one."""
    last = np.maximum.accumulate(np.where(np.isnan(weights), 0, np.arange(len(weights))))
    return np.asarray(weights[last])
