"""`Pictures`: target and weight as layers want them, whether they lie in memory or in files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from predictor_inspector.core.array import Array
from predictor_inspector.core.channels import Channel
from predictor_inspector.core.predictor import Predictor
from predictor_inspector.data.lazy import Box, LazyArray
from predictor_inspector.inspection import Inspection
from predictor_inspector.plugin.layers.colours import blend
from predictor_inspector.plugin.layers.layer_data import LayerGeometry, geometry_beside
from predictor_inspector.plugin.model.axes import Place

_LARGE = 2**26
"""Values of a target that are mixed where they are looked at, rather than all of them at once."""

Blended = Sequence[tuple[int, str]]
"""Channels of the RGB view and their colours; none for no such view."""


@dataclass(frozen=True)
class Pictures:
    """Target and weight as layers want them.

    Attributes
    ----------
    target, weight : numpy.ndarray, or what is sliced like one
        float32, [C, (1,) Z, Y, X], the second axis being time, if there is one.
    rgb : numpy.ndarray, or what is sliced like one, or None
        uint8, [(1,) Z, Y, X, 3 or 4]; None where no channels are mixed.
    limits : tuple of float
        The range of the target's values, all channels together.
    geometry : LayerGeometry
        Of the arrays without their channels.
    about : object
        What the values mean: as long as it stays equal, contrast and colours are the person's.
    heaviest : float
        The largest weight.
    complete : bool
        Whether nothing of the arrays will change any more.
    """

    target: Any
    weight: Any
    rgb: Any
    limits: tuple[float, float]
    geometry: LayerGeometry
    about: Any = None
    heaviest: float = 1.0
    complete: bool = True

    @property
    def signed(self) -> bool:
        """Whether the target's values are centred on 0."""
        return self.limits[0] < 0


def make_pictures(inspection: Inspection, place: Place, blended: Blended) -> Pictures:
    """The arrays of an inspection; large ones are mixed only where they are looked at."""
    predictor, channels, statistics = inspection.request.predictor, inspection.channels, inspection.statistics
    lowest = min((s.minimum for s in statistics), default=0.0)
    heaviest = max((max(s.negative_weight, s.positive_weight) for s in statistics), default=1.0)
    data = inspection.target.data
    if not isinstance(data, torch.Tensor) or data.numel() > _LARGE:
        return lazy_pictures(
            inspection.target, inspection.weight, predictor, lowest, heaviest, place, blended, complete=True
        )
    target, weight = inspection.target.numpy(), inspection.weight.numpy()
    limits, rgb = limits_of(channels, lowest), None
    if blended:
        shown = [channels[index] for index, _ in blended]
        rgb = blend(to_unit(target[[index for index, _ in blended]], shown), [colour for _, colour in blended])
    if place.time is not None:
        target, weight = target[:, None], weight[:, None]
        rgb = None if rgb is None else rgb[None]
    about, geometry = (type(predictor), limits), geometry_beside(inspection.target, place, channels=False)
    return Pictures(target, weight, rgb, limits, geometry, about, heaviest)


def lazy_pictures(
    target: Array,
    weight: Array,
    predictor: Predictor,
    lowest: float,
    heaviest: float,
    place: Place,
    blended: Blended,
    complete: bool = False,
) -> Pictures:
    """Arrays to show that are still being filled or lie in files: nothing of them is read here.

    Parameters
    ----------
    target, weight : Array
        [C, …spatial axes], NaN where nothing is known.
    lowest, heaviest : float
        The smallest target value and the largest weight so far.
    """
    channels = predictor.describe_channels(target.spatial_axes)
    limits = limits_of(channels, lowest)
    values, weights = _sliceable(target), _sliceable(weight)
    rgb: Any = LazyBlend(values, blended, channels) if blended else None
    if place.time is not None:
        values, weights = WithTime(values, 1), WithTime(weights, 1)
        rgb = None if rgb is None else WithTime(rgb, 0)
    about, geometry = (type(predictor), limits), geometry_beside(target, place, channels=False)
    return Pictures(values, weights, rgb, limits, geometry, about, heaviest, complete)


def limits_of(channels: Sequence[Channel], lowest: float = 0.0) -> tuple[float, float]:
    """The range that channels declare; one about 0 if `lowest`, the smallest value there is, contradicts them."""
    low, high = min(c.minimum for c in channels), max(c.maximum for c in channels)
    if lowest < low and lowest < 0:
        low = -abs(high)
    return (low, high) if low < high else (low, low + 1)


def to_unit(values: np.ndarray, channels: Sequence[Channel]) -> np.ndarray:
    """Values, [C, …], of as many channels, from the range that each declares to [0, 1]."""
    if all((channel.minimum, channel.maximum) == (0, 1) for channel in channels):
        return values
    spans = [limits_of([channel]) for channel in channels]
    low, high = (np.array(ends, np.float32).reshape(-1, *(1,) * (values.ndim - 1)) for ends in zip(*spans, strict=True))
    return np.asarray((values - low) / (high - low))


class LazyBlend(LazyArray):
    """Channels mixed to a picture where it is looked at, transparent where they are NaN.

    uint8, […, 4], from float [C, …].
    """

    def __init__(self, target: Any, blended: Blended, channels: Sequence[Channel]) -> None:
        self._target, self._blended = target, list(blended)
        self._channels = [channels[index] for index, _ in blended]
        self.shape, self.dtype = (*target.shape[1:], 4), np.dtype(np.uint8)

    def read(self, box: Box) -> np.ndarray:
        """The colours in a box."""
        *inner, colour = box
        values = np.stack([np.asarray(self._target[(index, *inner)]) for index, _ in self._blended])
        known = ~np.isnan(values).any(0)
        values = np.where(known, to_unit(values, self._channels), 0)
        rgb = blend(values, [colour for _, colour in self._blended])
        rgba = np.concatenate([rgb, (known * np.uint8(255))[..., None].astype(np.uint8)], axis=-1)
        return np.asarray(rgba[..., colour])


class WithTime(LazyArray):
    """A lazily sliced array with one more axis, of length 1, at `position`."""

    def __init__(self, data: Any, position: int) -> None:
        self._data, self._position = data, position
        self.shape = (*data.shape[:position], 1, *data.shape[position:])
        self.dtype = np.dtype(data.dtype)

    def read(self, box: Box) -> np.ndarray:
        """The values in a box."""
        before, time, after = box[: self._position], box[self._position], box[self._position + 1 :]
        part = np.expand_dims(np.asarray(self._data[(*before, *after)]), self._position)
        return part[(slice(None),) * self._position + (time,)]


def _sliceable(array: Array) -> Any:
    return array.numpy() if isinstance(array.data, torch.Tensor) else array.data
