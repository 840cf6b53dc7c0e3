"""`PinnedBox`: a region that stays where it is until the person moves or resizes it on the canvas."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from funlib.geometry import Coordinate, Roi

from predictor_inspector.core.array import Array
from predictor_inspector.plugin.layers.regions import RegionLayers
from predictor_inspector.plugin.model.view import View, central, viewed_roi, with_thickness


class PinnedBox:
    """A box in the world, shown and edited as the rectangle in the layer `ROI`.

    Parameters
    ----------
    moved : callable
        Called when the person has changed the box on the canvas.
    """

    def __init__(self, viewer: Any, layers: RegionLayers, moved: Callable[[], None]) -> None:
        self._viewer, self._layers, self._moved = viewer, layers, moved
        self._layer: Any | None = None
        self._roi: Roi | None = None
        self._gt: Array | None = None
        self._thickness = 0
        self.dragging = False

    @property
    def roi(self) -> Roi | None:
        """The box in the ground truth's world coordinates; None until there is one."""
        return self._roi

    @roi.setter
    def roi(self, roi: Roi | None) -> None:
        self._roi = roi
        self._thickness = 0

    def roi_for(self, gt: Array, view: View, thickness: int) -> Roi:
        """The box for this ground truth: where it was, moved onto the grid and into the data; else the middle of the view."""
        before, self._gt = self._gt, gt
        if self._roi is not None and before is not None and before.subdivision != gt.subdivision:
            self._roi = self._roi * gt.subdivision / before.subdivision
        if self._roi is None or self._roi.dims != gt.dims or gt.roi.intersect(self._roi).empty:
            seen = viewed_roi(gt, view, thickness) or gt.roi
            half = [max(1, (s.stop - s.start) // 2) for s in gt.to_slices(seen)]
            self._roi = central(gt, seen, half)
            self._thickness = 0
        if self._thickness != thickness:
            # A box set from code keeps its depth until the thickness is changed.
            if self._thickness:
                self._roi = with_thickness(gt, self._roi, view.depth_axes(gt.dims), thickness)
            self._thickness = thickness
        self._roi = gt.snap(self._roi, "closest").intersect(gt.roi)
        if self._roi.empty:
            self._roi = central(gt, gt.roi, (1,) * gt.dims)
        return self._roi

    def attach(self, editable: bool) -> None:
        """Let the person edit the rectangle, or no longer."""
        layer = self._layers.get("ROI")
        if layer is not self._layer:
            self._detach()
        if layer is None:
            return
        if editable and self._layer is None:
            layer.editable = True
            layer.mode = "select"
            layer.selected_data = {0}
            self._viewer.layers.selection.active = layer
            layer.mouse_drag_callbacks.append(self._follow)
            layer.events.data.connect(self._on_data)
            self._layer = layer
        elif not editable and self._layer is not None:
            self._detach()

    def close(self) -> None:
        """Let go of the layer."""
        self._detach()

    def _detach(self) -> None:
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
        """While the mouse drags the rectangle, the region follows."""
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
        if not self._layers.drawing and not self.dragging:
            self._take_over()

    def _take_over(self) -> None:
        layer, gt, roi = self._layer, self._gt, self._roi
        if layer is None or gt is None or roi is None:
            return
        if len(layer.data):
            corners = np.asarray(layer.data[0]) * np.asarray(layer.scale) * gt.subdivision
            low, high = list(roi.begin), list(roi.end)
            for axis in range(gt.dims):
                if np.ptp(corners[:, axis]) > 0:  # a displayed axis
                    low[axis] = round(float(corners[:, axis].min()))
                    high[axis] = round(float(corners[:, axis].max()))
            self._roi = _at_least_a_voxel(gt, Roi(low, Coordinate(high) - Coordinate(low)))
        # An emptied layer is drawn again as it was.
        self._moved()


def _at_least_a_voxel(gt: Array, roi: Roi) -> Roi:
    """`roi` on the grid and within the data, with a voxel at least along each axis."""
    begin, end = [], []
    for axis, v in enumerate(gt.voxel_size):
        o, n = gt.offset[axis], gt.spatial_shape[axis]
        low = min(max(round((roi.begin[axis] - o) / v), 0), n - 1)
        high = max(min(round((roi.end[axis] - o) / v), n), low + 1)
        begin.append(o + low * v)
        end.append(o + high * v)
    return Roi(begin, Coordinate(end) - Coordinate(begin))
