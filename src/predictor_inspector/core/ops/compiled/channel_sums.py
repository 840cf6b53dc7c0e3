"""Channel sums, peaks and counts in one pass."""

from __future__ import annotations

import numpy as np
import torch

from predictor_inspector.core.ops.compiled import SUMS, channels, kernel
from predictor_inspector.core.ops.compiled.threads import for_each, parts

_SMALLEST_PART = 1 << 15
"""Voxels that are worth a thread of their own."""

_SUMS, _PEAKS, _COUNTS = slice(0, 3), slice(3, 7), slice(7, 10)


def channel_sums(target: torch.Tensor, weight: torch.Tensor, positive: torch.Tensor) -> torch.Tensor:
    """For [C, N] each."""
    values, weights, flags = target.contiguous().numpy(), weight.contiguous().numpy(), channels(positive)
    shares = parts(values.shape[1], _SMALLEST_PART)
    found = np.zeros((len(shares), 10, len(values)))
    for_each(range(len(shares)), lambda i: _gather(values, weights, flags, shares[i].start, shares[i].stop, found[i]))
    rows = np.concatenate([found[:, _SUMS].sum(0), found[:, _PEAKS].max(0), found[:, _COUNTS].sum(0)])
    return torch.from_numpy(rows)


REHEARSALS = {
    "channel_sums": lambda: channel_sums(torch.ones((1, 2)), torch.ones((1, 2)), torch.ones((1, 2), dtype=torch.bool))
}
"""By operation, what uses all its kernels."""


@kernel(**SUMS)
def _gather(values, weights, positive, begin, end, found):
    zero = np.float32(0)
    for c in range(values.shape[0]):
        value, weight, flag = values[c, begin:end], weights[c, begin:end], positive[c, begin:end]
        total = total_weight = positive_weight = np.float64(0)
        low = high = value[0]
        heaviest_negative = heaviest_positive = zero
        positives = heavy = heavy_positives = np.int64(0)
        for x in range(value.shape[0]):
            v, w = value[x], weight[x]
            of_positive = w if flag[x] else zero
            of_negative = zero if flag[x] else w
            total += v
            total_weight += w
            positive_weight += of_positive
            low, high = (v if v < low else low), (v if v > high else high)
            heaviest_negative = of_negative if of_negative > heaviest_negative else heaviest_negative
            heaviest_positive = of_positive if of_positive > heaviest_positive else heaviest_positive
            positives += flag[x]
            heavy += w > zero
            heavy_positives += of_positive > zero
        found[0, c], found[1, c], found[2, c] = total, total_weight, positive_weight
        found[3, c], found[4, c] = -low, high
        found[5, c], found[6, c] = heaviest_negative, heaviest_positive
        found[7, c], found[8, c], found[9, c] = positives, heavy - heavy_positives, heavy_positives
