"""`PredictorDataset`: samples of a training for torch's `DataLoader`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from math import prod
from typing import Any

import numpy as np
import torch
from funlib.geometry import Roi

from predictor_inspector.core.array import Array, whole_numbers
from predictor_inspector.core.labels import as_labels, as_tensor
from predictor_inspector.core.ops.class_balance import ClassCounts
from predictor_inspector.core.predictor import Predictor
from predictor_inspector.core.text import format_region, format_shape, percent
from predictor_inspector.data.geometry import counts_factor
from predictor_inspector.data.source import Source
from predictor_inspector.inspection.engine.run import Request

_TRIES = 1000
"""Places that are tried for one that is annotated enough."""

Augment = Callable[[Any, Any, Any, np.random.Generator], tuple[Any, Any, Any]]


class PredictorDataset(torch.utils.data.Dataset[dict[str, Any]]):
    """Raw data, targets and weights of regions, listed or at random places.

    A sample is a dict of tensors: ``raw``, [C, …] of `raw_shape`, if its source has raw data; ``target`` and ``weight``,
    float32, [C, …] of `shape`; and ``counts``, the `ClassCounts` of this sample, which add up in a batch. The same `seed`,
    epoch and index give the same bits in whichever worker: so classes are balanced over the sample and `counts`, not over
    what a worker has seen before.

    Parameters
    ----------
    predictor : Predictor
        Makes targets and weights.
    sources : sequence of Source
        Ground truth, mask and raw data, opened: `open_source`.
    shape, raw_shape : sequence of int
        Voxels of the target and of the raw data around its centre, as a model's `output_shape` and `input_shape`; both the
        same by default. Raw data may have voxels of their own: of random places, those where they begin with a whole one.
    length : int
        Samples in an epoch, if places are random: sources by their sizes, then everywhere inside the data alike.
    regions : sequence of (int, Roi), optional
        Numbers of sources and ROIs, in place of random ones.
    annotated : float
        The least fraction of a random region that the mask must say is annotated.
    augment : callable, optional
        ``augment(raw, labels, mask, random)`` returns the first three changed, arrays of the same shapes, before targets are
        made of them; `raw` and `mask` are None where there are none. Ground truth then reaches as far on all sides, with 0
        that isn't annotated beyond the data.
    counts : ClassCounts, optional
        Of earlier regions, to which those of each sample are added.
    seed : int
        Of places and augmentations.
    """

    def __init__(
        self,
        predictor: Predictor,
        sources: Sequence[Source],
        shape: Sequence[int],
        raw_shape: Sequence[int] | None = None,
        length: int = 1000,
        regions: Sequence[tuple[int, Roi]] | None = None,
        annotated: float = 0.0,
        augment: Augment | None = None,
        counts: ClassCounts | None = None,
        seed: int = 0,
    ) -> None:
        self.predictor, self.sources, self.regions, self.augment = predictor, list(sources), regions, augment
        self.shape = whole_numbers(shape, "shape")
        self.raw_shape = self.shape if raw_shape is None else whole_numbers(raw_shape, "raw_shape")
        self.length = length if regions is None else len(regions)
        self.annotated, self.counts, self.seed, self.epoch = annotated, counts, seed, 0
        if regions is None:
            self._starts = [self._starts_in(source) for source in self.sources]
            self._places = np.array([prod(map(len, starts)) for starts in self._starts], dtype=float)
        if regions is None and not self._places.any():
            raise ValueError(f"shape {format_shape(self.shape)} is larger than the ground truth of every source")

    def __len__(self) -> int:
        return self.length

    def set_epoch(self, epoch: int) -> None:
        """Choose other random places; before workers are started, which have a copy each."""
        self.epoch = epoch

    def region(self, index: int) -> tuple[Source, Roi]:
        """The source and the ROI of a sample; ``ValueError`` if no random place is annotated enough."""
        if not 0 <= index < self.length:
            raise IndexError(f"index must lie in 0 … {self.length - 1}, got {index}")
        if self.regions is not None:
            number, roi = self.regions[index]
            return self.sources[number], roi
        random = self._random(index, 0)
        for _ in range(_TRIES):
            number = random.choice(len(self.sources), p=self._places / self._places.sum())
            source = self.sources[number]
            begin = [starts[random.integers(len(starts))] for starts in self._starts[number]]
            roi = source.gt.roi_of([slice(b, b + s) for b, s in zip(begin, self.shape, strict=True)])
            known = source.within(roi).mask if self.annotated > 0 else None
            if known is None or np.mean(known[roi].numpy() != 0) >= self.annotated:
                return source, roi
        raise ValueError(
            f"none of {_TRIES} random regions of {format_shape(self.shape)} voxels is annotated to {percent(self.annotated)}"
        )

    def __getitem__(self, index: int) -> dict[str, Any]:
        source, roi = self.region(index)
        request = Request(self.predictor, source, roi)
        region, used = request.regions.read_region, request.used_source
        if self.augment is not None:
            region = request.regions.padding_region
            used = source.within(region, pad=True)
        gt, mask = used.gt[region], None if used.mask is None else used.mask[region]
        raw = None if source.raw is None else self._raw(source.raw, source.gt, roi)
        if self.augment is not None:
            raw, gt, mask = self._augmented(raw, gt, mask, self._random(index, 1))
        gt = gt.like(as_labels(gt.data), gt.axis_names)  # once, for target and weights
        target = self.predictor.create_target(gt)[roi]
        weight, counts = self.predictor.create_weight(gt, target, mask, self.counts)
        sample = {"target": target.data, "weight": weight.data}
        if raw is not None:
            values = as_tensor(raw.data)
            sample["raw"] = values if raw.channel_dims else values[None]
        if isinstance(counts, ClassCounts):
            sample["counts"] = counts if self.counts is None else counts - self.counts
        return sample

    def _random(self, index: int, purpose: int) -> np.random.Generator:
        return np.random.default_rng((self.seed, self.epoch, index, purpose))

    def _starts_in(self, source: Source) -> list[range]:
        """Where random regions may begin, in voxels along each axis: where raw data around them are whole voxels."""
        gt, raw = source.gt, source.raw
        lasts = [n - size for n, size in zip(gt.spatial_shape, self.shape, strict=True)]
        if raw is None:
            return [range(last + 1) for last in lasts]
        starts = []
        for axis, begin in enumerate(self._raw_begin(raw, gt, gt.roi_of([slice(0, n) for n in self.shape]))):
            pace = gt.voxel_size[axis] * counts_factor(gt, raw, "raw") / raw.voxel_size[axis]
            first = next((n for n in range(pace.denominator) if (begin + n * pace).denominator == 1), None)
            if first is None:
                raise ValueError(
                    f"raw data of {format_shape(self.raw_shape)} voxels can't have the same centre as regions of "
                    f"{format_shape(self.shape)}: along {gt.spatial_axes[axis]} they would begin within a voxel; make "
                    "raw_shape a voxel larger there"
                )
            starts.append(range(first, lasts[axis] + 1, pace.denominator))
        return starts

    def _raw_begin(self, raw: Array, gt: Array, roi: Roi) -> list[Fraction]:
        """Where raw data around a region of the ground truth begin, in voxels of their own."""
        factor = counts_factor(gt, raw, "raw")
        middles = [(begin + end) * factor / 2 for begin, end in zip(roi.begin, roi.end, strict=True)]
        axes = zip(middles, raw.offset, raw.voxel_size, self.raw_shape, strict=True)
        return [(middle - offset) / voxel - Fraction(n, 2) for middle, offset, voxel, n in axes]

    def _raw(self, raw: Array, gt: Array, roi: Roi) -> Array:
        begin = self._raw_begin(raw, gt, roi)
        if any(number.denominator > 1 for number in begin):
            raise ValueError(
                f"raw data of {format_shape(self.raw_shape)} voxels can't have the same centre as the region "
                f"{format_region(roi, gt)}: they would begin within a voxel; make raw_shape a voxel larger, or move the region"
            )
        return raw.read(raw.roi_of([slice(int(b), int(b) + n) for b, n in zip(begin, self.raw_shape, strict=True)]))

    def _augmented(
        self, raw: Array | None, gt: Array, mask: Array | None, random: np.random.Generator
    ) -> tuple[Array | None, Array, Array | None]:
        assert self.augment is not None
        before = [raw, gt, mask]
        given = [None if array is None else array.numpy().copy() for array in before]
        made = self.augment(given[0], given[1], given[2], random)
        after: list[Any] = []
        for name, array, values in zip(("raw", "labels", "mask"), before, made, strict=True):
            if array is not None and np.shape(values) != array.shape:
                raise ValueError(f"augment must keep the shape of {name}, {array.shape}, got {np.shape(values)}")
            after.append(None if array is None else array.like(np.ascontiguousarray(values), array.axis_names))
        return after[0], after[1], after[2]
