"""Bring a region, or the voxels of a mask, into view."""

from __future__ import annotations

from typing import Any

import numpy as np
from funlib.geometry import Roi

from predictor_inspector.core.array import Array
from predictor_inspector.plugin.model.box import missed
from predictor_inspector.plugin.model.view import picture_size, view_of

_FILLED = 0.8  # share of the canvas that a region fills after going to it
_SPAN = 0.4  # share of the canvas that voxels span after zooming to them
_SMALLEST = 40  # pixels of the canvas below which that is done


def go_to_region(viewer: Any, roi: Roi, grid: Array) -> None:
    """Show a region of the ground truth, `grid`, in the middle of the canvas.

    Its spatial axes are the viewer's last dimensions; `roi` counts what it counts.
    """
    first = viewer.dims.ndim - grid.dims
    begin, end = _corners(roi, grid)
    middle = _middle(roi, grid)
    viewer.dims.set_point(list(range(first, viewer.dims.ndim)), [float(m) for m in middle])
    axes = [axis - first for axis in viewer.dims.displayed if axis >= first]
    _centre_on(viewer, (begin + end)[axes] / 2)
    extent = (end - begin)[axes[-2:]]
    viewer.scene.camera.zoom = float(_FILLED * min(np.array(picture_size(viewer)) / np.maximum(extent, 1e-12)))


def show_region(viewer: Any, roi: Roi, grid: Array) -> None:
    """Show a slice of a region, and all of it on the canvas, moving and zooming no farther than that takes.

    In 3-D as `go_to_region`.
    """
    view, first = view_of(viewer), viewer.dims.ndim - grid.dims
    if view.ndisplay == 3:
        go_to_region(viewer, roi, grid)
        return
    if missed(roi, grid, view) is not None:
        middle, axes = _middle(roi, grid), view.depth_axes(grid.dims)
        viewer.dims.set_point([first + axis for axis in axes], [float(middle[axis]) for axis in axes])
    zoom_out_to(viewer, roi, grid)


def zoom_out_to(viewer: Any, roi: Roi, grid: Array) -> None:
    """Zoom out about the middle of a region until all of it is seen in the slice, unless it is already."""
    view, first = view_of(viewer), viewer.dims.ndim - grid.dims
    axes = [dim - first for dim in view.displayed]
    if view.ndisplay == 3 or min(axes) < 0:
        return
    begin, end = (corner[axes] for corner in _corners(roi, grid))
    centre, half = np.array(view.center), np.array(view.size) / 2
    if np.any(begin < centre - half) or np.any(end > centre + half):
        _centre_on(viewer, (begin + end) / 2)
        viewer.scene.camera.zoom *= min(1.0, float(_FILLED * min(view.size / (end - begin))))


def fly_to(viewer: Any, mask: Array, may_zoom: bool) -> None:
    """Bring the voxels of a mask without channels into view: the slice that holds most, and the canvas around them.

    If it `may_zoom`, it zooms in where they would hardly be seen; it must not where the region follows the view.
    """
    flags, first = mask.numpy(), viewer.dims.ndim - mask.dims
    begin, end = _corners(mask.roi, mask)
    for axis, size in enumerate(mask.physical_voxel_size):
        if first + axis not in viewer.dims.displayed:
            counts = flags.sum(axis=tuple(a for a in range(mask.dims) if a != axis))
            viewer.dims.set_point(first + axis, float(begin[axis] + (int(np.argmax(counts)) + 0.5) * size))
    axes = [dim - first for dim in viewer.dims.displayed if dim >= first]
    camera, canvas = viewer.scene.camera, np.array(picture_size(viewer))
    centre, extent = (begin + end)[axes] / 2, (end - begin)[axes]
    away = np.abs(centre - np.array(camera.center[-len(axes) :]))
    if len(axes) == 2 and np.any(away + extent / 2 > canvas / camera.zoom / 2):
        _centre_on(viewer, centre)
    pixels, fitting = float((extent * camera.zoom).max()), float(canvas.min())
    if pixels > fitting or (may_zoom and pixels < _SMALLEST):
        camera.zoom *= _SPAN * fitting / max(pixels, 1e-9)


def _corners(roi: Roi, grid: Array) -> tuple[np.ndarray, np.ndarray]:
    """Begin and end of a region in the unit of length."""
    return np.array(roi.begin) / grid.subdivision, np.array(roi.end) / grid.subdivision


def _middle(roi: Roi, grid: Array) -> np.ndarray:
    """The centre of the voxel in a region's middle, not the face between two, so that the slice lies inside."""
    (begin, end), voxel = _corners(roi, grid), np.array(grid.physical_voxel_size)
    return np.asarray(begin + (np.round((end - begin) / voxel) // 2 + 0.5) * voxel)


def _centre_on(viewer: Any, middle: np.ndarray) -> None:
    """Move the camera to a point of the displayed axes."""
    camera = viewer.scene.camera
    # The camera has three coordinates, the displayed ones last.
    camera.center = (*camera.center[: 3 - len(middle)], *(float(m) for m in middle))
