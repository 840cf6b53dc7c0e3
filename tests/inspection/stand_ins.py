"""Findings to test with, where what is found doesn't matter."""

from __future__ import annotations

from typing import Any

import numpy as np

from predictor_inspector.core import Array
from predictor_inspector.inspection.findings import Cure, Finding, VoxelSet


def stand_in(
    id: str = "zero-weight",
    severity: Any = "warning",
    message: str = "12 voxels have no weight.",
    advice: str = "Look at the mask.",
    channels: tuple[str, ...] = (),
    voxels: int = 12,
    cure: Cure | None = None,
) -> Finding:
    """A finding about so many voxels."""
    grid = Array(np.zeros((1, 1, voxels), dtype=np.uint8), (1, 1, 1))
    return Finding(id, severity, message, advice, channels, VoxelSet.box(grid.roi, grid), {}, cure)
