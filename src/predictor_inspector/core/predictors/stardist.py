"""StarDist: how deep a voxel lies in its object, and how far that reaches along rays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from funlib.geometry import Coordinate, Roi

from predictor_inspector.core.array import Array
from predictor_inspector.core.array_types import EmbeddingArray
from predictor_inspector.core.channels import Channel
from predictor_inspector.core.foreign import as_array
from predictor_inspector.core.ground_truth import annotated, check_channels, object_labels, part_of
from predictor_inspector.core.model import Architecture, Model, conv_head
from predictor_inspector.core.ops.cut_objects import cut_objects
from predictor_inspector.core.ops.regions import extent
from predictor_inspector.core.ops.star_distances import depths, directions, ray_distances
from predictor_inspector.core.parameters import parameter
from predictor_inspector.core.predictor import Predictor, SpecT
from predictor_inspector.core.predictors.fields import MASK_CUT_OBJECTS, MAX_DIAMETER
from predictor_inspector.core.result_cache import ResultCache


@dataclass(frozen=True)
class StarDistPredictor(Predictor):
    """How deep a voxel lies in its object, from 0 to 1, and how many voxels the object reaches along each of many rays.

    Ground truth is one id per voxel, in 2-D or 3-D. After Schmidt et al. 2018 (*MICCAI*) and Weigert et al. 2020 (*WACV*).
    """

    dims: int = parameter(doc="How many axes the ground truth has.", minimum=2, maximum=3)
    max_diameter: int = parameter(
        **MAX_DIAMETER
        | {"doc": f"{MAX_DIAMETER['doc']} Rays end there.", "unit": "voxels", "minimum": 2, "exclusive": False}
    )
    rays: int = parameter(32, doc="How many rays. StarDist has 32 in 2-D and 96 in 3-D.", minimum=4, maximum=512)
    mask_cut_objects: bool = parameter(True, **MASK_CUT_OBJECTS)

    bytes_per_context_voxel: ClassVar[int] = 60

    @property
    def output_array_type(self) -> EmbeddingArray:
        names = self.channel_names
        return EmbeddingArray(len(names), names)

    def describe_channels(self, axes: Sequence[str] | None = None) -> tuple[Channel, ...]:
        """The object, then the rays."""
        if axes is not None:
            self._check_dims(len(axes), "axes")
        roles = {"mask": "mask_cut_objects", "size": "max_diameter", "rays": "rays"}
        kind = "ray" if self.dims == 2 else "ray 3-D"
        rays = [
            Channel(f"ray {i}", kind, 0.0, float(self.max_diameter), roles=roles, group="rays", mask_channel=i + 1)
            for i in range(self.rays)
        ]
        return (Channel("object", "depth", roles=roles), *rays)

    def create_model(self, architecture: Architecture) -> Model:
        self._check_dims(architecture.dims, "the architecture")
        return Model(architecture, conv_head(architecture, 1 + self.rays))

    def gt_region_for_roi(self, target_spec: SpecT) -> SpecT:
        """The ROI grown by the largest diameter and a voxel: objects in it are whole then, and seen to be."""
        spec = super().gt_region_for_roi(target_spec)
        self._check_dims(spec.voxel_size.dims, "target_spec")
        growth = Coordinate(spec.voxel_size) * (self.max_diameter + 1)
        spec.roi = spec.roi.grow(growth, growth)
        return spec

    def create_target(self, gt: Array) -> Array:
        gt = as_array(gt)
        return self.target_in(gt, gt.roi)

    def target_in(self, gt: Array, roi: Roi, cache: ResultCache | None = None) -> Array:
        """Objects and rays in `roi` only; `gt` beyond it is context."""
        self._check_dims(gt.dims, "the ground truth")
        labels, keep = object_labels(gt, "StarDistPredictor"), part_of(gt, roi, "roi")
        sizes = tuple(gt.voxel_size)
        target = torch.empty((1 + self.rays, *extent(keep)), dtype=torch.float32, device=labels.device)
        target[0] = depths(labels, sizes, keep)
        ray_distances(labels, directions(self.rays, sizes), self.max_diameter, keep, target[1:])
        return gt.like(target, ("c^", *gt.spatial_axes), roi.begin)

    def create_weight(
        self, gt: Array, target: Array, mask: Array | None = None, moving_class_counts: Any = None
    ) -> tuple[Array, Any]:
        """1 where annotated, for rays times the target of `object`, and 0 in objects that may be cut; nothing is balanced."""
        gt = as_array(gt)
        self._check_dims(gt.dims, "the ground truth")
        labels, keep = object_labels(gt, "StarDistPredictor"), part_of(gt, target.roi, "target.roi")
        check_channels(target, 1 + self.rays, "StarDistPredictor")
        known = annotated(mask, gt.roi, gt, 1 + self.rays)
        weight = known[(slice(None), *keep)].float()
        if self.mask_cut_objects:
            weight *= torch.stack([~cut_objects(labels, k)[keep] for k in known])
        weight = weight.expand(1 + self.rays, *target.spatial_shape).clone()
        weight[1:] *= torch.as_tensor(target.data[0], device=weight.device)
        return target.like(weight, target.axis_names), moving_class_counts

    @classmethod
    def starting_values(cls, gt: Array) -> dict[str, Any]:
        """Objects of up to 40 voxels; StarDist's usual rays."""
        return {"dims": gt.dims, "max_diameter": 40, "rays": 32 if gt.dims == 2 else 96}

    def _check_dims(self, dims: int, what: str) -> None:
        if dims != self.dims:
            raise ValueError(f"StarDistPredictor: dims is {self.dims}, but {what} has {dims} spatial axes")
