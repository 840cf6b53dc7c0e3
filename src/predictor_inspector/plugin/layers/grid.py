"""`CanvasGrid`: napari's grid of panes, lent; the person's comes back afterwards."""

from __future__ import annotations

from typing import Any

from predictor_inspector.inspection import Inspection
from predictor_inspector.plugin.layers.navigation import zoom_out_to

_GAP = 4  # pixels between panes
_WIDE = 1.6  # width of a canvas by its height, from which on all panes stand in one row


class CanvasGrid:
    """napari's grid, while something is shown in panes side by side.

    napari deals out layers from the bottom, `stride` of them to a pane; panes without a visible layer are left out.
    """

    def __init__(self, viewer: Any) -> None:
        self._viewer = viewer
        self._before: dict[str, Any] | None = None
        self._camera: tuple[Any, Any] | None = None
        self._owner: object = None  # who showed panes last

    def show(
        self, owner: object, stride: int, shape: tuple[int, int] | None = None, fit: Inspection | None = None
    ) -> None:
        """Show panes for an owner in place of another's, by default in as many rows as suit the canvas.

        The view zooms out until the region of `fit` is seen in one pane; it comes back unless it was moved meanwhile.
        """
        grid, first = self._viewer.canvas.grid, self._before is None
        self._owner = owner
        if first:
            self._before = {name: getattr(grid, name) for name in ("stride", "shape", "spacing", "enabled")}
        if shape is None:
            height, width = self._viewer.canvas.size
            shape = (1, -1) if width > _WIDE * height else (-1, -1)
        grid.stride, grid.shape, grid.spacing, grid.enabled = stride, shape, _GAP, True
        if first and fit is not None:
            before = self._camera_now()
            zoom_out_to(self._viewer, fit.roi, fit.target)
            self._camera = before, self._camera_now()

    def restore(self, owner: object) -> None:
        """Give back the grid, and the view, as they were, unless another owner shows panes by now."""
        if self._before is None or self._owner is not owner:
            return
        for name, value in self._before.items():
            setattr(self._viewer.canvas.grid, name, value)
        if self._camera is not None and self._camera[1] == self._camera_now():
            self._viewer.scene.camera.center, self._viewer.scene.camera.zoom = self._camera[0]
        self._before = self._camera = None

    def _camera_now(self) -> tuple[tuple[float, ...], float]:
        camera = self._viewer.scene.camera
        return tuple(camera.center), float(camera.zoom)
