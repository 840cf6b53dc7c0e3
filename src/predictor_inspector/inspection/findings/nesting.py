"""Checks of nested classes: voxels of one that should lie in another."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from predictor_inspector.core.text import counted, percent
from predictor_inspector.inspection.findings import Finding, Kind, Subject, check
from predictor_inspector.inspection.findings.components import dilated

WITHIN = 0.99  # of a class's voxels, from which on it is meant to lie in the other
LEAST = 1000  # voxels of the inner class
LARGEST = 0.9  # of what is annotated, up to which the outer class is told from one that is everywhere
COMBINATIONS = 1 << 20  # of flags, from which on those that there are are numbered anew
FAR = 27  # voxels that lie more than a voxel outside, from which on it isn't just how edges were drawn

NESTED_CLASSES = Kind(
    "nested-classes",
    "One class lies nearly always within another, but some of its voxels don't: the two contradict each other.",
    "Delete the voxels outside, or add them to the outer class.",
)


@check(NESTED_CLASSES, slow=True)
def nested_classes(subject: Subject) -> Iterator[Finding]:
    """Of two channels, where 99 % of the voxels of the smaller class lie in the larger one, but not all.

    Only what is annotated in both counts: at least 1000 voxels of the smaller class, and the larger one must leave out a
    tenth of the region. A warning if 27 voxels or more lie further outside than one voxel, info otherwise: edges that were
    drawn, or resampled, one by one differ by so much. Silent for ids of one channel, which lie in no other.
    """
    labels = subject.labels[(slice(None), *subject.kept)]
    if len(labels) < 2:
        return
    flags, names = subject.known[(slice(None), *subject.kept)], _names(subject)
    which = np.minimum(np.arange(len(labels)), len(flags) - 1)  # of what says where a class is annotated
    classes = (labels > 0) & flags[which]
    together = _together(np.concatenate([classes, flags]))
    overlap, sizes = together[: len(labels), : len(labels)], together[: len(labels), len(labels) + which]
    outside, annotated = sizes - overlap, together[len(labels) + which][:, len(labels) + which]
    nested = (sizes >= LEAST) & (outside > 0) & (outside <= (1 - WITHIN) * sizes)
    nested &= (sizes < sizes.T) & (LARGEST * annotated > sizes.T)
    for inner, outer in np.argwhere(nested).tolist():
        where = classes[inner] & flags[which[outer]] & ~classes[outer]
        size, left = int(sizes[inner, outer]), int(outside[inner, outer])
        far = int(np.count_nonzero(where & ~dilated(classes[outer] & flags[which[inner]])))
        message = (
            f"{names[inner]} lies to {percent(1 - left / size)} within {names[outer]}, but {counted(left, 'voxel')} "
            f"outside, {far:,} of them by more than one voxel."
        )
        numbers = {"classes": [names[inner], names[outer]], "voxels": left, "far": far, "of": size}
        channels = [c.name for c in subject.channels if c.source in (inner, outer)]
        yield subject.finding(
            NESTED_CLASSES,
            "warning" if far >= FAR else "info",
            message,
            channels=channels,
            where=where,
            numbers=numbers,
        )


def _together(flags: np.ndarray) -> np.ndarray:
    """How many voxels each two of some flags, boolean, [F, Z, Y, X], have in common: int64, [F, F].

    However many flags there are, few of their combinations are: these are counted, in one pass over the flags.
    """
    rows = flags.reshape(len(flags), -1)
    codes: np.ndarray = np.zeros(rows.shape[1], np.int32)
    number = 1  # of combinations, at most
    for row in rows:
        if 2 * number > COMBINATIONS:
            found = np.bincount(codes, minlength=number) > 0
            codes, number = (np.cumsum(found, dtype=np.int32) - 1)[codes], int(found.sum())
        codes, number = 2 * codes + row, 2 * number
    voxels, one = np.bincount(codes, minlength=number), np.zeros(number, np.int64)
    one[codes] = np.arange(len(codes))  # a voxel of each combination
    found = voxels > 0
    combined = rows[:, one[found]].astype(np.int64)
    return np.asarray((combined * voxels[found]) @ combined.T)


def _names(subject: Subject) -> list[str]:
    """What each channel of the ground truth is called, by the predictor or by its file."""
    number, known = len(subject.labels), subject.inspection.request.source.gt.about.channels
    names = dict(enumerate(known if len(known) == number else (f"Channel {n}" for n in range(number))))
    names |= {channel.source: channel.name for channel in subject.channels}
    for channel in subject.channels:
        names |= dict(enumerate(subject.predictor.value_of(channel, "classes", ())))
    return [names[n] for n in range(number)]
