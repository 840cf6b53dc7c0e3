"""Resampling: the values of one array on the voxels of another."""

from __future__ import annotations

from math import lcm
from typing import Any

import numpy as np
import torch
from funlib.geometry import Roi

from predictor_inspector.core.array import Array
from predictor_inspector.data.geometry import counts_factor
from predictor_inspector.data.lazy import lazy_array


def read_on_grid(source: Array, roi: Roi, grid: Array) -> Array:
    """Values of `source` on the voxels of `grid` in `roi`, each from the voxel of `source` in which its centre lies.

    Exact, whatever units, subdivisions, voxel sizes and offsets the two have; a centre on a face between two voxels
    takes the one of lower index. Only the part of `source` that is needed is read. Beyond `source` values are 0.

    Parameters
    ----------
    source : Array
        For instance a mask of another voxel size; the result has its channel axes and type.
    roi : Roi
        In `grid`'s counts, a whole number of its voxels; it may reach beyond both arrays.
    grid : Array
        Its values are not read.

    Raises
    ------
    ValueError
        If the two differ in dimensions, only one of them is in pixels, or `roi` isn't on the grid.
    """
    if source.dims != grid.dims:
        raise ValueError(
            f"source has {source.dims} spatial axes {source.axis_names}, "
            f"but the grid has {grid.dims}: {grid.axis_names}"
        )
    slices = grid.to_slices(roi)
    # One count of the grid is factor counts of the source.
    factor = counts_factor(grid, source, "source")
    if factor == 1 and source.voxel_size == grid.voxel_size and source.offset == grid.offset:
        return grid.like(source.read(roi).data, source.axis_names, roi.begin, source.about)
    nearest = []
    for axis, span in enumerate(slices):
        # The centre of the grid's voxel i lies (first + step i) / whole voxels behind the source's corner. Python's integers
        # are unbounded; products of fine subdivisions leave 64 bits.
        corner, size = grid.offset[axis] * factor - source.offset[axis], grid.voxel_size[axis] * factor
        begin, step = ((n / source.voxel_size[axis]) for n in (corner + size / 2, size))
        whole = lcm(begin.denominator, step.denominator)
        first, step = int(begin * whole), int(step * whole)
        # A point at index i exactly is the face of voxel i - 1.
        nearest.append(np.array([-(-(first + step * i) // whole) - 1 for i in range(span.start, span.stop)], np.int64))
    return grid.like(_gathered(source, nearest), source.axis_names, roi.begin, source.about)


def on_grid(source: Array, roi: Roi, grid: Array) -> Array:
    """`read_on_grid`, as an array whose parts are read when they are sliced."""
    return lazy_array(lambda part: read_on_grid(source, part, grid), source, grid, roi)


def _gathered(source: Array, nearest: list[np.ndarray]) -> Any:
    inside = [(index >= 0) & (index < n) for index, n in zip(nearest, source.spatial_shape, strict=True)]
    shape = source.shape[: source.channel_dims] + tuple(len(index) for index in nearest)
    tensor = isinstance(source.data, torch.Tensor)
    result: Any = source.data.new_zeros(shape) if tensor else np.zeros(shape, source.dtype)
    if not all(mask.any() for mask in inside):
        return result
    used = [index[mask] for index, mask in zip(nearest, inside, strict=True)]
    part = source[source.roi_of([slice(int(index[0]), int(index[-1]) + 1) for index in used])].data
    for axis, index in enumerate(used, source.channel_dims):
        local = index - index[0]
        part = part.index_select(axis, torch.from_numpy(local).to(part.device)) if tensor else part.take(local, axis)
    # Centres grow along an axis, so those that lie inside follow each other.
    target = tuple(slice(int(mask.argmax()), int(mask.argmax()) + int(mask.sum())) for mask in inside)
    result[(slice(None),) * source.channel_dims + target] = part
    return result
