"""Affinities between a voxel and its neighbours, with local shape descriptors if wanted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from math import ceil
from typing import Any, ClassVar

import torch
from funlib.geometry import Coordinate, Roi

from predictor_inspector.core.array import Array, spatial_axis_names, whole_numbers
from predictor_inspector.core.array_types import EmbeddingArray
from predictor_inspector.core.channels import Channel
from predictor_inspector.core.foreign import as_array
from predictor_inspector.core.ground_truth import annotated, check_channels, object_labels, part_of
from predictor_inspector.core.model import Architecture, Model, conv_head
from predictor_inspector.core.ops.affinities import affinities, known_pairs, surviving
from predictor_inspector.core.ops.class_balance import ClassCounts, balance, joined
from predictor_inspector.core.ops.regions import Slices
from predictor_inspector.core.ops.shape_descriptors import TRUNCATE, shape_descriptors, window_radius
from predictor_inspector.core.parameters import parameter
from predictor_inspector.core.predictor import Predictor, SpecT
from predictor_inspector.core.predictors.fields import CLIPMAX, CLIPMIN, check_clips
from predictor_inspector.core.result_cache import ResultCache

_COARSER = 4
"""Downsampling of descriptors for previews: 64 times less to compute in 3-D."""

_AFFINITY_ROLES = {
    "clipmin": "affs_weight_clipmin",
    "clipmax": "affs_weight_clipmax",
    "mask": "mask_pairs",
    "offsets": "neighborhood",
    "background": "background_as_object",
    "erosion": "grow_boundary_iterations",
    "erosion in planes": "only_xy",
}
_DESCRIPTOR_ROLES = {
    "clipmin": "lsd_weight_clipmin",
    "clipmax": "lsd_weight_clipmax",
    "window": "num_voxels",
    "downsampling": "downsample_lsds",
    "background": "background_as_object",
}


def _along_axes(dims: int, *lengths: int) -> list[list[int]]:
    """Offsets along each axis, of each length, 1 by default."""
    return [[d if a == axis else 0 for a in range(dims)] for d in lengths or (1,) for axis in range(dims)]


@dataclass(frozen=True)
class AffinitiesPredictor(Predictor):
    """For each offset, whether a voxel and the one that offset away belong to the same object; LSDs beside them if wanted.

    Affinities after Turaga et al. 2010 and Lee et al. 2017, local shape descriptors (LSDs) after Sheridan et al. 2023.
    """

    neighborhood: tuple[tuple[int, ...], ...] = parameter(
        doc="Offsets in voxels from a voxel to its partner, one channel each, in the order of the ground truth's axes.",
        unit="voxels",
        widget="offsets",
    )
    lsds: bool = parameter(True, doc="Append local shape descriptors: 10 channels in 3-D, 6 in 2-D.")
    num_voxels: int = parameter(
        20,
        doc="Standard deviation of the descriptors' Gaussian window, in voxels along the axis with the largest ones.",
        unit="voxels",
        minimum=1,
        maximum=1000,
    )
    downsample_lsds: int = parameter(
        1, doc="Compute descriptors on every d-th voxel only and repeat them.", minimum=1, maximum=64, advanced=True
    )
    grow_boundary_iterations: int = parameter(
        0,
        doc="Erode every object this many times before affinities are taken, which leaves background between them.",
        unit="voxels",
        minimum=0,
        maximum=100,
    )
    affs_weight_clipmin: float = parameter(0.05, **CLIPMIN)
    affs_weight_clipmax: float = parameter(0.95, **CLIPMAX)
    lsd_weight_clipmin: float = parameter(0.05, **CLIPMIN)
    lsd_weight_clipmax: float = parameter(0.95, **CLIPMAX)
    background_as_object: bool = parameter(False, doc="Treat background, id 0, as one more object.")
    mask_pairs: bool = parameter(
        True,
        doc="Give weight to a pair only if both voxels are annotated and inside the data. Off: only the first one counts.",
        affects="weight",
    )
    only_xy: bool = parameter(
        False, doc="Erode objects along the last two axes only, which suits sections thicker than wide.", advanced=True
    )

    presets: ClassVar[dict[str, dict[str, Any]]] = {
        "nearest neighbours, 3-D": {"neighborhood": _along_axes(3), "lsds": False},
        "nearest neighbours, 2-D": {"neighborhood": _along_axes(2), "lsds": False},
        "long range, 3-D": {"neighborhood": _along_axes(3, 1, 3, 9), "lsds": False},
        "long range, 2-D": {"neighborhood": _along_axes(2, 1, 3, 9), "lsds": False},
        "affinities + LSDs, 3-D": {"neighborhood": _along_axes(3), "lsds": True, "num_voxels": 10},
    }

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.neighborhood) == 0:
            raise ValueError("AffinitiesPredictor: neighborhood must have at least one offset, got none")
        offsets = tuple(
            tuple(whole_numbers(offset, f"AffinitiesPredictor: neighborhood[{i}]"))
            for i, offset in enumerate(self.neighborhood)
        )
        lengths = {len(o) for o in offsets}
        if len(lengths) > 1 or 0 in lengths:
            raise ValueError(
                f"AffinitiesPredictor: neighborhood must have offsets of one dimension, got lengths {sorted(lengths)}"
            )
        object.__setattr__(self, "neighborhood", offsets)
        if self.lsds and self.dims not in (2, 3):
            raise ValueError(
                f"AffinitiesPredictor: lsds exist in 2-D and 3-D, but the neighborhood has {self.dims} dimensions"
            )
        check_clips("AffinitiesPredictor", "affs_weight_clip", self.affs_weight_clipmin, self.affs_weight_clipmax)
        check_clips("AffinitiesPredictor", "lsd_weight_clip", self.lsd_weight_clipmin, self.lsd_weight_clipmax)
        object.__setattr__(self, "context_tolerance", 1e-5 if self.lsds else 0.0)

    @property
    def dims(self) -> int:
        """Number of spatial axes of the offsets."""
        return len(self.neighborhood[0])

    @property
    def output_array_type(self) -> EmbeddingArray:
        names = self.channel_names
        return EmbeddingArray(len(names), names)

    def describe_channels(self, axes: Sequence[str] | None = None) -> tuple[Channel, ...]:
        axes = spatial_axis_names(self.dims) if axes is None else tuple(axes)
        self._check_dims(len(axes), "axes")
        first = Channel("", "affinity", roles=_AFFINITY_ROLES, group="affinities")
        channels = [
            replace(first, name=_affinity_name(offset, axes), offset=offset, mask_channel=i, row=i)
            for i, offset in enumerate(self.neighborhood)
        ]
        if self.lsds:
            groups = {
                "mean offset": [f"lsd mean offset {a}" for a in axes],
                "variance": [f"lsd variance {a}" for a in axes],
                "pearson": [f"lsd pearson {a}{b}" for a, b in combinations(axes, 2)],
                "size": ["lsd size"],
            }
            count = len(self.neighborhood)
            first = Channel("", "descriptor", roles=_DESCRIPTOR_ROLES, mask_channel=count, row=count)
            channels += [replace(first, name=n, group=group) for group, names in groups.items() for n in names]
        return tuple(channels)

    def create_model(self, architecture: Architecture) -> Model:
        if architecture.dims != self.dims:
            raise ValueError(
                f"AffinitiesPredictor: the neighborhood has {self.dims} dimensions, but the architecture {architecture.dims}"
            )
        head = conv_head(architecture, len(self.channel_names))
        return Model(architecture, head, eval_activation=torch.nn.Sigmoid())

    def gt_region_for_roi(self, target_spec: SpecT) -> SpecT:
        spec = super().gt_region_for_roi(target_spec)
        voxel_size = spec.voxel_size
        self._check_dims(voxel_size.dims, "target_spec")
        low, high = zip(*(self._context(d, voxel_size) for d in range(self.dims)), strict=True)
        spec.roi = spec.roi.grow(Coordinate(low) * voxel_size, Coordinate(high) * voxel_size)
        return spec

    def create_target(self, gt: Array) -> Array:
        gt = as_array(gt)
        return self.target_in(gt, gt.roi)

    def target_in(self, gt: Array, roi: Roi, cache: ResultCache | None = None) -> Array:
        """Affinities, then descriptors, in `roi` only; `gt` beyond it is context."""
        self._check_dims(gt.dims, "gt")
        labels = object_labels(gt, "AffinitiesPredictor")
        keep = part_of(gt, roi, "roi")
        target = affinities(labels, self.neighborhood, self._objects(labels), keep)
        if self.lsds:
            descriptors = shape_descriptors(
                _without_background(labels) if self.background_as_object else labels,
                self._sigma(gt.voxel_size) / gt.subdivision,
                gt.physical_voxel_size,
                self.downsample_lsds,
                # Groups of voxels are counted from the world's origin, so that every region samples the same ones.
                tuple(o // v % self.downsample_lsds for o, v in zip(gt.offset, gt.voxel_size, strict=True)),
                keep,
            )
            target = torch.cat([target, descriptors])
        return gt.like(target, ("c^", *gt.spatial_axes), roi.begin)

    def create_weight(
        self, gt: Array, target: Array, mask: Array | None = None, moving_class_counts: ClassCounts | None = None
    ) -> tuple[Array, ClassCounts]:
        gt = as_array(gt)
        self._check_dims(gt.dims, "gt")
        labels = object_labels(gt, "AffinitiesPredictor")
        keep = part_of(gt, target.roi, "target.roi")
        offsets, channels = len(self.neighborhood), len(self.channel_names)
        check_channels(target, channels, "AffinitiesPredictor")
        known = annotated(mask, gt.roi, gt, channels)
        here = known[(slice(None), *keep)]
        pairs_known = here[:offsets]
        if self.mask_pairs:
            if len(known) == 1:
                pairs_known = self._pairs_known(labels, known[0], self.neighborhood, keep)
            else:
                each = zip(known[:offsets], self.neighborhood, strict=True)
                pairs_known = torch.cat([self._pairs_known(labels, k, [o], keep) for k, o in each])
        before = moving_class_counts
        weight, counts = balance(
            target.data[:offsets] > 0,
            pairs_known,
            self.affs_weight_clipmin,
            self.affs_weight_clipmax,
            before[:offsets] if self.lsds and before is not None else before,
        )
        if self.lsds:
            foreground = torch.ones_like(labels[keep]) if self.background_as_object else labels[keep]
            shared, lsd_counts = balance(
                (foreground > 0)[None],
                here[offsets : offsets + 1] if len(here) > 1 else here,
                self.lsd_weight_clipmin,
                self.lsd_weight_clipmax,
                None if before is None else before[offsets:],
            )
            weight = torch.cat([weight, shared.expand(channels - offsets, *shared.shape[1:])])
            counts = joined(counts, lsd_counts)
        return target.like(weight, target.axis_names), counts

    def positive(self, target: torch.Tensor) -> torch.Tensor:
        offsets = len(self.neighborhood)
        if not self.lsds:
            return target > 0
        # Variances are kept above 0 inside objects, even in those that downsampling misses.
        foreground = target[offsets + self.dims : offsets + self.dims + 1] > 0
        return torch.cat([target[:offsets] > 0, foreground.expand(len(target) - offsets, *target.shape[1:])])

    def coarser(self) -> AffinitiesPredictor | None:
        if not self.lsds or self.num_voxels < 2 * _COARSER or self.downsample_lsds > 1:
            return None
        return replace(self, downsample_lsds=_COARSER)

    @classmethod
    def starting_values(cls, gt: Array) -> dict[str, Any]:
        return {"neighborhood": _along_axes(gt.dims), "lsds": False, "num_voxels": 10}

    def _check_dims(self, dims: int, what: str) -> None:
        if dims != self.dims:
            raise ValueError(
                f"AffinitiesPredictor: neighborhood has offsets of {self.dims} numbers, but {what} has {dims} spatial axes"
            )

    def _objects(self, labels: torch.Tensor, known: torch.Tensor | None = None) -> torch.Tensor | None:
        """Which voxels belong to an object, None for the plain case of all that aren't background.

        What isn't `known`, of the shape of `labels`, erodes nothing.
        """
        if not self.grow_boundary_iterations:
            return torch.ones_like(labels, dtype=torch.bool) if self.background_as_object else None
        alive = self._surviving(labels, known)
        return alive if self.background_as_object else alive & (labels > 0)

    def _surviving(self, labels: torch.Tensor, known: torch.Tensor | None = None) -> torch.Tensor:
        axes = range(max(0, self.dims - 2) if self.only_xy else 0, self.dims)
        return surviving(labels, self.grow_boundary_iterations, axes, known)

    def _pairs_known(
        self, labels: torch.Tensor, known: torch.Tensor, neighborhood: Sequence[Sequence[int]], keep: Slices
    ) -> torch.Tensor:
        """Which affinities are known, given which voxels are: both voxels are, and what might erode them: [K, Z, Y, X]."""
        pairs_known = known_pairs(known, neighborhood, keep)
        if self.grow_boundary_iterations and not known.all():
            most = self._objects(labels, known)
            assert most is not None
            least = most & self._surviving(known.to(torch.uint8))
            pairs_known &= affinities(labels, neighborhood, most, keep) == affinities(labels, neighborhood, least, keep)
        return pairs_known

    def _sigma(self, voxel_size: Sequence[int]) -> int:
        """The window's standard deviation in world units."""
        return self.num_voxels * max(voxel_size)

    def _context(self, axis: int, voxel_size: Sequence[int]) -> tuple[int, int]:
        """Voxels of ground truth needed before and after a ROI along `axis`."""
        low = max(0, *(-o[axis] for o in self.neighborhood))
        high = max(0, *(o[axis] for o in self.neighborhood))
        if self.lsds:
            d, size = self.downsample_lsds, voxel_size[axis]
            window = ceil(TRUNCATE * self._sigma(voxel_size) / size)
            # On the coarser grid the window is rounded to groups of d, and a group begins up to d - 1 voxels earlier.
            coarse = d * window_radius(self._sigma(voxel_size), d * size)
            low, high = max(low, window, coarse + d - 1), max(high, window, coarse)
        eroded = 0 if self.only_xy and axis < self.dims - 2 else self.grow_boundary_iterations
        return low + eroded, high + eroded


def _without_background(labels: torch.Tensor) -> torch.Tensor:
    """Other ids for the same objects, none of which is 0."""
    if labels.dtype == torch.int64:  # ids may reach the type's limit, beyond which adding would wrap
        labels = torch.unique(labels, return_inverse=True)[1]
    return labels.to(torch.int64) + 1


def _affinity_name(offset: Sequence[int], axes: Sequence[str]) -> str:
    steps = [f"{axis}{o:+d}" for axis, o in zip(axes, offset, strict=True) if o]
    return "aff " + (" ".join(steps) or "self")
