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
    """What one channel holds in the ROI.

    Attributes
    ----------
    name : str
        The channel's name.
    minimum, mean, maximum : float
        Of the target.
    positive : float
        Fraction of the ROI's voxels that are of the positive class.
    negative_weight, positive_weight : float
        Weight of a voxel of either class; 0 where the class has none that counts.
    counts : tuple of int
        How many voxels of the negative and the positive class have a weight.
    weights : tuple of float
        The total weight of either class.
    unweighted : float
        Fraction of the ROI's voxels with weight 0.
    positive_share : float
        Share of the channel's total weight that the positive class holds; 0.5 is balanced, 0 if nothing has weight.
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
    """What the statistics of a region follow from; those of parts add up to those of the whole.

    Attributes
    ----------
    voxels : int
        How many there are in the region.
    sums : numpy.ndarray
        float64, [3, C]: of the target, of the weights, and of the weights of the positive class.
    peaks : numpy.ndarray
        float64, [4, C]: the largest -target, target, weight of the negative and weight of the positive class.
    counts : numpy.ndarray
        int64, [3, C]: voxels of the positive class, then of the negative and the positive class with a weight.
    """

    voxels: int
    sums: np.ndarray
    peaks: np.ndarray
    counts: np.ndarray

    def __add__(self, other: ChannelSums) -> ChannelSums:
        return ChannelSums(
            self.voxels + other.voxels,
            self.sums + other.sums,
            np.maximum(self.peaks, other.peaks),
            self.counts + other.counts,
        )

    def statistics(self, names: Sequence[str]) -> tuple[ChannelStatistics, ...]:
        """The statistics of every channel."""
        statistics = []
        for name, sums, peaks, counts in zip(names, self.sums.T, self.peaks.T, self.counts.T, strict=True):
            total, weights, of_positives = sums.tolist()
            minus_low, high, negative_weight, positive_weight = peaks.tolist()
            positives, heavy_negatives, heavy_positives = counts.tolist()
            statistics.append(
                ChannelStatistics(
                    name=name,
                    minimum=-minus_low,
                    mean=total / self.voxels,
                    maximum=high,
                    positive=positives / self.voxels,
                    negative_weight=negative_weight,
                    positive_weight=positive_weight,
                    counts=(heavy_negatives, heavy_positives),
                    weights=(weights - of_positives, of_positives),
                    unweighted=1 - (heavy_negatives + heavy_positives) / self.voxels,
                    positive_share=of_positives / weights if weights else 0.0,
                )
            )
        return tuple(statistics)


def channel_sums(target: torch.Tensor, weight: torch.Tensor, positive: torch.Tensor) -> ChannelSums:
    """What a region adds to the statistics of the whole; computed where the tensors lie and brought over at once.

    Parameters
    ----------
    target, weight : torch.Tensor
        float32, [C, …].
    positive : torch.Tensor
        Boolean, [C, …]: which voxels are of the positive class.
    """
    rows = rows_of_sums(target, weight, positive).cpu().numpy()
    return ChannelSums(target[0].numel(), rows[:3], rows[3:7], rows[7:].astype(np.int64))


def finite(value: Any) -> Any:
    """Nested dictionaries and sequences as JSON can hold them: lists, and null for numbers that aren't finite."""
    if isinstance(value, dict):
        return {key: finite(v) for key, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(v) for v in value]
    return None if isinstance(value, float) and not isfinite(value) else value
