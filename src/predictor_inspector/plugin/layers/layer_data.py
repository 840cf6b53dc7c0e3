"""Arrays as napari takes them: layer data tuples that lie where the arrays lie."""

from __future__ import annotations

import os
from typing import Any, Literal

import numpy as np

from predictor_inspector.core.array import Array
from predictor_inspector.data.units import ome_unit

LayerData = tuple[Any, dict[str, Any], str]
Kind = Literal["labels", "image", "mask"]

SOURCE = "predictor_inspector_source"
"""The key in a layer's metadata of where its array lies: ``{"path": …, "name": …}``."""

IN_MEMORY = 2**26
"""Arrays of no more values than this are read at once, which makes panning smooth; larger ones chunk by chunk."""


def layer_data(array: Array, name: str, kind: Kind, visible: bool = True) -> LayerData:
    """One array as a layer data tuple.

    napari's `translate` is the centre of the first voxel, where the array's offset is its corner.

    Parameters
    ----------
    kind : {"labels", "image", "mask"}
        Masks become labels, too: they are painted with the same tools.
    """
    scale = [1.0] * array.channel_dims + list(array.physical_voxel_size)
    corner = [o / array.subdivision for o in array.offset]
    centre = [c + v / 2 for c, v in zip(corner, array.physical_voxel_size, strict=True)]
    unit = ome_unit(array.unit) or "pixel"
    meta: dict[str, Any] = {
        "name": name,
        "scale": scale,
        # Ten digits behind the voxel's own are more than enough, and free of the sums' rounding errors.
        "translate": [0.0] * array.channel_dims + [float(f"{c:.12g}") for c in centre],
        "units": ["pixel"] * array.channel_dims + [unit] * array.dims,
        "axis_labels": [_label(axis) for axis in array.axis_names],
        "visible": visible,
    }
    if kind == "image":
        meta["colormap"] = "gray"
        return _values(array), meta, "image"
    meta["opacity"] = 0.5
    return _labels(_values(array)), meta, "labels"


def with_source(layer: LayerData, path: str | os.PathLike[str], name: str | None) -> LayerData:
    """A layer that knows in which file its array lies."""
    data, meta, kind = layer
    known = {SOURCE: {"path": os.path.abspath(path), "name": name}}
    return data, {**meta, "metadata": {**meta.get("metadata", {}), **known}}, kind


def _label(axis: str) -> str:
    return {"c^": "channel", "t^": "time"}.get(axis, axis.removesuffix("^"))


def _values(array: Array) -> Any:
    if int(np.prod(array.shape)) <= IN_MEMORY:
        return array.numpy()
    from dask.array import from_array

    return from_array(array.data, chunks=getattr(array.data, "chunks", "auto"), name=False)


def _labels(values: Any) -> Any:
    """Booleans as numbers, since napari's labels must be; ids stay what they are."""
    return values.astype(np.uint8) if values.dtype == bool else values
