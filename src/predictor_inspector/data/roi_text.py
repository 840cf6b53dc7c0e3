"""Regions as people type them: ``10:40,0:256,:`` in voxels, ``100nm:400nm,:,0.1um:0.4um`` in the world."""

from __future__ import annotations

import re
from fractions import Fraction
from math import ceil, floor

from funlib.geometry import Roi

from predictor_inspector.core.array import Array
from predictor_inspector.data.units import unit_factor

_BOUND = re.compile(r"\s*(?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)?\s*(?P<unit>[^\W\d]*)\s*", re.UNICODE)
_SYNTAX = "a range is begin:end, in voxels (10:40, 10:, :, 25 for one) or with a unit (100nm:400nm)"


def roi_from_text(text: str, array: Array, within: bool = True) -> tuple[Roi, str]:
    """The region of `array` that `text` means.

    Parameters
    ----------
    text : str
        A range per spatial axis, separated by commas. Plain numbers count voxels of `array` from 0; with a unit they
        are world coordinates, converted exactly. An open end reaches to the end of the data, one voxel may be given
        alone (``25``), and a unit on one end holds for both (``100:400nm``).
    array : Array
        Its grid decides; its values are not read.
    within : bool
        Refuse a region that reaches beyond the data.

    Returns
    -------
    roi : Roi
        In the counts of `array`, on its grid.
    note : str
        Empty, or a sentence saying that a range with units didn't end on voxels and was grown until it did.

    Raises
    ------
    ValueError
        If the text can't be understood, has another number of ranges than `array` has spatial axes, or means a region
        that is empty or, unless `within` is off, reaches beyond the data.
    """
    axes = array.axis_names[array.channel_dims :]
    parts = text.split(",")
    if len(parts) != array.dims:
        raise ValueError(
            f"roi must have {array.dims} ranges, one for each of the axes {', '.join(axes)}, separated by commas; "
            f"got {len(parts)}: {text!r}"
        )
    slices, grown = [], False
    for axis, (name, part) in enumerate(zip(axes, parts, strict=True)):
        begin, end = _voxel_range(part, array, axis, name)
        low, high = floor(begin), ceil(end)
        grown |= begin.denominator != 1 or end.denominator != 1
        if low >= high:
            raise ValueError(f"roi is empty on axis {name}: {part.strip()!r} ends where it begins or before")
        size = array.spatial_shape[axis]
        if within and (low < 0 or high > size):
            raise ValueError(
                f"roi reaches beyond the data on axis {name}: {part.strip()!r} is {low}:{high} in voxels, but there "
                f"are {size} ({_world(array, axis, 0)} to {_world(array, axis, size)} {array.unit})"
            )
        slices.append(slice(low, high))
    roi = array.roi_of(slices)
    if not grown:
        return roi, ""
    ranges = ", ".join(f"{_world(array, axis, s.start)}:{_world(array, axis, s.stop)}" for axis, s in enumerate(slices))
    return roi, f"The ROI was grown to whole voxels: {ranges} {array.unit}."


def _voxel_range(part: str, array: Array, axis: int, name: str) -> tuple[Fraction, Fraction]:
    """Begin and end along one axis in voxels from the array's first; fractions where the world has other ideas."""
    begin, colon, end = part.partition(":")
    (low, low_unit), (high, high_unit) = _bound(begin, part, name), _bound(end, part, name)
    if not colon:
        if low is None or low_unit or low.denominator != 1:
            raise ValueError(f"roi can't be understood on axis {name}: {part.strip()!r}; {_SYNTAX}")
        high = low + 1
    units = (low_unit or high_unit, high_unit or low_unit)
    defaults = (Fraction(0), Fraction(int(array.spatial_shape[axis])))
    ends = []
    for value, unit, default in zip((low, high), units, defaults, strict=True):
        if value is None:
            ends.append(default)
        elif unit:
            counts = value * unit_factor(unit, array.unit, f"roi on axis {name}") * array.subdivision
            ends.append((counts - array.offset[axis]) / array.voxel_size[axis])
        elif value.denominator != 1 or value < 0:
            unit = "px" if array.unit == "pixel" else array.unit
            raise ValueError(
                f"roi counts voxels from 0 on axis {name}, got {part.strip()!r}; for world coordinates give a unit, "
                f"such as {unit}"
            )
        else:
            ends.append(value)
    return ends[0], ends[1]


def _bound(text: str, part: str, name: str) -> tuple[Fraction | None, str]:
    match = _BOUND.fullmatch(text)
    if match is None or (match["unit"] and not match["number"]):
        raise ValueError(f"roi can't be understood on axis {name}: {part.strip()!r}; {_SYNTAX}")
    return (None if match["number"] is None else Fraction(match["number"])), match["unit"]


def _world(array: Array, axis: int, voxel: int) -> str:
    """Where a voxel begins, in the array's unit."""
    return f"{(array.offset[axis] + voxel * array.voxel_size[axis]) / array.subdivision:.12g}"


def roi_to_text(roi: Roi, array: Array) -> str:
    """`roi`, on the grid of `array`, as `roi_from_text` understands it: in voxels if it lies within the data, else in units."""
    if array.roi.contains(roi):
        return ",".join(f"{s.start}:{s.stop}" for s in array.to_slices(roi))
    unit = "px" if array.unit == "pixel" else array.unit
    ends = zip(roi.begin, roi.end, strict=True)
    return ",".join(f"{b / array.subdivision:.12g}{unit}:{e / array.subdivision:.12g}{unit}" for b, e in ends)
