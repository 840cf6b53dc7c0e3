"""Helpers of all kernels: declaration, volumes of three axes, and blocks for their rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from inspect import signature
from typing import Any

import torch
import triton

from predictor_inspector.core.ops.regions import Slices

BLOCK = 1024
"""Voxels per program of an element-wise kernel."""


def kernel(function: Callable[..., None]) -> Any:
    """As ``triton.jit``, but compiled once for each type of its tensors and each value of its constants.

    Triton would also compile each combination of arguments that are 1 or multiples of 16; shapes and strides of regions can
    be any, and dragging a region would wait for the compiler now and then.
    """
    names = [
        name for name, parameter in signature(function).parameters.items() if parameter.annotation != "tl.constexpr"
    ]
    return triton.jit(function, do_not_specialize=names, do_not_specialize_on_alignment=names)


def volume(tensor: torch.Tensor) -> torch.Tensor:
    """A tensor of up to three axes with three, the last one contiguous; booleans as bytes. Shares memory if it can."""
    tensor = tensor.view(torch.uint8) if tensor.dtype == torch.bool else tensor
    tensor = tensor[(None,) * (3 - tensor.ndim)]
    # An axis of length 1 may have any stride.
    return tensor if tensor.stride(2) == 1 else tensor.contiguous()


def volume_slices(keep: Slices) -> Slices:
    """`keep` with three axes."""
    return (slice(0, 1),) * (3 - len(keep)) + tuple(keep)


def block(columns: int, size: int = BLOCK) -> tuple[int, int]:
    """Rows and columns of a block of `size` voxels; two forms only, each of which is compiled."""
    width = 128 if columns > 32 else 16
    return size // width, width


def grown(keep: Slices, shape: Sequence[int], radii: Sequence[int]) -> tuple[Slices, Slices]:
    """`keep` and so many voxels around it, as far as there are any; and `keep` relative to that."""
    around = tuple(slice(max(0, k.start - r), min(n, k.stop + r)) for k, n, r in zip(keep, shape, radii, strict=True))
    inside = tuple(slice(k.start - a.start, k.stop - a.start) for k, a in zip(keep, around, strict=True))
    return around, inside
