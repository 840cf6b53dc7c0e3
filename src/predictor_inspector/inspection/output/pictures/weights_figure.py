"""Weights of both classes over the regions of a survey, as a figure and on axes of a window."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from predictor_inspector.inspection.output.pictures.panels import NORMAL, SMALL, blank_figure, thin_frame
from predictor_inspector.inspection.training.survey import Survey

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_SIZE = (7.2, 2.6)  # inches
_NAMED = 12  # channels in a legend; more would be longer than the plot


def weights_figure(survey: Survey) -> Figure:
    """A line per channel and class over the regions, solid for the positive class and dashed for the negative one."""
    from matplotlib import colormaps

    figure = blank_figure(_SIZE, layout="constrained")
    axes = figure.add_subplot()
    palette = colormaps["tab20" if len(survey.channels) > 10 else "tab10"]
    colours = {channel: palette(channel % palette.N) for channel in range(len(survey.channels))}
    lines = draw_weights(axes, survey.weights, colours)
    axes.set_xlabel("region", fontsize=NORMAL)
    axes.set_ylabel("weight", fontsize=NORMAL)
    axes.set_xlim(1, max(2, survey.done))
    thin_frame(axes)
    named = survey.channels[:_NAMED]
    figure.legend(lines[: len(named)], named, loc="outside right upper", fontsize=SMALL, frameon=False)
    return figure


def draw_weights(axes: Axes, weights: np.ndarray, colours: Mapping[int, Any]) -> list[Any]:
    """Draw weights of classes over regions on a logarithmic scale; returns the positive class's line of each channel.

    `weights` are [regions, channels, 2], nan where a region has no voxel of a class: the last weight is drawn on. `colours`
    are those of the channels to draw, by index.
    """
    from matplotlib.ticker import LogLocator, NullLocator

    steps, lines = np.arange(1, len(weights) + 1), []
    for channel, colour in colours.items():
        for of_class, style in ((0, "--"), (1, "-")):
            values = held(weights[:, channel, of_class])
            marker = "." if len(values) == 1 else ""
            (line,) = axes.plot(steps, values, style, color=colour, linewidth=1.4, marker=marker)
        lines.append(line)
    if axes.get_yscale() != "log":
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_minor_locator(NullLocator())
        axes.yaxis.set_major_formatter("{x:g}")
        axes.grid(alpha=0.25, linewidth=0.6)
    return lines


def held(weights: np.ndarray) -> np.ndarray:
    """Weights in which nan is replaced by the last number before it, if any."""
    last = np.maximum.accumulate(np.where(np.isnan(weights), 0, np.arange(len(weights))))
    return np.asarray(weights[last])
