"""Tiled inspection of regions that don't fit into memory, with the numbers of the whole.

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
from itertools import product
from math import prod
from typing import Any, cast

from funlib.geometry import Coordinate, Roi

from predictor_inspector.core.array import Array, ArraySpec
from predictor_inspector.core.ops.class_balance import ClassCounts
from predictor_inspector.core.predictor import Predictor
from predictor_inspector.core.text import format_bytes, format_shape
from predictor_inspector.data.source import Source
from predictor_inspector.inspection.engine.devices import pick_device
from predictor_inspector.inspection.engine.memory import default_memory, give_back_freed_memory, needed_memory
from predictor_inspector.inspection.engine.regions import difference
from predictor_inspector.inspection.engine.run import Computation, Inspection, Part, Progress, Request, Task
from predictor_inspector.inspection.engine.statistics import ChannelSums

SEAM = 1e-5
"""The most by which targets of tiles differ from those of the whole, beside rounding."""

STEPS = ("targets", "weights")

_ALIGNED = 64
"""Tiles are whole numbers of so many voxels a side, if they are larger: the chunks in which results are written."""


@dataclass(frozen=True)
class Tile:
    """A computed tile. Arrays lie on the CPU."""

    roi: Roi
    target: Array  # float32, [C, …spatial axes], on `roi`, as is the weight
    weight: Array
    fresh: bool  # whether this is the tile's first time; the second time its target is the same
    balanced: bool  # whether the weights are those of the whole region; before, they are balanced over the tiles so far


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
    of smaller tiles is preferred to a last one that is nearly empty. A ``ValueError`` if `memory` isn't enough for a single
    voxel and its context.
    """
    gt = source.gt
    region = gt.roi if roi is None else roi
    most = gt.shape_of(region)
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


class TiledInspection:
    """An inspection in tiles. Iterate over it, or over `run`, to compute them; stop iterating to cancel.

    Ground truth and mask are read region by region, the context of neighbouring tiles more than once: see
    `predictor_inspector.data.stores.chunks`.

    Parameters
    ----------
    memory : int, optional
        Bytes that a tile may need; by default as many as `default_memory` gives.
    order : callable, optional
        The key by which tiles are sorted; from the middle outwards by default.
    tile : sequence of int, optional
        Voxels of the largest tile; by default as many as the memory allows.

    Raises
    ------
    ValueError
        If the request can't be met, or the memory is too little for any tile. While iterating: if the predictor counts
        classes in a way that can't be put together from tiles.
    """

    def __init__(
        self,
        request: Request,
        memory: int | None = None,
        order: Callable[[Roi], Any] | None = None,
        tile: Sequence[int] | None = None,
    ) -> None:
        device = pick_device(request.device)
        self.request = request
        self.memory = default_memory(device) if memory is None else memory
        self._seamless = _seamless(request.predictor)
        gt, roi = request.used_source.gt, request.regions.roi
        self.tile_shape = tuple(tile or tile_shape(request.predictor, request.used_source, self.memory, roi))
        self.tiles = tiles_of(roi, gt, self.tile_shape)  # in the order in which they are computed
        if order is not None:
            self.tiles.sort(key=order)
        self._around: list[Roi] = []
        if request.balance_over == "context":
            boxes = difference(request.regions.read_region, roi)
            self._around = [tile for box in boxes for tile in tiles_of(box, gt, self.tile_shape)]
        self._sums: ChannelSums | None = None

    def __len__(self) -> int:
        return len(self.tiles)

    def __iter__(self) -> Iterator[Tile]:
        return self.run()

    @property
    def fits(self) -> bool:
        """Whether the whole may be inspected at once: then `inspect` is simpler and faster."""
        regions = self.request.regions
        region = regions.read_region if self.request.balance_over == "context" else regions.roi
        source = self.request.used_source
        return needed_memory(self.request.predictor, source, source.gt.shape_of(region)) <= self.memory

    def run(self, recall: Callable[[Roi], Array] | None = None, progress: Progress | None = None) -> Iterator[Tile]:
        """Compute all tiles: first every target, with preliminary weights, then every tile again with its final weights.

        Predictors that don't balance classes, and a single tile, need no second time. `recall` gives back the target of an
        earlier tile by its ROI, if it was kept; else it is computed again. `progress` is called with each of `STEPS` and the
        fraction of it that is done; raise from it to cancel.
        """
        limit = f"a tile of {format_shape(self.tile_shape)} voxels; choose less than {format_bytes(self.memory)}"
        self._computation, self._counts, self._sums = Computation(self.request, limit), self.request.counts, None
        own: list[ClassCounts | None] = []
        total = len(self.tiles) + len(self._around)

        def told(step: str, number: int, total: int) -> Progress:
            def tell(part: str, fraction: float) -> None:
                # Of a tile only its target takes long enough for its progress to be seen.
                if progress is not None and part in ("read", "target"):
                    progress(step, (number + fraction) / total)

            return tell

        # Tiles are handed over without a name, so that none is held while the next one is computed.
        for number, roi in enumerate(self.tiles):
            yield self._first(roi, own, total == 1, told(STEPS[0], number, total))
        for number, roi in enumerate(self._around if own[0] is not None else (), len(self.tiles)):
            self._counts = self._compute(roi, self._counts, told(STEPS[0], number, total), statistics=False).counts
        for number, (roi, mine) in enumerate(zip(self.tiles, own, strict=True)):
            if mine is not None and total > 1:
                # The tile adds its own counts to those of all others.
                earlier = None if recall is None else recall(roi)
                tell = told(STEPS[1], number, len(self.tiles))
                yield self._tile(self._compute(roi, self._counts - mine, tell, earlier), fresh=False, balanced=True)
        if progress is not None:
            progress(STEPS[1], 1.0)

    def inspection(self, target: Array, weight: Array) -> Inspection:
        """The whole region's inspection, from the tiles put together, also in files; a ``ValueError`` if one is missing."""
        if self._sums is None or self._sums.voxels != prod(self.request.shape[1:]):
            raise ValueError("the inspection isn't complete before all tiles were iterated over")
        return self._computation.inspection(Part(self.request.used_source, target, weight, self._counts, self._sums))

    def _first(self, roi: Roi, own: list[ClassCounts | None], alone: bool, progress: Progress) -> Tile:
        """A tile with preliminary weights; what it adds to the counts is appended to `own`."""
        # Whether the predictor counts classes, so that weights aren't final yet, shows in its first tile.
        final = alone or not own or own[0] is None
        part = self._compute(roi, self._counts, progress, statistics=final)
        own.append(self._counted(self._counts, part.counts))
        self._counts = part.counts
        return self._tile(part, fresh=True, balanced=alone or own[-1] is None)

    def _compute(
        self, roi: Roi, counts: Any, progress: Progress, target: Array | None = None, statistics: bool = True
    ) -> Part:
        give_back_freed_memory()
        gt, whole = self.request.source.gt, self.request.regions.read_region
        spec = ArraySpec(roi, gt.voxel_size, gt.unit, gt.subdivision)
        region = self._seamless.gt_region_for_roi(spec).roi.intersect(whole)
        return self._computation.compute(Task(roi, region, roi, counts, target, statistics), progress)

    def _tile(self, part: Part, fresh: bool, balanced: bool) -> Tile:
        """The tile; final ones add to the statistics."""
        if balanced and part.sums is not None:
            self._sums = part.sums if self._sums is None else self._sums + part.sums
        return Tile(part.target.roi, part.target, part.weight, fresh, balanced)

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


def _seamless(predictor: Predictor) -> Predictor:
    """The predictor whose context tiles are given; one whose tolerance is no parameter keeps its own."""
    made: Any = predictor
    if not is_dataclass(made) or "context_tolerance" not in {field.name for field in fields(made)}:
        return predictor
    return cast(Predictor, replace(cast(Any, made), context_tolerance=min(SEAM, predictor.context_tolerance)))
