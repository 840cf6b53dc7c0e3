"""`Panes`: raw data, labels, target and weight beside each other."""

from __future__ import annotations

from predictor_inspector.plugin.layers.owned import OwnedLayers, role_of
from predictor_inspector.plugin.layers.results import VIEWS, WEIGHT


class Panes:
    """A pane for each visible layer of a person's, then for target and weight, in the order of the list.

    What else the plugin has drawn over them is hidden meanwhile: a layer can be in one pane only.
    """

    def __init__(self, layers: OwnedLayers) -> None:
        self._layers = layers
        self._hidden: list[str] = []
        self._named: list[object] = []

    def show(self, on: bool) -> None:
        """Show panes, or everything in one place again."""
        if on:
            drawn = [role_of(layer) for layer in self._layers.viewer.layers if layer.visible]
            over = [role for role in drawn if role is not None and role not in VIEWS]
            self._hidden += [role for role in over if role not in self._hidden]
            self._layers.hide(*over)
            self._layers.keep_on_top(WEIGHT)
            self._layers.grid.show(self, stride=1)
        else:
            self._layers.grid.restore(self)
            self._layers.show(*self._hidden)
            self._hidden = []
        self._name(on)

    def _name(self, on: bool) -> None:
        """Write the names of layers into their panes; those that a person let napari write stay."""
        for layer in self._named:
            layer.name_overlay.visible = False  # type: ignore[attr-defined]
        self._named = []
        if on:
            self._named = [layer for layer in self._layers.viewer.layers if not layer.name_overlay.visible]
            for layer in self._named:
                layer.name_overlay.visible = True  # type: ignore[attr-defined]
