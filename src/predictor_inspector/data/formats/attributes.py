"""Arrays whose own attributes describe their grid: funlib and DaCapo (zarr), CREMI (HDF5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from predictor_inspector.core.array import Array, spatial_axis_names
from predictor_inspector.data.geometry import make_array, pixel_array

# Where resolution is given without a unit, it is this one: so in CREMI's files and in funlib's from before units.
_CONVENTIONAL_UNIT = "nm"


def array_from_attributes(data: Any, attributes: Mapping[str, Any], source: str) -> Array:
    """An array with the attributes `resolution` or `voxel_size`, `offset`, `axis_names` and `units`.

    `offset` is the corner of the first voxel. Without `units`, lengths are nanometres. Data with none of these attributes
    are in pixels, the first of which has its centre at 0; their last three axes (both, if there are two) are spatial.

    Raises
    ------
    ValueError
        If an attribute is damaged; the message begins with `source`.
    """
    ndim = len(data.shape)
    size = _numbers(attributes, ("resolution", "voxel_size"), source)
    corner = _numbers(attributes, ("offset",), source)
    names = _names(attributes, "axis_names", source)
    units = _names(attributes, "units", source)
    if names is not None and len(names) != ndim:
        raise ValueError(f"{source}: axis_names has {len(names)} names for an array of {ndim} axes: {names}")
    dims = _spatial_dims(size or corner, names, ndim)
    if not 1 <= dims <= ndim:
        raise ValueError(f"{source}: {dims} spatial axes can't be told from its attributes, the array has {ndim} axes")
    axis_names = _axis_names(names, ndim, dims)
    if size is None and corner is None:
        return pixel_array(data, dims, axis_names)
    units = units or ["pixel" if size is None else _CONVENTIONAL_UNIT]
    return make_array(
        data,
        axis_names,
        (size or [1] * dims)[-dims:],
        corner=(corner or [0] * dims)[-dims:],
        units=units[-dims:] if len(units) >= dims else units * dims,
        source=source,
    )


def _spatial_dims(lengths: list[Any] | None, names: list[str] | None, ndim: int) -> int:
    if names is not None and any(name.endswith("^") for name in names):
        return sum(not name.endswith("^") for name in names)
    if lengths:
        return len(lengths)
    return sum(name.lower() in ("z", "y", "x") for name in names or ()) or min(ndim, 3)


def _axis_names(names: list[str] | None, ndim: int, dims: int) -> tuple[str, ...] | None:
    if names is None:
        return None
    channels = ndim - dims
    leading = tuple(f"{name.removesuffix('^')}^" for name in names[:channels])
    spatial = tuple(name.removesuffix("^") for name in names[channels:])
    return leading + (spatial if len(set(spatial)) == dims else spatial_axis_names(dims))


def _numbers(attributes: Mapping[str, Any], keys: Sequence[str], source: str) -> list[Any] | None:
    """The value of the first of `keys` that is there, of at least one number."""
    key = next((key for key in keys if key in attributes), None)
    if key is None:
        return None
    values = list(attributes[key]) if np.ndim(attributes[key]) else [attributes[key]]
    if not values or any(isinstance(v, bool) or not isinstance(v, int | float | np.number) for v in values):
        raise ValueError(f"{source}: {key} must be a list of numbers, one per spatial axis, got {values}")
    return values


def _names(attributes: Mapping[str, Any], key: str, source: str) -> list[str] | None:
    if key not in attributes:
        return None
    values = attributes[key]
    values = [values] if isinstance(values, str | bytes) else list(values)
    texts = [v.decode() if isinstance(v, bytes) else v for v in values]
    if not all(isinstance(v, str) for v in texts):
        raise ValueError(f"{source}: {key} must be a list of names, one per axis, got {values}")
    return texts
