"""`Pointer`: the mouse over the canvas, told apart into clicks, hovering, and hovering with a key held."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from predictor_inspector.plugin.tabs.explain.spot import Spot

KEY = "W"
"""Held to ask "why?" of every voxel under the mouse. Napari's layers use E for tools of their own."""

_STILL = 4
"""A press and a release within so many pixels are a click."""

_LOOKING = ("pan_zoom", "select", "direct", "transform")
"""Modes of layers in which a click changes nothing that is painted."""


class Pointer:
    """Listens to a viewer's mouse without taking anything away from panning, painting or dragging.

    Parameters
    ----------
    clicked : callable
        Called with the `Spot` of a press that was released in place.
    moved : callable
        Called with the `Spot` under the mouse, and whether the key is held.
    """

    def __init__(self, viewer: Any, clicked: Callable[[Spot], None], moved: Callable[[Spot, bool], None]) -> None:
        self._viewer, self._clicked, self._moved = viewer, clicked, moved
        self._held = False
        self._last: Spot | None = None
        viewer.mouse_drag_callbacks.append(self._on_press)
        viewer.mouse_move_callbacks.append(self._on_move)
        viewer.bind_key(KEY, self._on_key, overwrite=True)

    def close(self) -> None:
        """Listen no more."""
        for callbacks, callback in (
            (self._viewer.mouse_drag_callbacks, self._on_press),
            (self._viewer.mouse_move_callbacks, self._on_move),
        ):
            if callback in callbacks:
                callbacks.remove(callback)
        if self._viewer.keymap:
            self._viewer.bind_key(KEY, None)

    def _on_press(self, _viewer: Any, event: Any) -> Iterator[None]:
        spot, begin = Spot.of(event), event.pos
        alone = event.button == 1 and not event.modifiers
        still = True
        yield
        while event.type == "mouse_move":
            still = still and max(abs(a - b) for a, b in zip(event.pos, begin, strict=True)) <= _STILL
            yield
        if still and alone and self._may_click():
            self._clicked(spot)

    def _on_move(self, _viewer: Any, event: Any) -> None:
        self._last = Spot.of(event)
        self._moved(self._last, self._held)

    def _on_key(self, _viewer: Any) -> Iterator[None]:
        self._held = True
        if self._last is not None:
            self._moved(self._last, True)
        yield
        self._held = False

    def _may_click(self) -> bool:
        """Whether a click isn't meant for a tool of the selected layer."""
        active = self._viewer.layers.selection.active
        return active is None or str(active.mode) in _LOOKING
