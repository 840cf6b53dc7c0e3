"""Attributes of arrays that describe their grid: funlib's, ilastik's, COSEM's and others."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from predictor_inspector.data.formats.axes import Axis, AxisKind, Described, PerAxis
from predictor_inspector.data.formats.encodings import encoded
from predictor_inspector.data.geometry import exact
from predictor_inspector.data.units import PIXEL

# Where resolution is given without a unit, it is this one: so in CREMI's files and in funlib's from before units.
_CONVENTIONAL_UNIT = "nm"

_NAMES = ("axis_names", "dimension_names", "_ARRAY_DIMENSIONS", "DIMENSION_LABELS", "axistags")
# Not everybody who calls something so means what is meant here.
_PERHAPS_NAMES = ("axes", "axis_order", "axes_order", "axis_labels", "axislabels", "dims", "dim_names", "dim_order")
_SIZES = ("voxel_size", "resolution", "element_size_um", "element_size_nm", "pixelResolution")
# What an array takes over from its group, if it has no sizes of its own.
_OF_GROUPS = ("voxel_size", "resolution", "pixelResolution", "offset", "units", "axis_names", "axes")
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
    n5: bool = False,
) -> Described:
    """What the attributes of an array say of its axes and values.

    `offset` is the corner of the first voxel, the `translate` of a COSEM `transform` its centre. `resolution`, `voxel_size` and
    `offset` without a unit are nanometres. Data without sizes are in pixels, the first of which has its centre at 0.

    Parameters
    ----------
    others : mapping of str to sequence of str or None
        Names of axes that are said elsewhere than in attributes, under what that is called.
    around : sequence of mapping
        Attributes of the groups that the array lies in, the nearest first: they say what its values mean, and where the array
        itself has none, its sizes.
    n5 : bool
        Attributes list axes the other way round than the data, x first, but for funlib's and COSEM's.

    Raises
    ------
    ValueError
        If an attribute is damaged; the message begins with `source`.
    """
    own, *groups = (plain(content) for content in (attributes, *around))
    values, about = encoded(data, (own, *groups), source)
    if groups and "transform" not in own and not any(own.get(key) is not None for key in (*_SIZES, "offset")):
        own = {key: groups[0][key] for key in _OF_GROUPS if key in groups[0]} | own
    # zarr-python's N5 store leaves funlib's attributes in the order of the data.
    reverse = n5 and "voxel_size" not in own
    turn: Callable[[Sequence[Any]], list[Any]] = (lambda v: list(v)[::-1]) if reverse else list
    sayings = names_of_axes(own, {}, source)
    if n5 and "axes" in sayings:
        sayings["axes"].reverse()
    for key in _PERHAPS_NAMES:
        if len(sayings.get(key, data.shape)) != len(data.shape):
            del sayings[key]
    sayings |= names_of_axes({}, others or {}, source)
    if own.get("types") is not None:
        sayings["types"] = [Axis(None, _kind(t)) for t in _names(own["types"], "types", source)]
    if isinstance(own.get("dimension_units"), list):
        sayings["dimension_units"] = [_quantity(text) for text in own["dimension_units"]]
    transform = own.get("transform")
    if isinstance(transform, dict) and isinstance(transform.get("scale"), list):
        sayings["transform"] = cosem_axes(transform, source)
        return Described(values, sayings, source, place="centre", unit=_CONVENTIONAL_UNIT, about=about)
    if isinstance(own.get("coordinateTransformations"), list) and "axes" in sayings:
        sayings["axes"] = [
            replace(axis, size=size, origin=origin)
            for axis, (size, origin) in zip(sayings["axes"], _placed(own, len(data.shape), source), strict=True)
        ]
        return Described(values, sayings, source, place="centre", about=about)
    found = {key: turn(_numbers(own[key], key, source)) for key in _SIZES if own.get(key) is not None}
    if not reverse and "pixelResolution" in found:
        found["pixelResolution"].reverse()  # x comes first in it wherever it is
    doubts = _different(found)
    sizes = next((PerAxis(key, numbers) for key, numbers in found.items()), None)
    if sizes is None and not any(axis.size for axes in sayings.values() for axis in axes):
        like = [k for k, v in own.items() if _LIKE_SIZES.search(k) and k not in _SIZES and _is_numeric(v)]
        doubts += [f"{k} = {_shown(own[k])} looks like a voxel size, but isn't understood" for k in like]
    if sizes is not None and sizes.key.startswith("element_size"):
        sizes = PerAxis(sizes.key, sizes.values[-len(data.shape) :])  # a picture gets a depth, too
    factors = own.get("downsamplingFactors")
    if sizes is not None and n5 and isinstance(factors, list) and len(factors) == len(sizes.values):
        sizes = PerAxis(sizes.key, [exact(v) * f for v, f in zip(sizes.values, turn(factors), strict=True)])
    offset = own.get("offset")
    return Described(
        values,
        sayings,
        source,
        sizes,
        None if offset is None else PerAxis("offset", turn(_numbers(offset, "offset", source))),
        _units(own, sizes, turn, source),
        unit=PIXEL if sizes is None else _CONVENTIONAL_UNIT,
        about=about.doubting(doubts),
    )


def _placed(own: Mapping[str, Any], ndim: int, source: str) -> Iterator[tuple[Fraction, Fraction]]:
    """Voxel size and centre of the first voxel, of each axis, that transformations as of OME-Zarr give."""
    scale, shift = [Fraction(1)] * ndim, [Fraction(0)] * ndim
    for step in own["coordinateTransformations"]:
        kind = step.get("type") if isinstance(step, Mapping) else None
        numbers = [exact(v) for v in _numbers(step[kind], kind, source)] if kind in ("scale", "translation") else []
        if len(numbers) != ndim:
            raise ValueError(
                f"{source}: its coordinateTransformations must be scales and translations of {ndim} numbers, got {step}"
            )
        if kind == "scale":
            scale, shift = ([a * b for a, b in zip(values, numbers, strict=True)] for values in (scale, shift))
        else:
            shift = [a + b for a, b in zip(shift, numbers, strict=True)]
    return zip(scale, shift, strict=True)


def names_of_axes(
    own: Mapping[str, Any], others: Mapping[str, Sequence[str | None]], source: str
) -> dict[str, list[Axis]]:
    """What an array's own attributes, and `others`, say of each axis, in the order of their lists, by where it is said."""
    found = {key: [Axis(n) for n in names] for key, names in others.items()}
    for key in (*_NAMES, *_PERHAPS_NAMES):
        axes = [] if own.get(key) is None else _axes(own[key], key, own.get("axis_units"), source)
        if any(axis != Axis() for axis in axes):
            found[key] = axes
    return found


def _units(
    own: Mapping[str, Any], sizes: PerAxis | None, turn: Callable[[Sequence[Any]], list[Any]], source: str
) -> PerAxis | None:
    """The units that are said beside sizes or in the name of what holds them."""
    if sizes is not None and sizes.key.startswith("element_size"):
        return PerAxis(sizes.key, [sizes.key[-2:]])
    resolution = own.get("pixelResolution")
    if sizes is not None and sizes.key == "pixelResolution" and isinstance(resolution, dict) and resolution.get("unit"):
        return PerAxis("the unit of pixelResolution", [str(resolution["unit"])])
    return None if own.get("units") is None else PerAxis("units", turn(_names(own["units"], "units", source)))


def cosem_axes(transform: Mapping[str, Any], source: str) -> list[Axis]:
    """What a COSEM `transform` says of each axis, in the order of the data: lengths are of the first voxel's centre."""
    sizes = _numbers(transform["scale"], "scale", source)
    nothing = [None] * len(sizes)
    origins = _numbers(transform["translate"], "translate", source) if transform.get("translate") else nothing
    names, units = (_names(transform.get(key) or nothing, key, source) for key in ("axes", "units"))
    if not len(names) == len(sizes) == len(origins) == len(units):
        raise ValueError(f"{source}: the lists of its transform are of different lengths: {dict(transform)}")
    axes = [Axis(n, None, s, u, o) for n, s, u, o in zip(names, sizes, units, origins, strict=True)]
    return axes[::-1] if "F" in (transform.get("order"), transform.get("ordering")) else axes


def sizes_beside(attributes: Mapping[str, Any], axes: Sequence[Axis], source: str) -> list[str]:
    """A doubt for each size among an array's own attributes that differs from those of `axes`, which are taken."""
    doubts = []
    for key in ("voxel_size", "resolution"):
        if attributes.get(key) is not None:
            given = [exact(v) for v in _numbers(attributes[key], key, source)]
            taken = [exact(axis.size) for axis in axes[-len(given) :] if axis.size is not None]
            if given != taken:
                doubts.append(
                    f"{key} is {_shown(given)}, but the image's metadata say {_shown(taken)}, which are taken"
                )
    return doubts


def _quantity(text: Any) -> Axis:
    """A size and its unit as tensorstore writes them: ``"4nm"``."""
    found = re.fullmatch(r"\s*([0-9.]+(?:[eE][-+]?[0-9]+)?)?\s*(\S*)\s*", str(text or ""))
    if not found or not found[0].strip():
        return Axis()
    return Axis(size=Fraction(found[1] or 1), unit=found[2] or None)


def axis_of(entry: Mapping[str, Any]) -> Axis:
    """An axis as OME-Zarr has it: ``{"name": "z", "type": "space", "unit": "nanometer"}``."""
    name, unit = entry.get("name"), entry.get("unit")
    return Axis(None if name is None else str(name), _kind(entry.get("type")), unit=None if unit is None else str(unit))


def _axes(value: Any, key: str, units: Any, source: str) -> list[Axis]:
    """Axes as a list of names or of objects, a word of letters, or vigra's tags, with ilastik's units."""
    if isinstance(value, str) and key in _PERHAPS_NAMES and re.fullmatch(r"[zyxtc]+", value.lower()):
        return [Axis(letter) for letter in value]
    if isinstance(value, dict) and isinstance(value.get("axes"), list):
        value = value["axes"]
    if isinstance(value, list) and value and all(isinstance(entry, dict) for entry in value):
        return [_vigra_axis(entry, units) if "key" in entry else axis_of(entry) for entry in value]
    if key in (*_PERHAPS_NAMES, "axistags"):
        return [Axis(v) for v in value] if isinstance(value, list) and all(isinstance(v, str) for v in value) else []
    return [Axis(v or None) for v in _names(value, key, source)]


def _vigra_axis(entry: Mapping[str, Any], units: Any) -> Axis:
    flags, size = int(entry.get("typeFlags") or 0), entry.get("resolution") or None
    unit = units.get(str(entry["key"])) if isinstance(units, dict) else None
    kind: AxisKind | None = (
        "channel" if flags & _CHANNELS else "time" if flags & _TIME else "space" if flags & _SPACE else None
    )
    return Axis(str(entry["key"]), kind, size, str(unit) if unit else None)


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


def _names(value: Any, key: str, source: str) -> list[Any]:
    """Names, or None where there is none."""
    values = [value] if isinstance(value, str) else list(value)
    if not all(v is None or isinstance(v, str) for v in values):
        raise ValueError(f"{source}: {key} must be a list of names, one per axis, got {values}")
    return values
