"""Histograms of targets, and sums per object."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite, tanh

import numpy as np

from predictor_inspector.inspection.engine.run import Inspection
from predictor_inspector.inspection.engine.statistics import ChannelStatistics

_VALUES = 1 << 25
"""Values of all channels that are read at once."""

_MEANINGS = {
    "affinity": ("another object", "same object"),
    "boundary": ("elsewhere", "boundary"),
    "depth": ("background", "deepest"),
    "flow": ("back", "on"),
    "ray": ("background", "largest"),
    "ray 3-D": ("background", "largest"),
    "one-hot": ("not in the class", "in the class"),
    "descriptor": ("clip", "clip"),
}
"""What the lowest and the highest value mean, by the kind of channel."""

_MIDDLES = {"mean offset": "centred", "pearson": "upright"}
"""What the middle of a descriptor's range means, by its group."""


@dataclass(frozen=True)
class Limit:
    """A target value worth marking, and what it means."""

    value: float
    label: str


@dataclass(frozen=True)
class Histogram:
    """How often a channel takes which value in the ROI.

    `edges` are float64, [bins + 1]. `counts`, int64, [bins], are of voxels with and without weight; those without a finite
    value are in no bin. `weights`, float64, [bins], are sums of the voxels' weights, which is what the loss sees.
    """

    statistics: ChannelStatistics
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
    channels = len(inspection.channels)
    if not 0 <= channel < channels:
        raise ValueError(f"channel must lie in 0 … {channels - 1}, got {channel}")
    if bins < 1:
        raise ValueError(f"bins must be at least 1, got {bins}")
    marked, statistics = limits(inspection, channel), inspection.statistics[channel]
    ends = [v for v in (statistics.minimum, statistics.maximum, *(m.value for m in marked)) if isfinite(v)] or [0.0]
    low, high = min(ends), max(ends)
    if low == high:
        low, high = low - 0.5, high + 0.5
    counts, sums = np.zeros(bins, dtype=np.int64), np.zeros(bins)
    for slab in _slabs(inspection):
        values, weights = (np.asarray(a.data[(channel, slab)]).ravel() for a in (inspection.target, inspection.weight))
        known = np.isfinite(values)
        # The last edge belongs to the last bin.
        which = np.minimum(((values[known] - low) * (bins / (high - low))).astype(np.int64), bins - 1)
        counts += np.bincount(which, minlength=bins)
        sums += np.bincount(which, weights=weights[known], minlength=bins)
    return Histogram(statistics, np.linspace(low, high, bins + 1), counts, sums, marked)


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
class ObjectSums:
    """Voxels, int64, [N], and sums of target and weight, float64, [N, C], of each object in the ROI.

    `names` are those of the channels, and `ids`, [N], those of the objects, background included.
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
    some_ids, some_sums = zip(*(_sums_of(inspection, slab) for slab in _slabs(inspection)), strict=True)
    ids, rows = np.unique(np.concatenate(some_ids), return_inverse=True)
    sums = np.zeros((len(ids), some_sums[0].shape[1]))
    np.add.at(sums, rows.ravel(), np.concatenate(some_sums))
    targets, weights = np.split(sums[:, 1:], 2, axis=1)
    return ObjectSums(inspection.channel_names, ids, sums[:, 0].astype(np.int64), targets, weights)


def _sums_of(inspection: Inspection, slab: slice) -> tuple[np.ndarray, np.ndarray]:
    """Ids in a slab, and the sums of each: float64, [ids, 1 + 2 C], its voxels, targets and weights."""
    target, weight = inspection.target, inspection.weight
    part = target.roi_of((slab, *target.to_slices(inspection.roi)[1:]))
    ids, which = np.unique(np.asarray(inspection.gt[part].data), return_inverse=True)
    values = (values.ravel() for array in (target, weight) for values in np.asarray(array.data[:, slab]))
    columns = [np.bincount(which.ravel(), v, minlength=len(ids)) for v in (np.ones(which.size), *values)]
    return ids, np.stack(columns, axis=1)


def _slabs(inspection: Inspection) -> Iterator[slice]:
    """Parts of the ROI along its first axis that are small enough to be read at once: results may lie in files."""
    shape = inspection.target.shape
    step = max(1, _VALUES * shape[1] // max(1, int(np.prod(shape))))
    for begin in range(0, shape[1], step):
        yield slice(begin, min(begin + step, shape[1]))
