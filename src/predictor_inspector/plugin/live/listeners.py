"""Listeners to a viewer and to a layer, which can be disconnected."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

_LAYER_EVENTS = (
    *("scale", "translate", "affine", "rotate", "shear", "units", "axis_labels"),
    *("data", "labels_update", "paint"),
)
"""After which a layer's values are others, or lie elsewhere; not every kind of layer has all of them."""


class _Connections:
    """Connections of callbacks without arguments to napari's events."""

    def __init__(self) -> None:
        self._connected: list[tuple[Any, Any]] = []

    def connect(self, callback: Callable[[], None], *emitters: Any) -> None:
        """Call back after each of these events."""

        def on_event(_event: Any = None) -> None:
            callback()

        for emitter in emitters:
            emitter.connect(on_event)
            self._connected.append((emitter, on_event))

    def close(self) -> None:
        """Listen no more."""
        for emitter, callback in self._connected:
            emitter.disconnect(callback)
        self._connected = []


class ViewerWatch(_Connections):
    """Calls back whenever the viewer may show another part of the world, and whenever its list of layers changes."""

    def __init__(self, viewer: Any, moved: Callable[[], None], layers_changed: Callable[[], None]) -> None:
        super().__init__()
        camera, dims, canvas = viewer.scene.camera.events, viewer.dims.events, viewer.canvas.events
        grid, layers = viewer.canvas.grid.events, viewer.layers.events
        self.connect(moved, camera.zoom, camera.center, dims.point, dims.ndisplay, dims.order, dims.ndim, canvas.size)
        self.connect(moved, grid.enabled, grid.shape, grid.stride)
        self.connect(layers_changed, layers.inserted, layers.removed, layers.reordered, layers.renamed)


class LayerWatch(_Connections):
    """Calls back when the values of the watched layer change, or its place in the world."""

    def __init__(self, changed: Callable[[], None]) -> None:
        super().__init__()
        self._changed = changed
        self._layer: Any | None = None

    def watch(self, layer: Any | None) -> None:
        """Watch this layer in place of the one before; None for none."""
        if layer is not self._layer:
            self.close()
            self._layer = layer
            events = [getattr(layer.events, name, None) for name in _LAYER_EVENTS] if layer is not None else []
            self.connect(self._changed, *(event for event in events if event is not None))
