"""How all kernels are compiled: serial code that releases the GIL, kept on disk for the next process."""

from __future__ import annotations

from typing import Any

import torch

EXACT: dict[str, Any] = {"cache": True, "nogil": True, "error_model": "numpy"}
"""As written, operation by operation."""

SUMS: dict[str, Any] = {**EXACT, "fastmath": {"reassoc", "contract", "nsz"}}
"""Sums may be taken in another order, several terms at once; infinities and NaNs keep their meaning."""

FINITE: dict[str, Any] = {**EXACT, "fastmath": {"nnan", "ninf", "nsz"}}
"""As written, for numbers that are all finite: what is larger is then never in doubt."""

LABEL_TYPES = (torch.uint8, torch.int16, torch.int32, torch.int64)
"""The types that ids come in: kernels that read them are compiled for each."""
