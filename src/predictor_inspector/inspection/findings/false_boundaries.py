"""Checks of false boundaries: targets that show one where only data or annotation end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, cast

import numpy as np
import torch

from predictor_inspector.core.channels import Channel
from predictor_inspector.core.ops.boundary_distance import squared_boundary_distance
from predictor_inspector.core.text import counted, listed, readable
from predictor_inspector.inspection.findings import Cure, Finding, Kind, Subject, check
from predictor_inspector.inspection.findings.components import dilated
from predictor_inspector.inspection.findings.subject import either, of_partner

FALSE_BOUNDARY = Kind(
    "false-boundary",
    "A target shows a boundary that was never annotated, and carries weight: an affinity is 0 only because the partner lies "
    "outside the data or isn't annotated, a distance is measured to zeros that mean unknown rather than background, or an id "
    "that isn't annotated makes a boundary.",
    "Turn mask pairs on for affinities, mask distances for distances and mask boundaries for boundaries.",
)

SATURATED = 0.95  # a false boundary so far away changes a distance target by too little to matter
_ROUNDING = 1e-5


@check(FALSE_BOUNDARY)
def false_affinities(subject: Subject) -> Iterator[Finding]:
    """Of affinities, an error from the first pair on: the network is taught boundaries that were never annotated.

    Only voxels inside objects count, since an affinity of background is 0 whatever its partner is. Offsets that point the
    same way are reported together, and the end of the data apart from that of the annotation.
    """
    value_of = subject.predictor.value_of
    found: dict[tuple[bool, tuple[float, ...]], list[tuple[Channel, np.ndarray]]] = {}
    inside = subject.labels[0][subject.kept] > 0
    for i, channel in enumerate(subject.channels):
        if channel.kind != "affinity" or not any(channel.offset) or value_of(channel, "mask", False):
            continue
        wrong = (subject.weight[i] > 0) & (subject.target[i] == 0)
        if not value_of(channel, "background", False):
            wrong &= inside
        there = of_partner(subject, channel.offset, subject.in_data)
        known = of_partner(subject, channel.offset, subject.known_in(channel))
        for outside, flags in ((True, wrong & ~there), (False, wrong & there & ~known)):
            if flags.any():
                found.setdefault((outside, tuple(np.sign(channel.offset))), []).append((channel, flags))
    for (outside, _), channels in found.items():
        names, counts = [c.name for c, _ in channels], [int(np.count_nonzero(flags)) for _, flags in channels]
        total = sum(counts)
        pairs = f"{counted(total, 'affinity', 'affinities')} of {listed(names)} {either(total, 'is', 'are')} 0"
        because = f"the partner {'lies outside the data' if outside else 'is not annotated'}"
        yield subject.finding(
            FALSE_BOUNDARY,
            "error",
            f"{pairs}, with weight, only because {because}.",
            f"Turn {_mask(channels[0][0])} on, so that only pairs count of which both voxels are known.",
            names,
            np.logical_or.reduce([flags for _, flags in channels]),
            {"pairs": counts},
            _mask_on(channels[0][0]),
        )


@check(FALSE_BOUNDARY)
def false_distances(subject: Subject) -> Iterator[Finding]:
    """Of distances, wherever an object ends at zeros that aren't annotated, or are padded beyond the data.

    Those voxels inside objects count that have weight, a target below 0.95, and no boundary nearer than these zeros; on
    background such zeros make none. An error if a parameter such as mask_distances would take their weight; info for
    predictors without it, which can't do otherwise. Silent where it is on, and where the ground truth beyond the annotation
    holds the object still.
    """
    if subject.all_known and subject.in_data.all():
        return
    by_zeros: dict[tuple[int, int, float], np.ndarray | None] = {}
    for i, channel in enumerate(subject.channels):
        scale = subject.predictor.value_of(channel, "scale")
        if not channel.is_distance or scale is None or subject.predictor.value_of(channel, "mask", False):
            continue
        key = channel.source, channel.mask_channel, scale
        if key not in by_zeros:
            by_zeros[key] = _to_zeros(subject, channel, scale)
        false = by_zeros[key]
        if false is None:
            continue
        target = subject.target[i]
        flags = (subject.weight[i] > 0) & (target > 0) & (target < SATURATED) & (target >= false - _ROUNDING)
        count = int(np.count_nonzero(flags))
        if count:
            yield subject.finding(
                FALSE_BOUNDARY,
                "error" if "mask" in channel.roles else "info",
                f"{counted(count, 'distance')} of {channel.name} {either(count, 'is', 'are')} measured, with weight, to zeros "
                "that are not annotated or lie outside the data, as if objects ended there.",
                f"Turn {_mask(channel)} on, so that only distances count that are known."
                if "mask" in channel.roles
                else "Inspect and train on regions further inside what is annotated, or use distance with mask distances on.",
                [channel.name],
                flags,
                {"voxels": count},
                _mask_on(channel),
            )


@check(FALSE_BOUNDARY)
def false_windows(subject: Subject) -> Iterator[Finding]:
    """Of boundaries, an error from the first voxel on that is 1, with weight, only because of ids that aren't annotated.

    Those are the voxels that a mask of boundaries would take the weight of. Silent where it is on.
    """
    for i, channel in enumerate(subject.channels):
        if channel.kind != "boundary" or "mask" not in channel.roles or subject.predictor.value_of(channel, "mask"):
            continue
        careful = replace(cast(Any, subject.predictor), **{channel.roles["mask"]: True})
        inspection = subject.inspection
        weight = careful.create_weight(inspection.gt, inspection.target, inspection.mask)[0].numpy()[i]
        flags = (subject.target[i] > 0) & (subject.weight[i] > 0) & (weight == 0)
        count = int(np.count_nonzero(flags))
        if count:
            yield subject.finding(
                FALSE_BOUNDARY,
                "error",
                f"{counted(count, 'voxel')} of {channel.name} {either(count, 'is', 'are')} 1, with weight, only because of ids "
                "that are not annotated or lie outside the data.",
                f"Turn {_mask(channel)} on, so that only voxels count whose surroundings decide.",
                [channel.name],
                flags,
                {"voxels": count},
                _mask_on(channel),
            )


def _mask(channel: Channel) -> str:
    """The parameter that takes the weight of what isn't known, as forms spell it."""
    return readable(channel.roles.get("mask", "a mask of what is known"))


def _mask_on(channel: Channel) -> Cure | None:
    """Switch that parameter on, where there is one."""
    mask = channel.roles.get("mask")
    return None if mask is None else Cure(f"Turn {readable(mask)} on", {mask: True})


def _to_zeros(subject: Subject, channel: Channel, scale: float) -> np.ndarray | None:
    """Targets in the ROI if unknown zeros beside an object were the only boundary; None if there are no such zeros."""
    labels, known = subject.labels_of(channel), subject.known_in(channel) & subject.in_data
    zeros = dilated(known & (labels > 0)) & ~known & (labels == 0)
    if not zeros.any():
        return None
    radius = 2 * scale + max(subject.voxel_size)  # farther than where targets are saturated
    ends = torch.from_numpy(zeros.view(np.uint8))
    squared = squared_boundary_distance(ends, subject.voxel_size, radius, subject.kept)
    return np.asarray(squared.sqrt_().div_(scale).tanh_().cpu().numpy())
