"""`Watch`: a callback after events of a viewer or of layers, which can be ended."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

_DATA_EVENTS = (
    *("scale", "translate", "affine", "rotate", "shear", "units", "axis_labels"),
    *("data", "labels_update", "paint"),
)
"""After which a layer's values are others, or lie elsewhere; not every kind of layer has all of them."""


class Watch:
    """Calls back, without arguments, after each of some events of napari's."""

    def __init__(self, callback: Callable[[], object], emitters: Iterable[Any] = ()) -> None:
        self._callback = callback
        self._emitters: list[Any] = []
        self.watch(emitters)

    def watch(self, emitters: Iterable[Any]) -> None:
        """Listen to these in place of those before."""
        before, self._emitters = self._emitters, list(emitters)
        if [id(emitter) for emitter in before] != [id(emitter) for emitter in self._emitters]:
            for emitter in before:
                emitter.disconnect(self._on_event)
            for emitter in self._emitters:
                emitter.connect(self._on_event)

    def close(self) -> None:
        """Listen to nothing any more."""
        self.watch(())

    def _on_event(self, _event: Any = None) -> None:
        self._callback()


def data_events(*layers: Any) -> list[Any]:
    """Events after which the values of layers, or their places, are others; None is no layer."""
    present = [layer.events for layer in layers if layer is not None]
    return [getattr(events, name) for events in present for name in _DATA_EVENTS if hasattr(events, name)]
