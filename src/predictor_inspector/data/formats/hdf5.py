"""HDF5 files, with their datasets' attributes: CREMI's, ilastik's, PlantSeg's and others."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from predictor_inspector.data.formats.attributes import described, plain
from predictor_inspector.data.formats.format import Format, StoredArray, guess_kind
from predictor_inspector.data.formats.ome_zarr import read_multiscale
from predictor_inspector.data.formats.unreadable import (
    NotVoxels,
    Unreadable,
    attempt,
    refuse_other_than_voxels,
    refuse_table,
    unreadable,
)
from predictor_inspector.data.lazy import Box, LazyArray

# One file may not be opened by one thread while another closes it, and h5py reads one at a time anyway.
_LOCK = threading.RLock()

_SIGNATURE = b"\x89HDF\r\n\x1a\n"


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
            try:
                return np.asarray(file[self.name][box])
            except (OSError, RuntimeError, KeyError) as error:
                raise ValueError(f"{self.file}, dataset {self.name} is damaged: {error}") from error


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    import h5py

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

    def takes(self, path: Path) -> bool:
        if not path.is_file():
            return False
        if path.suffix.lower() in self.suffixes:
            return True
        # NeXus, NWB, Imaris and others have names of their own.
        with path.open("rb") as file:
            return file.read(len(_SIGNATURE)) == _SIGNATURE

    def arrays(self, container: Path, location: str = "") -> list[StoredArray | Unreadable]:
        with _opened(container) as file:
            return list(_found(container, location, file))


def _found(path: Path, start: str, file: Any) -> Iterator[StoredArray | Unreadable]:
    """The arrays at or below `start`, each once, by the name that isn't a link to it where there is one."""
    known: set[Any] = set()
    links = [start]
    # Grows while it is walked through: what only links lead to comes after all that lies in the file itself.
    for location in links:
        try:
            node = file[location or "/"]
        except (KeyError, OSError, RuntimeError) as error:
            if (link := _link(file, location)) is not None:
                told = " in ".join((link.path, *([link.filename] if hasattr(link, "filename") else [])))
                yield unreadable(
                    location, _source(path, location), f"it is a link to {told}, which is not there ({_told(error)})"
                )
            continue
        yield from _below(path, location, node, known, links)


def _below(
    path: Path, location: str, node: Any, known: set[Any], links: list[str]
) -> Iterator[StoredArray | Unreadable]:
    if node in known:
        return
    known.add(node)
    if hasattr(node, "keys"):
        try:
            refuse_table(dict(node.attrs), _source(path, location))
            children = [(name, node.get(name, getlink=True)) for name in node]
        except (OSError, KeyError, RuntimeError, TypeError, ValueError) as error:
            yield unreadable(location, _source(path, location), _told(error), not isinstance(error, NotVoxels))
            return
        for name, link in children:
            child = f"{location}/{name}".strip("/")
            if hasattr(link, "path"):
                links.append(child)
                continue
            try:
                target = node[name]
            except (KeyError, OSError, RuntimeError) as error:
                yield unreadable(child, _source(path, child), f"it is damaged: {_told(error)}")
                continue
            yield from _below(path, child, target, known, links)
    elif hasattr(node, "shape"):  # all but types with a name of their own
        yield attempt(location, _source(path, location), partial(_stored, path, location, node))


def _link(file: Any, location: str) -> Any | None:
    """The soft or external link at `location`; None if there is none."""
    link = file.get(location, getlink=True) if location else None
    return link if hasattr(link, "path") else None


def _source(path: Path, location: str) -> str:
    return f"{path}, dataset {location or '/'}"


def _told(error: Exception) -> str:
    """The text of an error, without the quotes that a KeyError puts around it."""
    return str(error.args[0] if isinstance(error, KeyError) and error.args else error)


def _stored(path: Path, location: str, node: Any) -> StoredArray:
    source = _source(path, location)
    if node.shape is None:
        raise NotVoxels(f"{source}: it is empty")
    refuse_other_than_voxels(location, node.shape, node.dtype, source)
    _check_filters(node, source)
    _check_parts(path, node, source)
    data = Hdf5Dataset(path, location, tuple(int(n) for n in node.shape), np.dtype(node.dtype), node.chunks)
    attributes, group, name = dict(node.attrs), plain(dict(node.parent.attrs)), location.rpartition("/")[-1]
    # OME's metadata in an attribute of the group, as text.
    image = read_multiscale(group, source)
    if image is not None and name in image.paths:
        said = image.described(image.paths.index(name), data, [attributes, group])
    else:
        said = described(data, attributes, source, around=[group])
    return StoredArray(location, said.array(), guess_kind(location or path.stem, data.dtype), described=said)


def _check_parts(path: Path, node: Any, source: str) -> None:
    """Raise ``ValueError`` if values lie in files that aren't there, which HDF5 would read as zeros."""
    files = {part.file_name for part in node.virtual_sources()} if node.is_virtual else set()
    for name in sorted(files - {"."}):
        if "%" not in name and not (path.parent / name).exists():
            raise ValueError(f"{source}: parts of it lie in {name}, which is not there")


def _check_filters(node: Any, source: str) -> None:
    """Raise ``ValueError`` if the values are compressed in a way that nothing installed can decode."""
    from h5py import h5z

    stored = node.id.get_create_plist()
    for index in range(stored.get_nfilters()):
        code, _, _, name = stored.get_filter(index)
        if not h5z.filter_avail(code):
            # Its import makes more of them available.
            with suppress(ImportError):
                import_module("hdf5plugin")
        if not h5z.filter_avail(code):
            told = name.decode(errors="replace") if isinstance(name, bytes) else name
            raise ValueError(f"{source}: it needs HDF5's filter {code} ({told or 'unnamed'}): pip install hdf5plugin")


HDF5 = Hdf5Files()
