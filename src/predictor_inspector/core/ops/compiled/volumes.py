"""Tensors as the kernels take them."""

from __future__ import annotations

import numpy as np
import torch


def volume(tensor: torch.Tensor) -> np.ndarray:
    """Up to three axes as three, contiguous; booleans as bytes. Shares memory where it can."""
    values = tensor.contiguous()
    if values.dtype == torch.bool:
        values = values.view(torch.uint8)
    return values.numpy().reshape((1,) * (3 - tensor.ndim) + tuple(tensor.shape))


def channels(tensor: torch.Tensor) -> np.ndarray:
    """Booleans, [C, …], as bytes, [C, N]. Shares memory where it can."""
    return tensor.contiguous().view(torch.uint8).numpy().reshape(tensor.shape[0], -1)
