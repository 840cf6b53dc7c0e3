"""Numbers that sum up a channel's target and weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch


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
    unweighted: float
    positive_share: float

    def as_dict(self) -> dict[str, Any]:
        """Plain numbers, lists and strings, fit for JSON."""
        return {**asdict(self), "counts": list(self.counts)}


def channel_statistics(
    names: Sequence[str], target: torch.Tensor, weight: torch.Tensor, positive: torch.Tensor
) -> tuple[ChannelStatistics, ...]:
    """Statistics of every channel; computed where the tensors lie and brought over at once.

    Parameters
    ----------
    target, weight : torch.Tensor
        float32, [C, …].
    positive : torch.Tensor
        Boolean, [C, …]: which voxels are of the positive class.
    """
    values, weights, positive = (t.reshape(len(names), -1) for t in (target, weight, positive))
    weighted = weights > 0
    rows = torch.stack(
        [
            values.amin(1),
            values.mean(1),
            values.amax(1),
            positive.float().mean(1),
            weights.masked_fill(positive, 0).amax(1),
            weights.masked_fill(~positive, 0).amax(1),
            1 - weighted.float().mean(1),
            weights.sum(1),
            (weights * positive).sum(1),
        ]
    )
    counts = torch.stack([(weighted & ~positive).sum(1), (weighted & positive).sum(1)]).T.tolist()
    statistics = []
    for name, row, (negatives, positives) in zip(names, rows.T.tolist(), counts, strict=True):
        low, mean, high, fraction, negative_weight, positive_weight, unweighted, total, of_positives = row
        statistics.append(
            ChannelStatistics(
                name=name,
                minimum=low,
                mean=mean,
                maximum=high,
                positive=fraction,
                negative_weight=negative_weight,
                positive_weight=positive_weight,
                counts=(negatives, positives),
                unweighted=unweighted,
                positive_share=of_positives / total if total else 0.0,
            )
        )
    return tuple(statistics)
