"""Arrays from napari layers, without importing napari."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, replace
from fractions import Fraction
from typing import Any

import numpy as np

from predictor_inspector.core.about import NOTHING, About
from predictor_inspector.core.array import Array, spatial_axis_names
from predictor_inspector.data.geometry import exact, make_array

SOURCE = "predictor_inspector_source"
"""Metadata key of where a layer's array lies: ``{"path": …, "name": …}``, and ``"axes"`` if it was opened with some."""

ABOUT = "predictor_inspector_about"
"""Metadata key of what the layer's file says of its values and geometry, as `about_for_layer` has it."""

_CHANNEL_LABELS = {"c", "ch", "channel", "channels"}
_TIME_LABELS = {"t", "time"}
_SPACE_LABELS = {"z", "y", "x"}

_ONLY_SCALE = "only a layer with scale and translate lies on a voxel grid of the world"


class AxisOrderError(ValueError):
    """A layer has time or channels after space."""


def usual_order(layer: Any) -> tuple[int, ...] | None:
    """A layer's axes with time and channels before space; None if none of them is labelled as coming after space."""
    labels = [label.lower() for label in _labels(layer)]
    leading = [axis for axis, label in enumerate(labels) if label in _CHANNEL_LABELS | _TIME_LABELS]
    if not leading or not _SPACE_LABELS.intersection(labels[: leading[-1]]):
        return None
    return (*leading, *(axis for axis in range(len(labels)) if axis not in leading))


def array_from_layer(layer: Any, level: int = 0, dims: int | None = None) -> Array:
    """The data of a napari labels or image layer where napari shows them, in the unit of its first spatial axis.

    napari's `translate` is the centre of the first voxel; the array's offset its corner. All levels of a multiscale
    layer share the corner of the finest one, where napari draws them, and are as much coarser as their shapes say (a
    level of 62 voxels below one of 125 is taken as a halving that left out the odd voxel).

    Parameters
    ----------
    layer : napari.layers.Labels or napari.layers.Image
        Its own data (numpy, dask, zarr, …) are in the array; they are never changed.
    level : int
        Which level of a multiscale layer, 0 for the finest.
    dims : int, optional
        How many of the last axes are spatial. By default those after the last axis labelled ``t``, ``time``, ``c`` or
        ``channel``, else the last 3 (2 if there are only 2). The others become channel axes: ``t^`` where the label
        says time, else ``c^``.

    Raises
    ------
    ValueError
        If the layer is empty, shows colours, has no such level, is rotated or sheared, or its scale or units can't be
        used.
    """
    source = f"layer {layer.name!r}"
    if getattr(layer, "rgb", False):
        raise ValueError(f"{source} shows colours; a layer with one value per voxel is needed")
    if getattr(layer.data, "shape", None) is None:
        raise ValueError(f"{source} holds no image; a labels or image layer is needed")
    levels = list(layer.data) if getattr(layer, "multiscale", False) else [layer.data]
    if not 0 <= level < len(levels):
        raise ValueError(f"{source} has {len(levels)} levels, so level must lie in 0 … {len(levels) - 1}, got {level}")
    data = levels[level]
    if 0 in data.shape:
        raise ValueError(f"{source} is empty: its shape is {tuple(data.shape)}, every axis needs at least one voxel")
    dims = _spatial_dims(layer, dims, source)
    coarser = [_factor(int(a), int(b)) for a, b in zip(levels[0].shape[-dims:], data.shape[-dims:], strict=True)]
    finest = _finest(layer, levels[0], dims, source)
    if set(coarser) == {1}:
        return finest.like(data, finest.axis_names, about=about_of(layer))
    array = make_array(
        data,
        finest.axis_names,
        [Fraction(v, finest.subdivision) * factor for v, factor in zip(finest.voxel_size, coarser, strict=True)],
        corner=[Fraction(o, finest.subdivision) for o in finest.offset],
        units=[finest.unit] * dims,
        source=source,
    )
    return array.like(data, array.axis_names, about=about_of(layer))


def about_for_layer(about: About, scale: Sequence[float]) -> dict[str, Any]:
    """What a layer's metadata hold of an array's `About`; doubts are about the layer's scale as it is at first."""
    return {**asdict(about), "scale": [float(s) for s in scale]}


def about_of(layer: Any) -> About:
    """What a layer's file says of it; there are no doubts about a scale that a person has set since."""
    known = dict(layer.metadata.get(ABOUT, {}))
    if not known:
        return NOTHING
    kept = np.allclose(known.pop("scale"), layer.scale, rtol=1e-9, atol=0)
    about = About(**{key: tuple(values) for key, values in known.items()})
    return about if kept else replace(about, doubts=())


def _spatial_dims(layer: Any, dims: int | None, source: str) -> int:
    ndim, labels = int(layer.ndim), _labels(layer)
    if usual_order(layer) is not None:
        raise AxisOrderError(
            f"{source} has its axes in the order {labels}; time and channels must come before space, which "
            "numpy.moveaxis does"
        )
    if dims is None:
        leading = [axis for axis, label in enumerate(labels) if label.lower() in _CHANNEL_LABELS | _TIME_LABELS]
        dims = ndim - 1 - leading[-1] if leading else min(ndim, 3)
    if not 1 <= dims <= ndim:
        raise ValueError(f"{source} has {ndim} axes {labels}, of which {dims} can't be spatial")
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
    factors, shifts = [exact(f) for f in stretch], [exact(n) for n in matrix[:-1, -1]]
    sizes = [f * exact(size) for f, size in zip(factors, layer.scale, strict=True)]
    centres = [f * exact(n) + shift for f, n, shift in zip(factors, layer.translate, shifts, strict=True)]
    return make_array(
        data,
        _axis_names(layer, dims),
        sizes[-dims:],
        centre=centres[-dims:],
        units=[str(unit) for unit in layer.units][-dims:],
        source=source,
    )


def _axis_names(layer: Any, dims: int) -> tuple[str, ...]:
    labels = _labels(layer)
    channels = ["t" if label.lower() in _TIME_LABELS else "c" for label in labels[:-dims]]
    leading = [f"{n}{axis}^" if channels.count(n) > 1 else f"{n}^" for axis, n in enumerate(channels)]
    spatial = tuple(label.rstrip("^") for label in labels[-dims:])
    # napari calls axes without a name -3, -2, -1.
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
