"""`SteadyView`: what is in view stays in view when the world gets another unit."""

from __future__ import annotations

from typing import Any

from predictor_inspector.plugin.model.world import World


class SteadyView:
    """Moves slice and camera along when a layer comes or goes that has a smaller unit than all others.

    napari then counts the world in another unit, but leaves the numbers of slice and camera as they are.
    """

    def __init__(self, viewer: Any) -> None:
        self._viewer = viewer
        self._seen: tuple[Any, ...] | None = None
        viewer.dims.events.units.connect(self._on_units)

    def note(self) -> None:
        """Remember what is in view."""
        world, viewer = World(self._viewer), self._viewer
        self._seen = viewer.dims.units, list(viewer.layers), world.point, world.center, float(world.pixel[-1])

    def close(self) -> None:
        """Stop listening."""
        self._viewer.dims.events.units.disconnect(self._on_units)

    def _on_units(self, _event: Any = None) -> None:
        seen, self._seen = self._seen, None
        dims = self._viewer.dims
        if seen is None or dims.units is None:
            return
        units, layers, point, center, pixel = seen
        # A layer that is given another unit is itself elsewhere now.
        if units is None or not layers or layers == list(self._viewer.layers) or len(center) != dims.ndisplay:
            return
        before = World(self._viewer, units)
        before.show_slice(dict(zip(reversed(range(dims.ndim)), reversed(point.tolist()), strict=False)))
        before.look_at(center, pixel)
