"""Class balancing in two passes: one counts, one looks up."""

from __future__ import annotations

import numpy as np
import torch

from predictor_inspector.core.ops.compiled import EXACT, channels, kernel
from predictor_inspector.core.ops.compiled.memory import empty
from predictor_inspector.core.ops.compiled.threads import for_each, parts

_SMALLEST_PART = 1 << 15
"""Voxels that are worth a thread of their own."""


def counted(positive: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
    """Voxels of the negative and the positive class inside the mask, [C or 1, …], per channel: int64, [C, 2]."""
    flags, known = _flags(positive, mask)
    shares = parts(flags.shape[1], _SMALLEST_PART)
    found = np.zeros((len(shares), len(flags), 2), dtype=np.int64)
    for_each(range(len(shares)), lambda i: _count(flags, known, shares[i].start, shares[i].stop, found[i]))
    return torch.from_numpy(found.sum(0))


def by_class(positive: torch.Tensor, mask: torch.Tensor | None, weights: torch.Tensor) -> torch.Tensor:
    """Each voxel's weight, from those of the negative and the positive class, [C, 2]; 0 outside the mask: float32."""
    flags, known = _flags(positive, mask)
    values = weights.contiguous().numpy()
    result = empty(positive.shape, torch.float32)
    target = result.numpy().reshape(flags.shape)
    shares = parts(flags.shape[1], _SMALLEST_PART)
    for_each(shares, lambda share: _look_up(flags, known, values, share.start, share.stop, target))
    return result


REHEARSALS = {
    "counted": lambda: counted(torch.ones((1, 2), dtype=torch.bool), None),
    "by_class": lambda: by_class(torch.ones((1, 2), dtype=torch.bool), None, torch.ones((1, 2))),
}
"""By operation, what uses all its kernels."""


def _flags(positive: torch.Tensor, mask: torch.Tensor | None) -> tuple[np.ndarray, np.ndarray]:
    """Both as bytes, [C, N]; no mask has no channels."""
    flags = channels(positive)
    return flags, flags[:0] if mask is None else channels(mask)


@kernel(**EXACT)
def _count(positive, mask, begin, end, found):
    for c in range(positive.shape[0]):
        flags = positive[c, begin:end]
        ones, seen = 0, flags.shape[0]
        if mask.shape[0] == 0:
            for x in range(flags.shape[0]):
                ones += flags[x]
        else:
            known = mask[c if mask.shape[0] > 1 else 0, begin:end]
            seen = 0
            for x in range(flags.shape[0]):
                seen += known[x]
                ones += flags[x] & known[x]
        found[c, 0], found[c, 1] = seen - ones, ones


@kernel(**EXACT)
def _look_up(positive, mask, weights, begin, end, result):
    zero = np.float32(0)
    for c in range(positive.shape[0]):
        flags, target = positive[c, begin:end], result[c, begin:end]
        negative, other = weights[c, 0], weights[c, 1]
        if mask.shape[0] == 0:
            for x in range(flags.shape[0]):
                target[x] = other if flags[x] else negative
        else:
            known = mask[c if mask.shape[0] > 1 else 0, begin:end]
            for x in range(flags.shape[0]):
                target[x] = (other if flags[x] else negative) if known[x] else zero
