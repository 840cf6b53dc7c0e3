"""`MemorySetting`: the memory that the dock may use, as napari keeps it among its preferences."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QObject, Signal

PLUGIN = "napari-predictor-inspector"

CHOICES = ("auto", "1 GB", "2 GB", "4 GB", "8 GB", "16 GB", "32 GB", "64 GB", "128 GB")
"""What napari's page of preferences offers; the manifest lists the same."""


class MemorySetting(QObject):
    """Kept from one session to the next, and the same in every dock.

    Where napari doesn't know the plugin, in a window that was made without plugins say, nothing is kept.
    """

    changed = Signal(str)
    """The new value, when it was changed on the page of preferences or in another dock."""

    def __init__(self) -> None:
        super().__init__()
        self._kept = _preferences()
        if self._kept is not None:
            self._kept.events.memory.connect(self._on_changed)

    @property
    def value(self) -> str:
        """One of `CHOICES`."""
        return CHOICES[0] if self._kept is None else str(self._kept.memory)

    @value.setter
    def value(self, value: str) -> None:
        # Others can be set from code, for one dock.
        if self._kept is not None and value in CHOICES and value != self._kept.memory:
            self._kept.memory = value

    def close(self) -> None:
        """Listen no more."""
        if self._kept is not None:
            self._kept.events.memory.disconnect(self._on_changed)
            self._kept = None

    def _on_changed(self, _event: Any) -> None:
        self.changed.emit(self.value)


def _preferences() -> Any | None:
    """The plugin's part of napari's preferences that memory is in."""
    from napari.settings import get_plugin_settings

    known = get_plugin_settings()
    return known[PLUGIN].compute if PLUGIN in known else None
