"""Erosion of all objects at once."""

from __future__ import annotations

import torch


def surviving(labels: torch.Tensor, iterations: int) -> torch.Tensor:
    """Which voxels remain when every object is eroded `iterations` times, as gunpowder's GrowBoundary does: boolean.

    `labels` are integer ids with any number of axes. A voxel goes when one of its face neighbours (4 in 2-D, 6 in 3-D) is
    of another id or has gone in an earlier iteration. What lies outside the volume counts as the same object. Background,
    id 0, is treated like any id.
    """
    alive = torch.ones(labels.shape, dtype=torch.bool, device=labels.device)
    faces = [labels.narrow(d, 1, n - 1) == labels.narrow(d, 0, n - 1) for d, n in enumerate(labels.shape)]
    for _ in range(iterations):
        before = alive.clone()
        for d, (n, same) in enumerate(zip(labels.shape, faces, strict=True)):
            alive.narrow(d, 0, n - 1).logical_and_(same & before.narrow(d, 1, n - 1))
            alive.narrow(d, 1, n - 1).logical_and_(same & before.narrow(d, 0, n - 1))
    return alive
