"""Histograms of targets, totals of classes, and sums per object."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite, tanh

import numpy as np
import torch

from predictor_inspector.inspection.engine.run import Inspection

_VALUES = 1 << 25
"""Values of all channels that are read at once."""

_MEANINGS = {
    "affinity": ("another object", "same object"),
    "one-hot": ("not in the class", "in the class"),
    "descriptor": ("clip", "clip"),
}
"""What the lowest and the highest value say, by the kind of channel."""

_MIDDLES = {"mean offset": "centred", "pearson": "upright"}
"""What the middle of a descriptor's range says, by its group."""


@dataclass(frozen=True)
class Limit:
    """A target value worth marking, and what it means."""

    value: float
    label: str


@dataclass(frozen=True)
class Histogram:
    """How often a channel takes which value in the ROI.

    Attributes
    ----------
    name : str
        The channel.
    edges : numpy.ndarray
        float64, [bins + 1].
    counts : numpy.ndarray
        int64, [bins]: voxels, with or without weight; those without a finite value are in none.
    weights : numpy.ndarray
        float64, [bins]: the sum of their weights, which is what the loss sees.
    limits : tuple of Limit
        Values worth marking: where tanh saturates or descriptors are clipped, and where a boundary is.
    """

    name: str
    edges: np.ndarray
    counts: np.ndarray
    weights: np.ndarray
    limits: tuple[Limit, ...]


def histogram(inspection: Inspection, channel: int, bins: int = 40) -> Histogram:
    """The histogram of a channel's target, over the range that its values can take.

    Raises
    ------
    ValueError
        If there is no such channel, or `bins` isn't positive.
    """
    _check_channel(inspection, channel)
    if bins < 1:
        raise ValueError(f"bins must be at least 1, got {bins}")
    marked = limits(inspection, channel)
    statistics = inspection.statistics[channel]
    ends = [v for v in (statistics.minimum, statistics.maximum, *(m.value for m in marked)) if isfinite(v)] or [0.0]
    low, high = min(ends), max(ends)
    if low == high:
        low, high = low - 0.5, high + 0.5
    edges = np.linspace(low, high, bins + 1)
    counts, sums = np.zeros(bins, dtype=np.int64), np.zeros(bins)
    for slab in _slabs(inspection):
        values = np.asarray(inspection.target.data[(channel, slab)]).ravel()
        weights = np.asarray(inspection.weight.data[(channel, slab)]).ravel()
        finite = np.isfinite(values)
        values, weights = values[finite], weights[finite]
        # The last edge belongs to the last bin.
        which = np.minimum(((values - low) * (bins / (high - low))).astype(np.int64), bins - 1)
        counts += np.bincount(which, minlength=bins)
        sums += np.bincount(which, weights=weights, minlength=bins)
    return Histogram(inspection.channel_names[channel], edges, counts, sums, marked)


def limits(inspection: Inspection, channel: int) -> tuple[Limit, ...]:
    """The values of a channel that mean something: the ends of its range, and what lies in between."""
    described = inspection.channels[channel]
    low, high = described.minimum, described.maximum
    if described.is_distance:
        marks = {low: "tanh limit", 0.0: "boundary", high: "tanh limit"}
        if "scale" in described.roles:
            marks |= {sign * tanh(1): "scale" for sign in ((-1, 1) if described.signed else (1,))}
    elif described.kind in _MEANINGS:
        marks = dict(zip((low, high), _MEANINGS[described.kind], strict=True))
        if described.group in _MIDDLES:
            marks[(low + high) / 2] = _MIDDLES[described.group]
    else:
        marks = {} if described.kind == "constant" else {low: "lowest", high: "highest"}
    return tuple(Limit(value, marks[value]) for value in sorted(marks))


@dataclass(frozen=True)
class ClassTotals:
    """Voxels and weight of a channel's classes.

    Attributes
    ----------
    name : str
        The channel.
    voxels : tuple of int
        Of the negative and the positive class, with or without weight.
    weights : tuple of float
        The total weight of each class.
    """

    name: str
    voxels: tuple[int, int]
    weights: tuple[float, float]

    @property
    def positive_share(self) -> float:
        """The share of the channel's total weight that the positive class holds; 0 if nothing has weight."""
        total = sum(self.weights)
        return self.weights[1] / total if total else 0.0


def class_totals(inspection: Inspection, channel: int) -> ClassTotals:
    """Voxels and total weight of each class of a channel.

    Raises
    ------
    ValueError
        If there is no such channel.
    """
    _check_channel(inspection, channel)
    voxels, weights = np.zeros(2, dtype=np.int64), np.zeros(2)
    for slab in _slabs(inspection):
        # What is positive in one channel may depend on another.
        target = torch.as_tensor(inspection.target.data[:, slab])
        positive = inspection.request.predictor.positive(target)[channel].numpy().ravel().astype(np.int64)
        voxels += np.bincount(positive, minlength=2)
        weights += np.bincount(positive, np.asarray(inspection.weight.data[(channel, slab)]).ravel(), minlength=2)
    counted, heavy = voxels.tolist(), weights.tolist()
    return ClassTotals(inspection.channel_names[channel], (counted[0], counted[1]), (heavy[0], heavy[1]))


@dataclass(frozen=True)
class ObjectSums:
    """Voxels, and sums of target and weight, of each object in the ROI.

    Attributes
    ----------
    names : tuple of str
        The channels.
    ids : numpy.ndarray
        [N]: the objects, background included.
    voxels : numpy.ndarray
        int64, [N].
    targets, weights : numpy.ndarray
        float64, [N, C]: sums over the object's voxels.
    """

    names: tuple[str, ...]
    ids: np.ndarray
    voxels: np.ndarray
    targets: np.ndarray
    weights: np.ndarray


def object_sums(inspection: Inspection) -> ObjectSums:
    """Voxels, and sums of target and weight in every channel, per id of the ground truth in the ROI.

    Raises
    ------
    ValueError
        If the ground truth has several channels, so that a voxel has no one id.
    """
    gt = inspection.gt
    if gt.channel_dims > 1 or (gt.channel_dims == 1 and gt.shape[0] != 1):
        raise ValueError(f"sums per object need ground truth with one id per voxel, but its axes are {gt.axes_text}")
    parts = [_sums_of(inspection, slab) for slab in _slabs(inspection)]
    ids, which = np.unique(np.concatenate([part[0] for part in parts]), return_inverse=True)
    voxels, targets, weights = (
        _added(np.concatenate([part[i] for part in parts]), which.ravel(), len(ids)) for i in (1, 2, 3)
    )
    return ObjectSums(inspection.channel_names, ids, voxels, targets, weights)


def _sums_of(inspection: Inspection, slab: slice) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Ids, voxels, and sums of target and weight in a slab."""
    target, gt = inspection.target, inspection.gt
    whole = target.to_slices(inspection.roi)
    labels = np.asarray(gt[target.roi_of((slab, *whole[1:]))].data)
    ids, which = np.unique(labels, return_inverse=True)
    which, n = which.ravel(), len(ids)
    targets, weights = (
        np.stack([np.bincount(which, c.ravel(), minlength=n) for c in np.asarray(array.data[:, slab])], axis=1)
        for array in (target, inspection.weight)
    )
    return ids, np.bincount(which, minlength=n), targets, weights


def _added(values: np.ndarray, rows: np.ndarray, count: int) -> np.ndarray:
    """The sum of all values with the same row number, [count, …]."""
    total = np.zeros((count, *values.shape[1:]), dtype=values.dtype)
    np.add.at(total, rows, values)
    return total


def _slabs(inspection: Inspection) -> Iterator[slice]:
    """Parts of the ROI along its first axis that are small enough to be read at once: results may lie in files."""
    shape = inspection.target.shape
    step = max(1, _VALUES * shape[1] // max(1, int(np.prod(shape))))
    for begin in range(0, shape[1], step):
        yield slice(begin, min(begin + step, shape[1]))


def _check_channel(inspection: Inspection, channel: int) -> None:
    count = len(inspection.channel_names)
    if not 0 <= channel < count:
        raise ValueError(f"channel must lie in 0 … {count - 1}, got {channel}")
