"""Label ids as tensors of types that torch can compute with.

Most of torch's operations refuse unsigned integers of more than 8 bits, in which ground truth often comes. Predictors only
ask whether an id equals another or is 0, so any type will do that keeps ids apart.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch.utils.weak import WeakIdKeyDictionary

_INT64_MAX = np.iinfo(np.int64).max
_NARROW = (torch.uint8, torch.int16, torch.int32, torch.int64)
_SIGNED = {
    np.dtype(np.uint16): (np.int16, np.int32),
    np.dtype(np.uint32): (np.int32, np.int64),
    np.dtype(np.uint64): (np.int64, np.int64),
}
"""For unsigned types that torch can't compute with: the signed one of as many bits, and one that holds all values."""

_checked: Any = WeakIdKeyDictionary()
"""Tensors on CUDA devices known to hold narrow ids, and their version: looking again would wait for the device."""


class NegativeIdsError(ValueError):
    """Ids that are to be 0 or more hold a negative one; `smallest` is the least of them."""

    def __init__(self, name: str, smallest: int) -> None:
        super().__init__(f"{name} must not hold negative ids, but its smallest is {smallest}; 0 is background")
        self.smallest = smallest


def as_tensor(data: Any, device: torch.device | str | None = None) -> torch.Tensor:
    """Any array as a tensor of a type that torch can compute with, on its own device by default; shares memory if it can.

    Unsigned integers of more than 8 bits become signed ones of as many bits, or of more if a value needs them; ids beyond
    63 bits are folded, see `fold_huge_ids`.
    """
    if isinstance(data, torch.Tensor):
        if data.dtype in (torch.uint16, torch.uint32, torch.uint64):
            return as_tensor(data.cpu().numpy(), device if device is not None else data.device)
        return data if device is None else data.to(device)
    values = np.asarray(data)
    if not values.dtype.isnative:
        values = values.astype(values.dtype.newbyteorder("="))
    if values.dtype in _SIGNED:
        values = _signed(values)
    if not values.flags.writeable or any(s < 0 for s in values.strides):
        values = values.copy()
    tensor = torch.from_numpy(np.ascontiguousarray(values).reshape(values.shape))
    return tensor if device is None else tensor.to(device)


def _signed(values: np.ndarray) -> np.ndarray:
    same, wider = _SIGNED[values.dtype]
    signed = values.view(same)
    # Values that are too large would come out negative; nearly always there are none, and nothing is copied.
    if signed.size == 0 or signed.min() >= 0:
        return signed
    return fold_huge_ids(values) if values.dtype == np.uint64 else values.astype(wider)


def fold_huge_ids(ids: np.ndarray) -> np.ndarray:
    """``uint64`` ids as ``int64``; ids from 2⁶³ on are replaced by free ids just below it.

    Some segmentations mark "unknown" with the largest 64-bit numbers. They stay positive and apart from all others.
    """
    huge = ids > _INT64_MAX
    if not huge.any():
        return ids.astype(np.int64)
    folded = np.where(huge, 0, ids).astype(np.int64)
    # There are no more ids than voxels, so among as many of the highest candidates enough are free.
    taken = set(np.unique(folded[folded > _INT64_MAX - ids.size]).tolist())
    free = (_INT64_MAX - k for k in range(ids.size))
    for value in np.unique(ids[huge]):
        folded[ids == value] = next(candidate for candidate in free if candidate not in taken)
    return folded


def as_labels(data: Any, name: str = "gt") -> torch.Tensor:
    """Ids as the narrowest of ``uint8``, ``int16``, ``int32`` and ``int64`` that holds them all.

    ``ValueError``, beginning with `name`, if the type isn't integer or boolean, a value is negative, or there are none.
    """
    tensor = as_tensor(data)
    if tensor.is_cuda and not tensor.is_inference() and _checked.get(tensor) == tensor._version:
        return tensor
    if tensor.is_floating_point() or tensor.is_complex():
        raise ValueError(
            f"{name} must hold integer ids, but its type is {str(tensor.dtype).removeprefix('torch.')}; "
            "convert it to an integer type if its values are ids"
        )
    if tensor.numel() == 0:
        raise ValueError(f"{name} is empty: its shape is {tuple(tensor.shape)}, every axis needs at least one voxel")
    if tensor.dtype in (torch.bool, torch.uint8):
        return tensor.to(torch.uint8)
    lowest, highest = (int(v) for v in torch.aminmax(tensor))
    if lowest < 0:
        raise NegativeIdsError(name, lowest)
    return tensor.to(_narrowest(highest))


def _narrowest(highest: int) -> torch.dtype:
    return next(t for t in _NARROW if highest <= torch.iinfo(t).max)


def to_device(data: Any, device: torch.device) -> torch.Tensor:
    """Any array as a tensor on `device`; ids bound for CUDA are narrowed first, since later that would wait for the device."""
    tensor = as_tensor(data)
    no_ids = tensor.is_floating_point() or tensor.is_complex() or tensor.dtype == torch.bool or tensor.numel() == 0
    if device.type != "cuda" or tensor.is_cuda or no_ids:
        return tensor.to(device)
    lowest, highest = (int(v) for v in torch.aminmax(tensor))
    moved = tensor.to(_narrowest(highest)).to(device) if lowest >= 0 else tensor.to(device)
    if lowest >= 0 and not moved.is_inference():
        _checked[moved] = moved._version
    return moved
