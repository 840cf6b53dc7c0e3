"""Signed distances to boundaries: what all predictors of them share."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from math import atanh, ceil, log
from typing import Any

import torch
from funlib.geometry import Coordinate, Roi

from predictor_inspector.core.array import Array
from predictor_inspector.core.channels import Channel
from predictor_inspector.core.foreign import as_array
from predictor_inspector.core.ground_truth import annotated, channel_labels, check_channels, part_of
from predictor_inspector.core.model import Architecture, Model, conv_head
from predictor_inspector.core.ops.boundary_distance import (
    SATURATED,
    signed,
    signed_distance,
    squared_boundary_distance,
    squared_distance_to_outside,
    squared_distance_to_unknown,
)
from predictor_inspector.core.ops.class_balance import ClassCounts, balance
from predictor_inspector.core.parameters import parameters_of
from predictor_inspector.core.predictor import Predictor, SpecT
from predictor_inspector.core.predictors.fields import check_clips, checked_names
from predictor_inspector.core.result_cache import ResultCache, recall


class BoundaryDistancePredictor(Predictor):
    """A predictor of distances to boundaries; its dataclass has at least the fields annotated here.

    With the fields `mask_distances`, `epsilon` and `threshold`, too, it masks distances that can't be known.
    """

    channels: tuple[str, ...]
    scale_factor: float
    clipmin: float
    clipmax: float
    context_tolerance: float

    def __post_init__(self) -> None:
        super().__post_init__()
        name = type(self).__name__
        object.__setattr__(self, "channels", checked_names(name, "channels", self.channels))
        check_clips(name, "clip", self.clipmin, self.clipmax)

    def describe_channels(self, axes: Sequence[str] | None = None) -> tuple[Channel, ...]:
        """Signed distances, one per channel of the ground truth."""
        roles = {"clipmin": "clipmin", "clipmax": "clipmax", "scale": "scale_factor"}
        if hasattr(self, "mask_distances"):
            roles |= {"mask": "mask_distances", "epsilon": "epsilon", "threshold": "threshold"}
        return tuple(
            Channel(name, "signed distance", -1.0, roles=roles, source=i, mask_channel=i, row=i)
            for i, name in enumerate(self.channels)
        )

    def create_model(self, architecture: Architecture) -> Model:
        head = conv_head(architecture, len(self.describe_channels()), getattr(self, "kernel_size", 1))
        return Model(architecture, head)

    def gt_region_for_roi(self, target_spec: SpecT) -> SpecT:
        """The ROI grown until what lies beyond can change the target by no more than `context_tolerance`."""
        spec = super().gt_region_for_roi(target_spec)
        # atanh(1 - tolerance), written so that the smallest tolerance survives; farther than saturation nothing matters.
        widths = min(log((2 - self.context_tolerance) / self.context_tolerance) / 2, SATURATED)
        reach = widths * self.scale_factor * getattr(target_spec, "subdivision", 1)
        # A hair less than the quotient, or rounding errors would add a voxel where it is whole.
        growth = Coordinate(ceil(reach / v - 1e-9) * v for v in spec.voxel_size)
        spec.roi = spec.roi.grow(growth, growth)
        return spec

    def create_target(self, gt: Array) -> Array:
        gt = as_array(gt)
        return self.target_in(gt, gt.roi)

    def target_in(self, gt: Array, roi: Roi, cache: ResultCache | None = None) -> Array:
        """The target in `roi` only; `gt` beyond it is context."""
        labels, keep = self._labels(gt), part_of(gt, roi, "roi")
        inside = labels[(slice(None), *keep)] > 0
        sizes = gt.physical_voxel_size
        if cache is None:
            distances = torch.stack([signed_distance(c, sizes, self.scale_factor, keep) for c in labels])
        else:
            radius = _generous(SATURATED * self.scale_factor)
            squared = recall(
                cache,
                "distances to boundaries",
                (roi.begin, roi.shape, radius),
                lambda: torch.stack([squared_boundary_distance(c, sizes, radius, keep) for c in labels]),
                of=gt.data,
            )
            distances = signed(squared, inside, self.scale_factor)
        return gt.like(self._values(inside, distances), ("c^", *gt.spatial_axes), roi.begin)

    @abstractmethod
    def _values(self, inside: torch.Tensor, distances: torch.Tensor) -> torch.Tensor:
        """The target's channels from what is inside objects and from the signed distances, both [C, Z, Y, X]."""

    def create_weight(
        self, gt: Array, target: Array, mask: Array | None = None, moving_class_counts: ClassCounts | None = None
    ) -> tuple[Array, ClassCounts]:
        mask = None if mask is None else as_array(mask, "mask")
        return self.weight_in(as_array(gt), target, mask, moving_class_counts)

    def weight_in(
        self,
        gt: Array,
        target: Array,
        mask: Array | None = None,
        moving_class_counts: ClassCounts | None = None,
        cache: ResultCache | None = None,
    ) -> tuple[Array, ClassCounts]:
        count, channels = len(self.channels), len(self.describe_channels())
        check_channels(target, channels, type(self).__name__)
        inside = self._labels(gt)[(slice(None), *part_of(gt, target.roi, "target.roi"))] > 0
        known = annotated(mask, target.roi, gt, count)
        trusted = known
        if getattr(self, "mask_distances", False):
            trusted = known & self._measurable(gt, target.roi, mask, target.data[-count:], cache)
        if channels > count:  # one-hot values come before the distances
            trusted = torch.cat([known.expand_as(inside), trusted.expand_as(inside)])
            inside = torch.cat([inside, inside])
        weight, counts = balance(inside, trusted, self.clipmin, self.clipmax, moving_class_counts)
        return target.like(weight, target.axis_names), counts

    @classmethod
    def starting_values(cls, gt: Array) -> dict[str, Any]:
        """A channel for each that the ground truth has, and a slope some voxels wide."""
        count = gt.shape[0] if gt.channel_dims == 1 else 1
        masks = any(p.name == "mask_distances" for p in parameters_of(cls))
        names = ["objects"] if count == 1 else [f"channel {i}" for i in range(count)]
        names = list(gt.about.channels) if len(gt.about.channels) == count else names
        slope = float(f"{5 * max(gt.physical_voxel_size):.2g}")  # a number that people like to read
        values: dict[str, Any] = {"channels": names, "scale_factor": slope}
        return values | ({"mask_distances": True} if masks else {})

    def _labels(self, gt: Array) -> torch.Tensor:
        """The ground truth by channel, [C, Z, Y, X]."""
        return channel_labels(gt, len(self.channels), type(self).__name__)

    def _measurable(
        self, gt: Array, roi: Roi, mask: Array | None, distances: torch.Tensor, cache: ResultCache | None
    ) -> torch.Tensor:
        """Which distances in `roi`, [C, Z, Y, X], can be trusted because the unknown is farther away: boolean."""
        epsilon, threshold = (float(getattr(self, name)) for name in ("epsilon", "threshold"))
        keep, sizes = part_of(gt, roi, "target.roi"), gt.physical_voxel_size
        # Only distances up to that of the threshold matter; a little more, so that the cut-off itself is never met.
        radius = (atanh(threshold) * 1.01 if threshold < 1 else SATURATED) * self.scale_factor + max(sizes)
        if mask is None:
            squared = squared_distance_to_outside(gt.spatial_shape, sizes, keep, distances.device)[None]
        else:
            reach = radius if cache is None else _generous(radius)
            count = len(self.channels)
            squared = recall(
                cache,
                "distances to the unknown",
                (gt.roi.begin, gt.roi.shape, count, roi.begin, roi.shape, reach),
                lambda: torch.stack(
                    [squared_distance_to_unknown(k, sizes, reach, keep) for k in annotated(mask, gt.roi, gt, count)]
                ),
                of=mask.data,
            )
        to_unknown = squared.clamp(max=radius**2).sqrt_().div_(self.scale_factor).tanh_()
        return (distances.abs() + epsilon).clamp_(max=threshold) < to_unknown


def _generous(radius: float) -> float:
    """`radius` or up to half as much again: one value for a range of radii, whose distances are then computed once."""
    return float(1.5 ** ceil(log(radius, 1.5)))
