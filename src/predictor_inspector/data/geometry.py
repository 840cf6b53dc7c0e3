"""Exact grids: whole numbers from the voxel sizes, positions and units of files and layers."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from decimal import Decimal
from fractions import Fraction
from math import isfinite, lcm
from typing import Any, Protocol, SupportsFloat

import numpy as np

from predictor_inspector.core.array import Array, spatial_axis_names
from predictor_inspector.data.units import PIXEL, short_unit, unit_factor

Length = SupportsFloat | Fraction

# Digits below this part of the smallest voxel size are noise of floating-point arithmetic, not geometry.
_TOLERANCE = Fraction(1, 10**9)

# An offset far from the origin has fewer true digits: this many units in its last place are noise.
_NOISY_ULPS = 8


def make_array(
    data: Any,
    axis_names: Sequence[str] | None,
    voxel_size: Sequence[Length],
    *,
    corner: Sequence[Length] | None = None,
    centre: Sequence[Length] | None = None,
    units: Sequence[object] = (),
    source: str,
) -> Array:
    """`data`, of which nothing is read, on the grid that a file or layer describes.

    `axis_names` are as in `Array`, the other arguments as in `whole_lengths`; lengths are in their axis's unit. `units`
    has one name per spatial axis; where they differ, everything is converted to the first. No units means pixels. Errors
    are those of `whole_lengths`, `short_unit` and `unit_factor`.
    """
    dims = len(voxel_size)
    short = [short_unit(unit, source) for unit in units] or [PIXEL] * dims
    factors = [unit_factor(unit, short[0], source) for unit in short]
    if len(factors) != dims:
        raise ValueError(f"{source}: there are {len(factors)} units, but {dims} spatial axes")
    names = (axis_names or spatial_axis_names(dims))[-dims:]
    size, offset, subdivision = whole_lengths(
        voxel_size, corner=corner, centre=centre, factors=factors, source=source, axis_names=names
    )
    return Array(data, size, offset, axis_names, short[0], subdivision)


def pixel_array(data: Any, dims: int, axis_names: Sequence[str] | None = None) -> Array:
    """Data without any geometry, their last `dims` axes spatial: in pixels, the first centred at 0, as in napari."""
    return make_array(data, axis_names, [1] * dims, centre=[0] * dims, source="pixels")


class Counted(Protocol):
    """What coordinates count: 1/`subdivision` of `unit`. Every `Array` says so."""

    @property
    def unit(self) -> str:
        """Short name of the unit of length."""

    @property
    def subdivision(self) -> int:
        """How many counts make one unit."""


def counts_factor(of: Counted, on: Counted, source: str = "unit") -> Fraction:
    """How many counts of `on` one count of `of` is, exactly; errors as of `unit_factor`."""
    return unit_factor(of.unit, on.unit, source) * on.subdivision / of.subdivision


def convert_unit(array: Array, unit: str) -> Array:
    """The same array with its coordinates in another unit, exactly; values are neither read nor copied.

    The subdivision becomes the smallest power of ten that keeps every number whole. Errors are those of `unit_factor`.
    """
    factor = unit_factor(array.unit, unit) / array.subdivision
    sizes, offsets = ([n * factor for n in counts] for counts in (array.voxel_size, array.offset))
    subdivision = smallest_subdivision([*sizes, *offsets])
    size, offset = ([n * subdivision for n in numbers] for numbers in (sizes, offsets))
    return Array(array.data, size, offset, array.axis_names, short_unit(unit), subdivision, array.about)


def moved(array: Array, by: Sequence[Fraction]) -> Array:
    """The same array elsewhere, exactly: by so many counts along each spatial axis. Values are neither read nor copied."""
    whole = lcm(*(n.denominator for n in by))
    size, offset = array.voxel_size * whole, [int((o + n) * whole) for o, n in zip(array.offset, by, strict=True)]
    return Array(array.data, size, offset, array.axis_names, array.unit, array.subdivision * whole, array.about)


def whole_lengths(
    voxel_size: Sequence[Length],
    *,
    corner: Sequence[Length] | None = None,
    centre: Sequence[Length] | None = None,
    factors: Sequence[Fraction] | None = None,
    source: str = "geometry",
    axis_names: Sequence[str] | None = None,
) -> tuple[tuple[int, ...], tuple[int, ...], int]:
    """Voxel size and corner of the first voxel, in whole numbers, and the subdivision of the unit that they count.

    Parameters
    ----------
    voxel_size : sequence of float
        One positive number per spatial axis.
    corner, centre : sequence of float, optional
        Where the first voxel begins (funlib, CREMI) or where its centre lies (napari, OME-Zarr); give at most one. By
        default its corner is the origin.
    factors : sequence of Fraction, optional
        What the numbers of each axis are multiplied by, to bring them to one unit.
    source, axis_names
        For errors: the file or layer that the numbers come from, and its axes.

    Returns
    -------
    voxel_size, offset : tuple of int
    subdivision : int
        The smallest power of ten that makes every number whole.

    Raises
    ------
    ValueError
        If a voxel size isn't positive, a number not finite, or there are not as many positions as voxel sizes.

    Examples
    --------
    >>> whole_lengths([5.24, 4.0], centre=[102.62, 77.1])
    ((524, 400), (10000, 7510), 100)
    """
    if corner is not None and centre is not None:
        raise ValueError("give corner or centre, not both")
    dims = len(voxel_size)
    position = next((given for given in (corner, centre) if given is not None), [0] * dims)
    if len(position) != dims:
        raise ValueError(
            f"{source}: the position of the first voxel has {len(position)} numbers, but its size has {dims}"
        )
    for name, size, place in zip(axis_names or range(dims), voxel_size, position, strict=True):
        if not (isfinite(size) and size > 0):  # type: ignore[operator]
            raise ValueError(f"{source}: the voxel size on axis {name} must be positive and finite, got {size}")
        if not isfinite(place):
            raise ValueError(f"{source}: the position on axis {name} must be finite, got {place}")
    factors = factors or [Fraction(1)] * dims
    sizes, places = (
        [exact(n) * f for n, f in zip(numbers, factors, strict=True)] for numbers in (voxel_size, position)
    )
    step = _power_of_ten_below(min(sizes) * _TOLERANCE)
    sizes = [_rounded(size, step) for size in sizes]
    places = [_rounded(place, max(step, _noise(place))) for place in places]
    if centre is not None:
        places = [place - size / 2 for place, size in zip(places, sizes, strict=True)]
    subdivision = smallest_subdivision([*sizes, *places])
    return tuple(int(v * subdivision) for v in sizes), tuple(int(p * subdivision) for p in places), subdivision


def exact(value: Length) -> Fraction:
    """The decimal number that a float was written as: 5.24 is 524/100, not the binary fraction next to it."""
    if isinstance(value, Fraction):
        return value
    if isinstance(value, int | np.integer):
        return Fraction(int(value))
    # The shortest text that gives the same float again, which for a float32 is shorter than for the same float64.
    return Fraction(str(value) if isinstance(value, np.floating) else repr(float(value)))


def smallest_subdivision(numbers: Iterable[Fraction]) -> int:
    """The smallest power of ten that makes all `numbers` whole, or the smallest number where no power of ten does."""
    needed = lcm(*(number.denominator for number in numbers))
    powers = (10**exponent for exponent in range(needed.bit_length()))
    return next((power for power in powers if power % needed == 0), needed)


def simplest_decimal(low: Fraction, high: Fraction) -> Fraction:
    """The number with the fewest digits between two positive ones: 0.1083 of what 1/9.23361 ± ½ digit may mean."""
    middle = (low + high) / 2
    step = _power_of_ten_below(middle)
    while not low <= _rounded(middle, step) <= high:
        step /= 10
    return _rounded(middle, step)


def _power_of_ten_below(number: Fraction) -> Fraction:
    return Fraction(10) ** (Decimal(number.numerator) / Decimal(number.denominator)).adjusted()


def _rounded(number: Fraction, step: Fraction) -> Fraction:
    return step * round(number / step)


def _noise(place: Fraction) -> Fraction:
    return place and _power_of_ten_below(abs(place) * _NOISY_ULPS * Fraction(sys.float_info.epsilon))
