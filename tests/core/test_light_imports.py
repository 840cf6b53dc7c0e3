"""The core loads nothing that a training script doesn't need."""

from __future__ import annotations

import subprocess
import sys

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
    "yaml",
    "yaozarrs",
    "zarr",
]


def loaded_by(statement: str) -> list[str]:
    """Which heavy packages and CUDA kernels are loaded after `statement`, in a Python of its own."""
    code = f"""
{statement}
import sys
heavy = {HEAVY}
print([name for name in sys.modules if name in heavy or name.startswith("predictor_inspector.core.ops.cuda.")])
"""
    printed = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    return eval(printed)


def test_the_core_loads_no_window_no_reader_no_parser_no_compiler_and_kernels_only_for_tensors_on_a_gpu() -> None:
    statement = """
import torch
import predictor_inspector.core
from predictor_inspector.core.ops.affinities import affinities
affinities(torch.ones((2, 2), dtype=torch.uint8), [[1, 0]])
"""
    assert loaded_by(statement) == []


def test_inspecting_from_a_script_loads_them_no_more() -> None:
    statement = """
import numpy as np
from predictor_inspector.core import AffinitiesPredictor, Array
from predictor_inspector.inspection import inspect
inspect(AffinitiesPredictor([[0, 1]], num_voxels=1), Array(np.ones((3, 3), np.uint8), (1, 1)), device="cpu")
"""
    windows = {"PyQt6", "magicgui", "napari", "qtpy", "superqt"}
    assert windows.isdisjoint(loaded_by(statement))
