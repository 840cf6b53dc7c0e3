"""Signed distance to the nearest boundary."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from predictor_inspector.core.array_types import DistanceArray
from predictor_inspector.core.parameters import parameter
from predictor_inspector.core.predictors import fields
from predictor_inspector.core.predictors.distances import BoundaryDistancePredictor


@dataclass(frozen=True)
class DistancePredictor(BoundaryDistancePredictor):
    """Distance to the nearest boundary through tanh: positive inside objects, negative on background.

    Ground truth is one binary channel per class, or instance ids without a channel axis, where objects that touch are
    both positive with a dip between them. After Heinrich et al. 2018 and 2021.
    """

    channels: tuple[str, ...] = parameter(**fields.CHANNELS)
    scale_factor: float = parameter(**fields.SCALE_FACTOR)
    mask_distances: bool = parameter(**fields.MASK_DISTANCES)
    clipmin: float = parameter(0.05, **fields.CLIPMIN)
    clipmax: float = parameter(0.95, **fields.CLIPMAX)
    context_tolerance: float = parameter(0.01, **fields.CONTEXT_TOLERANCE)
    epsilon: float = parameter(0.05, **fields.EPSILON)
    threshold: float = parameter(0.8, **fields.THRESHOLD)

    @property
    def output_array_type(self) -> DistanceArray:
        return DistanceArray(self.channels)

    def _values(self, inside: torch.Tensor, distances: torch.Tensor) -> torch.Tensor:
        return distances
