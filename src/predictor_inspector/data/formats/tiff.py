"""TIFF files: pixels, or the geometry that ImageJ's or OME's metadata give."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np

from predictor_inspector.data.formats.format import Format, StoredArray, guess_kind, optional_module
from predictor_inspector.data.geometry import exact, make_array, simplest_decimal
from predictor_inspector.data.lazy import Box, LazyArray, Transposed

# TIFF holds a resolution as a ratio; below this, its terms are too small to have been rounded.
_ROUNDED_TERMS = 10_000

_UNIT_OF_OME = "µm"  # where PhysicalSizeX comes without a unit
_PIXELS = [Fraction(1)] * 3, ["pixel"] * 3


@dataclass(frozen=True)
class TiffSeries(LazyArray):
    """An image of a TIFF file that is opened for each read and closed after it; only the needed parts are decoded."""

    file: Path
    series: int
    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    def read(self, box: Box) -> np.ndarray:
        import zarr

        tifffile = optional_module("tifffile", "tiff", f"reading {self.file}")
        with tifffile.TiffFile(self.file) as tiff:
            series = tiff.series[self.series]
            if series.dataoffset is not None:
                stored_type = series.dtype.newbyteorder(tiff.byteorder)
                mapped = np.memmap(self.file, stored_type, "r", series.dataoffset, self.shape)
                return np.array(mapped[box], dtype=self.dtype)
            with series.aszarr(level=0) as store:
                stored: Any = zarr.open_array(store, mode="r")
                return np.asarray(stored[box])


class TiffFiles(Format):
    """TIFF files; where one holds several images, their numbers are their names."""

    suffixes = (".tif", ".tiff")

    def arrays(self, container: Path, location: str = "") -> list[StoredArray]:
        tifffile = optional_module("tifffile", "tiff", f"reading {container}")
        try:
            with tifffile.TiffFile(container) as tiff:
                count = len(tiff.series)
                return [_stored(container, tiff, i, str(i) if count > 1 else "") for i in range(count)]
        except tifffile.TiffFileError as error:
            raise ValueError(f"{container} can't be opened as TIFF: {error}") from error


def _stored(path: Path, tiff: Any, index: int, location: str) -> StoredArray:
    series = tiff.series[index]
    axes, shape = series.axes, tuple(int(n) for n in series.shape)
    if "S" in axes and shape[axes.index("S")] > 1:
        raise ValueError(f"{path} holds colours (axes {axes}, shape {shape}); one value per voxel is needed")
    data: Any = TiffSeries(path, index, shape, np.dtype(series.dtype))
    order, names, dims = _roles(axes)
    if order != tuple(range(len(order))):
        data = Transposed(data, order)
    sizes, units = _ome_sizes(tiff.ome_metadata, index) if tiff.is_ome else _imagej_sizes(tiff)
    array = make_array(data, names, sizes[-dims:], centre=[0] * dims, units=units[-dims:], source=str(path))
    return StoredArray(location, array, guess_kind(path.stem.replace("_", " "), data.dtype))


def _roles(axes: str) -> tuple[tuple[int, ...], tuple[str, ...], int]:
    """The order that puts channels first, names of the axes in it, and how many are spatial."""
    depth = axes.find("Z")
    if depth < 0:
        # An axis of unknown meaning just before y and x is depth: so most programs save a plain stack.
        unknown = [axis for axis, letter in enumerate(axes) if letter not in "TCSYX"]
        depth = unknown[-1] if unknown else -1
    spatial = [axis for axis in (depth, axes.index("Y"), axes.index("X")) if axis >= 0]
    leading = [axis for axis in range(len(axes)) if axis not in spatial]
    names = tuple(f"{axes[axis].lower()}^" for axis in leading)
    if len(set(names)) != len(names):
        names = tuple(f"c{i}^" for i in range(len(leading)))
    return (*leading, *spatial), names + ("z", "y", "x")[3 - len(spatial) :], len(spatial)


def _imagej_sizes(tiff: Any) -> tuple[list[Fraction], list[str]]:
    metadata: Mapping[str, Any] = tiff.imagej_metadata or {}
    unit = re.sub(r"\\u([0-9a-fA-F]{4})", lambda match: chr(int(match[1], 16)), str(metadata.get("unit", "")))
    if not metadata or (unit in ("", "pixel", "pixels") and "spacing" not in metadata):
        return _PIXELS
    tags = tiff.pages[0].tags
    within = [_size(tags[tag].value) if tag in tags else Fraction(1) for tag in ("YResolution", "XResolution")]
    spacing = abs(exact(metadata["spacing"])) if metadata.get("spacing") else within[1]
    return [spacing, *within], [unit] * 3


def _size(resolution: tuple[int, int]) -> Fraction:
    """Pixel size from pixels per unit; where the ratio was rounded, the simplest number that it may stand for."""
    pixels, lengths = resolution
    if not pixels or not lengths:
        return Fraction(1)
    size = Fraction(lengths, pixels)
    if min(pixels, lengths) < _ROUNDED_TERMS:
        return size
    half = Fraction(1, 2)
    return simplest_decimal(lengths / (pixels + half), lengths / (pixels - half))


def _ome_sizes(xml: str | None, index: int) -> tuple[list[Fraction], list[str]]:
    images = ElementTree.fromstring(xml).findall("{*}Image/{*}Pixels") if xml else []
    pixels = images[index].attrib if index < len(images) else {}
    if "PhysicalSizeX" not in pixels or "PhysicalSizeY" not in pixels:
        return _PIXELS
    sizes = [Fraction(pixels.get(f"PhysicalSize{axis}", "1")) for axis in "ZYX"]
    return sizes, [pixels.get(f"PhysicalSize{axis}Unit", _UNIT_OF_OME) for axis in "ZYX"]


TIFF = TiffFiles()
