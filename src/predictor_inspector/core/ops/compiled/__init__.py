"""CPU kernels compiled by numba.

Each module has functions of its namesake one level up, with the same arguments. All kernels are serial code that releases
the GIL, see `threads`, and is kept on disk for the next process.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

EXACT: dict[str, Any] = {"cache": True, "nogil": True, "error_model": "numpy"}
"""Compile as written, operation by operation."""

SUMS: dict[str, Any] = {**EXACT, "fastmath": {"reassoc", "contract", "nsz"}}
"""Allow sums in another order, several terms at once; infinities and NaNs keep their meaning."""

FINITE: dict[str, Any] = {**EXACT, "fastmath": {"nnan", "ninf", "nsz"}}
"""As written, for numbers that are all finite: which of two is larger is then never in doubt."""

LABEL_TYPES = (torch.uint8, torch.int16, torch.int32, torch.int64)
"""The types that ids come in: kernels that read them are compiled for each."""


def volume(tensor: torch.Tensor) -> np.ndarray:
    """Up to three axes as three, contiguous; booleans as bytes. Shares memory where it can."""
    values = tensor.contiguous()
    if values.dtype == torch.bool:
        values = values.view(torch.uint8)
    return values.numpy().reshape((1,) * (3 - tensor.ndim) + tuple(tensor.shape))


def channels(tensor: torch.Tensor) -> np.ndarray:
    """Booleans, [C, …], as bytes, [C, N]. Shares memory where it can."""
    return tensor.contiguous().view(torch.uint8).numpy().reshape(tensor.shape[0], -1)
