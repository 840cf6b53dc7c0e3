"""Buffer pool: memory of results that nobody refers to any more, used again for new ones.

The system hands out memory page by page, filled with zeros, which takes several times as long as writing affinities into
it. In a training loop or under a slider one result follows the other, and the last is gone when the next is made.
"""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from threading import RLock

import numpy as np
import torch

from predictor_inspector.core.machine import machine_memory

LARGE = 1 << 20
"""Results of fewer bytes get new memory."""

IDLE = 1 << 28
"""Bytes that are kept at most."""

LATEST = min(1 << 30, machine_memory() // 16)
"""Bytes that are kept if they are a single buffer, the latest: large results follow each other."""


class BufferPool:
    """Idle buffers, the latest last.

    At most `limit` bytes are kept, the oldest are freed first; the latest buffer alone may have up to `latest`.
    """

    def __init__(self, limit: int, latest: int = 0) -> None:
        self._limit, self._latest = limit, latest
        self._idle: list[np.ndarray] = []
        # Results are freed at any time, even while this very thread takes a buffer.
        self._lock = RLock()

    @property
    def idle(self) -> int:
        """Bytes that are kept now."""
        with self._lock:
            return sum(buffer.nbytes for buffer in self._idle)

    def take(self, size: int) -> np.ndarray:
        """`size` bytes of anything, uint8; they come back by themselves when nothing refers to them any more."""
        with self._lock:
            fitting = [i for i, buffer in enumerate(self._idle) if size <= buffer.nbytes <= 2 * size]
            best = min(fitting, key=lambda i: self._idle[i].nbytes, default=None)
            buffer = np.empty(size, dtype=np.uint8) if best is None else self._idle.pop(best)
        lent = buffer[:size]
        weakref.finalize(lent, self._put_back, buffer).atexit = False
        return lent

    def clear(self) -> None:
        """Free all idle buffers."""
        with self._lock:
            self._idle.clear()

    def _put_back(self, buffer: np.ndarray) -> None:
        with self._lock:
            self._idle.append(buffer)
            while len(self._idle) > 1 and self.idle > self._limit:
                self._idle.pop(0)
            if self.idle > max(self._limit, self._latest):
                self._idle.clear()


pool = BufferPool(IDLE, LATEST)


def empty(shape: Sequence[int], dtype: torch.dtype) -> torch.Tensor:
    """A tensor to write into, of any content."""
    size = int(np.prod(shape)) * dtype.itemsize
    # numpy asks for large pages, which the system hands out faster.
    buffer = pool.take(size) if size >= LARGE else np.empty(size, dtype=np.uint8)
    return torch.from_numpy(buffer).view(dtype).reshape(tuple(shape))
