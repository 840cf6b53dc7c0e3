"""Signed distance to the nearest boundary."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from funlib.geometry import Roi

from predictor_inspector.core.array import Array
from predictor_inspector.core.array_types import DistanceArray
from predictor_inspector.core.model import Architecture, Model, conv_head
from predictor_inspector.core.ops.class_balance import ClassCounts, balance
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
from predictor_inspector.core.result_cache import ResultCache


@dataclass(frozen=True)
class DistancePredictor(BoundaryPredictor):
    """Distance to the nearest boundary through tanh: positive inside objects, negative on background.

    Ground truth is one binary channel per class, or instance ids without a channel axis, where objects that touch are
    both positive with a dip between them. After Heinrich et al. 2018 and 2021.
    """

    channels: tuple[str, ...] = parameter(**CHANNELS)
    scale_factor: float = parameter(**SCALE_FACTOR)
    mask_distances: bool = parameter(**MASK_DISTANCES)
    clipmin: float = parameter(0.05, **CLIPMIN)
    clipmax: float = parameter(0.95, **CLIPMAX)
    context_tolerance: float = parameter(0.01, **CONTEXT_TOLERANCE)
    epsilon: float = parameter(0.05, **EPSILON)
    threshold: float = parameter(0.8, **THRESHOLD)

    @property
    def output_array_type(self) -> DistanceArray:
        return DistanceArray(self.channels)

    def create_model(self, architecture: Architecture) -> Model:
        return Model(architecture, conv_head(architecture, len(self.channels)))

    def target_in(self, gt: Array, roi: Roi, cache: ResultCache | None = None) -> Array:
        """Signed distances in `roi` only; `gt` beyond it is context."""
        return self.as_target(gt, self.distances(gt, self.labels(gt), roi, cache), roi)

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
        foreground, known = self.foreground(gt, target), self.annotated(gt, target, mask)
        if self.mask_distances:
            known = known & self.measurable(gt, target.roi, mask, target.data, self.epsilon, self.threshold, cache)
        weight, counts = balance(foreground, known, self.clipmin, self.clipmax, moving_class_counts)
        return target.like(weight, target.axis_names), counts

    @classmethod
    def starting_values(cls, gt: Array) -> dict[str, Any]:
        return starting_values(gt, distances_masked=True)
