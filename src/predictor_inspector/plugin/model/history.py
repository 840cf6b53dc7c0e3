"""Undo and redo of settings."""

from __future__ import annotations

from time import monotonic
from typing import Any

from predictor_inspector.plugin.model.settings import Gesture, Settings

_CLOSELY = 0.7  # seconds within which changes of the same field or parameter are one step, as while a slider is dragged
_MOST = 200  # steps that are kept


class History:
    """Steps through snapshots of settings; those with layers that are gone are forgotten, so that data aren't kept."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._present = settings.snapshot()
        self._past: list[dict[str, Any]] = []
        self._future: list[dict[str, Any]] = []
        self._last: tuple[Any, float] = (None, 0.0)
        settings.stepped.connect(self._on_step)
        settings.events.layers.connect(self._forget_layers)

    def undo(self) -> None:
        """Take back the last step; nothing happens if there is none."""
        self._go(self._past, self._future)

    def redo(self) -> None:
        """Take the last step that was taken back again; nothing happens if there is none."""
        self._go(self._future, self._past)

    def _go(self, there: list[dict[str, Any]], back: list[dict[str, Any]]) -> None:
        if there:
            back.append(self._present)
            self._last = (None, 0.0)
            with self._settings.together(automatic=True):
                self._settings.restore(there.pop())

    def _on_step(self, label: Any, automatic: bool) -> None:
        before, self._present = self._present, self._settings.snapshot()
        if before == self._present or automatic:
            return
        (last, when), self._last = self._last, (label, monotonic())
        self._future.clear()
        goes_on = label is not None and label == last
        if not goes_on or (monotonic() - when > _CLOSELY and not isinstance(label, Gesture)):
            self._past = [*self._past[1 - _MOST :], before]

    def _forget_layers(self) -> None:
        for steps in (self._past, self._future):
            steps[:] = filter(self._settings.can_restore, steps)
