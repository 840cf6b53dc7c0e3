"""Operations in Triton, for CUDA devices: few launches that the host needn't wait for.

The modules here have the functions of their namesakes one level up and are loaded with the first CUDA tensor:
Triton exists where torch's CUDA wheels bring it. Conventions of all kernels:

- Volumes have three axes (see `volumes`), the last one contiguous. Offsets into volumes are 64 bits wide.
- Grids are one-dimensional, because the other two dimensions of a CUDA grid end at 65535.
- A kernel is compiled once for each type of its tensors, not for each size of a region (see `volumes.kernel`).
"""

from __future__ import annotations

import logging
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import torch

log = logging.getLogger(__name__)


def attempt(operation: str, tensor: torch.Tensor, *arguments: Any) -> Any:
    """The result of a kernel, or None where torch has to compute it.

    `operation` is module and function in this package: ``"affinities.known_pairs"``; `tensor` is its first argument, which
    must be on a CUDA device that Triton can be used on.
    """
    if tensor.device.type != "cuda" or not usable(tensor.device):
        return None
    module, _, function = operation.partition(".")
    errors = import_module("triton.errors")
    try:
        # Triton launches on the current device, whichever the tensors are on.
        with torch.cuda.device(tensor.device):
            return getattr(import_module(f"{__name__}.{module}"), function)(tensor, *arguments)
    except errors.TritonError:
        # Another release of Triton, or an old device, may not compile them all.
        log.warning("kernel %s can't be used on %s; plain torch is used", operation, tensor.device, exc_info=True)
        _unusable.add(tensor.device)
        return None


def usable(device: torch.device) -> bool:
    """Whether Triton is installed and compiles and runs a kernel on `device`; the answer is kept."""
    return device not in _unusable and _works(device)


_unusable: set[torch.device] = set()


@lru_cache(maxsize=16)
def _works(device: torch.device) -> bool:
    if find_spec("triton") is None:
        log.info("Triton isn't installed: plain torch is used on %s", device)
        return False
    labels = torch.tensor([1, 1, 2], dtype=torch.uint8).to(device)
    try:
        import_module("triton.errors")
        with torch.cuda.device(device):
            affinities = import_module(f"{__name__}.affinities").affinities(labels, [[1]]).tolist()
    except Exception:
        # Anything that may be wrong with a tool chain: no C compiler, no headers, a driver too old.
        log.warning("Triton can't be used on %s; plain torch is used", device, exc_info=True)
        return False
    return bool(affinities == [[1.0, 0.0, 0.0]])
