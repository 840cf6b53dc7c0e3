"""`kernel`: how all kernels are declared whose arguments change with the region."""

from __future__ import annotations

from collections.abc import Callable
from inspect import signature
from typing import Any

import triton


def kernel(function: Callable[..., None]) -> Any:
    """As ``triton.jit``, but compiled once for each type of its tensors and each value of its constants.

    Triton would also tell arguments apart by whether they are 1, or multiples of 16, and compile each combination. Shapes
    and strides of regions are anything, and somebody who drags a region about would wait for the compiler now and then.
    """
    names = [
        name for name, parameter in signature(function).parameters.items() if parameter.annotation != "tl.constexpr"
    ]
    return triton.jit(function, do_not_specialize=names, do_not_specialize_on_alignment=names)
