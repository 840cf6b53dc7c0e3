"""Class balancing in two launches on the device: counts, then weights by lookup."""

from __future__ import annotations

import torch
import triton
import triton.language as tl

COUNTED = 8192
"""Voxels per program that counts; one atomic addition for each class follows."""

WEIGHED = 2048
"""Voxels per program that writes weights."""


def counted(positive: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
    """Voxels of the negative and the positive class inside the mask, per channel: int64, [C, 2].

    `positive` is boolean, [C, …], and `mask` boolean, [C or 1, …].
    """
    flags, known, stride = _as_bytes(positive, mask)
    channels, voxels = flags.shape
    now = torch.zeros((channels, 2), dtype=torch.int64, device=positive.device)
    if flags.numel():
        blocks = triton.cdiv(voxels, COUNTED)
        _count[(channels * blocks,)](flags, known, now, voxels, stride, blocks, MASKED=mask is not None, BLOCK=COUNTED)
    return now


def by_class(positive: torch.Tensor, mask: torch.Tensor | None, weights: torch.Tensor) -> torch.Tensor:
    """Each voxel's weight, 0 outside the mask: float32, the shape of `positive`.

    `weights` is float32, [C, 2], of the negative and the positive class, on the same device.
    """
    flags, known, stride = _as_bytes(positive, mask)
    channels, voxels = flags.shape
    result = torch.empty(positive.shape, dtype=torch.float32, device=positive.device)
    if flags.numel():
        blocks = triton.cdiv(voxels, WEIGHED)
        _look_up[(channels * blocks,)](
            flags, known, weights.contiguous(), result, voxels, stride, blocks, MASKED=mask is not None, BLOCK=WEIGHED
        )
    return result


def _as_bytes(positive: torch.Tensor, mask: torch.Tensor | None) -> tuple[torch.Tensor, torch.Tensor, int]:
    """Both as bytes, [C, N], and how far apart the mask's channels lie: 0 if there is but one."""
    flags = positive.contiguous().view(torch.uint8).reshape(positive.shape[0], -1)
    if mask is None:
        return flags, flags, 0
    known = mask.contiguous().view(torch.uint8).reshape(mask.shape[0], -1)
    return flags, known, 0 if mask.shape[0] == 1 else flags.shape[1]


@triton.jit(do_not_specialize=["stride", "blocks"])
def _count(positive, mask, counts, voxels, stride, blocks, MASKED: tl.constexpr, BLOCK: tl.constexpr):
    """Add this block's voxels of either class to `counts`, [C, 2]."""
    channel = (tl.program_id(0) // blocks).to(tl.int64)
    voxel = (tl.program_id(0) % blocks).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    inside = voxel < voxels
    known = inside
    if MASKED:
        known = inside & (tl.load(mask + channel * stride + voxel, mask=inside, other=0) != 0)
    found = known & (tl.load(positive + channel * voxels + voxel, mask=inside, other=0) != 0)
    seen, ones = tl.sum(known.to(tl.int32), axis=0), tl.sum(found.to(tl.int32), axis=0)
    tl.atomic_add(counts + channel * 2, (seen - ones).to(tl.int64))
    tl.atomic_add(counts + channel * 2 + 1, ones.to(tl.int64))


@triton.jit(do_not_specialize=["stride", "blocks"])
def _look_up(positive, mask, weights, result, voxels, stride, blocks, MASKED: tl.constexpr, BLOCK: tl.constexpr):
    """The weight of each voxel's class, 0 where it isn't known."""
    channel = (tl.program_id(0) // blocks).to(tl.int64)
    voxel = (tl.program_id(0) % blocks).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    inside = voxel < voxels
    found = tl.load(positive + channel * voxels + voxel, mask=inside, other=0) != 0
    weight = tl.where(found, tl.load(weights + channel * 2 + 1), tl.load(weights + channel * 2))
    if MASKED:
        known = tl.load(mask + channel * stride + voxel, mask=inside, other=0) != 0
        weight = tl.where(known, weight, 0.0)
    tl.store(result + channel * voxels + voxel, weight, mask=inside)
