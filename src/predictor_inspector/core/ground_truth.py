"""Ground truth and masks for predictors: labels per channel, and annotated voxels."""

from __future__ import annotations

import torch
from funlib.geometry import Roi

from predictor_inspector.core.array import Array
from predictor_inspector.core.foreign import as_array
from predictor_inspector.core.labels import as_labels, as_tensor
from predictor_inspector.core.ops.regions import Slices
from predictor_inspector.core.text import format_roi


class ChannelAxisError(ValueError):
    """Ground truth has channels where a predictor takes none, or another number of them."""


def object_labels(gt: Array, owner: str) -> torch.Tensor:
    """Instance ids without a channel axis, [Z, Y, X]; a channel axis of length 1 is dropped.

    ``ValueError``, for `owner`, if there are several channels or the values aren't ids.
    """
    channels = gt.shape[: gt.channel_dims]
    if len(channels) > 1 or (channels and channels[0] != 1):
        raise ChannelAxisError(
            f"{owner} needs ground truth with one id per voxel and no channel axis, got {gt.axes_text}"
        )
    labels = as_labels(_values(gt))
    return labels[0] if channels else labels


def channel_labels(gt: Array, channels: int, owner: str) -> torch.Tensor:
    """Labels per channel, [C, Z, Y, X]; ground truth without a channel axis becomes one channel.

    ``ValueError``, for `owner`, if the number of channels isn't `channels`, or the values aren't ids.
    """
    found = gt.shape[0] if gt.channel_dims == 1 else 1
    if gt.channel_dims > 1 or found != channels:
        has = f"{gt.channel_dims} channel axes" if gt.channel_dims > 1 else str(found)
        raise ChannelAxisError(
            f"{owner} has {channels} channels, but the ground truth has {has}: its axes are {gt.axes_text}"
        )
    labels = as_labels(_values(gt))
    return labels if gt.channel_dims else labels[None]


def annotated(mask: Array | None, roi: Roi, gt: Array, channels: int) -> torch.Tensor:
    """Which voxels of `roi` are annotated: boolean, [1 or C, Z, Y, X], on the device of `gt`.

    What `mask` doesn't cover isn't annotated; None means that all of ``gt.roi`` is. ``ValueError`` if it lies on another
    grid than the ground truth, or has another number of channels than 1 or `channels`.
    """
    if mask is None and gt.roi.contains(roi):
        return torch.ones((1, *gt.shape_of(roi)), dtype=torch.bool, device=gt.device)
    if mask is None:
        mask = gt.like(torch.ones(tuple(gt.spatial_shape), dtype=torch.bool, device=gt.device))
    mask = as_array(mask, "mask")
    if mask.voxel_size != gt.voxel_size or mask.subdivision != gt.subdivision or mask.unit != gt.unit:
        raise ValueError(
            f"mask must have the voxel size of the ground truth, {gt.physical_voxel_size} {gt.unit}, "
            f"got {mask.physical_voxel_size} {mask.unit}"
        )
    if not (mask.offset - gt.offset).is_multiple_of(gt.voxel_size):
        raise ValueError(
            f"mask must lie on the voxel grid of the ground truth, which starts at {tuple(gt.offset)} with voxels of "
            f"{tuple(gt.voxel_size)}, but starts at {tuple(mask.offset)}"
        )
    if mask.channel_dims > 1 or (mask.channel_dims == 1 and mask.shape[0] not in (1, channels)):
        raise ValueError(
            f"mask must have no channel axis, or one of length 1 or {channels}; its axes are {mask.axes_text}"
        )
    known = as_tensor(mask.read(roi).data, gt.device) != 0
    return known if mask.channel_dims else known[None]


def check_channels(target: Array, channels: int, owner: str) -> None:
    """Raise a ``ValueError`` that begins with `owner` if `target` has another number of channels than `channels`."""
    if target.channel_dims != 1 or target.shape[0] != channels:
        raise ValueError(
            f"{owner}: target must have one channel axis of length {channels}, but its axes are {target.axes_text}"
        )


def part_of(gt: Array, roi: Roi, what: str) -> Slices:
    """`roi` as slices of the ground truth's spatial axes; ``ValueError``, for `what`, if it reaches beyond them."""
    slices = gt.to_slices(roi)
    if not gt.roi.contains(roi):
        raise ValueError(f"{what} {format_roi(roi)} reaches beyond the ground truth, which covers {format_roi(gt.roi)}")
    return slices


def _values(gt: Array) -> torch.Tensor:
    return as_tensor(gt.data if isinstance(gt.data, torch.Tensor) else gt.data[...])
