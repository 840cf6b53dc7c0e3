"""Checks of the context: whether predictors ask for enough, and whether the data hold it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from math import ceil, prod

import numpy as np
from funlib.geometry import Coordinate, Roi

from predictor_inspector.core.array import Array, ArraySpec
from predictor_inspector.core.labels import as_tensor
from predictor_inspector.core.parameters import parameters_of
from predictor_inspector.core.text import format_shape, listed, percent, readable
from predictor_inspector.data.source import Source
from predictor_inspector.inspection.findings import Cure, Finding, Kind, Subject, VoxelSet, check

ROUNDING = 2e-6  # what rounding in float32 may add to a predictor's tolerance
NOTICEABLE = 0.05  # targets that are off by more are reported, even if the predictor's tolerance allows them
PROBE = 32  # voxels a side of the boxes in which targets are computed again, where the region is larger than one
MOSTLY = 0.5  # share of a region from which on too much of it is computed from too little ground truth
FIRST_STEP = 32  # voxels of additional context to begin with, at least: less might reach no other object
MOST_VOXELS = 1 << 25  # of ground truth that are read for one box

_TOLERANCE = "context_tolerance"  # the parameter

CONTEXT_INSUFFICIENT = Kind(
    "context-insufficient",
    "The predictor asks for too little ground truth around a region (gt_region_for_roi): the targets near the region's "
    "edge differ from those that more ground truth gives, so they depend on where a region is cut.",
    "Let gt_region_for_roi grow the region further; the finding says by how much.",
)
CONTEXT_OUTSIDE_DATA = Kind(
    "context-outside-data",
    "The context reaches beyond the data, so the targets there are computed from less ground truth than they need, or "
    "from padded zeros.",
    "Choose a region further from the edge of the data, or a shorter context: a smaller scale factor, σ or offset.",
)


@check(CONTEXT_INSUFFICIENT, slow=True)
def context_insufficient(subject: Subject) -> Iterator[Finding]:
    """Compares the target from the declared region with that from more ground truth, doubled until nothing changes.

    An error if they differ by more than the predictor's `context_tolerance`. A warning if they differ by more than 0.05,
    within a tolerance that was chosen so large. Of a large region some boxes of 32 voxels a side are looked at: those with
    most and with fewest boundaries, and one between.
    """
    tolerance = float(subject.predictor.context_tolerance)
    audit = max((_Audit.of(subject, box) for box in _probes(subject)), key=lambda audit: audit.worst)
    if audit.worst <= min(tolerance, NOTICEABLE) + ROUNDING:
        return
    wrong = audit.worst > tolerance + ROUNDING
    limit = tolerance if wrong else NOTICEABLE
    off = audit.differences > limit + ROUNDING
    gt, anywhere = subject.inspection.gt, np.asarray(off.any(0))
    fraction = float(anywhere.mean())
    declared, needed = ([n / gt.subdivision for n in counts] for counts in (audit.declared, audit.needed(limit)))
    more = f"{format_shape(needed)} {gt.unit}"
    allowed = f"where {tolerance:g} is tolerated" if wrong else f"within the tolerance of {tolerance:g}"
    adjustable = any(p.name == _TOLERANCE for p in parameters_of(type(subject.predictor)))
    advice = f"Lower context tolerance to {NOTICEABLE:g} or less, which reads {more} of context."
    if wrong:
        advice = f"Let gt_region_for_roi grow a region by {more} on each side."
    yield subject.finding(
        CONTEXT_INSUFFICIENT,
        "error" if wrong else "warning",
        f"Targets from the declared context are off by up to {audit.worst:.2g}, {allowed}, in {percent(fraction)} of the "
        "voxels looked at.",
        advice,
        [c.name for c, flags in zip(subject.channels, off, strict=True) if flags.any()],
        VoxelSet.of(anywhere, gt, audit.box.begin),
        {"off_by": audit.worst, "fraction": fraction, "tolerance": tolerance, "declared": declared, "needed": needed},
        None if wrong or not adjustable else Cure(f"Set context tolerance to {NOTICEABLE:g}", {_TOLERANCE: NOTICEABLE}),
    )


@check(CONTEXT_OUTSIDE_DATA)
def context_outside_data(subject: Subject) -> Iterator[Finding]:
    """Info, since data end somewhere, with the voxels of the ROI whose own context reaches beyond.

    A warning where zeros are padded, which makes false boundaries, and where more than half of the region may be off though one
    of its size would have all its context further inside. Of distances those are off that are nearer to the end of the data
    than to a boundary; affinities without descriptors never are, since their pairs are known or have no weight, nor are
    distances that are masked where they can't be known (mask_distances).
    """
    regions, gt, target = subject.inspection.regions, subject.inspection.gt, subject.inspection.target
    if not regions.beyond_data:
        return
    low, high = regions.roi.begin - regions.gt_region.begin, regions.gt_region.end - regions.roi.end
    begin, end = regions.data.begin + low, regions.data.end - high
    avoidable = all(e - b >= n for b, e, n in zip(begin, end, regions.roi.shape, strict=True))
    flags = np.ones(target.shape[1:], dtype=bool)
    if all(b < e for b, e in zip(begin, end, strict=True)):
        safe = Roi(begin, end - begin).intersect(regions.roi)
        if not safe.empty:
            flags[target.to_slices(safe)] = False
    reaching = affected = float(flags.mean())
    if any(channel.is_distance for channel in subject.channels):
        affected = float((flags & _beyond_nearest(subject)).mean())
    padded = subject.inspection.request.outside == "zero"
    # A pair is known or has no weight, and masked distances have none where they can't be known.
    only_pairs = all(channel.kind == "affinity" for channel in subject.channels)
    masked = all(
        channel.kind == "one-hot" or subject.predictor.value_of(channel, "mask") for channel in subject.channels
    )
    if padded:
        serious, so = not only_pairs, ", and the zeros that are padded there make false boundaries"
    elif only_pairs or masked or not affected:
        serious, so = False, "; no weighted value depends on it"
    else:
        serious = avoidable and affected > MOSTLY
        so = f"; {percent(affected)} may differ from what more ground truth would give"
    growth = [max(a, b) / gt.subdivision for a, b in zip(low, high, strict=True)]
    yield subject.finding(
        CONTEXT_OUTSIDE_DATA,
        "warning" if serious else "info",
        f"Context ({format_shape(growth)} {gt.unit}) is missing for {percent(reaching)} of the region{so}.",
        "Take what is beyond the data as unknown, instead of padding zeros." if padded else "",
        where=flags,
        numbers={"fraction": reaching, "affected": affected, "context": growth, "avoidable": avoidable},
        cure=_less_beyond(subject, padded) if serious else None,
    )


def _less_beyond(subject: Subject, padded: bool) -> Cure | None:
    """Pad no zeros, or mask the distances that can't be known."""
    if padded:
        return Cure("Pad no zeros", settings={"outside": "clip"})
    masks = {c.roles["mask"] for c in subject.channels if c.kind != "affinity" and "mask" in c.roles}
    return Cure(f"Turn {listed(map(readable, sorted(masks)))} on", dict.fromkeys(masks, True)) if masks else None


def _beyond_nearest(subject: Subject) -> np.ndarray:
    """Voxels of the ROI nearer to the edge of the data than to a boundary: a nearer one may lie beyond. Boolean, [Z, Y, X]."""
    regions, gt = subject.inspection.regions, subject.inspection.gt
    edge = np.full((1,) * gt.dims, np.inf)
    for axis, (n, v) in enumerate(zip(subject.inspection.target.spatial_shape, gt.voxel_size, strict=True)):
        begin = regions.roi.begin[axis] + v * np.arange(n)
        nearest = np.minimum(begin - regions.data.begin[axis], regions.data.end[axis] - begin - v) + v / 2
        shape = tuple(-1 if a == axis else 1 for a in range(gt.dims))
        edge = np.minimum(edge, nearest.reshape(shape) / gt.subdivision)
    beyond = np.zeros(subject.target.shape[1:], dtype=bool)
    for values, channel in zip(subject.target, subject.channels, strict=True):
        if channel.is_distance:
            known = np.tanh(edge / subject.predictor.value_of(channel, "scale", 1.0))
            beyond |= np.abs(values) > known + float(subject.predictor.context_tolerance)
    return beyond


@dataclass(frozen=True, eq=False)
class _Audit:
    """The target in a box from the declared region, compared with that from enough ground truth.

    The predictor grows the box by `declared`, per axis; from a `growth` on every axis on nothing changes, and the target is
    `enough`. By `differences` is the target from the declared region off: [C, Z, Y, X], infinite where one isn't a number.
    """

    subject: Subject
    box: Roi
    declared: Coordinate
    growth: int
    enough: np.ndarray
    differences: np.ndarray

    @classmethod
    def of(cls, subject: Subject, box: Roi) -> _Audit:
        """Double the context until nothing changes."""
        gt, tolerance = subject.inspection.request.source.gt, float(subject.predictor.context_tolerance)
        region = subject.predictor.gt_region_for_roi(ArraySpec(box, gt.voxel_size, gt.unit, gt.subdivision)).roi
        declared = Coordinate(max(a, b) for a, b in zip(box.begin - region.begin, region.end - box.end, strict=True))
        # The declared region must hold the box, or there would be nothing to compare.
        first = current = _target(subject, box, region.union(box))
        least = FIRST_STEP * int(max(gt.voxel_size))
        growth, used, unchanged = int(max(declared)), None, 0
        # Where little is declared, two steps must change nothing: the first may reach no other object.
        while unchanged < (1 if growth > least else 2):
            growth = max(2 * growth, least)
            before, used = used, _grown(box, growth, gt).intersect(gt.roi)
            if used == before or prod(gt.shape_of(used)) > MOST_VOXELS:
                break
            wider = _target(subject, box, _grown(box, growth, gt))
            unchanged = unchanged + 1 if _apart(wider, current).max() <= tolerance + ROUNDING else 0
            current = wider
        return cls(subject, box, declared, growth, current, _apart(first, current))

    @property
    def worst(self) -> float:
        """The largest difference."""
        return float(self.differences.max())

    def needed(self, tolerance: float) -> Coordinate:
        """The least growth, the same on every axis but for whole voxels, that makes targets right within `tolerance`."""
        gt = self.subject.inspection.request.source.gt
        step = int(min(gt.voxel_size))
        low, high = 0, ceil(self.growth / step)
        while low < high:
            middle = (low + high) // 2
            target = _target(self.subject, self.box, _grown(self.box, middle * step, gt))
            right = _apart(target, self.enough).max() <= tolerance + ROUNDING
            low, high = (low, middle) if right else (middle + 1, high)
        return Coordinate(ceil(low * step / v) * v for v in gt.voxel_size)


def _target(subject: Subject, box: Roi, region: Roi) -> np.ndarray:
    """The target in a box from the ground truth in `region`."""
    gt, outside = subject.inspection.request.source.gt, subject.inspection.request.outside
    used = region if outside == "zero" else region.intersect(gt.roi)
    read = Source(gt).within(used, pad=outside == "zero").gt[used]
    subject.tell("context", 0.0)
    return np.asarray(subject.predictor.target_in(read.like(as_tensor(read.data), read.axis_names), box).numpy())


def _grown(box: Roi, growth: int, gt: Array) -> Roi:
    """The box grown by so much on every side, in whole voxels."""
    steps = Coordinate(ceil(growth / v) * v for v in gt.voxel_size)
    return box.grow(steps, steps)


def _apart(target: np.ndarray, other: np.ndarray) -> np.ndarray:
    """By how much two targets differ; infinite where one isn't a number."""
    return np.asarray(np.nan_to_num(np.abs(target - other), nan=np.inf, posinf=np.inf))


def _probes(subject: Subject) -> list[Roi]:
    """The ROI, if it is small and there is ground truth around it; else boxes inside it that have ground truth around them."""
    gt, roi = subject.inspection.request.source.gt, subject.roi
    shape = gt.shape_of(roi)
    room = [gt.roi.begin[a] < roi.begin[a] and roi.end[a] < gt.roi.end[a] for a in range(gt.dims)]
    sides = [min(PROBE, n if around else max(1, n // 2)) for n, around in zip(shape, room, strict=True)]
    begins = [sorted({(n - s) // 2, (n - s) // 4, (n - s) * 3 // 4}) for n, s in zip(shape, sides, strict=True)]
    boxes = [tuple(slice(b, b + s) for b, s in zip(begin, sides, strict=True)) for begin in product(*begins)]
    labels = subject.labels[0][subject.kept]
    boundaries = [int(np.count_nonzero(labels[box][..., 1:] != labels[box][..., :-1])) for box in boxes]
    order = np.argsort(boundaries, kind="stable")
    order = order[[boundaries[i] > 0 for i in order]] if any(boundaries) else order[:1]
    picked = dict.fromkeys(int(order[i]) for i in (-1, len(order) // 2, 0))
    return [subject.inspection.target.roi_of(boxes[i]) for i in picked]
