"""Attributes of arrays that describe their grid: funlib's, ilastik's, COSEM's and others."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import numpy as np

from predictor_inspector.data.formats.axes import Axis, AxisKind, Described, PerAxis
from predictor_inspector.data.formats.encodings import encoded
from predictor_inspector.data.geometry import exact
from predictor_inspector.data.units import PIXEL

# Where resolution is given without a unit, it is this one: so in CREMI's files and in funlib's from before units.
_CONVENTIONAL_UNIT = "nm"

_NAMES = ("axis_names", "dimension_names", "_ARRAY_DIMENSIONS", "DIMENSION_LABELS", "axes", "axistags")
_SIZES = ("resolution", "voxel_size", "element_size_um", "element_size_nm", "pixelResolution")
_LIKE_SIZES = re.compile(
    r"(voxel|pixel|element|physical|sampling).*(size|spacing|scale|res)|resolution|spacing|pixdim|^scales?$|size.*_(um|nm|mm)$",
    re.IGNORECASE,
)

# vigra's flags of what an axis is.
_CHANNELS, _SPACE, _TIME = 1, 2, 8


def describes_grid(attributes: Mapping[str, Any]) -> bool:
    """Whether an array's own attributes say where it lies."""
    return any(attributes.get(key) is not None for key in (*_SIZES, "offset", "transform"))


def described(
    data: Any,
    attributes: Mapping[str, Any],
    source: str,
    others: Mapping[str, Sequence[str | None]] | None = None,
    around: Sequence[Mapping[str, Any]] = (),
    reverse: bool = False,
) -> Described:
    """What the attributes of an array say of its axes and values.

    `offset` is the corner of the first voxel, the `translate` of a COSEM `transform` its centre. Sizes and offsets without a
    unit are nanometres. Data with neither are in pixels, the first of which has its centre at 0.

    Parameters
    ----------
    others : mapping of str to sequence of str or None
        Names of axes that are said elsewhere than in attributes, under what that is called.
    around : sequence of mapping
        Attributes of the groups that the array lies in, the nearest first, which may say what its values mean.
    reverse : bool
        Attributes list axes the other way round than the data, x first, as in N5.

    Raises
    ------
    ValueError
        If an attribute is damaged; the message begins with `source`.
    """
    turn: Callable[[Sequence[Any]], list[Any]] = (lambda v: list(v)[::-1]) if reverse else list
    attributes, *around = (plain(content) for content in (attributes, *around))
    sayings: dict[str, list[Axis]] = {key: [Axis(n) for n in names] for key, names in (others or {}).items()}
    for key in _NAMES:
        if attributes.get(key) is not None:
            axes = turn(_axes(attributes[key], key, source))
            if any(axis != Axis() for axis in axes):
                sayings[key] = axes
    if attributes.get("types") is not None:
        sayings["types"] = turn([Axis(None, _kind(t)) for t in _names(attributes, "types", source)])
    found = {key: turn(_numbers(attributes[key], key, source)) for key in _SIZES if attributes.get(key) is not None}
    if not reverse and "pixelResolution" in found:
        found["pixelResolution"].reverse()  # x comes first in it wherever it is
    sizes, origins = next(iter(found.items()), None), None
    units = _names(attributes, "units", source) if attributes.get("units") is not None else None
    place, unit = "corner", _CONVENTIONAL_UNIT
    if attributes.get("offset") is not None:
        origins = PerAxis("offset", turn(_numbers(attributes["offset"], "offset", source)))
    if sizes is None and origins is None:
        unit = PIXEL
    elif sizes is not None and sizes[0].startswith("element_size"):
        units = [sizes[0][-2:]]
    elif sizes is not None and sizes[0] == "pixelResolution" and isinstance(attributes["pixelResolution"], dict):
        units = [str(attributes["pixelResolution"].get("unit") or unit)]
    doubts = _different(found)
    transform = attributes.get("transform")
    if isinstance(transform, dict) and {"axes", "scale"} <= transform.keys():
        sayings["transform"] = cosem_axes(transform, source)
        sizes = origins = units = None
        place, doubts = "centre", []
    elif sizes is None and not any(axis.size for axes in sayings.values() for axis in axes):
        like = [k for k, v in attributes.items() if _LIKE_SIZES.search(k) and k not in _SIZES and _is_numeric(v)]
        doubts += [f"{k} = {_shown(attributes[k])} looks like a voxel size, but isn't understood" for k in like]
    values, about = encoded(data, (attributes, *around), source)
    ndim = len(data.shape)
    if sizes is not None and sizes[0].startswith("element_size") and len(sizes[1]) > ndim:
        sizes = sizes[0], sizes[1][-ndim:]  # a picture gets a depth, too
    return Described(
        values,
        sayings,
        source,
        None if sizes is None else PerAxis(*sizes),
        origins,
        None if units is None else PerAxis("units", turn(units)),
        "centre" if place == "centre" else "corner",
        unit,
        about.doubting(doubts),
    )


def cosem_axes(transform: Mapping[str, Any], source: str) -> list[Axis]:
    """What a COSEM `transform` says of each axis, in the order of the data: lengths are of the first voxel's centre."""
    names = _names(transform, "axes", source)
    sizes = _numbers(transform["scale"], "scale", source)
    origins = _numbers(transform.get("translate") or [0] * len(names), "translate", source)
    units: list[Any] = (
        _names(transform, "units", source) if transform.get("units") else [_CONVENTIONAL_UNIT] * len(names)
    )
    if not len(names) == len(sizes) == len(origins) == len(units):
        raise ValueError(f"{source}: the lists of its transform are of different lengths: {dict(transform)}")
    axes = [Axis(n, None, s, u, o) for n, s, u, o in zip(names, sizes, units, origins, strict=True)]
    return axes[::-1] if transform.get("order") == "F" else axes


def axis_of(entry: Mapping[str, Any]) -> Axis:
    """An axis as OME-Zarr has it: ``{"name": "z", "type": "space", "unit": "nanometer"}``."""
    name, unit = entry.get("name"), entry.get("unit")
    return Axis(None if name is None else str(name), _kind(entry.get("type")), unit=None if unit is None else str(unit))


def _axes(value: Any, key: str, source: str) -> list[Axis]:
    """Axes as a list of names or of objects, a word of letters, or vigra's tags."""
    if isinstance(value, str) and key == "axes" and re.fullmatch(r"[zyxtc]+", value.lower()):
        return [Axis(letter) for letter in value]
    if isinstance(value, dict) and isinstance(value.get("axes"), list):
        value = value["axes"]
    if isinstance(value, list) and value and all(isinstance(entry, dict) for entry in value):
        return [_vigra_axis(entry) if "key" in entry else axis_of(entry) for entry in value]
    if key in ("axes", "axistags"):
        # Not everybody who calls something axes means these.
        return [Axis(v) for v in value] if isinstance(value, list) and all(isinstance(v, str) for v in value) else []
    values = [value] if isinstance(value, str) else list(value)
    if not all(v is None or isinstance(v, str) for v in values):
        raise ValueError(f"{source}: {key} must be a list of names, one per axis, got {values}")
    return [Axis(v or None) for v in values]


def _vigra_axis(entry: Mapping[str, Any]) -> Axis:
    flags, size = int(entry.get("typeFlags") or 0), entry.get("resolution") or None
    kind: AxisKind | None = (
        "channel" if flags & _CHANNELS else "time" if flags & _TIME else "space" if flags & _SPACE else None
    )
    return Axis(str(entry["key"]), kind, size)


def _kind(word: Any) -> AxisKind | None:
    """What a type of axis is here: everything but space and time has positions of its own, as channels have."""
    text = str(word or "").lower()
    return None if not text else "space" if text == "space" else "time" if text == "time" else "channel"


def _different(found: Mapping[str, Sequence[Any]]) -> list[str]:
    """A doubt for sizes under several keys that differ."""
    if len(found) < 2:
        return []
    told = []
    first, *others = found
    scale = {"element_size_um": 1000}
    for key in others:
        one, other = ([exact(v) * scale.get(k, 1) for v in found[k]] for k in (first, key))
        if other not in (one, one[::-1]):
            told.append(f"{first} is {_shown(found[first])}, but {key} is {_shown(found[key])}; the first is taken")
    return told


def plain(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Attributes as JSON has them: HDF5 holds arrays, bytes, and text that is JSON itself."""
    return {str(key): _plain(value) for key, value in attributes.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        # Its float32 stay, since they were written with fewer digits.
        return [_plain(v) for v in value] if value.ndim else _plain(value[()])
    if isinstance(value, np.generic) and not isinstance(value, np.floating):
        value = value.item()
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if isinstance(value, str) and value[:1] in ("{", "["):
        with suppress(json.JSONDecodeError):
            return json.loads(value)
    return value


def _numbers(value: Any, key: str, source: str) -> list[Any]:
    """At least one number."""
    if isinstance(value, dict) and key == "pixelResolution":
        value = value.get("dimensions")
    values = list(value) if isinstance(value, (list, tuple)) else [value]
    if not values or any(isinstance(v, bool) or not isinstance(v, int | float | np.number) for v in values):
        raise ValueError(f"{source}: {key} must be a list of numbers, one per spatial axis, got {values}")
    return values


def _shown(value: Any) -> str:
    values = value if isinstance(value, list) else [value]
    return ", ".join(f"{float(v):.12g}" for v in values)


def _is_numeric(value: Any) -> bool:
    values = value if isinstance(value, list) else [value]
    return bool(values) and all(isinstance(v, int | float | np.number) and not isinstance(v, bool) for v in values)


def _names(attributes: Mapping[str, Any], key: str, source: str) -> list[str]:
    value = attributes[key]
    values = [value] if isinstance(value, str) else list(value)
    if not all(isinstance(v, str) or (v is None and key == "units") for v in values):
        raise ValueError(f"{source}: {key} must be a list of names, one per axis, got {values}")
    return values
