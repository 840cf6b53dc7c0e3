"""Going to a region, and coming back from it as far as it takes to see all of it."""

from __future__ import annotations

from typing import Any

import numpy as np
from funlib.geometry import Roi

from predictor_inspector.core.array import Array
from predictor_inspector.plugin.model.view import picture_size, view_of

_FILLED = 0.8  # of the canvas, by the region


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
