"""TIFF files: pixels, or the geometry that OME's, ImageJ's or a microscope's metadata give."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np

from predictor_inspector.core.about import About
from predictor_inspector.data.formats.axes import Axis, Described, usable
from predictor_inspector.data.formats.axis import KINDS
from predictor_inspector.data.formats.format import Format, StoredArray, guess_kind
from predictor_inspector.data.formats.tiff_pages import check_codec, opened_whole, read_series
from predictor_inspector.data.formats.unreadable import NotVoxels, Unreadable, attempt, refuse_other_than_voxels
from predictor_inspector.data.geometry import exact, simplest_decimal
from predictor_inspector.data.lazy import Box, LazyArray
from predictor_inspector.data.units import PIXEL, short_unit, unit_factor

# TIFF holds a resolution as a ratio; below this, its terms are too small to have been rounded.
_ROUNDED_TERMS = 10_000

_UNIT_OF_OME = "µm"  # where PhysicalSizeX comes without a unit
_TAG_UNITS = {2: "inch", 3: "cm"}

# Inches of a pixel of a screen, which are written where nobody has said anything.
_SCREEN = Fraction(1, 72)

_ONES: dict[str, Fraction | None] = {"y": Fraction(1), "x": Fraction(1)}

# Larger pixels, of micrometres, are those of paper and screens: 72 or 300 dots per inch say nothing of what was imaged.
_PRINTED = 10

# Kinds of metadata, as tifffile names them, in which microscopes say how large pixels are.
_OTHER_METADATA = {
    "fei",
    "fluoview",
    "lsm",
    "mdgel",
    "metaseries",
    "micromanager",
    "mmstack",
    "ndpi",
    "ndtiff",
    "scanimage",
} | {*("scn", "sem", "sis", "stk", "svs", "tvips")}

Lengths = dict[str, dict[str, Any]]
"""By letters of axes: `size` and `unit` of an `Axis`."""


@dataclass(frozen=True)
class TiffSeries(LazyArray):
    """An image of a TIFF file that is opened for each read and closed after it; only the needed parts are decoded."""

    file: Path
    series: int
    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    def read(self, box: Box) -> np.ndarray:
        return read_series(self.file, self.series, box)


class TiffFiles(Format):
    """TIFF files; where one holds several images, their numbers are their names."""

    suffixes = (".tif", ".tiff")

    def arrays(self, container: Path, location: str = "") -> list[StoredArray | Unreadable]:
        with opened_whole(container) as tiff:
            count = len(tiff.series)
            names = [str(i) if count > 1 else "" for i in range(count)]
            found = [
                attempt(name, str(container), partial(_stored, container, tiff, i, name))
                for i, name in enumerate(names)
            ]
        return found


def _stored(path: Path, tiff: Any, index: int, location: str) -> StoredArray:
    series = tiff.series[index]
    letters, shape = series.axes, tuple(int(n) for n in series.shape)
    if "S" in letters and shape[letters.index("S")] > 1:
        raise NotVoxels(f"{path}: it holds colours (axes {letters}, shape {shape}); one value per voxel is needed")
    refuse_other_than_voxels(location, shape, series.dtype, str(path))
    check_codec(series.keyframe, str(path))
    data = TiffSeries(path, index, shape, np.dtype(series.dtype))
    said, doubts = _sizes(tiff, index)
    axes = [replace(axis, **said.get(axis.letter or "", {})) for axis in _axes(letters)]
    described = Described(data, {"axes": axes}, str(path), place="centre", about=About(doubts=tuple(doubts)))
    return StoredArray(
        location, described.array(), guess_kind(path.stem.replace("_", " "), data.dtype), described=described
    )


def _axes(letters: str) -> list[Axis]:
    depth = letters.find("Z")
    if depth < 0:
        # An axis of unknown meaning just before y and x is depth: so most programs save a plain stack.
        unknown = [axis for axis, letter in enumerate(letters) if letter not in "TCSYX"]
        depth = unknown[-1] if unknown else -1
    names = ["z" if axis == depth else letter.lower() for axis, letter in enumerate(letters)]
    return [Axis(name if name in KINDS else None, KINDS.get(name, "channel")) for name in names]


def _sizes(tiff: Any, index: int) -> tuple[Lengths, list[str]]:
    """Voxel sizes by letters of axes, and doubts about them: OME's, tifffile's own, a microscope's, ImageJ's, or the tags'."""
    if tiff.is_ome:
        images = ElementTree.fromstring(tiff.ome_metadata or "<OME/>").findall("{*}Image/{*}Pixels")
        return _physical_sizes(images[index].attrib if index < len(images) else {})
    # What is given to tifffile beside an array is written as JSON, often in OME's or ImageJ's words.
    shaped = tiff.shaped_metadata or ()
    own: Mapping[str, Any] = shaped[index] if index < len(shaped) else {}
    if any(f"PhysicalSize{axis}" in own for axis in "ZYX"):
        return _physical_sizes({key: str(value) for key, value in own.items()})
    if lengths := _microscope_sizes(tiff) if index == 0 else {}:
        return lengths, []
    words = {key: own[key] for key in ("unit", "yunit", "zunit", "spacing") if key in own}
    lengths, doubts = _tag_sizes(tiff.pages[0].tags, tiff.imagej_metadata or words)
    if not lengths:
        others = sorted(_OTHER_METADATA.intersection(tiff.flags))
        doubts += [f"its metadata of {name} may give voxel sizes, which aren't read" for name in others]
    return lengths, doubts


def _microscope_sizes(tiff: Any) -> Lengths:
    """Voxel sizes in the tags of Zeiss's LSM, of FEI's and of Zeiss's electron microscopes; empty without any."""
    lsm, sem = tiff.lsm_metadata or {}, tiff.sem_metadata or {}
    scan = (tiff.fei_metadata or {}).get("Scan") or {}
    metres = {axis: lsm.get(f"VoxelSize{axis.upper()}") for axis in "zyx"} if lsm else {}
    metres |= {"y": scan.get("PixelHeight"), "x": scan.get("PixelWidth")} if scan else {}
    lengths: Lengths = {}
    for axis, size in metres.items():
        if isinstance(size, float) and usable(size):
            lengths[axis] = {"size": exact(float(f"{size * 1e9:.9g}")), "unit": "nm"}
    named: Any = sem.get("ap_image_pixel_size") or sem.get("ap_pixel_size") or ()
    if len(named) == 3 and usable(named[1]):  # its name, the number, the unit
        with suppress(ValueError):
            lengths = {axis: {"size": exact(named[1]), "unit": short_unit(named[2])} for axis in "yx"}
    return lengths


def _tag_sizes(tags: Any, imagej: Mapping[str, Any]) -> tuple[Lengths, list[str]]:
    """Voxel sizes from the tags of resolution and ImageJ's description, and doubts about them."""
    within = {a: _size(tags[tag].value) for a, tag in (("y", "YResolution"), ("x", "XResolution")) if tag in tags}
    tagged = _TAG_UNITS.get(int(tags["ResolutionUnit"].value)) if "ResolutionUnit" in tags else "inch"
    unit = _imagej_unit(imagej, "unit") if imagej else tagged
    spacing = imagej.get("spacing")
    depth = usable(exact(abs(spacing))) if isinstance(spacing, int | float) else None
    units = {"z": _imagej_unit(imagej, "zunit"), "y": _imagej_unit(imagej, "yunit")}
    doubts: list[str] = []
    if unit is None:
        if not imagej:
            return {}, []
        # ImageJ drops the unit of the tags, which is a printer's, if its description has none.
        unit, within = PIXEL, within if tagged is None else _ONES
    elif unit in _TAG_UNITS.values():
        micrometres = unit_factor(unit, "um")
        if any(size * micrometres > _PRINTED for size in within.values() if size):
            return {}, []
        within, unit = {a: size and size * micrometres for a, size in within.items()}, "um"
        depth = depth if depth is None or units["z"] else exact(depth) * micrometres
    elif tagged == "inch" and set(within.values()) == {_SCREEN}:
        # ImageJ's own rule: 72 dots per inch are those of screens, and say nothing.
        within = _ONES
        doubts.append(f"72 dots per inch say nothing of y and x, taken to be 1 {unit} as ImageJ does")
    elif tagged == "cm" and unit == "um":
        # ImageJ's own rule: then the tags are in centimetres, though the description says µm.
        within = {a: size and size * 10_000 for a, size in within.items()}
    lengths = {a: {"size": size, "unit": units.get(a) or unit} for a, size in {**within, "z": depth}.items()}
    for letter, words in lengths.items():
        try:
            words["unit"] = short_unit(words["unit"])
        except ValueError:
            doubts.append(f"the voxel size along {letter} is in {words['unit']!r}, which is no unit of length")
            words["unit"] = words["size"] = None
    if all(words["unit"] in (None, PIXEL) for words in lengths.values()) and depth in (None, 1):
        return {}, doubts
    return lengths, doubts


def _imagej_unit(imagej: Mapping[str, Any], key: str) -> str | None:
    """A unit of ImageJ's description, in which µ is written as an escape sequence; None where it has none."""
    text = re.sub(r"\\u([0-9a-fA-F]{4})", lambda match: chr(int(match[1], 16)), str(imagej.get(key, ""))).strip()
    return text or None


def _size(resolution: tuple[int, int]) -> Fraction | None:
    """Pixel size from pixels per unit; where the ratio was rounded, the simplest number that it may stand for."""
    pixels, lengths = resolution
    if not pixels or not lengths:
        return None
    size = Fraction(lengths, pixels)
    if min(pixels, lengths) < _ROUNDED_TERMS:
        return size
    half = Fraction(1, 2)
    return simplest_decimal(lengths / (pixels + half), lengths / (pixels - half))


def _physical_sizes(pixels: Mapping[str, str]) -> tuple[Lengths, list[str]]:
    """Voxel sizes from the attributes of OME's `Pixels`, and doubts about them."""
    lengths: Lengths = {}
    doubts = []
    for axis in "ZYX":
        size, unit = pixels.get(f"PhysicalSize{axis}"), pixels.get(f"PhysicalSize{axis}Unit", _UNIT_OF_OME)
        if size is None:
            continue
        try:
            lengths[axis.lower()] = {"size": usable(Fraction(size)), "unit": short_unit(unit)}
        except ValueError:
            doubts.append(f"the voxel size along {axis.lower()} is {size} {unit}, which is no length")
    return lengths, doubts


TIFF = TiffFiles()
