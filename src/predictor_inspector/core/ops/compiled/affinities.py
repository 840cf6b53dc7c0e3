"""Affinities: every row is read and written once per offset, while it is in the cache."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numba import njit

from predictor_inspector.core.ops.compiled.memory import empty
from predictor_inspector.core.ops.compiled.options import EXACT, LABEL_TYPES
from predictor_inspector.core.ops.compiled.threads import for_each, parts
from predictor_inspector.core.ops.compiled.volumes import volume
from predictor_inspector.core.ops.regions import Slices, extent, whole

_SMALLEST_PART = 1 << 18
"""Values that are worth a thread of their own: to wake it takes as long as to write about so many."""


def affinities(
    labels: torch.Tensor,
    neighborhood: Sequence[Sequence[int]],
    objects: torch.Tensor | None = None,
    keep: Slices | None = None,
) -> torch.Tensor:
    """As the function of this name beside this package; at most three axes."""
    keep = keep or whole(labels.shape)
    result = empty((len(neighborhood), *extent(keep)), torch.float32)
    ids = volume(labels)
    members = np.empty((0, 0, 0), dtype=np.uint8) if objects is None else volume(objects)
    offsets, window, target = _spread(neighborhood, keep, result)
    shares = _shares(target)
    for_each(
        len(shares),
        lambda i: _compare(ids, members, objects is not None, offsets, window, shares[i].start, shares[i].stop, target),
    )
    return result


def known_pairs(known: torch.Tensor, neighborhood: Sequence[Sequence[int]], keep: Slices) -> torch.Tensor:
    """As the function of this name beside this package; at most three axes."""
    result = empty((len(neighborhood), *extent(keep)), torch.bool)
    flags = volume(known)
    offsets, window, target = _spread(neighborhood, keep, result.view(torch.uint8))
    shares = _shares(target)
    for_each(len(shares), lambda i: _both(flags, offsets, window, shares[i].start, shares[i].stop, target))
    return result


def rehearsals() -> Iterator[None]:
    """Compile what there is, kernel by kernel."""
    for dtype in LABEL_TYPES:
        affinities(torch.ones((1, 1, 2), dtype=dtype), [[0, 0, 1]])
        yield
    known_pairs(torch.ones((1, 1, 2), dtype=torch.bool), [[0, 0, 1]], whole((1, 1, 2)))
    yield


def _spread(
    neighborhood: Sequence[Sequence[int]], keep: Slices, result: torch.Tensor
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Offsets, [K, 3], begin of what is kept, [3], and the result, [K, Z, Y, X], with as many axes as there may be."""
    missing = 3 - len(keep)
    offsets = np.zeros((len(neighborhood), 3), dtype=np.int64)
    offsets[:, missing:] = np.array([tuple(o) for o in neighborhood], dtype=np.int64).reshape(-1, len(keep))
    window = np.array([0] * missing + [k.start for k in keep], dtype=np.int64)
    return offsets, window, result.numpy().reshape(len(neighborhood), *(1,) * missing, *extent(keep))


def _shares(target: np.ndarray) -> list[slice]:
    """The rows of all planes of a result, [K, Z, Y, X], in parts for threads."""
    channels, planes, rows, columns = target.shape
    return parts(planes * rows, max(1, _SMALLEST_PART // max(1, channels * columns)))


@njit(**EXACT)
def _compare(labels, objects, restricted, offsets, window, begin, end, result):
    """The rows `begin` … `end` - 1 of all channels, counted through the planes."""
    planes, rows, columns = labels.shape
    _, _, height, width = result.shape
    zero, one = np.float32(0), np.float32(1)
    for r in range(begin, end):
        z, y, x0 = r // height + window[0], r % height + window[1], window[2]
        for k in range(offsets.shape[0]):
            p, q, shift = z + offsets[k, 0], y + offsets[k, 1], offsets[k, 2]
            target = result[k, r // height, r % height]
            low, high = max(0, -shift - x0), min(width, columns - shift - x0)
            if p < 0 or p >= planes or q < 0 or q >= rows or low >= high:
                target[:] = zero
                continue
            target[:low] = zero
            target[high:] = zero
            # Unsigned, so that no index needs to be asked whether it counts from the end.
            z_here, y_here, z_there, y_there = np.uintp(z), np.uintp(y), np.uintp(p), np.uintp(q)
            first, second = np.uintp(x0), np.uintp(x0 + shift + low) - np.uintp(low)
            for x in range(np.uintp(low), np.uintp(high)):
                here = labels[z_here, y_here, first + x]
                same = (here == labels[z_there, y_there, second + x]) & (here > 0)
                target[x] = one if same else zero
            if restricted:
                for x in range(np.uintp(low), np.uintp(high)):
                    members = objects[z_here, y_here, first + x] & objects[z_there, y_there, second + x]
                    same = labels[z_here, y_here, first + x] == labels[z_there, y_there, second + x]
                    target[x] = one if same & (members != 0) else zero


@njit(**EXACT)
def _both(flags, offsets, window, begin, end, result):
    """As `_compare`, for pairs of flags."""
    planes, rows, columns = flags.shape
    _, _, height, width = result.shape
    for r in range(begin, end):
        z, y, x0 = r // height + window[0], r % height + window[1], window[2]
        for k in range(offsets.shape[0]):
            p, q, shift = z + offsets[k, 0], y + offsets[k, 1], offsets[k, 2]
            target = result[k, r // height, r % height]
            low, high = max(0, -shift - x0), min(width, columns - shift - x0)
            if p < 0 or p >= planes or q < 0 or q >= rows or low >= high:
                target[:] = 0
                continue
            target[:low] = 0
            target[high:] = 0
            z_here, y_here, z_there, y_there = np.uintp(z), np.uintp(y), np.uintp(p), np.uintp(q)
            first, second = np.uintp(x0), np.uintp(x0 + shift + low) - np.uintp(low)
            for x in range(np.uintp(low), np.uintp(high)):
                target[x] = flags[z_here, y_here, first + x] & flags[z_there, y_there, second + x]
