"""Memory for results, used again once nobody holds the result any more.

The system hands out memory page by page, filled with zeros, which takes several times as long as to write affinities into
it. Whoever computes one result after the other, in a training loop or under a slider, lets the last go about when the next
is made: it may as well lie in the same place.
"""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from threading import RLock

import numpy as np
import torch

from predictor_inspector.core.machine import machine_memory

LARGE = 1 << 20
"""Bytes from which on it is worth the trouble."""

IDLE = 1 << 28
"""Bytes that are kept at most for results to come."""

LATEST = min(1 << 30, machine_memory() // 16)
"""Bytes that are kept for them if they are all one, the latest: whoever makes large results makes one after the other."""


class Shelf:
    """Blocks of memory that nobody uses, the latest last.

    Parameters
    ----------
    limit : int
        Bytes that are kept at most; the oldest blocks are let go first.
    latest : int
        Bytes that the latest block is kept with if that alone exceeds the limit.
    """

    def __init__(self, limit: int, latest: int = 0) -> None:
        self._limit, self._latest = limit, latest
        self._idle: list[np.ndarray] = []
        # Results end whenever Python finds it convenient: while this very thread takes a block, too.
        self._lock = RLock()

    @property
    def idle(self) -> int:
        """Bytes that are kept now."""
        with self._lock:
            return sum(block.nbytes for block in self._idle)

    def take(self, size: int) -> np.ndarray:
        """`size` bytes of anything, uint8; they come back by themselves when nothing refers to them any more."""
        with self._lock:
            fitting = [i for i, block in enumerate(self._idle) if size <= block.nbytes <= 2 * size]
            best = min(fitting, key=lambda i: self._idle[i].nbytes, default=None)
            block = np.empty(size, dtype=np.uint8) if best is None else self._idle.pop(best)
        lent = block[:size]
        weakref.finalize(lent, self._put_back, block).atexit = False
        return lent

    def clear(self) -> None:
        """Keep nothing of what is idle now."""
        with self._lock:
            self._idle.clear()

    def _put_back(self, block: np.ndarray) -> None:
        with self._lock:
            self._idle.append(block)
            while len(self._idle) > 1 and self.idle > self._limit:
                self._idle.pop(0)
            if self.idle > max(self._limit, self._latest):
                self._idle.clear()


_shelf = Shelf(IDLE, LATEST)


def release() -> None:
    """Give back what is kept for results to come."""
    _shelf.clear()


def empty(shape: Sequence[int], dtype: torch.dtype) -> torch.Tensor:
    """A tensor to write into, of any content."""
    size = int(np.prod(shape)) * dtype.itemsize
    # numpy asks for large pages, which are had sooner.
    block = _shelf.take(size) if size >= LARGE else np.empty(size, dtype=np.uint8)
    return torch.from_numpy(block).view(dtype).reshape(tuple(shape))
