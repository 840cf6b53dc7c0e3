"""`LocalShape`: an object in a Gaussian window around one voxel, from the definition in float64."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from predictor_inspector.core.ops.shape_descriptors import MINIMAL_VARIANCE, window_radius
from predictor_inspector.inspection.explanation.voxel import Window


@dataclass(frozen=True)
class LocalShape:
    """A voxel's object as seen through the Gaussian window around it.

    Attributes
    ----------
    sampled : tuple of int
        The voxel of the ground truth that the window is centred on: this one, or the one that stands for it when
        descriptors are downsampled.
    step : int
        Every how many voxels the object is looked at.
    radii : tuple of int
        Of the window, in steps, per axis.
    first : tuple of int
        The voxel of the ground truth that `mask` begins with; may lie before its first.
    mask : numpy.ndarray
        Boolean: which samples are of the object, on every `step`-th voxel, no larger than it takes.
    size : float
        The object's share of the window, weighted by the Gaussian.
    mean : numpy.ndarray
        [axes], in the unit of length: the weighted mean of the object's offsets from the centre.
    covariance : numpy.ndarray
        [axes, axes], in squared units: of those offsets.
    """

    sampled: tuple[int, ...]
    step: int
    radii: tuple[int, ...]
    first: tuple[int, ...]
    mask: np.ndarray
    size: float
    mean: np.ndarray
    covariance: np.ndarray

    @property
    def variance(self) -> np.ndarray:
        """The variances that count: never below the least."""
        return np.maximum(np.diag(self.covariance), MINIMAL_VARIANCE)


def local_shape(
    read: Callable[[Window], np.ndarray],
    extent: Sequence[int],
    at: Sequence[int],
    sigma: float,
    sizes: np.ndarray,
    step: int = 1,
    phase: Sequence[int] = (),
) -> LocalShape:
    """The shape of the object at a voxel, by the definition.

    Parameters
    ----------
    read : callable
        Gives the ids of a part of the volume, [Z, Y, X] or [Y, X].
    extent : sequence of int
        The volume's shape, in voxels.
    at : sequence of int
        The voxel.
    sigma : float
        Standard deviation of the window in the unit of length.
    sizes : numpy.ndarray
        Voxel size in that unit, per axis.
    step, phase
        As `downsample` and `phase` of the operation `shape_descriptors`.
    """
    phase = tuple(phase) or (0,) * len(extent)
    place = [(a + p) // step for a, p in zip(at, phase, strict=True)]
    radii = tuple(window_radius(sigma / (s * step), 1) for s in sizes)
    # Samples that lie before the volume's first voxel are background.
    lows = [max(c - r, -(-p // step)) for c, r, p in zip(place, radii, phase, strict=True)]
    highs = [min(c + r, (n - 1 + p) // step) for c, r, n, p in zip(place, radii, extent, phase, strict=True)]
    window = tuple(
        slice(low * step - p, max(low * step - p, high * step - p + 1), step)
        for low, high, p in zip(lows, highs, phase, strict=True)
    )
    mask = read(window) == read(tuple(slice(a, a + 1) for a in at))
    for axis in range(mask.ndim):
        used = np.flatnonzero(mask.any(tuple(a for a in range(mask.ndim) if a != axis)))
        low, high = (int(used[0]), int(used[-1]) + 1) if len(used) else (0, 0)
        lows[axis] += low
        mask = np.moveaxis(np.moveaxis(mask, axis, 0)[low:high], 0, axis)
    kernels = []
    for c, r, s, low, n in zip(place, radii, sizes * step, lows, mask.shape, strict=True):
        t = np.arange(-r, r + 1) * s
        norm = np.exp(-0.5 * (t / sigma) ** 2).sum()
        t = (np.arange(low, low + n) - c) * s
        w = np.exp(-0.5 * (t / sigma) ** 2) / norm
        kernels.append(np.stack([w, w * t, w * t * t]))
    moments = _moments(mask, kernels)
    dims = len(extent)
    size = float(moments[(0,) * dims])
    total = size or 1.0
    unit = np.eye(dims, dtype=int)
    mean = np.array([moments[tuple(unit[a])] / total for a in range(dims)])
    second = np.array([[moments[tuple(unit[a] + unit[b])] / total for b in range(dims)] for a in range(dims)])
    return LocalShape(
        sampled=tuple(c * step - p for c, p in zip(place, phase, strict=True)),
        step=step,
        radii=radii,
        first=tuple(low * step - p for low, p in zip(lows, phase, strict=True)),
        mask=mask,
        size=size,
        mean=mean,
        covariance=second - np.outer(mean, mean),
    )


def _moments(mask: np.ndarray, kernels: list[np.ndarray]) -> np.ndarray:
    """Sums of the mask times each product of kernels, [3] * axes; plane by plane, so that no wide copy is made."""
    if mask.ndim == 2:
        return np.asarray(kernels[0] @ mask.astype(np.float64) @ kernels[1].T)
    inner = np.zeros((3,) * (mask.ndim - 1) + (len(mask),))
    for i, plane in enumerate(mask):
        inner[..., i] = _moments(plane, kernels[1:])
    return np.moveaxis(inner @ kernels[0].T, -1, 0)
