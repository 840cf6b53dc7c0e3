"""What the predictors of signed distances share: their parameters, their context and the distances themselves."""

from __future__ import annotations

from collections.abc import Sequence
from math import atanh, ceil, log
from typing import Any

import torch
from funlib.geometry import Coordinate, Roi

from predictor_inspector.core.array import Array
from predictor_inspector.core.channels import Channel
from predictor_inspector.core.ground_truth import annotated, channel_labels, check_channels, part_of
from predictor_inspector.core.ops.boundary_distance import (
    SATURATED,
    signed,
    signed_distance,
    squared_boundary_distance,
    squared_distance_to_outside,
    squared_distance_to_unknown,
)
from predictor_inspector.core.predictor import Predictor, SpecT
from predictor_inspector.core.predictors.clips import check_clips
from predictor_inspector.core.result_cache import ResultCache, recall

CHANNELS: dict[str, Any] = {"doc": "Names of the ground truth's channels, in order.", "widget": "names"}
SCALE_FACTOR: dict[str, Any] = {
    "doc": "Distance at which the target reaches tanh(1) = 0.76; larger values give a gentler slope.",
    "unit": "length",
    "minimum": 0.0,
    "exclusive": True,
}
MASK_DISTANCES: dict[str, Any] = {
    "doc": "Give no weight to voxels whose nearest boundary may lie beyond what is annotated.",
    "affects": "weight",
}
CONTEXT_TOLERANCE: dict[str, Any] = {
    "doc": "How far a target may be off for lack of ground truth around it; decides the context.",
    "minimum": 0.0,
    "maximum": 1.0,
    "exclusive": True,
    "advanced": True,
}
EPSILON: dict[str, Any] = {
    "doc": "How much more than its own target the distance to the unknown must amount to for a voxel to keep its weight.",
    "minimum": 0.0,
    "maximum": 1.0,
    "advanced": True,
    "affects": "weight",
}
THRESHOLD: dict[str, Any] = {
    "doc": "A voxel as far from the unknown as this target value keeps its weight whatever its own target.",
    "minimum": 0.0,
    "maximum": 1.0,
    "advanced": True,
    "affects": "weight",
}


class BoundaryPredictor(Predictor):
    """A predictor of distances to boundaries; its dataclass has at least the fields annotated here."""

    channels: tuple[str, ...]
    scale_factor: float
    clipmin: float
    clipmax: float
    context_tolerance: float

    def __post_init__(self) -> None:
        super().__post_init__()
        name = type(self).__name__
        if isinstance(self.channels, str) or len(self.channels) == 0:
            raise ValueError(f"{name}: channels must be a list of at least one name, got {self.channels!r}")
        object.__setattr__(self, "channels", tuple(str(c) for c in self.channels))
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

    def gt_region_for_roi(self, target_spec: SpecT) -> SpecT:
        """The ROI grown until what lies beyond can change the target by no more than `context_tolerance`."""
        # atanh(1 - tolerance), written so that the smallest tolerance survives; farther than saturation nothing matters.
        widths = min(log((2 - self.context_tolerance) / self.context_tolerance) / 2, SATURATED)
        reach = widths * self.scale_factor * getattr(target_spec, "subdivision", 1)
        # A hair less than the quotient, or rounding errors would add a voxel where it is whole.
        growth = Coordinate(ceil(reach / v - 1e-9) * v for v in target_spec.voxel_size)
        spec = target_spec.copy()
        spec.roi = spec.roi.grow(growth, growth)
        return spec

    def create_target(self, gt: Array) -> Array:
        return self.target_in(gt, gt.roi)

    def labels(self, gt: Array) -> torch.Tensor:
        """The ground truth by channel, [C, Z, Y, X]."""
        return channel_labels(gt, len(self.channels), type(self).__name__)

    def distances(self, gt: Array, labels: torch.Tensor, roi: Roi, cache: ResultCache | None = None) -> torch.Tensor:
        """Signed distances in `roi`, [C, Z, Y, X]."""
        keep, sizes = part_of(gt, roi, "roi"), gt.physical_voxel_size
        if cache is None:
            return torch.stack([signed_distance(c, sizes, self.scale_factor, keep) for c in labels])
        radius = generous(SATURATED * self.scale_factor)
        squared = recall(
            cache,
            "distances to boundaries",
            (roi.begin, roi.shape, radius),
            lambda: torch.stack([squared_boundary_distance(c, sizes, radius, keep) for c in labels]),
            of=gt.data,
        )
        return signed(squared, labels[(slice(None), *keep)] > 0, self.scale_factor)

    def as_target(self, gt: Array, values: torch.Tensor, roi: Roi) -> Array:
        """`values`, [C, Z, Y, X], as an array in `roi`."""
        return gt.like(values, ("c^", *gt.axis_names[gt.channel_dims :]), roi.begin)

    def foreground(self, gt: Array, target: Array) -> torch.Tensor:
        """Which voxels of the target's ROI are inside an object: boolean, [C, Z, Y, X]."""
        check_channels(target, len(self.channel_names), type(self).__name__)
        return self.labels(gt)[(slice(None), *part_of(gt, target.roi, "target.roi"))] > 0

    def annotated(self, gt: Array, target: Array, mask: Array | None) -> torch.Tensor:
        """Which voxels of the target's ROI are annotated: boolean, [1 or C, Z, Y, X]."""
        return annotated(mask, target.roi, gt, len(self.channels))

    def measurable(
        self,
        gt: Array,
        roi: Roi,
        mask: Array | None,
        distances: torch.Tensor,
        epsilon: float,
        threshold: float,
        cache: ResultCache | None = None,
    ) -> torch.Tensor:
        """Which distances can be trusted because the unknown is farther away: boolean, [C, Z, Y, X].

        Parameters
        ----------
        distances : torch.Tensor
            The target's distances in `roi`, [C, Z, Y, X].
        """
        keep = part_of(gt, roi, "target.roi")
        # Only distances up to that of the threshold matter; a little more, so that the cut-off itself is never met.
        radius = (atanh(threshold) * 1.01 if threshold < 1 else SATURATED) * self.scale_factor + max(
            gt.physical_voxel_size
        )
        sizes = gt.physical_voxel_size
        if mask is None:
            outside = squared_distance_to_outside(gt.spatial_shape, sizes, keep, distances.device)
            squared = outside.clamp_(max=radius**2)[None]
        else:
            reach = radius if cache is None else generous(radius)
            squared = self._distances_to_unknown(gt, roi, mask, reach, cache).clamp(max=radius**2)
        to_unknown = squared.sqrt_().div_(self.scale_factor).tanh_()
        return (distances.abs() + epsilon).clamp_(max=threshold) < to_unknown

    def _distances_to_unknown(
        self, gt: Array, roi: Roi, mask: Array, radius: float, cache: ResultCache | None
    ) -> torch.Tensor:
        """Squared distances in `roi`, [1 or C, Z, Y, X]."""

        def make() -> torch.Tensor:
            keep, known = part_of(gt, roi, "target.roi"), annotated(mask, gt.roi, gt, len(self.channels))
            return torch.stack([squared_distance_to_unknown(k, gt.physical_voxel_size, radius, keep) for k in known])

        key = (gt.roi.begin, gt.roi.shape, len(self.channels), roi.begin, roi.shape, radius)
        return recall(cache, "distances to the unknown", key, make, of=mask.data)


def generous(radius: float) -> float:
    """`radius` or up to half as much again: one value for a range of them, so that distances that far serve them all."""
    return float(1.5 ** ceil(log(radius, 1.5)))


def starting_values(gt: Array, distances_masked: bool) -> dict[str, Any]:
    """Values to begin with: a channel for each that the ground truth has, and a slope some voxels wide."""
    count = gt.shape[0] if gt.channel_dims == 1 else 1
    names = ["objects"] if count == 1 else [f"channel {i}" for i in range(count)]
    values: dict[str, Any] = {"channels": names, "scale_factor": rounded(5 * max(gt.physical_voxel_size))}
    return values | ({"mask_distances": True} if distances_masked else {})


def rounded(value: float) -> float:
    """`value` to two significant digits, for a person to start from."""
    return float(f"{value:.2g}")
