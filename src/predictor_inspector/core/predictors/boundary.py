"""Boundaries of instances, with a foreground if wanted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import torch
from funlib.geometry import Coordinate, Roi

from predictor_inspector.core.array import Array, whole_numbers
from predictor_inspector.core.array_types import ProbabilityArray
from predictor_inspector.core.channels import Channel
from predictor_inspector.core.foreign import as_array
from predictor_inspector.core.ground_truth import annotated, check_channels, object_labels, part_of
from predictor_inspector.core.model import Architecture, Model, conv_head
from predictor_inspector.core.ops.class_balance import ClassCounts, balance
from predictor_inspector.core.ops.regions import Slices
from predictor_inspector.core.ops.windows import Connectivity, extreme_near
from predictor_inspector.core.parameters import parameter
from predictor_inspector.core.predictor import Predictor, SpecT
from predictor_inspector.core.predictors.fields import CLIPMAX, CLIPMIN, check_clips
from predictor_inspector.core.result_cache import ResultCache

_THICKEST = 100


@dataclass(frozen=True)
class BoundaryPredictor(Predictor):
    """Whether another id lies within a few voxels: the boundary of instances, in scikit-image's, plant-seg's and PyTC's ways.

    Ground truth is one id per voxel. See `skimage.segmentation.find_boundaries`, `StandardLabelToBoundary` of plant-seg and
    `seg_to_instance_bd` of pytorch_connectomics.
    """

    thickness: int | tuple[int, ...] = parameter(
        1,
        doc="Voxels on either side of where ids change that belong to the boundary: a number, or one for each axis, slowest "
        "first; (0, 1, 1) looks within sections only.",
        unit="voxels",
    )
    mode: Literal["thick", "inner", "outer"] = parameter(
        "thick",
        doc="Where the boundary lies: on both sides of it, on objects only (inner), or on background, and on both objects "
        "where two are near (outer).",
    )
    connectivity: Literal["faces", "edges", "corners"] = parameter(
        "faces", doc="What neighbouring voxels share at least. In 2-D, edges and corners are the same."
    )
    with_background: bool = parameter(
        True, doc="Objects have a boundary with background, too. Off: only where another object is near."
    )
    foreground: bool = parameter(False, doc="Put a channel in front that is 1 inside objects.")
    mask_boundaries: bool = parameter(
        True,
        doc="Give no weight to voxels whose target depends on voxels that are not annotated or outside the data.",
        affects="weight",
    )
    clipmin: float = parameter(0.05, **CLIPMIN)
    clipmax: float = parameter(0.95, **CLIPMAX)

    bytes_per_context_voxel: ClassVar[int] = 70

    presets: ClassVar[dict[str, dict[str, Any]]] = {
        "scikit-image": {},
        "plant-seg": {"connectivity": "edges"},
        "plant-seg with foreground": {"connectivity": "edges", "foreground": True},
        "PyTC 4-1-1, 3-D": {"thickness": (0, 1, 1), "connectivity": "corners"},
        "PyTC 4-1-0, 3-D": {"thickness": (0, 1, 1), "connectivity": "corners", "with_background": False},
    }

    def __post_init__(self) -> None:
        super().__post_init__()
        thickness = self.thickness
        if isinstance(thickness, Sequence):
            thickness = tuple(whole_numbers(thickness, "BoundaryPredictor: thickness"))
            object.__setattr__(self, "thickness", thickness)
        numbers = (
            thickness if isinstance(thickness, tuple) else whole_numbers([thickness], "BoundaryPredictor: thickness")
        )
        if not numbers or min(numbers) < 0 or not 1 <= max(numbers) <= _THICKEST:
            raise ValueError(
                f"BoundaryPredictor: thickness must be 1 … {_THICKEST}, or for some of the axes 0, got {self.thickness}"
            )
        check_clips("BoundaryPredictor", "clip", self.clipmin, self.clipmax)

    @property
    def output_array_type(self) -> ProbabilityArray:
        return ProbabilityArray(self.channel_names)

    def describe_channels(self, axes: Sequence[str] | None = None) -> tuple[Channel, ...]:
        """What is inside objects, if wanted, and the boundary."""
        roles = {"clipmin": "clipmin", "clipmax": "clipmax"}
        inside = Channel("foreground", "one-hot", roles=roles, row=0)
        roles = roles | {
            "mask": "mask_boundaries",
            "thickness": "thickness",
            "mode": "mode",
            "connectivity": "connectivity",
            "with background": "with_background",
        }
        place = int(self.foreground)
        boundary = Channel("boundary", "boundary", roles=roles, mask_channel=place, row=place)
        return (inside, boundary) if self.foreground else (boundary,)

    def create_model(self, architecture: Architecture) -> Model:
        head = conv_head(architecture, len(self.channel_names))
        return Model(architecture, head, eval_activation=torch.nn.Sigmoid())

    def gt_region_for_roi(self, target_spec: SpecT) -> SpecT:
        """The ROI grown by the thickness."""
        spec = super().gt_region_for_roi(target_spec)
        growth = Coordinate(self.radii(spec.voxel_size.dims)) * spec.voxel_size
        spec.roi = spec.roi.grow(growth, growth)
        return spec

    def create_target(self, gt: Array) -> Array:
        gt = as_array(gt)
        return self.target_in(gt, gt.roi)

    def target_in(self, gt: Array, roi: Roi, cache: ResultCache | None = None) -> Array:
        """The boundary in `roi` only; `gt` beyond it is context."""
        labels, keep = object_labels(gt, "BoundaryPredictor"), part_of(gt, roi, "roi")
        near, kept = self._near(keep, labels.shape)
        channels = [self._boundary(labels[near])[kept]]
        if self.foreground:
            channels.insert(0, labels[keep] > 0)
        return gt.like(torch.stack(channels).float(), ("c^", *gt.spatial_axes), roi.begin)

    def create_weight(
        self, gt: Array, target: Array, mask: Array | None = None, moving_class_counts: ClassCounts | None = None
    ) -> tuple[Array, ClassCounts]:
        gt = as_array(gt)
        labels, count = object_labels(gt, "BoundaryPredictor"), len(self.channel_names)
        keep = part_of(gt, target.roi, "target.roi")
        check_channels(target, count, "BoundaryPredictor")
        known = annotated(mask, gt.roi, gt, count)
        counting = known[(slice(None), *keep)].expand(count, *target.spatial_shape)
        if self.mask_boundaries:
            counting = torch.cat([counting[:-1], counting[-1:] & self._decided(labels, known[-1], keep)])
        weight, counts = balance(target.data > 0, counting, self.clipmin, self.clipmax, moving_class_counts)
        return target.like(weight, target.axis_names), counts

    def radii(self, dims: int) -> tuple[int, ...]:
        """The thickness along each of `dims` axes; ``ValueError`` if it has another number of them."""
        radii = self.thickness if isinstance(self.thickness, tuple) else (int(self.thickness),) * dims
        if len(radii) != dims:
            raise ValueError(
                f"BoundaryPredictor: thickness has {len(radii)} numbers, but the ground truth {dims} spatial axes"
            )
        return radii

    def _near(self, keep: Slices, shape: Sequence[int]) -> tuple[Slices, Slices]:
        """What of a volume of `shape` decides about the voxels of `keep`, and where these lie in it."""
        near, kept = [], []
        for k, n, r in zip(keep, shape, self.radii(len(keep)), strict=True):
            near.append(slice(max(k.start - r, 0), min(k.stop + r, n)))
            kept.append(slice(k.start - near[-1].start, k.stop - near[-1].start))
        return tuple(near), tuple(kept)

    def _boundary(self, labels: torch.Tensor, known: torch.Tensor | None = None) -> torch.Tensor:
        """Which voxels are of the boundary, given only what is `known`, boolean; all by default."""
        inside = labels > 0
        boundary = self._differ(labels, self.connectivity, self.with_background, known)
        if self.mode == "inner":
            boundary &= inside
        elif self.mode == "outer":
            boundary &= ~inside | self._differ(labels, "corners", False, known)
        return boundary

    def _differ(
        self, labels: torch.Tensor, connectivity: Connectivity, background: bool, known: torch.Tensor | None
    ) -> torch.Tensor:
        """Whether a voxel's window holds several ids, of those `known`; with or without that of the background."""
        # What doesn't count is the largest number among the smallest, and the smallest among the largest.
        counts = known if background else labels > 0 if known is None else known & (labels > 0)
        most = torch.iinfo(labels.dtype).max
        least, largest = (labels, labels) if counts is None else (labels.where(counts, most), labels.where(counts, 0))
        radii = self.radii(labels.ndim)
        smallest = extreme_near(least, radii, connectivity, "smallest")
        return smallest < extreme_near(largest, radii, connectivity, "largest")

    def _decided(self, labels: torch.Tensor, known: torch.Tensor, keep: Slices) -> torch.Tensor:
        """Which voxels of `keep` are or aren't of the boundary whatever lies where nothing is known: boolean, [Z, Y, X]."""
        near, kept = self._near(keep, labels.shape)
        radii, labels = self.radii(labels.ndim), labels[near]
        # Beyond the data nothing is known.
        around = [n + 2 * r for n, r in zip(labels.shape, radii, strict=True)]
        beyond = torch.ones(around, dtype=torch.uint8, device=labels.device)
        middle = tuple(slice(r, r + n) for n, r in zip(labels.shape, radii, strict=True))
        beyond[middle] = ~known[near]
        inside = labels > 0
        open_ = extreme_near(beyond, radii, self.connectivity, "largest")[middle] > 0
        if self.mode == "outer":
            open_ |= inside & (extreme_near(beyond, radii, "corners", "largest")[middle] > 0)
        decided = ~open_ | self._boundary(labels, known[near])
        if self.mode == "inner":
            decided |= ~inside
        return decided[kept]
