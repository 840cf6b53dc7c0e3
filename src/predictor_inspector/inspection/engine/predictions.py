"""Predictions of a target, as networks make them and as they are stored."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from predictor_inspector.core.array import Array
from predictor_inspector.core.channels import Channel
from predictor_inspector.data.geometry import counts_factor
from predictor_inspector.inspection.engine.run import Inspection


def predicted_values(inspection: Inspection, prediction: Array) -> np.ndarray:
    """A prediction of an inspection's target, on its ROI: float32, [C, …spatial axes].

    Parameters
    ----------
    inspection : Inspection
        Says what channels there are, and where.
    prediction : Array
        [C, …spatial axes], with the channels of the target in order, on its voxels; it covers the ROI. Values of a
        floating-point type are taken as they are, unsigned integers as their channel's range (uint8: 0 … 255).

    Raises
    ------
    ValueError
        If the prediction has other channels or other voxels, is of another type, or doesn't cover the ROI.
    """
    channels = inspection.channels
    if prediction.channel_dims != 1 or prediction.shape[0] != len(channels):
        raise ValueError(
            f"the prediction must have {len(channels)} channels like the target, got axes {prediction.axes_text} of "
            f"{tuple(prediction.shape)}"
        )
    stored = counted_like(prediction, inspection.target)[inspection.roi].numpy()
    if stored.dtype.kind == "f":
        return stored.astype(np.float32)
    if stored.dtype.kind not in "ub":
        raise ValueError(f"a prediction must be of a floating-point or an unsigned integer type, got {stored.dtype}")
    most = 1 if stored.dtype.kind == "b" else np.iinfo(stored.dtype).max
    low, high = (
        np.array([getattr(c, end) for c in channels], np.float32).reshape(-1, *(1,) * (stored.ndim - 1))
        for end in ("minimum", "maximum")
    )
    scaled: np.ndarray = low + stored.astype(np.float32) / most * (high - low)
    return scaled


def counted_like(prediction: Array, grid: Array) -> Array:
    """A prediction whose lengths count what those of `grid` do; a ``ValueError`` if its voxels aren't those of the grid."""
    told = f"the prediction must have the voxels of the target, {grid.physical_voxel_size} {grid.unit}"
    if prediction.dims != grid.dims:
        raise ValueError(f"{told}, got {prediction.dims} spatial axes instead of {grid.dims}")
    factor = counts_factor(prediction, grid, "prediction")
    size, corner = ([n * factor for n in counts] for counts in (prediction.voxel_size, prediction.offset))
    if size != list(grid.voxel_size):
        raise ValueError(f"{told}, got {prediction.physical_voxel_size} {prediction.unit}")
    if any((a - b) % v for a, b, v in zip(corner, grid.offset, size, strict=True)):
        raise ValueError(f"{told}, but lies a part of a voxel beside them")
    return Array(
        prediction.data, grid.voxel_size, list(map(int, corner)), prediction.axis_names, grid.unit, grid.subdivision
    )


def has_sigmoid(channels: Sequence[Channel]) -> list[bool]:
    """Which channels a model of ours puts through a sigmoid in prediction: all of 0 … 1 that are no distances."""
    return [(c.minimum, c.maximum) == (0, 1) and not c.is_distance for c in channels]


def activated(logits: np.ndarray, channels: Sequence[Channel]) -> np.ndarray:
    """Values as in prediction of those in training: float32, [C, …]."""
    values, squeezed = logits.copy(), has_sigmoid(channels)
    values[squeezed] = torch.sigmoid(torch.from_numpy(values[squeezed])).numpy()
    return values
