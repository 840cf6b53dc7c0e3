"""Panels of figures: a channel's target, weights and histogram, with their bars."""

from __future__ import annotations

from math import floor, log10, prod
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from predictor_inspector.core.array import Array
from predictor_inspector.data.lazy import blocks_of
from predictor_inspector.inspection.engine.run import Inspection
from predictor_inspector.inspection.output.pictures.colours import target_colours
from predictor_inspector.inspection.output.pictures.planes import Plane

if TYPE_CHECKING:
    from collections.abc import Iterable

    from matplotlib.axes import Axes
    from matplotlib.colors import Normalize
    from matplotlib.figure import Figure
    from matplotlib.gridspec import GridSpec

SMALL, NORMAL, LARGE = 7.5, 9.0, 15.0
"""Sizes of letters, in points."""

GREY = "#555555"
_SMALLEST = 5.5  # letters, in points
_LETTER = 0.56  # a letter's width over its height
_BINS = 40
_COUNTED, _UNCOUNTED = "#3b6fb6", "#c9ccd1"
_CLOSE = 0.1  # of a colour bar's height: numbers nearer than this would overlap


def blank_figure(size: tuple[float, float], **style: Any) -> Figure:
    """A white figure of so many inches, without pyplot."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=size, facecolor="white", **style)
    FigureCanvasAgg(figure)
    return figure


def inch_grid(figure: Figure, left: float, top: float, widths: list[float], heights: list[float]) -> GridSpec:
    """A grid with cells of these sizes in inches, so many inches from the figure's left and top."""
    width, height = figure.get_size_inches()
    return figure.add_gridspec(
        len(heights),
        len(widths),
        width_ratios=widths,
        height_ratios=heights,
        left=left / width,
        right=(left + sum(widths)) / width,
        top=1 - top / height,
        bottom=1 - (top + sum(heights)) / height,
        wspace=0,
        hspace=0,
    )


def draw_values(axes: Axes, array: Array, plane: Plane, channel: int, look: tuple[str, Normalize]) -> Any:
    """A channel of target or weight in a colormap and on a scale; returns the image."""
    values, extent = plane.values(array)[channel], plane.extent(array.roi, array.subdivision)
    thin_frame(axes, ticks=False)
    return axes.imshow(values, extent=extent, interpolation="nearest", cmap=look[0], norm=look[1])


def highest_weight(inspection: Inspection, plane: Plane, channels: list[int]) -> float:
    """The largest finite weight of some channels in a plane; 1 if there is none."""
    values = plane.values(inspection.weight)[channels]
    return float(values[np.isfinite(values)].max(initial=0.0)) or 1.0


def class_weights(inspection: Inspection, channel: int) -> set[float]:
    """The weights of a channel's two classes."""
    statistics = inspection.statistics[channel]
    return {statistics.negative_weight, statistics.positive_weight}


def draw_histogram(axes: Axes, inspection: Inspection, channel: int) -> None:
    """Shares of the ROI's voxels by target value: with weight in colour, on top of them those without."""
    from matplotlib.ticker import MaxNLocator

    _, norm = target_colours(inspection, channel)
    low, high = float(norm.vmin or 0.0), float(norm.vmax or 0.0)
    every, used = np.zeros((2, _BINS))
    # Results may lie in files, and be larger than memory.
    for block in blocks_of(inspection.target.spatial_shape):
        values, weights = (torch.as_tensor(a.data[(channel, *block)]) for a in (inspection.target, inspection.weight))
        every += torch.histc(values, _BINS, low, high).numpy()
        used += torch.histc(values[weights > 0], _BINS, low, high).numpy()
    every, used = (100 / max(1, prod(inspection.target.spatial_shape)) * counts for counts in (every, used))
    width = (high - low) / _BINS
    middles = np.linspace(low + width / 2, high - width / 2, _BINS)
    axes.bar(middles, used, width, color=_COUNTED)
    axes.bar(middles, every - used, width, bottom=used, color=_UNCOUNTED)
    caption(axes, f"{inspection.statistics[channel].positive:.1%} positive", SMALL, color=GREY)
    axes.set_xlim(low - width, high + width)
    axes.set_ylim(0, 1.06 * max(float(every.max()), 1e-9))
    axes.set_xticks([low, (low + high) / 2, high])
    axes.xaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_major_locator(MaxNLocator(3))
    axes.yaxis.set_major_formatter("{x:g}%")
    thin_frame(axes)
    axes.spines[["top", "right"]].set_visible(False)


def caption(axes: Axes, text: str, size: float = NORMAL, **style: Any) -> None:
    """Text above the left of a panel."""
    axes.set_title(text, fontsize=size, loc="left", pad=4, **style)


def thin_frame(axes: Axes, ticks: bool = True) -> None:
    """A thin grey frame, with or without ticks and numbers."""
    if not ticks:
        axes.set(xticks=[], yticks=[])
    axes.tick_params(which="both", labelsize=SMALL, length=2.5, width=0.6, pad=2, color=GREY)
    for spine in axes.spines.values():
        spine.set(linewidth=0.6, color=GREY)


def colour_bar(axes: Axes, image: Any, ticks: Iterable[float] | None = None) -> None:
    """A slim bar right of a panel, as high as it; by default with numbers at both ends and in the middle.

    Of ticks that would overlap, the higher ones are shown.
    """
    low, high = image.norm.vmin, image.norm.vmax
    shown: list[float] = []
    for tick in sorted([low, (low + high) / 2, high] if ticks is None else ticks, reverse=True):
        if tick <= high and all(abs(float(image.norm(tick) - image.norm(other))) > _CLOSE for other in shown):
            shown.append(tick)
    inch = axes.figure.dpi / axes.get_window_extent().width
    bar = axes.figure.colorbar(image, cax=axes.inset_axes((1 + 0.05 * inch, 0.0, 0.09 * inch, 1.0)), ticks=shown)
    bar.ax.set_yticklabels([f"{tick:.3g}" for tick in shown])
    bar.ax.tick_params(labelsize=SMALL, length=2, width=0.6, pad=2)
    bar.outline.set_linewidth(0.6)


def scale_bar(axes: Axes, unit: str) -> None:
    """A bar of a round length in the lower right corner of a panel, true to scale, with its length above."""
    from matplotlib.font_manager import FontProperties
    from mpl_toolkits.axes_grid1.anchored_artists import AnchoredSizeBar

    left, right = axes.get_xlim()
    length = round_length(abs(right - left) * 0.3)
    bar = AnchoredSizeBar(
        axes.transData,
        length,
        f"{length:g} {unit}",
        "lower right",
        color="white",
        label_top=True,
        pad=0.4,
        sep=3,
        borderpad=0.6,
        fontproperties=FontProperties(size=SMALL),
    )
    bar.size_bar.get_children()[0].set(linewidth=3, joinstyle="bevel")
    bar.patch.set(facecolor="black", edgecolor="none", alpha=0.6)
    bar.set_zorder(10)
    axes.add_artist(bar)


def round_length(longest: float) -> float:
    """The largest of 1, 2 and 5 times a power of ten that doesn't exceed `longest`, which is positive."""
    power: float = 10.0 ** floor(log10(longest))
    return max(step * power for step in (1, 2, 5) if step * power <= longest * (1 + 1e-9))


def fitting(text: str, size: float, points: float) -> tuple[str, float]:
    """A text, and the size of letters at which it is at most so many points wide; very long ones lose their middle."""
    size = min(size, points / (_LETTER * max(1, len(text))))
    if size >= _SMALLEST:
        return text, size
    kept = max(4, int(points / (_LETTER * _SMALLEST)) - 1)
    return f"{text[: kept - kept // 2]}…{text[-(kept // 2) :]}", _SMALLEST
