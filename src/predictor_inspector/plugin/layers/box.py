"""`BoxEditor`: the rectangle in the layer `ROI` with which the pinned box is moved and resized on the canvas."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from funlib.geometry import Coordinate, Roi

from predictor_inspector.core.array import Array
from predictor_inspector.plugin.layers.owned import OwnedLayers
from predictor_inspector.plugin.layers.regions import ROI
from predictor_inspector.plugin.model.box import at_least_a_voxel


class BoxEditor:
    """Lets a person edit the box while it is pinned.

    Parameters
    ----------
    moved : callable
        Called with the box, a `Roi`, whenever the person has changed it.

    Attributes
    ----------
    dragging : bool
        Whether the mouse drags the rectangle at the moment.
    """

    def __init__(self, layers: OwnedLayers, moved: Callable[[Roi], None]) -> None:
        self._layers, self._moved = layers, moved
        self._layer: Any | None = None
        self._box: tuple[Roi, Array] | None = None
        self.dragging = False

    def edit(self, box: Roi, gt: Array) -> None:
        """Let the person edit the rectangle that shows this box of the ground truth."""
        self._box = box, gt
        layer = self._layers.find(ROI)
        if layer is self._layer:
            return
        self.close()
        if layer is not None:
            layer.editable = True
            layer.mode = "select"
            layer.selected_data = {0}
            self._layers.viewer.layers.selection.active = layer
            layer.mouse_drag_callbacks.append(self._follow)
            layer.events.data.connect(self._on_data)
            self._layer = layer

    def close(self) -> None:
        """Let the person edit it no longer."""
        layer, self._layer = self._layer, None
        if layer is None:
            return
        layer.events.data.disconnect(self._on_data)
        if self._follow in layer.mouse_drag_callbacks:
            layer.mouse_drag_callbacks.remove(self._follow)
        layer.selected_data = set()
        layer.mode = "pan_zoom"
        layer.editable = False
        self.dragging = False

    def _follow(self, _layer: Any, event: Any) -> Iterator[None]:
        """Let the region follow while the mouse drags the rectangle."""
        yield
        while event.type == "mouse_move":
            self.dragging = True
            self._take_over()
            yield
        if self.dragging:
            self.dragging = False
            # Once more, now to draw the rectangle where it came to rest on the grid.
            self._take_over()

    def _on_data(self, _event: Any = None) -> None:
        if not self.dragging:
            self._take_over()

    def _take_over(self) -> None:
        layer = self._layer
        if layer is None or self._box is None:
            return
        box, gt = self._box
        if len(layer.data):
            corners = np.asarray(layer.data[0]) * np.asarray(layer.scale) * gt.subdivision
            low, high = list(box.begin), list(box.end)
            for axis in range(gt.dims):
                if np.ptp(corners[:, axis]) > 0:  # a displayed axis
                    low[axis] = round(float(corners[:, axis].min()))
                    high[axis] = round(float(corners[:, axis].max()))
            box = at_least_a_voxel(gt, Roi(low, Coordinate(high) - Coordinate(low)))
            self._box = box, gt
        # An emptied layer is drawn again as it was.
        self._moved(box)
