"""Exact conversion of lengths from floats to whole numbers."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Sequence
from decimal import Decimal
from fractions import Fraction
from math import lcm
from typing import SupportsFloat

import numpy as np

# Digits below this part of the smallest voxel size are noise of floating-point arithmetic, not geometry.
TOLERANCE = Fraction(1, 10**9)

# An offset far from the origin has fewer true digits: this many units in its last place are noise.
_NOISY_ULPS = 8


def exact(value: SupportsFloat | Fraction) -> Fraction:
    """The decimal number that a float was written as: 5.24 is 524/100, not the binary fraction next to it."""
    if isinstance(value, Fraction):
        return value
    if isinstance(value, int | np.integer):
        return Fraction(int(value))
    # The shortest text that gives the same float again, which for a float32 is shorter than for the same float64.
    return Fraction(Decimal(str(value) if isinstance(value, np.floating) else repr(float(value))))


def smallest_subdivision(numbers: Iterable[Fraction]) -> int:
    """The smallest power of ten that makes all `numbers` whole, or the smallest number where no power of ten does."""
    needed = lcm(*(number.denominator for number in numbers))
    rest = needed
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    if rest != 1:
        return needed
    subdivision = 1
    while subdivision % needed:
        subdivision *= 10
    return subdivision


def whole_lengths(
    voxel_size: Sequence[SupportsFloat | Fraction],
    *,
    corner: Sequence[SupportsFloat | Fraction] | None = None,
    centre: Sequence[SupportsFloat | Fraction] | None = None,
    source: str = "geometry",
    axis_names: Sequence[str] | None = None,
) -> tuple[tuple[int, ...], tuple[int, ...], int]:
    """Voxel size, corner of the first voxel and subdivision, in whole numbers.

    Parameters
    ----------
    voxel_size : sequence of float
        One positive number per spatial axis, all in the same unit.
    corner, centre : sequence of float, optional
        Where the first voxel begins (funlib, CREMI) or where its centre lies (napari, OME-Zarr); give at most one. By
        default its corner is the origin.
    source : str
        The file or layer that the numbers come from; errors begin with it.
    axis_names : sequence of str, optional
        For errors.

    Returns
    -------
    voxel_size, offset : tuple of int
        Counting 1/`subdivision` of the unit.
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
    names = tuple(axis_names) if axis_names is not None else tuple(f"{axis}" for axis in range(len(voxel_size)))
    position = corner if centre is None else centre
    position = [0] * len(voxel_size) if position is None else position
    if len(position) != len(voxel_size):
        raise ValueError(
            f"{source}: the position of the first voxel has {len(position)} numbers, but its size has {len(voxel_size)}"
        )
    for name, size, place in zip(names, voxel_size, position, strict=True):
        if not (math.isfinite(size) and size > 0):  # type: ignore[operator]
            raise ValueError(f"{source}: the voxel size on axis {name} must be positive and finite, got {size}")
        if not math.isfinite(place):
            raise ValueError(f"{source}: the position on axis {name} must be finite, got {place}")
    sizes, places = [exact(v) for v in voxel_size], [exact(p) for p in position]
    step = _power_of_ten_below(min(sizes) * TOLERANCE)
    sizes = [_rounded(size, step) for size in sizes]
    places = [_rounded(place, max(step, _noise(place))) for place in places]
    if centre is not None:
        places = [place - size / 2 for place, size in zip(places, sizes, strict=True)]
    subdivision = smallest_subdivision([*sizes, *places])
    return tuple(int(v * subdivision) for v in sizes), tuple(int(p * subdivision) for p in places), subdivision


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
    if place == 0:
        return Fraction(0)
    return _power_of_ten_below(abs(place) * _NOISY_ULPS * Fraction(sys.float_info.epsilon))
