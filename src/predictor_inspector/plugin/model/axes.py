"""What the axes of a layer are: space, time or channels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from predictor_inspector.core.array import Array
from predictor_inspector.data.chunk_cache import SHARED, cached
from predictor_inspector.data.layers import array_from_layer
from predictor_inspector.plugin.model.view import View, index_along


@dataclass(frozen=True)
class Place:
    """How a ground-truth layer lies in the viewer: what result layers need to lie beside it.

    Attributes
    ----------
    units : tuple of str
        One per spatial axis.
    axis_labels : tuple of str
        One per spatial axis.
    time : tuple of (float, float) or None
        Scale and position of the time axis, if the layer has one before its spatial axes.
    """

    units: tuple[str, ...]
    axis_labels: tuple[str, ...]
    time: tuple[float, float] | None = None


@dataclass(frozen=True)
class Axes:
    """A reading of a layer's axes.

    Attributes
    ----------
    spatial : int
        How many of the last axes are spatial.
    time : bool
        Whether the first axis is time, of which one position is inspected: the one that the viewer shows.
    """

    spatial: int
    time: bool

    def describe(self, ndim: int) -> str:
        """The axes in words: ``"time, channel, z y x"``."""
        leading = ndim - self.spatial
        words = (["time"] if self.time else []) + ["channel"] * (leading - self.time)
        return ", ".join([*words, " ".join("zyx"[3 - self.spatial :])])


def possible_axes(layer: Any) -> list[Axes]:
    """The readings that a layer's axes allow, the likeliest first."""
    ndim = int(layer.ndim)
    readings = [Axes(s, t) for s in (3, 2) for t in (False, True) if s <= ndim and ndim - s >= t and ndim - s <= 2]
    readings = [r for r in readings if ndim - r.spatial - r.time <= 1]
    likely = likely_axes(layer)
    return [likely, *(r for r in readings if r != likely)]


def readings_of(layer: Any) -> list[Axes]:
    """As `possible_axes`, and one that leads to the error's message where a layer can't be read."""
    try:
        return possible_axes(layer)
    except ValueError:
        return [Axes(min(3, int(layer.ndim)), False)]


def likely_axes(layer: Any) -> Axes:
    """What the labels of the axes say; without any, up to three spatial axes with channels before them."""
    array = array_from_layer(layer)
    return Axes(array.dims, bool(array.channel_dims) and array.axis_names[0].startswith("t"))


def is_telling(layer: Any) -> bool:
    """Whether the layer's axis labels leave no doubt."""
    labels = [str(label).lower() for label in layer.axis_labels]
    return labels[-1] == "x" or layer.ndim == 2


def static_array(layer: Any, axes: Axes, level: int) -> Array | None:
    """The layer's array, at its first time; None if the layer can't be used, which `array_at` explains."""
    try:
        array = array_from_layer(layer, level, axes.spatial)
    except ValueError:
        return None
    return array.select(array.axis_names[0], 0) if axes.time else array


def array_at(layer: Any, axes: Axes, level: int, view: View) -> Array:
    """The array to inspect: the layer's, at the time that is shown."""
    array = cached(array_from_layer(layer, level, axes.spatial))
    if axes.time:
        dim = len(view.point) - int(layer.ndim)
        array = array.select(array.axis_names[0], index_along(view.point[dim], layer, 0))
    return array


def place_of(layer: Any, axes: Axes, view: View) -> Place:
    """How layers must be made to lie beside `layer`, at the time that is shown."""
    time = None
    if axes.time:
        scale, start = float(layer.scale[0]), float(layer.translate[0])
        time = (scale, start + scale * index_along(view.point[len(view.point) - int(layer.ndim)], layer, 0))
    return Place(
        units=tuple(str(u) for u in layer.units[-axes.spatial :]),
        axis_labels=tuple(str(a) for a in layer.axis_labels[-axes.spatial :]),
        time=time,
    )


def forget_reads(layer: Any) -> None:
    """Read a layer's data anew from now on: somebody has changed them."""
    for data in layer.data if layer.multiscale else [layer.data]:
        SHARED.forget(data)
