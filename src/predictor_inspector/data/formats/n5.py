"""N5 containers, which list their axes x first, with the sizes that others write in them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from predictor_inspector.data.formats.attributes import described
from predictor_inspector.data.formats.format import Format, StoredArray, guess_kind
from predictor_inspector.data.formats.unreadable import NotVoxels, Unreadable, attempt, refuse_other_than_voxels
from predictor_inspector.data.lazy import Transposed
from predictor_inspector.data.stores.chunks import StoreArray
from predictor_inspector.data.stores.path import StorePath, kvstore_of, read_json

_ATTRIBUTES = "attributes.json"
_LEVEL = re.compile(r"s(\d+)")
_STORAGE = ("dimensions", "dataType", "blockSize", "compression")
_SIZES = ("pixelResolution", "resolution", "voxel_size")
_PASSED_ON = (*_SIZES, "offset", "units", "axes")


class N5Containers(Format):
    """N5 groups and arrays."""

    suffixes = (".n5",)
    metadata_names = (_ATTRIBUTES,)
    reads_stores = True

    def takes(self, path: Path | StorePath) -> bool:
        return (path / _ATTRIBUTES).is_file() or (path.suffix == ".n5" and path.is_dir())

    def arrays(self, container: Path | StorePath, location: str = "") -> Iterator[StoredArray | Unreadable]:
        return _found(container, location)


def _found(container: Path | StorePath, location: str) -> Iterator[StoredArray | Unreadable]:
    """The arrays at or below `location`; a group of levels ``s0``, ``s1`` … is given once, as the finest."""
    folder = container / location
    if _is_array(folder):
        yield attempt(location, str(folder), partial(_array, container, location))
        return
    names = [child.name for child in folder.iterdir() if child.is_dir()] if folder.is_dir() else []
    levels = sorted((n for n in names if _LEVEL.fullmatch(n) and _is_array(folder / n)), key=lambda n: int(n[1:]))
    if levels and levels[0] == "s0":
        paths = tuple(f"{location}/{name}".strip("/") for name in levels)
        finest = attempt(location, str(folder), partial(_array, container, paths[0]))
        yield finest if isinstance(finest, Unreadable) else replace(finest, location=location, levels=paths)
        names = [name for name in names if name not in levels]
    for name in sorted(names):
        yield from _found(container, f"{location}/{name}".strip("/"))


def _is_array(folder: Path | StorePath) -> bool:
    return {"dimensions", "dataType"} <= _attributes(folder).keys()


def _attributes(folder: Path | StorePath) -> dict[str, Any]:
    return read_json(folder / _ATTRIBUTES) or {}


def _array(container: Path | StorePath, location: str) -> StoredArray:
    folder, source = container / location, f"{container}/{location}".rstrip("/")
    attributes = _attributes(folder)
    group = _attributes(folder.parent) if location else {}
    if attributes.get("isLabelMultiset"):
        raise NotVoxels(f"{source}: it is a label multiset of Paintera, with several ids in a voxel")
    stored = StoreArray({"driver": "n5", "kvstore": kvstore_of(folder)})
    refuse_other_than_voxels(location, stored.shape, stored.dtype, source)
    data = Transposed(stored, tuple(reversed(range(stored.ndim))))
    around = [group] if group else []
    said = described(data, _completed(folder, attributes, group), source, around=around, n5=True)
    return StoredArray(location, said.array(), guess_kind(location or folder.stem, stored.dtype), described=said)


def _completed(folder: Path | StorePath, attributes: dict[str, Any], group: Mapping[str, Any]) -> dict[str, Any]:
    """The attributes of an array, with what level ``s0`` and the group say of it as one of their levels."""
    found = {key: value for key, value in attributes.items() if key not in _STORAGE}
    transform = found.get("transform")
    if isinstance(transform, dict):
        axes = transform.get("axes")
        # Its lists are in zarr's order, z first, unless they themselves say otherwise.
        x_first = isinstance(axes, list) and str(axes[0] if axes else "").lower() == "x"
        return {**found, "transform": {**transform, "order": "F"}} if x_first else found
    level = _LEVEL.fullmatch(folder.name)
    finest = _attributes(folder.parent / "s0") if level else {}
    if level and not any(key in found for key in _SIZES):
        found = {key: finest[key] for key in _PASSED_ON if key in finest} | found
    elif level and any(found.get(key) != finest.get(key, group.get(key)) for key in _SIZES if key in found):
        # The level has sizes of its own, which are those of its voxels already.
        found.pop("downsamplingFactors", None)
        return found
    listed = group.get("downsamplingFactors", group.get("scales"))
    if level and isinstance(listed, list) and int(level[1]) < len(listed):
        found.setdefault("downsamplingFactors", listed[int(level[1])])
    return found


N5 = N5Containers()
