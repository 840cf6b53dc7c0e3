"""What every predictor computes, straight from the definitions: loops and float64, for tiny volumes only."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, product
from typing import Any

import numpy as np
from scipy import ndimage

Offsets = Sequence[Sequence[int]]


def partner(p: Sequence[int], offset: Sequence[int], shape: Sequence[int]) -> tuple[int, ...] | None:
    """The voxel `offset` away from `p`, None outside the volume."""
    q = tuple(int(a + b) for a, b in zip(p, offset, strict=True))
    return q if all(0 <= c < n for c, n in zip(q, shape, strict=True)) else None


def affinities(labels: np.ndarray, neighborhood: Offsets, objects: np.ndarray | None = None) -> np.ndarray:
    """1 where voxel and partner have one id and both are objects."""
    objects = labels > 0 if objects is None else objects
    result = np.zeros((len(neighborhood), *labels.shape))
    for k, offset in enumerate(neighborhood):
        for p in np.ndindex(labels.shape):
            q = partner(p, offset, labels.shape)
            if q is not None:
                result[k][p] = labels[p] == labels[q] and objects[p] and objects[q]
    return result


def pairs_known(known: np.ndarray, neighborhood: Offsets) -> np.ndarray:
    """Whether voxel and partner are both known, [K, …]; `known` is [K, …] too."""
    result = np.zeros(known.shape, dtype=bool)
    for k, offset in enumerate(neighborhood):
        for p in np.ndindex(known.shape[1:]):
            q = partner(p, offset, known.shape[1:])
            result[k][p] = q is not None and known[k][p] and known[k][q]
    return result


def eroded(labels: np.ndarray, iterations: int, only_xy: bool = False, known: np.ndarray | bool = True) -> np.ndarray:
    """What is left of the objects, id 0 included, when each is eroded by itself, as gunpowder's GrowBoundary does."""
    cross = ndimage.generate_binary_structure(labels.ndim, 1)
    if only_xy and labels.ndim > 2:
        cross[[0, 2]] = False
    alive = np.zeros(labels.shape, dtype=bool)
    for label in np.unique(labels):
        mask = (labels == label) | ~np.asarray(known)
        alive |= ndimage.binary_erosion(mask, cross, iterations, border_value=1) if iterations else mask
    return alive


def shape_descriptors(
    labels: np.ndarray,
    sigma: float,
    voxel_size: Sequence[float],
    downsample: int = 1,
    phase: Sequence[int] | None = None,
    objects: np.ndarray | None = None,
) -> np.ndarray:
    """Local shape descriptors by summing over all voxels of the same object, one voxel at a time."""
    dims = labels.ndim
    objects = labels > 0 if objects is None else objects
    phase = np.zeros(dims, int) if phase is None else np.asarray(phase)
    sizes = np.asarray(voxel_size, float) * downsample
    radii = np.array([int(3 * sigma / s + 0.5 + 1e-9) for s in sizes])
    norms = [
        sum(np.exp(-0.5 * (t * s / sigma) ** 2) for t in range(-r, r + 1)) for s, r in zip(sizes, radii, strict=True)
    ]
    result = np.zeros((2 * dims + dims * (dims - 1) // 2 + 1, *labels.shape))
    voxels = np.argwhere(np.ones(labels.shape, dtype=bool))
    sampled = voxels[((voxels + phase) % downsample == 0).all(1)]
    ids = labels[tuple(sampled.T)]
    for p in np.argwhere(objects):
        centre = (p + phase) // downsample
        steps = (sampled[ids == labels[tuple(p)]] + phase) // downsample - centre
        steps = steps[(abs(steps) <= radii).all(1)]
        t = steps * sizes
        w = np.exp(-0.5 * (t / sigma) ** 2).prod(1) / np.prod(norms)
        size = w.sum()
        total = size or 1.0
        mean = (w[:, None] * t).sum(0) / total
        covariance = (w[:, None, None] * t[:, :, None] * t[:, None, :]).sum(0) / total - np.outer(mean, mean)
        variance = np.maximum(np.diag(covariance), 1e-3)
        pearson = [covariance[a, b] / np.sqrt(variance[a] * variance[b]) for a, b in combinations(range(dims), 2)]
        values = [*(mean / sigma / 2 + 0.5), *(variance / sigma**2), *(np.array(pearson) / 2 + 0.5), size]
        result[(slice(None), *p)] = np.clip(values, 0, 1)
    return result


def boundary_distance(labels: np.ndarray, voxel_size: Sequence[float]) -> np.ndarray:
    """Distance from each voxel's centre to the nearest centre of a face between different ids; inf without any."""
    v = np.asarray(voxel_size, float)
    centres = []
    for axis in range(labels.ndim):
        step = np.eye(labels.ndim)[axis] / 2
        centres += [(q + step) * v for q in np.argwhere(np.diff(labels.astype(object), axis=axis) != 0)]
    if not centres:
        return np.full(labels.shape, np.inf)
    points = np.argwhere(np.ones(labels.shape, dtype=bool)) * v
    apart = np.linalg.norm(points[:, None] - np.array(centres)[None], axis=-1)
    return apart.min(1).reshape(labels.shape)


def signed_distance(labels: np.ndarray, voxel_size: Sequence[float], scale_factor: float) -> np.ndarray:
    """tanh(±d / scale_factor), plus inside objects."""
    distance = np.tanh(boundary_distance(labels, voxel_size) / scale_factor)
    return np.where(labels > 0, distance, -distance)


def distance_to_unknown(known: np.ndarray, voxel_size: Sequence[float]) -> np.ndarray:
    """Distance between voxel centres to the nearest voxel that is unknown or just outside the volume."""
    v = np.asarray(voxel_size, float)
    unknown = (np.argwhere(np.pad(~known, 1, constant_values=True)) - 1) * v
    points = np.argwhere(np.ones(known.shape, dtype=bool)) * v
    return np.linalg.norm(points[:, None] - unknown[None], axis=-1).min(1).reshape(known.shape)


def distance_margin(
    target: np.ndarray,
    known: np.ndarray,
    voxel_size: Sequence[float],
    scale_factor: float,
    epsilon: float,
    threshold: float,
) -> np.ndarray:
    """By how much a voxel's own target stays below what the unknown's distance amounts to; dropped at ≤ 0."""
    allowed = np.tanh(distance_to_unknown(known, voxel_size) / scale_factor)
    return allowed - np.minimum(abs(target.astype(float)) + epsilon, threshold)


class Balance:
    """Weights of two classes from counts that move on with every call."""

    def __init__(self, channels: int, clipmin: float = 0.05, clipmax: float = 0.95) -> None:
        self.clips = (clipmin, clipmax)
        self.count = [[0, 0] for _ in range(channels)]
        self.total = [1] * channels

    def __call__(self, positive: np.ndarray, mask: np.ndarray) -> np.ndarray:
        """Weights for a call's classes, [C, …], where `mask`, of the same shape, is True."""
        weight = np.zeros(positive.shape)
        for c, (classes, known) in enumerate(zip(positive, mask, strict=True)):
            now = [0, 0]
            for p in np.argwhere(known):
                now[int(classes[tuple(p)])] += 1
            self.total[c] += sum(now)
            for k in (0, 1):
                self.count[c][k] += now[k]
                share = min(max(self.count[c][k] / self.total[c], self.clips[0]), self.clips[1])
                if now[k]:
                    weight[c][known & (classes == k)] = 1 / (2 * share)
        return weight


def boundary_window(predictor: Any, dims: int) -> list[tuple[int, ...]]:
    """Offsets to all voxels within so many steps: step j leads along axes with a thickness of j or more, some at once."""
    radii = [predictor.thickness] * dims if isinstance(predictor.thickness, int) else predictor.thickness
    along = {"faces": 1, "edges": 2, "corners": 3}[predictor.connectivity]
    reached = {(0,) * dims}
    for j in range(1, max(radii) + 1):
        steps = product(*((-1, 0, 1) if r >= j else (0,) for r in radii))
        steps = [s for s in steps if sum(map(abs, s)) <= along]
        reached = {tuple(a + b for a, b in zip(p, s, strict=True)) for p in reached for s in steps}
    return sorted(reached)


def _ids_near(
    labels: np.ndarray, p: Sequence[int], offsets: Offsets, known: np.ndarray | None
) -> tuple[set[int], bool]:
    """The ids of the known voxels at these offsets, and whether there are others."""
    near = [partner(p, o, labels.shape) for o in offsets]
    seen = [q for q in near if q is not None and (known is None or known[q])]
    return {int(labels[q]) for q in seen}, len(seen) < len(near)


def _boundary_at(labels: np.ndarray, predictor: Any, p: tuple[int, ...], known: np.ndarray | None) -> tuple[bool, bool]:
    """Whether a voxel is of the boundary given what is known, and whether what isn't known may matter."""
    here, open_ = _ids_near(labels, p, boundary_window(predictor, labels.ndim), known)
    result = len(here if predictor.with_background else here - {0}) > 1
    if predictor.mode == "inner" and labels[p] == 0:
        return False, False
    if predictor.mode == "outer" and labels[p] > 0:
        radii = [predictor.thickness] * labels.ndim if isinstance(predictor.thickness, int) else predictor.thickness
        around, more = _ids_near(labels, p, list(product(*(range(-r, r + 1) for r in radii))), known)
        result, open_ = result and len(around - {0}) > 1, open_ or more
    return result, open_


def boundary(labels: np.ndarray, predictor: Any) -> np.ndarray:
    """Whether several ids lie in a voxel's window."""
    result = np.zeros(labels.shape)
    for p in np.ndindex(labels.shape):
        result[p] = _boundary_at(labels, predictor, p, None)[0]
    return result


def boundary_decided(labels: np.ndarray, predictor: Any, known: np.ndarray) -> np.ndarray:
    """Whether what is known of a voxel's window makes it a boundary, or all of it is known."""
    result = np.zeros(labels.shape, dtype=bool)
    for p in np.ndindex(labels.shape):
        is_boundary, open_ = _boundary_at(labels, predictor, p, known)
        result[p] = is_boundary or not open_
    return result
