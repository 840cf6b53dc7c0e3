"""Distances to boundaries and to the unknown in three launches, one per axis.

The mathematics is that of `predictor_inspector.core.ops.boundary_distance`. The first launch writes whole numbers of
steps, narrow; the others look as far along their axis as anything in their block can still be improved; the last one takes
root, tanh and sign as well. Nothing beyond the band around what is kept is read.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import triton
import triton.language as tl

from predictor_inspector.core.ops.boundary_distance import SATURATED
from predictor_inspector.core.ops.cuda.volumes import block, grown, kernel, volume, volume_slices
from predictor_inspector.core.ops.regions import Slices, extent, whole

SCANNED = 64
"""Columns per program that scans: few, since each takes long."""

SEARCHED = 512
"""Voxels per program that looks along an axis."""

UNROLLED = 4
"""Steps along an axis between two looks at whether more are needed."""


def signed_distance(
    labels: torch.Tensor, voxel_size: Sequence[float], scale_factor: float, keep: Slices | None = None
) -> torch.Tensor:
    """As `predictor_inspector.core.ops.boundary_distance.signed_distance`."""
    radius = SATURATED * scale_factor
    return _distances(labels, voxel_size, radius, keep, faces=True, scale_factor=scale_factor)


def squared_boundary_distance(
    labels: torch.Tensor, voxel_size: Sequence[float], radius: float, keep: Slices | None = None
) -> torch.Tensor:
    """As `predictor_inspector.core.ops.boundary_distance.squared_boundary_distance`."""
    return _distances(labels, voxel_size, radius, keep, faces=True)


def squared_distance_to_unknown(
    known: torch.Tensor, voxel_size: Sequence[float], radius: float, keep: Slices | None = None
) -> torch.Tensor:
    """As `predictor_inspector.core.ops.boundary_distance.squared_distance_to_unknown`."""
    return _distances(known, voxel_size, radius, keep, faces=False)


def _distances(
    values: torch.Tensor,
    voxel_size: Sequence[float],
    radius: float,
    keep: Slices | None,
    faces: bool,
    scale_factor: float | None = None,
) -> torch.Tensor:
    """Squared distances to faces between different values, or to zeros and what lies outside; signed with a scale."""
    if not 1 <= values.ndim == len(voxel_size) <= 3:
        raise ValueError(
            f"distances exist for 1 to 3 axes with a voxel size for each, got {values.ndim} axes and "
            f"{len(voxel_size)} sizes"
        )
    keep = keep or whole(values.shape)
    source = volume(values)
    # An axis that isn't there has no outside, so that is put out of reach.
    sizes = (2.0 * radius,) * (3 - len(voxel_size)) + tuple(float(size) for size in voxel_size)
    # Whatever lies farther than this from all that is kept is farther than the radius: where the band is cut, unknown
    # voxels may be assumed beyond.
    reach = [int(radius / size) + 1 for size in sizes]
    around, (planes, rows, columns) = grown(volume_slices(keep), source.shape, reach)
    source = source[around]
    n0, n1, n2 = source.shape
    kept = extent((planes, rows, columns))
    result = torch.empty(extent(keep), dtype=torch.float32, device=values.device)
    if result.numel() == 0:
        return result
    far = min(reach[0], n0) + 1
    dtype = torch.int16 if far < torch.iinfo(torch.int16).max else torch.int32
    steps = torch.empty((3 if faces else 1, kept[0], n1, n2), dtype=dtype, device=values.device)
    across, along1, along2 = steps if faces else (steps[0],) * 3
    s0, s1, _ = source.stride()
    _scan[(n1 * triton.cdiv(n2, SCANNED),)](
        source, across, along1, along2, n0, n1, n2, s0, s1, planes.start, planes.stop, far,
        FACES=faces, COLUMNS=SCANNED, num_warps=2,
    )  # fmt: skip
    squares = torch.empty((2 if faces else 1, kept[0], kept[1], n2), dtype=torch.float32, device=values.device)
    nodes, staggered = squares if faces else (squares[0],) * 2
    height, width = block(n2, SEARCHED)
    _along_rows[(kept[0] * triton.cdiv(kept[1], height) * triton.cdiv(n2, width),)](
        across, along1, along2, nodes, staggered, n1, n2, kept[1], rows.start, far,
        sizes[0], sizes[1], float(radius) ** 2,
        FACES=faces, UNROLL=UNROLLED, ROWS=height, COLUMNS=width,
    )  # fmt: skip
    height, width = block(kept[2], SEARCHED)
    signed = source[planes, rows, columns]
    _along_columns[(triton.cdiv(kept[0] * kept[1], height) * triton.cdiv(kept[2], width),)](
        nodes, staggered, signed, result, n2, kept[0] * kept[1], kept[1], kept[2], columns.start, s0, s1,
        sizes[2], float(radius) ** 2, 1.0 if scale_factor is None else float(scale_factor),
        FACES=faces, SIGNED=scale_factor is not None, UNROLL=UNROLLED, ROWS=height, COLUMNS=width,
    )  # fmt: skip
    return result


@kernel
def _scan(
    values, across, along1, along2, n0, n1, n2, s0, s1, first, last, far,
    FACES: tl.constexpr, COLUMNS: tl.constexpr,
):  # fmt: skip
    """Steps along axis 0 to the nearest face (across axis 0: and a half) or the nearest unknown voxel.

    A program walks some columns upwards, then downwards, and answers for the planes from `first` to `last`. `far` stands
    for any number of steps from there on.
    """
    blocks = tl.cdiv(n2, COLUMNS)
    y = tl.program_id(0) // blocks
    x = (tl.program_id(0) % blocks) * COLUMNS + tl.arange(0, COLUMNS)
    inside = x < n2
    below, right = inside & (y + 1 < n1), x + 1 < n2
    source = values + y.to(tl.int64) * s1 + x
    column = y.to(tl.int64) * n2 + x
    plane = n1.to(tl.int64) * n2

    # Outside, all is unknown but there are no faces.
    a = tl.zeros((COLUMNS,), tl.int32)
    if FACES:
        a += far
    b, c = a, a
    before = tl.load(source, mask=inside, other=0)
    for z in range(last):
        value = tl.load(source, mask=inside, other=0)
        a = tl.minimum(a + 1, far)
        kept = inside & (z >= first)
        target = column + plane * (z - first)
        if FACES:
            a = tl.where(value != before, 0, a)
            b = tl.where(below & (value != tl.load(source + s1, mask=below, other=0)), 0, tl.minimum(b + 1, far))
            c = tl.where(right & (value != tl.load(source + 1, mask=right, other=0)), 0, tl.minimum(c + 1, far))
            tl.store(along1 + target, b.to(along1.dtype.element_ty), mask=kept)
            tl.store(along2 + target, c.to(along2.dtype.element_ty), mask=kept)
        else:
            a = tl.where(value == 0, 0, a)
        tl.store(across + target, a.to(across.dtype.element_ty), mask=kept)
        before = value
        source += s0

    # What one thread has written another may read below.
    tl.debug_barrier()
    source = values + y.to(tl.int64) * s1 + x + (n0 - 1).to(tl.int64) * s0
    a = tl.zeros((COLUMNS,), tl.int32)
    if FACES:
        a += far
    b, c = a, a
    before = tl.load(source, mask=inside, other=0)
    for step in range(n0 - first):
        z = n0 - 1 - step
        value = tl.load(source, mask=inside, other=0)
        a = tl.minimum(a + 1, far)
        kept = inside & (z < last)
        target = column + plane * (z - first)
        if FACES:
            a = tl.where(value != before, 0, a)
            b = tl.where(below & (value != tl.load(source + s1, mask=below, other=0)), 0, tl.minimum(b + 1, far))
            c = tl.where(right & (value != tl.load(source + 1, mask=right, other=0)), 0, tl.minimum(c + 1, far))
            upwards = tl.load(along1 + target, mask=kept, other=0).to(tl.int32)
            tl.store(along1 + target, tl.minimum(b, upwards).to(along1.dtype.element_ty), mask=kept)
            upwards = tl.load(along2 + target, mask=kept, other=0).to(tl.int32)
            tl.store(along2 + target, tl.minimum(c, upwards).to(along2.dtype.element_ty), mask=kept)
        else:
            a = tl.where(value == 0, 0, a)
        upwards = tl.load(across + target, mask=kept, other=0).to(tl.int32)
        tl.store(across + target, tl.minimum(a, upwards).to(across.dtype.element_ty), mask=kept)
        before = value
        source -= s0


@triton.jit
def _square(steps, offset, inside, outside, far, half: tl.constexpr, size, limit):
    """Squared lengths of the steps at `offset` plus `half` a voxel, at most `limit`; of `outside` steps where masked."""
    count = tl.load(steps + offset, mask=inside, other=0).to(tl.int32)
    count = tl.where(inside, count, outside)
    length = (count.to(tl.float32) + half) * size
    return tl.where(count < far, tl.minimum(length * length, limit), limit)


@kernel
def _along_rows(
    across, along1, along2, nodes, staggered, n1, n2, kept_rows, row, far, size0, size1, limit,
    FACES: tl.constexpr, UNROLL: tl.constexpr, ROWS: tl.constexpr, COLUMNS: tl.constexpr,
):  # fmt: skip
    """Squared distances within planes of axes 0 and 1: from voxels (`nodes`), and from between them on axis 2."""
    wide, high = tl.cdiv(n2, COLUMNS), tl.cdiv(kept_rows, ROWS)
    z = (tl.program_id(0) // (wide * high)).to(tl.int64)
    line = ((tl.program_id(0) // wide) % high) * ROWS + tl.arange(0, ROWS)[:, None]
    x = (tl.program_id(0) % wide) * COLUMNS + tl.arange(0, COLUMNS)[None, :]
    inside = (line < kept_rows) & (x < n2)
    between = inside & (x + 1 < n2)
    y = line + row
    plane = z * n1
    here = (plane + y) * n2 + x
    if FACES:
        a = _square(across, here, inside, far, far, 0.5, size0, limit)
        b = _square(along2, here, between, far, far, 0.0, size0, limit)
        worst = tl.maximum(tl.max(tl.where(inside, a, 0.0)), tl.max(tl.where(between, b, 0.0)))
    else:
        a = _square(across, here, inside, 0, far, 0.0, size0, limit)
        b = a
        worst = tl.max(tl.where(inside, a, 0.0))
    j = 0
    cost = 0.0 * size1
    while (cost < worst) & (j <= n1):
        for _ in tl.static_range(UNROLL):
            if FACES:
                # A face entry lies half a voxel beyond its index.
                cost = (j + 0.5) * size1
                cost = cost * cost
                up, down = y + j, y - j - 1
                up_inside, down_inside = inside & (up + 1 < n1), inside & (down >= 0)
                found = _square(along1, (plane + up) * n2 + x, up_inside, far, far, 0.0, size0, limit)
                a = tl.minimum(a, found + cost)
                found = _square(along1, (plane + down) * n2 + x, down_inside, far, far, 0.0, size0, limit)
                a = tl.minimum(a, found + cost)
            j += 1
            cost = j * size1
            cost = cost * cost
            up, down = y + j, y - j
            higher, lower = (plane + up) * n2 + x, (plane + down) * n2 + x
            if FACES:
                up_inside, down_inside = inside & (up < n1), inside & (down >= 0)
                a = tl.minimum(a, _square(across, higher, up_inside, far, far, 0.5, size0, limit) + cost)
                a = tl.minimum(a, _square(across, lower, down_inside, far, far, 0.5, size0, limit) + cost)
                up_inside, down_inside = between & (up < n1), between & (down >= 0)
                b = tl.minimum(b, _square(along2, higher, up_inside, far, far, 0.0, size0, limit) + cost)
                b = tl.minimum(b, _square(along2, lower, down_inside, far, far, 0.0, size0, limit) + cost)
            else:
                up_inside, down_inside = inside & (up < n1), inside & (down >= 0)
                a = tl.minimum(a, _square(across, higher, up_inside, 0, far, 0.0, size0, limit) + cost)
                a = tl.minimum(a, _square(across, lower, down_inside, 0, far, 0.0, size0, limit) + cost)
        worst = tl.max(tl.where(inside, a, 0.0))
        if FACES:
            worst = tl.maximum(worst, tl.max(tl.where(between, b, 0.0)))
    target = (z * kept_rows + line) * n2 + x
    tl.store(nodes + target, a, mask=inside)
    if FACES:
        tl.store(staggered + target, b, mask=between)


@kernel
def _along_columns(
    nodes, staggered, labels, result, n2, lines, kept_rows, kept_columns, column, s0, s1, size2, limit, scale,
    FACES: tl.constexpr, SIGNED: tl.constexpr, UNROLL: tl.constexpr, ROWS: tl.constexpr, COLUMNS: tl.constexpr,
):  # fmt: skip
    """Squared distances in all three axes; SIGNED: tanh of the distance over the scale, negative on background."""
    wide = tl.cdiv(kept_columns, COLUMNS)
    line = (tl.program_id(0) // wide) * ROWS + tl.arange(0, ROWS)[:, None]
    kept = (tl.program_id(0) % wide) * COLUMNS + tl.arange(0, COLUMNS)[None, :]
    there = line < lines
    inside = there & (kept < kept_columns)
    x = kept + column
    start = line.to(tl.int64) * n2
    # Outside, all is unknown but there are no faces.
    outside = limit
    if not FACES:
        outside = 0.0 * limit
    d = tl.load(nodes + start + x, mask=inside, other=0.0)
    worst = tl.max(d)
    j = 0
    cost = 0.0 * size2
    while (cost < worst) & (j <= n2):
        for _ in tl.static_range(UNROLL):
            if FACES:
                cost = (j + 0.5) * size2
                cost = cost * cost
                up, down = x + j, x - j - 1
                d = tl.minimum(d, _value(staggered, start + up, inside & (up + 1 < n2), outside) + cost)
                d = tl.minimum(d, _value(staggered, start + down, inside & (down >= 0), outside) + cost)
            j += 1
            cost = j * size2
            cost = cost * cost
            up, down = x + j, x - j
            d = tl.minimum(d, _value(nodes, start + up, inside & (up < n2), outside) + cost)
            d = tl.minimum(d, _value(nodes, start + down, inside & (down >= 0), outside) + cost)
        worst = tl.max(tl.where(inside, d, 0.0))
    d = tl.minimum(d, limit)
    if SIGNED:
        decay = tl.exp(-2.0 * (tl.sqrt(d) / scale))
        d = (1.0 - decay) / (1.0 + decay)
        at = (line // kept_rows).to(tl.int64) * s0 + (line % kept_rows).to(tl.int64) * s1 + kept
        d = tl.where(tl.load(labels + at, mask=inside, other=0) > 0, d, -d)
    tl.store(result + line.to(tl.int64) * kept_columns + kept, d, mask=inside)


@triton.jit
def _value(values, offset, inside, outside):
    """The value at `offset`, `outside` where masked."""
    return tl.where(inside, tl.load(values + offset, mask=inside, other=0.0), outside)
