"""Arrays of chunks, read lazily; decoded chunks of all of them are kept in one bounded pool."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any
from uuid import uuid4

import numpy as np
import torch

from predictor_inspector.core.array import Array
from predictor_inspector.data.lazy import Box, LazyArray, innermost
from predictor_inspector.data.stores import engine
from predictor_inspector.data.stores.engine import Spec

_BLOCK = 1 << 20
"""Values that are read from other arrays at once, so that their files are opened seldom."""


class StoreArray(LazyArray):
    """An array that tensorstore reads; what is damaged or can't be reached is an error that names the chunk's file or URL.

    `spec` is tensorstore's; `chunks` the shape of what is decoded at once. Values that were there when it was opened may be
    kept. Arrays can be read in forked processes, and pickled.
    """

    def __init__(self, spec: Spec) -> None:
        self._spec, self._token = spec, uuid4().hex
        self.shape, name, self.chunks = engine.describe(spec, self._token)
        if name not in np.sctypeDict:
            raise ValueError(f"it holds values of type {name}, not numbers")
        self.dtype = np.dtype(name)

    @property
    def is_remote(self) -> bool:
        """Whether it lies behind a URL."""
        return engine.is_remote(self._spec)

    def read(self, box: Box) -> np.ndarray:
        """The values in a box."""
        return engine.read_box(self._spec, self._token, box)


class PooledArray(LazyArray):
    """Another lazily sliced array, read in whole blocks, which the pool keeps."""

    def __init__(self, source: Any) -> None:
        self._source = source
        self.shape, self.dtype = tuple(int(n) for n in source.shape), np.dtype(source.dtype)
        self.chunks = _blocks(source, self.shape)
        self._pool: Any = None
        self._store: Any = None

    def read(self, box: Box) -> np.ndarray:
        """The values in a box."""
        if engine.is_forked():
            return np.asarray(self._source[box])
        values: np.ndarray = self._opened()[box].read(order="C").result()
        return values.astype(self.dtype, copy=False)

    def _opened(self) -> Any:
        import tensorstore as ts

        pool, store = self._pool, self._store
        if pool is not engine.context():
            pool = engine.context()
            # Threads of its own: the source may be made of arrays that need those of the pool.
            context = ts.Context({"data_copy_concurrency": {"limit": 2}}, pool)
            store = ts.virtual_chunked(
                self._block,
                dtype=ts.dtype(self.dtype.newbyteorder("=")),
                shape=self.shape,
                chunk_layout=ts.ChunkLayout(read_chunk_shape=self.chunks),
                context=context,
            )
            self._pool, self._store = pool, store
        return store

    def _block(self, domain: Any, values: np.ndarray, _parameters: Any) -> None:
        values[...] = self._source[domain.index_exp]


def pooled(array: Array) -> Array:
    """The same array, whose reads go through the pool; one that lies in memory or does so already is returned as it is.

    Select positions of channel axes after this, not before it.
    """
    data = array.data
    if isinstance(innermost(data), (np.ndarray, torch.Tensor, StoreArray, PooledArray)):
        return array
    if np.dtype(data.dtype).kind not in "biuf" or 0 in data.shape:
        return array
    return array.like(PooledArray(data), array.axis_names)


def _blocks(data: Any, shape: Sequence[int]) -> tuple[int, ...]:
    """The data's own chunks, or several of them where they are small."""
    chunks = getattr(data, "chunks", None) or (1,) * len(shape)
    block = [min(n, max(c) if isinstance(c, Sequence) else int(c)) for c, n in zip(chunks, shape, strict=True)]
    for axis in reversed(range(len(shape))):
        block[axis] = min(shape[axis], block[axis] * max(1, _BLOCK // prod(block)))
    return tuple(block)
