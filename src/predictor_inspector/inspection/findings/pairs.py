"""Checks of affinities: pairs that reach where nothing is known, and offsets that reach out of every object."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from predictor_inspector.core.ops.regions import pairs
from predictor_inspector.inspection.findings.checks import Kind, check
from predictor_inspector.inspection.findings.finding import Finding
from predictor_inspector.inspection.findings.subject import Subject, amount, either, listed, share

FEW_POSITIVE = 0.05
"""Share of objects' voxels whose partner is in the same one; with offsets as long as objects are wide it is 0."""

_ENOUGH = 64
"""Pairs from which on a share says something."""


@check(
    Kind(
        "false-boundary",
        "Affinities are 0 only because the partner lies outside the data or isn't annotated, and they carry weight.",
        "Switch mask_pairs on.",
    )
)
def false_boundary(subject: Subject) -> Iterator[Finding]:
    """An error from the first pair on: the network is taught boundaries that nobody has seen.

    Only voxels inside objects count, since an affinity of background is 0 whatever its partner is.
    """
    found: list[tuple[str, np.ndarray]] = []
    if getattr(subject.predictor, "mask_pairs", False):
        return
    for channel, role in enumerate(subject.roles):
        if role.kind != "affinity" or not any(role.offset):
            continue
        partner_known = _of_partner(subject, role.offset, subject.known_in(channel) & _in_data(subject))
        flags = (subject.weight[channel] > 0) & (subject.target[channel] == 0) & ~partner_known
        if not getattr(subject.predictor, "background_as_object", False):
            flags &= subject.labels[0][subject.kept] > 0
        if flags.any():
            found.append((role.name, flags))
    if found:
        counts = [int(np.count_nonzero(flags)) for _, flags in found]
        where = np.logical_or.reduce([flags for _, flags in found])
        yield subject.finding(
            "false-boundary",
            "error",
            f"{amount(sum(counts), 'affinity', 'affinities')} of {listed([name for name, _ in found])} "
            f"{either(sum(counts), 'is', 'are')} 0, with weight, only because the partner lies outside the data or isn't "
            "annotated.",
            "Switch mask_pairs on, so that only pairs count of which both voxels are known.",
            [name for name, _ in found],
            subject.place(where),
            {"pairs": counts},
        )


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
        counted = inside & (subject.weight[channel] > 0) & _of_partner(subject, role.offset, _in_data(subject))
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


def _of_partner(subject: Subject, offset: Sequence[int], flags: np.ndarray) -> np.ndarray:
    """Whether the partner of each voxel of the ROI is True in `flags`, which covers what was read; False beyond that."""
    result = np.zeros(flags[subject.kept].shape, dtype=bool)
    found = pairs(offset, flags.shape, subject.kept)
    if found is not None:
        _, there, kept = found
        result[kept] = flags[there]
    return result


def _in_data(subject: Subject) -> np.ndarray:
    """Which voxels that were read lie within the data."""
    inside = np.zeros(subject.labels.shape[1:], dtype=bool)
    inside[subject.data_box] = True
    return inside
