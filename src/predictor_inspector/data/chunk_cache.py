"""LRU cache of the chunks of arrays in files."""

from __future__ import annotations

import threading
import weakref
from bisect import bisect_left, bisect_right
from collections import OrderedDict, deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from itertools import accumulate, count, pairwise, product
from math import prod
from typing import Any

import numpy as np
import torch

from predictor_inspector.core.array import Array
from predictor_inspector.data.lazy import Box, LazyArray

Index = tuple[int, ...]
Edges = tuple[list[int], ...]

DEFAULT_BUDGET = 1 << 29
"""Bytes of chunks that are kept for all arrays together."""

_READ_AT_ONCE = 1 << 26
"""Bytes: neighbouring chunks are read together up to this, so that files can decode them in parallel."""

_ENTRY = 256
"""Bytes that a kept chunk takes beside its values."""

_BLOCK = (16, 256, 256)
"""Voxels along the last axes of a chunk where the data have none of their own: 1 Mi of them."""


def _checked(budget: int) -> int:
    if budget < 0:
        raise ValueError(f"budget must be a number of bytes of at least 0, got {budget}")
    return budget


class ChunkCache:
    """Chunks of any number of arrays, at most `budget` bytes of them; safe to use from several threads.

    A chunk that several threads want is read by the first, and the others wait for it. Integers are kept in the narrowest
    type that holds the chunk's values, and a chunk of one value as that value. Chunks of data that nothing refers to any
    more are dropped.
    """

    def __init__(self, budget: int = DEFAULT_BUDGET) -> None:
        self._lock = threading.Lock()
        self._budget = _checked(budget)
        self._nbytes = 0
        self._chunks: OrderedDict[tuple[int, Index], np.ndarray] = OrderedDict()
        self._reading: dict[tuple[int, Index], Future[np.ndarray | None]] = {}
        # Data are told apart by identity; what has no weak references is held, so that its id is not used again.
        self._tokens: dict[int, tuple[int, Any]] = {}
        self._next_token = count()
        self._gone: deque[tuple[int, int]] = deque()

    @property
    def budget(self) -> int:
        """Bytes of chunks to keep."""
        return self._budget

    @budget.setter
    def budget(self, budget: int) -> None:
        with self._lock:
            self._budget = _checked(budget)
            self._shrink()

    @property
    def nbytes(self) -> int:
        """Bytes that are kept now."""
        with self._lock:
            self._drop_gone()
            return self._nbytes

    def forget(self, data: Any) -> None:
        """Drop all chunks of `data`, because they were edited."""
        with self._lock:
            self._drop_gone()
            known = self._tokens.pop(id(data), None)
            if known is not None:
                self._drop(known[0])

    def read(self, data: Any, edges: Edges, box: Box) -> np.ndarray:
        """The values in `box` of lazily sliced `data`, whose chunks begin and end at `edges`, per axis."""
        result = np.empty([s.stop - s.start for s in box], np.dtype(data.dtype))
        if result.size == 0:
            return result
        spans = [range(bisect_right(e, s.start) - 1, bisect_left(e, s.stop)) for e, s in zip(edges, box, strict=True)]
        kept: list[tuple[Index, np.ndarray]] = []
        awaited: list[tuple[Index, Future[np.ndarray | None]]] = []
        claimed: dict[Index, Future[np.ndarray | None]] = {}
        with self._lock:
            self._drop_gone()
            token = self._token(data)
            for index in product(*spans):
                key = (token, index)
                if key in self._chunks:
                    self._chunks.move_to_end(key)
                    kept.append((index, self._chunks[key]))
                elif key in self._reading:
                    awaited.append((index, self._reading[key]))
                else:
                    claimed[index] = self._reading[key] = Future()
        for index, chunk in kept:
            _paste(result, box, _box_of(index, edges), chunk)
        # Before waiting for other readers, so that no two wait for each other.
        self._read_claimed(data, edges, token, claimed, result, box)
        for index, future in awaited:
            chunk_box, found = _box_of(index, edges), future.result()
            # The reader that claimed it failed and raises its own error.
            _paste(result, box, chunk_box, np.asarray(data[chunk_box]) if found is None else found)
        return result

    def _read_claimed(
        self,
        data: Any,
        edges: Edges,
        token: int,
        claimed: dict[Index, Future[np.ndarray | None]],
        result: np.ndarray,
        box: Box,
    ) -> None:
        """Read the claimed chunks, keep them, and copy them to where they belong in `result`."""
        try:
            for first, last in _together(list(claimed), edges, np.dtype(data.dtype).itemsize):
                span = tuple(slice(e[a], e[b + 1]) for e, a, b in zip(edges, first, last, strict=True))
                values = np.asarray(data[span])
                _paste(result, box, span, values)
                for index in product(*(range(a, b + 1) for a, b in zip(first, last, strict=True))):
                    inside = tuple(
                        slice(c.start - s.start, c.stop - s.start)
                        for c, s in zip(_box_of(index, edges), span, strict=True)
                    )
                    chunk = narrowed(values[inside])
                    self._keep(data, token, index, chunk)
                    claimed.pop(index).set_result(chunk)
        finally:
            with self._lock:
                for index, future in claimed.items():
                    self._reading.pop((token, index), None)
                    future.set_result(None)

    def _keep(self, data: Any, token: int, index: Index, chunk: np.ndarray) -> None:
        with self._lock:
            self._reading.pop((token, index), None)
            # What was forgotten while it was read is outdated.
            if self._tokens.get(id(data), (None,))[0] == token and _cost(chunk) <= self._budget:
                self._chunks[token, index] = chunk
                self._nbytes += _cost(chunk)
                self._shrink()

    def _shrink(self) -> None:
        while self._nbytes > self._budget:
            self._nbytes -= _cost(self._chunks.popitem(last=False)[1])

    def _token(self, data: Any) -> int:
        known = self._tokens.get(id(data))
        if known is None:
            token, number = next(self._next_token), id(data)
            try:
                held: Any = weakref.ref(data, lambda _: self._gone.append((number, token)))
            except TypeError:
                held = data
            known = self._tokens[number] = (token, held)
        return known[0]

    def _drop_gone(self) -> None:
        """Drop the chunks of data that are gone. Finalisers only note it, as they may run while the lock is held."""
        while self._gone:
            number, token = self._gone.popleft()
            if self._tokens.get(number, (None,))[0] == token:
                del self._tokens[number]
            self._drop(token)

    def _drop(self, token: int) -> None:
        for key in [key for key in self._chunks if key[0] == token]:
            self._nbytes -= _cost(self._chunks.pop(key))


SHARED = ChunkCache()
"""The cache that arrays share by default."""


def cached(array: Array, cache: ChunkCache = SHARED) -> Array:
    """The same array, whose reads go through a cache of chunks; one that lies in memory is returned as it is.

    Chunks are those of the data (``data.chunks``, as zarr and dask have it), else blocks of about a million voxels. Arrays
    of the same data share their chunks. Select positions of channel axes after this, not before it.
    """
    if isinstance(array.data, (np.ndarray, torch.Tensor, CachedData)):
        return array
    return array.like(CachedData(array.data, cache), array.axis_names)


class CachedData(LazyArray):
    """A lazily sliced array whose chunks are kept in a cache; `chunks` is the shape of the largest."""

    def __init__(self, source: Any, cache: ChunkCache) -> None:
        self._source, self._cache = source, cache
        self.shape = tuple(int(n) for n in source.shape)
        self.dtype = np.dtype(source.dtype)
        self._edges = _edges(source, self.shape)
        self.chunks = tuple(max((b - a for a, b in pairwise(e)), default=0) for e in self._edges)

    def read(self, box: Box) -> np.ndarray:
        """The values in a box."""
        return self._cache.read(self._source, self._edges, box)


def narrowed(values: np.ndarray) -> np.ndarray:
    """A copy of `values`, integers in the narrowest type that holds them; what is the same everywhere is one value."""
    if values.dtype.kind not in "biu" or values.size == 0:
        return values.copy()
    low, high = values.min(), values.max()
    if low == high:
        return np.broadcast_to(np.array(low), values.shape)
    kind = "i" if low < 0 else "u"
    for bytes_ in (1, 2, 4):
        limits = np.iinfo(f"{kind}{bytes_}") if values.dtype.kind != "b" else None
        if limits is None or bytes_ >= values.dtype.itemsize:
            break
        if limits.min <= low and high <= limits.max:
            return values.astype(limits.dtype)
    return values.copy()


def _cost(chunk: np.ndarray) -> int:
    alone = chunk.size > 0 and not any(chunk.strides)
    return _ENTRY + (chunk.itemsize if alone else chunk.nbytes)


def _edges(data: Any, shape: tuple[int, ...]) -> Edges:
    """Where chunks begin along each axis, and where the last one ends."""
    chunks: Sequence[Any] | None = getattr(data, "chunks", None)
    if chunks is None:
        chunks = (1,) * max(0, len(shape) - len(_BLOCK)) + _BLOCK[max(0, len(_BLOCK) - len(shape)) :]
    return tuple(
        [0, *accumulate(int(c) for c in chunk)]
        if isinstance(chunk, Sequence)
        else [*range(0, n, max(1, int(chunk))), n]
        for chunk, n in zip(chunks, shape, strict=True)
    )


def _box_of(index: Index, edges: Edges) -> Box:
    return tuple(slice(e[i], e[i + 1]) for e, i in zip(edges, index, strict=True))


def _paste(result: np.ndarray, box: Box, source_box: Box, values: np.ndarray) -> None:
    """Copy what `values`, which lie in `source_box`, hold of `box` to `result`, which lies there."""
    lows = [max(b.start, s.start) for b, s in zip(box, source_box, strict=True)]
    highs = [min(b.stop, s.stop) for b, s in zip(box, source_box, strict=True)]
    there, here = (
        tuple(slice(low - o.start, high - o.start) for low, high, o in zip(lows, highs, origin, strict=True))
        for origin in (box, source_box)
    )
    result[there] = values[here]


def _together(indices: list[Index], edges: Edges, itemsize: int) -> Iterator[tuple[Index, Index]]:
    """Chunks as boxes of neighbours, each by its first and last chunk, that are read at once."""
    boxes = [(index, index) for index in indices]
    for axis in reversed(range(len(edges))):

        def others(box: tuple[Index, Index], axis: int = axis) -> tuple[Any, ...]:
            return tuple(corner[:axis] + corner[axis + 1 :] for corner in box)

        boxes.sort(key=lambda box: (others(box), box[0][axis]))
        merged: list[tuple[Index, Index]] = []
        for box in boxes:
            if merged and others(merged[-1]) == others(box) and merged[-1][1][axis] + 1 == box[0][axis]:
                wider = (merged[-1][0], box[1])
                size = prod(e[b + 1] - e[a] for e, a, b in zip(edges, *wider, strict=True))
                if size * itemsize <= _READ_AT_ONCE:
                    merged[-1] = wider
                    continue
            merged.append(box)
        boxes = merged
    yield from boxes
