"""`LossLayers`: layers of a loss, effective weights, a prediction, and a difference."""

from __future__ import annotations

import numpy as np

from predictor_inspector.core.array import Array
from predictor_inspector.plugin.layers.layer_data import geometry_beside
from predictor_inspector.plugin.layers.owned import OwnedLayers
from predictor_inspector.plugin.layers.results import TARGET
from predictor_inspector.plugin.layers.styles import loss_colormap, signed_over_colormap, weight_style
from predictor_inspector.plugin.model.axes import Place

LOSS, EFFECTIVE, PREDICTION, DIFFERENCE = "loss", "effective weight", "prediction", "loss B − A"
_ALL = (LOSS, EFFECTIVE, PREDICTION, DIFFERENCE)

_SPANNED = {LOSS: 0.99, DIFFERENCE: 0.95}  # share of the values that the contrast spans; of others all


class LossLayers:
    """Layers with the channels of the target, made when they are first shown; one of them is seen at a time."""

    def __init__(self, layers: OwnedLayers) -> None:
        self._layers = layers
        self._have: dict[str, Array] = {}
        # An earlier dock may have left some.
        self.hide()

    def show(self, role: str, array: Array, place: Place) -> None:
        """Show an array, float32, [C, … spatial axes], and hide the others; contrast is set when its values are new."""
        if self._have.get(role) is not array or self._layers.find(role) is None:
            values = array.numpy()
            data = values if place.time is None else np.expand_dims(values, 1)
            new = {"visible": False, "rendering": "translucent", "contrast_limits": (0, 1)}
            layer = self._layers.put("image", role, data, geometry_beside(array, place, channels=True), new)
            limits = _limits(role, values)
            layer.contrast_limits_range = layer.contrast_limits = limits
            if role == EFFECTIVE:
                style = weight_style(limits, self._layers.viewer.dims.ndisplay == 3)
                for name, value in style.attributes.items():
                    setattr(layer, name, value)
            elif role != PREDICTION:
                layer.colormap = loss_colormap() if role == LOSS else signed_over_colormap()
            self._have[role] = array
        self._layers.hide(*(other for other in _ALL if other != role))
        self.follow()
        self._layers.show(role)

    def follow(self) -> None:
        """Draw the prediction as the target of the channel that is shown."""
        layer, model = self._layers.find(PREDICTION), self._layers.find(TARGET)
        if layer is None or model is None:
            return
        for name in ("colormap", "blending", "rendering", "contrast_limits_range", "contrast_limits"):
            if getattr(layer, name) != getattr(model, name):
                setattr(layer, name, getattr(model, name))

    def hide(self) -> None:
        """Show none of them."""
        self._layers.hide(*_ALL)

    def remove(self) -> None:
        """Remove them."""
        self._layers.remove(*_ALL)
        self._have = {}


def _limits(role: str, values: np.ndarray) -> tuple[float, float]:
    """Between what the colours lie; a few outliers don't count."""
    sizes = np.abs(values[values != 0])
    most = float(np.quantile(sizes, _SPANNED.get(role, 1.0))) if sizes.size else 1.0
    return (-most, most) if role == DIFFERENCE else (0.0, max(most, 2.0) if role == EFFECTIVE else most)
