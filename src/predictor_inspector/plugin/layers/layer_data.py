"""Arrays as napari takes them: layer data tuples that lie where the arrays lie."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from predictor_inspector.core.array import Array
from predictor_inspector.data.units import ome_unit
from predictor_inspector.plugin.model.axes import Place

LayerData = tuple[Any, dict[str, Any], str]
Kind = Literal["labels", "image", "mask"]

SOURCE = "predictor_inspector_source"
"""The key in a layer's metadata of where its array lies: ``{"path": …, "name": …}``."""

IN_MEMORY = 2**26
"""Arrays of no more values than this are read at once, which makes panning smooth; larger ones chunk by chunk."""


@dataclass(frozen=True)
class LayerGeometry:
    """Where a layer lies: what napari calls scale, translate, units and axis labels, one of each per axis.

    `translate` is the centre of the first voxel, where an array's offset is its corner.
    """

    scale: tuple[float, ...]
    translate: tuple[float, ...]
    units: tuple[str, ...]
    axis_labels: tuple[str, ...]

    @classmethod
    def of(cls, array: Array, units: Sequence[str], axis_labels: Sequence[str]) -> LayerGeometry:
        """The spatial axes of an array."""
        centre = [(o + v / 2) / array.subdivision for o, v in zip(array.offset, array.voxel_size, strict=True)]
        # Ten digits behind the voxel's own are more than enough, and free of the sums' rounding errors.
        translate = tuple(float(f"{c:.12g}") for c in centre)
        return cls(tuple(array.physical_voxel_size), translate, tuple(units), tuple(axis_labels))

    def led_by(self, label: str, scale: float = 1.0, translate: float = 0.0) -> LayerGeometry:
        """With one more axis, before all others."""
        return LayerGeometry(
            (scale, *self.scale), (translate, *self.translate), ("pixel", *self.units), (label, *self.axis_labels)
        )


def geometry_beside(array: Array, place: Place, channels: bool) -> LayerGeometry:
    """Where an array lies beside the ground truth's layer: its spatial axes after time, if that has one, and channels."""
    geometry = LayerGeometry.of(array, place.units, place.axis_labels)
    if place.time is not None:
        geometry = geometry.led_by("time", *place.time)
    return geometry.led_by("channel") if channels else geometry


def layer_data(array: Array, name: str, kind: Kind, visible: bool = True) -> LayerData:
    """One array as a layer data tuple.

    Parameters
    ----------
    kind : {"labels", "image", "mask"}
        Masks become labels, too: they are painted with the same tools.
    """
    channels, axes = array.axis_names[: array.channel_dims], array.axis_names[array.channel_dims :]
    geometry = LayerGeometry.of(array, [ome_unit(array.unit) or "pixel"] * array.dims, axes)
    for axis in reversed(channels):
        geometry = geometry.led_by({"c^": "channel", "t^": "time"}.get(axis, axis.removesuffix("^")))
    meta = {"name": name, "visible": visible, **asdict(geometry)}
    if kind == "image":
        return _values(array), {**meta, "colormap": "gray"}, "image"
    return _labels(_values(array)), {**meta, "opacity": 0.5}, "labels"


def with_source(layer: LayerData, path: str | os.PathLike[str], name: str | None) -> LayerData:
    """A layer that knows in which file its array lies."""
    data, meta, kind = layer
    known = {SOURCE: {"path": os.path.abspath(path), "name": name}}
    return data, {**meta, "metadata": {**meta.get("metadata", {}), **known}}, kind


def _values(array: Array) -> Any:
    if int(np.prod(array.shape)) <= IN_MEMORY:
        return array.numpy()
    from dask.array import from_array

    return from_array(array.data, chunks=getattr(array.data, "chunks", "auto"), name=False)


def _labels(values: Any) -> Any:
    """Booleans as numbers, since napari's labels must be; ids stay what they are."""
    return values.astype(np.uint8) if values.dtype == bool else values
