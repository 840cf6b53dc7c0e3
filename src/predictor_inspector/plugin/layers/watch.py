"""`Watch`: a callback after events of a viewer or of layers, which can be ended."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any


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
