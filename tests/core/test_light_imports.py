"""The core loads nothing that a training script doesn't need."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = [
    "PyQt6",
    "dask",
    "h5py",
    "magicgui",
    "matplotlib",
    "napari",
    "numba",
    "pydantic",
    "qtpy",
    "scipy",
    "superqt",
    "tifffile",
    "yaml",
    "yaozarrs",
    "zarr",
]


WINDOWS = {"PyQt6", "magicgui", "napari", "qtpy", "superqt"}
READERS = {"dask", "h5py", "tifffile", "yaozarrs", "zarr"}

STEPS = """
import torch
import predictor_inspector.core
from predictor_inspector.core.ops.affinities import affinities
affinities(torch.ones((2, 2), dtype=torch.uint8), [[1, 0]])
print(loaded())
from predictor_inspector.data import open_array, write_ome_zarr, array_from_layer
print(loaded())
import numpy as np
from predictor_inspector.core import AffinitiesPredictor, Array
from predictor_inspector.inspection import inspect
inspect(AffinitiesPredictor([[0, 1]], num_voxels=1), Array(np.ones((3, 3), np.uint8), (1, 1)), device="cpu")
print(loaded())
"""


@pytest.fixture(scope="module")
def loaded() -> list[set[str]]:
    """Which heavy packages and CUDA kernels are loaded after each of `STEPS`, one after the other in a Python of its own."""
    code = f"""
import sys
def loaded():
    return {{m for m in sys.modules if m in {HEAVY} or m.startswith("predictor_inspector.core.ops.cuda.")}}
{STEPS}"""
    printed = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    return [eval(line) for line in printed.splitlines()]


def test_the_core_loads_no_window_no_reader_no_parser_no_compiler_and_kernels_only_for_tensors_on_a_gpu(
    loaded: list[set[str]],
) -> None:
    assert loaded[0] == set()


def test_importing_the_data_package_loads_no_reader(loaded: list[set[str]]) -> None:
    assert loaded[1].isdisjoint(READERS | WINDOWS)


def test_inspecting_from_a_script_loads_no_window(loaded: list[set[str]]) -> None:
    assert loaded[2].isdisjoint(WINDOWS)
