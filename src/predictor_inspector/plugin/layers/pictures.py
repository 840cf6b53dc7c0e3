"""`Pictures`: target and weight as layers want them, whether they lie in memory or in files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from predictor_inspector.core.array import Array
from predictor_inspector.core.channels import Channel
from predictor_inspector.data.lazy import Box, LazyArray
from predictor_inspector.inspection import Inspection, Request
from predictor_inspector.plugin.layers.colours import blend
from predictor_inspector.plugin.layers.layer_data import LayerGeometry, geometry_beside
from predictor_inspector.plugin.model.axes import Place

_LARGE = 2**26  # values of a target that are blended where they are looked at, not all at once

Blended = Sequence[tuple[int, str]]  # indices and colours of the channels of the RGB view; none for no such view


@dataclass(frozen=True)
class Pictures:
    """Target and weight as layers want them: numpy arrays or lazily sliced ones.

    Target and weight are float32, [C, (1,) Z, Y, X], the second axis being time, if there is one.
    """

    target: Any
    weight: Any
    rgb: Any  # uint8, [(1,) Z, Y, X, 3 or 4]; None where no channels are blended
    limits: tuple[float, float]  # the range of the target's values, all channels together
    geometry: LayerGeometry  # of the arrays without their channels
    about: Any  # what the values mean: as long as it stays equal, contrast and colours are the person's
    heaviest: float  # the largest weight
    complete: bool  # whether nothing of the arrays will change any more


def make_pictures(inspection: Inspection, place: Place, blended: Blended) -> Pictures:
    """The pictures of an inspection."""
    statistics = inspection.statistics
    lowest = min((s.minimum for s in statistics), default=0.0)
    heaviest = max((max(s.negative_weight, s.positive_weight) for s in statistics), default=1.0)
    return pictures_of(inspection.target, inspection.weight, inspection.request, lowest, heaviest, place, blended)


def pictures_of(
    target: Array,
    weight: Array,
    request: Request,
    lowest: float,
    heaviest: float,
    place: Place,
    blended: Blended,
    complete: bool = True,
) -> Pictures:
    """The pictures of a request's result, [C, …spatial axes], NaN where nothing is known yet.

    `lowest` and `heaviest` are the smallest target value and the largest weight so far. What is large, in files or
    incomplete is blended only where it is looked at.
    """
    channels = request.channels
    limits = limits_of(channels, lowest)
    values, weights = (a.numpy() if isinstance(a.data, torch.Tensor) else a.data for a in (target, weight))
    if place.time is not None:
        values, weights = (v[:, None] if isinstance(v, np.ndarray) else WithTime(v) for v in (values, weights))
    rgb: Any = None
    if blended and complete and isinstance(values, np.ndarray) and values.size <= _LARGE:
        indices, colours = [index for index, _ in blended], [colour for _, colour in blended]
        rgb = blend(to_unit(values[indices], [channels[index] for index in indices]), colours)
    elif blended:
        rgb = LazyBlend(values, blended, channels)
    geometry, about = geometry_beside(target, place, channels=False), (type(request.predictor), limits)
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
    """Channels of a target, float [C, …], blended where they are looked at: uint8, […, 4], transparent where unknown."""

    def __init__(self, target: Any, blended: Blended, channels: Sequence[Channel]) -> None:
        self._target, self._blended = target, list(blended)
        self._channels = [channels[index] for index, _ in blended]
        self.shape, self.dtype = (*target.shape[1:], 4), np.dtype(np.uint8)

    def read(self, box: Box) -> np.ndarray:
        """The colours in a box."""
        *inner, colour = box
        values = np.stack([np.asarray(self._target[(index, *inner)]) for index, _ in self._blended])
        known = ~np.isnan(values).any(0)
        rgb = blend(np.where(known, to_unit(values, self._channels), 0), [colour for _, colour in self._blended])
        alpha = np.where(known, np.uint8(255), np.uint8(0))[..., None]
        return np.concatenate([rgb, alpha], axis=-1)[..., colour]


class WithTime(LazyArray):
    """A lazily sliced array, [C, …], with an axis of time of length 1 after the channels."""

    def __init__(self, data: Any) -> None:
        self._data = data
        self.shape, self.dtype = (data.shape[0], 1, *data.shape[1:]), np.dtype(data.dtype)

    def read(self, box: Box) -> np.ndarray:
        """The values in a box."""
        channels, time, *inner = box
        return np.asarray(self._data[(channels, *inner)])[:, None][:, time]
