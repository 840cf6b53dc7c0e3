"""Class balancing in two readings: one counts, one looks up."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from numba import njit

from predictor_inspector.core.ops.compiled.memory import empty
from predictor_inspector.core.ops.compiled.options import EXACT
from predictor_inspector.core.ops.compiled.threads import for_each, parts
from predictor_inspector.core.ops.compiled.volumes import channels

_SMALLEST_PART = 1 << 15
"""Voxels that are worth a thread of their own."""


def counted(positive: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
    """Voxels of the negative and the positive class inside the mask, per channel: int64, [C, 2].

    Parameters
    ----------
    positive : torch.Tensor
        Boolean, [C, …].
    mask : torch.Tensor, optional
        Boolean, [C or 1, …].
    """
    flags = channels(positive)
    known = flags[:0] if mask is None else channels(mask)
    shares = parts(flags.shape[1], _SMALLEST_PART)
    found = np.zeros((len(shares), len(flags), 2), dtype=np.int64)
    for_each(len(shares), lambda i: _count(flags, known, shares[i].start, shares[i].stop, found[i]))
    return torch.from_numpy(found.sum(0))


def by_class(positive: torch.Tensor, mask: torch.Tensor | None, weights: torch.Tensor) -> torch.Tensor:
    """Each voxel's weight, 0 outside the mask: float32, the shape of `positive`.

    Parameters
    ----------
    weights : torch.Tensor
        float32, [C, 2], of the negative and the positive class.
    """
    flags = channels(positive)
    known = flags[:0] if mask is None else channels(mask)
    values = weights.contiguous().numpy()
    result = empty(positive.shape, torch.float32)
    target = result.numpy().reshape(flags.shape)
    shares = parts(flags.shape[1], _SMALLEST_PART)
    for_each(len(shares), lambda i: _look_up(flags, known, values, shares[i].start, shares[i].stop, target))
    return result


def rehearsals() -> Iterator[None]:
    """Compile what there is, kernel by kernel."""
    positive = torch.ones((1, 2), dtype=torch.bool)
    counted(positive, None)
    yield
    by_class(positive, None, torch.ones((1, 2)))
    yield


@njit(**EXACT)
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


@njit(**EXACT)
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
