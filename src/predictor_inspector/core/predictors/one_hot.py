"""One-hot classes: one channel per class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from funlib.geometry import Roi

from predictor_inspector.core.array import Array
from predictor_inspector.core.array_types import ProbabilityArray
from predictor_inspector.core.channels import Channel
from predictor_inspector.core.ground_truth import annotated, check_channels, object_labels, part_of
from predictor_inspector.core.model import Architecture, Model, conv_head
from predictor_inspector.core.parameters import parameter
from predictor_inspector.core.predictor import Predictor
from predictor_inspector.core.predictors.fields import KERNEL_SIZE, checked_names
from predictor_inspector.core.result_cache import ResultCache


@dataclass(frozen=True)
class OneHotPredictor(Predictor):
    """For each class whether a voxel is of it; the class is the voxel's id."""

    classes: tuple[str, ...] = parameter(doc="Names of the classes, in the order of their ids from 0.", widget="names")
    kernel_size: int = parameter(1, **KERNEL_SIZE)

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "classes", checked_names("OneHotPredictor", "classes", self.classes))

    @property
    def output_array_type(self) -> ProbabilityArray:
        return ProbabilityArray(self.classes)

    def describe_channels(self, axes: Sequence[str] | None = None) -> tuple[Channel, ...]:
        """One channel per class."""
        roles = {"classes": "classes"}
        return tuple(
            Channel(name, "one-hot", roles=roles, group="classes", mask_channel=i, label=i)
            for i, name in enumerate(self.classes)
        )

    def create_model(self, architecture: Architecture) -> Model:
        return Model(architecture, conv_head(architecture, len(self.classes), self.kernel_size))

    def create_target(self, gt: Array) -> Array:
        return self.target_in(gt, gt.roi)

    def target_in(self, gt: Array, roi: Roi, cache: ResultCache | None = None) -> Array:
        """One-hot classes in `roi` only."""
        labels = object_labels(gt, "OneHotPredictor")[part_of(gt, roi, "roi")]
        ids = torch.arange(len(self.classes), device=labels.device).reshape(-1, *(1 for _ in labels.shape))
        return gt.like((labels[None] == ids).float(), ("c^", *gt.spatial_axes), roi.begin)

    def create_weight(
        self, gt: Array, target: Array, mask: Array | None = None, moving_class_counts: Any = None
    ) -> tuple[Array, Any]:
        """1 where annotated and the id is a class; nothing is balanced, so the counts stay what they are."""
        count = len(self.classes)
        check_channels(target, count, "OneHotPredictor")
        labels = object_labels(gt, "OneHotPredictor")[part_of(gt, target.roi, "target.roi")]
        known = annotated(mask, target.roi, gt, count) & (labels < count)[None]
        weight = known.float().expand(count, *labels.shape).contiguous()
        return target.like(weight, target.axis_names), moving_class_counts

    @classmethod
    def starting_values(cls, gt: Array) -> dict[str, Any]:
        return {"classes": ["background", "class 1", "class 2"]}
