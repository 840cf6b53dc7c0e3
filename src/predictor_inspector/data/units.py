"""Units of length: names and exact factors."""

from __future__ import annotations

from difflib import get_close_matches
from fractions import Fraction

PIXEL = "pixel"

# Long, short, power of ten.
_PREFIXES = (
    *(("yocto", "y", -24), ("zepto", "z", -21), ("atto", "a", -18), ("femto", "f", -15), ("pico", "p", -12)),
    *(("nano", "n", -9), ("micro", "u", -6), ("milli", "m", -3), ("centi", "c", -2), ("deci", "d", -1), ("", "", 0)),
    *(("hecto", "h", 2), ("kilo", "k", 3), ("mega", "M", 6), ("giga", "G", 9), ("tera", "T", 12), ("peta", "P", 15)),
    *(("exa", "E", 18), ("zetta", "Z", 21), ("yotta", "Y", 24)),
)

# In metres; inch, foot, yard and mile are defined by whole tenths of a millimetre.
_OTHERS = {
    "angstrom": Fraction(1, 10**10),
    "inch": Fraction(254, 10**4),
    "foot": Fraction(3048, 10**4),
    "yard": Fraction(9144, 10**4),
    "mile": Fraction(1609344, 10**3),
}

_METRES = {f"{short}m": Fraction(10) ** exponent for _, short, exponent in _PREFIXES} | _OTHERS

# OME's name of each unit, which is also how pint prints it.
_LONG = {f"{short}m": f"{prefix}meter" for prefix, short, _ in _PREFIXES} | {name: name for name in _OTHERS}

_ALIASES = {
    **{f"{prefix}{end}": f"{s}m" for prefix, s, _ in _PREFIXES for end in ("meter", "meters", "metre", "metres")},
    **{f"{name}s": name for name in _OTHERS},
    # Micro and ångström have two code points each.
    "\u00b5m": "um",
    "\u03bcm": "um",
    "micron": "um",
    "microns": "um",
    "\u00c5": "angstrom",
    "\u212b": "angstrom",
    "\u00e5": "angstrom",
    "in": "inch",
    "inches": "inch",
    "ft": "foot",
    "feet": "foot",
    "yd": "yard",
    "mi": "mile",
    **dict.fromkeys(
        ("", "pixel", "pixels", "px", "voxel", "voxels", "dimensionless", "none", "unknown", "unit"), PIXEL
    ),
}


def short_unit(name: object, source: str = "unit") -> str:
    """The short name of a unit: ``"nm"`` for ``"nanometer"``, ``"um"`` for ``"µm"``, ``"pixel"`` for none.

    `name` is None or anything whose ``str`` names a unit, as OME, pint, ImageJ or funlib write it. What is no unit of
    length is a ``ValueError`` that begins with `source`, the file or layer it comes from.
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
    return _LONG.get(short_unit(unit))


def unit_factor(unit: str, to: str, source: str = "unit") -> Fraction:
    """How many `to` one `unit` is, exactly; a ``ValueError`` as of `short_unit`, and if only one of them is a pixel."""
    short, target = short_unit(unit, source), short_unit(to, source)
    if short == target:
        return Fraction(1)
    if PIXEL in (short, target):
        raise ValueError(f"{source}: {short} can't be converted to {target}, since the size of a pixel isn't known")
    return _METRES[short] / _METRES[target]
