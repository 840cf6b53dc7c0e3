"""Bounding boxes of objects, tile by tile, and of the parts of them that lie around."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import triton
import triton.language as tl

from predictor_inspector.core.ops.cuda.volumes import block, kernel

NOWHERE = 1 << 30
"""Where a box begins before anything was put into it; it ends at 0."""

PAIRS = 64
"""Pairs of tile and object per program."""


@dataclass(frozen=True)
class TileGrid:
    """Tiles of `sides` cells, `counts` per axis, that cover a grid of cells."""

    sides: tuple[int, int, int]
    counts: tuple[int, int, int]

    @classmethod
    def of(cls, shape: Sequence[int], sides: tuple[int, int, int]) -> TileGrid:
        """Tiles that cover `shape` cells."""
        n0, n1, n2 = (-(-n // side) for n, side in zip(shape, sides, strict=True))
        return cls(sides, (n0, n1, n2))

    def __len__(self) -> int:
        return self.counts[0] * self.counts[1] * self.counts[2]


def tile_boxes(
    labels: torch.Tensor, ids: int, tiling: TileGrid, group: Sequence[int] = (1, 1, 1), shift: Sequence[int] = (0, 0, 0)
) -> torch.Tensor:
    """The smallest box of cells around each object in each tile.

    Parameters
    ----------
    labels : torch.Tensor
        Ids from 0 to `ids` - 1, [Z, Y, X], the last axis contiguous; 0 is background.
    group, shift : sequence of int
        Per axis: voxel v lies in cell (v + shift) // group.

    Returns
    -------
    torch.Tensor
        int32, [tiles, ids, 6]: begin on each axis, then end; it ends at 0 where the tile has none of the object.
    """
    boxes = torch.zeros((len(tiling), ids, 6), dtype=torch.int32, device=labels.device)
    boxes[..., :3] = NOWHERE
    n0, n1, n2 = labels.shape
    height, width = block(n2)
    s0, s1, _ = labels.stride()
    _enclose[(triton.cdiv(n0 * n1, height) * triton.cdiv(n2, width),)](
        labels, boxes, ids, n0 * n1, n1, n2, s0, s1,
        *group, *shift, *tiling.sides, *tiling.counts[1:],
        ROWS=height, COLUMNS=width,
    )  # fmt: skip
    return boxes


def boxes_with_surroundings(
    wanted: torch.Tensor, present: torch.Tensor, tiling: TileGrid, radii: Sequence[int]
) -> tuple[torch.Tensor, torch.Tensor]:
    """Every box of an object in a tile, and the smallest box around all of the object that lies within `radii` of it.

    Parameters
    ----------
    wanted, present : torch.Tensor
        Of `tile_boxes`, with the same tiling and ids: boxes to answer for, and where objects are.
    radii : sequence of int
        In cells, per axis.

    Returns
    -------
    ids : torch.Tensor
        int32, [P].
    boxes : torch.Tensor
        int32, [P, 12]: begin and end of the box, begin and end of its surroundings; zeros if there is nothing around.
    """
    ids = wanted.shape[1]
    # The only place that waits for the device to learn a size.
    entries = (wanted.view(-1, 6)[:, 3] > 0).nonzero()[:, 0]
    boxes = torch.empty((len(entries), 12), dtype=torch.int32, device=wanted.device)
    if len(entries):
        neighbours = [-(-r // side) for r, side in zip(radii, tiling.sides, strict=True)]
        _surround[(triton.cdiv(len(entries), PAIRS),)](
            entries, wanted, present, boxes, len(entries), ids, *tiling.counts, *neighbours, *radii,
            PAIRS=PAIRS, NOWHERE=NOWHERE,
        )  # fmt: skip
    return (entries % ids).to(torch.int32), boxes


@kernel
def _enclose(
    labels, boxes, ids, lines, n1, n2, s0, s1,
    group0, group1, group2, shift0, shift1, shift2, side0, side1, side2, tiles1, tiles2,
    ROWS: tl.constexpr, COLUMNS: tl.constexpr,
):  # fmt: skip
    """Widen the boxes of a block's voxels. Only ends of runs can, and only those that lie outside the box so far."""
    wide = tl.cdiv(n2, COLUMNS)
    line = (tl.program_id(0) // wide) * ROWS + tl.arange(0, ROWS)[:, None]
    x = (tl.program_id(0) % wide) * COLUMNS + tl.arange(0, COLUMNS)[None, :]
    inside = (line < lines) & (x < n2)
    z, y = line // n1, line % n1
    source = labels + z.to(tl.int64) * s0 + y.to(tl.int64) * s1 + x
    label = tl.load(source, mask=inside, other=0)
    left = tl.load(source - 1, mask=inside & (x > 0), other=0)
    right = tl.load(source + 1, mask=inside & (x + 1 < n2), other=0)
    cell0, cell1, cell2 = (z + shift0) // group0, (y + shift1) // group1, (x + shift2) // group2
    tile = cell2 // side2
    # Left of the first voxel lies one of the same cell or of the tile before; either way it is checked for.
    starts = (left != label) | (x == 0) | ((x - 1 + shift2) // group2 // side2 != tile)
    stops = (right != label) | (x + 1 == n2) | ((x + 1 + shift2) // group2 // side2 != tile)
    ends = inside & (label > 0) & (starts | stops)
    tile += ((cell0 // side0) * tiles1 + cell1 // side1) * tiles2
    box = boxes + (tile.to(tl.int64) * ids + label.to(tl.int64)) * 6
    _widen(box, cell0, ends)
    _widen(box + 1, cell1, ends)
    _widen(box + 2, cell2, ends)


@triton.jit
def _widen(box, cell, inside):
    """Let the interval at `box` (begin) and `box` + 3 (end) hold `cell`."""
    # What was read may be out of date, but boxes only ever grow: at worst an atomic operation changes nothing.
    before = inside & (tl.load(box, mask=inside, other=0) > cell)
    tl.atomic_min(box, cell, mask=before)
    after = inside & (tl.load(box + 3, mask=inside, other=0) <= cell)
    tl.atomic_max(box + 3, cell + 1, mask=after)


@kernel
def _surround(
    entries, wanted, present, result, count, ids,
    tiles0, tiles1, tiles2, near0, near1, near2, radius0, radius1, radius2,
    PAIRS: tl.constexpr, NOWHERE: tl.constexpr,
):  # fmt: skip
    """Go through the tiles around each box and unite what they have of its object within the radii."""
    pair = tl.program_id(0) * PAIRS + tl.arange(0, PAIRS)
    inside = pair < count
    entry = tl.load(entries + pair, mask=inside, other=0)
    tile, label = entry // ids, entry % ids
    tile0, tile1, tile2 = tile // tiles2 // tiles1, (tile // tiles2) % tiles1, tile % tiles2
    b0, e0 = _interval(wanted + entry * 6, inside)
    b1, e1 = _interval(wanted + entry * 6 + 1, inside)
    b2, e2 = _interval(wanted + entry * 6 + 2, inside)
    low0 = tl.full((PAIRS,), NOWHERE, tl.int32)
    low1, low2 = low0, low0
    high0 = tl.zeros((PAIRS,), tl.int32)
    high1, high2 = high0, high0
    for d0 in range(-near0, near0 + 1):
        for d1 in range(-near1, near1 + 1):
            for d2 in range(-near2, near2 + 1):
                t0, t1, t2 = tile0 + d0, tile1 + d1, tile2 + d2
                there = inside & (t0 >= 0) & (t0 < tiles0) & (t1 >= 0) & (t1 < tiles1) & (t2 >= 0) & (t2 < tiles2)
                box = present + (((t0 * tiles1 + t1) * tiles2 + t2) * ids + label) * 6
                i0, j0 = _interval(box, there)
                i1, j1 = _interval(box + 1, there)
                i2, j2 = _interval(box + 2, there)
                i0, j0 = tl.maximum(i0, b0 - radius0), tl.minimum(j0, e0 + radius0)
                i1, j1 = tl.maximum(i1, b1 - radius1), tl.minimum(j1, e1 + radius1)
                i2, j2 = tl.maximum(i2, b2 - radius2), tl.minimum(j2, e2 + radius2)
                near = there & (i0 < j0) & (i1 < j1) & (i2 < j2)
                low0, high0 = tl.where(near, tl.minimum(low0, i0), low0), tl.where(near, tl.maximum(high0, j0), high0)
                low1, high1 = tl.where(near, tl.minimum(low1, i1), low1), tl.where(near, tl.maximum(high1, j1), high1)
                low2, high2 = tl.where(near, tl.minimum(low2, i2), low2), tl.where(near, tl.maximum(high2, j2), high2)
    found = high0 > 0
    target = result + pair.to(tl.int64) * 12
    tl.store(target, b0, mask=inside)
    tl.store(target + 1, b1, mask=inside)
    tl.store(target + 2, b2, mask=inside)
    tl.store(target + 3, e0, mask=inside)
    tl.store(target + 4, e1, mask=inside)
    tl.store(target + 5, e2, mask=inside)
    tl.store(target + 6, tl.where(found, low0, 0), mask=inside)
    tl.store(target + 7, tl.where(found, low1, 0), mask=inside)
    tl.store(target + 8, tl.where(found, low2, 0), mask=inside)
    tl.store(target + 9, high0, mask=inside)
    tl.store(target + 10, high1, mask=inside)
    tl.store(target + 11, high2, mask=inside)


@triton.jit
def _interval(box, inside):
    """Begin and end of a box along one axis; nothing where masked."""
    return tl.load(box, mask=inside, other=0), tl.load(box + 3, mask=inside, other=0)
