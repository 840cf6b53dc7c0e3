"""Memory setting of docks among napari's preferences."""

from __future__ import annotations

from typing import Any

from napari.settings import get_plugin_settings

from predictor_inspector.plugin.model.settings import Settings

PLUGIN = "napari-predictor-inspector"

CHOICES = ("auto", "1 GB", "2 GB", "4 GB", "8 GB", "16 GB", "32 GB", "64 GB", "128 GB")
"""In napari's page of preferences; the manifest lists the same."""


class MemorySetting:
    """Keeps the memory setting from one session to the next, and the same in every dock, if napari knows the plugin."""

    def __init__(self, settings: Settings) -> None:
        known = get_plugin_settings()
        self._settings = settings
        self._kept: Any | None = known[PLUGIN].compute if PLUGIN in known else None
        if self._kept is not None:
            self._on_kept()
            self._kept.events.memory.connect(self._on_kept)
            settings.events.memory.connect(self._on_setting)

    def close(self) -> None:
        """Stop keeping and following."""
        if self._kept is not None:
            self._kept.events.memory.disconnect(self._on_kept)
            self._settings.events.memory.disconnect(self._on_setting)
            self._kept = None

    def _on_kept(self, _event: Any = None) -> None:
        if self._kept is not None:
            self._settings.memory = str(self._kept.memory)

    def _on_setting(self, memory: str) -> None:
        # Other values can be set from code, for one dock.
        if self._kept is not None and memory in CHOICES and memory != self._kept.memory:
            self._kept.memory = memory
