"""`Pictures`: target and weight as layers want them, whether they lie in memory or in files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from funlib.geometry import Coordinate

from predictor_inspector.core.array import Array
from predictor_inspector.core.channels import Channel
from predictor_inspector.data.lazy import Box, LazyArray, lazy_array
from predictor_inspector.inspection import Inspection, Request
from predictor_inspector.plugin.layers.colours import blend
from predictor_inspector.plugin.layers.layer_data import LayerGeometry, geometry_beside
from predictor_inspector.plugin.model.axes import Place

_INSIDE = 217  # gray of objects between their boundaries, in 3-D
_LARGE = 2**26  # values of a target that are blended where they are looked at, not all at once


@dataclass(frozen=True)
class Blended:
    """How channels of a target are blended; false if none are."""

    mixed: Sequence[tuple[int, str]] = ()  # indices of channels, and their colours, ``#rrggbb``
    over: bool = True  # over what lies beneath, affinities as boundaries; else as the loss sees them
    solid: bool = False  # for 3-D, where objects between boundaries are seen, and what has no weight isn't

    def __bool__(self) -> bool:
        return bool(self.mixed)


@dataclass(frozen=True)
class Pictures:
    """Target and weight as layers want them: numpy arrays or lazily sliced ones.

    Target and weight are float32, [C, (1,) Z, Y, X], the second axis being time, if there is one.
    """

    target: Any
    weight: Any
    rgb: Any  # uint8, [(1,) Z, Y, X, 4]; None where no channels are blended
    channels: tuple[Channel, ...]
    limits: tuple[tuple[float, float], ...]  # the range of the target's values, of each channel
    geometry: LayerGeometry  # of the arrays without their channels
    about: Any  # what the values mean: as long as it stays equal, contrast and colours are the person's
    heaviest: float  # the largest weight
    complete: bool  # whether nothing of the arrays will change any more
    blended: Blended  # what `rgb` was blended from


def make_pictures(inspection: Inspection, place: Place, blended: Blended, at_once: int = _LARGE) -> Pictures:
    """The pictures of an inspection; of a target with more values than `at_once`, only what is looked at is blended."""
    statistics = inspection.statistics
    lowest = min((s.minimum for s in statistics), default=0.0)
    heaviest = max((max(s.negative_weight, s.positive_weight) for s in statistics), default=1.0)
    result = inspection.target, inspection.weight, inspection.request
    return pictures_of(*result, lowest, heaviest, place, blended, at_once)


def pictures_of(
    target: Array,
    weight: Array,
    request: Request,
    lowest: float,
    heaviest: float,
    place: Place,
    blended: Blended,
    at_once: int = _LARGE,
    complete: bool = True,
) -> Pictures:
    """The pictures of a request's result, [C, …spatial axes], NaN where nothing is known yet.

    `lowest` and `heaviest` are the smallest target value and the largest weight so far. What has more values than `at_once`,
    lies in files or is incomplete is blended only where it is looked at.
    """
    channels = request.channels
    declared = lowest >= min(channel.minimum for channel in channels)
    limits = tuple(limits_of([channel], 0.0 if declared else lowest) for channel in channels)
    values, weights = _values(target), _values(weight)
    rgb: Any = LazyBlend(target, weight, request, blended) if blended else None
    if rgb is not None and complete and isinstance(values, np.ndarray) and values.size <= at_once:
        rgb = np.asarray(rgb)
    if place.time is not None:
        values, weights = (v[:, None] if isinstance(v, np.ndarray) else WithTime(v, 1) for v in (values, weights))
        rgb = rgb[None] if isinstance(rgb, np.ndarray) else None if rgb is None else WithTime(rgb, 0)
    geometry, about = (
        geometry_beside(target, place, channels=False),
        (type(request.predictor), limits_of(channels, lowest)),
    )
    return Pictures(values, weights, rgb, channels, limits, geometry, about, heaviest, complete, blended)


def limits_of(channels: Sequence[Channel], lowest: float = 0.0) -> tuple[float, float]:
    """The range that channels declare; one about 0 if `lowest`, the smallest value there is, contradicts them."""
    low, high = min(c.minimum for c in channels), max(c.maximum for c in channels)
    if lowest < low and lowest < 0:
        low = -abs(high)
    return (low, high) if low < high else (low, low + 1)


def to_unit(values: np.ndarray, channels: Sequence[Channel], over: bool = False) -> np.ndarray:
    """Values, [C, …], of as many channels, from the range that each declares to [0, 1].

    `over` what lies beneath, affinities become boundaries, 1 − affinity, and of signed values only the positive are seen.
    """
    if not over and all((channel.minimum, channel.maximum) == (0, 1) for channel in channels):
        return values
    spans = [limits_of([channel]) for channel in channels]
    if over:
        spans = [
            _reversed(span) if c.kind == "affinity" else _positive(span)
            for c, span in zip(channels, spans, strict=True)
        ]
    low, high = (np.array(ends, np.float32).reshape(-1, *(1,) * (values.ndim - 1)) for ends in zip(*spans, strict=True))
    unit = (values - low) / (high - low)
    return np.asarray(np.clip(unit, 0, 1) if over else unit)


def _reversed(span: tuple[float, float]) -> tuple[float, float]:
    return span[1], span[0]


def _positive(span: tuple[float, float]) -> tuple[float, float]:
    return (0.0, span[1]) if span[0] < 0 < span[1] else span


class LazyBlend(LazyArray):
    """Channels of a result blended where they are looked at: uint8, [… spatial axes, 4], transparent where unknown.

    Boundaries are drawn only where there are some, in 3-D on the faces of what they part: by themselves they would hide each
    other. Values without weight teach nothing, and between two voxels of
    background, whose affinity is 0 by definition, there is no boundary.
    """

    def __init__(self, target: Array, weight: Array, request: Request, blended: Blended) -> None:
        self._target, self._weight, self._blended = _values(target), _values(weight), blended
        self._channels = [request.channels[index] for index, _ in blended.mixed]
        self._pairs = [_ends(channel, request) if blended.over else () for channel in self._channels]
        self.shape, self.dtype = (*target.spatial_shape, 4), np.dtype(np.uint8)

    def read(self, box: Box) -> np.ndarray:
        """The colours in a box."""
        *space, colour = box
        over = self._blended.over
        weighted: Any = False
        values = np.stack([np.asarray(self._target[(index, *space)]) for index, _ in self._blended.mixed])
        values = to_unit(values, self._channels, over)
        for value, (index, _), channel, pair in zip(
            values, self._blended.mixed, self._channels, self._pairs, strict=True
        ):
            if self._blended.solid or (over and channel.kind == "affinity"):
                # Weights of tiles come last: NaN until then, which isn't 0.
                without = np.asarray(self._weight[(index, *space)]) == 0
                weighted = weighted | ~(without | np.isnan(value))
                if over and channel.kind == "affinity":
                    value[without] = 0
            if pair:
                background = [np.asarray(labels[tuple(space)]) == 0 for labels in pair]
                value[background[0] & background[1]] = 0
        picture = blend(values, [colour for _, colour in self._blended.mixed], over)
        if self._blended.solid:
            if over and all(channel.kind == "affinity" for channel in self._channels):
                share = picture[..., 3:] / np.float32(255)
                picture[..., :3] = share * picture[..., :3] + (1 - share) * _INSIDE
                picture[..., 3] = 255
            picture[..., 3][~weighted] = 0
        return picture[..., colour]


def _ends(channel: Channel, request: Request) -> tuple[Any, ...]:
    """The ids of both ends of an affinity's pairs, lazily sliced, [… spatial axes]; none where background is an object."""
    if channel.kind != "affinity" or request.predictor.value_of(channel, "background", False):
        return ()
    gt = request.used_source.gt
    if gt.channel_dims:
        gt = gt.select(gt.axis_names[0], channel.source)
    roi, step = request.regions.roi, gt.voxel_size * Coordinate(channel.offset)
    return tuple(lazy_array(gt.read, gt, gt, part).data for part in (roi, roi.shift(step)))


class WithTime(LazyArray):
    """A lazily sliced array with an axis of time of length 1 before the axis `at`."""

    def __init__(self, data: Any, at: int) -> None:
        self._data, self._at = data, at
        self.shape, self.dtype = (*data.shape[:at], 1, *data.shape[at:]), np.dtype(data.dtype)

    def read(self, box: Box) -> np.ndarray:
        """The values in a box."""
        inner = np.asarray(self._data[(*box[: self._at], *box[self._at + 1 :])])
        return np.expand_dims(inner, self._at)[(*(slice(None),) * self._at, box[self._at])]


def _values(array: Array) -> Any:
    return array.numpy() if isinstance(array.data, torch.Tensor) else array.data
