"""Events of a viewer and of layers that the dock listens to, by what they mean."""

from __future__ import annotations

from typing import Any

from predictor_inspector.plugin.layers.watch import Watch, data_events

__all__ = ["Watch", "data_events", "list_events", "view_events"]


def view_events(viewer: Any) -> list[Any]:
    """Events after which a viewer may show another part of the world."""
    camera, dims, grid = viewer.scene.camera.events, viewer.dims.events, viewer.canvas.grid.events
    canvas = [viewer.canvas.events.size, grid.enabled, grid.shape, grid.stride]
    return [camera.zoom, camera.center, dims.point, dims.ndisplay, dims.order, dims.ndim, dims.units, *canvas]


def list_events(viewer: Any) -> list[Any]:
    """Events after which a viewer's list of layers is another."""
    events = viewer.layers.events
    return [events.inserted, events.removed, events.reordered, events.renamed]
