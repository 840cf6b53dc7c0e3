"""One-hot classes and signed distances side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch

from predictor_inspector.core.array_types import EmbeddingArray
from predictor_inspector.core.channels import Channel
from predictor_inspector.core.parameters import parameter
from predictor_inspector.core.predictors import fields
from predictor_inspector.core.predictors.distances import BoundaryDistancePredictor


@dataclass(frozen=True)
class HotDistancePredictor(BoundaryDistancePredictor):
    """For each class whether a voxel belongs to it, then for each class the signed distance to its boundary.

    Ground truth is one binary channel per class, or instance ids without a channel axis.
    """

    channels: tuple[str, ...] = parameter(**fields.CHANNELS)
    scale_factor: float = parameter(**fields.SCALE_FACTOR)
    mask_distances: bool = parameter(**fields.MASK_DISTANCES)
    kernel_size: int = parameter(1, **fields.KERNEL_SIZE)
    clipmin: float = parameter(0.05, **fields.CLIPMIN)
    clipmax: float = parameter(0.95, **fields.CLIPMAX)
    context_tolerance: float = parameter(0.01, **fields.CONTEXT_TOLERANCE)
    epsilon: float = parameter(0.05, **fields.EPSILON)
    threshold: float = parameter(0.8, **fields.THRESHOLD)

    @property
    def output_array_type(self) -> EmbeddingArray:
        return EmbeddingArray(2 * len(self.channels), self.channel_names)

    def describe_channels(self, axes: Sequence[str] | None = None) -> tuple[Channel, ...]:
        """One-hot values, then signed distances."""
        distances = super().describe_channels(axes)
        roles = {"clipmin": "clipmin", "clipmax": "clipmax", "classes": "channels"}
        hot = [replace(d, name=f"hot {d.name}", kind="one-hot", minimum=0.0, roles=roles) for d in distances]
        signed = [replace(d, name=f"distance {d.name}", row=len(hot) + i) for i, d in enumerate(distances)]
        return (*hot, *signed)

    def _values(self, inside: torch.Tensor, distances: torch.Tensor) -> torch.Tensor:
        return torch.cat([inside.float(), distances])
