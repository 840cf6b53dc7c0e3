"""Layer data tuples of arrays, in the right place."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, Literal, NamedTuple

import numpy as np

from predictor_inspector.core.about import NOTHING
from predictor_inspector.core.array import Array
from predictor_inspector.data.dataset import Crop
from predictor_inspector.data.layers import ABOUT, SOURCE, about_for_layer
from predictor_inspector.data.lazy import innermost
from predictor_inspector.data.resample import read_on_grid
from predictor_inspector.data.source import open_input
from predictor_inspector.data.stores.path import shown_path
from predictor_inspector.data.units import ome_unit, unit_factor
from predictor_inspector.plugin.model.axes import Place

MASK = "mask"
"""Last word of the names of masks that come with crops."""

LayerData = tuple[Any, dict[str, Any], str]
Kind = Literal["labels", "image", "mask"]

_IN_MEMORY = 2**26  # values of arrays that are read at once, so that panning is smooth; larger ones chunk by chunk
_IN_MEMORY_REMOTE = 2**20  # of those behind a URL, so that the window waits only for what it shows


class LayerGeometry(NamedTuple):
    """Where a layer lies: what napari calls scale, translate, units and axis labels, one of each per axis.

    `translate` is the centre of the first voxel, where an array's offset is its corner.
    """

    scale: tuple[float, ...]
    translate: tuple[float, ...]
    units: tuple[str, ...]
    axis_labels: tuple[str, ...]

    def led_by(self, label: str, scale: float = 1.0, translate: float = 0.0, unit: str = "pixel") -> LayerGeometry:
        """With one more axis, before all others."""
        units, labels = (unit, *self.units), (label, *self.axis_labels)
        return LayerGeometry((scale, *self.scale), (translate, *self.translate), units, labels)


def geometry_beside(array: Array, place: Place, channels: bool) -> LayerGeometry:
    """Where an array lies beside the ground truth's layer: its spatial axes after time, if that has one, and channels."""
    # An array has one unit, that of the layer's first spatial axis.
    units = [unit_factor(array.unit, unit) / array.subdivision for unit in place.units]
    scale = tuple(float(v * unit) for v, unit in zip(array.voxel_size, units, strict=True))
    centre = (float((o + Fraction(v, 2)) * u) for o, v, u in zip(array.offset, array.voxel_size, units, strict=True))
    geometry = LayerGeometry(scale, tuple(centre), place.units, place.axis_labels)
    if place.time is not None:
        geometry = geometry.led_by("time", *place.time)
    return geometry.led_by("channel") if channels else geometry


def layer_data(
    array: Array,
    name: str,
    kind: Kind,
    visible: bool = True,
    source: tuple[str, str | None] | None = None,
    axes: str | None = None,
) -> LayerData:
    """One array as a layer data tuple; masks become labels, too, and are painted with the same tools.

    `source` is the path of the file that the array lies in, and its name there; `axes` are those that it was opened with.
    """
    place = Place((ome_unit(array.unit) or "pixel",) * array.dims, array.spatial_axes)
    geometry = geometry_beside(array, place, channels=False)
    for axis in reversed(array.axis_names[: array.channel_dims]):
        geometry = geometry.led_by({"c^": "channel", "t^": "time"}.get(axis, axis.removesuffix("^")))
    meta = {"name": name, "visible": visible, **geometry._asdict()}
    known: dict[str, Any] = {}
    if source is not None:
        known[SOURCE] = {"path": shown_path(source[0]), "name": source[1]} | ({"axes": axes} if axes else {})
    if array.about != NOTHING:
        known[ABOUT] = about_for_layer(array.about, geometry.scale)
    if known:
        meta["metadata"] = known
    values = _values(array)
    if kind == "image":
        return values, {**meta, "colormap": "gray"}, "image"
    # napari's labels must be numbers.
    return values.astype(np.uint8) if values.dtype == bool else values, {**meta, "opacity": 0.5}, "labels"


def layers_of_crop(crop: Crop) -> list[LayerData]:
    """Layers for a crop of a data set: raw data where it lies, the mask that is named, and the ground truth, in its name."""
    gt, layers = crop.open_gt(), []
    if crop.raw_place is not None:
        raw = open_input(*crop.raw_place)
        layers.append(layer_data(read_on_grid(raw, gt.roi, gt), f"{crop.name} raw", "image"))
    if crop.mask not in (None, "none"):
        mask = open_input(crop.path, crop.mask)
        layers.append(layer_data(mask, f"{crop.name} {MASK}", "mask", False, (crop.path, crop.mask)))
    return [*layers, layer_data(gt, crop.name, "labels", source=(crop.path, crop.gt))]


def _values(array: Array) -> Any:
    most = _IN_MEMORY_REMOTE if getattr(innermost(array.data), "is_remote", False) else _IN_MEMORY
    if int(np.prod(array.shape)) <= most:
        return array.numpy()
    from dask.array import from_array

    return from_array(array.data, chunks=getattr(array.data, "chunks", "auto"), name=False)
