"""Checks of affinities: offsets that reach out of every object."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from predictor_inspector.inspection.findings.checks import Kind, check
from predictor_inspector.inspection.findings.finding import Finding
from predictor_inspector.inspection.findings.subject import Subject, of_partner, share

FEW_POSITIVE = 0.05
"""Share of objects' voxels whose partner is in the same one; with offsets as long as objects are wide it is 0."""

_ENOUGH = 64
"""Pairs from which on a share says something."""


@check(
    Kind(
        "offset-too-long",
        "An offset is longer than most objects, so hardly any pair lies within one; or longer than the data.",
        "Choose shorter offsets: at most about half as long as objects are wide in that direction.",
    )
)
def offset_too_long(subject: Subject) -> Iterator[Finding]:
    """A warning if, among the known pairs that begin in an object, fewer than 5 % end in it.

    In a box of width w along the offset that share is 1 − offset / w, in a ball of that width it is 5 % at 0.8 w: the offset
    has all but reached the width of objects, and the channel is close to constant. An error if the data has no such pair.
    """
    shape = [int(n) for n in subject.inspection.regions.data.shape // subject.inspection.gt.voxel_size]
    for channel, role in enumerate(subject.roles):
        if role.kind != "affinity":
            continue
        if any(abs(o) >= n for o, n in zip(role.offset, shape, strict=True)):
            yield subject.finding(
                "offset-too-long",
                "error",
                f"The offset of {role.name} is longer than the data of {' x '.join(map(str, shape))} voxels: no pair fits.",
                "Leave this offset out, or use larger data.",
                [role.name],
                numbers={"offset": role.offset, "positive": 0.0},
            )
            continue
        now = subject.statistics[channel]
        # Background only lowers the share, so where it is large enough with it nothing need be looked at.
        if now.counts[1] >= FEW_POSITIVE * sum(now.counts):
            continue
        inside = subject.labels[0][subject.kept] > 0
        counted = inside & (subject.weight[channel] > 0) & of_partner(subject, role.offset, subject.in_data)
        total = int(np.count_nonzero(counted))
        together = int(np.count_nonzero(counted & (subject.target[channel] > 0)))
        if total >= _ENOUGH and together < FEW_POSITIVE * total:
            yield subject.finding(
                "offset-too-long",
                "warning",
                f"Only {share(together / total)} of the pairs of {role.name} that begin in an object end in it: the offset is "
                "as long as objects are wide, or longer.",
                "Choose a shorter offset, at most about half as long as objects are wide in that direction.",
                [role.name],
                subject.place(counted),
                {"offset": role.offset, "positive": together / total, "pairs": total},
            )
