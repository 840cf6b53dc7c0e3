"""`RegionLayers`: ROI, ground-truth context and padding as shapes; the ROI's can be edited."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from funlib.geometry import Coordinate, Roi

from predictor_inspector.plugin.layers.colours import BEYOND, CONTEXT, PADDING
from predictor_inspector.plugin.layers.colours import ROI as ROI_COLOUR
from predictor_inspector.plugin.layers.owned import OwnedLayers
from predictor_inspector.plugin.layers.shapes import TRANSPARENT, Canvas, Shape, box_outline, draw_shapes
from predictor_inspector.plugin.model.box import at_least_a_voxel
from predictor_inspector.plugin.model.resolve import Resolved

ROI = "ROI"
NAMES = ("padding", "GT context", ROI)


class RegionLayers:
    """The three layers of shapes, drawn anew for every view: rectangles in a slice, the edges of boxes in 3-D.

    A rectangle that the slice doesn't cut is faded. Context beyond the data has a colour of its own and is filled.
    `moved` is called with the box whenever the person has changed its rectangle.
    """

    def __init__(self, layers: OwnedLayers, moved: Callable[[Roi], None]) -> None:
        self._layers, self._moved = layers, moved
        self._state: Resolved | None = None  # that is drawn
        self._edited: Any | None = None  # the layer whose rectangle can be edited
        self._box: Roi | None = None
        self._dragging = False

    def draw(self, state: Resolved, editable: bool) -> None:
        """Show the regions; the ROI's rectangle can be moved and resized if it is `editable`."""
        self._state, regions = state, state.regions
        canvas, roi = Canvas.of(state.gt, self._layers.viewer, state.view), regions.roi
        shapes = {name: list[Shape]() for name in NAMES}
        if regions.padding_region != roi:
            shapes["padding"] += _shapes(regions.padding_region, canvas, PADDING, 2.0)
        if regions.gt_region != roi:
            shapes["GT context"] += _shapes(regions.gt_region, canvas, CONTEXT, 2.0)
        for part in regions.beyond_data:
            shapes["GT context"] += _shapes(part, canvas, BEYOND, 2.0, filled=True)
        shapes[ROI] += _shapes(roi, canvas, ROI_COLOUR, 2.5)
        for name in NAMES:
            # What is being dragged stays as it is.
            if name != ROI or not self._dragging:
                draw_shapes(self._layers, name, shapes[name], canvas, state.place.units)
        self._box = roi
        self._edit(self._layers.find(ROI) if editable else None)

    def clear(self) -> None:
        """Remove all layers."""
        self._layers.remove(*NAMES)

    def close(self) -> None:
        """Stop listening to the rectangle."""
        self._edit(None)

    def _edit(self, layer: Any | None) -> None:
        """Let the rectangle of this layer be edited, and that of no other."""
        before, self._edited = self._edited, layer
        if layer is before:
            return
        if before is not None:
            before.events.data.disconnect(self._on_data)
            if self._on_drag in before.mouse_drag_callbacks:
                before.mouse_drag_callbacks.remove(self._on_drag)
            before.selected_data = set()
            before.mode = "pan_zoom"
            before.editable = False
            self._dragging = False
        if layer is not None:
            layer.editable = True
            layer.mode = "select"
            layer.selected_data = {0}
            self._layers.viewer.layers.selection.active = layer
            layer.mouse_drag_callbacks.append(self._on_drag)
            layer.events.data.connect(self._on_data)

    def _on_drag(self, _layer: Any, event: Any) -> Iterator[None]:
        """Let the box follow while the mouse drags its rectangle."""
        yield
        while event.type == "mouse_move":
            self._dragging = True
            self._take_over()
            yield
        if self._dragging:
            self._dragging = False
            # Once more, now to draw the rectangle where it came to rest on the grid.
            self._take_over()

    def _on_data(self, _event: Any = None) -> None:
        if not self._dragging:
            self._take_over()

    def _take_over(self) -> None:
        """Tell where the rectangle lies; one that was deleted is drawn again as it was."""
        layer, state, box = self._edited, self._state, self._box
        if layer is None or state is None or box is None:
            return
        if len(layer.data):
            gt = state.gt
            corners = np.asarray(layer.data[0]) * np.asarray(layer.scale) * gt.subdivision
            low, high = list(box.begin), list(box.end)
            for axis in range(gt.dims):
                if np.ptp(corners[:, axis]) > 0:  # a displayed axis
                    low[axis] = round(float(corners[:, axis].min()))
                    high[axis] = round(float(corners[:, axis].max()))
            box = self._box = at_least_a_voxel(gt, Roi(low, Coordinate(high) - Coordinate(low)))
        self._moved(box)


def _shapes(roi: Roi, canvas: Canvas, colour: str, pixels: float, filled: bool = False) -> list[Shape]:
    begin, end = (np.array(corner) / canvas.grid.subdivision for corner in (roi.begin, roi.end))
    if canvas.solid:
        return [Shape.stroke(path, colour, pixels) for path in box_outline(begin, end)]
    if not canvas.in_space:
        return []
    # Filled only where the slice goes through it: what lies before or behind would tint all that is looked at.
    cut = all(canvas.cuts(begin, end, axis) for axis in canvas.hidden)
    fill = colour + "40" if filled and cut else TRANSPARENT
    return [Shape("rectangle", canvas.rectangle(begin, end), colour if cut else colour + "60", pixels, fill)]
