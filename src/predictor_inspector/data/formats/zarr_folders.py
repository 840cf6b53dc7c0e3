"""Zarr folders: OME-Zarr, and arrays with funlib's or DaCapo's attributes."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from predictor_inspector.data.formats.attributes import described, describes_grid
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


def is_zarr_node(folder: Path) -> bool:
    """Whether `folder` is a zarr group or array, version 2 or 3."""
    return any((folder / name).is_file() for name in ("zarr.json", ".zgroup", ".zarray"))


class ZarrFolders(Format):
    """Zarr groups and arrays in folders, version 2 or 3."""

    suffixes = (".zarr",)
    metadata_names = ("zarr.json", ".zgroup", ".zarray", ".zattrs", ".zmetadata")

    def takes(self, path: Path) -> bool:
        return path.is_dir() and (path.suffix == ".zarr" or is_zarr_node(path))

    def arrays(self, container: Path, location: str = "") -> list[StoredArray | Unreadable]:
        folder = container / location
        found = list(_Walk(container).below(location)) if folder.is_dir() or folder.is_symlink() else []
        if not found and folder.is_dir() and not is_zarr_node(folder):
            raise ValueError(f"{folder} holds no zarr metadata: a zarr.json, .zgroup or .zarray file is missing")
        return found


@dataclass
class _Walk:
    """The search for arrays in a container, each of which is given once, whatever links lead to it."""

    container: Path
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
        folder = self.container / location
        real = os.path.realpath(folder)
        if location in levels or real in self.seen:
            return
        self.seen.add(real)
        source = str(folder)
        if not folder.exists():
            yield unreadable(location, source, "it is a link to what is not there")
            return
        try:
            is_array, attributes = _node(folder)
            if is_array:
                yield attempt(location, source, partial(_array, self.container, location))
                return
            refuse_table(attributes, source)
            if (multiscale := read_multiscale(attributes, source)) is not None:
                group = attempt(location, source, partial(_level, self.container, location, multiscale, 0))
                yield replace(group, location=location)
                levels |= {_joined(location, path) for path in multiscale.paths}
        except NotVoxels as error:
            yield unreadable(location, source, str(error), is_damage=False)
            return
        except (ValueError, OSError) as error:
            yield unreadable(location, source, str(error))
            levels |= {_joined(location, path) for path in _claimed(folder)}
        self.seen.update(os.path.realpath(self.container / level) for level in levels)
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


def _joined(location: str, inner: str) -> str:
    return f"{location}/{inner}".strip("/")


def _claimed(folder: Path) -> tuple[str, ...]:
    """The arrays that are part of a group whose metadata can't be read, as well as can be told."""
    try:
        named = named_levels(_node(folder)[1])
    except ValueError:
        named = ()
    return named or tuple(child.name for child in folder.iterdir() if child.is_dir() and _is_bare_array(child))


def _is_bare_array(folder: Path) -> bool:
    """Whether a folder is an array that leaves it to its group to say where it lies."""
    try:
        is_array, attributes = _node(folder)
    except ValueError:
        return False
    return is_array and not describes_grid(attributes)


def _array(container: Path, location: str) -> StoredArray:
    """An array, placed by the nearest multiscale group of which it is a level, else by its own attributes."""
    parts = location.split("/") if location else []
    for end in reversed(range(len(parts))):
        group, inner = "/".join(parts[:end]), "/".join(parts[end:])
        folder = container / group
        try:
            multiscale = read_multiscale(_node(folder)[1], str(folder))
        except ValueError:
            if inner in _claimed(folder):
                raise
            continue
        if multiscale is not None and inner in multiscale.paths:
            return _level(container, group, multiscale, multiscale.paths.index(inner))
    folder = container / location
    data, attributes = _open(folder, location), _node(folder)[1]
    names = getattr(data.metadata, "dimension_names", None)
    others = {"dimension_names": names} if names and any(names) else {}
    around, doubts = [], []
    try:
        around = [_node(folder.parent)[1]] if parts else []
    except ValueError:
        doubts = ["the metadata of its group are damaged, which may say more of it"]
    said = described(data, attributes, str(folder), others, around)
    said = replace(said, about=said.about.doubting(doubts))
    return StoredArray(location, said.array(), guess_kind(location or container.name, data.dtype), described=said)


def _level(container: Path, group: str, multiscale: Multiscale, index: int) -> StoredArray:
    paths = tuple(_joined(group, path) for path in multiscale.paths)
    folder, name, source = container / paths[index], multiscale.paths[index], multiscale.source
    if index and not multiscale.has_sizes:
        raise ValueError(
            f"{source}: it doesn't say how large the voxels of level {name!r} are; open the finest, {multiscale.paths[0]!r}"
        )
    if not _node(folder)[0]:
        raise ValueError(f"{source}: its metadata name level {name!r}, which is not there")
    data = _open(folder, paths[index])
    said = multiscale.described(index, data, [_node(folder)[1], _node(container / group)[1]])
    labels = multiscale.is_label or "labels" in group.split("/")[:-1]
    kind = guess_kind(group or container.name, data.dtype, labels) if labels else "image"
    levels = paths if multiscale.has_sizes else ()
    return StoredArray(paths[index], said.array(), kind, levels, multiscale.channel_names, said)


def _node(folder: Path) -> tuple[bool, dict[str, Any]]:
    """Whether a folder is an array, and its attributes."""
    if (folder / "zarr.json").is_file():
        content = _json(folder / "zarr.json")
        is_array, attributes = content.get("node_type") == "array", content.get("attributes", {})
    else:
        is_array = (folder / ".zarray").is_file()
        attributes = _json(folder / ".zattrs") if (folder / ".zattrs").is_file() else {}
    if not isinstance(attributes, dict):
        raise ValueError(f"{folder}: its attributes must be a JSON object, got {str(attributes)[:80]}")
    return is_array, attributes


def _json(file: Path) -> dict[str, Any]:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{file} is damaged: it is not valid JSON ({error})") from error
    if not isinstance(content, dict):
        raise ValueError(f"{file} is damaged: it must hold a JSON object, got {str(content)[:80]}")
    return content


def _open(folder: Path, location: str) -> Any:
    """The array in a folder; its metadata are read only."""
    import zarr

    version_3 = (folder / "zarr.json").is_file()
    file = folder / ("zarr.json" if version_3 else ".zarray")
    metadata = _json(file)
    try:
        shape, dtype = [int(n) for n in metadata["shape"]], _dtype(metadata)
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{file} is damaged: it has no valid shape and type ({error!r})") from error
    if dtype is not None:
        refuse_other_than_voxels(location, shape, dtype, str(folder))
    try:
        return zarr.open_array(folder, mode="r", zarr_format=3 if version_3 else 2)
    except (ValueError, KeyError, TypeError, LookupError, AttributeError) as error:
        raise ValueError(f"{file} is damaged: zarr can't open the array ({error!r})") from error


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
