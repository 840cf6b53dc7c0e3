"""CPU kernels compiled by numba.

Each module has functions of its namesake one level up, with the same arguments. All kernels are serial code that releases
the GIL, see `threads`, and is kept on disk for the next process.
"""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import torch
from numba import config as numba_config
from numba import njit

config: Any = numba_config  # whose members numba makes up when it is loaded

EXACT: dict[str, Any] = {"nogil": True, "error_model": "numpy"}
"""Compile as written, operation by operation."""

SUMS: dict[str, Any] = {**EXACT, "fastmath": {"reassoc", "contract", "nsz"}}
"""Allow sums in another order, several terms at once; infinities and NaNs keep their meaning."""

FINITE: dict[str, Any] = {**EXACT, "fastmath": {"nnan", "ninf", "nsz"}}
"""As written, for numbers that are all finite: which of two is larger is then never in doubt."""

LABEL_TYPES = (torch.int16, torch.int32, torch.int64)
"""The types of ids that kernels are compiled for: each costs as much as the others. See `normalized`."""


def kernel(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    """Decorator of functions that numba compiles when they are called; what it makes is kept for the next process."""

    def decorate(function: Callable[..., Any]) -> Any:
        try:
            return njit(cache=True, **options)(function)
        except RuntimeError:
            # Neither beside the source nor in the home folder can anything be written: until the end of this process.
            before, config.CACHE_DIR = config.CACHE_DIR, _scratch()
            try:
                return njit(cache=True, **options)(function)
            finally:
                config.CACHE_DIR = before

    return decorate


def cache_variables() -> dict[str, str]:
    """Environment variables by which another process uses the same cache."""
    folder = _scratch() if _scratch.cache_info().currsize else config.CACHE_DIR
    return {"NUMBA_CACHE_DIR": folder} if folder else {}


@cache
def _scratch() -> str:
    folder = tempfile.mkdtemp(prefix="predictor-inspector-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def normalized(labels: torch.Tensor) -> torch.Tensor:
    """Ids as one of `LABEL_TYPES`."""
    return labels if labels.dtype in LABEL_TYPES else labels.to(torch.int16)


def volume(tensor: torch.Tensor) -> np.ndarray:
    """Up to three axes as three, contiguous; booleans as bytes. Shares memory where it can."""
    values = tensor.contiguous()
    if values.dtype == torch.bool:
        values = values.view(torch.uint8)
    return values.numpy().reshape((1,) * (3 - tensor.ndim) + tuple(tensor.shape))


def channels(tensor: torch.Tensor) -> np.ndarray:
    """Booleans, [C, …], as bytes, [C, N]. Shares memory where it can."""
    return tensor.contiguous().view(torch.uint8).numpy().reshape(tensor.shape[0], -1)
