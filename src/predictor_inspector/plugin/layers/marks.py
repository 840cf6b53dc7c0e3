"""`MarkLayers`: the layers that an explanation is drawn in."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from predictor_inspector.core.array import Array
from predictor_inspector.inspection.explanation import Mark, VoxelSet
from predictor_inspector.plugin.layers.drawing import COLOURS, TEXT_PIXELS, shapes_of
from predictor_inspector.plugin.layers.labels import label_colormap
from predictor_inspector.plugin.layers.layer_data import LayerGeometry
from predictor_inspector.plugin.layers.owned import OwnedLayers
from predictor_inspector.plugin.layers.shapes import Canvas, draw_shapes

LINES, VOXELS = "explanation", "explanation voxels"

_POINTS_PER_PIXEL = 0.6
_TEXT = {
    "string": "{label}",
    "size": round(TEXT_PIXELS * _POINTS_PER_PIXEL),
    "color": "white",
    "anchor": "center",
    "blending": "translucent_no_depth",
}


class MarkLayers:
    """A layer of shapes for lines and labels, and one of labels for sets of voxels: made once, then given new data."""

    def __init__(self, layers: OwnedLayers) -> None:
        self._layers = layers
        # An earlier dock may have left an explanation.
        self.clear()

    def draw(self, marks: Sequence[Mark], grid: Array, units: Sequence[str], voxels: bool = True) -> None:
        """Show the marks on the voxels of the ground truth, `grid`, in the viewer's present view.

        `units` are napari's names, per spatial axis. Sets of voxels don't depend on the view: they are only drawn anew with
        `voxels`.
        """
        sets = [mark for mark in marks if isinstance(mark, VoxelSet)]
        if voxels and sets:
            self._put_voxels(sets[0].mask, units)
        elif voxels:
            self._layers.hide(VOXELS)
        canvas, features = Canvas.of(grid, self._layers.viewer), {"label": np.empty(0, dtype=object)}
        draw_shapes(self._layers, LINES, shapes_of(marks, canvas), canvas, units, features=features, text=_TEXT)

    def clear(self) -> None:
        """Empty the layers; they stay where they are."""
        lines = self._layers.find(LINES)
        if lines is not None and len(lines.data):
            with self._layers.quietly(lines):
                lines.data = []
        self._layers.hide(VOXELS)

    def _put_voxels(self, mask: Array, units: Sequence[str]) -> None:
        is_new = self._layers.find(VOXELS) is None
        geometry, values = LayerGeometry.of(mask, units, mask.spatial_axes), mask.numpy().astype(np.uint8)
        new = {"opacity": 0.35, "colormap": label_colormap({1: COLOURS["object"]})}
        self._layers.put("labels", VOXELS, values, geometry, new)
        if is_new:
            # Lines lie on top of the voxels.
            self._layers.keep_on_top(LINES)
        self._layers.show(VOXELS)
