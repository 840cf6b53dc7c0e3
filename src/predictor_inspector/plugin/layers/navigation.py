"""Ways to bring a region, or the voxels of a mask, into view."""

from __future__ import annotations

from typing import Any

import numpy as np
from funlib.geometry import Roi

from predictor_inspector.core.array import Array
from predictor_inspector.plugin.model.view import picture_size, view_of

_FILLED = 0.8
"""Share of the canvas that a region fills after going to it."""

_SPAN, _SMALLEST = 0.4, 40
"""Share of the canvas that voxels span after zooming to them, and pixels of it below which that is done."""


def go_to_region(viewer: Any, roi: Roi, grid: Array) -> None:
    """Show a region in the middle of the canvas.

    Parameters
    ----------
    viewer : napari.Viewer
        Whose last dimensions are the spatial axes of `grid`.
    roi : Roi
        In the counts of `grid`.
    grid : Array
        The ground truth.
    """
    first = viewer.dims.ndim - grid.dims
    begin, shape = np.array(roi.begin, dtype=float), np.array(roi.shape, dtype=float)
    voxel = np.array(grid.voxel_size, dtype=float)
    # The voxel in the middle, not the face between two, so that the slice lies inside.
    middle = (begin + (shape / voxel // 2 + 0.5) * voxel) / grid.subdivision
    size, centre = shape / grid.subdivision, (begin + shape / 2) / grid.subdivision
    viewer.dims.set_point(list(range(first, viewer.dims.ndim)), [float(m) for m in middle])
    shown = [axis - first for axis in viewer.dims.displayed if axis >= first]
    camera = viewer.scene.camera
    camera.center = tuple(float(centre[axis]) for axis in shown)
    extent = size[shown[-2:]]
    camera.zoom = float(_FILLED * min(np.array(picture_size(viewer)) / np.maximum(extent, 1e-12)))


def zoom_out_to(viewer: Any, roi: Roi, grid: Array) -> None:
    """Make all of a region fit into a slice's picture, if it doesn't: about its middle, as small as it takes."""
    view, first = view_of(viewer), viewer.dims.ndim - grid.dims
    axes = [dim - first for dim in view.displayed]
    if view.ndisplay == 3 or min(axes) < 0:
        return
    begin, end = (np.array([corner[axis] / grid.subdivision for axis in axes]) for corner in (roi.begin, roi.end))
    centre, half = np.array(view.center), np.array(view.size) / 2
    if np.all(begin >= centre - half) and np.all(end <= centre + half):
        return
    camera = viewer.scene.camera
    camera.center = (*camera.center[:-2], *(float(middle) for middle in (begin + end) / 2))
    camera.zoom *= min(1.0, float(_FILLED * min(view.size / (end - begin))))


def fly_to(viewer: Any, mask: Array, may_zoom: bool) -> None:
    """Bring voxels into view: the slice that holds most of them, and the canvas around them.

    Parameters
    ----------
    mask : Array
        True at the voxels, without channels.
    may_zoom : bool
        Whether to come nearer where they would hardly be seen. What follows the view must not be made smaller by it.
    """
    flags, first = mask.numpy(), viewer.dims.ndim - mask.dims
    sizes = np.array(mask.physical_voxel_size)
    corner = np.array(mask.offset) / mask.subdivision
    for axis in range(mask.dims):
        if first + axis not in viewer.dims.displayed:
            counts = flags.sum(axis=tuple(a for a in range(mask.dims) if a != axis))
            viewer.dims.set_point(first + axis, float(corner[axis] + (int(np.argmax(counts)) + 0.5) * sizes[axis]))
    axes = [dim - first for dim in viewer.dims.displayed if dim >= first]
    camera, canvas = viewer.scene.camera, np.array(picture_size(viewer))
    low, extent = corner[axes], np.array(flags.shape)[axes] * sizes[axes]
    away = np.abs(low + extent / 2 - np.array(camera.center[-len(axes) :]))
    if len(axes) == 2 and np.any(away + extent / 2 > canvas / camera.zoom / 2):
        # The camera has three coordinates, the displayed ones last.
        camera.center = (*camera.center[:-2], *(float(c) for c in low + extent / 2))
    pixels, fitting = float((extent * camera.zoom).max()), float(canvas.min())
    if pixels > fitting or (may_zoom and pixels < _SMALLEST):
        camera.zoom *= _SPAN * fitting / max(pixels, 1e-9)
