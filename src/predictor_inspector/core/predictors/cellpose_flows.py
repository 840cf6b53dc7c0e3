"""Cellpose's flows: at each voxel of an object the way to its centre."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from funlib.geometry import Coordinate, Roi

from predictor_inspector.core.array import Array, spatial_axis_names
from predictor_inspector.core.array_types import EmbeddingArray
from predictor_inspector.core.channels import Channel
from predictor_inspector.core.foreign import as_array
from predictor_inspector.core.ground_truth import annotated, check_channels, object_labels, part_of
from predictor_inspector.core.model import Architecture, Model, conv_head
from predictor_inspector.core.ops.cut_objects import cut_objects
from predictor_inspector.core.ops.flows import flows, usual_iterations
from predictor_inspector.core.ops.regions import in_voxels
from predictor_inspector.core.ops.windows import extreme_near
from predictor_inspector.core.parameters import parameter
from predictor_inspector.core.predictor import Predictor, SpecT
from predictor_inspector.core.predictors.fields import MASK_CUT_OBJECTS, MAX_DIAMETER
from predictor_inspector.core.result_cache import ResultCache


@dataclass(frozen=True)
class CellposeFlowsPredictor(Predictor):
    """Unit vectors along which heat rises that diffuses from each object's centre, and whether a voxel is in an object.

    Ground truth is one id per voxel, in 2-D or 3-D. After Stringer et al. 2021 (*Nature Methods* 18), as in Cellpose 4.
    """

    dims: int = parameter(doc="How many axes the ground truth has, and flows are along.", minimum=2, maximum=3)
    max_diameter: float = parameter(**MAX_DIAMETER)
    iterations: int | None = parameter(
        None,
        doc="How often heat spreads. By default, as often as Cellpose has it for a largest object of max diameter.",
        minimum=1,
        advanced=True,
    )
    mask_cut_objects: bool = parameter(True, **MASK_CUT_OBJECTS)

    bytes_per_context_voxel: ClassVar[int] = 180

    @property
    def output_array_type(self) -> EmbeddingArray:
        names = self.channel_names
        return EmbeddingArray(len(names), names)

    def describe_channels(self, axes: Sequence[str] | None = None) -> tuple[Channel, ...]:
        """A flow along each axis, and the cell."""
        axes = spatial_axis_names(self.dims) if axes is None else tuple(axes)
        self._check_dims(len(axes), "axes")
        roles = {"mask": "mask_cut_objects", "size": "max_diameter", "iterations": "iterations"}
        ways = [
            Channel(f"flow {axis}", "flow", -1.0, roles=roles, group="flows", mask_channel=i)
            for i, axis in enumerate(axes)
        ]
        return (*ways, Channel("cell", "one-hot", mask_channel=len(axes)))

    def create_model(self, architecture: Architecture) -> Model:
        self._check_dims(architecture.dims, "the architecture")
        return Model(architecture, conv_head(architecture, self.dims + 1))

    def gt_region_for_roi(self, target_spec: SpecT) -> SpecT:
        """The ROI grown by the largest diameter and a voxel: objects in it and beside it are whole then, and seen to be."""
        spec = super().gt_region_for_roi(target_spec)
        self._check_dims(spec.voxel_size.dims, "target_spec")
        voxels = in_voxels(self.max_diameter, spec.voxel_size, getattr(target_spec, "subdivision", 1))
        growth = Coordinate(n + 1 for n in voxels) * spec.voxel_size
        spec.roi = spec.roi.grow(growth, growth)
        return spec

    def create_target(self, gt: Array) -> Array:
        gt = as_array(gt)
        return self.target_in(gt, gt.roi)

    def target_in(self, gt: Array, roi: Roi, cache: ResultCache | None = None) -> Array:
        """Flows and cells in `roi` only; `gt` beyond it is context."""
        self._check_dims(gt.dims, "the ground truth")
        labels, keep = object_labels(gt, "CellposeFlowsPredictor"), part_of(gt, roi, "roi")
        diameter = in_voxels(self.max_diameter, gt.voxel_size, gt.subdivision)
        ways = flows(labels, self.iterations or usual_iterations(diameter), keep)
        target = torch.cat([ways, (labels[keep] > 0)[None].float()])
        return gt.like(target, ("c^", *gt.spatial_axes), roi.begin)

    def create_weight(
        self, gt: Array, target: Array, mask: Array | None = None, moving_class_counts: Any = None
    ) -> tuple[Array, Any]:
        """1 where annotated, and for flows where no object decides that may be cut; nothing is balanced."""
        gt = as_array(gt)
        self._check_dims(gt.dims, "the ground truth")
        labels, keep = object_labels(gt, "CellposeFlowsPredictor"), part_of(gt, target.roi, "target.roi")
        check_channels(target, gt.dims + 1, "CellposeFlowsPredictor")
        known = annotated(mask, gt.roi, gt, gt.dims + 1)
        weight = known[(slice(None), *keep)].float().expand(gt.dims + 1, *target.spatial_shape).clone()
        if self.mask_cut_objects:
            cut = torch.stack([cut_objects(labels, k) for k in known[: gt.dims]])
            # The heat beside a voxel decides, too, where that is of another object.
            beside = [extreme_near(c.to(torch.uint8), (1,) * gt.dims, "faces", "largest") > 0 for c in cut]
            unsure = torch.stack(beside)[(slice(None), *keep)] & (labels[keep] > 0)
            weight[: gt.dims] *= ~unsure
        return target.like(weight, target.axis_names), moving_class_counts

    @classmethod
    def starting_values(cls, gt: Array) -> dict[str, Any]:
        """Cellpose's usual diameter, 30 voxels."""
        return {"dims": gt.dims, "max_diameter": float(f"{30 * max(gt.physical_voxel_size):.2g}")}

    def _check_dims(self, dims: int, what: str) -> None:
        if dims != self.dims:
            raise ValueError(f"CellposeFlowsPredictor: dims is {self.dims}, but {what} has {dims} spatial axes")
