"""A predictor: how near a voxel is to the centre of its object, for objects of a known size."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from funlib.geometry import Coordinate

from predictor_inspector.core import (
    Architecture,
    Array,
    Channel,
    DistanceArray,
    Model,
    Predictor,
    as_labels,
    balance,
    conv_head,
    parameter,
)


@dataclass(frozen=True)
class DistanceToCentrePredictor(Predictor):
    """1 at the centre of an object, falling to 0 at `radius` from it; 0 on background."""

    radius: float = parameter(doc="Half the size of an object.", unit="length", minimum=0, exclusive=True)
    clipmin: float = parameter(0.05, doc="Smallest share of a class.", minimum=0, maximum=1, exclusive=True)

    @property
    def output_array_type(self):
        return DistanceArray(["nearness"])

    def describe_channels(self, axes=None):
        return (Channel("nearness", "nearness", roles={"clipmin": "clipmin", "scale": "radius"}, row=0),)

    def create_model(self, architecture: Architecture) -> Model:
        return Model(architecture, conv_head(architecture, 1))

    def gt_region_for_roi(self, target_spec):
        # A whole object must be seen from any of its voxels.
        reach = 2 * self.radius * getattr(target_spec, "subdivision", 1)
        growth = Coordinate(-(-reach // v) * v for v in target_spec.voxel_size)
        spec = target_spec.copy()
        spec.roi = spec.roi.grow(growth, growth)
        return spec

    def create_target(self, gt: Array) -> Array:
        labels = as_labels(gt.data)
        target = torch.zeros(labels.shape, device=labels.device)
        for i in labels.unique():
            if i > 0:
                where = (labels == i).nonzero().float() * torch.tensor(gt.physical_voxel_size, device=labels.device)
                distance = (where - where.mean(0)).norm(dim=1)
                target[labels == i] = (1 - distance / self.radius).clamp(min=0)
        return gt.like(target[None], ("c^", *gt.axis_names))

    def create_weight(self, gt, target, mask=None, moving_class_counts=None):
        known = None if mask is None else (mask[target.roi].to(target.device).data != 0)[None]
        weight, counts = balance(target.data > 0, known, self.clipmin, moving_counts=moving_class_counts)
        return target.like(weight, target.axis_names), counts

    @classmethod
    def starting_values(cls, gt: Array):
        return {"radius": 10 * max(gt.physical_voxel_size)}
