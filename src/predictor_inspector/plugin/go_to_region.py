"""Going to a region: the slice through its middle, with the canvas around it."""

from __future__ import annotations

from typing import Any

import numpy as np
from funlib.geometry import Roi

from predictor_inspector.core.array import Array

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
    camera.zoom = float(_FILLED * min(np.array(viewer.canvas.size) / np.maximum(extent, 1e-12)))
