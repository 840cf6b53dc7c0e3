"""Smooth random fields, the raw material of the samples."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def smooth_field(rng: np.random.Generator, shape: Sequence[int], knots: Sequence[int]) -> np.ndarray:
    """Random values, about normal, that vary as slowly as `knots` per axis say; ``float32``.

    Cubic interpolation between random knots, one axis after the other.
    """
    field = rng.standard_normal([k + 3 for k in knots]).astype(np.float32)
    # The axis that grows least comes first, so that the others work on as little as possible.
    for axis in sorted(range(len(shape)), key=lambda a: shape[a] / (knots[a] + 3)):
        field = np.moveaxis(np.tensordot(_spline(shape[axis], knots[axis]), field, (1, axis)), 0, axis)
    return np.ascontiguousarray(field)


def smooth_fields(rng: np.random.Generator, count: int, length: int, knots: int) -> np.ndarray:
    """`count` unrelated smooth lines of random values, [count, length]."""
    lines: np.ndarray = rng.standard_normal((count, knots + 3)).astype(np.float32) @ _spline(length, knots).T
    return lines


def blurred(values: np.ndarray, axes: Sequence[int], times: int = 1) -> np.ndarray:
    """`values` smoothed with ¼, ½, ¼ along `axes`, `times` over; edges are repeated."""
    for axis in [axis for axis in axes for _ in range(times)]:
        padded = np.pad(values, [(1, 1) if a == axis else (0, 0) for a in range(values.ndim)], mode="edge")
        n = values.shape[axis]
        low, middle, high = (padded[(slice(None),) * axis + (slice(i, i + n),)] for i in range(3))
        values = (low + 2 * middle + high) / 4
    return values


def _spline(n: int, knots: int) -> np.ndarray:
    """Weights [n, knots + 3] of a uniform cubic B-spline over `knots` intervals, scaled to keep the variance near 1."""
    position = np.linspace(0, knots, n, endpoint=False, dtype=np.float32)
    first = position.astype(int)
    t = position - first
    weights = np.zeros((n, knots + 3), np.float32)
    basis = ((1 - t) ** 3, 3 * t**3 - 6 * t**2 + 4, -3 * t**3 + 3 * t**2 + 3 * t + 1, t**3)
    for k, values in enumerate(basis):
        weights[np.arange(n), first + k] = values / 6
    weights /= np.sqrt((weights**2).sum(1).mean())
    return weights
