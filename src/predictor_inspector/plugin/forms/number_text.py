"""Numbers as people type them: ``1e5``, ``100 um``, ``5 %``; words for what is none."""

from __future__ import annotations

import re
from fractions import Fraction

import numpy as np

from predictor_inspector.core.parameters import Parameter
from predictor_inspector.data.units import unit_factor

_NUMBER = re.compile(r"([+\-−]?(?:\d+\.?\d*|\.\d+)(?:[eE][+\-−]?\d+)?)\s*([^\W\d_].*|%)?")
_COUNTS = ("voxel", "voxels")


def number_from_text(text: str, parameter: Parameter, unit: str = "") -> int | float:
    """The value of a parameter that a text means; a length with another unit than the data's, `unit`, is converted.

    Raises a ``ValueError`` that says what is wrong if the text is no number, has a unit that doesn't fit, or is out of bounds.
    """
    name, match = parameter.name.replace("_", " "), _NUMBER.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{name} needs a number, such as {_example(parameter, unit)}, got {text.strip()!r}")
    number, given = match.groups()
    exact = Fraction(number.replace("−", "-")) * _factor((given or "").strip(), parameter, unit)
    if parameter.plain_type is int and exact.denominator != 1:
        raise ValueError(f"{name} must be a whole number, got {text.strip()!r}")
    try:
        value: int | float = int(exact) if parameter.plain_type is int else float(exact)
    except OverflowError:
        raise ValueError(f"{name} is too large: {text.strip()!r}") from None
    try:
        parameter.check(name, value)
    except ValueError:
        raise ValueError(f"{name} must be {parameter.bounds}, got {text.strip()!r}") from None
    return value


def text_from_number(value: float) -> str:
    """A number with all its digits, and without an exponent unless it is very small or large: ``"5.24"``, ``"100000"``."""
    if value == round(value) and abs(value) < 1e15:
        return str(round(value))
    small = 1e-9 < abs(value) < 1
    return np.format_float_positional(value, trim="-") if small else repr(value)


def _factor(given: str, parameter: Parameter, unit: str) -> Fraction:
    """What a number with the unit `given` is to be multiplied with."""
    name = parameter.name.replace("_", " ")
    if not given:
        return Fraction(1)
    if parameter.unit == "length":
        if not unit:
            raise ValueError(f"{name}: {given!r} can't be converted as long as there is no ground truth")
        return unit_factor(given, unit, name)
    if parameter.unit == "voxels" and given.lower() in _COUNTS:
        return Fraction(1)
    if given == "%" and (parameter.minimum, parameter.maximum) == (0, 1):
        return Fraction(1, 100)
    what = "counts voxels" if parameter.unit == "voxels" else "has no unit"
    raise ValueError(f"{name} {what}, got {given!r} behind the number")


def _example(parameter: Parameter, unit: str) -> str:
    if parameter.plain_type is int:
        return "12 or 1e5"
    return f"0.5, 1e5 or 2 {unit}" if parameter.unit == "length" and unit else "0.5 or 1e5"
