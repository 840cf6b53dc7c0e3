"""`LabelLayer`: a labels layer of the plugin's own, made once and then given other values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from predictor_inspector.core.array import Array
from predictor_inspector.plugin.layers.owned import OWNER
from predictor_inspector.plugin.model.axes import Place


class LabelLayer:
    """Small whole numbers in colours of their own, over everything else.

    Parameters
    ----------
    name : str
        The layer's.
    """

    def __init__(self, viewer: Any, name: str) -> None:
        self._viewer, self._name = viewer, name
        self._layer: Any = None

    def get(self) -> Any | None:
        """The layer, if it exists and hasn't been removed."""
        if self._layer is not None and self._layer not in self._viewer.layers:
            self._layer = None
        return self._layer

    def show(
        self, array: Array, place: Place, colours: Mapping[int, str], meanings: Mapping[int, str] | None = None
    ) -> Any:
        """Show `array`, whose channel axis, if it has one, comes first; returns the layer.

        Parameters
        ----------
        colours : mapping
            Of every value that is to be seen.
        meanings : mapping, optional
            Of values, for the status bar.
        """
        values = array.numpy().astype(np.uint8)
        lead = [(1.0, 0.0)] * array.channel_dims
        labels, units = ["channel"] * array.channel_dims, ["pixel"] * array.channel_dims
        if place.time is not None:
            values = np.expand_dims(values, array.channel_dims)
            lead.append(place.time)
            labels.append("time")
            units.append("pixel")
        sizes = array.physical_voxel_size
        scale = [s for s, _ in lead] + list(sizes)
        translate = [t for _, t in lead] + [
            o / array.subdivision + v / 2 for o, v in zip(array.offset, sizes, strict=True)
        ]
        layer = self.get()
        if layer is not None and layer.ndim != values.ndim:
            self._viewer.layers.remove(layer)
            layer = None
        if layer is None:
            active = self._viewer.layers.selection.active
            layer = self._layer = self._viewer.add_labels(
                values,
                name=self._name,
                scale=scale,
                translate=translate,
                units=[*units, *place.units],
                axis_labels=[*labels, *place.axis_labels],
                metadata={OWNER: self._name},
                opacity=0.75,
                blending="translucent_no_depth",
            )
            layer.editable = False
            if active is not None:
                self._viewer.layers.selection.active = active
        else:
            with layer._block_refresh():
                layer.data = values
                layer.scale, layer.translate = scale, translate
            layer.refresh()
        layer.colormap = _colormap(colours)
        if meanings is not None:
            layer.features = {"index": list(meanings), "meaning": list(meanings.values())}
        layer.visible = True
        return layer

    def hide(self) -> None:
        """Show nothing."""
        if self.get() is not None:
            self._layer.visible = False


def _colormap(colours: Mapping[int, str]) -> Any:
    from napari.utils.colormaps import DirectLabelColormap

    shown: dict[Any, Any] = {None: "transparent", 0: "transparent"}
    shown.update(colours)
    return DirectLabelColormap(color_dict=shown)
