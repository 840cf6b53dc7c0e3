"""Connected components of labelled objects, and the faces where objects touch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import cc3d
import numpy as np


@dataclass(frozen=True, eq=False)
class Components:
    """The connected components of all objects; voxels that share a face, an edge or a corner are connected.

    Components are numbered from 1, so arrays over them, [P + 1], begin with one entry for background. Sizes and boxes
    are summed over runs along the last axis, [R], which are far fewer than voxels.
    """

    volume: np.ndarray  # the component of each voxel, 0 on background: [Z, Y, X], or fewer axes
    ids: np.ndarray  # of the objects, ascending, without background: [L]
    rank: np.ndarray  # which of `ids` a component is of, [P + 1]; -1 for background
    run: np.ndarray  # the component of each run, [R]
    start: np.ndarray  # the flat index of its first voxel
    length: np.ndarray  # its voxels

    @classmethod
    def of(cls, labels: np.ndarray, by_faces: bool = False) -> Components:
        """The components of a volume of ids, 1 to 3 axes, none of them empty; 0 is background.

        `by_faces`: voxels that share an edge or a corner only aren't connected.
        """
        volume = cc3d.connected_components(labels, connectivity=26 if not by_faces else 6 if labels.ndim == 3 else 4)
        begins = np.ones(volume.shape, dtype=bool)
        np.not_equal(volume[..., 1:], volume[..., :-1], out=begins[..., 1:])
        start = np.flatnonzero(begins)
        run = volume.reshape(-1)[start]
        id_of = np.zeros(int(run.max()) + 1, labels.dtype)
        id_of[run] = labels.reshape(-1)[start]
        ids, rank = np.unique(id_of[1:], return_inverse=True)
        return cls(volume, ids, np.append(-1, rank), run, start, np.diff(start, append=volume.size))

    @cached_property
    def sizes(self) -> np.ndarray:
        """Voxels of each component: int64, [P + 1]."""
        return np.bincount(self.run, self.length).astype(np.int64)

    @cached_property
    def boxes(self) -> np.ndarray:
        """Begin and end of the box around each component: int64, [P + 1, axes, 2]."""
        return boxes_of_spans(self.run, *self._spans, len(self.rank))

    @cached_property
    def first(self) -> np.ndarray:
        """The flat index of the first voxel of each component: int64, [P + 1]."""
        first = np.zeros(len(self.rank), np.int64)
        first[self.run[::-1]] = self.start[::-1]
        return first

    @cached_property
    def object_sizes(self) -> np.ndarray:
        """Voxels of each object: int64, [L]."""
        return np.bincount(self.rank[1:], self.sizes[1:], len(self.ids)).astype(np.int64)

    @cached_property
    def object_boxes(self) -> np.ndarray:
        """Begin and end of the box around each object: int64, [L, axes, 2]."""
        begins, ends = self.boxes[1:].T
        return boxes_of_spans(self.rank[1:], begins, ends, len(self.ids))

    def among(self, voxels: np.ndarray) -> np.ndarray:
        """Which components occur in `voxels`, a part of `volume`: boolean, [P + 1]."""
        found = np.zeros(len(self.rank), dtype=bool)
        found[voxels] = True
        found[0] = False
        return found

    def inside(self, box: tuple[slice, ...]) -> np.ndarray:
        """Which components have a voxel in `box`: boolean, [P + 1]."""
        axes = zip(box, *self._spans, strict=True)
        return self.among(self.run[np.logical_and.reduce([(b < s.stop) & (e > s.start) for s, b, e in axes])])

    def at_border(self, box: tuple[slice, ...]) -> np.ndarray:
        """Which components reach a face of `box`, or beyond it: boolean, [P + 1]."""
        begin, end = np.array([(s.start, s.stop) for s in box]).T
        found: np.ndarray = (self.boxes[..., 0] <= begin).any(1) | (self.boxes[..., 1] >= end).any(1)
        found[0] = False
        return found

    def of_objects(self, components: np.ndarray) -> np.ndarray:
        """Which objects have one of these components, boolean [P + 1]: boolean, [L]."""
        found: np.ndarray = np.bincount(self.rank[components], minlength=len(self.ids)) > 0
        return found

    def voxels(self, components: np.ndarray) -> np.ndarray:
        """The voxels of some components, boolean [P + 1]: boolean, of the volume's shape."""
        return np.repeat(components[self.run], self.length).reshape(self.volume.shape)

    def voxels_of(self, ranks: Sequence[int]) -> np.ndarray:
        """The voxels of some of `ids`: boolean, of the volume's shape."""
        return self.voxels(np.isin(self.rank, ranks))

    @cached_property
    def _spans(self) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Where runs begin and end, per axis: int64, [R] each."""
        begins = list(np.unravel_index(self.start, self.volume.shape))
        return begins, [*(b + 1 for b in begins[:-1]), begins[-1] + self.length]


def boxes_of_spans(
    group: np.ndarray, begins: Iterable[np.ndarray], ends: Iterable[np.ndarray], groups: int
) -> np.ndarray:
    """The box around each group of spans that begin and end so, per axis, [N] each: int64, [groups, axes, 2]."""
    boxes = []
    for begin, end in zip(begins, ends, strict=True):
        low, high = np.full(groups, np.iinfo(np.int64).max), np.zeros(groups, dtype=np.int64)
        np.minimum.at(low, group, begin)
        np.maximum.at(high, group, end)
        boxes.append(np.stack([low, high], -1))
    return np.stack(boxes, 1)


@dataclass(frozen=True, eq=False)
class Contacts:
    """Faces between voxels of different objects."""

    sides: np.ndarray  # flat indices of the voxels on both sides of each face: int64, [2, N]
    pair: np.ndarray  # which of `pairs` meet there: int64, [N]
    pairs: np.ndarray  # ids of the objects, the smaller first, ascending: [P, 2]

    @classmethod
    def of(cls, labels: np.ndarray) -> Contacts:
        """The contacts in a volume of ids; 0 is background and touches nothing."""
        flat = np.arange(labels.size).reshape(labels.shape)
        found = []
        for axis in range(labels.ndim):
            low, high = shifted(axis, labels.ndim)
            meet = (labels[low] != labels[high]) & (labels[low] > 0) & (labels[high] > 0)
            found.append(np.stack([flat[low][meet], flat[high][meet]]))
        sides = np.concatenate(found, axis=1)
        first, second = labels.reshape(-1)[sides]
        ids = np.union1d(first, second)
        low_rank, high_rank = (np.searchsorted(ids, f(first, second)) for f in (np.minimum, np.maximum))
        codes, pair = np.unique(low_rank * len(ids) + high_rank, return_inverse=True)
        return cls(sides, pair, ids[np.stack(np.divmod(codes, max(1, len(ids))), axis=1)])

    def where(self, pairs: Sequence[int]) -> np.ndarray:
        """Flat indices of the voxels where some of the pairs touch, each at least once."""
        if len(pairs) == len(self.pairs):
            return self.sides
        return self.sides[:, np.isin(self.pair, pairs)]


def dilated(flags: np.ndarray) -> np.ndarray:
    """Voxels that are True, or share a face with one that is: boolean, of the same shape."""
    result = flags.copy()
    for axis in range(flags.ndim):
        low, high = shifted(axis, flags.ndim)
        result[low] |= flags[high]
        result[high] |= flags[low]
    return result


def grown(cores: np.ndarray, within: np.ndarray) -> np.ndarray:
    """Numbered cores grown voxel by voxel, through faces, as far as voxels have the same value of `within`, not 0 or False."""
    padded, around = np.pad(cores, 1), np.pad(within, 1).reshape(-1)
    result = padded.reshape(-1)
    free = (around != 0) & (result == 0)
    steps = [int(np.prod(padded.shape[axis + 1 :])) for axis in range(padded.ndim)]
    front = np.flatnonzero(result)
    while len(front):
        reached = []
        for step in (*steps, *(-s for s in steps)):
            new = front[free[front + step]]
            new = new[around[new + step] == around[new]]
            result[new + step], free[new + step] = result[new], False
            reached.append(new + step)
        front = np.concatenate(reached)
    return padded[(slice(1, -1),) * padded.ndim]


def shifted(axis: int, ndim: int) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
    """Two views of a volume, one voxel apart along an axis."""
    low = tuple(slice(None, -1) if a == axis else slice(None) for a in range(ndim))
    high = tuple(slice(1, None) if a == axis else slice(None) for a in range(ndim))
    return low, high
