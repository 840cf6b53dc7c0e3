"""Imperfect predictions: noise, blur, shifted boundaries and gaps in membranes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from predictor_inspector.core.channels import Channel
from predictor_inspector.core.parameters import parameter, parameters_of
from predictor_inspector.data.formats.format import optional_module

_WIDTH = 4.0  # σ, in voxels, of the smooth random fields that shift boundaries and place gaps


@dataclass(frozen=True)
class Imperfection:
    """How a prediction differs from its target; the same seed gives the same one. Without any, it is the target."""

    noise: float = parameter(
        0.0, doc="Standard deviation of what is added to every value, cut at the ends of its range.", minimum=0
    )
    blur: float = parameter(0.0, doc="Standard deviation of a Gaussian blur.", unit="voxels", minimum=0)
    shift: float = parameter(
        0.0, doc="How far boundaries are moved, smoothly to and fro: standard deviation.", unit="voxels", minimum=0
    )
    gaps: float = parameter(
        0.0,
        doc="Share of the space within objects in which boundaries are missing, in blobs of some voxels.",
        minimum=0,
        maximum=1,
    )
    seed: int = parameter(0, doc="Of the random numbers.", minimum=0)

    def __post_init__(self) -> None:
        for p in parameters_of(type(self)):
            p.check(type(self).__name__, getattr(self, p.name))

    @property
    def is_none(self) -> bool:
        """Whether predictions are perfect."""
        return not (self.noise or self.blur or self.shift or self.gaps)

    def of(self, target: np.ndarray, channels: Sequence[Channel], foreground: np.ndarray) -> np.ndarray:
        """The prediction in place of a target, [C, …spatial axes], float32, within the channels' ranges.

        Gaps are where `foreground`, boolean, […spatial axes], is True: there the prediction is as if it lay deep in an object.
        What is shifted beyond the target's edge is repeated from there.
        """
        if self.is_none:
            return target
        random, axes = np.random.default_rng(self.seed), tuple(range(1, target.ndim))
        values = target
        if self.shift:
            values = self._shifted(values, random)
        if self.gaps:
            field = _smooth(random, foreground.shape)
            missing = foreground & (field > np.quantile(field, 1 - self.gaps))
            values = values.copy()
            for channel, description in zip(values, channels, strict=True):
                channel[missing] = description.maximum
        if self.blur:
            sigma = [self.blur * (axis in axes) for axis in range(target.ndim)]
            values = _ndimage().gaussian_filter(values, sigma, mode="nearest")
        if self.noise:
            values = values + random.normal(0, self.noise, values.shape).astype(np.float32)
        low, high = (
            np.array([getattr(c, end) for c in channels], np.float32).reshape(-1, *(1,) * len(axes))
            for end in ("minimum", "maximum")
        )
        degraded: np.ndarray = np.clip(values, low, high)
        return degraded

    def _shifted(self, values: np.ndarray, random: np.random.Generator) -> np.ndarray:
        shape = values.shape[1:]
        places = np.indices(shape, np.float32)
        for axis in range(len(shape)):
            places[axis] += self.shift * _smooth(random, shape)
        return np.stack([_ndimage().map_coordinates(c, places, order=1, mode="nearest") for c in values])


def _smooth(random: np.random.Generator, shape: Sequence[int]) -> np.ndarray:
    """Gaussian noise of mean 0 and standard deviation 1 that changes over some voxels: float32."""
    field = _ndimage().gaussian_filter(random.standard_normal(shape, np.float32), _WIDTH, mode="wrap")
    spread = float(field.std())
    return np.asarray(field / spread if spread else field)


def _ndimage() -> Any:
    return optional_module("scipy.ndimage", "roundtrip", "to degrade predictions")
