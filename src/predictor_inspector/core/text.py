"""Text formats for numbers, lists, lengths, regions, memory, durations, errors and tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import floor
from typing import TYPE_CHECKING, Any

from funlib.geometry import Roi

if TYPE_CHECKING:
    from predictor_inspector.core.array import Array

_EXPECTED = (ValueError, MemoryError, OSError, ImportError)
"""Errors whose message says all; of others the class is named, too."""

_SPELLINGS = {"lsd": "LSD", "lsds": "LSDs"}


def amount(value: float, digits: int = 4) -> str:
    """A number to so many significant digits: ``"0.25"``, ``"−3"``, ``"12,346"``; powers of ten only below 1e-4."""
    text = f"{value:.{digits}g}"
    if "e" in text and abs(value) >= 1e-4:
        text = f"{value:,.0f}"
    return "0" if text == "-0" else text.replace("-", "−")


def signed(value: float, digits: int = 4) -> str:
    """As `amount`, with a plus sign where there is no minus."""
    return amount(value, digits) if value < 0 else "+" + amount(value, digits)


def counted(number: int, noun: str, plural: str = "") -> str:
    """A number of things: ``"1 object"``, ``"12,000 voxels"``; `plural` where an s isn't enough."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def millions(number: int) -> str:
    """A large number, rounded to millions: ``"268 million"``; all digits below a million."""
    return f"{number / 1e6:,.0f} million" if number >= 10**6 else f"{number:,}"


def percent(fraction: float) -> str:
    """A fraction as ``"3.2 %"``; never ``"0 %"`` of something, nor ``"100 %"`` of not quite all."""
    percent = 100 * fraction
    if 0 < percent < 0.01:
        return "less than 0.01 %"
    if 99.9 < percent < 100:
        return "nearly 100 %"
    return f"{percent:.3g} %" if percent < 99 or percent == 100 else f"{percent:.1f} %"


def ordinal(number: int) -> str:
    """``"2nd"``, ``"3rd"``, ``"11th"``, ``"21st"``."""
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def listed(things: Iterable[Any], most: int = 6) -> str:
    """Things in a sentence: ``"3, 4 and 7"``, ``"1, 2, 3 and 9 more"``."""
    texts = [str(thing) for thing in things]
    if len(texts) > most:
        return f"{', '.join(texts[:most])} and {len(texts) - most:,} more"
    return " and ".join([", ".join(texts[:-1]), texts[-1]] if len(texts) > 1 else texts)


def length(value: float, unit: str) -> str:
    """A length with its unit: ``"40 nm"``, ``"2.5 pixels"``."""
    return f"{amount(value)} {unit}" + ("s" if unit == "pixel" and value != 1 else "")


def format_shape(sizes: Iterable[float]) -> str:
    """Sizes along axes, all digits: ``"30 × 128 × 128"``, ``"5.24 × 4 × 4"``."""
    return " × ".join(f"{size:.12g}" for size in sizes)


def format_roi(roi: Roi, grid: Array | None = None) -> str:
    """A ROI in its own counts, ``"[0:40, 10:20]"``, or in the unit of `grid`, ``"[0:40, 10.48:20.96] nm"``."""
    if grid is None:
        return f"[{', '.join(f'{b}:{e}' for b, e in zip(roi.begin, roi.end, strict=True))}]"
    n = grid.subdivision
    ends = (f"{b / n:.12g}:{e / n:.12g}" for b, e in zip(roi.begin, roi.end, strict=True))
    return f"[{', '.join(ends)}] {grid.unit}"


def format_voxel(position: Sequence[float], grid: Array) -> str:
    """The voxel of a layer's array, `grid`, at a point in its unit: ``"voxel 31, 64, 12 (z 1240, y 258, x 50 nm)"``.

    Indices count from 0 in the layer's own voxels, the coordinates are those of the voxel's centre. The indices alone are
    given where the world counts the same, as it does for layers without scale and unit.
    """
    voxels = [(p * grid.subdivision - o) / v for p, o, v in zip(position, grid.offset, grid.voxel_size, strict=True)]
    index = [floor(v + 1e-9) for v in voxels]  # a voxel's corner may come out a rounding error before it
    text = f"voxel {', '.join(map(str, index))}"
    halves = (o + v * (i + 0.5) for o, v, i in zip(grid.offset, grid.voxel_size, index, strict=True))
    centre = (f"{counts / grid.subdivision:.10g}" for counts in halves)
    return text if _counts_voxels(grid) else f"{text} ({_along_axes(centre, grid)})"


def format_region(roi: Roi, grid: Array) -> str:
    """A ROI on a layer's array, `grid`: ``"voxels 31:32, 64:192 (y 1240:1280, x 256:768 nm)"``, as in `format_voxel`."""
    ends = zip(roi.begin, roi.end, grid.offset, grid.voxel_size, strict=True)
    text = f"voxels {', '.join(f'{(b - o) / v:.10g}:{(e - o) / v:.10g}' for b, e, o, v in ends)}"
    return text if _counts_voxels(grid) else f"{text} ({format_corners(roi, grid)})"


def format_corners(roi: Roi, grid: Array) -> str:
    """Where a ROI begins and ends along each axis, in the unit of `grid`: ``"y 1240:1280, x 256:768 nm"``."""
    n = grid.subdivision
    return _along_axes((f"{b / n:.10g}:{e / n:.10g}" for b, e in zip(roi.begin, roi.end, strict=True)), grid)


def _along_axes(texts: Iterable[str], grid: Array) -> str:
    along = ", ".join(f"{axis} {text}" for axis, text in zip(grid.spatial_axes, texts, strict=True))
    return f"{along} {grid.unit}{'s' if grid.unit == 'pixel' else ''}"


def _counts_voxels(grid: Array) -> bool:
    """Whether the world counts a grid's voxels: the centre of the first is 0, and each is a pixel large."""
    lengths = {*grid.physical_voxel_size, *(-2 * o for o in grid.physical_offset)}
    return grid.unit == "pixel" and lengths == {1.0}


def format_bytes(size: int) -> str:
    """An amount of memory, in powers of 1000: ``"4.2 GB"``."""
    for unit, factor in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if size >= factor:
            return f"{size / factor:.3g} {unit}"
    return f"{size} bytes"


def format_duration(seconds: float) -> str:
    """A duration in the largest unit that it has one of: ``"7 ms"``, ``"1.2 s"``, ``"5 min"``, ``"3 h"``."""
    if seconds < 1:
        return f"{seconds * 1e3:.0f} ms"
    if seconds < 90:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.0f} h"


def format_value(value: Any) -> str:
    """A parameter's value: ``"on"``, ``"[1, 0, 0]"``, ``"0.5"``; a dash for none."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(format_value(v) for v in value)}]"
    if isinstance(value, Mapping):
        return ", ".join(f"{k}: {format_value(v)}" for k, v in value.items())
    return str(value)


def format_error(error: BaseException) -> str:
    """What went wrong, on one line; the class of error only where its message alone wouldn't say."""
    if isinstance(error, OSError) and error.strerror and error.filename is not None:
        return f"{error.filename}: {error.strerror.lower()}"
    text = " ".join(str(error).split())
    if not text:
        return "not enough memory" if isinstance(error, MemoryError) else type(error).__name__
    return text if isinstance(error, _EXPECTED) else f"{type(error).__name__}: {text}"


def validation_problem(error: Any) -> str:
    """The first thing that a pydantic ``ValidationError`` finds wrong in a file, and where."""
    first = error.errors()[0]
    place = ".".join(str(step) for step in first["loc"])
    message = first["msg"].removeprefix("Value error, ")
    if first["type"] == "extra_forbidden":
        return f"there is nothing called {place}"
    if first["type"] == "missing":
        return f"{place} is missing"
    got = "" if isinstance(first["input"], Mapping) else f", got {first['input']!r}"
    return f"{place}: {message[:1].lower()}{message[1:]}{got}"


def readable(name: str) -> str:
    """A parameter's or kind's name in words, as forms and messages spell it: ``"scale factor"``."""
    return " ".join(_SPELLINGS.get(word, word) for word in name.split("_") if word)


def capitalised(text: str) -> str:
    """`text` with its first letter in upper case."""
    return text[:1].upper() + text[1:]


def format_table(rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> str:
    """Rows of cells as lines whose columns begin at the same place; columns listed in `right` end there instead."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = [
            cell.rjust(w) if i in right else cell.ljust(w) for i, (cell, w) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)
