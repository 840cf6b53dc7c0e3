"""Checks of the annotation: labels that end in a plane or miss sections, without a mask."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from math import prod

import numpy as np
from funlib.geometry import Roi

from predictor_inspector.core.array import Array
from predictor_inspector.core.text import counted, listed
from predictor_inspector.data.repair import Repair, annotated_in
from predictor_inspector.inspection.findings import Cure, Finding, Kind, Subject, VoxelSet, check

SAMPLES = 48  # positions a side of each plane that are looked at, spread over it, or in one window of lazy data
WHOLE = 1 << 24  # voxels of lazily read data up to which all are read
COPIED = 1 << 28  # voxels of ground truth up to which a mask is made
CUT_SHARE = 0.5  # of what planes hold as a rule: what ends with less tapers off, as objects do
CUT_IDS, FILLED = 8, 0.3  # so many objects that end in one plane, which they fill so far, don't end by nature
DENSE = 0.9  # of a plane's rectangle of labels: filled so far, three ids are enough
SAME_SHARE = 0.3  # of a plane's objects that go on behind empty sections
GOLDEN = 0.618034  # multiples of it are spread evenly modulo 1
LEAST_AREA = 256  # voxels of a plane's rectangle of labels, from which on they can be told from one object

NOT_ANNOTATED = Kind(
    "not-annotated",
    "Labels end in a plane inside the data, or whole sections hold none while those beside them are dense, and there is no "
    "mask: what wasn't annotated is trained as background, and its edge as a boundary.",
    "Choose the mask of what is annotated, or make one of where labels are; if there is truly nothing, ignore it.",
)


@check(NOT_ANNOTATED)
def not_annotated(subject: Subject) -> Iterator[Finding]:
    """An error, from all of the ground truth rather than the region alone; silent with a mask, and in 2-D.

    Sections are missing where planes are empty, those beside them hold at least half of what planes hold as a rule, and at
    least 30 % of the objects go on behind them. Labels are cut in a plane where at least 8 objects end in it, fill 30 % of
    their rectangle, and cover half of what they cover in other planes; 3 ids are enough if they fill 90 %. Objects by nature
    taper off instead. Of each plane up to 48 × 48 voxels are looked at, spread over it; of data larger than 2²⁴ voxels that
    aren't in memory, those in a window around the region.
    """
    gt = subject.inspection.request.source.gt
    if subject.inspection.request.source.mask is not None or gt.dims < 3 or subject.teaches_nothing:
        return
    if not isinstance(gt.data, np.ndarray) and prod(gt.shape) <= WHOLE:
        gt = gt.like(gt.numpy(), gt.axis_names)
    axes = [_Axis.of(gt, axis, subject.roi) for axis in range(gt.dims)]
    missing = [axis for axis in axes if axis.gaps]
    cut = {axis: ends for axis in axes if (ends := axis.cut_ends(axes))}
    if not missing and not cut:
        return
    told, where = [], []
    for axis in missing:
        told.append(
            f"{axis.empty:,} of {counted(axis.planes, 'section')} along {axis.name} hold no object, those beside them do"
        )
        where.append((axis, axis.gaps[0][0] - 1))
    if ends_of := {axis: ends for axis, ends in cut.items() if axis not in missing}:
        places = [f"{axis.name} {listed(axis.edge(end) for end in ends)}" for axis, ends in ends_of.items()]
        told.append(f"labels end in a plane inside the data, at {listed(places)}")
        where += [(axis, axis.filled[0] if ends[0] == 0 else axis.filled[-1]) for axis, ends in ends_of.items()]
    cure = None
    if isinstance(gt.data, np.ndarray) and prod(gt.shape) <= COPIED:
        planes = tuple(axis.annotated(cut.get(axis, ())) for axis in axes)
        cure = Cure("Mask what holds no labels", repair=Repair(annotated=partial(annotated_in, planes)))
    sentence = "; ".join(told)
    yield subject.finding(
        NOT_ANNOTATED,
        "error",
        f"{sentence[0].upper()}{sentence[1:]}: without a mask, what isn't annotated is trained as background.",
        where=_plane(gt, where[0][0].axis, int(where[0][1]), subject.roi),
        numbers={
            "empty": {axis.name: axis.empty for axis in missing},
            "ends": {axis.name: [axis.edge(end) for end in ends] for axis, ends in ends_of.items()},
        },
        cure=cure,
    )


@dataclass(frozen=True, eq=False)
class _Axis:
    """What the planes across one axis hold: samples of their ids, [planes, A, B], and how many aren't background."""

    axis: int
    name: str
    ids: np.ndarray
    shares: tuple[float, ...]  # one sample stands for so many voxels of the two other axes
    counts: np.ndarray
    filled: np.ndarray  # the planes that hold any

    @classmethod
    def of(cls, gt: Array, axis: int, roi: Roi) -> _Axis:
        """Sample the planes across an axis."""
        shape, others = gt.spatial_shape, [a for a in range(gt.dims) if a != axis]
        if isinstance(gt.data, np.ndarray):
            picked = [_spread(n) if a in others else np.arange(n) for a, n in enumerate(shape)]
            values = gt.data[(slice(None),) * gt.channel_dims + np.ix_(*picked)]
        else:
            kept = gt.to_slices(roi)
            begins = [
                min(max(0, (s.start + s.stop - SAMPLES) // 2), max(0, n - SAMPLES))
                for s, n in zip(kept, shape, strict=True)
            ]
            spatial = [
                slice(b, min(n, b + SAMPLES)) if a in others else slice(0, n)
                for a, (b, n) in enumerate(zip(begins, shape, strict=True))
            ]
            values = np.asarray(gt.data[(slice(None),) * gt.channel_dims + tuple(spatial)])
        if gt.channel_dims:
            values = values.reshape(-1, *values.shape[gt.channel_dims :]).max(0)
        ids = np.ascontiguousarray(np.moveaxis(values, axis, 0))
        counts = (ids != 0).reshape(len(ids), -1).sum(1)
        share = isinstance(gt.data, np.ndarray)
        shares = tuple(shape[o] / n if share else 1 for o, n in zip(others, ids.shape[1:], strict=True))
        return cls(axis, gt.spatial_axes[axis], ids, shares, counts, np.flatnonzero(counts))

    @property
    def planes(self) -> int:
        """How many there are."""
        return len(self.counts)

    @property
    def empty(self) -> int:
        """How many hold only background."""
        return self.planes - len(self.filled)

    @property
    def usual(self) -> float:
        """How many samples of a plane aren't background, as a rule."""
        return float(np.median(self.counts[self.filled]))

    @property
    def gaps(self) -> list[tuple[int, int]]:
        """Begin and end of empty planes between dense ones in which the same objects are."""
        found = []
        for before, after in pairwise(self.filled):
            if after - before > 1 and min(self.counts[before], self.counts[after]) >= CUT_SHARE * self.usual:
                here, there = self._objects(before), self._objects(after)
                same = np.isin(here, there).mean()
                if self._area(before) >= LEAST_AREA and same >= SAME_SHARE and len(here) > 1:
                    found.append((int(before) + 1, int(after)))
        return found

    def cut_ends(self, axes: Sequence[_Axis]) -> tuple[int, ...]:
        """At which ends, 0 or 1, labels are cut in a plane inside the data."""
        return tuple(end for end in (0, 1) if len(self.filled) and self._is_cut(end, axes))

    def edge(self, end: int) -> int:
        """The index where labels begin (0) or end (1)."""
        return int(self.filled[0]) if end == 0 else int(self.filled[-1]) + 1

    def annotated(self, cut: Sequence[int]) -> np.ndarray:
        """Which planes are neither missing nor beyond a cut: boolean."""
        flags = np.ones(self.planes, dtype=bool)
        if 0 in cut:
            flags[: self.filled[0]] = False
        if 1 in cut:
            flags[self.filled[-1] + 1 :] = False
        for begin, end in self.gaps:
            flags[begin:end] = False
        return flags

    def _is_cut(self, end: int, axes: Sequence[_Axis]) -> bool:
        plane = int(self.filled[-end])
        if plane == (0 if end == 0 else self.planes - 1) or self.counts[plane] < CUT_SHARE * self.usual:
            return False
        if self._area(plane) < LEAST_AREA:
            return False
        objects, filled = len(self._objects(plane)), self._filling(plane)
        alone = len(self.filled) <= 2 < max(len(other.filled) for other in axes)
        return (objects >= CUT_IDS and (filled >= FILLED or alone)) or (objects > 2 and filled >= DENSE)

    def _objects(self, plane: int) -> np.ndarray:
        found: np.ndarray = np.unique(self.ids[plane][self.ids[plane] != 0])
        return found

    def _rectangle(self, plane: int) -> tuple[int, int]:
        """The sides of the rectangle around a plane's labels, in samples."""
        inside = self.ids[plane] != 0
        sides = [np.flatnonzero(inside.any(axis)) for axis in (1, 0)]
        return int(np.ptp(sides[0])) + 1, int(np.ptp(sides[1])) + 1

    def _area(self, plane: int) -> float:
        """The voxels of that rectangle."""
        return prod(self._rectangle(plane)) * prod(self.shares)

    def _filling(self, plane: int) -> float:
        return float(self.counts[plane] / prod(self._rectangle(plane)))


def _spread(side: int) -> np.ndarray:
    """Positions along an axis, spread over it but not evenly: labels may be in every fourth section."""
    if side <= SAMPLES:
        return np.arange(side)
    k = np.arange(SAMPLES)
    return np.asarray((k + k * GOLDEN % 1) * side / SAMPLES, dtype=np.intp)


def _plane(gt: Array, axis: int, index: int, roi: Roi) -> VoxelSet:
    """The part of a plane that lies in the region's columns."""
    kept = gt.to_slices(roi.intersect(gt.roi)) if not roi.intersect(gt.roi).empty else gt.to_slices(gt.roi)
    spatial = [slice(index, index + 1) if a == axis else s for a, s in enumerate(kept)]
    return VoxelSet.box(gt.roi_of(spatial), gt)
