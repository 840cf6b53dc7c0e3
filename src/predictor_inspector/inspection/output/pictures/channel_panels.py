"""Panels of one channel: its target, its weights and its histogram, in one plane."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from textwrap import shorten
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from predictor_inspector.core.array import Array
from predictor_inspector.inspection.engine.run import Inspection
from predictor_inspector.inspection.engine.slices import Plane, blocks_of
from predictor_inspector.inspection.output.pictures import colours
from predictor_inspector.inspection.output.pictures.panels import GREY, SMALL, bare, colour_bar, thin_frame

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Normalize

_BINS = 40
_COUNTED, _UNCOUNTED = "#3b6fb6", "#c9ccd1"


@dataclass(frozen=True)
class Limits:
    """Between which values a channel's target is shown, and in which colours."""

    low: float
    high: float
    colours: str

    @property
    def ticks(self) -> list[float]:
        """Both ends and the middle."""
        return [self.low, (self.low + self.high) / 2, self.high]


def limits_of(target: Array) -> list[Limits]:
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
    shared = Limits(-reach, reach, colours.SIGNED) if low < 0 else Limits(0.0, reach, colours.POSITIVE)
    binary = Limits(0.0, 1.0, colours.BINARY)
    return [binary if of_zeros_and_ones else shared for of_zeros_and_ones in binaries]


def _in_blocks(channel: int, *arrays: Array) -> Iterator[tuple[torch.Tensor, ...]]:
    """One channel of arrays of the same shape, block by block: they may lie in files and be larger than memory."""
    for block in blocks_of(arrays[0].spatial_shape):
        yield tuple(torch.as_tensor(array.data[(channel, *block)]) for array in arrays)


def draw_values(axes: Axes, array: Array, plane: Plane, values: np.ndarray, colormap: str, norm: Normalize) -> Any:
    """Values in a plane of `array`, [rows, columns], where they lie in the world; returns the image."""
    extent = plane.extent(array.roi, array.subdivision)
    return axes.imshow(values, extent=extent, interpolation="nearest", cmap=colormap, norm=norm, aspect="equal")


def draw_target(axes: Axes, inspection: Inspection, plane: Plane, channel: int, limits: Limits) -> None:
    """A channel's target with its name and a colour bar."""
    from matplotlib.colors import Normalize

    values = plane.values(inspection.target)[channel]
    image = draw_values(axes, inspection.target, plane, values, limits.colours, Normalize(limits.low, limits.high))
    bare(axes, shorten(inspection.channel_names[channel], 28, placeholder="…"))
    axes.title.set_fontweight("bold")
    colour_bar(axes, image, limits.ticks)


def draw_weight(axes: Axes, inspection: Inspection, plane: Plane, channel: int) -> None:
    """A channel's weights with a colour bar."""
    from matplotlib.colors import PowerNorm

    values = plane.values(inspection.weight)[channel]
    statistics = inspection.statistics[channel]
    finite = values[np.isfinite(values)]
    most = float(finite.max(initial=0.0)) or 1.0
    # On the scale of the square root a small weight can be told from none.
    image = draw_values(axes, inspection.weight, plane, values, colours.WEIGHT, PowerNorm(0.5, 0.0, most))
    bare(axes, "weight")
    classes = {statistics.negative_weight, statistics.positive_weight}
    colour_bar(axes, image, sorted(w for w in {0.0, most} | classes if w <= most))


def draw_histogram(axes: Axes, inspection: Inspection, channel: int, limits: Limits) -> None:
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
