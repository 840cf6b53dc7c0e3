"""`FindingLayer`: the voxels of a finding in the viewer, and the way there."""

from __future__ import annotations

from typing import Any

import numpy as np

from predictor_inspector.inspection.findings import Finding
from predictor_inspector.plugin.findings.panel import SEVERITY_COLOURS
from predictor_inspector.plugin.layer_pictures import Place
from predictor_inspector.plugin.result_layers import OWNER

NAME = "finding"

_SMALLEST = 40
"""Pixels of the canvas that what is shown should span at least, where flying there may zoom in."""

_SPAN = 0.4
"""Of the canvas, after zooming to a finding."""


class FindingLayer:
    """A layer of labels with the voxels of one finding; made once, then given others."""

    def __init__(self, viewer: Any) -> None:
        self._viewer = viewer
        self._layer: Any = None

    def get(self) -> Any | None:
        """The layer, if it exists and hasn't been removed."""
        if self._layer is not None and self._layer not in self._viewer.layers:
            self._layer = None
        return self._layer

    def show(self, finding: Finding, place: Place) -> None:
        """Mark the voxels of a finding: filled, or only their outline where they are a whole box."""
        mask = finding.where.mask
        values = mask.numpy().astype(np.uint8)
        scale = list(mask.physical_voxel_size)
        corner = [o / mask.subdivision for o in mask.offset]
        translate = [c + v / 2 for c, v in zip(corner, scale, strict=True)]
        units, labels = list(place.units), list(place.axis_labels)
        if place.time is not None:
            values = values[None]
            scale, translate = [place.time[0], *scale], [place.time[1], *translate]
            units, labels = ["pixel", *units], ["time", *labels]
        layer = self.get()
        if layer is not None and layer.ndim != values.ndim:
            self._viewer.layers.remove(layer)
            layer = None
        if layer is None:
            active = self._viewer.layers.selection.active
            layer = self._layer = self._viewer.add_labels(
                values,
                name=NAME,
                scale=scale,
                translate=translate,
                units=units,
                axis_labels=labels,
                metadata={OWNER: NAME},
                opacity=0.75,
                blending="translucent_no_depth",
            )
            layer.editable = False
            if active is not None:
                self._viewer.layers.selection.active = active
        else:
            layer.data = values
            layer.scale, layer.translate = scale, translate
        layer.contour = 2 if values.all() else 0
        layer.colormap = _colormap(SEVERITY_COLOURS[finding.severity])
        layer.visible = True

    def hide(self) -> None:
        """Mark nothing."""
        if self.get() is not None:
            self._layer.visible = False

    def remove(self) -> None:
        """Take the layer out of the viewer."""
        if self.get() is not None:
            self._viewer.layers.remove(self._layer)
            self._layer = None


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
    camera, (height, width) = viewer.scene.camera, viewer.canvas.size
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


def _colormap(colour: str) -> Any:
    from napari.utils.colormaps import DirectLabelColormap

    return DirectLabelColormap(color_dict={None: "transparent", 0: "transparent", 1: colour})
