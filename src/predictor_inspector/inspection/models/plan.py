"""`PredictionPlan`: where a model's tiles lie, and what of the region lacks context."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import prod

import numpy as np
from funlib.geometry import Roi

from predictor_inspector.core.array import Array
from predictor_inspector.core.predictor import Predictor
from predictor_inspector.core.text import counted, format_shape, percent
from predictor_inspector.data.geometry import counts_factor
from predictor_inspector.inspection.models.config import Beyond
from predictor_inspector.inspection.models.facts import ModelFacts
from predictor_inspector.inspection.models.tiling import AxisTile, axes_of, input_size, tiles_for

Tile = tuple[AxisTile, ...]

_MOST = 2**25  # voxels of an input, so that there is progress, and a tile can be sent
_SAFETY = 2  # times the memory of tensors that a model is taken to need: libraries have workspaces of their own


def voxels_apart(raw: Array, grid: Array) -> tuple[Fraction, ...]:
    """Voxels of the raw data from one voxel of `grid` to the next, for each axis: ½ for raw data of twice the voxel size.

    ``ValueError`` if they have other spatial axes, or only one of the two is in pixels.
    """
    if raw.dims != grid.dims or raw.channel_dims > 1:
        raise ValueError(
            f"raw data must have {grid.dims} spatial axes like the target, and at most one of channels, got {raw.axes_text}"
        )
    factor = counts_factor(grid, raw, "raw")
    return tuple(int(v) * factor / int(r) for v, r in zip(grid.voxel_size, raw.voxel_size, strict=True))


def check_voxels(name: str, facts: ModelFacts, raw: Array, grid: Array) -> None:
    """Raise a ``ValueError`` unless the model called `name` makes voxels of `grid` from those of the raw data."""
    apart = voxels_apart(raw, grid)
    found = tuple(Fraction(*pair) for pair in facts.steps) or apart
    if found != apart:
        needed = [v / float(a) for v, a in zip(grid.physical_voxel_size, found, strict=True)]
        raise ValueError(
            f"for a target with voxels of {format_shape(grid.physical_voxel_size)} {grid.unit} {name} needs raw data with "
            f"voxels of {format_shape(needed)} {grid.unit}, but these have {format_shape(raw.physical_voxel_size)} {raw.unit}; "
            "choose another of their scale levels"
        )


def check_channels(name: str, facts: ModelFacts, predictor: Predictor | None) -> None:
    """Raise a ``ValueError`` unless the model called `name` has the channels of the target of `predictor`, if there is one."""
    wanted = facts.channels if predictor is None else len(predictor.channel_names)
    if facts.channels != wanted:
        raise ValueError(
            f"{name} predicts {counted(facts.channels, 'channel')}, but the target has {wanted:,}; choose the predictor "
            "that it was trained with"
        )


class PredictionPlan:
    """How a region is predicted, tile by tile.

    Parameters
    ----------
    facts : ModelFacts
        Of the model, whose voxels fit; see `check_voxels`.
    raw, grid : Array
        Raw data, and the voxels of the target; values of `grid` aren't read.
    roi : Roi
        On `grid`.
    beyond : str
        What is taken for raw data that aren't there.

    Attributes
    ----------
    raw : Array
        As it was given.
    whole : Array
        Shape and place of the prediction: [C, …], without values; with ``beyond="nothing"`` the part of the region that
        has all its context, if it has any, else a ``ValueError``.
    notes : tuple of str
        What to know about it, in sentences.
    """

    def __init__(self, facts: ModelFacts, raw: Array, grid: Array, roi: Roi, beyond: Beyond) -> None:
        self.raw, self._facts, self._beyond = raw, facts, beyond
        self._axes = axes_of(facts, voxels_apart(raw, grid))
        self._begin, beside = self._first_voxels(grid, roi)
        shape = grid.shape_of(roi)
        spans = []
        for axis, n, first, size in zip(self._axes, raw.spatial_shape, self._begin, shape, strict=True):
            low, high = axis.known(n)
            spans.append((max(first, low) - first, max(0, min(first + size, high) - max(first, low))))
        lacking = 1 - prod(count for _, count in spans) / prod(shape)
        notes = []
        if lacking and beyond == "nothing":
            if lacking == 1:
                raise ValueError(
                    "no voxel of the region has its whole context within the raw data; choose another region, or beyond: zeros "
                    "or reflect"
                )
            notes.append(f"Left out is {percent(lacking)} of the region, whose context reaches beyond the raw data.")
            slices = [
                slice(s.start + skip, s.start + skip + count)
                for s, (skip, count) in zip(grid.to_slices(roi), spans, strict=True)
            ]
            roi = grid.roi_of(slices)
            self._begin = [b + skip for b, (skip, _) in zip(self._begin, spans, strict=True)]
        elif lacking:
            filled = "are taken to be 0" if beyond == "zeros" else "are mirrored"
            notes.append(
                f"For {percent(lacking)} of the region the model's context reaches beyond the raw data, which {filled} there."
            )
        if beside:
            notes.append(
                "The raw data lie a part of a voxel beside the target, whose nearest voxels predictions are put on."
            )
        if facts.padded_unknown:
            notes.append(
                f"How far the model sees isn't known ({facts.padded_unknown}), so near the edges of tiles its prediction "
                "may differ from that of one run."
            )
        shape = grid.shape_of(roi)
        nothing = np.broadcast_to(np.float32(0), (facts.channels, *shape))
        self.whole = grid.like(nothing, ("c^", *grid.spatial_axes), roi.begin)
        self.notes = tuple(notes)

    def input_size(self, memory: float, voxels: float = _MOST) -> tuple[int, ...]:
        """The input of its tiles, if they may take so many bytes and voxels; the smallest if even that needs more."""
        most = min(voxels, memory / (_SAFETY * max(1.0, self._facts.bytes_per_voxel)))
        if self._facts.padded_unknown:
            most = min(most, prod(self._facts.usual))
        return input_size(self._axes, self.whole.spatial_shape, most)

    def tiles(self, size: Sequence[int]) -> list[Tile]:
        """The tiles with inputs of that size, in order."""
        return tiles_for(self._axes, self._begin, self.whole.spatial_shape, size)

    def read(self, tile: Tile) -> np.ndarray:
        """The raw data of a tile: [C, …], of their own type."""
        values = read_beyond(self.raw, [(t.begin, t.size) for t in tile], self._beyond)
        return values if self.raw.channel_dims else values[None]

    def part(self, tile: Tile, output: np.ndarray) -> Array:
        """What a tile's output, [C, …], adds to the prediction."""
        kept = output[(slice(None), *(slice(t.skip, t.skip + t.count) for t in tile))]
        roi = self.whole.roi_of([slice(t.first, t.first + t.count) for t in tile])
        return self.whole.like(kept, self.whole.axis_names, roi.begin)

    def _first_voxels(self, grid: Array, roi: Roi) -> tuple[list[int], bool]:
        """The region's first voxel, counted from that of an output whose input begins with the raw data.

        And whether the two lie a part of a voxel beside each other.
        """
        factor, found, beside = counts_factor(grid, self.raw, "raw"), [], False
        for axis, begin, offset, size in zip(self._axes, roi.begin, self.raw.offset, self.raw.voxel_size, strict=True):
            voxels = (int(begin) * factor - int(offset)) / int(size)  # of the raw data
            place = (voxels - axis.margin) / axis.apart
            found.append(round(place))
            beside |= place != found[-1]
        return found, beside


def read_beyond(raw: Array, spans: Sequence[tuple[int, int]], beyond: Beyond) -> np.ndarray:
    """Raw data in a box that may reach beyond them: begin and number of voxels along each axis, counted from their corner."""
    slices = [slice(begin, begin + size) for begin, size in spans]
    inside = all(s.start >= 0 and s.stop <= n for s, n in zip(slices, raw.spatial_shape, strict=True))
    if inside or beyond != "reflect":
        return raw.read(raw.roi_of(slices)).numpy()
    mirrored = [_mirrored(s, int(n)) for s, n in zip(slices, raw.spatial_shape, strict=True)]
    box = raw.roi_of([slice(int(m.min()), int(m.max()) + 1) for m in mirrored])
    values = raw[box].numpy()
    for axis, index in enumerate(mirrored, raw.channel_dims):
        values = values.take(index - index.min(), axis)
    return values


def _mirrored(span: slice, length: int) -> np.ndarray:
    """The voxels of an axis that `span` is made of, mirrored at the first and the last voxel as often as needed."""
    period = max(1, 2 * (length - 1))
    index = np.arange(span.start, span.stop) % period
    return np.minimum(index, period - index) if length > 1 else np.zeros_like(index)
