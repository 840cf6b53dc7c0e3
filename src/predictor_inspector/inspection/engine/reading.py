"""Source of an inspection as arrays that are read when they are sliced."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from funlib.geometry import Coordinate, Roi

from predictor_inspector.core.array import Array
from predictor_inspector.data.lazy import full_key, span_of
from predictor_inspector.data.resample import read_on_grid
from predictor_inspector.data.source import Source
from predictor_inspector.inspection.engine.regions import Outside


def read_lazily(source: Source, region: Roi, outside: Outside = "clip") -> Source:
    """Ground truth and mask in `region`, both on the grid of the ground truth; raw data as they are.

    With ``outside="zero"`` the region may reach beyond the ground truth: what is padded is not annotated.

    Raises
    ------
    ValueError
        If the mask has another number of spatial axes than the ground truth.
    """
    gt, mask = source.gt, source.mask
    spatial_names = gt.axis_names[gt.channel_dims :]
    part = _read_by(gt.read if outside == "zero" else gt.__getitem__, gt, gt, region)
    if mask is not None:
        if mask.dims != gt.dims:
            raise ValueError(
                f"mask must have {gt.dims} spatial axes like the ground truth, got {mask.dims}: {mask.axis_names}"
            )
        return Source(part, on_grid(mask, region, gt), source.raw)
    if outside == "zero" and not gt.roi.contains(region):
        known = gt.like(np.broadcast_to(np.uint8(1), tuple(gt.spatial_shape)), spatial_names)
        return Source(part, _read_by(known.read, known, gt, region), source.raw)
    return Source(part, None, source.raw)


def on_grid(source: Array, roi: Roi, grid: Array) -> Array:
    """What `read_on_grid` gives for `roi`, of which a part is read when it is asked for."""
    return _read_by(lambda part: read_on_grid(source, part, grid), source, grid, roi)


def _read_by(read: Callable[[Roi], Array], values: Array, grid: Array, roi: Roi) -> Array:
    """What `read` gives, on the voxels of `grid` in `roi`, with channel axes and type of `values`."""
    names = (*values.axis_names[: values.channel_dims], *grid.axis_names[grid.channel_dims :])
    return grid.like(_ReadByRegion(read, values, grid, roi), names, roi.begin)


class _ReadByRegion:
    """Values that are read by ROI, sliced like any array."""

    def __init__(self, read: Callable[[Roi], Array], values: Array, grid: Array, roi: Roi) -> None:
        self._read, self._channel_dims, self._voxel_size, self._begin = (
            read,
            values.channel_dims,
            grid.voxel_size,
            roi.begin,
        )
        self.shape = (*values.shape[: values.channel_dims], *(int(n) for n in roi.shape // grid.voxel_size))
        self.dtype = values.dtype

    def __getitem__(self, key: Any) -> Any:
        box, inside = zip(
            *(span_of(part, n) for part, n in zip(full_key(key, len(self.shape)), self.shape, strict=True)), strict=True
        )
        spatial = box[self._channel_dims :]
        begin = self._begin + self._voxel_size * Coordinate(s.start for s in spatial)
        part = self._read(Roi(begin, self._voxel_size * Coordinate(s.stop - s.start for s in spatial))).data
        return part[(*box[: self._channel_dims], ...)][inside]
