"""Ground truth to find things in: clean tissue, and what was planted in it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cache
from typing import Any

import numpy as np
from funlib.geometry import Roi

from predictor_inspector.core import AffinitiesPredictor, Array, DistancePredictor, Predictor
from predictor_inspector.inspection import inspect
from predictor_inspector.inspection.findings import Finding, find

VOXEL = (20, 20, 20)
"""At a subdivision of 2: 10 nm."""

CORNER = (200, 400, 600)
NEAREST = ((1, 0, 0), (0, 1, 0), (0, 0, 1))


def array(values: Any, axis_names: Sequence[str] | None = None) -> Array:
    """`values` with voxels of 10 nm, in an odd place and with a subdivision."""
    return Array(
        np.asarray(values), VOXEL[-min(3, np.ndim(values)) :], CORNER[-min(3, np.ndim(values)) :], axis_names, "nm", 2
    )


def cells(shape: Sequence[int] = (40, 40, 40), radius: int = 7, pitch: int = 18) -> np.ndarray:
    """Balls on background that touch neither each other nor the border."""
    return _cells(tuple(shape), radius, pitch).copy()


@cache
def _cells(shape: tuple[int, ...], radius: int, pitch: int) -> np.ndarray:
    labels = np.zeros(shape, dtype=np.uint16)
    grid = np.indices(shape)
    centres = [range(radius + 2, n - radius - 1, pitch) for n in shape]
    for number, centre in enumerate(np.stack(np.meshgrid(*centres, indexing="ij"), -1).reshape(-1, len(shape)), 1):
        labels[((grid - centre.reshape(-1, *(1,) * len(shape))) ** 2).sum(0) <= radius**2] = number
    return labels


def tissue(shape: Sequence[int] = (40, 40, 40), count: int = 24, seed: int = 3) -> np.ndarray:
    """Cells that fill all space, each nearest to its seed."""
    return _tissue(tuple(shape), count, seed).copy()


@cache
def _tissue(shape: tuple[int, ...], count: int, seed: int) -> np.ndarray:
    seeds = np.random.default_rng(seed).uniform(0, 1, (count, len(shape))) * shape
    voxels = np.stack(np.indices(shape), -1)
    apart = np.stack([((voxels - s) ** 2).sum(-1) for s in seeds])
    return (apart.argmin(0) + 1).astype(np.uint16)


def affinities(**parameters: Any) -> AffinitiesPredictor:
    return AffinitiesPredictor(**{"neighborhood": NEAREST, "lsds": False} | parameters)


def distance(**parameters: Any) -> DistancePredictor:
    return DistancePredictor(**{"channels": ["cells"], "scale_factor": 50, "mask_distances": False} | parameters)


def found(
    predictor: Predictor,
    gt: Array,
    kind: str,
    roi: Roi | None = None,
    mask: Array | None = None,
    **request: Any,
) -> list[Finding]:
    """The findings of one kind."""
    inspection = inspect(predictor, gt, roi, mask, "cpu", **request)
    return list(find(inspection, only=[kind]))


def serious(findings: Collection[Finding]) -> list[tuple[str, str]]:
    """What isn't merely good to know."""
    return [(f.id, f.message) for f in findings if f.severity != "info"]


def voxels(finding: Finding, gt: Array) -> np.ndarray:
    """Where a finding is, as flags over all of `gt`."""
    flags = np.zeros(tuple(gt.spatial_shape), dtype=bool)
    flags[gt.to_slices(finding.where.roi)] = finding.where.mask.numpy()
    assert flags.sum() == finding.where.voxels
    return flags
