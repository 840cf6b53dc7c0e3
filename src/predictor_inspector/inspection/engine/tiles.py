"""`inspect_in_tiles`: regions that don't fit into memory, part by part, with the numbers of the whole.

Targets. A tile is computed from its own context and cropped, so it has no seams. Affinities, descriptors and classes
depend on nothing farther, and a distance is exact unless it is so large that tanh nearly saturates; there a context must
end somewhere. Where a whole region may do with a context that leaves an error of ``context_tolerance``, tiles would
differ from each other by that much, so theirs is grown until it is `SEAM` at most, as far as the whole region's reaches.

Weights. Classes are balanced over all of the region, so their voxels are counted in every tile first. In a second pass a
tile is given the counts of all others, to which it adds its own: those of the whole, exactly, since they are integers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import cached_property, partial
from itertools import product
from math import prod
from typing import Any, cast

import torch
from funlib.geometry import Coordinate, Roi

from predictor_inspector.core.array import Array, ArraySpec
from predictor_inspector.core.channels import Channel
from predictor_inspector.core.labels import to_device
from predictor_inspector.core.ops.class_balance import ClassCounts
from predictor_inspector.core.predictor import Predictor
from predictor_inspector.core.progress import listening
from predictor_inspector.core.text import format_bytes, format_shape
from predictor_inspector.data.source import Source
from predictor_inspector.inspection.engine.devices import forget_peak_memory, peak_memory, pick_device, stopwatch
from predictor_inspector.inspection.engine.memory import default_memory, give_back_freed_memory, needed_memory
from predictor_inspector.inspection.engine.reading import read_lazily
from predictor_inspector.inspection.engine.regions import Outside, difference, notes_on
from predictor_inspector.inspection.engine.run import BalanceOver, Inspection, Progress, Request
from predictor_inspector.inspection.engine.statistics import ChannelSums, channel_sums

SEAM = 1e-5
"""How much targets of tiles may differ from those of the whole, beside rounding."""

STEPS = ("targets", "weights")
"""What `inspect_in_tiles` tells of its progress."""

_ALIGNED = 64
"""Tiles are whole numbers of so many voxels a side, if they are larger: the chunks in which results are written."""

Recall = Callable[[Roi], Array]


@dataclass(frozen=True)
class Tile:
    """A part of a region that has been computed. Arrays lie on the CPU.

    Attributes
    ----------
    target, weight : Array
        float32, [C, …spatial axes], on `roi`.
    fresh : bool
        Whether this is the tile's first time; the second time its target is the same.
    balanced : bool
        Whether the weights are those of the whole region; before, classes are balanced over the tiles so far.
    """

    roi: Roi
    target: Array
    weight: Array
    fresh: bool
    balanced: bool


def tiles_of(roi: Roi, grid: Array, shape: Sequence[int]) -> list[Roi]:
    """Parts of at most `shape` voxels that cover `roi` without overlapping, those nearest to its middle first.

    They begin at the ROI's corner; only the last ones along an axis are smaller.
    """
    step = grid.voxel_size * Coordinate(shape)
    begins = [range(b, e, s) for b, e, s in zip(roi.begin, roi.end, step, strict=True)]
    tiles = [Roi(begin, step).intersect(roi) for begin in product(*begins)]
    middle = roi.begin + roi.end

    def distance(tile: Roi) -> int:
        return sum(int(d) ** 2 for d in tile.begin + tile.end - middle)

    return sorted(tiles, key=distance)


def tile_shape(predictor: Predictor, source: Source, memory: int, roi: Roi | None = None) -> tuple[int, ...]:
    """Voxels of the largest tile whose inspection needs no more than `memory` bytes, see `needed_memory`.

    Tiles are cubes, cut off where `roi` (by default all of the ground truth) is shorter, and evened out: the same number
    of smaller tiles is preferred to a last one that is nearly empty.

    Raises
    ------
    ValueError
        If `memory` isn't enough for a single voxel and its context.
    """
    gt = source.gt
    region = gt.roi if roi is None else roi
    most = [int(n) for n in region.shape // gt.voxel_size]
    seamless = _seamless(predictor)

    def needed(side: int) -> int:
        return needed_memory(seamless, source, [min(side, n) for n in most])

    if needed(1) > memory:
        raise ValueError(
            f"memory of {format_bytes(memory)} is too little for {type(predictor).__name__}: a single voxel with its "
            f"context needs {format_bytes(needed(1))}"
        )
    low, high = 1, max(most)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if needed(middle) <= memory else (low, middle - 1)
    if low == max(most):
        return tuple(most)
    side = low if low < _ALIGNED else low // _ALIGNED * _ALIGNED
    unit = min(side, _ALIGNED)
    even = (-(-n // -(-n // side)) for n in most)
    return tuple(min(n, -(-e // unit) * unit) for e, n in zip(even, most, strict=True))


def inspect_in_tiles(
    predictor: Predictor,
    gt: Array,
    roi: Roi | None = None,
    mask: Array | None = None,
    device: str = "auto",
    outside: Outside = "clip",
    balance_over: BalanceOver = "roi",
    counts: Any = None,
    memory: int | None = None,
) -> TiledInspection:
    """As `inspect`, in parts that need no more than `memory` bytes each; nothing is computed before it is iterated over.

    Parameters
    ----------
    predictor, gt, roi, mask, device, outside, balance_over, counts
        As in `inspect`. `gt` and `mask` are read region by region, the context of neighbouring tiles more than once:
        see `predictor_inspector.data.cached`.
    memory : int, optional
        Bytes; by default the share of the machine's memory that `default_memory` tells.

    Raises
    ------
    ValueError
        As `inspect` and `tile_shape`. While iterating: if the predictor balances classes in a way that can't be put
        together from tiles.
    """
    return TiledInspection(Request(predictor, Source(gt, mask), roi, device, outside, balance_over, counts), memory)


class TiledInspection:
    """An inspection in tiles. Iterate over it, or over `run`, to compute them; stop iterating to cancel.

    Attributes
    ----------
    request : Request
        What was asked for.
    source : Source
        What is used of ground truth and mask, context included, read when it is asked for.
    regions : Regions
        ROI, context and padding of the whole.
    memory : int
        Bytes that a tile may need.
    tile_shape : tuple of int
        Voxels of the largest tile.
    tiles : list of Roi
        In the order in which they are computed: from the middle outwards, or by what `order` gives for each.
    """

    def __init__(
        self,
        request: Request,
        memory: int | None = None,
        order: Callable[[Roi], Any] | None = None,
    ) -> None:
        if request.balance_over not in ("roi", "context"):
            raise ValueError(f"balance_over must be 'roi' or 'context', got {request.balance_over!r}")
        self.request, self._device = request, pick_device(request.device)
        self.regions = request.regions
        self.source = read_lazily(request.source, self.regions.read_region, request.outside)
        self.gt = self.source.gt
        self.memory = default_memory(self._device) if memory is None else memory
        self._seamless = _seamless(request.predictor)
        self.tile_shape = tile_shape(request.predictor, self.source, self.memory, self.regions.roi)
        self.tiles = tiles_of(self.regions.roi, self.gt, self.tile_shape)
        if order is not None:
            self.tiles.sort(key=order)
        self._around: list[Roi] = []
        if request.balance_over == "context":
            boxes = difference(self.regions.read_region, self.regions.roi)
            self._around = [tile for box in boxes for tile in tiles_of(box, self.gt, self.tile_shape)]
        self._begin_anew()

    def _begin_anew(self) -> None:
        self._counts = self.request.counts
        self._sums: ChannelSums | None = None
        self._seconds: dict[str, float] = {}
        self._notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.tiles)

    def __iter__(self) -> Iterator[Tile]:
        return self.run()

    @property
    def fits(self) -> bool:
        """Whether the whole may be inspected at once: then `inspect` is simpler and faster."""
        over_context = self.request.balance_over == "context"
        region = self.regions.read_region if over_context else self.regions.roi
        shape = [int(n) for n in region.shape // self.gt.voxel_size]
        return needed_memory(self.request.predictor, self.source, shape) <= self.memory

    @cached_property
    def channels(self) -> tuple[Channel, ...]:
        """What each channel of target and weight means, named after the ground truth's own axes."""
        return self.request.predictor.describe_channels(self.gt.spatial_axes)

    @property
    def channel_names(self) -> tuple[str, ...]:
        """One name per channel of target and weight."""
        return tuple(channel.name for channel in self.channels)

    def run(self, recall: Recall | None = None, progress: Progress | None = None) -> Iterator[Tile]:
        """Compute all tiles: first every target, with preliminary weights, then every tile again with its final weights.

        Predictors that don't balance classes, and a single tile, need no second time.

        Parameters
        ----------
        recall : callable, optional
            Gives back the target of an earlier tile by its ROI, if the caller has kept it; else it is computed again.
        progress : callable, optional
            Called with each of `STEPS` and the fraction of it that is done. What it raises ends the inspection.
        """
        self._begin_anew()
        forget_peak_memory(self._device)
        tell: Progress = progress or (lambda step, fraction: None)
        own: list[ClassCounts | None] = []
        alone = len(self.tiles) + len(self._around) == 1
        total = len(self.tiles) + len(self._around)
        # Tiles are handed over without a name, so that none is held while the next one is computed.
        for number, roi in enumerate(self.tiles):
            yield self._first(roi, own, alone, partial(_told, tell, STEPS[0], number, total))
        for number, roi in enumerate(self._around if own[0] is not None else (), len(self.tiles)):
            *_, self._counts = self._compute(roi, self._counts, None, partial(_told, tell, STEPS[0], number, total))
        for number, (roi, mine) in enumerate(zip(self.tiles, own, strict=True)):
            if mine is not None and not alone:
                earlier = None if recall is None else recall(roi)
                yield self._second(roi, mine, earlier, partial(_told, tell, STEPS[1], number, len(self.tiles)))
        tell(STEPS[1], 1.0)

    def inspection(self, target: Array, weight: Array) -> Inspection:
        """The whole region's inspection, once all tiles are done.

        Parameters
        ----------
        target, weight : Array
            The tiles put together; they may lie in files.

        Raises
        ------
        ValueError
            If tiles are missing.
        """
        if self._sums is None or self._sums.voxels != _voxels(self.regions.roi, self.gt):
            raise ValueError("the inspection isn't complete before all tiles were iterated over")
        return Inspection(
            request=self.request,
            target=target,
            weight=weight,
            source=self.source,
            counts=self._counts,
            statistics=self._sums.statistics(self.channel_names),
            timings={**self._seconds, "total": sum(self._seconds.values())},
            device=str(self._device),
            memory=peak_memory(self._device) or needed_memory(self._seamless, self.source, self.tile_shape),
            notes=(*notes_on(self.regions, self.request.outside), *self._notes),
        )

    def _first(self, roi: Roi, own: list[ClassCounts | None], alone: bool, told: Callable[[float], None]) -> Tile:
        """A tile with preliminary weights; what it adds to the counts is appended to `own`."""
        before = self._counts
        target, weight, self._counts = self._compute(roi, before, None, told)
        own.append(self._counted(before, self._counts))
        return self._tile(roi, target, weight, fresh=True, balanced=alone or own[-1] is None)

    def _second(self, roi: Roi, mine: ClassCounts, target: Array | None, told: Callable[[float], None]) -> Tile:
        """A tile with its final weights; `mine` are its own counts."""
        return self._tile(roi, *self._compute(roi, self._counts - mine, target, told)[:2], fresh=False, balanced=True)

    def _compute(
        self, roi: Roi, counts: Any, target: Array | None, told: Callable[[float], None]
    ) -> tuple[Array, Array, Any]:
        """Target, weight and counts of one tile, on the device."""
        told(0.0)
        give_back_freed_memory()
        try:
            return self._on_device(roi, counts, target, told)
        except (torch.OutOfMemoryError, MemoryError, RuntimeError, NotImplementedError) as error:
            too_little = isinstance(error, torch.OutOfMemoryError) or "out of memory" in str(error).lower()
            falls_back = too_little or (self._device.type == "mps" and self.request.device == "auto")
            if self._device.type == "cpu" or not falls_back:
                if isinstance(error, MemoryError) or "allocate" in str(error):
                    raise MemoryError(
                        f"not enough memory for a tile of {format_shape(self.tile_shape)} voxels; choose less than "
                        f"{format_bytes(self.memory)}"
                    ) from error
                raise
        note = f"Computed on the CPU: too little memory, or an operation missing, on {self._device}."
        self._device, self._notes = torch.device("cpu"), (note,)
        return self._on_device(roi, counts, target, told)

    def _on_device(
        self, roi: Roi, counts: Any, target: Array | None, told: Callable[[float], None]
    ) -> tuple[Array, Array, Any]:
        predictor, device = self.request.predictor, self._device
        spec = ArraySpec(roi, self.gt.voxel_size, self.gt.unit, self.gt.subdivision)
        region = self._seamless.gt_region_for_roi(spec).roi.intersect(self.regions.read_region)
        with self._timed("read"):
            gt = self.gt[region]
            mask = None if self.source.mask is None else self.source.mask[region]
        with self._timed("transfer", device):
            gt = gt.like(to_device(gt.data, device), gt.axis_names)
            mask = None if mask is None else mask.to(device)
        with self._timed("target", device), listening(told):
            target = predictor.target_in(gt, roi) if target is None else target.to(device)
        with self._timed("weight", device):
            weight, counts = predictor.weight_in(gt, target, mask, counts)
        names = self.channel_names
        if tuple(target.shape) != tuple(weight.shape) or target.shape[0] != len(names):
            raise ValueError(
                f"{type(predictor).__name__} names {len(names)} channels, but its target has shape {target.shape} and its "
                f"weight {weight.shape}"
            )
        return target, weight, counts.to("cpu") if isinstance(counts, ClassCounts) else counts

    def _tile(self, roi: Roi, target: Array, weight: Array, fresh: bool, balanced: bool) -> Tile:
        """The tile, brought to the CPU; final ones add to the statistics."""
        if balanced:
            with self._timed("statistics", self._device):
                sums = channel_sums(target.data, weight.data, self.request.predictor.positive(target.data))
                self._sums = sums if self._sums is None else self._sums + sums
        with self._timed("copy back", self._device):
            target, weight = (a.like(a.data.contiguous().cpu(), a.axis_names) for a in (target, weight))
        return Tile(roi, target, weight, fresh, balanced)

    def _counted(self, before: Any, after: Any) -> ClassCounts | None:
        """What a tile added to the counts; None if the predictor doesn't count."""
        if isinstance(after, ClassCounts) and (before is None or isinstance(before, ClassCounts)):
            return after - (ClassCounts.none_seen(len(after)) if before is None else before.to("cpu"))
        if after is before:
            return None
        raise ValueError(
            f"{type(self.request.predictor).__name__} counts classes as {type(after).__name__}, which can't be summed over "
            "tiles: return ClassCounts from create_weight, or inspect a region that fits into memory"
        )

    def _timed(self, step: str, device: torch.device | None = None) -> _Timed:
        return _Timed(self._seconds, step, torch.device("cpu") if device is None else device)


class _Timed:
    """Adds to a step's seconds what happens within this context."""

    def __init__(self, seconds: dict[str, float], step: str, device: torch.device) -> None:
        self._seconds, self._step, self._device = seconds, step, device

    def __enter__(self) -> None:
        self._stop = stopwatch(self._device)

    def __exit__(self, *error: object) -> None:
        self._seconds[self._step] = self._seconds.get(self._step, 0.0) + self._stop()()


def _told(tell: Progress, step: str, number: int, total: int, fraction: float) -> None:
    tell(step, (number + fraction) / total)


def _seamless(predictor: Predictor) -> Predictor:
    """The predictor whose context tiles are given; one whose tolerance is no parameter keeps its own."""
    adjustable = is_dataclass(predictor) and any(f.name == "context_tolerance" for f in fields(predictor))
    if adjustable and predictor.context_tolerance > SEAM:
        return cast(Predictor, replace(cast(Any, predictor), context_tolerance=SEAM))
    return predictor


def _voxels(roi: Roi, grid: Array) -> int:
    return prod(int(n) for n in roi.shape // grid.voxel_size)
