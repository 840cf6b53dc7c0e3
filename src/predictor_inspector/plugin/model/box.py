"""Positions of the pinned box in a ground truth."""

from __future__ import annotations

from collections.abc import Sequence

from funlib.geometry import Roi

from predictor_inspector.core.array import Array
from predictor_inspector.plugin.model.view import View, viewed_roi


def box_for(box: Roi | None, gt: Array, view: View, thickness: int) -> Roi:
    """`box`, in the counts of `gt`, on its grid and within the data; else the middle of the view, `thickness` voxels deep."""
    if box is None or box.dims != gt.dims or gt.roi.intersect(box).empty:
        seen = viewed_roi(gt, view, thickness) or gt.roi
        return central(gt, seen, [max(1, (s.stop - s.start) // 2) for s in gt.to_slices(seen)])
    box = gt.snap(box, "closest").intersect(gt.roi)
    return central(gt, gt.roi, (1,) * gt.dims) if box.empty else box


def central(gt: Array, roi: Roi, shape: Sequence[int]) -> Roi:
    """The middle of `roi`, at most `shape` voxels."""
    slices = []
    for s, n in zip(gt.to_slices(roi), shape, strict=True):
        cut = max(0, s.stop - s.start - n)
        slices.append(slice(s.start + cut // 2, s.stop - (cut - cut // 2)))
    return gt.roi_of(slices)


def with_thickness(box: Roi, gt: Array, view: View, thickness: int) -> Roi:
    """`box` with so many voxels along the axes that aren't displayed, about the same middle and within the data."""
    slices = list(gt.to_slices(box_for(box, gt, view, thickness)))
    for axis in view.depth_axes(gt.dims):
        n = gt.spatial_shape[axis]
        wanted = min(thickness, n)
        middle = (slices[axis].start + slices[axis].stop - 1) / 2
        begin = min(max(round(middle - (wanted - 1) / 2), 0), n - wanted)
        slices[axis] = slice(begin, begin + wanted)
    return gt.roi_of(slices)


def at_least_a_voxel(gt: Array, roi: Roi) -> Roi:
    """`roi` on the grid and within the data, with a voxel at least along each axis."""
    slices = []
    for begin, end, o, v, n in zip(roi.begin, roi.end, gt.offset, gt.voxel_size, gt.spatial_shape, strict=True):
        low = min(max(round((begin - o) / v), 0), n - 1)
        slices.append(slice(low, max(min(round((end - o) / v), n), low + 1)))
    return gt.roi_of(slices)
