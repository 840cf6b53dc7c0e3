"""Positions of the pinned box in a ground truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor
from typing import NamedTuple

from funlib.geometry import Roi

from predictor_inspector.core.array import Array
from predictor_inspector.data.geometry import counts_factor
from predictor_inspector.data.units import PIXEL
from predictor_inspector.plugin.model.view import View, slice_shown, viewed_roi


def box_for(box: Roi | None, gt: Array, view: View, thickness: int) -> Roi:
    """`box`, in the counts of `gt`, on its grid and within the data; else the middle of the view, `thickness` voxels deep."""
    if box is None or box.dims != gt.dims or gt.roi.intersect(box).empty:
        seen = viewed_roi(gt, view, thickness) or gt.roi
        return central(gt, seen, [max(1, (s.stop - s.start) // 2) for s in gt.to_slices(seen)])
    box = closest_box(box, gt).intersect(gt.roi)
    return central(gt, gt.roi, (1,) * gt.dims) if box.empty else box


def closest_box(box: Roi, gt: Array) -> Roi:
    """`box` on the closest voxels of `gt`, on at least one: another level's may be larger than the box."""
    closest = gt.snap(box, "closest")
    return gt.snap(box, "grow") if closest.empty else closest


class Counts(NamedTuple):
    """What the numbers of a box count: 1/`subdivision` of `unit`."""

    unit: str = PIXEL
    subdivision: int = 1


def recounted(box: Roi, before: Counts, now: Counts) -> Roi:
    """A box of counts of one unit and subdivision in those of another; never less of the world.

    Nothing is known of how large a pixel is: from pixels to a unit, or back, numbers of the unit stay.
    """
    in_pixels = PIXEL in (before.unit, now.unit)
    factor = Fraction(now.subdivision, before.subdivision) if in_pixels else counts_factor(before, now)
    begin, end = [floor(n * factor) for n in box.begin], [ceil(n * factor) for n in box.end]
    return Roi(begin, [b - a for a, b in zip(begin, end, strict=True)])


def central(gt: Array, roi: Roi, shape: Sequence[int]) -> Roi:
    """The middle of `roi`, at most `shape` voxels."""
    slices = []
    for s, n in zip(gt.to_slices(roi), shape, strict=True):
        cut = max(0, s.stop - s.start - n)
        slices.append(slice(s.start + cut // 2, s.stop - (cut - cut // 2)))
    return gt.roi_of(slices)


@dataclass(frozen=True)
class Missed:
    """An axis that isn't displayed, along which the slice shown goes past the box; voxels count from the data's first."""

    axis: int
    begin: int  # of the box
    end: int
    shown: int  # the slice
    within: bool  # whether that lies within the data

    def sentence(self, gt: Array) -> str:
        """Where the box is, and where the viewer."""
        along = f" {gt.spatial_axes[self.axis]}" if self.axis else ""
        one = self.end - self.begin == 1
        where = f"slice{along} {self.begin}" if one else f"slices{along} {self.begin} to {self.end - 1}"
        return (
            f"The box is in {where}, you are {f'in slice{along} {self.shown}' if self.within else 'beyond the data'}."
        )


def missed(box: Roi, gt: Array, view: View) -> Missed | None:
    """The first axis along which the slice shown goes past the box; None in 3-D, or if it goes through it."""
    if view.ndisplay == 3:
        return None
    slices = gt.to_slices(box)
    for axis in view.depth_axes(gt.dims):
        s, shown = slices[axis], slice_shown(gt, view, axis)
        if not s.start <= shown < s.stop:
            return Missed(axis, s.start, s.stop, shown, 0 <= shown < gt.spatial_shape[axis])
    return None


def brought(box: Roi, gt: Array, view: View, middle: bool = False) -> Roi:
    """`box`, a box on the grid, moved within the data to where the slice shown goes through it, or through its `middle`.

    It isn't moved farther than needed, nor along displayed axes.
    """
    slices = list(gt.to_slices(box))
    for axis in view.depth_axes(gt.dims) if view.ndisplay == 2 else ():
        begin, n = slices[axis].start, slices[axis].stop - slices[axis].start
        shown = min(max(slice_shown(gt, view, axis), 0), gt.spatial_shape[axis] - 1)
        begin = shown - (n - 1) // 2 if middle else min(max(begin, shown - n + 1), shown)
        begin = min(max(begin, 0), gt.spatial_shape[axis] - n)
        slices[axis] = slice(begin, begin + n)
    return gt.roi_of(slices)


def thickness_of(box: Roi, gt: Array, view: View) -> int:
    """How many voxels a box has along the axes that aren't displayed, or along the first of those in 3-D; at least 1."""
    slices = gt.to_slices(box)
    return max((slices[axis].stop - slices[axis].start for axis in view.depth_axes(gt.dims)), default=1)


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
