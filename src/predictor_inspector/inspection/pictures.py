"""`overview_figure`: one picture of an inspection, fit for a talk."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from textwrap import shorten
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from predictor_inspector.core.array import Array
from predictor_inspector.core.config import kind_of
from predictor_inspector.core.parameters import parameters_of
from predictor_inspector.core.predictor import Predictor
from predictor_inspector.inspection import colours
from predictor_inspector.inspection.ground_truth_panel import draw_ground_truth, draw_legend, shown_box
from predictor_inspector.inspection.inspect import Inspection
from predictor_inspector.inspection.layout import GAP, MARGIN, Layout, best_layout
from predictor_inspector.inspection.panels import GREY, LARGE, NORMAL, SMALL, bare, colour_bar, scale_bar, thin_frame
from predictor_inspector.inspection.reading import on_grid
from predictor_inspector.inspection.slices import Plane, best_plane, blocks_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Normalize
    from matplotlib.figure import Figure

_BINS = 40
_SCALE_BAR_FROM = 1.5  # inches: in smaller panels it would hide too much
_COUNTED, _UNCOUNTED = "#3b6fb6", "#c9ccd1"


def overview_figure(inspection: Inspection, raw: Array | None = None) -> Figure:
    """Ground truth with its regions, every channel's target and weight in one plane, and histograms of the whole ROI.

    Positions are world coordinates and lengths true to scale, whatever the voxel size. Nothing of matplotlib's global
    state is touched.

    Parameters
    ----------
    inspection : Inspection
        What to show; two or three spatial axes.
    raw : Array, optional
        Shown beneath the ground truth; it may lie on another grid, and have channel axes, of which the first are taken.

    Returns
    -------
    matplotlib.figure.Figure
        Save it with ``figure.savefig("overview.png")``.

    Raises
    ------
    ValueError
        If there are not two or three spatial axes.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    plane = best_plane(inspection.gt, inspection.roi, inspection.mask)
    layout = _layout(inspection, plane)
    figure = Figure(figsize=layout.size, facecolor="white")
    FigureCanvasAgg(figure)
    draw_ground_truth(figure, layout.block_box(), inspection, plane, _beneath(raw, inspection))
    draw_legend(figure, layout.legend_box(), inspection)
    limits = _limits(inspection.target)
    for channel in range(layout.channels):
        target, weight, histogram = (figure.add_axes(box) for box in layout.group_boxes(channel))
        _draw_target(target, inspection, plane, channel, limits[channel])
        if channel == 0 and layout.panel[0] >= _SCALE_BAR_FROM:
            scale_bar(target, inspection.target.unit)
        _draw_weight(weight, inspection, plane, channel)
        _draw_histogram(histogram, inspection, channel, limits[channel])
    _draw_title(figure, layout, inspection)
    return figure


@dataclass(frozen=True)
class _Limits:
    """Between which values a channel's target is shown, and in which colours."""

    low: float
    high: float
    colours: str

    @property
    def ticks(self) -> list[float]:
        """Both ends and the middle."""
        return [self.low, (self.low + self.high) / 2, self.high]


def _limits(target: Array) -> list[_Limits]:
    """Limits per channel of [C, …]: 0 and 1 in black and white, all others alike so that they compare."""
    low, high, binaries = 0.0, 1.0, []
    for channel in range(target.shape[0]):
        of_zeros_and_ones = True
        for (values,) in _in_blocks(channel, target):
            finite = values if values.isfinite().all() else values[values.isfinite()]
            if finite.numel():
                low, high = min(low, float(finite.min())), max(high, float(finite.max()))
            of_zeros_and_ones = of_zeros_and_ones and bool(((values == 0) | (values == 1)).all())
        binaries.append(of_zeros_and_ones)
    reach = max(-low, high)
    shared = _Limits(-reach, reach, colours.SIGNED) if low < 0 else _Limits(0.0, reach, colours.POSITIVE)
    binary = _Limits(0.0, 1.0, colours.BINARY)
    return [binary if of_zeros_and_ones else shared for of_zeros_and_ones in binaries]


def _in_blocks(channel: int, *arrays: Array) -> Iterator[tuple[torch.Tensor, ...]]:
    """One channel of arrays of the same shape, block by block: they may lie in files and be larger than memory."""
    for block in blocks_of(arrays[0].spatial_shape):
        yield tuple(torch.as_tensor(array.data[(channel, *block)]) for array in arrays)


def _layout(inspection: Inspection, plane: Plane) -> Layout:
    def aspect(rows: float, columns: float) -> float:
        return min(2.6, max(0.2, rows / columns))

    whole, roi = shown_box(inspection), inspection.roi
    rows = sum(int(n) for axis, n in enumerate(whole.shape) if axis != plane.columns)
    return best_layout(
        len(inspection.channel_names),
        aspect(roi.shape[plane.rows], roi.shape[plane.columns]),
        aspect(rows, whole.shape[plane.columns]),
    )


def _beneath(raw: Array | None, inspection: Inspection) -> Array | None:
    """Raw data on the ground truth's grid; only what is shown is read."""
    if raw is None:
        return None
    while raw.channel_dims:
        raw = raw.select(raw.axis_names[0], 0)
    return on_grid(raw, inspection.gt.roi, inspection.gt)


def _draw_values(axes: Axes, array: Array, plane: Plane, values: np.ndarray, colormap: str, norm: Normalize) -> Any:
    extent = plane.extent(array.roi, array.subdivision)
    return axes.imshow(values, extent=extent, interpolation="nearest", cmap=colormap, norm=norm, aspect="equal")


def _draw_target(axes: Axes, inspection: Inspection, plane: Plane, channel: int, limits: _Limits) -> None:
    from matplotlib.colors import Normalize

    values = plane.values(inspection.target)[channel]
    image = _draw_values(axes, inspection.target, plane, values, limits.colours, Normalize(limits.low, limits.high))
    bare(axes, shorten(inspection.channel_names[channel], 28, placeholder="…"))
    axes.title.set_fontweight("bold")
    colour_bar(axes, image, limits.ticks)


def _draw_weight(axes: Axes, inspection: Inspection, plane: Plane, channel: int) -> None:
    from matplotlib.colors import PowerNorm

    values = plane.values(inspection.weight)[channel]
    statistics = inspection.statistics[channel]
    finite = values[np.isfinite(values)]
    most = float(finite.max(initial=0.0)) or 1.0
    # On the scale of the square root a small weight can be told from none.
    image = _draw_values(axes, inspection.weight, plane, values, colours.WEIGHT, PowerNorm(0.5, 0.0, most))
    bare(axes, "weight")
    classes = {statistics.negative_weight, statistics.positive_weight}
    colour_bar(axes, image, sorted(w for w in {0.0, most} | classes if w <= most))


def _draw_histogram(axes: Axes, inspection: Inspection, channel: int, limits: _Limits) -> None:
    """Shares of the ROI's voxels by target value: with weight in colour, on top of them those without."""
    every, used = torch.zeros(2, _BINS, dtype=torch.float64)
    voxels = 0
    for values, weights in _in_blocks(channel, inspection.target, inspection.weight):
        every += torch.histc(values, _BINS, limits.low, limits.high)
        used += torch.histc(values[weights > 0], _BINS, limits.low, limits.high)
        voxels += values.numel()
    edges = torch.linspace(limits.low, limits.high, _BINS + 1)
    every, used = (100 / max(1, voxels) * counted for counted in (every, used))
    middles, width = ((edges[1:] + edges[:-1]) / 2).tolist(), float(edges[1] - edges[0])
    axes.bar(middles, used.tolist(), width, color=_COUNTED)
    axes.bar(middles, (every - used).tolist(), width, bottom=used.tolist(), color=_UNCOUNTED)
    statistics = inspection.statistics[channel]
    axes.set_title(f"{statistics.positive:.1%} positive", fontsize=SMALL, loc="left", pad=4, color=GREY)
    axes.set_xlim(limits.low - width, limits.high + width)
    axes.set_ylim(0, 1.06 * max(float(every.max()), 1e-9))
    axes.set_xticks(limits.ticks, [f"{tick:g}" for tick in limits.ticks])
    axes.tick_params(labelsize=SMALL, length=2, width=0.6, pad=2, color=GREY)
    axes.yaxis.set_major_locator(_few_ticks())
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}%")
    thin_frame(axes)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def _few_ticks() -> Any:
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(3)


def _draw_title(figure: Figure, layout: Layout, inspection: Inspection) -> None:
    width, height = layout.size
    predictor, gt = inspection.request.predictor, inspection.gt
    shape = " × ".join(str(n) for n in inspection.target.spatial_shape)
    voxel = " × ".join(f"{v:g}" for v in gt.physical_voxel_size)
    where = f"ROI {shape} voxels of {voxel} {gt.unit}"
    options = [f"context beyond the data: {'padded with 0' if inspection.request.outside == 'zero' else 'clipped'}"]
    options = options if inspection.regions.beyond_data else []
    if inspection.request.balance_over == "context":
        options.append("balanced over the context too")
    left = MARGIN / width
    figure.text(left, 1 - 0.36 / height, _name(predictor), fontsize=LARGE, fontweight="bold", va="center")
    letters = int((width - 2 * MARGIN) * 13)
    lines = (shorten(_parameters(predictor), letters, placeholder=" …"), " · ".join([where, *options]))
    for line, down in zip(lines, (0.62, 0.8), strict=True):
        figure.text(left, 1 - down / height, line, fontsize=NORMAL, va="center", color=GREY)
    figure.text(
        1 - (MARGIN + GAP) / width,
        1 - 0.36 / height,
        "histograms: target values in the whole ROI; grey: without weight",
        fontsize=SMALL,
        ha="right",
        va="center",
        color=GREY,
    )


def _name(predictor: Predictor) -> str:
    return kind_of(predictor).replace("_", " ")


def _parameters(predictor: Predictor) -> str:
    """The parameters that say what is computed: required ones, those that differ from their defaults, and switches."""
    shown = []
    for parameter in parameters_of(type(predictor)):
        value = getattr(predictor, parameter.name)
        if parameter.required or value != parameter.default or isinstance(value, bool):
            shown.append(f"{parameter.name} = {_short(value)}")
    return ",  ".join(shown)


def _short(value: Any) -> str:
    if isinstance(value, (tuple, list)):
        return "[" + ", ".join(_short(v) for v in value) + "]"
    return str(value)
