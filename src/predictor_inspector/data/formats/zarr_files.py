"""Zarr containers in folders: their arrays and multiscale groups, whatever convention describes their geometry."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from predictor_inspector.data.formats.attributes import geometry_from_attributes
from predictor_inspector.data.formats.info import Format, StoredArray, guess_kind
from predictor_inspector.data.formats.ome_zarr import Multiscale, find_multiscale


def is_zarr_node(folder: Path) -> bool:
    """Whether `folder` is a zarr group or array, version 2 or 3."""
    return any((folder / name).is_file() for name in ("zarr.json", ".zgroup", ".zarray"))


def _exists(root: Path, location: str) -> bool:
    return (root / location).is_dir()


def _find(root: Path, location: str) -> StoredArray | None:
    folder = root / location
    if _is_array(folder):
        for group in _groups_above(location):
            multiscale = _multiscale(root, group)
            if multiscale is not None:
                inner = location[len(group) :].strip("/")
                if inner in multiscale.levels:
                    return _level(root, group, multiscale, multiscale.levels.index(inner))
        data = _open(folder)
        geometry = geometry_from_attributes(data.attrs.asdict(), data.shape, str(folder))
        return StoredArray(location, data, geometry, guess_kind(_kind_name(root, location), data.dtype))
    multiscale = _multiscale(root, location)
    return None if multiscale is None else _level(root, location, multiscale, 0, as_group=True)


def _walk(root: Path, location: str) -> list[StoredArray]:
    sources = list(_found(root, location, frozenset()))
    if not sources and not is_zarr_node(root / location):
        raise ValueError(f"{root / location} holds no zarr metadata: a zarr.json, .zgroup or .zarray file is missing")
    return sources


def _found(root: Path, location: str, taken: frozenset[str]) -> Iterator[StoredArray]:
    if location in taken:
        return
    source = _find(root, location)
    if source is not None:
        yield source
        taken |= set(source.levels)
    if not _is_array(root / location):
        for child in _children(root / location):
            yield from _found(root, f"{location}/{child.name}".strip("/"), taken)


def _level(root: Path, group: str, multiscale: Multiscale, level: int, as_group: bool = False) -> StoredArray:
    paths = tuple(f"{group}/{path}".strip("/") for path in multiscale.levels)
    folder = root / paths[level]
    if not _is_array(folder):
        missing = multiscale.levels[level]
        raise ValueError(f"{multiscale.source}: its metadata name level {missing!r}, which is not there")
    data = _open(folder)
    if data.ndim != len(multiscale.axis_names):
        raise ValueError(
            f"{multiscale.source}: level {multiscale.levels[level]!r} has {data.ndim} axes, "
            f"but the metadata name {len(multiscale.axis_names)}: {multiscale.axis_names}"
        )
    labels = multiscale.is_label or "labels" in group.split("/")[:-1]
    return StoredArray(
        group if as_group else paths[level],
        data,
        multiscale.geometry(level),
        guess_kind(group or root.name, data.dtype, labels) if labels else "image",
        level,
        paths,
        multiscale.channel_names,
    )


def _multiscale(root: Path, group: str) -> Multiscale | None:
    folder = root / group
    return find_multiscale(_group_attributes(folder), str(folder))


def _group_attributes(folder: Path) -> dict[str, Any]:
    if (folder / "zarr.json").is_file():
        attributes = _json(folder / "zarr.json").get("attributes", {})
    elif (folder / ".zattrs").is_file():
        attributes = _json(folder / ".zattrs")
    else:
        return {}
    if not isinstance(attributes, dict):
        raise ValueError(f"{folder}: its attributes must be a JSON object, got {str(attributes)[:80]}")
    return attributes


def _is_array(folder: Path) -> bool:
    if (folder / "zarr.json").is_file():
        return bool(_json(folder / "zarr.json").get("node_type") == "array")
    return (folder / ".zarray").is_file()


def _json(file: Path) -> dict[str, Any]:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{file} is damaged: it is not valid JSON ({error})") from error
    if not isinstance(content, dict):
        raise ValueError(f"{file} is damaged: it must hold a JSON object, got {str(content)[:80]}")
    return content


def _open(folder: Path) -> Any:
    import zarr

    version_3 = (folder / "zarr.json").is_file()
    metadata = folder / ("zarr.json" if version_3 else ".zarray")
    _json(metadata)
    try:
        return zarr.open_array(folder, mode="r", zarr_format=3 if version_3 else 2)
    except (ValueError, KeyError, TypeError, LookupError, AttributeError) as error:
        raise ValueError(f"{metadata} is damaged: zarr can't open the array ({error!r})") from error


def _groups_above(location: str) -> Iterator[str]:
    parts = location.split("/") if location else []
    for end in range(len(parts) - 1, -1, -1):
        yield "/".join(parts[:end])


def _children(folder: Path) -> Iterator[Path]:
    return iter(sorted(child for child in folder.iterdir() if child.is_dir() and not child.name.startswith(".")))


def _kind_name(root: Path, location: str) -> str:
    return location or root.name


ZARR = Format(_exists, _find, _walk)
