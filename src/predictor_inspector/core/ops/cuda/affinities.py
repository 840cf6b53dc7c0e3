"""Affinities and pairs of known voxels, in one launch for all offsets."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import torch
import triton
import triton.language as tl

from predictor_inspector.core.ops.cuda.volumes import block, kernel, volume, volume_slices
from predictor_inspector.core.ops.regions import Slices, extent, whole


def affinities(
    labels: torch.Tensor,
    neighborhood: Sequence[Sequence[int]],
    objects: torch.Tensor | None = None,
    keep: Slices | None = None,
) -> torch.Tensor:
    """As `predictor_inspector.core.ops.affinities.affinities`, for up to three axes."""
    keep = keep or whole(labels.shape)
    result = torch.empty((len(neighborhood), *extent(keep)), dtype=torch.float32, device=labels.device)
    _launch(result, labels, objects, neighborhood, labels.shape, keep)
    return result


def known_pairs(known: torch.Tensor, neighborhood: Sequence[Sequence[int]], keep: Slices) -> torch.Tensor:
    """As `predictor_inspector.core.ops.affinities.known_pairs`, for up to three axes."""
    result = torch.empty((len(neighborhood), *extent(keep)), dtype=torch.bool, device=known.device)
    _launch(result.view(torch.uint8), None, known, neighborhood, known.shape, keep)
    return result


def _launch(
    result: torch.Tensor,
    labels: torch.Tensor | None,
    objects: torch.Tensor | None,
    neighborhood: Sequence[Sequence[int]],
    shape: Sequence[int],
    keep: Slices,
) -> None:
    if result.numel() == 0:
        return
    # An offset as long as the volume leads out of it, however much longer it is.
    offsets = tuple(
        (0,) * (3 - len(offset)) + tuple(max(-n, min(n, int(o))) for o, n in zip(offset, shape, strict=True))
        for offset in neighborhood
    )
    planes, rows, columns = volume_slices(keep)
    kept_planes, kept_rows, kept_columns = extent((planes, rows, columns))
    ids = None if labels is None else volume(labels).contiguous()
    members = None if objects is None else volume(objects).contiguous()
    some = ids if ids is not None else members
    assert some is not None
    n0, n1, n2 = some.shape
    height, width = block(kept_columns)
    lines = kept_planes * kept_rows
    _compare_pairs[(triton.cdiv(lines, height) * triton.cdiv(kept_columns, width),)](
        some if ids is None else ids, some if members is None else members, _on_device(offsets, result.device), result,
        len(offsets), lines, kept_rows, kept_columns, planes.start, rows.start, columns.start, n0, n1, n2,
        LABELS=ids is not None, OBJECTS=members is not None, ROWS=height, COLUMNS=width,
    )  # fmt: skip


@lru_cache(maxsize=64)
def _on_device(offsets: tuple[tuple[int, ...], ...], device: torch.device) -> torch.Tensor:
    """The offsets as int32, [K, 3]. Kept, because a copy to the device waits for it."""
    return torch.tensor(offsets, dtype=torch.int32).to(device)


@kernel
def _compare_pairs(
    labels, objects, offsets, result,
    count, lines, kept_rows, kept_columns, plane, row, column, n0, n1, n2,
    LABELS: tl.constexpr, OBJECTS: tl.constexpr, ROWS: tl.constexpr, COLUMNS: tl.constexpr,
):  # fmt: skip
    """1 where a voxel and its partner have one id (LABELS) and are objects: by `objects` (OBJECTS) or by being above 0."""
    blocks = tl.cdiv(kept_columns, COLUMNS)
    line = (tl.program_id(0) // blocks) * ROWS + tl.arange(0, ROWS)[:, None]
    across = (tl.program_id(0) % blocks) * COLUMNS + tl.arange(0, COLUMNS)[None, :]
    inside = (line < lines) & (across < kept_columns)
    z, y, x = line // kept_rows + plane, line % kept_rows + row, across + column
    here = (z.to(tl.int64) * n1 + y) * n2 + x
    if LABELS:
        id_here = tl.load(labels + here, mask=inside, other=0)
    member = inside & (tl.load(objects + here, mask=inside, other=0) != 0 if OBJECTS else id_here > 0)
    target = result + line.to(tl.int64) * kept_columns + across
    channel = lines.to(tl.int64) * kept_columns
    for _ in range(count):
        dz, dy, dx = tl.load(offsets), tl.load(offsets + 1), tl.load(offsets + 2)
        both = inside & (z + dz >= 0) & (z + dz < n0)
        both = both & (y + dy >= 0) & (y + dy < n1) & (x + dx >= 0) & (x + dx < n2)
        there = here + (dz.to(tl.int64) * n1 + dy) * n2 + dx
        same = member & both
        if OBJECTS:
            same = same & (tl.load(objects + there, mask=both, other=0) != 0)
        if LABELS:
            same = same & (tl.load(labels + there, mask=both, other=0) == id_here)
        tl.store(target, same.to(result.dtype.element_ty), mask=inside)
        offsets += 3
        target += channel
