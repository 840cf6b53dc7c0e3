"""Axes of a layer, as space, time and channels, and its array at the time shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from predictor_inspector.core.array import Array
from predictor_inspector.data.layers import ABOUT, array_from_layer
from predictor_inspector.data.stores.chunks import pooled
from predictor_inspector.plugin.model.view import View


@dataclass(frozen=True)
class Place:
    """How a ground-truth layer lies in the viewer: what result layers need to lie beside it.

    Units and labels are those of its spatial axes; `time` is scale, position and unit of its time axis, if it has one.
    """

    units: tuple[str, ...]
    axis_labels: tuple[str, ...]
    time: tuple[float, float, str] | None = None


@dataclass(frozen=True)
class Axes:
    """A reading of a layer's axes: the last `spatial` ones are space; with `time`, the first is time.

    Of a time series one position is inspected, the one that the viewer shows.
    """

    spatial: int
    time: bool

    def describe(self, ndim: int) -> str:
        """The axes in words: ``"time, channel, z y x"``."""
        channels = ndim - self.spatial - self.time
        return ", ".join(["time"] * self.time + ["channel"] * channels + [" ".join("zyx"[3 - self.spatial :])])


def readings_of(layer: Any) -> list[Axes]:
    """The readings that a layer's axes allow, the likeliest first.

    That is what the axis labels say; without any, up to three spatial axes with channels before them. A layer that can't
    be read has one reading, which leads to an error message.
    """
    ndim = int(layer.ndim)
    try:
        array = array_from_layer(layer)
    except ValueError:
        return [Axes(min(3, ndim), False)]
    likely = Axes(array.dims, bool(array.channel_dims) and array.axis_names[0].startswith("t"))
    possible = [Axes(s, t) for s in (3, 2) for t in (False, True) if 0 <= ndim - s - t <= 1]
    return [likely, *(reading for reading in possible if reading != likely)]


def is_telling(layer: Any) -> bool:
    """Whether the layer's axis labels leave no doubt."""
    labels = [str(label).lower() for label in layer.axis_labels]
    return labels[-1] == "x" or layer.ndim == 2


def array_at(layer: Any, axes: Axes, level: int, view: View | None = None) -> Array:
    """The layer's array at the time that is shown, by default the first; ``ValueError`` if it can't be used."""
    array = known_array(layer, level, axes.spatial)
    if not axes.time:
        return array
    time = 0 if view is None else time_index(layer, view)
    series, known, moment = _MOMENTS.get(layer, (None, 0, None))
    if moment is None or series is not array or known != time:
        moment = array.select(array.axis_names[0], time)
        _MOMENTS[layer] = array, time, moment
    return moment


_MOMENTS: WeakKeyDictionary[Any, tuple[Array, int, Array]] = (
    WeakKeyDictionary()
)  # of series, the one that was shown last


_KNOWN: WeakKeyDictionary[Any, tuple[Any, Any, Array]] = WeakKeyDictionary()  # by layers: what was made of what


def known_array(layer: Any, level: int, spatial: int) -> Array:
    """As `array_from_layer`, read through the pool; made anew only where the layer has other data or lies elsewhere."""
    place = (layer.scale, layer.translate, layer.rotate, layer.shear, layer.affine.affine_matrix)
    words = (layer.name, layer.units, layer.axis_labels, str(layer.metadata.get(ABOUT)))
    about = (level, spatial, *words, *(part.tobytes() for part in place))
    data, known, array = _KNOWN.get(layer, (None, None, None))
    if array is None or data is not layer.data or known != about:
        array = pooled(array_from_layer(layer, level, spatial))
        _KNOWN[layer] = layer.data, about, array
    return array


def place_of(layer: Any, axes: Axes, view: View) -> Place:
    """How layers must be made to lie beside `layer`, at the time that is shown."""
    time = None
    if axes.time:
        scale, start = float(layer.scale[0]), float(layer.translate[0])
        time = (scale, start + scale * time_index(layer, view), str(layer.units[0]))
    units, labels = (tuple(map(str, words[-axes.spatial :])) for words in (layer.units, layer.axis_labels))
    return Place(units, labels, time)


def forget_reads(layer: Any) -> None:
    """Read a layer's data anew from now on: they were edited."""
    _KNOWN.pop(layer, None)


def time_index(layer: Any, view: View) -> int:
    """The index along a layer's first axis that a viewer shows, kept within the layer."""
    point = view.point[len(view.point) - int(layer.ndim)]
    index = round((point - float(layer.translate[0])) / float(layer.scale[0]))
    shape = layer.data.shape if not layer.multiscale else layer.data[0].shape
    return min(max(index, 0), int(shape[0]) - 1)
