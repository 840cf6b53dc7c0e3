"""A predictor of another package: affinities and a signed distance, with parameters of other names than ours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from predictor_inspector.core import (
    AffinitiesPredictor,
    Array,
    Channel,
    ClassCounts,
    DistancePredictor,
    EmbeddingArray,
    Predictor,
)
from predictor_inspector.core.ops.class_balance import joined


@dataclass(frozen=True)
class Votes(Predictor):
    """Affinities of some steps, then the distance to the boundary."""

    steps: tuple[tuple[int, ...], ...] = ((0, 1), (0, -3))
    slope: float = 20.0
    rarest: float = 0.1
    strict: bool = True

    @property
    def output_array_type(self) -> EmbeddingArray:
        return EmbeddingArray(len(self.steps) + 1)

    def describe_channels(self, axes: Sequence[str] | None = None) -> tuple[Channel, ...]:
        roles = {"clipmin": "rarest", "mask": "strict", "offsets": "steps"}
        votes = [
            Channel(f"vote {i}", "affinity", offset=step, roles=roles, group="votes", colour="#12ab34", row=i)
            for i, step in enumerate(self.steps)
        ]
        roles = {"clipmin": "rarest", "scale": "slope"}
        return (*votes, Channel("depth", "signed distance", -1.0, roles=roles, row=len(votes)))

    @property
    def _parts(self) -> tuple[Predictor, Predictor]:
        clips: dict[str, Any] = {"affs_weight_clipmin": self.rarest, "affs_weight_clipmax": 1.0}
        return (
            AffinitiesPredictor(self.steps, lsds=False, mask_pairs=self.strict, **clips),
            DistancePredictor(["a"], self.slope, mask_distances=False, clipmin=self.rarest, clipmax=1.0),
        )

    def create_model(self, architecture: Any) -> Any:
        """Not needed."""

    def gt_region_for_roi(self, target_spec: Any) -> Any:
        wide = [part.gt_region_for_roi(target_spec) for part in self._parts]
        wide[0].roi = wide[0].roi.union(wide[1].roi)
        return wide[0]

    def create_target(self, gt: Array) -> Array:
        parts = [part.create_target(gt) for part in self._parts]
        return parts[0].like(torch.cat([part.data for part in parts]), parts[0].axis_names)

    def create_weight(
        self, gt: Array, target: Array, mask: Array | None = None, moving_class_counts: ClassCounts | None = None
    ) -> tuple[Array, ClassCounts]:
        split = len(self.steps)
        before = moving_class_counts
        weights, counts = [], []
        for part, rows in zip(self._parts, (slice(0, split), slice(split, None)), strict=True):
            own = target.like(target.data[rows], target.axis_names)
            weight, count = part.create_weight(gt, own, mask, None if before is None else before[rows])
            weights.append(weight.data)
            counts.append(count)
        return target.like(torch.cat(weights), target.axis_names), joined(*counts)
