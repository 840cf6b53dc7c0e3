"""Lazily sliced arrays in another axis order, and indices as slices."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import product
from typing import Any

import numpy as np
from funlib.geometry import Coordinate, Roi

from predictor_inspector.core.array import Array

_BLOCK = 128  # voxels along each axis that are read at once: 8 MiB of float32 in 3-D


class Transposed:
    """A lazily sliced array with its axes in another order; axis i is axis ``order[i]`` of `data`."""

    def __init__(self, data: Any, order: tuple[int, ...]) -> None:
        self._data, self._order = data, order
        self.shape = tuple(int(data.shape[axis]) for axis in order)
        self.dtype = np.dtype(data.dtype)

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    def __getitem__(self, key: Any) -> np.ndarray:
        key = full_key(key, self.ndim)
        inner: list[Any] = [slice(None)] * self.ndim
        for axis, index in zip(self._order, key, strict=True):
            # An integer would drop an axis before they are put in order, so it is a slice of one until then.
            inner[axis] = index if isinstance(index, slice) else slice(index, index + 1 or None)
        part = np.asarray(self._data[tuple(inner)]).transpose(self._order)
        return part[tuple(slice(None) if isinstance(index, slice) else 0 for index in key)]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.asarray(self[...], dtype=dtype)


def full_key(key: Any, ndim: int) -> tuple[Any, ...]:
    """An index for `ndim` axes as one slice or integer per axis."""
    parts: tuple[Any, ...] = key if isinstance(key, tuple) else (key,)
    if Ellipsis in parts:
        at = parts.index(Ellipsis)
        parts = parts[:at] + (slice(None),) * (ndim - len(parts) + 1) + parts[at + 1 :]
    return parts + (slice(None),) * (ndim - len(parts))


def box_of(key: Any, shape: Sequence[int]) -> tuple[tuple[slice, ...], tuple[slice | int, ...]]:
    """The box of voxels that an index needs, and which of those it takes; errors as numpy's."""
    parts = full_key(key, len(shape))
    if len(parts) != len(shape):
        raise IndexError(f"at most {len(shape)} indices are possible, one per axis, got {len(parts)}")
    box, inside = zip(*(_span_of(part, n) for part, n in zip(parts, shape, strict=True)), strict=True)
    return box, inside


class ReadByRoi:
    """Values of a region that are read when they are sliced.

    Parameters
    ----------
    read : callable
        Gives the values of a ROI as an `Array`.
    values : Array
        Whose channel axes and type they have.
    grid : Array
        Whose voxels they lie on.
    roi : Roi
        The region.
    """

    def __init__(self, read: Callable[[Roi], Array], values: Array, grid: Array, roi: Roi) -> None:
        self._read, self._channel_dims = read, values.channel_dims
        self._voxel_size, self._begin = grid.voxel_size, roi.begin
        self.shape = (*values.shape[: values.channel_dims], *grid.shape_of(roi))
        self.dtype = values.dtype

    def __getitem__(self, key: Any) -> Any:
        box, inside = box_of(key, self.shape)
        low, high = zip(*((s.start, s.stop) for s in box[self._channel_dims :]), strict=True)
        begin, end = (self._begin + self._voxel_size * Coordinate(corner) for corner in (low, high))
        part = self._read(Roi(begin, end - begin)).data
        return part[(*box[: self._channel_dims], ...)][inside]


def lazy_array(read: Callable[[Roi], Array], values: Array, grid: Array, roi: Roi) -> Array:
    """An array on the voxels of `grid` in `roi` whose parts are read when they are sliced; arguments as `ReadByRoi`."""
    names = (*values.axis_names[: values.channel_dims], *grid.spatial_axes)
    return grid.like(ReadByRoi(read, values, grid, roi), names, roi.begin)


def blocks_of(shape: Sequence[int]) -> Iterator[tuple[slice, ...]]:
    """Parts that cover an array of `shape`, small enough for memory however large it is."""
    return product(*([slice(a, min(a + _BLOCK, n)) for a in range(0, n, _BLOCK)] for n in shape))


def _span_of(part: Any, length: int) -> tuple[slice, slice | int]:
    """The voxels of an axis that an index or a slice needs, and which of those it takes.

    Raises
    ------
    IndexError, TypeError
        If `part` lies beyond the axis, or is neither a whole number nor a slice.
    """
    if isinstance(part, slice):
        taken = range(length)[part]
        if len(taken) == 0:
            return slice(0, 0), slice(None)
        low, high = min(taken[0], taken[-1]), max(taken[0], taken[-1])
        return slice(low, high + 1), slice(None, None, taken.step)
    try:
        index = range(length)[part]
    except IndexError:
        raise IndexError(f"index {part} is out of bounds for an axis of {length}") from None
    except TypeError:
        raise TypeError(f"this array takes whole numbers and slices, got {part!r}") from None
    return slice(index, index + 1), 0
