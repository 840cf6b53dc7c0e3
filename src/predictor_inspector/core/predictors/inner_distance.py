"""Distance to the nearest boundary, inside objects only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from funlib.geometry import Roi

from predictor_inspector.core.array import Array
from predictor_inspector.core.array_types import DistanceArray
from predictor_inspector.core.channels import Channel
from predictor_inspector.core.ground_truth import part_of
from predictor_inspector.core.model import Architecture, Model, conv_head
from predictor_inspector.core.ops.class_balance import ClassCounts, balance
from predictor_inspector.core.parameters import parameter
from predictor_inspector.core.predictors.boundaries import (
    CHANNELS,
    CONTEXT_TOLERANCE,
    SCALE_FACTOR,
    BoundaryPredictor,
    starting_values,
)
from predictor_inspector.core.predictors.clips import CLIPMAX, CLIPMIN
from predictor_inspector.core.result_cache import ResultCache


@dataclass(frozen=True)
class InnerDistancePredictor(BoundaryPredictor):
    """Distance to the nearest boundary through tanh inside objects, 0 on background.

    Ground truth is one binary channel per class, or instance ids without a channel axis.
    """

    channels: tuple[str, ...] = parameter(**CHANNELS)
    scale_factor: float = parameter(**SCALE_FACTOR)
    clipmin: float = parameter(0.05, **CLIPMIN)
    clipmax: float = parameter(0.95, **CLIPMAX)
    context_tolerance: float = parameter(0.01, **CONTEXT_TOLERANCE)

    @property
    def output_array_type(self) -> DistanceArray:
        return DistanceArray(self.channels)

    def describe_channels(self, axes: Sequence[str] | None = None) -> tuple[Channel, ...]:
        """Distances, one per channel of the ground truth."""
        return tuple(replace(c, kind="distance", minimum=0.0) for c in super().describe_channels(axes))

    def create_model(self, architecture: Architecture) -> Model:
        return Model(architecture, conv_head(architecture, len(self.channels)))

    def target_in(self, gt: Array, roi: Roi, cache: ResultCache | None = None) -> Array:
        """Distances in `roi` only; `gt` beyond it is context."""
        labels = self.labels(gt)
        inside = labels[(slice(None), *part_of(gt, roi, "roi"))] > 0
        return self.as_target(gt, torch.where(inside, self.distances(gt, labels, roi, cache), 0.0), roi)

    def create_weight(
        self, gt: Array, target: Array, mask: Array | None = None, moving_class_counts: ClassCounts | None = None
    ) -> tuple[Array, ClassCounts]:
        weight, counts = balance(
            self.foreground(gt, target),
            self.annotated(gt, target, mask),
            self.clipmin,
            self.clipmax,
            moving_class_counts,
        )
        return target.like(weight, target.axis_names), counts

    @classmethod
    def starting_values(cls, gt: Array) -> dict[str, Any]:
        return starting_values(gt, distances_masked=False)
