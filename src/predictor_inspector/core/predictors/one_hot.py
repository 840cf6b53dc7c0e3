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
from predictor_inspector.core.foreign import as_array
from predictor_inspector.core.ground_truth import (
    annotated,
    channel_labels,
    check_channels,
    object_labels,
    part_of,
)
from predictor_inspector.core.model import Architecture, Model, conv_head
from predictor_inspector.core.parameters import parameter
from predictor_inspector.core.predictor import Predictor
from predictor_inspector.core.predictors.fields import KERNEL_SIZE, checked_names
from predictor_inspector.core.result_cache import ResultCache


@dataclass(frozen=True)
class OneHotPredictor(Predictor):
    """For each class whether a voxel is of it.

    Ground truth is one id per voxel, which is that of its class, or a channel per class that is positive where it is.
    """

    classes: tuple[str, ...] = parameter(doc="Names of the classes, in the order of their ids from 0.", widget="names")
    kernel_size: int = parameter(1, **KERNEL_SIZE)
    ignore: int | None = parameter(
        None, doc="The id of voxels that are of no class and have no weight, such as 255.", minimum=0, advanced=True
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "classes", checked_names("OneHotPredictor", "classes", self.classes))

    @property
    def output_array_type(self) -> ProbabilityArray:
        return ProbabilityArray(self.classes)

    def describe_channels(self, axes: Sequence[str] | None = None) -> tuple[Channel, ...]:
        """One channel per class."""
        roles = {"classes": "classes", "ignore": "ignore"}
        return tuple(
            Channel(name, "one-hot", roles=roles, group="classes", source=i, mask_channel=i, label=i)
            for i, name in enumerate(self.classes)
        )

    def create_model(self, architecture: Architecture) -> Model:
        return Model(architecture, conv_head(architecture, len(self.classes), self.kernel_size))

    def create_target(self, gt: Array) -> Array:
        gt = as_array(gt)
        return self.target_in(gt, gt.roi)

    def target_in(self, gt: Array, roi: Roi, cache: ResultCache | None = None) -> Array:
        """One-hot classes in `roi` only."""
        labels = self._labels(gt, roi, "roi")
        if self._has_channels(gt):
            inside = labels > 0
        else:
            ids = torch.arange(len(self.classes), device=labels.device)
            inside = labels == ids.reshape(-1, *(1 for _ in labels.shape[1:]))
        if self.ignore is not None:
            inside = inside & (labels != self.ignore)
        return gt.like(inside.float(), ("c^", *gt.spatial_axes), roi.begin)

    def create_weight(
        self, gt: Array, target: Array, mask: Array | None = None, moving_class_counts: Any = None
    ) -> tuple[Array, Any]:
        """1 where annotated and the id is a class that isn't ignored; nothing is balanced, so the counts stay as they are."""
        gt = as_array(gt)
        count, labels = len(self.classes), self._labels(gt, target.roi, "target.roi")
        check_channels(target, count, "OneHotPredictor")
        known = annotated(mask, target.roi, gt, count)
        if not self._has_channels(gt):
            known = known & (labels < count)
        if self.ignore is not None:
            known = known & (labels != self.ignore)
        weight = known.float().expand(count, *target.spatial_shape).contiguous()
        return target.like(weight, target.axis_names), moving_class_counts

    @classmethod
    def starting_values(cls, gt: Array) -> dict[str, Any]:
        return {"classes": list(gt.about.channels) or ["background", "class 1", "class 2"]}

    def _has_channels(self, gt: Array) -> bool:
        """Whether the ground truth has a channel per class; one channel of several classes holds their ids."""
        return gt.channel_dims == 1 and gt.shape[0] == len(self.classes)

    def _labels(self, gt: Array, roi: Roi, what: str) -> torch.Tensor:
        """Ids in `roi`, [1, Z, Y, X], or one channel per class, [C, Z, Y, X]."""
        name = "OneHotPredictor"
        count = len(self.classes)
        labels = channel_labels(gt, count, name) if self._has_channels(gt) else object_labels(gt, name)[None]
        return labels[(slice(None), *part_of(gt, roi, what))]
