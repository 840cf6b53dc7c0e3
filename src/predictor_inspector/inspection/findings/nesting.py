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
    classes, names = labels > 0, _names(subject)
    flags = subject.known[(slice(None), *subject.kept)]
    known = [flags[min(number, len(flags) - 1)] for number in range(len(labels))]
    for inner in range(len(labels)):
        for outer in range(len(labels)):
            both = known[inner] & known[outer]
            a, b = classes[inner] & both, classes[outer] & both
            size, outside = int(np.count_nonzero(a)), a & ~b
            left, larger = int(np.count_nonzero(outside)), int(np.count_nonzero(b))
            if size < LEAST or not 0 < left <= (1 - WITHIN) * size or not size < larger < LARGEST * both.sum():
                continue
            far = int(np.count_nonzero(outside & ~dilated(b)))
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
                where=outside,
                numbers=numbers,
            )


def _names(subject: Subject) -> list[str]:
    """What each channel of the ground truth is called, by the predictor or by its file."""
    number, known = len(subject.labels), subject.inspection.request.source.gt.about.channels
    names = dict(enumerate(known if len(known) == number else (f"Channel {n}" for n in range(number))))
    names |= {channel.source: channel.name for channel in subject.channels}
    for channel in subject.channels:
        names |= dict(enumerate(subject.predictor.value_of(channel, "classes", ())))
    return [names[n] for n in range(number)]
