"""How much memory an inspection needs, and how much it may take."""

from __future__ import annotations

import ctypes
import re
import sys
from collections.abc import Sequence
from math import prod

import numpy as np
import torch
from funlib.geometry import Coordinate, Roi

from predictor_inspector.core.array import Array, ArraySpec
from predictor_inspector.core.machine import machine_memory
from predictor_inspector.core.predictor import Predictor
from predictor_inspector.data.source import Source

SHARE = 0.5
"""Of the machine's memory, and of what is free on a GPU: what an inspection takes unless told otherwise."""

_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12, "ki": 2**10, "mi": 2**20, "gi": 2**30, "ti": 2**40}

_PER_CHANNEL = 22
"""Bytes per voxel and channel of the ROI: target and weight, each twice while channels are put together, masks, and the
tile before, which may still be held. Measured."""


def needed_memory(predictor: Predictor, source: Source, shape: Sequence[int], within: Roi | None = None) -> int:
    """An estimate, rather too high than too low, of the bytes it takes to inspect a ROI of `shape` voxels.

    These hold the ground truth of the ROI and its context, as in the file and as ids for torch, the mask, what the
    predictor works with, target and weight. No context beyond `within` is read, by default the whole of the ground truth.
    """
    gt, mask = source.gt, source.mask
    roi = Roi(gt.offset, gt.voxel_size * Coordinate(shape))
    region = predictor.gt_region_for_roi(ArraySpec(roi, gt.voxel_size, gt.unit, gt.subdivision)).roi
    most = (gt.roi if within is None else within).shape
    context = prod(int(n) for n in (Coordinate(map(min, region.shape, most)) // gt.voxel_size))
    labels = prod(gt.shape[: gt.channel_dims])
    bytes_per_voxel = labels * (_itemsize(gt) + min(8, 2 * _itemsize(gt)) + predictor.bytes_per_context_voxel)
    if mask is not None:
        bytes_per_voxel += prod(mask.shape[: mask.channel_dims]) * (2 * _itemsize(mask) + 2)
    return context * bytes_per_voxel + prod(shape) * len(predictor.channel_names) * _PER_CHANNEL


def default_memory(device: torch.device) -> int:
    """`SHARE` of the machine's memory, or of the limit set for this process's group; on a GPU of what is free there too."""
    memory = int(SHARE * machine_memory())
    if device.type == "cuda":
        memory = min(memory, int(SHARE * torch.cuda.mem_get_info(device)[0]))
    return memory


def give_back_freed_memory() -> None:
    """Return what was freed to the operating system; glibc keeps it beneath what is still in use, chunks of labels say."""
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # other C libraries don't have it, nor need it
        if trim is not None:
            trim(0)


def memory_from_text(text: str) -> int:
    """Bytes from ``"4GB"`` (10⁹ each), ``"512 MiB"`` (2²⁰ each) or ``"3e9"``; a ``ValueError`` unless it is positive."""
    match = re.fullmatch(r"\s*([0-9.]+(?:e[0-9]+)?)\s*(|[kmgt]i?)b?\s*", text.lower())
    try:
        size = int(float(match[1]) * _UNITS[match[2]]) if match else 0
    except (ValueError, OverflowError):
        size = 0
    if size <= 0:
        raise ValueError(f"memory needs a positive number of bytes, such as 4GB or 512MiB, got {text!r}")
    return size


def _itemsize(array: Array) -> int:
    dtype = array.dtype
    return int(dtype.itemsize if isinstance(dtype, torch.dtype) else np.dtype(dtype).itemsize)
