"""`CompareLayers`: layers of the kept result A and of its difference to the live result B."""

from __future__ import annotations

import numpy as np

from predictor_inspector.core.array import Array
from predictor_inspector.inspection import Inspection
from predictor_inspector.plugin.layers.copies import Copies
from predictor_inspector.plugin.layers.layer_data import geometry_beside
from predictor_inspector.plugin.layers.owned import OwnedLayers, layer_name
from predictor_inspector.plugin.layers.results import VIEWS
from predictor_inspector.plugin.layers.styles import signed_colormap
from predictor_inspector.plugin.model.axes import Place

NAMES = {view: f"{view} (A)" for view in VIEWS}
DIFFERENCE = "difference (B − A)"
_ALL = (*NAMES.values(), DIFFERENCE)

_STYLE = ("opacity", "gamma", "rendering", "blending", "interpolation2d", "interpolation3d")
_COLOURS = ("colormap", "contrast_limits_range", "contrast_limits")


class CompareLayers:
    """Layers of A and of the difference, above all others."""

    def __init__(self, layers: OwnedLayers) -> None:
        self._layers, self._viewer = layers, layers.viewer
        self._beneath = Copies(layers)
        self._fitted: tuple[float, float] | None = None
        # An earlier dock may have left a comparison.
        self.show_only()

    def put(self, name: str, data: np.ndarray, array: Array, place: Place, rgb: bool = False) -> None:
        """Show `data`, [C, …spatial axes] or colours [… spatial axes, 3], where `array` lies."""
        if array.dims != len(place.units):
            # A of a volume can't be shown beside B of a picture.
            return
        if place.time is not None:
            data = np.expand_dims(data, 0 if rgb else 1)
        geometry = geometry_beside(array, place, channels=not rgb)
        new = {"rgb": rgb, "rendering": "translucent", "visible": False}
        if name == DIFFERENCE:
            new |= {"colormap": signed_colormap(), "contrast_limits": (-1, 1)}
            if self._layers.find(name) is None:
                self._fitted = None
        self._layers.put("image", name, data, geometry, new)

    def apply_style(self, view: str, colours: bool) -> None:
        """Give A's layer of `view` the style of B's; `colours` too if their values mean the same."""
        layer, model = self._layers.find(NAMES[view]), self._layers.find(view)
        if layer is None or model is None:
            return
        for name in (*_STYLE, *(_COLOURS if colours and not model.rgb else ())):
            if name in _COLOURS or getattr(layer, name) != getattr(model, name):
                setattr(layer, name, getattr(model, name))

    def fit_difference(self, largest: float) -> None:
        """Set contrast limits about 0 that hold the largest difference, unless the person has set others."""
        layer = self._layers.find(DIFFERENCE)
        if layer is None or self._fitted not in (None, tuple(layer.contrast_limits)):
            return
        reach = largest if largest > 0 else 1.0
        layer.contrast_limits_range = layer.contrast_limits = self._fitted = (-reach, reach)

    def show_only(self, *names: str) -> None:
        """Make these visible and hide the others."""
        self._layers.hide(*(name for name in _ALL if name not in names))
        self._layers.show(*names)

    def side_by_side(self, view: str | None, fit: Inspection | None = None) -> None:
        """Show A left and B's `view` right, until the region of `fit` is seen in half the canvas; None: no longer.

        A lies where B lay, over all other layers; B has copies of a person's layers beneath it.
        """
        if view is None:
            self._layers.grid.restore(self)
            self._beneath.clear()
            self._name(None)
            return
        copies = self._beneath.show()
        # napari deals out layers from the bottom.
        self._layers.keep_on_top(*copies, view)
        self._layers.keep_on_top(view)
        self._name(view)
        self._layers.grid.show(self, max(1, len(self._viewer.layers) - len(copies) - 1), (1, 2), fit)

    def _name(self, view: str | None) -> None:
        """Write the names of A's and B's layers of a view on the canvas, and no others."""
        for role in VIEWS:
            for layer, name in (
                (self._layers.find(role), f"{role} (B)"),
                (self._layers.find(NAMES[role]), NAMES[role]),
            ):
                if layer is None:
                    continue
                layer.name_overlay.visible = role == view
                if role == view and layer.name == layer_name(role):
                    layer.name = layer_name(name)
                elif role != view and layer.name == layer_name(f"{role} (B)"):
                    layer.name = layer_name(role)

    def remove(self) -> None:
        """Remove all of them and give the grid back."""
        self.side_by_side(None)
        self._layers.remove(*_ALL)
