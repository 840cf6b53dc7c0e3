"""Which part of the ground truth is in view: functions from a viewer's state to a ROI."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor
from typing import Any

from funlib.geometry import Roi

from predictor_inspector.core.array import Array
from predictor_inspector.plugin.model.world import World

_CUBE = 96
"""Voxels a side of the box around the view's centre that is inspected in 3-D, where no part of a volume is in view more
than another."""

_MOST = 0.8
"""Share of the view that is inspected at most where there is context or padding, so that their frames are on the canvas."""

_LEAST = 0.25  # share of it that is inspected at least, however far they reach
_LINE = 0.01  # share of it between a frame and the edge of the canvas
_DIGITS = 6  # behind the point, of voxels: conversions of units leave rounding errors


@dataclass(frozen=True)
class View:
    """What a napari viewer shows, in the coordinates of the ground truth, whose axes are the viewer's last."""

    point: tuple[float, ...]  # the slice shown, one number per dimension of the viewer
    displayed: tuple[int, ...]  # the dimensions on the canvas, two or three, in the order of its axes
    center: tuple[float, ...]  # of the canvas, along the displayed dimensions
    size: tuple[float, ...]  # of the canvas, along the displayed dimensions; meaningless in 3-D

    @property
    def ndisplay(self) -> int:
        """2 or 3."""
        return len(self.displayed)

    def depth_axes(self, dims: int) -> list[int]:
        """The axes, of `dims` last ones, that have a thickness: those not displayed; in 3-D the first that is."""
        first = len(self.point) - dims
        if self.ndisplay == 3:
            return [axis for axis in (self.displayed[0] - first,) if axis >= 0]
        return [axis for axis in range(dims) if first + axis not in self.displayed]


def view_of(viewer: Any, units: Sequence[Any] = ()) -> View:
    """The state of a napari viewer; `units` are those of the ground truth, see `World`."""
    world = World(viewer, units)
    displayed = tuple(viewer.dims.displayed)
    height, width = picture_size(viewer) * world.pixel[-2:]
    return View(
        point=tuple(world.point.tolist()),
        displayed=displayed,
        center=tuple(world.center.tolist()),
        size=(0.0,) * (len(displayed) - 2) + (float(height), float(width)),
    )


def picture_size(viewer: Any) -> tuple[float, float]:
    """Height and width in pixels of the canvas, or of a cell of it where napari shows a grid."""
    rows, columns = viewer.canvas.grid.actual_shape(viewer.layers)
    height, width = viewer.canvas.size
    return height / rows, width / columns


def viewed_roi(gt: Array, view: View, thickness: int, margins: Sequence[tuple[int, int]] = ()) -> Roi | None:
    """The part of the ground truth in view; None if none is.

    In 2-D: what the canvas shows, `thickness` voxels deep around the slice. In 3-D: a box around the view's centre. The
    spatial axes of `gt` are the viewer's last ones. `margins` are voxels before and after the ROI, per spatial axis, that
    are to be in view, too.
    """
    first = len(view.point) - gt.dims
    slices = []
    for axis in range(gt.dims):
        dim = first + axis
        low, size = gt.offset[axis] / gt.subdivision, gt.physical_voxel_size[axis]
        if dim not in view.displayed:
            begin, end = _around((view.point[dim] - low) / size, thickness)
        else:
            position = view.displayed.index(dim)
            middle = (view.center[position] - low) / size
            if view.ndisplay == 3:
                begin, end = _around(middle, _CUBE)
                # A cube that sticks out is moved back in, so that it stays a cube.
                begin = max(0, min(begin, gt.spatial_shape[axis] - _CUBE))
                end = begin + _CUBE
            else:
                half = view.size[position] / size / 2
                seen = round(middle - half, _DIGITS), round(middle + half, _DIGITS)
                begin, end = _less(*seen, *(margins[axis] if margins else (0, 0)))
        slices.append(slice(max(begin, 0), min(end, gt.spatial_shape[axis])))
    return None if any(s.start >= s.stop for s in slices) else gt.roi_of(slices)


def slice_shown(gt: Array, view: View, axis: int) -> int:
    """The voxel, counted from the array's first and perhaps beyond it, that the slice shown goes through along an axis."""
    dim, low = len(view.point) - gt.dims + axis, gt.offset[axis] / gt.subdivision
    return _around((view.point[dim] - low) / gt.physical_voxel_size[axis], 1)[0]


def _less(begin: float, end: float, before: int, after: int) -> tuple[int, int]:
    """The voxels of which anything is seen, without those before and after that are to be seen, too."""
    if not before and not after:
        return floor(begin), ceil(end)
    size = end - begin
    rim, line = (1 - _MOST) / 2 * size, _LINE * size
    low, high = begin + max(before + line, rim), end - max(after + line, rim)
    if high - low < max(1, _LEAST * size):
        # About the middle of what would be left, but not beyond the rim.
        half = max(1, _LEAST * size) / 2
        middle = min(max((low + high) / 2, begin + rim + half), end - rim - half)
        low, high = middle - half, middle + half
    return ceil(low), max(floor(high), ceil(low) + 1)


def _around(position: float, thickness: int) -> tuple[int, int]:
    """Begin and end of `thickness` voxels around the one at `position`, in voxels from the array's corner."""
    # A point on a voxel's centre may come out a rounding error beside it, never half a voxel.
    begin = floor(position) - (thickness - 1) // 2
    return begin, begin + thickness
