"""Arrays from napari layers, without importing napari."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from predictor_inspector.core.array import Array, spatial_axis_names
from predictor_inspector.data.geometry import exact, make_array

_CHANNEL_LABELS = {"c", "ch", "channel", "channels"}
_TIME_LABELS = {"t", "time"}
_SPACE_LABELS = {"z", "y", "x"}

_ONLY_SCALE = "only a layer with scale and translate lies on a voxel grid of the world"


def array_from_layer(layer: Any, level: int = 0, dims: int | None = None) -> Array:
    """The data of a napari labels or image layer, lying where napari shows them.

    napari's `translate` is the centre of the first voxel; the array's offset its corner. All levels of a multiscale
    layer share the corner of the finest one, where napari draws them, and are as much coarser as their shapes say (a
    level of 62 voxels below one of 125 is taken as a halving that left out the odd voxel).

    Parameters
    ----------
    layer : napari.layers.Labels or napari.layers.Image
        Only read; the array holds the layer's own data (numpy, dask, zarr, …), which are sliced when asked for.
    level : int
        Which level of a multiscale layer, 0 for the finest.
    dims : int, optional
        How many of the last axes are spatial. By default those after the last axis labelled ``t``, ``time``, ``c`` or
        ``channel``, else the last 3 (2 if there are only 2). The others become channel axes: ``t^`` where the label
        says time, else ``c^``.

    Returns
    -------
    Array
        In the unit of the layer's first spatial axis.

    Raises
    ------
    ValueError
        If the layer is empty, shows colours, has no such level, is rotated or sheared, or its scale or units can't be
        used; the message names the layer.
    """
    source = f"layer {layer.name!r}"
    levels = _levels(layer, source)
    if not 0 <= level < len(levels):
        raise ValueError(f"{source} has {len(levels)} levels, so level must lie in 0 … {len(levels) - 1}, got {level}")
    data, finest = levels[level], tuple(levels[0].shape)
    if 0 in data.shape:
        raise ValueError(f"{source} is empty: its shape is {tuple(data.shape)}, every axis needs at least one voxel")
    dims = _spatial_dims(layer, dims, source)
    array = _finest(layer, levels[0], dims, source)
    coarser = [_factor(int(a), int(b)) for a, b in zip(finest[-dims:], data.shape[-dims:], strict=True)]
    if set(coarser) == {1}:
        return array.like(data, array.axis_names)
    unit = Fraction(1, array.subdivision)
    return make_array(
        data,
        array.axis_names,
        [v * unit * factor for v, factor in zip(array.voxel_size, coarser, strict=True)],
        corner=[o * unit for o in array.offset],
        units=[array.unit] * dims,
        source=source,
    )


def _levels(layer: Any, source: str) -> Sequence[Any]:
    if getattr(layer, "rgb", False):
        raise ValueError(f"{source} shows colours; a layer with one value per voxel is needed")
    if getattr(layer.data, "shape", None) is None:
        raise ValueError(f"{source} holds no image; a labels or image layer is needed")
    return list(layer.data) if getattr(layer, "multiscale", False) else [layer.data]


def _spatial_dims(layer: Any, dims: int | None, source: str) -> int:
    ndim = int(layer.ndim)
    if dims is None:
        known = _CHANNEL_LABELS | _TIME_LABELS
        leading = [axis for axis, label in enumerate(_labels(layer)) if label.lower() in known]
        dims = ndim - 1 - leading[-1] if leading else min(ndim, 3)
        if leading and any(label.lower() in _SPACE_LABELS for label in _labels(layer)[: leading[-1]]):
            raise ValueError(
                f"{source} has its axes in the order {_labels(layer)}; time and channels must come before space, which "
                "numpy.moveaxis does"
            )
    if not 1 <= dims <= ndim:
        raise ValueError(f"{source} has {ndim} axes {_labels(layer)}, of which {dims} can't be spatial")
    return dims


def _finest(layer: Any, data: Any, dims: int, source: str) -> Array:
    if not np.allclose(layer.rotate, np.eye(len(layer.rotate)), atol=1e-9):
        raise ValueError(f"{source} is rotated; {_ONLY_SCALE}")
    if np.any(np.abs(np.asarray(layer.shear)) > 1e-9):
        raise ValueError(f"{source} is sheared; {_ONLY_SCALE}")
    matrix = np.asarray(layer.affine.affine_matrix, dtype=float)
    stretch = np.diag(matrix)[:-1]
    if not np.allclose(matrix[:-1, :-1], np.diag(stretch), atol=1e-9) or np.any(stretch <= 0):
        raise ValueError(f"{source} has an affine that does more than scale and translate; {_ONLY_SCALE}")
    # Exact decimals, so that 5.24 and 2 make 10.48 and not a float beside it.
    sizes = [_product(a, b) for a, b in zip(stretch, layer.scale, strict=True)]
    centres = [_product(a, b) + exact(c) for a, b, c in zip(stretch, layer.translate, matrix[:-1, -1], strict=True)]
    return make_array(
        data,
        _axis_names(layer, dims),
        sizes[-dims:],
        centre=centres[-dims:],
        units=[str(unit) for unit in layer.units][-dims:],
        source=source,
    )


def _product(a: float, b: float) -> Fraction:
    return exact(a) * exact(b)


def _axis_names(layer: Any, dims: int) -> tuple[str, ...]:
    labels = _labels(layer)
    channels = len(labels) - dims
    leading = ["t^" if label.lower() in _TIME_LABELS else "c^" for label in labels[:channels]]
    for name in set(leading):
        if leading.count(name) > 1:
            leading = [f"{n[0]}{axis}^" if n == name else n for axis, n in enumerate(leading)]
    spatial = tuple(label.rstrip("^") for label in labels[channels:])
    named = all(spatial) and not any(re.fullmatch(r"-?\d+", label) for label in spatial)
    return (*leading, *(spatial if named else spatial_axis_names(dims)))


def _labels(layer: Any) -> tuple[str, ...]:
    return tuple(str(label) for label in layer.axis_labels)


def _factor(finest: int, coarse: int) -> Fraction:
    """How much larger a coarser level's voxels are: whole, if rounding up or down explains its shape."""
    nearest = max(1, round(finest / coarse))
    for factor in (nearest, nearest + 1, nearest - 1):
        if factor > 0 and coarse in (finest // factor, -(-finest // factor)):
            return Fraction(factor)
    return Fraction(finest, coarse)
