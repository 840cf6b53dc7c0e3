"""Regions as text: ``10:40,0:256,:`` in voxels, ``100nm:400nm,:,:`` in the world."""

from __future__ import annotations

import re
from fractions import Fraction
from math import ceil, floor

from funlib.geometry import Roi

from predictor_inspector.core.array import Array
from predictor_inspector.data.units import PIXEL, unit_factor

_END = r"\s*(?:([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*([^\W\d]*))?\s*"
_RANGE = re.compile(f"{_END}(?::{_END})?")
_IN_BRACKETS = re.compile(r"\[([^\[\]]*)\]\s*([^\W\d]*)")  # as results and messages have it
_OTHERS = ("…", "...")  # all of the axes that aren't named


def roi_from_text(text: str, array: Array, within: bool = True) -> tuple[Roi, str]:
    """The region of `array` that `text` means, and a sentence if it was grown to whole voxels, else ``""``.

    A range per spatial axis, separated by commas. Plain numbers count voxels of `array` from 0; with a unit they are world
    coordinates, converted exactly. An open end reaches to the end of the data, one voxel may be given alone (``25``), and
    a unit on one end holds for both (``100:400nm``). Brackets around all, with a unit behind them, are understood, too, and
    ``…`` for the axes that are left.

    Raises
    ------
    ValueError
        If the text can't be understood, has another number of ranges than `array` has spatial axes, or means a region
        that is empty or, unless `within` is off, reaches beyond the data.
    """
    axes, parts = array.spatial_axes, _parts(text, array.dims)
    if len(parts) != array.dims:
        raise ValueError(
            f"roi must have {array.dims} ranges, one for each of the axes {', '.join(axes)}, separated by commas; "
            f"got {len(parts)}: {text!r}"
        )
    slices, grown = [], False
    for axis, (name, part) in enumerate(zip(axes, parts, strict=True)):
        begin, end = _voxel_range(part, array, axis)
        low, high = floor(begin), ceil(end)
        grown |= begin.denominator != 1 or end.denominator != 1
        if low >= high:
            raise ValueError(f"roi is empty on axis {name}: {part!r} ends where it begins or before")
        size = array.spatial_shape[axis]
        if within and (low < 0 or high > size):
            raise ValueError(
                f"roi reaches beyond the data on axis {name}: {part!r} is {low}:{high} in voxels, but there "
                f"are {size} ({_world(array, axis, 0)} to {_world(array, axis, size)} {array.unit})"
            )
        slices.append(slice(low, high))
    ranges = ", ".join(f"{_world(array, axis, s.start)}:{_world(array, axis, s.stop)}" for axis, s in enumerate(slices))
    return array.roi_of(slices), f"The ROI was grown to whole voxels: {ranges} {array.unit}." if grown else ""


def roi_to_text(roi: Roi, array: Array) -> str:
    """`roi`, on the grid of `array`, for `roi_from_text`: in voxels if it lies within the data, else in units."""
    if array.roi.contains(roi):
        return ",".join(f"{s.start}:{s.stop}" for s in array.to_slices(roi))
    unit = _unit(array)
    return ",".join(f"{begin}{unit}:{end}{unit}" for begin, end in roi_to_unit_ranges(roi, array))


def roi_to_unit_ranges(roi: Roi, array: Array) -> list[tuple[str, str]]:
    """Begin and end of `roi` per axis in the unit of `array`, without it."""
    n = array.subdivision
    return [(f"{begin / n:.12g}", f"{end / n:.12g}") for begin, end in zip(roi.begin, roi.end, strict=True)]


def _parts(text: str, dims: int) -> list[str]:
    """The ranges in a text, each with its unit."""
    unit, inside = "", text.strip()
    if match := _IN_BRACKETS.fullmatch(inside):
        inside, unit = match.groups()
    parts = [part.strip() for part in inside.split(",")]
    for position, part in enumerate(parts):
        if part in _OTHERS:
            parts[position : position + 1] = [":"] * (dims - len(parts) + 1)
            break
    return [part + unit if part[-1:].isdigit() or part[-1:] == "." else part for part in parts]


def _voxel_range(part: str, array: Array, axis: int) -> tuple[Fraction, Fraction]:
    """Begin and end along one axis in voxels from the array's first; fractions where a unit puts them between voxels."""
    match, name = _RANGE.fullmatch(part), array.spatial_axes[axis]
    begin, begin_unit, end, end_unit = match.groups() if match else (None,) * 4
    is_range = ":" in part
    if match is None or not (is_range or (begin and not begin_unit)):
        raise ValueError(
            f"roi can't be understood on axis {name}: {part!r}; a range is begin:end, in voxels (10:40, 10:, :, 25 for "
            "one) or with a unit (100nm:400nm)"
        )

    def voxel(text: str | None, unit: str | None, default: int) -> Fraction:
        if text is None:
            return Fraction(default)
        value = Fraction(text)
        if unit:
            counts = value * unit_factor(unit, array.unit, f"roi on axis {name}") * array.subdivision
            return Fraction((counts - array.offset[axis]) / array.voxel_size[axis])
        if value.denominator != 1 or value < 0:
            raise ValueError(
                f"roi counts voxels from 0 on axis {name}, got {part!r}; for world coordinates give a unit, such as "
                f"{_unit(array)}"
            )
        return value

    low = voxel(begin, begin_unit or end_unit, 0)
    return low, voxel(end, end_unit or begin_unit, array.spatial_shape[axis]) if is_range else low + 1


def _world(array: Array, axis: int, voxel: int) -> str:
    """Where a voxel begins, in the array's unit."""
    return f"{(array.offset[axis] + voxel * array.voxel_size[axis]) / array.subdivision:.12g}"


def _unit(array: Array) -> str:
    return "px" if array.unit == PIXEL else array.unit
