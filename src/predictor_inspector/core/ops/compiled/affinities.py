"""Affinities, row by row: each is read and written once per offset, while in the cache."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from predictor_inspector.core.ops.compiled import EXACT, LABEL_TYPES, kernel, normalized, volume
from predictor_inspector.core.ops.compiled.memory import empty
from predictor_inspector.core.ops.compiled.threads import for_each, parts
from predictor_inspector.core.ops.regions import Slices, extent, whole

_SMALLEST_PART = 1 << 18
"""Values that are worth a thread of their own: waking it takes as long as writing about so many."""


def affinities(
    labels: torch.Tensor,
    neighborhood: Sequence[Sequence[int]],
    objects: torch.Tensor | None = None,
    keep: Slices | None = None,
) -> torch.Tensor:
    """For at most three axes."""
    keep = keep or whole(labels.shape)
    result = empty((len(neighborhood), *extent(keep)), torch.float32)
    ids = normalized(labels)
    if objects is None:
        _fill(result, ids, 1, neighborhood, keep)
    else:
        # Ids of 0 and more stay, others become -1.
        _fill(result, ids | (objects.to(ids.dtype) - 1), 0, neighborhood, keep)
    return result


def known_pairs(known: torch.Tensor, neighborhood: Sequence[Sequence[int]], keep: Slices) -> torch.Tensor:
    """For at most three axes."""
    result = empty((len(neighborhood), *extent(keep)), torch.bool)
    # Two known voxels are alike, as two of one object are.
    _fill(result.view(torch.uint8), known, 1, neighborhood, keep)
    return result


REHEARSALS = {
    "affinities": lambda: [affinities(torch.ones((1, 1, 2), dtype=t), [[0, 0, 1]]) for t in LABEL_TYPES],
    "known_pairs": lambda: known_pairs(torch.ones((1, 1, 2), dtype=torch.bool), [[0, 0, 1]], whole((1, 1, 2))),
}
"""By operation, what uses all its kernels."""


def _fill(
    result: torch.Tensor,
    labels: torch.Tensor,
    least: int,
    neighborhood: Sequence[Sequence[int]],
    keep: Slices,
) -> None:
    """Write 1 into `result`, [K, Z, Y, X] or fewer axes, where pairs of the kept voxels are alike, and 0 elsewhere.

    Two voxels are alike if they are of one id that is at least `least`.
    """
    missing = 3 - len(keep)
    offsets = np.zeros((len(neighborhood), 3), dtype=np.int64)
    offsets[:, missing:] = np.array([tuple(o) for o in neighborhood], dtype=np.int64).reshape(-1, len(keep))
    window = np.array([0] * missing + [k.start for k in keep], dtype=np.int64)
    target = result.numpy().reshape(len(neighborhood), *(1,) * missing, *extent(keep))
    ids = volume(labels)
    channels, planes, rows, columns = target.shape
    shares = parts(planes * rows, max(1, _SMALLEST_PART // max(1, channels * columns)))
    for_each(
        shares, lambda share: _compare(ids, ids.dtype.type(least), offsets, window, share.start, share.stop, target)
    )


@kernel(**EXACT)
def _compare(labels, least, offsets, window, begin, end, result):
    """The rows `begin` … `end` - 1 of all channels, counted through the planes: 1 where pairs are alike, 0 elsewhere."""
    planes, rows, columns = labels.shape
    _, _, height, width = result.shape
    z0, y0, x0 = window[0], window[1], window[2]
    zero, one = result.dtype.type(0), result.dtype.type(1)
    row = begin
    while row < end:
        # As many rows of one plane as there are, so that what holds for all of them is found out once.
        plane, first = row // height, row % height
        last = min(height, first + end - row)
        row += last - first
        for k in range(offsets.shape[0]):
            dz, dy, dx = offsets[k, 0], offsets[k, 1], offsets[k, 2]
            z, other = plane + z0, plane + z0 + dz
            # Where both ends of the pairs lie within the volume.
            low, high = max(0, -dx - x0), min(width, columns - dx - x0)
            top, bottom = max(first, -dy - y0), min(last, rows - dy - y0)
            if other < 0 or other >= planes or low >= high or top >= bottom:
                top = bottom = last
            target = result[k, plane]
            for y in range(first, last):
                if y < top or y >= bottom:
                    for x in range(width):
                        target[y, x] = zero
            for y in range(top, bottom):
                here, there = y + y0, y + y0 + dy
                left, right = x0 + low, x0 + high
                line = target[y]
                if low > 0:
                    for x in range(low):
                        line[x] = zero
                if high < width:
                    for x in range(high, width):
                        line[x] = zero
                line = line[low:high]
                a, b = labels[z, here, left:right], labels[other, there, left + dx : right + dx]
                for x in range(line.shape[0]):
                    line[x] = one if (a[x] == b[x]) & (a[x] >= least) else zero
