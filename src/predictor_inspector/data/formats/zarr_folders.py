"""Zarr folders: OME-Zarr 0.4 and 0.5, and arrays with funlib's or DaCapo's attributes."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

from predictor_inspector.data.formats.attributes import axis_of, described, plain
from predictor_inspector.data.formats.axes import Described
from predictor_inspector.data.formats.encodings import encoded
from predictor_inspector.data.formats.format import Format, StoredArray, guess_kind
from predictor_inspector.data.geometry import exact

if TYPE_CHECKING:
    from yaozarrs import v04, v05


def is_zarr_node(folder: Path) -> bool:
    """Whether `folder` is a zarr group or array, version 2 or 3."""
    return any((folder / name).is_file() for name in ("zarr.json", ".zgroup", ".zarray"))


class ZarrFolders(Format):
    """Zarr groups and arrays in folders, version 2 or 3."""

    suffixes = (".zarr",)
    metadata_names = ("zarr.json", ".zgroup", ".zarray", ".zattrs", ".zmetadata")

    def takes(self, path: Path) -> bool:
        return path.is_dir() and (path.suffix == ".zarr" or is_zarr_node(path))

    def arrays(self, container: Path, location: str = "") -> list[StoredArray]:
        folder = container / location
        found = list(_found(container, location)) if folder.is_dir() else []
        if not found and folder.is_dir() and not is_zarr_node(folder):
            raise ValueError(f"{folder} holds no zarr metadata: a zarr.json, .zgroup or .zarray file is missing")
        return found


def _found(container: Path, location: str, known: frozenset[str] = frozenset()) -> Iterator[StoredArray]:
    """The arrays at or below `location`, but for `known`, which are levels of the groups above."""
    folder = container / location
    if location in known:
        return
    if _node(folder)[0]:
        yield _array(container, location)
        return
    multiscale = _multiscale(folder)
    if multiscale is not None:
        group = _level(container, location, multiscale, 0)
        yield replace(group, location=location)
        known |= set(group.levels)
    for child in sorted(folder.iterdir()):
        if child.is_dir() and not child.name.startswith("."):
            yield from _found(container, f"{location}/{child.name}".strip("/"), known)


def _array(container: Path, location: str) -> StoredArray:
    """An array, placed by the nearest multiscale group of which it is a level, else by its own attributes."""
    parts = location.split("/") if location else []
    for end in reversed(range(len(parts))):
        group, inner = "/".join(parts[:end]), "/".join(parts[end:])
        multiscale = _multiscale(container / group)
        if multiscale is not None and inner in multiscale.levels:
            return _level(container, group, multiscale, multiscale.levels.index(inner))
    folder = container / location
    data = _open(folder)
    names = getattr(data.metadata, "dimension_names", None)
    others = {"dimension_names": names} if names and any(names) else {}
    around = [_node(folder.parent)[1]] if parts else []
    said = described(data, _node(folder)[1], str(folder), others, around)
    return StoredArray(location, said.array(), guess_kind(location or container.name, data.dtype), described=said)


@dataclass(frozen=True)
class _Multiscale:
    """The first image of a group: its levels, finest first, as paths relative to the group."""

    metadata: v04.Multiscale | v05.Multiscale
    source: str
    levels: tuple[str, ...]
    channel_names: tuple[str, ...]
    is_label: bool

    def described(self, level: int, data: Any, attributes: Sequence[Mapping[str, Any]]) -> Described:
        """The data of one level, placed by its own transformations and then those of all levels.

        `attributes` are those of the level and of the group, which may say what values mean.
        """
        dataset = self.metadata.datasets[level]
        source = f"{self.source}, level {dataset.path}"
        axes = [axis_of(axis.model_dump()) for axis in self.metadata.axes]
        if data.ndim != len(axes):
            raise ValueError(
                f"{self.source}: level {self.levels[level]!r} has {data.ndim} axes, but the metadata name {len(axes)}: "
                f"{tuple(axis.name for axis in axes)}"
            )
        scale, translation = [Fraction(1)] * len(axes), [Fraction(0)] * len(axes)
        for step in (*dataset.coordinateTransformations, *(self.metadata.coordinateTransformations or ())):
            numbers = step.scale if step.type == "scale" else step.translation
            spatial = [axis.kind not in ("time", "channel") for axis in axes]
            if not all(isfinite(number) for number, wanted in zip(numbers, spatial, strict=True) if wanted):
                raise ValueError(f"{source}: its {step.type} must be finite, got {numbers}")
            values = [exact(n) if wanted else Fraction(1) for n, wanted in zip(numbers, spatial, strict=True)]
            if step.type == "scale":
                scale = [a * b for a, b in zip(scale, values, strict=True)]
                translation = [a * b for a, b in zip(translation, values, strict=True)]
            else:
                translation = [a + b for a, b in zip(translation, values, strict=True)]
        placed = [replace(a, size=s, origin=t) for a, s, t in zip(axes, scale, translation, strict=True)]
        values, about = encoded(data, [plain(content) for content in attributes], source)
        return Described(values, {"axes": placed}, source, place="centre", about=about)


def _multiscale(folder: Path) -> _Multiscale | None:
    """The multiscale image that a group's attributes describe, OME-Zarr 0.4 or 0.5; None if they describe none."""
    attributes, source = _node(folder)[1], str(folder)
    ome = attributes.get("ome")
    holder = ome if isinstance(ome, Mapping) else attributes
    if "multiscales" not in holder:
        return None
    entries = holder["multiscales"]
    if not (isinstance(entries, list) and entries and isinstance(entries[0], dict)):
        raise ValueError(f"{source}: multiscales must be a list of at least one image, got {str(entries)[:80]}")
    version = str(ome.get("version", "0.5") if isinstance(ome, Mapping) else entries[0].get("version", "0.4"))
    metadata = _validated(entries[0], version, source)
    labels = [channel.get("label") for channel in (holder.get("omero") or {}).get("channels") or ()]
    return _Multiscale(
        metadata,
        source,
        tuple(dataset.path.strip("/") for dataset in metadata.datasets),
        tuple(labels) if all(isinstance(label, str) for label in labels) else (),
        "image-label" in holder,
    )


def _validated(entry: dict[str, Any], version: str, source: str) -> v04.Multiscale | v05.Multiscale:
    # Here, not above, because these imports take longer than the rest of this package.
    import pydantic
    from yaozarrs import v04, v05

    models: dict[str, type[v04.Multiscale] | type[v05.Multiscale]] = {"0.4": v04.Multiscale, "0.5": v05.Multiscale}
    if version not in models:
        raise ValueError(f"{source}: it is OME-Zarr {version}, but only {' and '.join(models)} can be read")
    try:
        with warnings.catch_warnings():
            # It warns of units that are not OME's own; short_unit knows more of them and refuses the rest.
            warnings.simplefilter("ignore")
            return models[version].model_validate(entry)
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ValueError(
            f"{source}: its OME-Zarr metadata are damaged: {f'{place}: ' if place else ''}{first['msg']}"
        ) from error


def _level(container: Path, group: str, multiscale: _Multiscale, level: int) -> StoredArray:
    paths = tuple(f"{group}/{path}".strip("/") for path in multiscale.levels)
    folder = container / paths[level]
    if not _node(folder)[0]:
        raise ValueError(
            f"{multiscale.source}: its metadata name level {multiscale.levels[level]!r}, which is not there"
        )
    data = _open(folder)
    said = multiscale.described(level, data, [_node(folder)[1], _node(container / group)[1]])
    labels = multiscale.is_label or "labels" in group.split("/")[:-1]
    kind = guess_kind(group or container.name, data.dtype, labels) if labels else "image"
    return StoredArray(paths[level], said.array(), kind, paths, multiscale.channel_names, said)


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


def _open(folder: Path) -> Any:
    import zarr

    version_3 = (folder / "zarr.json").is_file()
    metadata = folder / ("zarr.json" if version_3 else ".zarray")
    _json(metadata)
    try:
        return zarr.open_array(folder, mode="r", zarr_format=3 if version_3 else 2)
    except (ValueError, KeyError, TypeError, LookupError, AttributeError) as error:
        raise ValueError(f"{metadata} is damaged: zarr can't open the array ({error!r})") from error


ZARR = ZarrFolders()
