"""Arrays whose own attributes describe their grid: funlib and DaCapo (zarr), CREMI (HDF5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from predictor_inspector.core.array import Array, spatial_axis_names
from predictor_inspector.data.geometry import make_array, pixel_array

# Where resolution is given without a unit, it is this one: so in CREMI's files and in funlib's from before units.
CONVENTIONAL_UNIT = "nm"


def array_from_attributes(data: Any, attributes: Mapping[str, Any], source: str) -> Array:
    """An array with `resolution` or `voxel_size`, `offset`, `axis_names` and `units` attributes.

    `offset` is the corner of the first voxel. Without `units`, lengths are nanometres. An array with none of these
    attributes is in pixels, the first of which has its centre at 0; its last three axes (both, if it has two) are
    spatial.

    Parameters
    ----------
    data : array
        Channel axes first; sliced lazily.
    attributes : mapping
        As stored on the array.
    source : str
        File and array, for errors.

    Raises
    ------
    ValueError
        If an attribute can't be what it should be; the message begins with `source`.
    """
    ndim = len(data.shape)
    size = _numbers(attributes, ("resolution", "voxel_size"), source)
    corner = _numbers(attributes, ("offset",), source)
    names = _names(attributes, "axis_names", source)
    units = _names(attributes, "units", source)
    if names is not None and len(names) != ndim:
        raise ValueError(f"{source}: axis_names has {len(names)} names for an array of {ndim} axes: {names}")
    dims = _spatial_dims(size, corner, names, ndim)
    if not 1 <= dims <= ndim:
        raise ValueError(f"{source}: {dims} spatial axes can't be told from its attributes, the array has {ndim} axes")
    axis_names = _axis_names(names, ndim, dims)
    if size is None and corner is None:
        return pixel_array(data, dims, axis_names)
    if units:
        spatial_units = units[-dims:] if len(units) >= dims else units * dims
    else:
        spatial_units = [CONVENTIONAL_UNIT if size is not None else "pixel"] * dims
    return make_array(
        data,
        axis_names,
        (size if size is not None else [1] * dims)[-dims:],
        corner=(corner if corner is not None else [0] * dims)[-dims:],
        units=spatial_units,
        source=source,
    )


def _spatial_dims(size: list[Any] | None, corner: list[Any] | None, names: list[str] | None, ndim: int) -> int:
    if names is not None and any(name.endswith("^") for name in names):
        return sum(not name.endswith("^") for name in names)
    given = size if size is not None else corner
    if given is not None:
        return len(given)
    if names is not None:
        return sum(name.lower() in ("z", "y", "x") for name in names) or min(ndim, 3)
    return min(ndim, 3)


def _axis_names(names: list[str] | None, ndim: int, dims: int) -> tuple[str, ...] | None:
    if names is None:
        return None
    channels = ndim - dims
    leading = tuple(f"{name.removesuffix('^')}^" for name in names[:channels])
    spatial = tuple(name.removesuffix("^") for name in names[channels:])
    return leading + (spatial if len(set(spatial)) == dims else spatial_axis_names(dims))


def _numbers(attributes: Mapping[str, Any], keys: Sequence[str], source: str) -> list[Any] | None:
    for key in keys:
        if key in attributes:
            values = attributes[key]
            values = [values] if np.ndim(values) == 0 else list(values)
            if not values or any(isinstance(v, bool) or not isinstance(v, int | float | np.number) for v in values):
                raise ValueError(f"{source}: {key} must be a list of numbers, one per spatial axis, got {values}")
            return values
    return None


def _names(attributes: Mapping[str, Any], key: str, source: str) -> list[str] | None:
    if key not in attributes:
        return None
    values = attributes[key]
    values = [values] if isinstance(values, str | bytes) else list(values)
    texts = [v.decode() if isinstance(v, bytes) else v for v in values]
    if not all(isinstance(v, str) for v in texts):
        raise ValueError(f"{source}: {key} must be a list of names, one per axis, got {values}")
    return texts
