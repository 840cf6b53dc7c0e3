"""Checks of membranes: objects that touch with nothing between them in the raw data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from predictor_inspector.core.text import listed, percent
from predictor_inspector.data.resample import read_on_grid
from predictor_inspector.inspection.findings import Finding, Kind, Subject, VoxelSet, check
from predictor_inspector.inspection.findings.subject import each_or_all

FACES = 50  # between two objects, from which on they are judged
PAIRS = 8  # of objects, from which on one can be compared with the others
DEPTH = 3  # voxels from a face into both objects, where there is no membrane
CLEAR = 0.2  # standard deviations of the raw data by which membranes stand out as a rule, at least
FAINT = 0.15  # of what membranes stand out as a rule, below which there is none

NO_MEMBRANE_BETWEEN = Kind(
    "no-membrane-between",
    "Two objects touch, but the raw data show nothing between them where others have a membrane: they may be one.",
    "Look whether they are one object, and join them if so; a boundary that can't be seen can't be learnt.",
)


@check(NO_MEMBRANE_BETWEEN, slow=True)
def no_membrane_between(subject: Subject) -> Iterator[Finding]:
    """Info for each pair of objects that touch in at least 50 faces with hardly a membrane; silent without raw data.

    The raw value at faces is compared with that three voxels inside both objects. Membranes stand out by the median over all
    pairs, which must be at least 8, be it dark or bright, by 0.2 standard deviations of the raw data or more; pairs that
    have less than 15 % of it are told, those with most faces first. Up to 224 voxels a side around the region's middle.
    """
    raw = subject.inspection.request.source.raw
    if raw is None or raw.dims != subject.inspection.gt.dims or not subject.has_objects:
        return
    found = Membranes.of(subject)
    usual = found.usual
    if usual == 0:
        return
    faint = np.flatnonzero(found.contrast / usual < FAINT)
    faint = faint[np.argsort(-found.faces[faint], kind="stable")]
    yield from each_or_all(faint.tolist(), partial(_between, subject, found, usual))


def _between(subject: Subject, found: Membranes, usual: float, pairs: Sequence[int]) -> Finding:
    ids = found.pairs[pairs]
    what = f"Objects {ids[0, 0]} and {ids[0, 1]} touch" if len(pairs) == 1 else f"{len(pairs)} pairs of objects touch"
    share = max(0.0, float((found.contrast[pairs] / usual).max()))
    message = (
        f"{what} in {int(found.faces[pairs].sum()):,} faces with nothing between them: raw data there have "
        f"{'at most ' if len(pairs) > 1 else ''}{percent(share)} of the contrast of other membranes."
    )
    if len(pairs) > 1:
        message += f" First {listed((f'{a} and {b}' for a, b in ids.tolist()), 4)}."
    numbers = {
        "pairs": ids[:100],
        "faces": found.faces[pairs][:100],
        "contrast": found.contrast[pairs][:100],
        "usual": usual,
    }
    return subject.finding(NO_MEMBRANE_BETWEEN, "info", message, where=found.where(pairs), numbers=numbers)


@dataclass(frozen=True, eq=False)
class Membranes:
    """What raw data have at faces between pairs of objects, beside what they have inside both, in standard deviations."""

    pairs: np.ndarray  # ids, the smaller first: [P, 2]
    faces: np.ndarray  # of each pair that lie in the middle of both objects: [P]
    contrast: np.ndarray  # of each pair, negative where membranes are dark: [P]
    labels: np.ndarray  # [Z, Y, X]
    subject: Subject

    @classmethod
    def of(cls, subject: Subject) -> Membranes:
        """The pairs in the middle of a subject's region that have at least `FACES` faces."""
        source, roi = subject.inspection.request.source, subject.middle_roi
        labels, raw, known = subject.middle[0].astype(np.int64), source.raw_picture, source.within(roi).mask
        assert raw is not None
        values = np.asarray(read_on_grid(raw, roi, source.gt).numpy(), np.float32)
        if known is not None:
            flags = known.numpy() != 0
            labels = np.where(flags.reshape(-1, *labels.shape).all(0), labels, 0)
        found = [_faces(labels, values, axis) for axis in range(labels.ndim) if labels.shape[axis] > 2 * DEPTH + 1]
        first, second, differences = (
            (np.concatenate(parts) for parts in zip(*found, strict=True)) if found else [np.zeros(0)] * 3
        )
        ends = np.stack([np.minimum(first, second), np.maximum(first, second)], 1)
        pairs, pair, faces = np.unique(ends, axis=0, return_inverse=True, return_counts=True)
        contrast = np.bincount(pair.reshape(-1), differences, len(pairs)) / faces / max(float(values.std()), 1e-12)
        enough = faces >= FACES
        return cls(pairs[enough].astype(np.int64), faces[enough], contrast[enough], labels, subject)

    @property
    def usual(self) -> float:
        """The contrast that membranes have as a rule; 0 where there are too few, or they don't stand out."""
        median = float(np.median(self.contrast)) if len(self.contrast) >= PAIRS else 0.0
        return median if abs(median) >= CLEAR else 0.0

    def where(self, pairs: Sequence[int]) -> VoxelSet | None:
        """The voxels on both sides of the faces of some pairs."""
        flags = np.zeros(self.labels.shape, bool)
        wanted = {tuple(ids) for ids in self.pairs[pairs].tolist()}
        ids = np.unique(self.pairs[pairs])
        for axis in range(flags.ndim):
            low, high = (
                tuple(s if a == axis else slice(None) for a in range(flags.ndim)) for s in (slice(-1), slice(1, None))
            )
            a, b = self.labels[low], self.labels[high]
            at = np.nonzero((a != b) & np.isin(a, ids) & np.isin(b, ids))
            kept = [tuple(sorted(ends)) in wanted for ends in zip(a[at].tolist(), b[at].tolist(), strict=True)]
            at = tuple(index[kept] for index in at)
            flags[low][at] = flags[high][at] = True
        gt = self.subject.inspection.request.source.gt
        return VoxelSet.of(flags, gt, self.subject.middle_roi.begin)


def _faces(labels: np.ndarray, values: np.ndarray, axis: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Faces across an axis that lie `DEPTH` voxels inside both objects: their ids, and the raw value less that inside."""
    ids, raw = np.moveaxis(labels, axis, 0), np.moveaxis(values, axis, 0)
    end = len(ids) - 1 - DEPTH
    first, second = ids[DEPTH:end], ids[DEPTH + 1 : end + 1]
    meet = (first != second) & (first > 0) & (second > 0)
    meet &= (ids[: end - DEPTH] == first) & (ids[2 * DEPTH + 1 :] == second)
    inside = (raw[: end - DEPTH] + raw[2 * DEPTH + 1 :]) / 2
    difference = (raw[DEPTH:end] + raw[DEPTH + 1 : end + 1]) / 2 - inside
    return first[meet], second[meet], difference[meet]
