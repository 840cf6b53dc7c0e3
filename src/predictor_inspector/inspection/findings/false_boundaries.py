"""Checks of false boundaries: targets that tell of one only because the data or the annotation end there."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np
import torch

from predictor_inspector.core.ops.boundary_distance import squared_boundary_distance
from predictor_inspector.core.predictors.boundaries import BoundaryPredictor
from predictor_inspector.core.text import counted, listed
from predictor_inspector.inspection.findings.checks import Kind, check
from predictor_inspector.inspection.findings.components import dilated
from predictor_inspector.inspection.findings.finding import Finding
from predictor_inspector.inspection.findings.subject import Subject, either, of_partner

FALSE_BOUNDARY = Kind(
    "false-boundary",
    "A target tells of a boundary that nobody has seen, and carries weight: an affinity is 0 only because the partner lies "
    "outside the data or isn't annotated, or a distance is measured to zeros that mean unknown rather than background.",
    "Switch mask_pairs on for affinities and mask_distances for distances.",
)

SATURATED = 0.95
"""A distance target above this is as good as saturated: a false boundary so far away changes it by too little to matter."""

_ROUNDING = 1e-5


@check(FALSE_BOUNDARY)
def false_affinities(subject: Subject) -> Iterator[Finding]:
    """Of affinities, an error from the first pair on: the network is taught boundaries that nobody has seen.

    Only voxels inside objects count, since an affinity of background is 0 whatever its partner is. Offsets that point the
    same way are told of together, and the end of the data apart from that of the annotation.
    """
    if getattr(subject.predictor, "mask_pairs", False):
        return
    found: dict[tuple[bool, tuple[float, ...]], list[tuple[str, np.ndarray]]] = {}
    inside = subject.labels[0][subject.kept] > 0
    for channel, role in enumerate(subject.roles):
        if role.kind != "affinity" or not any(role.offset):
            continue
        wrong = (subject.weight[channel] > 0) & (subject.target[channel] == 0)
        if not getattr(subject.predictor, "background_as_object", False):
            wrong &= inside
        there = of_partner(subject, role.offset, subject.in_data)
        known = of_partner(subject, role.offset, subject.known_in(channel))
        for outside, flags in ((True, wrong & ~there), (False, wrong & there & ~known)):
            if flags.any():
                found.setdefault((outside, tuple(np.sign(role.offset))), []).append((role.name, flags))
    for (outside, _), channels in found.items():
        names, counts = [name for name, _ in channels], [int(np.count_nonzero(flags)) for _, flags in channels]
        yield subject.finding(
            "false-boundary",
            "error",
            f"{counted(sum(counts), 'affinity', 'affinities')} of {listed(names)} {either(sum(counts), 'is', 'are')} 0, with "
            f"weight, only because the partner {'lies outside the data' if outside else 'is not annotated'}.",
            "Switch mask_pairs on, so that only pairs count of which both voxels are known.",
            names,
            subject.place(np.logical_or.reduce([flags for _, flags in channels])),
            {"pairs": counts},
        )


@check(FALSE_BOUNDARY)
def false_distances(subject: Subject) -> Iterator[Finding]:
    """Of distances, wherever an object ends at zeros that aren't annotated, or are padded beyond the data.

    Those voxels inside objects count that have weight, a target below 0.95, and no boundary nearer than these zeros; on
    background such zeros make none. An error if mask_distances would take their weight; info for predictors without it, which
    can't do otherwise. Silent with mask_distances, and where the ground truth beyond the annotation holds the object still.
    """
    predictor = subject.predictor
    if not isinstance(predictor, BoundaryPredictor) or getattr(predictor, "mask_distances", False):
        return
    if subject.all_known and subject.in_data.all():
        return
    by_zeros: dict[tuple[int, int], np.ndarray | None] = {}
    for channel, role in enumerate(subject.roles):
        if role.kind != "distance":
            continue
        source = min(role.source, len(subject.labels) - 1)
        key = source, channel if len(subject.known) == len(subject.names) else 0
        if key not in by_zeros:
            by_zeros[key] = _to_zeros(subject, source, subject.known_in(channel) & subject.in_data)
        false = by_zeros[key]
        if false is None:
            continue
        target = subject.target[channel]
        flags = (subject.weight[channel] > 0) & (target > 0) & (target < SATURATED) & (target >= false - _ROUNDING)
        if flags.any():
            yield from _false_distance(subject, role.name, flags)


def _false_distance(subject: Subject, name: str, flags: np.ndarray) -> Iterator[Finding]:
    can_mask = hasattr(subject.predictor, "mask_distances")
    count = int(np.count_nonzero(flags))
    report = partial(subject.finding, "false-boundary", "error" if can_mask else "info")
    yield report(
        f"{counted(count, 'distance')} of {name} {either(count, 'is', 'are')} measured, with weight, to zeros that are not "
        "annotated or lie outside the data, as if objects ended there.",
        "Switch mask_distances on, so that only distances count that are known."
        if can_mask
        else "Inspect and train on regions further inside what is annotated, or use distance with mask_distances on.",
        [name],
        subject.place(flags),
        {"voxels": count},
    )


def _to_zeros(subject: Subject, source: int, known: np.ndarray) -> np.ndarray | None:
    """Targets in the ROI if unknown zeros beside an object were the only boundary; None if there are no such zeros."""
    labels = subject.labels[source]
    zeros = dilated(known & (labels > 0)) & ~known & (labels == 0)
    if not zeros.any():
        return None
    scale_factor = float(getattr(subject.predictor, "scale_factor", 1.0))
    voxel_size = subject.inspection.gt.physical_voxel_size
    radius = 2 * scale_factor + max(voxel_size)  # farther than where targets are saturated
    squared = squared_boundary_distance(torch.from_numpy(zeros.view(np.uint8)), voxel_size, radius, subject.kept)
    return np.asarray(squared.sqrt_().div_(scale_factor).tanh_().cpu().numpy())
