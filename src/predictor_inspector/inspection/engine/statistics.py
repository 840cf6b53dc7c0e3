"""Statistics of a channel's target and weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

import numpy as np
import torch

from predictor_inspector.core.ops.channel_sums import channel_sums as rows_of_sums


@dataclass(frozen=True)
class ChannelStatistics:
    """Target and weights of one channel in the ROI.

    Attributes
    ----------
    minimum, mean, maximum : float
        Of the target.
    positive : float
        Fraction of the voxels that are of the positive class.
    negative_weight, positive_weight : float
        Weight of a voxel of either class; 0 where no voxel of the class has weight.
    counts : tuple of int
        How many voxels of the negative and the positive class have a weight.
    weights : tuple of float
        The total weight of either class.
    unweighted : float
        Fraction of the voxels with weight 0.
    positive_share : float
        The positive class's share of the total weight; 0.5 is balanced, 0 if nothing has weight.
    """

    name: str
    minimum: float
    mean: float
    maximum: float
    positive: float
    negative_weight: float
    positive_weight: float
    counts: tuple[int, int]
    weights: tuple[float, float]
    unweighted: float
    positive_share: float


STATISTICS = {
    "target min": ("minimum", ".3g"),
    "target mean": ("mean", ".3g"),
    "target max": ("maximum", ".3g"),
    "positive": ("positive", ".1%"),
    "weight of −": ("negative_weight", ".3g"),
    "weight of +": ("positive_weight", ".3g"),
    "unweighted": ("unweighted", ".1%"),
    "weight that is +": ("positive_share", ".1%"),
}
"""What tables call the attributes of `ChannelStatistics`, and their formats."""


@dataclass(frozen=True)
class ChannelSums:
    """Sums from which the statistics of a region follow; those of parts add up to those of the whole."""

    voxels: int
    sums: np.ndarray  # float64, [3, C]: of the target, of the weights, and of the weights of the positive class
    peaks: np.ndarray  # float64, [4, C]: the largest -target, target, weight of the negative and of the positive class
    counts: np.ndarray  # int64, [3, C]: voxels of the positive class, then of the negative and positive with a weight

    def __add__(self, other: ChannelSums) -> ChannelSums:
        peaks = np.maximum(self.peaks, other.peaks)
        return ChannelSums(self.voxels + other.voxels, self.sums + other.sums, peaks, self.counts + other.counts)

    def statistics(self, names: Sequence[str]) -> tuple[ChannelStatistics, ...]:
        """The statistics of every channel."""
        rows = (table.T.tolist() for table in (self.sums, self.peaks, self.counts))
        return tuple(
            ChannelStatistics(
                name=name,
                minimum=-minus_low,
                mean=total / self.voxels,
                maximum=high,
                positive=positives / self.voxels,
                negative_weight=negative_weight,
                positive_weight=positive_weight,
                counts=(heavy_negatives, heavy_positives),
                weights=(weight - of_positives, of_positives),
                unweighted=1 - (heavy_negatives + heavy_positives) / self.voxels,
                positive_share=of_positives / weight if weight else 0.0,
            )
            for (
                name,
                (total, weight, of_positives),
                (minus_low, high, negative_weight, positive_weight),
                (positives, heavy_negatives, heavy_positives),
            ) in zip(names, *rows, strict=True)
        )


def channel_sums(target: torch.Tensor, weight: torch.Tensor, positive: torch.Tensor) -> ChannelSums:
    """Sums over a region, computed where the tensors lie, [C, …]; `positive` is True in voxels of the positive class."""
    rows = rows_of_sums(target, weight, positive).cpu().numpy()
    return ChannelSums(target[0].numel(), rows[:3], rows[3:7], rows[7:].astype(np.int64))


def finite(value: Any) -> Any:
    """Nested dictionaries and sequences as JSON can hold them: lists, and null for numbers that aren't finite."""
    if isinstance(value, dict):
        return {key: finite(v) for key, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(v) for v in value]
    return None if isinstance(value, float) and not isfinite(value) else value
