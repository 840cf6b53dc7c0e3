"""Labels to measure on: synthetic cells of any size, and real ones where a file is given."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from scipy.spatial import cKDTree

VOXELS_PER_CELL = 30_000
"""About what neurites in a volume of 10 nm voxels have per 128 voxels of their length."""


def cells(shape: tuple[int, ...], seed: int = 0, background: float = 0.15) -> np.ndarray:
    """Cells around random points that fill the volume, some of them background: int16.

    Distances are warped by slow waves, which makes the walls curved.
    """
    rng = np.random.default_rng(seed)
    per_cell = VOXELS_PER_CELL if len(shape) == 3 else VOXELS_PER_CELL ** (2 / 3)
    count = max(8, round(np.prod(shape) / per_cell))
    points = rng.uniform(size=(count, len(shape))) * shape
    tree = cKDTree(points)
    ids = np.arange(1, count + 1, dtype=np.int16)
    ids[rng.random(count) < background] = 0
    result = np.empty(shape, dtype=np.int16)
    lines = [np.arange(n, dtype=np.float32) for n in shape]
    for z in range(shape[0]):
        grid = np.stack(np.meshgrid(np.float32([z]), *lines[1:], indexing="ij"), axis=-1)[0]
        warped = grid + 4 * np.sin(np.roll(grid, 1, axis=-1) / 17)
        result[z] = ids[tree.query(warped, workers=-1)[1]]
    return result


def real(path: Path, name: str | None, side: int) -> np.ndarray | None:
    """The middle `side` voxels along each axis of a label volume, or nearly as many; None if it is smaller."""
    from predictor_inspector.data import open_array

    array = open_array(path, name)
    side = min(side, *array.spatial_shape) if min(array.spatial_shape) > 0.9 * side else side
    if array.channel_dims or min(array.spatial_shape) < side:
        return None
    begin = [(n - side) // 2 for n in array.spatial_shape]
    return array[array.roi_of([slice(b, b + side) for b in begin])].numpy()
