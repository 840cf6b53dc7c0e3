"""Copies of a person's visible layers: a layer can be in one pane of napari's grid only."""

from __future__ import annotations

from typing import Any

from napari.layers import Image, Labels

from predictor_inspector.plugin.layers.owned import OwnedLayers, is_owned
from predictor_inspector.plugin.layers.watch import Watch, data_events


class Copies:
    """Layers with the data of a person's visible images and labels; they follow what is painted."""

    def __init__(self, layers: OwnedLayers) -> None:
        self._layers = layers
        self._copied: dict[str, Any] = {}  # by the roles of their copies
        self._watches: list[Watch] = []

    def show(self) -> list[str]:
        """Make the copies that are missing, remove those that are too many; returns their roles, from the bottom."""
        kinds = [layer for layer in self._layers.viewer.layers if isinstance(layer, Image | Labels)]
        wanted = [layer for layer in kinds if layer.visible and not is_owned(layer)]
        if list(self._copied.values()) != wanted or any(self._layers.find(role) is None for role in self._copied):
            self.clear()
            for layer in wanted:
                self._copy(layer)
        return list(self._copied)

    def clear(self) -> None:
        """Remove the copies."""
        for watch in self._watches:
            watch.close()
        self._layers.remove(*self._copied)
        self._watches, self._copied = [], {}

    def _copy(self, layer: Any) -> None:
        role = f"{layer.name} (B)"
        copy = self._layers.add_copy(role, layer)
        self._copied[role] = layer
        self._watches.append(Watch(copy.refresh, data_events(layer)))
