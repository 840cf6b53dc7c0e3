"""Connected components of labelled objects, and the faces where objects touch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import cc3d
import numpy as np


@dataclass(frozen=True, eq=False)
class Components:
    """The connected components of all objects; voxels that share a face, an edge or a corner are connected.

    Components are numbered from 1, so arrays over them, [P + 1], begin with one entry for background.

    Attributes
    ----------
    volume : numpy.ndarray
        The component of each voxel, 0 on background: [Z, Y, X], or fewer axes.
    ids : numpy.ndarray
        The ids of the objects, ascending, without background: [L].
    rank : numpy.ndarray
        Which of `ids` a component is of, [P + 1]; -1 for background.
    """

    volume: np.ndarray
    ids: np.ndarray
    rank: np.ndarray

    @classmethod
    def of(cls, labels: np.ndarray) -> Components:
        """The components of a volume of ids, 1 to 3 axes, none of them empty; 0 is background."""
        volume = cc3d.connected_components(labels)
        id_of = np.zeros(int(volume.max()) + 1, labels.dtype)
        id_of[volume.reshape(-1)] = labels.reshape(-1)
        ids, rank = np.unique(id_of[1:], return_inverse=True)
        return cls(volume, ids, np.append(-1, rank))

    @cached_property
    def sizes(self) -> np.ndarray:
        """Voxels of each component: int64, [P + 1]."""
        sizes: np.ndarray = self._statistics["voxel_counts"].astype(np.int64)
        return sizes

    @cached_property
    def boxes(self) -> np.ndarray:
        """Begin and end of the box around each component: int64, [P + 1, axes, 2]."""
        boxes: np.ndarray = self._statistics["bounding_boxes"].reshape(len(self.rank), -1, 2).astype(np.int64)
        boxes[..., 1] += 1
        return boxes

    @cached_property
    def object_sizes(self) -> np.ndarray:
        """Voxels of each object: int64, [L]."""
        return np.bincount(self.rank[1:], self.sizes[1:], len(self.ids)).astype(np.int64)

    @cached_property
    def object_boxes(self) -> np.ndarray:
        """Begin and end of the box around each object: int64, [L, axes, 2]."""
        begin = np.full((len(self.ids), self.volume.ndim), np.iinfo(np.int64).max)
        end = np.zeros_like(begin)
        np.minimum.at(begin, self.rank[1:], self.boxes[1:, :, 0])
        np.maximum.at(end, self.rank[1:], self.boxes[1:, :, 1])
        return np.stack([begin, end], -1)

    def among(self, voxels: np.ndarray) -> np.ndarray:
        """Which components occur in `voxels`, a part of `volume`: boolean, [P + 1]."""
        found = np.zeros(len(self.rank), dtype=bool)
        found[voxels] = True
        found[0] = False
        return found

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

    def voxels(self, objects: np.ndarray) -> np.ndarray:
        """The voxels of some objects, boolean [L]: boolean, of the volume's shape."""
        voxels: np.ndarray = np.append(objects, False)[self.rank][self.volume]
        return voxels

    @cached_property
    def _statistics(self) -> dict[str, Any]:
        statistics: dict[str, Any] = dict(cc3d.statistics(self.volume, no_slice_conversion=True))
        return statistics


@dataclass(frozen=True, eq=False)
class Contacts:
    """Faces between voxels of different objects.

    Attributes
    ----------
    sides : numpy.ndarray
        Flat indices of the voxels on both sides of each face: int64, [2, N].
    pair : numpy.ndarray
        Which of `pairs` meet there: [N].
    pairs : numpy.ndarray
        Ids of objects that touch, the smaller first: [P, 2].
    """

    sides: np.ndarray
    pair: np.ndarray
    pairs: np.ndarray

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
        of_sides = np.sort(labels.reshape(-1)[sides], axis=0)
        ids = np.unique(of_sides)
        ranks = np.searchsorted(ids, of_sides)
        codes, pair = np.unique(ranks[0] * len(ids) + ranks[1], return_inverse=True)
        return cls(sides, pair, ids[np.stack(np.divmod(codes, max(1, len(ids))), axis=1)])

    def voxels(self, pairs: Sequence[int], shape: Sequence[int]) -> np.ndarray:
        """The voxels where some of the pairs touch: boolean, of the volume's `shape`."""
        flags = np.zeros(shape, dtype=bool)
        flags.reshape(-1)[self.sides[:, np.isin(self.pair, pairs)]] = True
        return flags


def dilated(flags: np.ndarray) -> np.ndarray:
    """Voxels that are True, or share a face with one that is: boolean, of the same shape."""
    result = flags.copy()
    for axis in range(flags.ndim):
        low, high = shifted(axis, flags.ndim)
        result[low] |= flags[high]
        result[high] |= flags[low]
    return result


def shifted(axis: int, ndim: int) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
    """Two views of a volume, one voxel apart along an axis."""
    low = tuple(slice(None, -1) if a == axis else slice(None) for a in range(ndim))
    high = tuple(slice(1, None) if a == axis else slice(None) for a in range(ndim))
    return low, high
