"""Listening to a viewer and to layers, and ceasing to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

_PLACE = ("scale", "translate", "affine", "rotate", "shear", "units", "axis_labels")
_VALUES = ("data", "labels_update", "paint")


class ViewerWatch:
    """Calls back whenever the viewer may show another part of the world, and whenever its list of layers changes."""

    def __init__(self, viewer: Any, moved: Callable[[], None], layers_changed: Callable[[], None]) -> None:
        self._moved, self._layers_changed = moved, layers_changed
        camera, dims, canvas = viewer.scene.camera.events, viewer.dims.events, viewer.canvas.events
        grid = viewer.canvas.grid.events
        layers = viewer.layers.events
        self._connected: list[tuple[Any, Any]] = []
        for emitter in (camera.zoom, camera.center, dims.point, dims.ndisplay, dims.order, dims.ndim, canvas.size):
            self._connect(emitter, self._on_move)
        for emitter in (grid.enabled, grid.shape, grid.stride):
            self._connect(emitter, self._on_move)
        for emitter in (layers.inserted, layers.removed, layers.reordered, layers.renamed):
            self._connect(emitter, self._on_layers)

    def close(self) -> None:
        """Listen no more."""
        for emitter, callback in self._connected:
            emitter.disconnect(callback)
        self._connected = []

    def _connect(self, emitter: Any, callback: Any) -> None:
        emitter.connect(callback)
        self._connected.append((emitter, callback))

    def _on_move(self, _event: Any = None) -> None:
        self._moved()

    def _on_layers(self, _event: Any = None) -> None:
        self._layers_changed()


class LayerWatch:
    """Calls back when a layer's values change, or its place in the world."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed
        self._layer: Any | None = None
        self._connected: list[tuple[Any, Any]] = []

    def watch(self, layer: Any | None) -> None:
        """Watch this layer in place of the one before; None for none."""
        if layer is self._layer:
            return
        for emitter, callback in self._connected:
            emitter.disconnect(callback)
        self._connected, self._layer = [], layer
        if layer is None:
            return
        for name in (*_PLACE, *_VALUES):
            emitter = getattr(layer.events, name, None)
            if emitter is not None:
                emitter.connect(self._on_event)
                self._connected.append((emitter, self._on_event))

    def _on_event(self, _event: Any = None) -> None:
        self._changed()
