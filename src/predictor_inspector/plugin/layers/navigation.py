"""Bring a region, or the voxels of a mask, into view."""

from __future__ import annotations

from typing import Any

import numpy as np
from funlib.geometry import Roi

from predictor_inspector.core.array import Array
from predictor_inspector.plugin.model.box import missed
from predictor_inspector.plugin.model.view import picture_size, view_of
from predictor_inspector.plugin.model.world import World

_FILLED = 0.8  # share of the canvas that a region fills after going to it
_SPAN = 0.4  # share of the canvas that voxels span after zooming to them
_SMALLEST = 40  # pixels of the canvas below which that is done


def go_to_region(viewer: Any, roi: Roi, grid: Array) -> None:
    """Show a region of the ground truth, `grid`, in the middle of the canvas.

    Its spatial axes are the viewer's last dimensions; `roi` counts what it counts.
    """
    world, first = World.of(viewer, grid), viewer.dims.ndim - grid.dims
    begin, end = _corners(roi, grid)
    middle = _middle(roi, grid)
    world.show_slice({first + axis: float(at) for axis, at in enumerate(middle)})
    axes = [axis - first for axis in viewer.dims.displayed if axis >= first]
    extent = (end - begin)[axes[-2:]]
    world.look_at((begin + end)[axes] / 2, _pixel_for(extent, viewer))


def show_region(viewer: Any, roi: Roi, grid: Array) -> None:
    """Show a slice of a region, and all of it on the canvas, moving and zooming no farther than that takes.

    In 3-D as `go_to_region`.
    """
    world, first = World.of(viewer, grid), viewer.dims.ndim - grid.dims
    view = view_of(viewer, world.units)
    if view.ndisplay == 3:
        go_to_region(viewer, roi, grid)
        return
    if missed(roi, grid, view) is not None:
        middle, axes = _middle(roi, grid), view.depth_axes(grid.dims)
        world.show_slice({first + axis: float(middle[axis]) for axis in axes})
    zoom_out_to(viewer, roi, grid)


def zoom_out_to(viewer: Any, roi: Roi, grid: Array) -> None:
    """Zoom out about the middle of a region until all of it is seen in the slice, unless it is already."""
    world, first = World.of(viewer, grid), viewer.dims.ndim - grid.dims
    view = view_of(viewer, world.units)
    axes = [dim - first for dim in view.displayed]
    if view.ndisplay == 3 or min(axes) < 0:
        return
    begin, end = (corner[axes] for corner in _corners(roi, grid))
    centre, half = np.array(view.center), np.array(view.size) / 2
    if np.any(begin < centre - half) or np.any(end > centre + half):
        world.look_at((begin + end) / 2, max(float(world.pixel[-1]), _pixel_for(end - begin, viewer)))


def fly_to(viewer: Any, mask: Array, may_zoom: bool) -> None:
    """Bring the voxels of a mask without channels into view: the slice that holds most, and the canvas around them.

    If it `may_zoom`, it zooms in where they would hardly be seen; it must not where the region follows the view.
    """
    flags, world, first = mask.numpy(), World.of(viewer, mask), viewer.dims.ndim - mask.dims
    begin, end = _corners(mask.roi, mask)
    point = {}
    for axis, size in enumerate(mask.physical_voxel_size):
        if first + axis not in viewer.dims.displayed:
            counts = flags.sum(axis=tuple(a for a in range(mask.dims) if a != axis))
            point[first + axis] = float(begin[axis] + (int(np.argmax(counts)) + 0.5) * size)
    world.show_slice(point)
    axes = [dim - first for dim in viewer.dims.displayed if dim >= first]
    pixel, canvas = float(world.pixel[-1]), np.array(picture_size(viewer))
    centre, extent = (begin + end)[axes] / 2, (end - begin)[axes]
    away = np.abs(centre - world.center[-len(axes) :])
    flat = len(axes) == 2
    if flat and np.any(away + extent / 2 > canvas * pixel / 2):
        world.look_at(centre)
    pixels, fitting = float(extent.max()) / pixel, float(canvas.min())
    too_large = np.any(extent > canvas * pixel) if flat else pixels > fitting
    if too_large or (may_zoom and pixels < _SMALLEST):
        # About the voxels, or they would leave the canvas.
        world.look_at(centre if len(axes) > 1 else world.center, pixel * max(pixels, 1e-9) / (_SPAN * fitting))


def _corners(roi: Roi, grid: Array) -> tuple[np.ndarray, np.ndarray]:
    """Begin and end of a region in the unit of length."""
    return np.array(roi.begin) / grid.subdivision, np.array(roi.end) / grid.subdivision


def _middle(roi: Roi, grid: Array) -> np.ndarray:
    """The centre of the voxel in a region's middle, not the face between two, so that the slice lies inside."""
    (begin, end), voxel = _corners(roi, grid), np.array(grid.physical_voxel_size)
    return np.asarray(begin + (np.round((end - begin) / voxel) // 2 + 0.5) * voxel)


def _pixel_for(extent: np.ndarray, viewer: Any) -> float:
    """How long a pixel of the canvas is when a region of this extent, [y, x], fills most of it."""
    return float(max(np.maximum(extent, 1e-12) / picture_size(viewer)) / _FILLED)
