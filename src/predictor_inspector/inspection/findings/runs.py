"""Objects of a volume by their runs: stretches of one id along the last axis, which are far fewer than voxels."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

_TABLE_LIMIT = 1 << 24
"""Ids below this are looked up in a table, which is faster than sorting."""


@dataclass(frozen=True, eq=False)
class Runs:
    """Where each id of a volume lies, run by run in the order of memory.

    Attributes
    ----------
    shape : tuple of int
        The volume's.
    ids : numpy.ndarray
        [L], ascending, 0 among them if it occurs.
    rank : numpy.ndarray
        [R]: which of `ids` a run is of.
    start, length : numpy.ndarray
        [R]: the flat index of a run's first voxel, and how many voxels it has.
    """

    shape: tuple[int, ...]
    ids: np.ndarray
    rank: np.ndarray
    start: np.ndarray
    length: np.ndarray

    @classmethod
    def of(cls, labels: np.ndarray) -> Runs:
        """The runs of a volume of ids, [Z, Y, X] or any other number of axes, none of them empty."""
        first = np.ones(labels.shape, dtype=bool)
        np.not_equal(labels[..., 1:], labels[..., :-1], out=first[..., 1:])
        start = np.flatnonzero(first)
        values = labels.reshape(-1)[start]
        highest = int(values.max())
        if highest < _TABLE_LIMIT:
            present = np.zeros(highest + 1, dtype=bool)
            present[values] = True
            ids = np.flatnonzero(present)
            rank = (np.cumsum(present) - 1)[values]
        else:
            ids, rank = np.unique(values, return_inverse=True)
        return cls(labels.shape, ids, rank.reshape(-1), start, np.diff(start, append=labels.size))

    @cached_property
    def position(self) -> tuple[np.ndarray, ...]:
        """Index of each run's first voxel, per axis."""
        return tuple(np.unravel_index(self.start, self.shape))

    @cached_property
    def sizes(self) -> np.ndarray:
        """Voxels of each id, [L]."""
        return self.summed(self.rank, len(self.ids))

    @cached_property
    def boxes(self) -> np.ndarray:
        """Begin and end of the box around each id, [L, axes, 2]."""
        return self.boxes_of(self.rank, len(self.ids))

    def summed(self, group: np.ndarray, groups: int, chosen: np.ndarray | None = None) -> np.ndarray:
        """Voxels of each group of runs: int64, [groups].

        Parameters
        ----------
        group : numpy.ndarray
            The group of each run, or of each chosen one.
        chosen : numpy.ndarray, optional
            Boolean, [R]: the runs to count; all by default.
        """
        lengths = self.length if chosen is None else self.length[chosen]
        return np.bincount(group, lengths, groups).astype(np.int64)

    def boxes_of(self, group: np.ndarray, groups: int) -> np.ndarray:
        """Begin and end of the box around each group of runs: int64, [groups, axes, 2]."""
        boxes = np.empty((groups, len(self.shape), 2), dtype=np.int64)
        boxes[..., 0], boxes[..., 1] = np.iinfo(np.int64).max, 0
        for axis, low in enumerate(self.position):
            high = low + (self.length if axis == len(self.shape) - 1 else 1)
            np.minimum.at(boxes[:, axis, 0], group, low)
            np.maximum.at(boxes[:, axis, 1], group, high)
        return boxes

    def highest(self, values: np.ndarray) -> np.ndarray:
        """The largest of `values`, of the volume's shape, in each id: [L]."""
        result = np.full(len(self.ids), -np.inf)
        np.maximum.at(result, self.rank, np.maximum.reduceat(values.reshape(-1), self.start))
        return result

    def touched(self, flags: np.ndarray) -> np.ndarray:
        """Which runs have a voxel that is True in `flags`, of the volume's shape: boolean, [R]."""
        return np.logical_or.reduceat(flags.reshape(-1), self.start)

    def at_border(self, box: tuple[slice, ...]) -> np.ndarray:
        """Which runs reach a face of `box`, or beyond it: boolean, [R]."""
        result = np.zeros(len(self.start), dtype=bool)
        for axis, (side, low) in enumerate(zip(box, self.position, strict=True)):
            high = low + (self.length if axis == len(box) - 1 else 1)
            result |= (low <= side.start) | (high >= side.stop)
        return result

    def filled(self, chosen: np.ndarray) -> np.ndarray:
        """The voxels of the chosen runs, boolean [R]: boolean, of the volume's shape."""
        return np.repeat(chosen, self.length).reshape(self.shape)


@dataclass(frozen=True, eq=False)
class Pieces:
    """The connected parts of all objects; voxels that touch by a face, an edge or a corner are connected.

    Attributes
    ----------
    of_run : numpy.ndarray
        [R]: the piece that a run belongs to; -1 on background.
    rank : numpy.ndarray
        [P]: which of the runs' `ids` a piece is of.
    """

    of_run: np.ndarray
    rank: np.ndarray

    @classmethod
    def of(cls, runs: Runs, labels: np.ndarray) -> Pieces:
        """The pieces of the volume `labels`, which `runs` are of."""
        objects = np.flatnonzero(runs.ids[runs.rank] != 0)
        run_at = np.repeat(np.arange(len(runs.start), dtype=np.int64), runs.length)
        position = [p[objects] for p in runs.position]
        joined_a, joined_b = [], []
        # Of two runs that touch, the first voxel of one lies beside the other.
        for step in np.ndindex(*(3,) * len(runs.shape)):
            offset = [s - 1 for s in step]
            if not any(offset[:-1]):
                continue
            there = [p + o for p, o in zip(position, offset, strict=True)]
            inside = np.logical_and.reduce([(t >= 0) & (t < n) for t, n in zip(there, runs.shape, strict=True)])
            other = run_at[np.ravel_multi_index([t[inside] for t in there], runs.shape)]
            mine = objects[inside]
            same = runs.rank[mine] == runs.rank[other]
            joined_a.append(mine[same])
            joined_b.append(other[same])
        root = roots(
            len(runs.start), np.concatenate(joined_a or [objects[:0]]), np.concatenate(joined_b or [objects[:0]])
        )
        firsts, piece = np.unique(root[objects], return_inverse=True)
        of_run = np.full(len(runs.start), -1, dtype=np.int64)
        of_run[objects] = piece.reshape(-1)
        return cls(of_run, runs.rank[firsts])


def roots(count: int, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The lowest member of the set that each of `count` members belongs to, once a[i] and b[i] are in one set for all i."""
    root = np.arange(count)
    while len(a):
        a, b = root[a], root[b]
        apart = a != b
        a, b = a[apart], b[apart]
        # Every root that isn't the lowest among its neighbours is hooked to a lower one; then all point to roots again.
        np.minimum.at(root, np.maximum(a, b), np.minimum(a, b))
        while True:
            flatter = root[root]
            if np.array_equal(flatter, root):
                break
            root = flatter
    return root
