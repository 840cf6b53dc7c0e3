"""The voxels of a finding, or all without weight, in the viewer, and the way there."""

from __future__ import annotations

from typing import Any

import numpy as np

from predictor_inspector.core.array import Array
from predictor_inspector.inspection.findings import Finding
from predictor_inspector.inspection.findings.weights import REASONS
from predictor_inspector.plugin.layers.colours import SEVERITY_COLOURS
from predictor_inspector.plugin.layers.label_layer import LabelLayer
from predictor_inspector.plugin.model.axes import Place
from predictor_inspector.plugin.model.view import picture_size

NAME, ZERO_WEIGHT = "finding", "weight 0"

REASON_COLOURS = dict(enumerate(("#8c8c8c", "#ffb000", "#648fff", "#dc267f", "#785ef0"), start=1))
"""Of the numbers into `REASONS`: told apart by people who see few colours."""

_SMALLEST = 40
"""Pixels of the canvas that what is shown should span at least, where flying there may zoom in."""

_SPAN = 0.4
"""Of the canvas, after zooming to a finding."""


class FindingLayer:
    """A layer with the voxels of one finding."""

    def __init__(self, viewer: Any) -> None:
        self._layer = LabelLayer(viewer, NAME)

    def show(self, finding: Finding, place: Place) -> None:
        """Mark the voxels of a finding: filled, or only their outline where they are a whole box."""
        mask = finding.where.mask
        layer = self._layer.show(mask, place, {1: SEVERITY_COLOURS[finding.severity]})
        layer.contour = 2 if mask.numpy().all() else 0

    def hide(self) -> None:
        """Mark nothing."""
        self._layer.hide()


class ZeroWeightLayer:
    """A layer that says of every value without weight why it has none; it has channels, as target and weight."""

    def __init__(self, viewer: Any) -> None:
        self._layer = LabelLayer(viewer, ZERO_WEIGHT)

    def show(self, reasons: Array, place: Place) -> None:
        """Show numbers into `REASONS`, [C, Z, Y, X]."""
        self._layer.show(reasons, place, REASON_COLOURS, dict(enumerate(REASONS)))

    def hide(self) -> None:
        """Show nothing."""
        self._layer.hide()


def fly_to(viewer: Any, finding: Finding, may_zoom: bool) -> None:
    """Bring the voxels of a finding into view: the slice that holds most of them, and the canvas around them.

    Parameters
    ----------
    may_zoom : bool
        Whether to come nearer where they would hardly be seen. What follows the view must not be made smaller by it.
    """
    mask = finding.where.mask
    flags, first = mask.numpy(), viewer.dims.ndim - mask.dims
    sizes = mask.physical_voxel_size
    corner = [o / mask.subdivision for o in mask.offset]
    displayed = viewer.dims.displayed
    for axis in range(mask.dims):
        if first + axis not in displayed:
            counts = flags.sum(axis=tuple(a for a in range(mask.dims) if a != axis))
            viewer.dims.set_point(first + axis, corner[axis] + (int(np.argmax(counts)) + 0.5) * sizes[axis])
    axes = [dim - first for dim in displayed if dim >= first]
    camera, (height, width) = viewer.scene.camera, picture_size(viewer)
    low = np.array([corner[a] for a in axes])
    high = low + [flags.shape[a] * sizes[a] for a in axes]
    middle, extent = (low + high) / 2, high - low
    centre = np.array(camera.center[-len(axes) :], dtype=float)
    half = np.array([height, width])[-len(axes) :] / camera.zoom / 2 if len(axes) == 2 else np.full(len(axes), np.inf)
    if np.any(low < centre - half) or np.any(high > centre + half):
        # The camera has three coordinates, the displayed ones last.
        camera.center = (*camera.center[: -len(axes)], *middle)
    pixels = float((extent * camera.zoom).max())
    fitting = float(min(height, width))
    if pixels > fitting or (may_zoom and pixels < _SMALLEST):
        camera.zoom *= _SPAN * fitting / max(pixels, 1e-9)
