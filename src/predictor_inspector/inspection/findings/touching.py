"""Checks of touching objects: ids that share a face, and thin necks within one id."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

import cc3d
import numpy as np
import torch

from predictor_inspector.core.channels import Channel
from predictor_inspector.core.ops.boundary_distance import squared_boundary_distance
from predictor_inspector.core.text import counted
from predictor_inspector.inspection.findings import Finding, Kind, Subject, check
from predictor_inspector.inspection.findings.components import Components, Contacts, grown
from predictor_inspector.inspection.findings.subject import each_or_all, either

NECKS = (0.5, 0.25)  # half-thickness of a neck, at most, as a share of that of the thickest part that it joins
PART = 1.4  # how much thicker than the neck a part is at least

TOUCHING_OBJECTS = Kind(
    "touching-objects",
    "Objects touch, and both are positive in a signed distance: above 0 they are one.",
    "Separate them by more than the sign, with a watershed on the dip between them for example, or train affinities.",
)


@check(TOUCHING_OBJECTS)
def touching_objects(subject: Subject) -> Iterator[Finding]:
    """Info wherever voxels of two ids share a face and distances are made: the dip tells them apart, the sign doesn't."""
    for channel, names in _sources(subject):
        contacts = Contacts.of(_annotated_ids(subject, channel))
        yield from each_or_all(range(len(contacts.pairs)), partial(_touching, subject, names, contacts))


def _touching(subject: Subject, names: Sequence[str], contacts: Contacts, pairs: Sequence[int]) -> Finding:
    ids = np.unique(contacts.pairs[pairs])
    touch = f"Objects {ids[0]} and {ids[1]} touch" if len(pairs) == 1 else f"{len(ids):,} objects touch another"
    message = f"{touch}: both are positive in a signed distance, so above 0 they are one."
    where, numbers = _flags(subject, contacts.where(pairs)), {"pairs": len(pairs), "ids": ids[:100]}
    return subject.finding(TOUCHING_OBJECTS, "info", message, "", names, where, numbers)


@check(TOUCHING_OBJECTS, slow=True)
def touching_binary(subject: Subject) -> Iterator[Finding]:
    """Info too where objects have one id, 1 as a rule, and distances are made: at thin necks within connected voxels.

    A neck is less than half as thick as the thickest part of its piece, and joins two parts that are at least 1.4 times as
    thick as that; nets, whose parts meet all over, have none. Beads on a string look the same, so look whether they are two.
    """
    if subject.has_objects:
        return
    for channel, names in _sources(subject):
        inside = _annotated_ids(subject, channel) > 0
        if channel.source < len(subject.labels) and inside.any() and not inside.all():
            yield from each_or_all(list(_necks(inside, subject.voxel_size)), partial(_joined, subject, names))


def _joined(subject: Subject, names: Sequence[str], necks: Sequence[np.ndarray]) -> Finding:
    message = (
        f"{counted(len(necks), 'thin neck')} {either(len(necks), 'joins', 'join')} parts twice as thick: if they are objects "
        "that touch, they are one in a binary distance."
    )
    advice = "Cut them apart in the ground truth, by a voxel of background, or give each object an id of its own."
    where = _flags(subject, np.concatenate(necks))
    return subject.finding(TOUCHING_OBJECTS, "info", message, advice, names, where, {"necks": len(necks)})


def _sources(subject: Subject) -> list[tuple[Channel, list[str]]]:
    """Of each channel of the ground truth a distance that is made of it, and the names of all channels that are."""
    distances = {channel.source: channel for channel in reversed(subject.channels) if channel.is_distance}
    return [(distances[s], [c.name for c in subject.channels if c.source == s]) for s in sorted(distances)]


def _annotated_ids(subject: Subject, channel: Channel) -> np.ndarray:
    """The ids in the ROI of which a channel is made, 0 where they are not annotated."""
    ids = subject.labels_of(channel)[subject.kept]
    return ids if subject.all_known else ids * subject.known_in(channel)[subject.kept]


def _flags(subject: Subject, where: np.ndarray) -> np.ndarray:
    """Flat indices of voxels of the ROI as a boolean volume."""
    flags = np.zeros(subject.target.shape[1:], dtype=bool)
    flags.reshape(-1)[where] = True
    return flags


def _necks(inside: np.ndarray, voxel_size: Sequence[float]) -> Iterator[np.ndarray]:
    """The voxels of each neck, as flat indices."""
    size = np.array(voxel_size)
    longest = float((np.array(inside.shape) * size).max())
    binary = inside.astype(np.uint8)
    depth = np.sqrt(squared_boundary_distance(torch.from_numpy(binary), tuple(size), longest).cpu().numpy())
    depth[~inside] = 0
    pieces = Components.of(binary)
    peak = _peaks(pieces.volume, depth)
    # Objects a voxel or two thick have no necks.
    for number in np.flatnonzero(peak > 3 * size.min()):
        box = tuple(slice(*ends) for ends in pieces.boxes[number])
        mine = pieces.volume[box] == number
        here = np.where(mine, depth[box], 0)
        for share in NECKS:
            cores = _cores(here, share * peak[number])
            if cores.max() <= 1:
                continue
            contacts = Contacts.of(grown(cores, mine))
            for pair in range(len(contacts.pairs)):
                places = np.unravel_index(np.unique(contacts.where([pair])), mine.shape)
                # Where parts meet all over, as in nets, none is the neck.
                if (np.ptp(places, axis=1) * size <= 2 * peak[number]).all():
                    yield np.ravel_multi_index([p + s.start for p, s in zip(places, box, strict=True)], inside.shape)
            break


def _peaks(volume: np.ndarray, depth: np.ndarray) -> np.ndarray:
    """The largest depth in each component, [P + 1]."""
    peak = np.zeros(int(volume.max()) + 1, depth.dtype)
    np.maximum.at(peak, volume.reshape(-1), depth.reshape(-1))
    return peak


def _cores(depth: np.ndarray, level: float) -> np.ndarray:
    """The components deeper than `level` that somewhere are `PART` times as deep, numbered from 1; 0 elsewhere."""
    deep = cc3d.connected_components(depth > level)
    thick = _peaks(deep, depth) >= PART * level
    numbers: np.ndarray = np.where(thick, np.cumsum(thick), 0)[deep]
    return numbers
