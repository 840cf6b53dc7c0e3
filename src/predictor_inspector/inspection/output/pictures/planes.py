"""Plane of a region that a picture shows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from funlib.geometry import Coordinate, Roi

from predictor_inspector.core.array import Array
from predictor_inspector.data.lazy import blocks_of
from predictor_inspector.data.resample import on_grid
from predictor_inspector.data.source import Source

# A middle slice with less than this share of the foreground that another has would give the wrong impression.
_ENOUGH = 0.25


@dataclass(frozen=True)
class Plane:
    """A plane through an array with two or more spatial axes."""

    rows: int  # the spatial axis that runs down in it
    columns: int
    at: tuple[int, ...]  # the corner of a voxel that it goes through, in world counts

    def values(self, array: Array) -> np.ndarray:
        """What `array` holds in the plane: its channel axes, then rows and columns."""
        at = (Coordinate(self.at) - array.offset) // array.voxel_size
        index = (slice(None) if axis in (self.rows, self.columns) else int(n) for axis, n in enumerate(at))
        return np.asarray(array.data[(..., *index)])

    def extent(self, roi: Roi, subdivision: int) -> tuple[float, float, float, float]:
        """Left, right, bottom and top of `roi` in the plane, in the unit; rows run down."""
        begin, end = ([n / subdivision for n in corner] for corner in (roi.begin, roi.end))
        return begin[self.columns], end[self.columns], end[self.rows], begin[self.rows]

    def cuts(self, roi: Roi) -> bool:
        """Whether the plane goes through `roi`."""
        others = (axis for axis in range(roi.dims) if axis not in (self.rows, self.columns))
        return all(roi.begin[axis] <= self.at[axis] < roi.end[axis] for axis in others)


def best_plane(source: Source, roi: Roi) -> Plane:
    """The plane of `roi` to show: across the slowest axis, through the middle unless hardly anything is labelled there.

    A ROI that is one voxel thin along another axis is shown across that one. A ``ValueError`` if there are not two or three
    spatial axes.
    """
    gt = source.gt
    if gt.dims not in (2, 3):
        raise ValueError(f"a picture needs 2 or 3 spatial axes, but the ground truth has {gt.dims}: {gt.axis_names}")
    shape = gt.shape_of(roi)
    at = roi.begin + gt.voxel_size * Coordinate(n // 2 for n in shape)
    if gt.dims == 2:
        return Plane(0, 1, tuple(at))
    thin = next((axis for axis in range(3) if shape[axis] == 1), 0)
    rows, columns = (axis for axis in range(3) if axis != thin)
    amount = _labelled_in_planes(source, roi, thin)
    middle = shape[thin] // 2
    if amount[middle] < _ENOUGH * amount.max():
        good = np.flatnonzero(amount >= 0.9 * amount.max())
        middle = int(good[np.abs(good - middle).argmin()])
    place = list(at)
    place[thin] = roi.begin[thin] + middle * gt.voxel_size[thin]
    return Plane(rows, columns, tuple(place))


def _labelled_in_planes(source: Source, roi: Roi, axis: int) -> np.ndarray:
    """How many voxels of `roi` are labelled, and annotated, in each plane across `axis`."""
    gt, mask = on_grid(source.gt, roi, source.gt), source.mask
    known = None if mask is None else on_grid(mask, roi, gt)
    amount = np.zeros(gt.spatial_shape[axis], dtype=np.int64)
    for block in blocks_of(gt.spatial_shape):
        labelled = np.asarray(gt.data[(..., *block)]) > 0
        if known is not None:
            labelled &= np.any(np.asarray(known.data[(..., *block)]) != 0, axis=tuple(range(known.channel_dims)))
        others = tuple(a for a in range(labelled.ndim) if a != gt.channel_dims + axis)
        amount[block[axis]] += np.count_nonzero(labelled, axis=others)
    return amount
