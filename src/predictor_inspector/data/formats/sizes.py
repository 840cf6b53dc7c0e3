"""Voxel sizes, positions and units of spatial axes: what is missing is assumed, and told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from math import isfinite
from typing import Any, Literal

from predictor_inspector.core.array import Array, spatial_axis_names
from predictor_inspector.core.text import listed
from predictor_inspector.data.formats.axis import Axis
from predictor_inspector.data.geometry import Length, exact, make_array
from predictor_inspector.data.units import PIXEL, short_unit, unit_factor

Place = Literal["corner", "centre"]

# Voxels so small, below the sharpest maps of molecules, are of another unit.
_TINY = Fraction(2, 100)  # nm


def array_on_grid(
    data: Any, leading: Sequence[str], axes: list[Axis], place: Place, unit: str, source: str
) -> tuple[Array, list[str]]:
    """The array on the grid that its spatial axes describe, and sentences about what had to be assumed.

    `leading` are the names of the axes of `data` before those; `place` is that of the first voxel which origins are positions
    of, `unit` that of sizes that come without one. Errors are those of `make_array`.
    """
    doubts: list[str] = []
    names = [axis.own_name for axis in axes]
    if not all(names) or len(set(names)) != len(names):
        names = list(spatial_axis_names(len(axes)))
    if all(axis.size is None and axis.origin is None for axis in axes):
        array = make_array(data, (*leading, *names), [1] * len(axes), centre=[0] * len(axes), source=source)
    else:
        axes = _with_units(names, axes, unit, source, doubts)
        axes = _with_sizes(names, axes, doubts)
        sizes = [1 if axis.size is None else axis.size for axis in axes]
        origins = [axis.origin or 0 for axis in axes]
        array = make_array(
            data,
            (*leading, *names),
            sizes,
            corner=origins if place == "corner" else None,
            centre=origins if place == "centre" else None,
            units=[axis.unit for axis in axes],
            source=source,
        )
        tiny = None if array.unit == PIXEL else _TINY * unit_factor("nm", array.unit)
        small = [
            n for n, v in zip(names, array.voxel_size, strict=True) if tiny and Fraction(v, array.subdivision) < tiny
        ]
        if small:
            doubts.append(f"its voxels are smaller than atoms along {listed(small)}: is {array.unit} their unit?")
    return array, doubts


def _with_units(names: Sequence[str], axes: list[Axis], default: str, source: str, doubts: list[str]) -> list[Axis]:
    """Give every axis a unit; a size in pixels beside sizes in real units is none."""
    texts = [(axis.unit or "").strip() for axis in axes]
    # Where some axes have a unit, no text is none; where all have no text, as funlib writes it, they have no dimension.
    said = [
        None if a.unit is None or (any(texts) and not t) else short_unit(t, source)
        for a, t in zip(axes, texts, strict=True)
    ]
    real = next((unit for unit in said if unit not in (None, PIXEL)), None)
    sized = [axis.size is not None for axis in axes]
    usual = real or (default if any(sized) else PIXEL)
    units = [unit or usual for unit in said]
    bare = [n for n, unit, size in zip(names, said, sized, strict=True) if unit is None and size]
    if real is None and usual in units and set(units) != {PIXEL}:
        if min((exact(axis.size) for axis in axes if axis.size is not None), default=1) < 1:
            doubts.append(f"voxel sizes below 1 without a unit, read as {usual}")
    elif real is None and any(axis.size is not None and exact(axis.size) != 1 for axis in axes):
        doubts.append("voxel sizes without a unit, read as pixels")
    elif real is not None and bare:
        doubts.append(f"no unit for {listed(bare)}, read as {real}")
    in_pixels = [real is not None and unit == PIXEL for unit in units]
    return [
        Axis(a.name, a.kind, None, unit) if pixels else replace(a, unit=unit)
        for a, unit, pixels in zip(axes, units, in_pixels, strict=True)
    ]


def _with_sizes(names: Sequence[str], axes: list[Axis], doubts: list[str]) -> list[Axis]:
    """Give axes without a size that of the nearest axis that has one."""
    known = [i for i, axis in enumerate(axes) if axis.size is not None]
    missing = [i for i in range(len(axes)) if i not in known]
    if not missing:
        return axes
    if not known:
        doubts.append("a position, but no voxel size: it is taken to be 1")
        return [replace(axis, size=1, unit=axes[0].unit) for axis in axes]
    nearest = {i: min(known, key=lambda k, i=i: (abs(k - i), -k)) for i in missing}  # type: ignore[misc]
    for k in sorted(set(nearest.values())):
        size = axes[k].size
        assert size is not None
        lacking = listed([names[i] for i in missing if nearest[i] == k])
        doubts.append(f"no voxel size for {lacking}, taken to be that of {names[k]}, {float(size):.12g} {axes[k].unit}")
    return [
        replace(a, size=axes[nearest[i]].size, unit=axes[nearest[i]].unit) if i in nearest else a
        for i, a in enumerate(axes)
    ]


def usable(size: Length | None) -> Length | None:
    """A voxel size, or None for what some programs write where they know none: 0, a negative number, infinity."""
    return size if size is not None and isfinite(size) and size > 0 else None  # type: ignore[operator]
