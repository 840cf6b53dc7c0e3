"""One-hot classes and signed distances side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from funlib.geometry import Roi

from predictor_inspector.core.array import Array
from predictor_inspector.core.array_types import EmbeddingArray
from predictor_inspector.core.channels import Channel
from predictor_inspector.core.ground_truth import part_of
from predictor_inspector.core.model import Architecture, Model, conv_head
from predictor_inspector.core.ops.class_balance import ClassCounts, balance, joined
from predictor_inspector.core.parameters import parameter
from predictor_inspector.core.predictors.boundaries import (
    CHANNELS,
    CONTEXT_TOLERANCE,
    EPSILON,
    MASK_DISTANCES,
    SCALE_FACTOR,
    THRESHOLD,
    BoundaryPredictor,
    starting_values,
)
from predictor_inspector.core.predictors.clips import CLIPMAX, CLIPMIN
from predictor_inspector.core.predictors.one_hot import KERNEL_SIZE
from predictor_inspector.core.result_cache import ResultCache


@dataclass(frozen=True)
class HotDistancePredictor(BoundaryPredictor):
    """For each class whether a voxel belongs to it, then for each class the signed distance to its boundary.

    Ground truth is one binary channel per class, or instance ids without a channel axis.
    """

    channels: tuple[str, ...] = parameter(**CHANNELS)
    scale_factor: float = parameter(**SCALE_FACTOR)
    mask_distances: bool = parameter(**MASK_DISTANCES)
    kernel_size: int = parameter(1, **KERNEL_SIZE)
    clipmin: float = parameter(0.05, **CLIPMIN)
    clipmax: float = parameter(0.95, **CLIPMAX)
    context_tolerance: float = parameter(0.01, **CONTEXT_TOLERANCE)
    epsilon: float = parameter(0.05, **EPSILON)
    threshold: float = parameter(0.8, **THRESHOLD)

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

    def create_model(self, architecture: Architecture) -> Model:
        return Model(architecture, conv_head(architecture, 2 * len(self.channels), self.kernel_size))

    def target_in(self, gt: Array, roi: Roi, cache: ResultCache | None = None) -> Array:
        """One-hot values, then signed distances, in `roi` only; `gt` beyond it is context."""
        labels = self.labels(gt)
        hot = labels[(slice(None), *part_of(gt, roi, "roi"))] > 0
        return self.as_target(gt, torch.cat([hot.float(), self.distances(gt, labels, roi, cache)]), roi)

    def create_weight(
        self, gt: Array, target: Array, mask: Array | None = None, moving_class_counts: ClassCounts | None = None
    ) -> tuple[Array, ClassCounts]:
        return self.weight_in(gt, target, mask, moving_class_counts)

    def weight_in(
        self,
        gt: Array,
        target: Array,
        mask: Array | None = None,
        moving_class_counts: ClassCounts | None = None,
        cache: ResultCache | None = None,
    ) -> tuple[Array, ClassCounts]:
        count = len(self.channels)
        foreground, known = self.foreground(gt, target), self.annotated(gt, target, mask)
        trusted = known
        if self.mask_distances:
            trusted = known & self.measurable(
                gt, target.roi, mask, target.data[count:], self.epsilon, self.threshold, cache
            )
        before = moving_class_counts
        hot, hot_counts = balance(
            foreground, known, self.clipmin, self.clipmax, None if before is None else before[:count]
        )
        distance, distance_counts = balance(
            foreground, trusted, self.clipmin, self.clipmax, None if before is None else before[count:]
        )
        return target.like(torch.cat([hot, distance]), target.axis_names), joined(hot_counts, distance_counts)

    @classmethod
    def starting_values(cls, gt: Array) -> dict[str, Any]:
        return starting_values(gt, distances_masked=True)
