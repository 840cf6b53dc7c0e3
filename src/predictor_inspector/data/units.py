"""Units of length: their names, and exact factors between them."""

from __future__ import annotations

from difflib import get_close_matches
from fractions import Fraction

from predictor_inspector.core.array import Array
from predictor_inspector.data.lengths import smallest_subdivision

PIXEL = "pixel"

_PREFIXES = {
    "yocto": ("y", -24),
    "zepto": ("z", -21),
    "atto": ("a", -18),
    "femto": ("f", -15),
    "pico": ("p", -12),
    "nano": ("n", -9),
    "micro": ("u", -6),
    "milli": ("m", -3),
    "centi": ("c", -2),
    "deci": ("d", -1),
    "": ("", 0),
    "hecto": ("h", 2),
    "kilo": ("k", 3),
    "mega": ("M", 6),
    "giga": ("G", 9),
    "tera": ("T", 12),
    "peta": ("P", 15),
    "exa": ("E", 18),
    "zetta": ("Z", 21),
    "yotta": ("Y", 24),
}

# Short name -> length in metres. Inch, foot, yard and mile are defined by whole tenths of a millimetre.
_METRES = {f"{short}m": Fraction(10) ** exponent for short, exponent in _PREFIXES.values()} | {
    "angstrom": Fraction(1, 10**10),
    "inch": Fraction(254, 10**4),
    "foot": Fraction(3048, 10**4),
    "yard": Fraction(9144, 10**4),
    "mile": Fraction(1609344, 10**3),
}

# OME's name of each unit, which is also how pint prints it.
_LONG = {f"{short}m": f"{prefix}meter" for prefix, (short, _) in _PREFIXES.items()} | {
    name: name for name in ("angstrom", "inch", "foot", "yard", "mile")
}

_ALIASES = (
    {long: short for short, long in _LONG.items()}
    | {f"{long}s": short for short, long in _LONG.items()}
    | {f"{prefix}metre": f"{short}m" for prefix, (short, _) in _PREFIXES.items()}
    | {f"{prefix}metres": f"{short}m" for prefix, (short, _) in _PREFIXES.items()}
    # Micro and ångström have two code points each.
    | {"\u00b5m": "um", "\u03bcm": "um", "micron": "um", "microns": "um"}
    | {"\u00c5": "angstrom", "\u212b": "angstrom", "\u00e5": "angstrom"}
    | {"in": "inch", "inches": "inch", "ft": "foot", "feet": "foot", "yd": "yard", "mi": "mile"}
    | dict.fromkeys(("", "pixel", "pixels", "px", "voxel", "voxels", "dimensionless"), PIXEL)
)


def short_unit(name: object, source: str = "unit") -> str:
    """The short name of a unit: ``"nm"`` for ``"nanometer"``, ``"um"`` for ``"µm"``, ``"pixel"`` for none.

    Parameters
    ----------
    name : str, None or anything whose ``str`` names a unit
        As OME, pint, ImageJ or funlib write it.
    source : str
        The file or layer it comes from; the error begins with it.

    Raises
    ------
    ValueError
        If it is no unit of length.
    """
    text = "" if name is None else str(name).strip()
    for candidate in (text, text.lower()):
        if candidate in _METRES:
            return candidate
        if candidate in _ALIASES:
            return _ALIASES[candidate]
    near = get_close_matches(text.lower(), [*_ALIASES, *_METRES], n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    raise ValueError(f"{source}: {text!r} is not a unit of length (such as 'nanometer', 'um' or 'pixel'){hint}")


def ome_unit(unit: str) -> str | None:
    """OME's name of a unit; ``None`` for pixels, which OME-Zarr writes as no unit at all."""
    short = short_unit(unit)
    return None if short == PIXEL else _LONG[short]


def unit_factor(unit: str, to: str, source: str = "unit") -> Fraction:
    """How many `to` one `unit` is, exactly.

    Raises
    ------
    ValueError
        If one of them is no unit of length, or only one of them is ``"pixel"``.
    """
    short, target = short_unit(unit, source), short_unit(to, source)
    if short == target:
        return Fraction(1)
    if PIXEL in (short, target):
        raise ValueError(f"{source}: {short} can't be converted to {target}, since the size of a pixel isn't known")
    return _METRES[short] / _METRES[target]


def convert_unit(array: Array, unit: str) -> Array:
    """The same array with its coordinates in another unit, exactly; values are neither read nor copied.

    The subdivision becomes the smallest power of ten that keeps every number whole.

    Raises
    ------
    ValueError
        As `unit_factor`.
    """
    factor = unit_factor(array.unit, unit, "unit") / array.subdivision
    sizes, offsets = [v * factor for v in array.voxel_size], [o * factor for o in array.offset]
    subdivision = smallest_subdivision([*sizes, *offsets])
    return Array(
        array.data,
        [v * subdivision for v in sizes],
        [o * subdivision for o in offsets],
        array.axis_names,
        short_unit(unit),
        subdivision,
    )
