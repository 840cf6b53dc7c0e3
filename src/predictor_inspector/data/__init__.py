"""Arrays in files and napari layers, with exact geometry: reading, writing, units, samples.

Importing this package is cheap: what reads a kind of file is imported when such a file is opened.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from predictor_inspector.data.chunk_cache import ChunkCache, cached
    from predictor_inspector.data.formats.format import Format, StoredArray, guess_kind
    from predictor_inspector.data.geometry import make_array, pixel_array
    from predictor_inspector.data.layers import array_from_layer
    from predictor_inspector.data.lengths import whole_lengths
    from predictor_inspector.data.opening import list_arrays, open_array, readable_suffixes
    from predictor_inspector.data.resample import read_on_grid
    from predictor_inspector.data.samples import Sample, cells_2d, neurites
    from predictor_inspector.data.units import convert_unit, ome_unit, short_unit, unit_factor
    from predictor_inspector.data.write import ome_zarr_in_parts, write_ome_zarr

_HOMES = {
    "chunk_cache": ("ChunkCache", "cached"),
    "formats.format": ("Format", "StoredArray", "guess_kind"),
    "geometry": ("make_array", "pixel_array"),
    "layers": ("array_from_layer",),
    "lengths": ("whole_lengths",),
    "opening": ("list_arrays", "open_array", "readable_suffixes"),
    "resample": ("read_on_grid",),
    "samples": ("Sample", "cells_2d", "neurites"),
    "units": ("convert_unit", "ome_unit", "short_unit", "unit_factor"),
    "write": ("ome_zarr_in_parts", "write_ome_zarr"),
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "ChunkCache",
    "Format",
    "Sample",
    "StoredArray",
    "array_from_layer",
    "cached",
    "cells_2d",
    "convert_unit",
    "guess_kind",
    "list_arrays",
    "make_array",
    "neurites",
    "ome_unit",
    "ome_zarr_in_parts",
    "open_array",
    "pixel_array",
    "read_on_grid",
    "readable_suffixes",
    "short_unit",
    "unit_factor",
    "whole_lengths",
    "write_ome_zarr",
]


def __getattr__(name: str) -> Any:
    if name in _HOME_OF:
        return getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
