"""Affinities, row by row: each is read and written once per offset, while in the cache."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numba import njit

from predictor_inspector.core.ops.compiled import EXACT, LABEL_TYPES, volume
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
    _fill(result, labels, neighborhood, keep, objects)
    return result


def known_pairs(known: torch.Tensor, neighborhood: Sequence[Sequence[int]], keep: Slices) -> torch.Tensor:
    """For at most three axes."""
    result = empty((len(neighborhood), *extent(keep)), torch.bool)
    # Two known voxels are alike, as two of one object are.
    _fill(result.view(torch.uint8), known, neighborhood, keep)
    return result


def rehearsals() -> Iterator[None]:
    """Compile each kernel."""
    for dtype in LABEL_TYPES:
        for objects in (None, torch.ones((1, 1, 2), dtype=torch.bool)):
            affinities(torch.ones((1, 1, 2), dtype=dtype), [[0, 0, 1]], objects)
            yield
    known_pairs(torch.ones((1, 1, 2), dtype=torch.bool), [[0, 0, 1]], whole((1, 1, 2)))
    yield


def _fill(
    result: torch.Tensor,
    labels: torch.Tensor,
    neighborhood: Sequence[Sequence[int]],
    keep: Slices,
    objects: torch.Tensor | None = None,
) -> None:
    """Write 1 into `result`, [K, Z, Y, X] or fewer axes, where pairs of the kept voxels are alike, and 0 elsewhere."""
    missing = 3 - len(keep)
    offsets = np.zeros((len(neighborhood), 3), dtype=np.int64)
    offsets[:, missing:] = np.array([tuple(o) for o in neighborhood], dtype=np.int64).reshape(-1, len(keep))
    window = np.array([0] * missing + [k.start for k in keep], dtype=np.int64)
    target = result.numpy().reshape(len(neighborhood), *(1,) * missing, *extent(keep))
    ids = volume(labels)
    members = None if objects is None else volume(objects)
    channels, planes, rows, columns = target.shape
    shares = parts(planes * rows, max(1, _SMALLEST_PART // max(1, channels * columns)))
    for_each(shares, lambda share: _compare(ids, members, offsets, window, share.start, share.stop, target))


@njit(**EXACT)
def _compare(labels, objects, offsets, window, begin, end, result):
    """The rows `begin` … `end` - 1 of all channels, counted through the planes: 1 where pairs are alike, 0 elsewhere."""
    planes, rows, columns = labels.shape
    _, _, height, width = result.shape
    z0, y0, x0 = window
    zero, one = result.dtype.type(0), result.dtype.type(1)
    row = begin
    while row < end:
        # As many rows of one plane as there are, so that what holds for all of them is found out once.
        plane, first = row // height, row % height
        last = min(height, first + end - row)
        row += last - first
        for k in range(offsets.shape[0]):
            dz, dy, dx = offsets[k]
            target = result[k, plane]
            z, other = plane + z0, plane + z0 + dz
            # Where both ends of the pairs lie within the volume.
            top, bottom = max(first, -dy - y0), min(last, rows - dy - y0)
            low, high = max(0, -dx - x0), min(width, columns - dx - x0)
            if other < 0 or other >= planes or top >= bottom or low >= high:
                target[first:last] = zero
                continue
            target[first:top] = zero
            target[bottom:last] = zero
            for y in range(top, bottom):
                here, there = y + y0, y + y0 + dy
                left, right = x0 + low, x0 + high
                line = target[y]
                line[:low] = zero
                line[high:] = zero
                line = line[low:high]
                a, b = labels[z, here, left:right], labels[other, there, left + dx : right + dx]
                # Known when this is compiled: a choice made here would cost as much as the loop.
                if objects is None:
                    for x in range(line.shape[0]):
                        line[x] = one if (a[x] == b[x]) & (a[x] > 0) else zero
                else:
                    c, d = objects[z, here, left:right], objects[other, there, left + dx : right + dx]
                    for x in range(line.shape[0]):
                        line[x] = one if (a[x] == b[x]) & ((c[x] & d[x]) != 0) else zero
