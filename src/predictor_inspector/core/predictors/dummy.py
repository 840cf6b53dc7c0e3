"""Dummy predictor: nothing to learn, for trying out a pipeline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from predictor_inspector.core.array import Array
from predictor_inspector.core.array_types import EmbeddingArray
from predictor_inspector.core.channels import Channel
from predictor_inspector.core.foreign import as_array
from predictor_inspector.core.model import Architecture, Model, conv_head
from predictor_inspector.core.parameters import parameter
from predictor_inspector.core.predictor import Predictor


@dataclass(frozen=True)
class DummyPredictor(Predictor):
    """Targets of zeros with weights of ones, for any ground truth of any dimension: to try out a pipeline."""

    embedding_dims: int = parameter(doc="How many channels.", minimum=1, maximum=1024)

    @property
    def output_array_type(self) -> EmbeddingArray:
        return EmbeddingArray(self.embedding_dims)

    def describe_channels(self, axes: Sequence[str] | None = None) -> tuple[Channel, ...]:
        """Zeros."""
        return tuple(Channel(name, "constant") for name in self.output_array_type.channel_names)

    def create_model(self, architecture: Architecture) -> Model:
        return Model(architecture, conv_head(architecture, self.embedding_dims))

    def create_target(self, gt: Array) -> Array:
        gt = as_array(gt)
        shape = (self.embedding_dims, *gt.spatial_shape)
        values = torch.zeros(shape, dtype=torch.float32, device=gt.device)
        return gt.like(values, ("c^", *gt.spatial_axes))

    def create_weight(
        self, gt: Array, target: Array, mask: Array | None = None, moving_class_counts: Any = None
    ) -> tuple[Array, Any]:
        """Ones whatever the mask; the counts stay what they are."""
        return target.like(torch.ones_like(target.data), target.axis_names), moving_class_counts

    @classmethod
    def starting_values(cls, gt: Array) -> dict[str, Any]:
        return {"embedding_dims": 3}
