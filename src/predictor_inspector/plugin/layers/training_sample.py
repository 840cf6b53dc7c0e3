"""`TrainingSampleLayers`: layers of a sample, its target and the difference from ours."""

from __future__ import annotations

from typing import Any

import numpy as np
from napari.layers import Layer

from predictor_inspector.core.array import Array
from predictor_inspector.inspection.findings.training_samples.compared import ComparedSample
from predictor_inspector.plugin.layers.layer_data import Kind, LayerGeometry, layer_data
from predictor_inspector.plugin.layers.owned import OwnedLayers, differing
from predictor_inspector.plugin.layers.styles import signed_colormap

_KINDS: dict[str, Kind] = {"raw": "image", "mask": "mask", "labels": "labels", "target": "image", "difference": "image"}
"""In the order in which they lie on each other."""

_ABOVE = ("target", "difference")


class TrainingSampleLayers:
    """A layer for each array of the sample shown; the next sample's values come into the same layers where they fit."""

    def __init__(self, layers: OwnedLayers) -> None:
        self._viewer = layers.viewer
        self._layers: dict[str, Layer] = {}

    @property
    def shown(self) -> bool:
        """Whether there are any."""
        return bool(self._present())

    def show(self, sample: ComparedSample) -> Layer | None:
        """Show a sample; returns the layer of its labels, None if it has none that are whole numbers."""
        arrays: dict[str, Array | None] = dict(sample.sample.arrays)
        arrays |= {"labels": sample.labels, "difference": sample.difference}
        raw = sample.sample.raw
        if raw is not None and raw.channel_dims:
            # Beneath every channel of the target; its own channels aren't those.
            arrays["raw"] = raw.select(raw.axis_names[0], 0)
        present = self._present()
        for role, kind in _KINDS.items():
            array, layer = arrays.get(role), present.get(role)
            if array is None:
                self._remove(role)
                continue
            values, meta, layer_type = layer_data(array, f"sample {role}", kind)
            if layer is None or not _fits(layer, values, meta):
                self._remove(role)
                layer = self._viewer.add_layer(Layer.create(values, meta | _look(role, array), layer_type))
                self._layers[role] = layer
            else:
                layer.data = values
        labels = self._present().get("labels")
        if not present and labels is not None:
            self._viewer.layers.selection.active = labels
        return labels

    def show_only(self, view: str) -> None:
        """Make the pipeline's ``"target"`` or the ``"difference"`` visible, or neither."""
        for role, layer in self._present().items():
            if role in _ABOVE and layer.visible != (role == view):
                layer.visible = role == view

    def _present(self) -> dict[str, Layer]:
        return {role: layer for role, layer in self._layers.items() if layer in self._viewer.layers}

    def _remove(self, role: str) -> None:
        layer = self._layers.pop(role, None)
        if layer is not None and layer in self._viewer.layers:
            self._viewer.layers.remove(layer)


def _fits(layer: Layer, values: Any, meta: dict[str, Any]) -> bool:
    """Whether a layer can show other values of the same place."""
    geometry = LayerGeometry(*(meta[name] for name in LayerGeometry._fields))
    return layer.data.shape == values.shape and layer.data.dtype == values.dtype and not differing(layer, geometry)


def _look(role: str, array: Array) -> dict[str, Any]:
    """How a layer is drawn at first."""
    values = array.numpy()
    if role == "difference":
        reach = max(1e-6, float(np.nanmax(np.abs(values))))
        return {"colormap": signed_colormap(), "contrast_limits": (-max(1.0, reach), max(1.0, reach)), "visible": False}
    if role == "target":
        low, high = float(np.nanmin(values)), float(np.nanmax(values))
        return {"contrast_limits": (min(0.0, low), max(1.0, high)), "visible": False}
    return {}
