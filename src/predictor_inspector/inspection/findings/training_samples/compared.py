"""`ComparedSample`: a training sample, and what a predictor makes of its labels."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import prod
from typing import Any, TypeVar

import numpy as np
from funlib.geometry import Coordinate, Roi

from predictor_inspector.core.array import Array
from predictor_inspector.core.predictor import Predictor
from predictor_inspector.core.text import format_shape, listed
from predictor_inspector.data.resample import on_grid
from predictor_inspector.data.source import Source
from predictor_inspector.data.training_samples import TrainingSample
from predictor_inspector.inspection.engine.run import Inspection, Request, run
from predictor_inspector.inspection.findings.finding import Cure, Finding, Kind, Severity, VoxelSet
from predictor_inspector.inspection.findings.training_samples.transformations import Transformation

_Found = TypeVar("_Found")

_BLOCK = 2**16
"""Voxels of the part of a target in which conventions are tried."""


AGREE = 0.999
"""Share of values that must be equal for two targets to be the same."""

TOLERANCE = 4e-3
"""Up to which targets in a range of 1 are the same."""


class NotComparable(ValueError):
    """There is nothing to compare, and this is why."""


@dataclass(frozen=True)
class Made:
    """What a predictor makes of labels, [C, Z, Y, X]: the target, float32, and which values of it are sure.

    `sure` are those that don't depend on what lies beyond the labels, `inner` those that don't depend on what lies beyond
    the pipeline's target either.
    """

    target: np.ndarray
    sure: np.ndarray
    inner: np.ndarray

    def of_channels(self, channels: Sequence[int]) -> Made:
        """Some of the channels, in this order."""
        return Made(*(values[list(channels)] for values in (self.target, self.sure, self.inner)))


class ComparedSample:
    """A sample of a pipeline, counted from 0 as `index`, beside what `predictor` makes of the same labels.

    What is derived is computed when it is first asked for. Without a predictor, or labels and a target, nothing is compared;
    `refused` says why, and is empty where something is.
    """

    def __init__(self, index: int, sample: TrainingSample, predictor: Predictor | None = None) -> None:
        self.index, self.sample, self.predictor = index, sample, predictor
        self._found: dict[Hashable, Any] = {}

    def once(self, key: Hashable, find: Callable[[], _Found]) -> _Found:
        """What `find` gives, looked for only once under a key, however often samples are checked as more of them come."""
        if key not in self._found:
            self._found[key] = find()
        found: _Found = self._found[key]
        return found

    @cached_property
    def labels(self) -> Array | None:
        """Labels as ids: those of a floating-point type as integers, or None if they hold fractions."""
        labels = self.sample.labels
        if labels is None:
            return None
        values = labels.numpy()
        if values.dtype.kind != "f":
            return labels
        whole = np.isfinite(values).all() and bool((values == np.rint(values)).all())
        return labels.like(values.astype(np.int64), labels.axis_names) if whole else None

    @cached_property
    def ids(self) -> np.ndarray | None:
        """The ids, [Z, Y, X]; None if there are no labels of whole numbers, or there are several channels."""
        return None if self.labels is None or self.labels.channel_dims else self.labels.numpy()

    @cached_property
    def refused(self) -> str:
        """Why nothing is compared, in a sentence; empty where something is."""
        try:
            self._comparable()
        except ValueError as error:
            return str(error)
        return ""

    @cached_property
    def ours(self) -> Inspection | None:
        """What the predictor makes of the labels, where the pipeline's target lies; all of them where it gives none."""
        if self.predictor is None or self.labels is None:
            return None
        target = self.sample.target
        roi = self.labels.roi if target is None else target.roi.intersect(self.labels.roi)
        try:
            return run(Request(self.predictor, Source(self.labels, self.sample.mask), roi, "cpu"))
        except ValueError:
            return None

    @property
    def ours_roi(self) -> Roi:
        """Where the two are compared."""
        assert self.ours is not None
        return self.ours.roi

    @cached_property
    def theirs(self) -> Array:
        """The pipeline's target where ours lies, float32; `NotComparable` where there is nothing to compare."""
        self._comparable()
        assert self.sample.target is not None
        assert self.ours is not None
        part = self.sample.target[self.ours.roi]
        return part.like(part.numpy().astype(np.float32), ("c^", *part.spatial_axes))

    @cached_property
    def their_weight(self) -> np.ndarray | None:
        """The pipeline's weights there, [1 or C, Z, Y, X]; None if it gives none on the grid of its target."""
        weight = self.sample.weight
        if weight is None or self.ours is None or not weight.roi.contains(self.ours.roi):
            return None
        try:
            values = weight[self.ours.roi].numpy()
        except ValueError:
            return None
        return values if len(values) in (1, len(self.theirs.data)) else values[:1]

    @cached_property
    def difference(self) -> Array | None:
        """Theirs minus ours, float32, [C, Z, Y, X]; None where they can't be subtracted."""
        if self.refused or self.ours is None or len(self.theirs.data) != self.ours.target.shape[0]:
            return None
        return self.theirs.like(self.theirs.data - self.ours.target.numpy(), self.theirs.axis_names)

    @cached_property
    def differing(self) -> np.ndarray:
        """Which values differ by more than half precision, where they have weight: boolean, [C, Z, Y, X].

        All of them where they can't be subtracted.
        """
        if self.difference is None:
            return np.ones(self.theirs.shape, dtype=bool)
        apart: np.ndarray = ~(np.abs(self.difference.numpy()) <= TOLERANCE) & self.weighted_in(self.ours_roi)
        return apart

    @cached_property
    def differing_share(self) -> float | None:
        """The share of the target's values with weight that differ from ours; None if they can't be subtracted."""
        if self.difference is None:
            return None
        weighted = np.broadcast_to(self.weighted_in(self.ours_roi), self.difference.shape)
        return float(np.mean(self.differing[weighted])) if weighted.any() else 0.0

    @cached_property
    def whole(self) -> Made:
        """What the predictor makes wherever targets are compared."""
        assert self.predictor is not None
        return self.made(self.predictor, self.ours_roi)

    @cached_property
    def is_ours(self) -> bool:
        """Whether the target is ours, where it doesn't depend on what lies beyond it."""
        if self.difference is None:
            return False
        compared = self.whole.inner & self.weighted_in(self.ours_roi)
        return bool(np.count_nonzero(self.differing & compared) <= (1 - AGREE) * np.count_nonzero(compared))

    @cached_property
    def block(self) -> Roi:
        """The part of what is compared in which conventions are tried, about the middle of where values differ."""
        shape = tuple(self.theirs.spatial_shape)
        sides = list(shape)
        while prod(sides) > _BLOCK and max(sides) > 1:
            longest = int(np.argmax(sides))
            sides[longest] = sides[longest] * 7 // 8
        middle = [n // 2 for n in shape]
        if self.difference is not None and (differing := self.differing & self.whole.inner).any():
            middle = [int(np.median(places)) for places in np.nonzero(differing.any(0))]
        begin = [min(max(0, m - s // 2), n - s) for m, s, n in zip(middle, sides, shape, strict=True)]
        return self.theirs.roi_of([slice(b, b + s) for b, s in zip(begin, sides, strict=True)])

    def theirs_in(self, roi: Roi) -> np.ndarray:
        """The pipeline's target in a part of what is compared, [C, Z, Y, X]."""
        return np.asarray(self.theirs[roi].data)

    def weighted_in(self, roi: Roi) -> np.ndarray:
        """Which values there are annotated and have weight as far as the pipeline says: boolean, [1 or C, Z, Y, X]."""
        assert self.ours is not None
        weighted = np.ones((1, *self.theirs.shape_of(roi)), dtype=bool)
        if self.their_weight is not None:
            weight = self.theirs.like(self.their_weight, self.theirs.axis_names)
            weighted = weighted & (np.asarray(weight[roi].data) > 0)
        mask = self.sample.mask
        if mask is not None:
            known = on_grid(mask, roi, self.theirs).numpy() != 0
            weighted = weighted & known.reshape(-1, *known.shape[-self.theirs.dims :]).any(0)
        return weighted

    def made(
        self, predictor: Predictor, roi: Roi, transformation: Transformation | None = None, moved: bool = True
    ) -> Made:
        """What `predictor` makes of the labels in `roi`, a part of what is compared.

        With a transformation: what it makes of the labels before that, and moved with them; with flips only, it may be not
        `moved`.
        """
        labels = self.labels
        assert labels is not None
        if transformation is not None and not moved:
            made = self.made(
                predictor, transformation.mirrored(roi, labels.roi).intersect(self.ours_roi), transformation
            )
            return Made(*(transformation.of(values) for values in (made.target, made.sure, made.inner)))
        padding = predictor.padding(labels.voxel_size, labels.subdivision)
        region = roi.grow(padding, padding).intersect(labels.roi)
        target, sure = _made(predictor, labels[region], roi, transformation)
        inner, cropped = sure, region.intersect(self.ours_roi)
        if cropped != region:
            _, inner = _made(predictor, labels[cropped], roi, transformation)
            inner = inner & self._far_from_border(predictor, roi, padding)
        return Made(target, sure, inner)

    def _far_from_border(self, predictor: Predictor, roi: Roi, padding: Coordinate) -> np.ndarray:
        """Where channels that no mask takes weight from have all their context within the target: boolean, [C, Z, Y, X].

        True everywhere if that is nowhere.
        """
        assert self.ours is not None
        channels = predictor.describe_channels()
        far = np.ones((len(channels), *self.theirs.shape_of(roi)), dtype=bool)
        middle = self.ours.roi.grow(-padding, -padding)
        if not middle.empty and not middle.intersect(roi).empty:
            inside = np.zeros(far.shape[1:], dtype=bool)
            part = self.theirs[roi]
            inside[part.to_slices(middle.intersect(roi))] = True
            far[[n for n, channel in enumerate(channels) if "mask" not in channel.roles]] = inside
        return far

    def _comparable(self) -> None:
        sample, predictor = self.sample, self.predictor
        if predictor is None:
            raise NotComparable("there is no predictor to compare with")
        if sample.target is None:
            raise NotComparable("the pipeline gives no target, so there is nothing to compare")
        if sample.labels is None:
            raise NotComparable("the pipeline gives no labels, so no target can be made to compare with")
        labels, target = self.labels, sample.target
        if labels is None:
            raise NotComparable("labels hold fractions, which no object has as its id")
        if (labels.unit, labels.subdivision, labels.voxel_size) != (
            target.unit,
            target.subdivision,
            target.voxel_size,
        ):
            raise NotComparable(
                f"the target has voxels of {format_shape(target.physical_voxel_size)} {target.unit}, the labels "
                f"of {format_shape(labels.physical_voxel_size)} {labels.unit}"
            )
        if not (labels.offset - target.offset).is_multiple_of(labels.voxel_size):
            raise NotComparable("the target's voxels lie a part of a voxel off those of the labels")
        common = target.roi.intersect(labels.roi)
        if common.empty:
            raise NotComparable("target and labels don't overlap")
        if self.ours is None:
            # Says what it is that the predictor refuses.
            run(Request(predictor, Source(labels, sample.mask), common, "cpu"))


@dataclass(frozen=True)
class SamplesSubject:
    """The samples that a pipeline has given so far, in their order.

    Findings have the numbers of the samples that they are about among theirs, as ``"samples"``.
    """

    samples: Sequence[ComparedSample]

    @property
    def is_of_classes(self) -> bool:
        """Whether ids are those of classes rather than of objects, by the predictor."""
        predictors = [s.predictor for s in self.samples[:1] if s.predictor is not None]
        return any(channel.label is not None for predictor in predictors for channel in predictor.describe_channels())

    def finding(
        self,
        kind: Kind,
        severity: Severity,
        message: str,
        samples: Iterable[ComparedSample],
        where: np.ndarray | VoxelSet | None = None,
        of: Array | None = None,
        channels: Iterable[str] = (),
        numbers: Mapping[str, Any] | None = None,
        cure: Cure | None = None,
        advice: str = "",
    ) -> Finding:
        """A finding about samples, at the first of them.

        It is about the voxels that are True in `where`, [Z, Y, X], or [C, Z, Y, X] in any channel, on the grid of `of`.
        """
        samples = tuple(samples)
        grid = of if of is not None else next(iter(samples[0].sample.arrays.values()))
        if isinstance(where, np.ndarray):
            where = VoxelSet.of(where, grid, grid.offset)
        place = where or VoxelSet.box(grid.roi, grid)
        told = {"samples": [s.index for s in samples], **(numbers or {})}
        return Finding(kind.id, severity, message, advice or kind.remedy, tuple(channels), place, told, cure)


def samples_of(finding: Finding) -> tuple[int, ...]:
    """The numbers of the samples that a finding about a pipeline is about."""
    return tuple(finding.numbers.get("samples", ()))


def named(samples: Sequence[ComparedSample]) -> str:
    """Samples in a sentence: ``"sample 3"``, ``"samples 0, 3 and 5"``."""
    return f"sample{'s' * (len(samples) > 1)} {listed([s.index for s in samples], 6)}"


def _made(
    predictor: Predictor, gt: Array, roi: Roi, transformation: Transformation | None
) -> tuple[np.ndarray, np.ndarray]:
    """Target and sure values in `roi` from the labels in `gt`."""
    before = gt if transformation is None else transformation.undone(gt)
    target = predictor.create_target(before)
    # What lies beyond isn't annotated.
    padding = predictor.padding(before.voxel_size, before.subdivision)
    around = before.roi.grow(padding, padding)
    known = before.like(np.ones(tuple(before.spatial_shape), np.uint8), before.spatial_axes).read(around)
    weight, _ = _strict(predictor).create_weight(before.read(around), target, known)
    values, sure = target.numpy(), weight.numpy() > 0
    if transformation is not None:
        values, sure = transformation.of(values), transformation.of(sure)
    kept = (slice(None), *gt.to_slices(roi))
    return values[kept], sure[kept]


def _strict(predictor: Predictor) -> Predictor:
    """The predictor with everything on that takes weight from what depends on the unknown."""
    names = {channel.roles["mask"] for channel in predictor.describe_channels() if "mask" in channel.roles}
    return replace(predictor, **dict.fromkeys(names, True)) if names else predictor  # type: ignore[type-var]
