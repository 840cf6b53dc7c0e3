"""`RegionLayers`: the ROI, the ground-truth context and the padding as shapes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from funlib.geometry import Roi

from predictor_inspector.core.array import Array
from predictor_inspector.inspection import Regions
from predictor_inspector.plugin.layers.colours import BEYOND, CONTEXT, PADDING
from predictor_inspector.plugin.layers.colours import ROI as ROI_COLOUR
from predictor_inspector.plugin.layers.owned import OwnedLayers
from predictor_inspector.plugin.layers.shapes import TRANSPARENT, Canvas, Shape, box_outline, draw_shapes
from predictor_inspector.plugin.model.view import View

ROI = "ROI"
NAMES = ("padding", "GT context", ROI)


class RegionLayers:
    """The three layers of shapes, drawn anew for every view: rectangles in a slice, the edges of boxes in 3-D.

    Where the slice shown doesn't cut a box, its rectangle is faded. The part of the context that lies beyond the data has
    a colour of its own and is filled.
    """

    def __init__(self, layers: OwnedLayers) -> None:
        self._layers = layers

    def draw(self, gt: Array, view: View, regions: Regions, units: Sequence[str], keep: str | None = None) -> None:
        """Show the regions.

        Parameters
        ----------
        units : sequence of str
            napari's names of the units, per axis of `gt`.
        keep : str, optional
            A layer to leave as it is, because the person is dragging its shape.
        """
        canvas, roi = Canvas(gt, view, 1 / self._layers.viewer.scene.camera.zoom), regions.roi
        shapes = {name: list[Shape]() for name in NAMES}
        if regions.padding_region != roi:
            shapes["padding"] += _shapes(regions.padding_region, canvas, PADDING, 2.0)
        if regions.gt_region != roi:
            shapes["GT context"] += _shapes(regions.gt_region, canvas, CONTEXT, 2.0)
        for part in regions.beyond_data:
            shapes["GT context"] += _shapes(part, canvas, BEYOND, 2.0, filled=True)
        shapes[ROI] += _shapes(roi, canvas, ROI_COLOUR, 2.5)
        for name in NAMES:
            if name != keep:
                draw_shapes(self._layers, name, shapes[name], canvas, units)

    def clear(self) -> None:
        """Remove all layers."""
        self._layers.remove(*NAMES)


def _shapes(roi: Roi, canvas: Canvas, colour: str, pixels: float, filled: bool = False) -> list[Shape]:
    begin, end = (np.array(corner) / canvas.grid.subdivision for corner in (roi.begin, roi.end))
    if canvas.solid:
        paths = box_outline(begin, end)
        return [Shape("path" if len(path) > 2 else "line", path, colour, pixels) for path in paths]
    if not canvas.in_space:
        return []
    # Filled only where the slice goes through it: what lies before or behind would tint all that is looked at.
    cut = all(canvas.cuts(begin, end, axis) for axis in canvas.hidden)
    fill = colour + "40" if filled and cut else TRANSPARENT
    return [Shape("rectangle", canvas.rectangle(begin, end), colour if cut else colour + "60", pixels, fill)]
