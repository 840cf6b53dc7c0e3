"""Lazily sliced arrays: their base class, other axis orders, regions read on demand, blocks."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from itertools import product
from typing import Any

import numpy as np
from funlib.geometry import Coordinate, Roi

from predictor_inspector.core.array import Array

Box = tuple[slice, ...]
"""A slice per axis, with begin and end within the array and without a step."""

_BLOCK = 128  # voxels along each axis that are read at once: 8 MiB of float32 in 3-D


class LazyArray(ABC):
    """Array that is read when it is sliced; takes whole numbers and slices, as numpy does."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    def __len__(self) -> int:
        return self.shape[0]

    @abstractmethod
    def read(self, box: Box) -> Any:
        """The values in a box."""

    def __getitem__(self, key: Any) -> Any:
        box, inside = box_of(key, self.shape)
        return self.read(box)[inside]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.asarray(self[...], dtype=dtype)


class Transposed(LazyArray):
    """A lazily sliced array with its axes in another order; axis i is axis ``order[i]`` of `data`."""

    def __init__(self, data: Any, order: tuple[int, ...]) -> None:
        self._data, self._order = data, order
        self.shape, self.dtype = tuple(int(data.shape[axis]) for axis in order), np.dtype(data.dtype)
        chunks = getattr(data, "chunks", None)
        self.chunks = None if chunks is None else tuple(chunks[axis] for axis in order)

    def read(self, box: Box) -> np.ndarray:
        """The values in a box."""
        inner = tuple(box[self._order.index(axis)] for axis in range(self.ndim))
        return np.asarray(self._data[inner]).transpose(self._order)


def innermost(data: Any) -> Any:
    """What is read in the end, below other orders of axes, positions on them and changed values."""
    while hasattr(data, "_data"):
        data = data._data
    return data


class ReadByRoi(LazyArray):
    """Values of a region; arguments as of `lazy_array`."""

    def __init__(self, read: Callable[[Roi], Array], values: Array, grid: Array, roi: Roi) -> None:
        self._read, self._channel_dims = read, values.channel_dims
        self._voxel_size, self._begin = grid.voxel_size, roi.begin
        self.shape, self.dtype = (*values.shape[: values.channel_dims], *grid.shape_of(roi)), values.dtype

    def read(self, box: Box) -> Any:
        """The values in a box, a tensor where `read` gives one."""
        channels, spatial = box[: self._channel_dims], box[self._channel_dims :]
        begin = self._voxel_size * Coordinate(s.start for s in spatial)
        shape = self._voxel_size * Coordinate(s.stop - s.start for s in spatial)
        return self._read(Roi(self._begin + begin, shape)).data[(*channels, ...)]


def lazy_array(read: Callable[[Roi], Array], values: Array, grid: Array, roi: Roi) -> Array:
    """What `read` gives for parts of `roi`, as an array on the voxels of `grid`; channel axes and type as of `values`."""
    names = (*values.axis_names[: values.channel_dims], *grid.spatial_axes)
    return grid.like(ReadByRoi(read, values, grid, roi), names, roi.begin, values.about)


def box_of(key: Any, shape: Sequence[int]) -> tuple[Box, tuple[slice | int, ...]]:
    """The box of voxels that an index needs, and which of those it takes; errors as numpy's."""
    parts: tuple[Any, ...] = key if isinstance(key, tuple) else (key,)
    at = parts.index(Ellipsis) if Ellipsis in parts else len(parts)
    given = (*parts[:at], *parts[at + 1 :])
    if len(given) > len(shape):
        raise IndexError(f"at most {len(shape)} indices are possible, one per axis, got {len(given)}")
    full = (*parts[:at], *(slice(None),) * (len(shape) - len(given)), *parts[at + 1 :])
    box, inside = zip(*(_span_of(part, n) for part, n in zip(full, shape, strict=True)), strict=True)
    return box, inside


def _span_of(part: Any, length: int) -> tuple[slice, slice | int]:
    """The voxels of an axis that an index or a slice needs, and which of those it takes."""
    try:
        taken = range(length)[part]
    except IndexError:
        raise IndexError(f"index {part} is out of bounds for an axis of {length}") from None
    except TypeError:
        raise TypeError(f"this array takes whole numbers and slices, got {part!r}") from None
    if isinstance(taken, int):
        return slice(taken, taken + 1), 0
    if len(taken) == 0:
        return slice(0, 0), slice(None)
    return slice(min(taken[0], taken[-1]), max(taken[0], taken[-1]) + 1), slice(None, None, taken.step)


def blocks_of(shape: Sequence[int]) -> Iterator[Box]:
    """Boxes that cover an array of `shape`, small enough for memory however large it is."""
    return product(*([slice(a, min(a + _BLOCK, n)) for a in range(0, n, _BLOCK)] for n in shape))
