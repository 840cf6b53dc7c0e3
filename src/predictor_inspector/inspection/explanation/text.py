"""Numbers, lengths and offsets as an explanation says them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def amount(value: float, digits: int = 4) -> str:
    """A number to a few significant digits, with a true minus sign; nothing in powers of ten unless it is tiny."""
    text = f"{value:.{digits}g}"
    if "e" in text and abs(value) >= 1e-4:
        text = f"{value:,.0f}"
    return "0" if text in ("-0", "0") else text.replace("-", "−")


def signed(value: float, digits: int = 4) -> str:
    """As `amount`, with a plus sign where there is no minus."""
    return amount(value, digits) if value < 0 else "+" + amount(value, digits)


def length(value: float, unit: str) -> str:
    """A length with its unit."""
    plural = "s" if unit == "pixel" and value != 1 else ""
    return f"{amount(value)} {unit}{plural}"


def named(axes: Sequence[str], values: Sequence[float]) -> str:
    """Each axis with its number: ``"z 3, y 17, x 42"``."""
    return ", ".join(f"{a} {amount(v, 6)}" for a, v in zip(axes, values, strict=True))


def offset_in_words(offset: Sequence[int], axes: Sequence[str], sizes: np.ndarray, unit: str) -> str:
    """How far and where to: ``"3 voxels back along y, 12 nm away"``."""
    steps = [f"{abs(o)} {'on' if o > 0 else 'back'} along {a}" for o, a in zip(offset, axes, strict=True) if o]
    if not steps:
        return "the voxel itself"
    count, rest = steps[0].split(" ", 1)
    steps[0] = f"{count} {'voxel' if count == '1' else 'voxels'} {rest}"
    return f"{' and '.join(steps)}, {length(float(np.linalg.norm(np.array(offset) * sizes)), unit)} away"


def voxels(count: int) -> str:
    """A number of voxels in words."""
    return f"{count:,} voxel{'' if count == 1 else 's'}"


def ordinal(number: int) -> str:
    """``"2nd"``, ``"3rd"``, ``"11th"``, ``"21st"``."""
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"
