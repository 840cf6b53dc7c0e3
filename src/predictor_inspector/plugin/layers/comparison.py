"""`CompareLayers`: what was kept as A, and the difference, as layers beside those of the live result."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from predictor_inspector.core.array import Array
from predictor_inspector.inspection import Inspection
from predictor_inspector.plugin.layers.colours import signed_colormap
from predictor_inspector.plugin.layers.navigation import zoom_out_to
from predictor_inspector.plugin.layers.owned import OWNER
from predictor_inspector.plugin.layers.results import RGB, TARGET, WEIGHT

VIEWS = (RGB, WEIGHT, TARGET)
"""Of the live result, B."""

NAMES = {view: f"{view} (A)" for view in VIEWS}
DIFFERENCE = "difference (B − A)"
_GAP = 4  # pixels between A and B
_LOOK = ("opacity", "gamma", "rendering", "blending", "interpolation2d", "interpolation3d")
_COLOURS = ("colormap", "contrast_limits_range", "contrast_limits")


class CompareLayers:
    """Layers of A and of the difference: made once, given new data, removed together.

    They take axes and units from B's layers, which aren't touched. All of them lie above all others.
    """

    def __init__(self, viewer: Any) -> None:
        self._viewer = viewer
        self._layers: dict[str, Any] = {}
        self._grid: dict[str, Any] | None = None
        self._camera: tuple[Any, Any] | None = None
        self._fitted: tuple[float, float] | None = None

    def live(self, view: str) -> Any | None:
        """The layer of B called `view`, whoever has renamed it."""
        return next((layer for layer in self._viewer.layers if layer.metadata.get(OWNER) == view), None)

    def looked_at(self) -> str | None:
        """The topmost of B's views that is visible."""
        shown = [layer for layer in self._viewer.layers if layer.metadata.get(OWNER) in VIEWS and layer.visible]
        return None if not shown else str(shown[-1].metadata[OWNER])

    def get(self, name: str) -> Any | None:
        """One of these layers, if it exists and hasn't been removed."""
        layer = self._layers.get(name)
        if layer is not None and layer not in self._viewer.layers:
            del self._layers[name]
            return None
        return layer

    def put(self, name: str, data: np.ndarray, array: Array, like: str) -> None:
        """Show `data` where `array` lies, on the axes that B's layer `like` has.

        Parameters
        ----------
        data : numpy.ndarray
            [C, …spatial axes], or [… spatial axes, 3] for colours.
        """
        model = self.live(like)
        if model is None:
            return
        lead = model.ndim - array.dims
        if lead > int(not model.rgb):
            # The axis of time comes after that of channels.
            data = np.expand_dims(data, 0 if model.rgb else 1)
        size = array.physical_voxel_size
        corner = [o / array.subdivision for o in array.offset]
        scale = [*model.scale[:lead], *size]
        translate = [*model.translate[:lead], *(c + v / 2 for c, v in zip(corner, size, strict=True))]
        layer = self.get(name)
        if layer is not None and layer.ndim != model.ndim:
            self._viewer.layers.remove(self._layers.pop(name))
            layer = None
        if layer is None:
            self._add(name, data, scale, translate, model)
            return
        with layer._block_refresh():
            layer.data = data
            layer.scale, layer.translate = scale, translate
        layer.refresh()

    def look_like(self, view: str, colours: bool) -> None:
        """Give A's layer of `view` the look of B's: colours only where their values mean the same."""
        layer, model = self.get(NAMES[view]), self.live(view)
        if layer is None or model is None:
            return
        for name in (*_LOOK, *(_COLOURS if colours and not model.rgb else ())):
            if name in _COLOURS or getattr(layer, name) != getattr(model, name):
                setattr(layer, name, getattr(model, name))

    def fit_difference(self, largest: float) -> None:
        """Contrast limits about 0 that hold the largest difference, unless the person has set others."""
        layer = self.get(DIFFERENCE)
        if layer is None:
            return
        reach = largest if largest > 0 else 1.0
        limits = tuple(layer.contrast_limits)
        if self._fitted is not None and limits != self._fitted:
            return
        layer.contrast_limits_range = (-reach, reach)
        layer.contrast_limits = self._fitted = (-reach, reach)

    def show_only(self, names: Sequence[str]) -> None:
        """Make these visible and hide the others."""
        for name in (*NAMES.values(), DIFFERENCE):
            layer = self.get(name)
            if layer is not None and layer.visible != (name in names):
                layer.visible = name in names

    def side_by_side(self, on: bool, fit: Inspection | None = None) -> None:
        """B left and A right, by napari's grid, whose cameras are one; the person's grid comes back afterwards.

        Parameters
        ----------
        fit : Inspection, optional
            The view draws back so that all of its region is seen in half the canvas, and comes back afterwards unless it
            was moved meanwhile.
        """
        grid = self._viewer.canvas.grid
        if on:
            first = self._grid is None
            if first:
                self._grid = {name: getattr(grid, name) for name in ("stride", "shape", "spacing", "enabled")}
            self.keep_on_top()
            mine = sum(self.get(name) is not None for name in (*NAMES.values(), DIFFERENCE))
            # Layers are dealt out from the bottom, and cells without a visible layer are left out.
            grid.stride = max(1, len(self._viewer.layers) - mine)
            grid.shape = (1, 2)
            grid.spacing = _GAP
            grid.enabled = True
            if first and fit is not None:
                before = self._camera_now()
                zoom_out_to(self._viewer, fit.roi, fit.target)
                self._camera = before, self._camera_now()
        elif self._grid is not None:
            settings, self._grid = self._grid, None
            for name, value in settings.items():
                setattr(grid, name, value)
            if self._camera is not None:
                (center, zoom), left = self._camera
                if left == self._camera_now():
                    self._viewer.scene.camera.center, self._viewer.scene.camera.zoom = center, zoom
                self._camera = None

    def _camera_now(self) -> tuple[tuple[float, ...], float]:
        camera = self._viewer.scene.camera
        return tuple(camera.center), float(camera.zoom)

    def keep_on_top(self) -> None:
        """Move these layers above all others, where something was added above them."""
        layers = self._viewer.layers
        mine = [layer for layer in layers if layer in self._layers.values()]
        if list(layers)[len(layers) - len(mine) :] != mine:
            for layer in mine:
                layers.move(layers.index(layer), len(layers))

    def remove(self) -> None:
        """Remove all of them and give the grid back."""
        self.side_by_side(False)
        for name in list(self._layers):
            if self.get(name) is not None:
                self._viewer.layers.remove(self._layers.pop(name))

    def _add(self, name: str, data: np.ndarray, scale: list[float], translate: list[float], model: Any) -> None:
        selection = self._viewer.layers.selection
        active = selection.active
        different: dict[str, Any] = {}
        if name == DIFFERENCE:
            self._fitted = None
            different = {"colormap": signed_colormap(), "contrast_limits": (-1, 1)}
        layer = self._viewer.add_image(
            data,
            name=name,
            rgb=model.rgb,
            scale=scale,
            translate=translate,
            units=[str(unit) for unit in model.units],
            axis_labels=list(model.axis_labels),
            metadata={OWNER: name},
            interpolation2d="nearest",
            blending="translucent_no_depth",
            rendering="translucent",
            visible=False,
            **different,
        )
        self._layers[name] = layer
        if active is not None and active in self._viewer.layers:
            selection.active = active
