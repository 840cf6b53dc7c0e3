"""Arrays in files and napari layers, with exact geometry: reading, writing, units, samples.

Importing this package loads no reader: a format's packages are imported when a file of it is opened.
"""

from predictor_inspector.data.classes import open_classes
from predictor_inspector.data.dataset import Dataset, open_dataset
from predictor_inspector.data.formats.format import Format, StoredArray, guess_kind
from predictor_inspector.data.formats.unreadable import Unreadable
from predictor_inspector.data.geometry import convert_unit, make_array, pixel_array, whole_lengths
from predictor_inspector.data.layers import array_from_layer
from predictor_inspector.data.opening import list_arrays, list_contents, open_array, readable_suffixes
from predictor_inspector.data.resample import read_on_grid
from predictor_inspector.data.samples import Sample, cells_2d, faulty_cells, neurites
from predictor_inspector.data.units import ome_unit, short_unit, unit_factor
from predictor_inspector.data.write import write_ome_zarr

__all__ = [
    "Dataset",
    "Format",
    "Sample",
    "StoredArray",
    "Unreadable",
    "array_from_layer",
    "cells_2d",
    "convert_unit",
    "faulty_cells",
    "guess_kind",
    "list_arrays",
    "list_contents",
    "make_array",
    "neurites",
    "ome_unit",
    "open_array",
    "open_classes",
    "open_dataset",
    "pixel_array",
    "read_on_grid",
    "readable_suffixes",
    "short_unit",
    "unit_factor",
    "whole_lengths",
    "write_ome_zarr",
]
