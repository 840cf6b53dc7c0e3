"""Mouse over the canvas: the voxel under it, and clicks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from predictor_inspector.inspection import Inspection
from predictor_inspector.plugin.model.world import lengths

_CLICK = 4  # pixels that the mouse may move between press and release of a click
_LOOKING = ("pan_zoom", "select", "direct", "transform")  # modes of layers in which a click paints nothing


@dataclass(frozen=True)
class CanvasPoint:
    """A point of a viewer's world under the mouse, one number per dimension; in 3-D on a line of sight."""

    position: tuple[float, ...]
    direction: tuple[float, ...] | None = None
    units: tuple[Any, ...] | None = None  # the world's, see `lengths`

    @classmethod
    def of(cls, viewer: Any, event: Any) -> CanvasPoint:
        """Where a mouse event of napari's happened."""
        direction = None
        if len(event.dims_displayed) == 3 and event.view_direction is not None:
            direction = tuple(float(d) for d in event.view_direction)
        return cls(tuple(float(p) for p in event.position), direction, viewer.dims.units)

    def in_region(self, inspection: Inspection) -> tuple[float, ...] | None:
        """The point of an inspection's ROI under the mouse, in the unit of length; None if there is none."""
        dims, subdivision = inspection.target.dims, inspection.target.subdivision
        if len(self.position) < dims:
            return None
        scale = lengths(self.units, (inspection.target.unit,) * dims)
        position, roi = tuple((scale * self.position[-dims:]).tolist()), inspection.roi
        begin, end = (np.array(corner) / subdivision for corner in (roi.begin, roi.end))
        if self.direction is not None:
            sizes = np.array(inspection.target.physical_voxel_size)
            return box_entry(position, (scale * self.direction[-dims:]).tolist(), begin, end, sizes)
        return position if all(b <= p < e for b, p, e in zip(begin, position, end, strict=True)) else None


def box_entry(
    position: Sequence[float], direction: Sequence[float], begin: np.ndarray, end: np.ndarray, sizes: np.ndarray
) -> tuple[float, ...] | None:
    """Where a line through `position` enters a box, a hair (of voxels of `sizes`) inside it; None where it passes by."""
    p, d = np.array(position), np.array(direction, dtype=float)
    across = np.abs(d) < 1e-12
    if ((p < begin) | (p >= end))[across].any() or across.all():
        return None
    times = np.sort(np.stack([(begin - p)[~across] / d[~across], (end - p)[~across] / d[~across]]), axis=0)
    first, last = times[0].max(), times[1].min()
    if first >= last:
        return None
    inside = np.clip(p + first * d, begin + sizes * 1e-6, end - sizes * 1e-6)
    return tuple(float(c) for c in inside)


class CanvasMouse:
    """Listens to a viewer's mouse, without disturbing panning, painting or dragging.

    `moved` is called with the `CanvasPoint` under the mouse when that changes; `clicked` with that of a click, unless it is
    meant for a layer's tool.
    """

    def __init__(
        self, viewer: Any, moved: Callable[[CanvasPoint], None], clicked: Callable[[CanvasPoint], None]
    ) -> None:
        self._viewer, self._moved, self._clicked = viewer, moved, clicked
        viewer.mouse_move_callbacks.append(self._on_move)
        viewer.mouse_drag_callbacks.append(self._on_press)

    def close(self) -> None:
        """Stop listening."""
        drag, move = self._viewer.mouse_drag_callbacks, self._viewer.mouse_move_callbacks
        for callbacks, callback in ((drag, self._on_press), (move, self._on_move)):
            if callback in callbacks:
                callbacks.remove(callback)

    def _on_press(self, viewer: Any, event: Any) -> Iterator[None]:
        point, begin = CanvasPoint.of(viewer, event), event.pos
        alone = event.button == 1 and not event.modifiers
        still = True
        yield
        while event.type == "mouse_move":
            still = still and max(abs(a - b) for a, b in zip(event.pos, begin, strict=True)) <= _CLICK
            yield
        active = viewer.layers.selection.active
        if still and alone and (active is None or str(active.mode) in _LOOKING):
            self._clicked(point)

    def _on_move(self, viewer: Any, event: Any) -> None:
        self._moved(CanvasPoint.of(viewer, event))
