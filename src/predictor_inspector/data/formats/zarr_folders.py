"""Zarr: OME-Zarr, and arrays with attributes, in folders, zip files and behind URLs."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from predictor_inspector.data.formats.attributes import described, describes_grid
from predictor_inspector.data.formats.axes import Axis, Described
from predictor_inspector.data.formats.encodings import is_annotation
from predictor_inspector.data.formats.format import Format, StoredArray, guess_kind
from predictor_inspector.data.formats.ome_zarr import Multiscale, named_levels, read_multiscale
from predictor_inspector.data.formats.unreadable import (
    NotVoxels,
    Unreadable,
    attempt,
    refuse_other_than_voxels,
    refuse_table,
    unreadable,
)
from predictor_inspector.data.lazy import Box, LazyArray
from predictor_inspector.data.stores.chunks import StoreArray
from predictor_inspector.data.stores.path import StorePath, kvstore_of, read_json


def is_zarr_node(folder: Path | StorePath) -> bool:
    """Whether `folder` is a zarr group or array, version 2 or 3."""
    return any((folder / name).is_file() for name in ("zarr.json", ".zgroup", ".zarray"))


class ZarrFolders(Format):
    """Zarr groups and arrays, version 2 or 3."""

    suffixes = (".zarr", ".zarr.zip")
    reads_stores = True
    metadata_names = ("zarr.json", ".zgroup", ".zarray", ".zattrs", ".zmetadata")

    def takes(self, path: Path | StorePath) -> bool:
        if path.suffix == ".zip" and not isinstance(path, Path):
            return is_zarr_node(path) or any(c.suffix == ".zarr" or is_zarr_node(c) for c in path.iterdir())
        return is_zarr_node(path) or (path.suffix == ".zarr" and path.is_dir())

    def arrays(self, container: Path | StorePath, location: str = "") -> list[StoredArray | Unreadable]:
        folder = container / location
        found = list(_Walk(_Container(container)).below(location)) if folder.is_dir() or folder.is_symlink() else []
        if not found and folder.is_dir() and not is_zarr_node(folder):
            raise ValueError(f"{folder} holds no zarr metadata: a zarr.json, .zgroup or .zarray file is missing")
        return found


@dataclass
class _Walk:
    """The search for arrays in a container, each of which is given once, whatever links lead to it."""

    container: _Container
    seen: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)

    def below(self, location: str) -> Iterator[StoredArray | Unreadable]:
        """The arrays at or below `location`; those that only links lead to come last."""
        yield from self._folder(location, frozenset())
        # It grows meanwhile: where a link leads, there may be more of them.
        for link in self.links:
            yield from self._folder(link, frozenset())

    def _folder(self, location: str, levels: frozenset[str]) -> Iterator[StoredArray | Unreadable]:
        """What is at or below `location`, but for `levels` of the groups above."""
        folder = self.container.root / location
        real = _real(folder)
        if location in levels or real in self.seen:
            return
        self.seen.add(real)
        source = str(folder)
        if not folder.exists():
            yield unreadable(location, source, "it is a link to what is not there")
            return
        try:
            is_array, attributes = self.container.node(location)
            if is_array:
                yield attempt(location, source, partial(self.container.array, location))
                return
            refuse_table(attributes, source)
            if (multiscale := read_multiscale(attributes, source)) is not None:
                group = attempt(location, source, partial(self.container.level, location, multiscale, 0))
                yield replace(group, location=location)
                levels |= {_joined(location, path) for path in multiscale.paths}
        except NotVoxels as error:
            yield unreadable(location, source, str(error), is_damage=False)
            return
        except (ValueError, OSError) as error:
            yield unreadable(location, source, str(error))
            levels |= {_joined(location, path) for path in self.container.claimed(location)}
        self.seen.update(_real(self.container.root / level) for level in levels)
        try:
            children = sorted(child for child in folder.iterdir() if not child.name.startswith("."))
        except OSError as error:
            yield unreadable(location, source, str(error))
            return
        for child in children:
            inner = _joined(location, child.name)
            if child.is_symlink():
                self.links += [inner] if inner not in levels and (child.is_dir() or not child.exists()) else []
            elif child.is_dir():
                yield from self._folder(inner, levels)


class _Container:
    """A container that arrays are searched for in; each of its files of metadata is read once."""

    def __init__(self, root: Path | StorePath) -> None:
        self.root, self._read = root, cache(read_json)
        self._known: dict[str, tuple[bool, dict[str, Any]]] = {}

    def node(self, location: str) -> tuple[bool, dict[str, Any]]:
        """Whether a folder is an array, and its attributes."""
        if location not in self._known:
            self._known[location] = self._node(location)
        return self._known[location]

    def _node(self, location: str) -> tuple[bool, dict[str, Any]]:
        folder = self.root / location
        content = self._read(folder / "zarr.json")
        if content is not None:
            is_array, attributes = content.get("node_type") == "array", content.get("attributes") or {}
        else:
            is_array, attributes = (folder / ".zarray").is_file(), self._read(folder / ".zattrs") or {}
        if not isinstance(attributes, dict):
            raise ValueError(f"{folder}: its attributes must be a JSON object, got {str(attributes)[:80]}")
        return is_array, attributes

    def claimed(self, location: str) -> tuple[str, ...]:
        """The arrays that are part of a group whose metadata can't be read, as well as can be told."""
        try:
            named = named_levels(self.node(location)[1])
        except ValueError:
            named = ()
        if named:
            return named
        children = (child for child in (self.root / location).iterdir() if child.is_dir())
        return tuple(child.name for child in children if self._is_bare_array(_joined(location, child.name)))

    def _is_bare_array(self, location: str) -> bool:
        """Whether a folder is an array that leaves it to its group to say where it lies."""
        try:
            is_array, attributes = self.node(location)
        except ValueError:
            return False
        return is_array and not describes_grid(attributes)

    def array(self, location: str) -> StoredArray:
        """An array, placed by the nearest multiscale group of which it is a level, else by its own attributes."""
        parts = location.split("/") if location else []
        for end in reversed(range(len(parts))):
            group, inner = "/".join(parts[:end]), "/".join(parts[end:])
            try:
                multiscale = read_multiscale(self.node(group)[1], str(self.root / group))
            except ValueError:
                if inner in self.claimed(group):
                    raise
                continue
            if multiscale is not None and inner in multiscale.paths:
                return self.level(group, multiscale, multiscale.paths.index(inner))
        group = "/".join(parts[:-1])
        (data, metadata), attributes = self._opened(location), self.node(location)[1]
        around, doubts = [], []
        try:
            around = [self.node(group)[1]] if parts else []
        except ValueError:
            doubts = ["the metadata of its group are damaged, which may say more of it"]
        said = described(data, attributes, str(self.root / location), _dimension_names(metadata), around)
        said = replace(said, about=said.about.doubting(doubts))
        names = attributes.get("_ARRAY_DIMENSIONS") or metadata.get("dimension_names")
        if parts and isinstance(names, list) and len(names) == data.ndim and said.sizes is None is said.origins:
            said = self._with_coordinates(said, group, names)
        kind = guess_kind(location or self.root.name, data.dtype, is_annotation((attributes, *around)))
        return StoredArray(location, said.array(), kind, described=said)

    def level(self, group: str, multiscale: Multiscale, index: int) -> StoredArray:
        """An array of a multiscale group."""
        paths = tuple(_joined(group, path) for path in multiscale.paths)
        name, source = multiscale.paths[index], multiscale.source
        if index and not multiscale.has_sizes:
            raise ValueError(
                f"{source}: it doesn't say how large the voxels of level {name!r} are; "
                f"open the finest, {multiscale.paths[0]!r}"
            )
        is_array, attributes = self.node(paths[index])
        if not is_array:
            raise ValueError(f"{source}: its metadata name level {name!r}, which is not there")
        data, metadata = self._opened(paths[index])
        around = [attributes, self.node(group)[1]]
        said = multiscale.described(index, data, around, _dimension_names(metadata))
        labels = multiscale.is_label or "labels" in group.split("/")[:-1] or is_annotation(around)
        kind = guess_kind(group or self.root.name, data.dtype, labels) if labels else "image"
        levels = paths if multiscale.has_sizes else ()
        return StoredArray(paths[index], said.array(), kind, levels, multiscale.channel_names, said)

    def _with_coordinates(self, said: Described, group: str, names: Sequence[str | None]) -> Described:
        """With the places of voxels' centres, which xarray keeps in an array beside it, called as the axis is."""
        axes, doubts = [Axis() for _ in names], []
        for index, (name, count) in enumerate(zip(names, said.data.shape, strict=True)):
            if not name or count < 2:
                continue
            beside = _joined(group, name)
            try:
                values = self._coordinates(beside, count)
            except (ValueError, OSError, LookupError) as error:
                doubts.append(f"the coordinates of {name} can't be read: {error}")
                continue
            if values is None:
                continue
            size = float(f"{(values[-1] - values[0]) / (count - 1):.9g}")
            if size > 0 and np.allclose(np.diff(values), size, rtol=1e-6):
                unit = self.node(beside)[1].get("units")
                axes[index] = Axis(None, None, size, unit if isinstance(unit, str) else None, float(values[0]))
            else:
                doubts.append(f"the coordinates of {name} aren't evenly spaced, and aren't used")
        if all(axis == Axis() for axis in axes):
            return replace(said, about=said.about.doubting(doubts))
        about = said.about.doubting(doubts)
        return replace(said, sayings={**said.sayings, "coordinates": axes}, place="centre", about=about)

    def _coordinates(self, location: str, count: int) -> np.ndarray | None:
        """The values of an array of so many numbers in a row; None if there is none in the folder."""
        folder = self.root / location
        version_3 = self._read(folder / "zarr.json")
        metadata = version_3 or self._read(folder / ".zarray") or {}
        dtype = _dtype(metadata) if metadata.get("shape") == [count] else None
        if dtype is None or dtype.kind not in "iuf":
            return None
        return np.asarray(StoreArray(_spec(folder, metadata))[:], dtype=np.float64)

    def _opened(self, location: str) -> tuple[LazyArray, dict[str, Any]]:
        """The array in a folder, of which nothing but its metadata is read, and these."""
        folder = self.root / location
        file = folder / ("zarr.json" if self._read(folder / "zarr.json") is not None else ".zarray")
        metadata = self._read(file) or {}
        try:
            shape, dtype = [int(n) for n in metadata["shape"]], _dtype(metadata)
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{file} is damaged: it has no valid shape and type ({error!r})") from error
        if dtype is not None:
            refuse_other_than_voxels(location, shape, dtype, str(folder))
        separator = _found_separator(folder, file, metadata)
        try:
            return StoreArray(_spec(folder, metadata, separator)), metadata
        except ValueError as error:
            if isinstance(folder, Path):
                with suppress(Exception):  # whatever it is, the first error says more
                    return _OtherCodecs(folder), metadata
            raise ValueError(f"{file} is damaged: {str(error).rpartition(' is damaged: ')[2]}") from error


def _real(folder: Path | StorePath) -> str:
    """Where a folder lies, whatever links lead to it."""
    return os.path.realpath(folder) if isinstance(folder, Path) else str(folder)


def _joined(location: str, inner: str) -> str:
    return f"{location}/{inner}".strip("/")


def _dimension_names(metadata: dict[str, Any]) -> dict[str, list[str | None]]:
    names = metadata.get("dimension_names")
    return {"dimension_names": names} if names and any(names) else {}


_METADATA_2 = ("zarr_format", "shape", "chunks", "dtype", "compressor", "fill_value", "order", "filters")


def _spec(folder: Path | StorePath, metadata: Mapping[str, Any], separator: str | None = None) -> dict[str, Any]:
    """What tensorstore opens; it reads no metadata again, unless some are missing: then it says which."""
    is_3 = metadata.get("zarr_format") == 3
    if is_3:
        needed = {k: v for k, v in metadata.items() if k != "attributes" and not _may_be_ignored(v)}
    else:
        needed = {key: metadata[key] for key in (*_METADATA_2, "dimension_separator") if key in metadata}
        needed |= {"dimension_separator": separator} if separator else {}
    opened = {"driver": "zarr3" if is_3 else "zarr", "kvstore": kvstore_of(folder)}
    return {**opened, "metadata": needed, "assume_metadata": True}


def _may_be_ignored(value: Any) -> bool:
    return isinstance(value, dict) and value.get("must_understand") is False


class _OtherCodecs(LazyArray):
    """An array whose chunks only zarr-python can decode: with filters, or packed in a way of numcodecs' own."""

    def __init__(self, folder: Path) -> None:
        import zarr

        self._folder = folder
        self._array: Any = zarr.open_array(str(folder), mode="r")
        self.shape, self.dtype, self.chunks = self._array.shape, self._array.dtype, self._array.chunks

    def read(self, box: Box) -> np.ndarray:
        try:
            return np.asarray(self._array[box])
        except Exception as error:  # each codec has errors of its own
            raise ValueError(f"a chunk of {self._folder} is damaged: {type(error).__name__}: {error}") from error


_CHUNK_NAMES = {
    ("v2", "."): re.compile(r"\d+(\.\d+)+"),
    ("v2", "/"): re.compile(r"\d+"),
    ("default", "."): re.compile(r"c(\.\d+)+"),
    ("default", "/"): re.compile("c"),
}
"""What lies in an array's folder, by what its metadata say of the names of chunks."""


def _found_separator(folder: Path | StorePath, file: Path | StorePath, metadata: dict[str, Any]) -> str | None:
    """What stands between the numbers in the names of chunks, where the metadata don't say it and it isn't a dot.

    Where they say something else than what lies there, all chunks would seem to be missing: a ``ValueError``.
    """
    encoding, style = metadata.get("chunk_key_encoding"), "v2"
    said = metadata.get("dimension_separator")
    if isinstance(encoding, dict):
        style = str(encoding.get("name", "default"))
        said = (encoding.get("configuration") or {}).get("separator", "/" if style == "default" else ".")
    usual = (style, said or ".")
    if usual not in _CHUNK_NAMES or (isinstance(folder, StorePath) and folder.is_remote):
        return None
    found = None
    for child in folder.iterdir():
        kind = next((kind for kind, name in _CHUNK_NAMES.items() if name.fullmatch(child.name)), None)
        if kind == usual:
            return None
        found = found or kind
    if found is None:
        return None
    if said is None and found[0] == style:
        return found[1]
    names = [f"{'c' + s if kind == 'default' else ''}0{s}0" for kind, s in (usual, found)]
    raise ValueError(f"{file} is damaged: it says that chunks have names like {names[0]}, but they are like {names[1]}")


_TEXT = (
    "string",
    "bytes",
    "fixed_length_utf32",
    "null_terminated_bytes",
    "variable_length_bytes",
    "vlen-utf8",
    "vlen-bytes",
)


def _dtype(metadata: dict[str, Any]) -> np.dtype[Any] | None:
    """The type that an array's metadata name, so that no engine need know it; None for what only an engine may know."""
    if "data_type" not in metadata:
        named: Any = metadata["dtype"]
        return _as_dtype([tuple(field) for field in named] if isinstance(named, list) else named)
    said = metadata["data_type"]
    name, configuration = (said["name"], said.get("configuration", {})) if isinstance(said, dict) else (said, {})
    if name in _TEXT:
        return _as_dtype("U1")
    if name in ("struct", "structured"):
        fields = configuration["fields"]
        return _as_dtype([(str(field[0] if isinstance(field, list) else field["name"]), "u1") for field in fields])
    try:
        return _as_dtype(name.removeprefix("numpy."))
    except TypeError:
        return None


def _as_dtype(named: Any) -> np.dtype[Any]:
    dtype: np.dtype[Any] = np.dtype(named)
    return dtype


ZARR = ZarrFolders()
