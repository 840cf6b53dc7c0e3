"""Subjects of checks: ground truth and mask as opened, and an inspection with derived data.

What is derived is computed when a check first asks for it, and kept for the others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
import torch
from funlib.geometry import Roi

from predictor_inspector.core.array import Array
from predictor_inspector.core.channels import Channel
from predictor_inspector.core.ground_truth import annotated
from predictor_inspector.core.labels import as_labels
from predictor_inspector.core.ops.regions import pairs
from predictor_inspector.core.predictor import Predictor
from predictor_inspector.core.text import length
from predictor_inspector.inspection.engine.run import Inspection, Progress
from predictor_inspector.inspection.findings.components import Components, dilated
from predictor_inspector.inspection.findings.finding import Cure, Finding, Kind, Severity, VoxelSet

T = TypeVar("T")

SAMPLE, MARGIN = 160, 32  # voxels a side of the middle of larger regions, where objects are measured, and around it
MOST = 8  # up to so many objects get a finding each; more are summed up in one


class Inputs:
    """Ground truth and mask with the values and types that they have where they come from."""

    def __init__(self, gt: Array, mask: Array | None = None, ignored: Iterable[int] = ()) -> None:
        self.gt, self.mask = gt, mask
        self.ignored = frozenset(ignored)
        """Ids that the predictor leaves out."""

    @cached_property
    def gt_values(self) -> np.ndarray:
        """The ground truth's values in the machine's byte order, [C, Z, Y, X] or [Z, Y, X]."""
        return _native(self.gt.numpy())

    @cached_property
    def mask_values(self) -> np.ndarray | None:
        """The mask's values, or None."""
        return None if self.mask is None else _native(self.mask.numpy())

    def finding(
        self,
        kind: Kind,
        severity: Severity,
        message: str,
        advice: str = "",
        where: np.ndarray | None = None,
        numbers: Mapping[str, Any] | None = None,
        of: Array | None = None,
        cure: Cure | None = None,
        channels: Iterable[str] = (),
    ) -> Finding:
        """A finding about the values of an array (the ground truth by default) that are True in `where`, or all of them.

        Its advice is the remedy of its kind, unless there is a better one.
        """
        array = self.gt if of is None else of
        place = None if where is None else VoxelSet.of(where, array, array.offset)
        place = place or VoxelSet.box(array.roi, array)
        return Finding(kind.id, severity, message, advice or kind.remedy, tuple(channels), place, numbers or {}, cure)


class Subject:
    """An inspection and what checks derive from it; `stopped` once the listener to the progress has cancelled."""

    def __init__(self, inspection: Inspection, progress: Progress | None = None) -> None:
        self.inspection, self._progress, self.stopped = inspection, progress, False
        self.inputs = Inputs(inspection.gt, inspection.mask, ignored_ids(inspection.request.predictor))
        self.predictor = inspection.request.predictor
        self.channels, self.statistics = inspection.channels, inspection.statistics
        self.roi, self.voxel_size = inspection.roi, inspection.gt.physical_voxel_size
        self._derived: dict[Callable[[Subject], Any], Any] = {}

    def tell(self, step: str, fraction: float) -> None:
        """Report progress; the listener may raise to cancel."""
        if self._progress is not None:
            self.stopped = True  # unless it returns
            self._progress(step, fraction)
            self.stopped = False

    @property
    def has_classes(self) -> bool:
        """Whether ids are those of classes rather than of objects."""
        return any(channel.label is not None for channel in self.channels)

    @property
    def teaches_nothing(self) -> bool:
        """Whether every channel is constant, and meant to be."""
        return all(channel.kind == "constant" for channel in self.channels)

    @cached_property
    def kept(self) -> tuple[slice, ...]:
        """The ROI in the ground truth that was read."""
        return self.inspection.gt.to_slices(self.roi)

    @cached_property
    def target(self) -> np.ndarray:
        """float32, [C, Z, Y, X], on the ROI."""
        return self.inspection.target.numpy()

    @cached_property
    def weight(self) -> np.ndarray:
        """float32, [C, Z, Y, X], on the ROI."""
        return self.inspection.weight.numpy()

    @cached_property
    def positive(self) -> np.ndarray:
        """Which voxels are of the positive class: boolean, [C, Z, Y, X], on the ROI."""
        return np.asarray(self.predictor.positive(torch.from_numpy(self.target)).numpy())

    @cached_property
    def labels(self) -> np.ndarray:
        """The ids that were read, context included, as predictors see them: [channels, Z, Y, X], always with that axis."""
        labels = np.asarray(as_labels(self.inputs.gt_values))
        return labels.reshape(-1, *labels.shape[-self.inspection.gt.dims :])

    def labels_of(self, channel: Channel) -> np.ndarray:
        """The ids that were read of which a channel is made: [Z, Y, X]."""
        ids: np.ndarray = self.labels[min(channel.source, len(self.labels) - 1)]
        return ids

    @cached_property
    def middle_roi(self) -> Roi:
        """The middle of the ROI, at most `SAMPLE` voxels a side, and `MARGIN` voxels of the data around it."""
        gt = self.inspection.request.source.gt
        around = [
            slice(max(0, s.start - MARGIN), min(n, s.stop + MARGIN))
            for s, n in zip(self._middle, gt.spatial_shape, strict=True)
        ]
        return gt.roi_of(around)

    @cached_property
    def middle(self) -> tuple[np.ndarray, tuple[slice, ...]]:
        """Ids in `middle_roi`, [Z, Y, X], and the slices of the middle in them.

        They are the same whatever context a predictor reads, so that what is derived from them doesn't depend on it.
        """
        gt = self.inspection.request.source.gt
        ids = np.asarray(gt[self.middle_roi].numpy())
        ids = _native(ids.reshape(-1, *ids.shape[-gt.dims :])[0])
        labels = np.asarray(as_labels(np.maximum(ids, 0) if ids.dtype.kind == "i" else ids))
        begins = [span.start for span in gt.to_slices(self.middle_roi)]
        inside = tuple(slice(s.start - b, s.stop - b) for s, b in zip(self._middle, begins, strict=True))
        return labels, inside

    @cached_property
    def _middle(self) -> list[slice]:
        """Voxels of the ground truth in the middle of the ROI."""
        spans = []
        for kept in self.inspection.request.source.gt.to_slices(self.roi):
            cut = max(0, kept.stop - kept.start - SAMPLE)
            spans.append(slice(kept.start + cut // 2, kept.stop - (cut - cut // 2)))
        return spans

    @cached_property
    def known(self) -> np.ndarray:
        """Which voxels that were read are annotated: boolean, [1 or the mask's channels, Z, Y, X]."""
        gt, mask = self.inspection.gt, self.inspection.mask
        channels = mask.shape[0] if mask is not None and mask.channel_dims else 1
        return np.asarray(annotated(mask, gt.roi, gt, channels).cpu())

    def known_in(self, channel: Channel) -> np.ndarray:
        """Which voxels that were read are annotated for a channel: boolean, [Z, Y, X]."""
        part: np.ndarray = self.known[min(channel.mask_channel, len(self.known) - 1)]
        return part

    @cached_property
    def all_known(self) -> bool:
        """Whether everything that was read is annotated."""
        return self.inspection.mask is None or bool(self.known.all())

    @cached_property
    def has_objects(self) -> bool:
        """Whether an id stands for one object: there is one array of more than one id, and they aren't classes."""
        return len(self.labels) == 1 and not self.has_classes and len(self.components.ids) > 1

    @cached_property
    def components(self) -> Components:
        """The connected components of the first channel's objects, context included."""
        return Components.of(self.labels[0])

    @cached_property
    def data_box(self) -> tuple[slice, ...]:
        """The part of what was read that lies within the data; all of it unless it was padded."""
        return self.inspection.gt.to_slices(self.inspection.gt.roi.intersect(self.inspection.regions.data))

    @cached_property
    def in_data(self) -> np.ndarray:
        """Which voxels that were read lie within the data: boolean, [Z, Y, X]."""
        inside = np.zeros(self.labels.shape[1:], dtype=bool)
        inside[self.data_box] = True
        return inside

    @cached_property
    def open_components(self) -> np.ndarray:
        """Components at the border of what was read or of what is annotated: they may go on there. Boolean, [P + 1]."""
        found = self.components.at_border(self.data_box)
        if not self.all_known:
            unknown = np.asarray(~self.known.all(0))
            found |= self.components.among(self.components.volume[dilated(unknown)])
        return found

    @cached_property
    def seen(self) -> np.ndarray:
        """Which of the objects have a voxel in the ROI: boolean, [L]."""
        return self.components.of_objects(self.components.inside(self.kept))

    @cached_property
    def whole(self) -> np.ndarray:
        """Which of the objects seen end within what was read, so that their size is known: boolean, [L]."""
        found: np.ndarray = self.seen & ~self.components.of_objects(self.open_components)
        return found

    def derived(self, derive: Callable[[Subject], T]) -> T:
        """What a function derives from this subject, computed once for all checks that need it."""
        if derive not in self._derived:
            self._derived[derive] = derive(self)
        found: T = self._derived[derive]
        return found

    def finding(
        self,
        kind: Kind,
        severity: Severity,
        message: str,
        advice: str = "",
        channels: Iterable[str] = (),
        where: np.ndarray | VoxelSet | None = None,
        numbers: Mapping[str, Any] | None = None,
        cure: Cure | None = None,
    ) -> Finding:
        """A finding about the channels of these names; its advice is its kind's unless there is a better one.

        It is about all of the ROI, or about the voxels that are True in `where`, [Z, Y, X], on the ROI or on all that was read.
        """
        gt = self.inspection.gt
        if isinstance(where, np.ndarray):
            begin = self.roi.begin if where.shape == gt.shape_of(self.roi) else gt.offset
            where = VoxelSet.of(where, gt, begin)
        place = where or VoxelSet.box(self.roi, gt)
        return Finding(kind.id, severity, message, advice or kind.remedy, tuple(channels), place, numbers or {}, cure)

    def length(self, value: float) -> str:
        """A length in the data's unit, for messages."""
        return length(float(f"{value:.3g}"), self.inspection.gt.unit)


def ignored_ids(predictor: Predictor) -> frozenset[int]:
    """The ids that a predictor leaves out."""
    found = (predictor.value_of(channel, "ignore") for channel in predictor.describe_channels())
    return frozenset(number for number in found if number is not None)


def either(count: int, one: str, many: str) -> str:
    """The word that goes with a number of things."""
    return one if count == 1 else many


def each_or_all(things: Sequence[T], one: Callable[[Sequence[T]], Finding]) -> Iterator[Finding]:
    """A finding for each of a few things, or one for all of them if they are many."""
    if len(things) > MOST:
        yield one(things)
    else:
        yield from (one([thing]) for thing in things)


def of_partner(subject: Subject, offset: Sequence[int], flags: np.ndarray) -> np.ndarray:
    """Whether the partner of each voxel of the ROI is True in `flags`, which covers what was read; False beyond that."""
    result = np.zeros(flags[subject.kept].shape, dtype=bool)
    found = pairs(offset, flags.shape, subject.kept)
    if found is not None:
        _, there, kept = found
        result[kept] = flags[there]
    return result


def _native(values: np.ndarray) -> np.ndarray:
    return values.astype(values.dtype.newbyteorder("="), copy=False)
