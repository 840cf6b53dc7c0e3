"""Compressed array in a temporary file, for results that don't fit into memory."""

from __future__ import annotations

import errno
import os
import shutil
import sys
import tempfile
import weakref
from collections import OrderedDict
from collections.abc import Sequence
from itertools import product
from math import prod
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

from predictor_inspector.data.lazy import Box, LazyArray

_LASTING = Path("/var/tmp")
"""Where large temporary files go on Linux: /tmp often lies in memory."""


def scratch_folder() -> Path:
    """Where temporary files are made: what TMPDIR (or TEMP, TMP) says, else the system's place for large ones."""
    named = any(os.environ.get(name) for name in ("TMPDIR", "TEMP", "TMP"))
    if sys.platform == "linux" and not named and os.access(_LASTING, os.W_OK | os.X_OK):
        return _LASTING
    return Path(tempfile.gettempdir())


def scratch_room() -> int:
    """Bytes that are free where temporary files are made."""
    return shutil.disk_usage(scratch_folder()).free


class ScratchArray(LazyArray):
    """A float32 array in a temporary file that is gone with it, or with the process; NaN where nothing was written yet.

    May be read in one thread while another writes. Parts of the shape `chunks` are compressed each by itself, and up to
    `kept` bytes of those that were read last are kept decompressed.
    """

    def __init__(self, shape: Sequence[int], chunks: Sequence[int], kept: int = 0) -> None:
        from numcodecs import LZ4

        self.shape, self.dtype = tuple(int(n) for n in shape), np.dtype(np.float32)
        self.chunks = tuple(max(1, min(int(c), n)) for c, n in zip(chunks, self.shape, strict=True))
        self._codec = LZ4()
        self._empty = np.full((), np.nan, self.dtype)
        self._lock = Lock()
        self._folder = scratch_folder()
        self._file = tempfile.TemporaryFile(prefix="predictor-inspector-", dir=self._folder)  # noqa: SIM115
        weakref.finalize(self, self._file.close)
        self._end = 0
        self._places: dict[tuple[int, ...], tuple[int, int]] = {}
        self._kept: OrderedDict[tuple[int, ...], np.ndarray] = OrderedDict()
        self._most_kept = kept // max(1, prod(self.chunks) * self.dtype.itemsize)

    @property
    def nbytes_stored(self) -> int:
        """Size of the file."""
        return self._end

    def read(self, box: Box) -> np.ndarray:
        """The values in a box."""
        result = np.empty([s.stop - s.start for s in box], self.dtype)
        for index, here, there in self._chunks_in(box):
            result[there] = self._chunk(index)[here]
        return result

    def __setitem__(self, box: Box, values: np.ndarray) -> None:
        """Write a box; a full disk is an ``OSError`` that names the folder."""
        for index, here, there in self._chunks_in(box):
            part = values[there]
            if part.shape != self._shape_of(index):
                whole = np.array(self._chunk(index))
                whole[here] = part
                part = whole
            self._store(index, np.ascontiguousarray(part, self.dtype))

    def _chunks_in(self, box: Sequence[slice]) -> Any:
        """The chunks that a box touches: index, which part of the chunk, and which part of the box that is."""
        if any(s.stop <= s.start for s in box):
            return
        spans = [range(s.start // c, -(-s.stop // c)) for s, c in zip(box, self.chunks, strict=True)]
        for index in product(*spans):
            here, there = [], []
            for i, s, c, n in zip(index, box, self.chunks, self.shape, strict=True):
                low, high = max(s.start, i * c), min(s.stop, i * c + c, n)
                here.append(slice(low - i * c, high - i * c))
                there.append(slice(low - s.start, high - s.start))
            yield index, tuple(here), tuple(there)

    def _shape_of(self, index: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(min(c, n - i * c) for i, c, n in zip(index, self.chunks, self.shape, strict=True))

    def _chunk(self, index: tuple[int, ...]) -> np.ndarray:
        with self._lock:
            if index in self._kept:
                self._kept.move_to_end(index)
                return self._kept[index]
            place = self._places.get(index)
            if place is None:
                return np.broadcast_to(self._empty, self._shape_of(index))
            self._file.seek(place[0])
            packed = self._file.read(place[1])
        chunk = np.frombuffer(self._codec.decode(packed), self.dtype).reshape(self._shape_of(index))
        with self._lock:
            # Meanwhile another thread may have written it anew.
            if self._places[index] == place:
                self._kept[index] = chunk
                while len(self._kept) > self._most_kept:
                    self._kept.popitem(last=False)
        return chunk

    def _store(self, index: tuple[int, ...], chunk: np.ndarray) -> None:
        packed = self._codec.encode(chunk)
        with self._lock:
            try:
                self._file.seek(self._end)
                self._file.write(packed)
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise
                raise OSError(f"the disk of {self._folder} is full; set TMPDIR to a folder with more room") from error
            self._places[index] = (self._end, len(packed))
            self._end += len(packed)
            self._kept.pop(index, None)
