"""The same targets and weights as they are computed elsewhere, on the same labels.

Written here from the published descriptions, on the libraries that those implementations rest on.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import ndimage


def doubled(labels: np.ndarray) -> np.ndarray:
    """Voxels at even places of a grid twice as fine, boundaries between different ids as False at odd ones."""
    grid = np.ones([2 * n - 1 for n in labels.shape], dtype=np.uint8)
    for axis in range(labels.ndim):
        between = [slice(None, None, 2)] * labels.ndim
        between[axis] = slice(1, None, 2)
        first, second = ([slice(None)] * labels.ndim for _ in range(2))
        first[axis], second[axis] = slice(None, -1), slice(1, None)
        grid[tuple(between)] = labels[tuple(first)] == labels[tuple(second)]
    return grid


def signed_distance_scipy(labels: np.ndarray, voxel_size: Sequence[float], scale_factor: float) -> np.ndarray:
    """As DaCapo does: scipy's transform of the doubled grid."""
    distance = ndimage.distance_transform_edt(doubled(labels), sampling=[v / 2 for v in voxel_size])
    return _signed(distance, labels, scale_factor)


def signed_distance_edt(
    labels: np.ndarray, voxel_size: Sequence[float], scale_factor: float, threads: int
) -> np.ndarray:
    """The `edt` package's multi-threaded transform of the doubled grid."""
    import edt

    distance = edt.edt(doubled(labels), anisotropy=tuple(v / 2 for v in voxel_size), parallel=threads)
    return _signed(distance, labels, scale_factor)


def _signed(distance: np.ndarray, labels: np.ndarray, scale_factor: float) -> np.ndarray:
    values = np.tanh(distance[(slice(None, None, 2),) * labels.ndim] / scale_factor)
    return np.where(labels > 0, values, -values)


def affinities_numpy(labels: np.ndarray, neighborhood: Sequence[Sequence[int]]) -> np.ndarray:
    """As gunpowder does: shifted slices compared in numpy, an offset at a time, then converted."""
    result = np.zeros((len(neighborhood), *labels.shape), dtype=np.int32)
    for channel, offset in zip(result, neighborhood, strict=True):
        here = tuple(slice(max(0, -o), min(n, n - o)) for o, n in zip(offset, labels.shape, strict=True))
        there = tuple(slice(max(0, o), min(n, n + o)) for o, n in zip(offset, labels.shape, strict=True))
        channel[here] = (labels[here] == labels[there]) * (labels[here] > 0) * (labels[there] > 0)
    return result.astype(np.float32)


def shape_descriptors_by_label(
    labels: np.ndarray, sigma: float, voxel_size: Sequence[float], ids: Sequence[int]
) -> np.ndarray:
    """As the `lsds` package does: for every id, Gaussians of its mask and of its coordinates, over the whole volume."""
    dims = labels.ndim
    widths = [sigma / v for v in voxel_size]
    grid = np.meshgrid(*(np.arange(n) * v for n, v in zip(labels.shape, voxel_size, strict=True)), indexing="ij")
    result = np.zeros((2 * dims + dims * (dims - 1) // 2 + 1, *labels.shape), dtype=np.float32)

    def smooth(volume: np.ndarray) -> np.ndarray:
        return ndimage.gaussian_filter(volume, widths, mode="constant", truncate=3.0)

    for label in ids:
        mask = (labels == label).astype(np.float32)
        size = smooth(mask)
        count = np.where(size == 0, 1, size)
        mean = [smooth(mask * c) / count for c in grid]
        pairs = [(a, b) for a in range(dims) for b in range(a, dims)]
        spread = {(a, b): smooth(mask * grid[a] * grid[b]) / count - mean[a] * mean[b] for a, b in pairs}
        variance = [np.maximum(spread[d, d], 1e-3) for d in range(dims)]
        values = [(m - c) / sigma * 0.5 + 0.5 for m, c in zip(mean, grid, strict=True)]
        values += [v / sigma**2 for v in variance]
        values += [spread[a, b] / np.sqrt(variance[a] * variance[b]) * 0.5 + 0.5 for a, b in pairs if a != b]
        result += np.stack([*values, size]).clip(0, 1) * mask
    return result


def balanced_numpy(positive: np.ndarray, mask: np.ndarray, clipmin: float = 0.05, clipmax: float = 0.95) -> np.ndarray:
    """As DaCapo does: channel by channel, fractions from `numpy.unique`, weights by comparing with every class."""
    weight = np.zeros(positive.shape, dtype=np.float32)
    for target, known, channel in zip(positive.astype(np.float32), mask, weight, strict=True):
        channel[...] = known
        classes, counts = np.unique(target[np.nonzero(known)], return_counts=True)
        shares = np.clip(counts / counts.sum(), clipmin, clipmax)
        for value, share in zip(classes, shares, strict=True):
            channel[target == value] *= 1 / (2 * share)
    return weight
