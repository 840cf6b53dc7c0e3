"""Distance to the nearest boundary, inside objects only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch

from predictor_inspector.core.array_types import DistanceArray
from predictor_inspector.core.channels import Channel
from predictor_inspector.core.parameters import parameter
from predictor_inspector.core.predictors import fields
from predictor_inspector.core.predictors.distances import BoundaryDistancePredictor


@dataclass(frozen=True)
class InnerDistancePredictor(BoundaryDistancePredictor):
    """Distance to the nearest boundary through tanh inside objects, 0 on background.

    Ground truth is one binary channel per class, or instance ids without a channel axis.
    """

    channels: tuple[str, ...] = parameter(**fields.CHANNELS)
    scale_factor: float = parameter(**fields.SCALE_FACTOR)
    clipmin: float = parameter(0.05, **fields.CLIPMIN)
    clipmax: float = parameter(0.95, **fields.CLIPMAX)
    context_tolerance: float = parameter(0.01, **fields.CONTEXT_TOLERANCE)

    @property
    def output_array_type(self) -> DistanceArray:
        return DistanceArray(self.channels)

    def describe_channels(self, axes: Sequence[str] | None = None) -> tuple[Channel, ...]:
        """Distances, one per channel of the ground truth."""
        return tuple(replace(c, kind="distance", minimum=0.0) for c in super().describe_channels(axes))

    def _values(self, inside: torch.Tensor, distances: torch.Tensor) -> torch.Tensor:
        return torch.where(inside, distances, 0.0)
