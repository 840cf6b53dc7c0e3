"""OME-Zarr's metadata of a multiscale image, 0.1 to 0.5: its axes, levels and places."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import isfinite
from typing import Any

from predictor_inspector.data.formats.attributes import axis_of, cosem_axes, names_of_axes, plain, sizes_beside
from predictor_inspector.data.formats.axes import Axis, Described
from predictor_inspector.data.formats.encodings import encoded
from predictor_inspector.data.geometry import exact

_KNOWN = ("0.1", "0.2", "0.3", "0.4", "0.5")
_BEFORE_NAMES = ("0.1", "0.2")  # every array has the same five axes
_BEFORE_SIZES = ("0.1", "0.2", "0.3")  # no voxel sizes
_Step = tuple[list[Fraction], list[Fraction]]
"""What positions are multiplied by, and what is then added to them."""


@dataclass(frozen=True)
class OmeLevel:
    """One array of a multiscale image: its path below the group, and per axis the voxel size and its first voxel's centre."""

    path: str
    scale: tuple[Fraction, ...]
    translation: tuple[Fraction, ...]


@dataclass(frozen=True)
class Multiscale:
    """The first image of a group: its levels, finest first, and sentences about what of their places is doubtful."""

    source: str
    axes: tuple[Axis, ...]
    levels: tuple[OmeLevel, ...]
    channel_names: tuple[str, ...] = ()
    is_label: bool = False
    has_sizes: bool = True
    doubts: tuple[str, ...] = ()

    @property
    def paths(self) -> tuple[str, ...]:
        """Of the levels, below the group."""
        return tuple(level.path for level in self.levels)

    def described(
        self,
        index: int,
        data: Any,
        attributes: Sequence[Mapping[str, Any]],
        others: Mapping[str, Sequence[str | None]] | None = None,
    ) -> Described:
        """The data of one level, placed by its own transformations and then those of all levels.

        `attributes` are those of the level and of the group, which may say what values mean; `others` as of
        `attributes.described`.
        """
        level, axes = self.levels[index], self.axes
        source = f"{self.source}, level {level.path}"
        if data.ndim != len(axes):
            raise ValueError(
                f"{self.source}: level {level.path!r} has {data.ndim} axes, but the metadata name {len(axes)}: "
                f"{', '.join(str(axis.name) for axis in axes)}"
            )
        if self.has_sizes:
            lengths = zip(axes, level.scale, level.translation, strict=True)
            axes = tuple(replace(axis, size=size, origin=origin) for axis, size, origin in lengths)
        own, *around = (plain(content) for content in attributes)
        values, about = encoded(data, (own, *around), source)
        doubts = (*self.doubts, *(sizes_beside(own, axes, source) if self.has_sizes else ()))
        beside = {k: said for k, said in names_of_axes(own, others or {}, source).items() if len(said) == len(axes)}
        beside.pop("axes", None)
        return Described(values, {"axes": axes, **beside}, source, place="centre", about=about.doubting(doubts))


def read_multiscale(attributes: Mapping[str, Any], source: str) -> Multiscale | None:
    """The image that a group's attributes describe; None if they describe none.

    Raises
    ------
    ValueError
        If it is of an unknown version, or damaged; the message begins with `source`.
    """
    ome = attributes.get("ome")
    holder = ome if isinstance(ome, Mapping) else attributes
    if "multiscales" not in holder:
        return None
    entries = holder["multiscales"]
    if not (isinstance(entries, list) and entries and isinstance(entries[0], dict)):
        raise ValueError(f"{source}: multiscales must be a list of at least one image, got {str(entries)[:80]}")
    entry = entries[0]
    if (cosem := _cosem(entry, source)) is not None:
        return cosem
    said = holder.get("version") if holder is ome else entry.get("version")
    version = _version(said, "0.5" if holder is ome else _oldest(entry), source)
    axes = _axes(entry, version, source)
    common, doubts = _common(entry.get("coordinateTransformations") or (), len(axes), source)
    levels = tuple(_levels(entry, common, len(axes), version, source))
    if version in _BEFORE_SIZES:
        doubts = (*doubts, f"OME-Zarr {version} gives no voxel sizes")
    omero = holder.get("omero")
    channels = omero.get("channels") if isinstance(omero, Mapping) else None
    labels = [channel.get("label") for channel in channels or () if isinstance(channel, Mapping)]
    names = tuple(str(label) for label in labels) if all(isinstance(label, str) for label in labels) else ()
    return Multiscale(source, axes, levels, names, "image-label" in holder, version not in _BEFORE_SIZES, doubts)


def _cosem(entry: Mapping[str, Any], source: str) -> Multiscale | None:
    """The image of COSEM's own metadata, in which each level has a `transform`; None if they are OME's."""
    datasets = entry.get("datasets")
    if not isinstance(datasets, list) or not datasets:
        return None
    if not all(isinstance(one, Mapping) and isinstance(one.get("transform"), Mapping) for one in datasets):
        return None
    places = [cosem_axes(one["transform"], f"{source}, level {one.get('path')}") for one in datasets]
    levels = [
        OmeLevel(
            str(one.get("path")).strip("/"),
            tuple(exact(axis.size or 1) for axis in axes),
            tuple(exact(axis.origin or 0) for axis in axes),
        )
        for one, axes in zip(datasets, places, strict=True)
    ]
    axes = tuple(Axis(axis.name, axis.kind, unit=axis.unit or "nm") for axis in places[0])
    return Multiscale(source, axes, tuple(levels))


def named_levels(attributes: Mapping[str, Any]) -> tuple[str, ...]:
    """The paths of levels that can be made out in damaged metadata, or in those of an unknown version."""
    ome = attributes.get("ome")
    holder = ome if isinstance(ome, Mapping) else attributes
    entries = holder.get("multiscales")
    entry = entries[0] if isinstance(entries, list) and entries else None
    datasets = entry.get("datasets") if isinstance(entry, Mapping) else None
    paths = [level.get("path") for level in datasets or () if isinstance(level, Mapping)]
    return tuple(path.strip("/") for path in paths if isinstance(path, str))


def _oldest(entry: Mapping[str, Any]) -> str:
    """The version of metadata that don't name it: that which first had what they say."""
    axes = entry.get("axes")
    datasets = entry.get("datasets")
    levels = datasets if isinstance(datasets, list) else []
    if axes is None and not any(
        isinstance(level, Mapping) and "coordinateTransformations" in level for level in levels
    ):
        return "0.2"
    return "0.3" if isinstance(axes, list) and axes and all(isinstance(axis, str) for axis in axes) else "0.4"


def _version(said: Any, default: str, source: str) -> str:
    text = default if said is None else str(said)
    # SpatialData calls what it adds to a version 0.5-dev-spatialdata.
    match = re.fullmatch(r"(\d+\.\d+)(\.\d+)?(-dev-spatialdata)?", text)
    if match is None or match[1] not in _KNOWN:
        raise ValueError(f"{source}: it is OME-Zarr {text}, but only {_KNOWN[0]} to {_KNOWN[-1]} can be read")
    return match[1]


def _damaged(source: str, problem: str) -> ValueError:
    return ValueError(f"{source}: its OME-Zarr metadata are damaged: {problem}")


def _axes(entry: Mapping[str, Any], version: str, source: str) -> tuple[Axis, ...]:
    given = entry.get("axes")
    if given is None and version in _BEFORE_NAMES:
        given = list("tczyx")
    if not isinstance(given, list) or not given:
        raise _damaged(source, f"axes must be a list of axes, got {str(given)[:80]}")
    axes = []
    for index, axis in enumerate(given):
        about = {"name": axis} if isinstance(axis, str) else axis
        name = about.get("name") if isinstance(about, Mapping) else None
        if not isinstance(name, str) or not name:
            raise _damaged(source, f"axes.{index} has no name: {str(axis)[:80]}")
        axis = axis_of(about)
        # SpatialData writes "unit" where it knows none.
        axes.append(replace(axis, unit=None) if axis.unit == "unit" else axis)
    return tuple(axes)


def _common(given: Any, ndim: int, source: str) -> tuple[list[_Step], tuple[str, ...]]:
    """The transformations of all levels, and doubts about them."""
    systems = [step for step in given if isinstance(step, Mapping) and isinstance(step.get("output"), Mapping)]
    if not systems:
        return list(_steps(given, ndim, source)), ()
    # SpatialData's are no sequence but one for each coordinate system that it knows.
    chosen = next((step for step in systems if step["output"].get("name") == "global"), systems[0])
    try:
        return list(_steps([chosen], ndim, source)), ()
    except ValueError as error:
        return [], (f"it is placed in its own pixels, since {str(error).removeprefix(f'{source}: ')}",)


def _levels(
    entry: Mapping[str, Any], common: Sequence[_Step], ndim: int, version: str, source: str
) -> Iterator[OmeLevel]:
    datasets = entry.get("datasets")
    if not isinstance(datasets, list) or not datasets:
        raise _damaged(source, f"datasets must be a list of levels, got {str(datasets)[:80]}")
    for index, dataset in enumerate(datasets):
        path = dataset.get("path") if isinstance(dataset, Mapping) else None
        if not isinstance(path, str):
            raise _damaged(source, f"datasets.{index} has no path")
        transformations = dataset.get("coordinateTransformations")
        where = f"{source}, level {path}"
        if not transformations and version not in _BEFORE_SIZES:
            raise _damaged(source, f"datasets.{index} has no coordinateTransformations, which give its voxel size")
        scale, translation = [Fraction(1)] * ndim, [Fraction(0)] * ndim
        for factors, shift in (*_steps(transformations or (), ndim, where), *common):
            scale = [a * f for a, f in zip(scale, factors, strict=True)]
            translation = [a * f + s for a, f, s in zip(translation, factors, shift, strict=True)]
        yield OmeLevel(path.strip("/"), tuple(scale), tuple(translation))


def _steps(transformations: Any, ndim: int, source: str) -> Iterator[_Step]:
    if not isinstance(transformations, Sequence) or not all(isinstance(step, Mapping) for step in transformations):
        raise _damaged(source, f"coordinateTransformations must be a list, got {str(transformations)[:80]}")
    for step in transformations:
        kind = step.get("type")
        if kind == "sequence":
            yield from _steps(step.get("transformations"), ndim, source)
        elif kind != "identity":
            if kind not in ("scale", "translation"):
                raise ValueError(
                    f"{source}: it has a transformation of type {kind}, only scale and translation can be read"
                )
            numbers = _numbers(step.get(kind), kind, ndim, source)
            yield (numbers, [Fraction(0)] * ndim) if kind == "scale" else ([Fraction(1)] * ndim, numbers)


def _numbers(values: Any, kind: str, ndim: int, source: str) -> list[Fraction]:
    if not isinstance(values, list) or any(isinstance(v, bool) or not isinstance(v, int | float) for v in values):
        raise _damaged(source, f"{kind} must be a list of numbers, got {str(values)[:80]}")
    if len(values) != ndim:
        raise _damaged(source, f"{kind} has {len(values)} numbers, but there are {ndim} axes")
    if not all(map(isfinite, values)):
        raise ValueError(f"{source}: its {kind} must be finite, got {values}")
    return [exact(v) for v in values]
