"""Checks of raw data in training samples: repeated ones and clipped intensities."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from functools import partial
from hashlib import blake2b

import numpy as np

from predictor_inspector.core.array import Array
from predictor_inspector.core.text import amount, listed, percent
from predictor_inspector.inspection.findings.checks import check
from predictor_inspector.inspection.findings.finding import Finding, Kind
from predictor_inspector.inspection.findings.training_samples.compared import ComparedSample, SamplesSubject, named

NO_OP_AUGMENTATION = Kind(
    "no-op-augmentation",
    "Samples are the same, bit by bit: an augmentation does nothing, or workers begin with the same random numbers.",
    "Look at probabilities and ranges of augmentations; give each worker a seed of its own, as worker_init_fn of a "
    "DataLoader does; draw more than one place.",
)
INTENSITY_CLIPPED = Kind(
    "intensity-clipped",
    "Raw data pile up at their lowest or highest value: an intensity augmentation, or a normalisation, cut off the rest.",
    "Make changes of contrast and brightness smaller, or don't clip after them.",
)

_CLIPPED = 0.02  # share of the voxels at one end
_PILE = 5  # times as many as in the range of values beside it
_RANGES = 64
_VALUES = 16  # raw data of fewer different values are no intensities


@check(NO_OP_AUGMENTATION, of="samples")
def repeated_samples(subject: SamplesSubject) -> Iterator[Finding]:
    """A warning for samples whose raw data, or labels where there are no raw data, have the same bits; not if constant."""
    alike: dict[bytes, list[ComparedSample]] = defaultdict(list)
    for sample in subject.samples:
        bits = sample.once("bits", partial(_bits, sample))
        if bits:
            alike[bits].append(sample)
    same = [samples for samples in alike.values() if len(samples) > 1]
    if not same:
        return
    what = "raw data" if same[0][0].sample.raw is not None else "labels"
    if len(same[0]) == len(subject.samples):
        message = f"All {len(subject.samples)} samples have the same {what}, bit by bit."
    else:
        groups = listed(
            [listed([s.index for s in samples], 4).replace(" and ", " = ").replace(", ", " = ") for samples in same], 4
        )
        message = f"Samples have the same {what}, bit by bit: {groups}."
    yield subject.finding(NO_OP_AUGMENTATION, "warning", message, [s for samples in same for s in samples])


@check(INTENSITY_CLIPPED, of="samples")
def clipped_intensities(subject: SamplesSubject) -> Iterator[Finding]:
    """A warning where 2 % of a sample's raw values, or more, are exactly the lowest or the highest.

    And five times as many as in the 64th of the range beside it. Planes at the border that hold nothing else are padding, and
    raw data with fewer than 16 different values no intensities.
    """
    found = []
    for sample in subject.samples:
        clipped = sample.once("clipped", partial(_clipped, sample.sample.raw))
        if clipped is not None:
            found.append((sample, *clipped))
    if not found:
        return
    worst, share, value, end = max(found, key=lambda f: f[1])
    raw = worst.sample.raw
    assert raw is not None
    those = [f[0] for f in found]
    message = (
        f"In {named(those)} raw data are cut off: in sample {worst.index} {percent(share)} of the values are exactly the "
        f"{end}, {amount(value)}."
    )
    place = raw.numpy() == value
    others = [worst, *(s for s in those if s is not worst)]
    yield subject.finding(INTENSITY_CLIPPED, "warning", message, others, place, raw, numbers={"share": share})


def _bits(sample: ComparedSample) -> bytes:
    """What tells raw data, or labels, from others; empty if there are none, or they are the same everywhere."""
    array = sample.sample.raw if sample.sample.raw is not None else sample.sample.labels
    if array is None:
        return b""
    values = np.ascontiguousarray(array.numpy())
    if (values == values.flat[0]).all():
        return b""
    return blake2b(values.data.cast("B"), digest_size=16, key=str(values.shape).encode()[:64]).digest()


def _clipped(raw: Array | None) -> tuple[float, float, str] | None:
    """The share of values at one end, that value, and which end; None if nothing is cut off."""
    if raw is None:
        return None
    values = raw.numpy()
    values = values[np.isfinite(values)] if values.dtype.kind == "f" and not np.isfinite(values).all() else values
    if values.size == 0 or len(np.unique(values.reshape(-1)[:: max(1, values.size // 2**20)])) < _VALUES:
        return None
    low, high = float(values.min()), float(values.max())
    step = (high - low) / _RANGES
    found = []
    for end, name in ((low, "lowest"), (high, "highest")):
        kept = _without_padding(values, end, raw.dims)
        at = np.count_nonzero(kept == end)
        beside = np.count_nonzero((kept != end) & (np.abs(kept - end) <= step))
        if kept.size and at >= _CLIPPED * kept.size and at >= _PILE * beside:
            found.append((at / kept.size, end, name))
    return max(found, default=None)


def _without_padding(values: np.ndarray, padding: float, dims: int) -> np.ndarray:
    """Values without the planes at the border that hold nothing but `padding`."""
    if values.ndim < dims:
        return values  # some weren't finite
    for axis in range(values.ndim - dims, values.ndim):
        inside = np.flatnonzero((values != padding).any(axis=tuple(a for a in range(values.ndim) if a != axis)))
        if len(inside):
            values = np.take(values, range(int(inside[0]), int(inside[-1]) + 1), axis)
    return values
