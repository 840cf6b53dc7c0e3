"""Predictions of a target, as networks make them and as they are stored."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import torch
from funlib.geometry import Roi

from predictor_inspector.core.array import Array
from predictor_inspector.core.channels import Channel
from predictor_inspector.core.text import counted, format_roi
from predictor_inspector.data.geometry import counts_factor
from predictor_inspector.inspection.engine.run import Inspection, Progress


class Prediction(ABC):
    """Something that gives a prediction for whatever is inspected: what was stored, or a network.

    Equal ones give the same; one whose values change is another one.

    Attributes
    ----------
    title : str
        What it is called.
    logits : bool
        Whether its probabilities and descriptors are before the sigmoid.
    """

    title: str
    logits: bool

    @abstractmethod
    def begin(self, inspection: Inspection) -> Callable[[Progress], Array]:
        """A function that makes the prediction, as `predicted_values` takes it, with the grid's counts.

        It may cover a part of the ROI only. `begin` is called in the window's thread, and must be quick; what it returns in
        a worker's, maybe more than once. Both raise a ``ValueError`` in a sentence where the prediction doesn't fit.
        """


def covered_by(inspection: Inspection, *predictions: Array) -> Inspection:
    """The part of an inspection that predictions cover, with the weights that it has in the whole; itself if that is all.

    They count lengths as its grid does, see `counted_like`. A ``ValueError`` if one doesn't reach into the ROI.
    """
    part = covered_roi(inspection.roi, inspection.target, *predictions)
    if part == inspection.roi:
        return inspection
    request = replace(inspection.request, roi=part)
    return replace(inspection, request=request, target=inspection.target[part], weight=inspection.weight[part])


def covered_roi(roi: Roi, grid: Array, *predictions: Array) -> Roi:
    """The part of a region that predictions cover; all lengths count what those of `grid` do, errors as of `covered_by`."""
    part = roi
    for prediction in predictions:
        part = part.intersect(prediction.roi)
        if part.empty:
            there = format_roi(prediction.roi, grid)
            raise ValueError(f"the prediction, {there}, doesn't reach into the region {format_roi(roi, grid)}")
    return part


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
        If the prediction has other channels or other voxels, is of another type, holds NaN, or doesn't cover the ROI.
    """
    channels = inspection.channels
    if prediction.channel_dims != 1 or prediction.shape[0] != len(channels):
        raise ValueError(
            f"the prediction must have {len(channels)} channels like the target, got axes {prediction.axes_text} of "
            f"{tuple(prediction.shape)}"
        )
    stored = counted_like(prediction, inspection.target)[inspection.roi].numpy()
    if stored.dtype.kind == "f":
        wrong = int(np.isnan(stored).sum())
        if wrong:
            raise ValueError(f"the prediction holds {counted(wrong, 'NaN value')}")
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
