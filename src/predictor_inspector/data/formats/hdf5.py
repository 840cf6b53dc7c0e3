"""HDF5 files, with their datasets' attributes: CREMI's, ilastik's, PlantSeg's and others."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from predictor_inspector.data.formats.attributes import described
from predictor_inspector.data.formats.format import Format, StoredArray, guess_kind, optional_module
from predictor_inspector.data.lazy import Box, LazyArray

# One file may not be opened by one thread while another closes it, and h5py reads one at a time anyway.
_LOCK = threading.RLock()


@dataclass(frozen=True)
class Hdf5Dataset(LazyArray):
    """A dataset that is opened, read-only, for each read and closed after it, so that others may write to the file."""

    file: Path
    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    chunks: tuple[int, ...] | None = None

    def read(self, box: Box) -> np.ndarray:
        with _opened(self.file) as file:
            return np.asarray(file[self.name][box])


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    h5py = optional_module("h5py", "hdf5", f"reading {path}")
    with _LOCK:
        try:
            file = h5py.File(path, "r")
        except OSError as error:
            raise ValueError(f"{path} can't be opened as HDF5: {error}") from error
        with file:
            yield file


class Hdf5Files(Format):
    """HDF5 files."""

    suffixes = (".h5", ".hdf", ".hdf5")

    def arrays(self, container: Path, location: str = "") -> list[StoredArray]:
        with _opened(container) as file:
            return list(_found(container, location, file.get(location or "/")))


def _found(path: Path, location: str, node: Any) -> Iterator[StoredArray]:
    if hasattr(node, "keys"):
        for name in node:
            # A link whose target is gone is listed among the keys, and its node is None.
            yield from _found(path, f"{location}/{name}".strip("/"), node.get(name))
    elif getattr(node, "shape", ()) and node.dtype.kind in "biuf":
        yield _stored(path, location, node)


def _stored(path: Path, location: str, node: Any) -> StoredArray:
    data = Hdf5Dataset(path, location, tuple(int(n) for n in node.shape), np.dtype(node.dtype), node.chunks)
    source, around = f"{path}, dataset {location}", [dict(node.parent.attrs)]
    said = described(data, dict(node.attrs), source, around=around)
    return StoredArray(location, said.array(), guess_kind(location or path.stem, data.dtype), described=said)


HDF5 = Hdf5Files()
