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
from predictor_inspector.plugin.model.view import view_of

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
        # What an earlier dock explained isn't explained any more.
        self.clear()

    def draw(self, marks: Sequence[Mark], grid: Array, units: Sequence[str], voxels: bool = True) -> None:
        """Show the marks in the viewer's present view.

        Parameters
        ----------
        grid : Array
            The ground truth, whose voxels the sliders step by.
        units : sequence of str
            napari's names of the units, per spatial axis.
        voxels : bool
            Whether sets of voxels are to be drawn anew too; they don't depend on the view.
        """
        viewer = self._layers.viewer
        sets = [mark for mark in marks if isinstance(mark, VoxelSet)]
        if voxels and sets:
            self._put_voxels(sets[0].mask, units)
        elif voxels:
            self._layers.hide(VOXELS)
        canvas = Canvas(grid, view_of(viewer), 1 / viewer.scene.camera.zoom)
        features = {"label": np.empty(0, dtype=object)}
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
        self._layers.put(
            "labels",
            VOXELS,
            mask.numpy().astype(np.uint8),
            LayerGeometry.of(mask, units, mask.spatial_axes),
            new={"opacity": 0.35, "colormap": label_colormap({1: COLOURS["object"]})},
        )
        if is_new:
            # Lines lie on top of what they are about.
            self._layers.keep_on_top(LINES)
        self._layers.show(VOXELS)
