"""Target and weight of a region computed in tiles, in memory or in temporary files."""

from __future__ import annotations

from collections.abc import Sequence
from math import gcd, prod
from typing import Any

import torch

from predictor_inspector.core.array import Array
from predictor_inspector.data.stores.temporary import TemporaryArray
from predictor_inspector.inspection.engine.tiles import Tile, TiledInspection

_CHUNK = {2: (256, 256), 3: (16, 64, 64)}
"""Voxels of a chunk by the number of spatial axes, 256 KiB: flat, since slices along the first axis are shown most."""

_BYTES = 4  # per value: float32


def results_size(channels: int, shape: Sequence[int]) -> int:
    """Bytes of target and weight of a region of so many voxels; compressed they are smaller."""
    return 2 * _BYTES * channels * prod(int(n) for n in shape)


def chunk_shape(shape: Sequence[int], tile: Sequence[int]) -> tuple[int, ...]:
    """Voxels of a chunk such that tiles are whole numbers of chunks, so that none is compressed twice."""
    wanted = _CHUNK.get(len(shape), tuple(tile))
    return tuple(min(c, t) if t >= n or t < c else gcd(c, t) for c, t, n in zip(wanted, tile, shape, strict=True))


class HeldResults:
    """Target and weight of a tiled inspection, put together tile by tile: float32, [C, …spatial axes], NaN where unknown.

    They are tensors `in_memory`, or lie compressed in temporary files that are read when they are sliced, and deleted when
    nothing refers to them any more.
    """

    def __init__(self, tiled: TiledInspection, in_memory: bool) -> None:
        shape = tiled.request.shape
        chunks = chunk_shape(shape[1:], tiled.tile_shape)

        def empty() -> Array:
            data: Any = torch.full(shape, torch.nan) if in_memory else TemporaryArray(shape, (1, *chunks))
            return tiled.request.result(data)

        self.target, self.weight = empty(), empty()

    def write(self, tile: Tile) -> None:
        """Put in a tile: its target the first time, its weights once they are those of the whole."""
        if tile.fresh:
            _put(self.target, tile.target)
        if tile.balanced:
            _put(self.weight, tile.weight)


def _put(whole: Array, part: Array) -> None:
    box = (slice(0, whole.shape[0]), *whole.to_slices(part.roi))
    whole.data[box] = part.data if isinstance(whole.data, torch.Tensor) else part.numpy()
