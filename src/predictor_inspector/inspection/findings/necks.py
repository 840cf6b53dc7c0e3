"""Checks of necks: objects that touch where ids can't tell them apart, as parts of one piece with a thin neck between."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch

from predictor_inspector.core.ops.boundary_distance import squared_boundary_distance
from predictor_inspector.inspection.findings.checks import check
from predictor_inspector.inspection.findings.finding import Finding
from predictor_inspector.inspection.findings.objects import TOUCHING_OBJECTS, by_source
from predictor_inspector.inspection.findings.runs import Pieces, Runs
from predictor_inspector.inspection.findings.subject import Subject, amount, each_or_all, shifted

NECKS = (0.5, 0.25)
"""Half-thickness of a neck, at most, as a share of the half-thickness of the thickest part that it joins."""

PART = 1.4
"""How much thicker than the neck a part is at least."""


@check(TOUCHING_OBJECTS, cost="on demand")
def touching_binary(subject: Subject) -> Iterator[Finding]:
    """Info too where objects have one id, 1 as a rule, and distances are made: at thin necks within connected voxels.

    A neck is less than half as thick as the thickest part of its piece, and joins two parts that are at least 1.4 times as
    thick as that; nets, whose parts meet all over, have none. Beads on a string look the same, so look whether they are two.
    """
    if subject.has_objects:
        return
    for source, roles in by_source(subject).items():
        if source >= len(subject.labels):
            continue
        inside = subject.labels[source][subject.kept] > 0
        if not subject.all_known:
            inside = inside & subject.known[min(source, len(subject.known) - 1)][subject.kept]
        if not inside.any() or inside.all():
            continue
        necks = list(_necks(subject, inside))
        names = [role.name for role in roles]

        def one(
            chosen: Sequence[np.ndarray], names: Sequence[str] = names, shape: tuple[int, ...] = inside.shape
        ) -> Finding:
            flags = np.zeros(shape, dtype=bool)
            flags.reshape(-1)[np.concatenate(chosen)] = True
            return subject.finding(
                "touching-objects",
                "info",
                f"{amount(len(chosen), 'thin neck')} {'joins' if len(chosen) == 1 else 'join'} parts twice as thick: if they "
                "are objects that touch, they are one in a binary distance.",
                "Cut them apart in the ground truth, by a voxel of background, or give each object an id of its own.",
                names,
                subject.place(flags),
                {"necks": len(chosen)},
            )

        yield from each_or_all(necks, one)


def _necks(subject: Subject, inside: np.ndarray) -> Iterator[np.ndarray]:
    """The voxels of each neck, as flat indices."""
    voxel_size = np.array(subject.inspection.gt.physical_voxel_size)
    longest = float((np.array(inside.shape) * voxel_size).max())
    binary = inside.astype(np.uint8)
    depth = np.sqrt(squared_boundary_distance(torch.from_numpy(binary), tuple(voxel_size), longest).cpu().numpy())
    depth[~inside] = 0
    runs = Runs.of(binary)
    pieces = Pieces.of(runs, binary)
    peak = _peaks(runs, pieces, depth)
    boxes = runs.boxes_of(np.where(pieces.of_run < 0, len(peak), pieces.of_run), len(peak) + 1)[:-1]
    piece_at = np.repeat(pieces.of_run, runs.length).reshape(inside.shape)
    # Objects of a voxel or two have no necks worth a name.
    for number in np.flatnonzero(peak > 3 * voxel_size.min()):
        box = tuple(slice(int(a), int(b)) for a, b in boxes[number])
        mine = piece_at[box] == number
        here = np.where(mine, depth[box], 0)
        for share in NECKS:
            cores = _cores(here, share * peak[number])
            if cores.max() > 1:
                for places in _meeting(_grown(cores, mine)):
                    # Where parts meet all over, as in nets, none is the neck.
                    if (np.ptp(places, axis=1) * voxel_size <= 2 * peak[number]).all():
                        yield np.ravel_multi_index(
                            [p + s.start for p, s in zip(places, box, strict=True)], inside.shape
                        )
                break


def _peaks(runs: Runs, pieces: Pieces, depth: np.ndarray) -> np.ndarray:
    """The largest depth in each piece, [P]."""
    chosen = pieces.of_run >= 0
    peak = np.zeros(len(pieces.rank))
    np.maximum.at(peak, pieces.of_run[chosen], np.maximum.reduceat(depth.reshape(-1), runs.start)[chosen])
    return peak


def _cores(depth: np.ndarray, level: float) -> np.ndarray:
    """The connected parts deeper than `level` that somewhere are `PART` times as deep, numbered from 1: int32."""
    deep = (depth > level).astype(np.uint8)
    runs = Runs.of(deep)
    pieces = Pieces.of(runs, deep)
    thick = _peaks(runs, pieces, depth) >= PART * level
    number = np.append(np.where(thick, np.cumsum(thick), 0), 0).astype(np.int32)
    result: np.ndarray = np.repeat(number[pieces.of_run], runs.length).reshape(depth.shape)
    return result


def _grown(cores: np.ndarray, within: np.ndarray) -> np.ndarray:
    """Cores grown voxel by voxel until they fill what they are connected to."""
    padded = np.pad(cores, 1)
    grown, free = padded.reshape(-1), np.pad(within & (cores == 0), 1).reshape(-1)
    steps = [int(np.prod(padded.shape[axis + 1 :])) for axis in range(padded.ndim)]
    front = np.flatnonzero(grown)
    while len(front):
        reached = []
        for step in (*steps, *(-s for s in steps)):
            there = front + step
            new = free[there]
            taken = there[new]
            grown[taken], free[taken] = grown[front[new]], False
            reached.append(taken)
        front = np.concatenate(reached)
    return padded[(slice(1, -1),) * padded.ndim]


def _meeting(parts: np.ndarray) -> Iterator[np.ndarray]:
    """Where each two parts share a face: the indices of the voxels on both sides, [axes, N]."""
    where, codes = [], []
    count = int(parts.max()) + 1
    flat = np.arange(parts.size).reshape(parts.shape)
    for axis in range(parts.ndim):
        low, high = shifted(axis, parts.ndim)
        a, b = parts[low], parts[high]
        meet = (a != b) & (a > 0) & (b > 0)
        code = np.minimum(a[meet], b[meet]).astype(np.int64) * count + np.maximum(a[meet], b[meet])
        where += [flat[low][meet], flat[high][meet]]
        codes += [code, code]
    places, pair = np.concatenate(where), np.concatenate(codes)
    order = np.argsort(pair, kind="stable")
    ends = np.flatnonzero(np.diff(pair[order])) + 1
    for group in np.split(places[order], ends) if len(order) else []:
        yield np.stack(np.unravel_index(np.unique(group), parts.shape))
