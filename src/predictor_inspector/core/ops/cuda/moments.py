"""Moments of many objects in Gaussian windows: three launches, one per axis.

Each pair of a tile and an object has two boxes: cells to answer for, and cells of the object around them. A launch is one
matrix product per pair, all of them in one grid: a program looks up which pair it works for and which part of the product.
The matrices aren't stored; their entries come from a short table (see `shape_descriptors`). The last launch goes on to the
descriptors and writes them where the object is.

`boxes` is int32, [P, 13]: begin and size of the one box, begin and size of the other (six numbers each), the object's id.
"""

from __future__ import annotations

import triton
import triton.language as tl

from predictor_inspector.core.ops.cuda.volumes import kernel

DEPTH = 16
"""Cells that are summed at a time."""

PRECISION = "ieee"
"""Of float32 products: TensorFloat-32 would cost four digits."""


@triton.jit
def _add_product(total, left, right, PRECISION: tl.constexpr):
    """Add a matrix product in the full precision of its type."""
    if total.dtype == tl.float64:
        total += tl.sum(left[:, :, None] * right[None, :, :], axis=1)
    else:
        total = tl.dot(left, right, total, input_precision=PRECISION)
    return total


@triton.jit
def _weight(table, order, radius, distance, inside):
    """w(t) t^order for offsets t in cells; 0 beyond the window and where masked."""
    within = inside & (distance >= -radius) & (distance <= radius)
    return tl.load(table + order * (2 * radius + 1) + radius + distance, mask=within, other=0.0)


@kernel
def contract_first(
    samples, s0, s1, table, radius, boxes, owners, firsts, starts, result,
    ROWS: tl.constexpr, COLUMNS: tl.constexpr, DEPTH: tl.constexpr, PRECISION: tl.constexpr,
):  # fmt: skip
    """Moments along axis 0 of order 0, 1, 2: [3, o0, i1, i2] of each pair, from the labels themselves.

    `owners` tells each program's pair, `firsts` each pair's first program, `starts` where its values begin in `result`.
    """
    pair = tl.load(owners + tl.program_id(0))
    part = tl.program_id(0) - tl.load(firsts + pair)
    box = boxes + pair * 13
    begin, o0 = tl.load(box), tl.load(box + 3)
    from0, from1, from2 = tl.load(box + 6), tl.load(box + 7), tl.load(box + 8)
    i0, i1, i2 = tl.load(box + 9), tl.load(box + 10), tl.load(box + 11)
    label = tl.load(box + 12)
    columns = i1 * i2
    wide = tl.cdiv(columns, COLUMNS)
    row = (part // wide) * ROWS + tl.arange(0, ROWS)
    column = (part % wide) * COLUMNS + tl.arange(0, COLUMNS)
    used, there = row < 3 * o0, column < columns
    order, distance = row // o0, from0 - begin - row % o0
    source = samples + (from1 + column // i2).to(tl.int64) * s1 + from2 + column % i2
    total = tl.zeros((ROWS, COLUMNS), result.dtype.element_ty)
    for first in range(0, i0, DEPTH):
        cell = first + tl.arange(0, DEPTH)
        inside = cell < i0
        weight = _weight(
            table, order[:, None], radius, distance[:, None] + cell[None, :], used[:, None] & inside[None, :]
        )
        at = source[None, :] + (from0 + cell).to(tl.int64)[:, None] * s0
        member = tl.load(at, mask=inside[:, None] & there[None, :], other=0) == label
        total = _add_product(total, weight, member.to(result.dtype.element_ty), PRECISION)
    target = result + tl.load(starts + pair * 2) + row.to(tl.int64)[:, None] * columns + column[None, :]
    tl.store(target, total, mask=used[:, None] & there[None, :])


@kernel
def contract_second(
    source, table, radius, boxes, owners, firsts, starts, result,
    ROWS: tl.constexpr, COLUMNS: tl.constexpr, DEPTH: tl.constexpr, PRECISION: tl.constexpr,
):  # fmt: skip
    """Moments along axes 0 and 1 of order 00, 01, 02, 10, 11, 20: [6, o0, o1, i2] of each pair."""
    pair = tl.load(owners + tl.program_id(0))
    part = tl.program_id(0) - tl.load(firsts + pair)
    box = boxes + pair * 13
    begin, o0, o1 = tl.load(box + 1), tl.load(box + 3), tl.load(box + 4)
    from1, i1, i2 = tl.load(box + 7), tl.load(box + 10), tl.load(box + 11)
    columns = o0 * i2
    wide, high = tl.cdiv(columns, COLUMNS), tl.cdiv(o1, ROWS)
    orders = part // (wide * high)
    order0 = (orders >= 3).to(tl.int32) + (orders >= 5).to(tl.int32)
    order1 = orders - 3 * (orders >= 3).to(tl.int32) - 2 * (orders >= 5).to(tl.int32)
    row = (part // wide) % high * ROWS + tl.arange(0, ROWS)
    column = (part % wide) * COLUMNS + tl.arange(0, COLUMNS)
    used, there = row < o1, column < columns
    plane, x = (column // i2).to(tl.int64), column % i2
    at = source + tl.load(starts + pair * 2) + (order0.to(tl.int64) * o0 + plane) * i1 * i2 + x
    distance = from1 - begin - row
    total = tl.zeros((ROWS, COLUMNS), result.dtype.element_ty)
    for first in range(0, i1, DEPTH):
        cell = first + tl.arange(0, DEPTH)
        inside = cell < i1
        weight = _weight(table, order1, radius, distance[:, None] + cell[None, :], used[:, None] & inside[None, :])
        value = tl.load(at[None, :] + (cell * i2)[:, None], mask=inside[:, None] & there[None, :], other=0.0)
        total = _add_product(total, weight, value, PRECISION)
    line = (orders.to(tl.int64) * o0 + plane[None, :]) * o1 + row[:, None]
    target = result + tl.load(starts + pair * 2 + 1) + line * i2 + x[None, :]
    tl.store(target, total, mask=used[:, None] & there[None, :])


@kernel
def describe(
    source, table, radius, boxes, owners, firsts, starts, labels, s0, s1, result, channel, r0, r1, n0, n1, n2,
    group0, group1, group2, shift0, shift1, shift2, width0, width1, width2, minimal_variance,
    DIMS: tl.constexpr, ROWS: tl.constexpr, COLUMNS: tl.constexpr, DEPTH: tl.constexpr, PRECISION: tl.constexpr,
):  # fmt: skip
    """All ten moments up to order 2, made into descriptors and written to the object's voxels.

    Voxel v of `labels`, [n0, n1, n2], lies in cell (v + shift) // group. `width` is a cell's size over that of the window's
    standard deviation, `minimal_variance` is in squares of the latter; `channel`, `r0`, `r1` are strides of the result.
    """
    pair = tl.load(owners + tl.program_id(0))
    part = tl.program_id(0) - tl.load(firsts + pair)
    box = boxes + pair * 13
    begin0, begin1, begin2 = tl.load(box), tl.load(box + 1), tl.load(box + 2)
    o0, o1, o2 = tl.load(box + 3), tl.load(box + 4), tl.load(box + 5)
    from2, i2, label = tl.load(box + 8), tl.load(box + 11), tl.load(box + 12)
    lines = o0 * o1
    wide = tl.cdiv(o2, COLUMNS)
    row = (part // wide) * ROWS + tl.arange(0, ROWS)
    column = (part % wide) * COLUMNS + tl.arange(0, COLUMNS)
    used, there = row < lines, column < o2
    at = source + tl.load(starts + pair * 2 + 1) + row.to(tl.int64) * i2
    step = lines.to(tl.int64) * i2
    distance = from2 - begin2 - column
    # Sums by their order along each axis.
    n = tl.zeros((ROWS, COLUMNS), source.dtype.element_ty)
    x, xx, y, yx, yy = n, n, n, n, n
    z, zx, zy, zz = n, n, n, n
    for first in range(0, i2, DEPTH):
        cell = first + tl.arange(0, DEPTH)
        inside = cell < i2
        known = used[:, None] & inside[None, :]
        offset = distance[None, :] + cell[:, None]
        wanted = inside[:, None] & there[None, :]
        weight0 = _weight(table, 0, radius, offset, wanted)
        weight1 = _weight(table, 1, radius, offset, wanted)
        weight2 = _weight(table, 2, radius, offset, wanted)
        here = at[:, None] + cell[None, :]
        value = tl.load(here, mask=known, other=0.0)
        n = _add_product(n, value, weight0, PRECISION)
        x = _add_product(x, value, weight1, PRECISION)
        xx = _add_product(xx, value, weight2, PRECISION)
        value = tl.load(here + step, mask=known, other=0.0)
        y = _add_product(y, value, weight0, PRECISION)
        yx = _add_product(yx, value, weight1, PRECISION)
        value = tl.load(here + 2 * step, mask=known, other=0.0)
        yy = _add_product(yy, value, weight0, PRECISION)
        if DIMS == 3:
            value = tl.load(here + 3 * step, mask=known, other=0.0)
            z = _add_product(z, value, weight0, PRECISION)
            zx = _add_product(zx, value, weight1, PRECISION)
            value = tl.load(here + 4 * step, mask=known, other=0.0)
            zy = _add_product(zy, value, weight0, PRECISION)
            value = tl.load(here + 5 * step, mask=known, other=0.0)
            zz = _add_product(zz, value, weight0, PRECISION)

    total = tl.where(n == 0.0, 1.0, n)
    y, x = y / total, x / total
    vary = tl.maximum((yy / total - y * y) * (width1 * width1), minimal_variance)
    varx = tl.maximum((xx / total - x * x) * (width2 * width2), minimal_variance)
    yx = (yx / total - y * x) * (width1 * width2) / tl.sqrt(vary * varx) * 0.5 + 0.5
    if DIMS == 3:
        z = z / total
        varz = tl.maximum((zz / total - z * z) * (width0 * width0), minimal_variance)
        zy = (zy / total - z * y) * (width0 * width1) / tl.sqrt(varz * vary) * 0.5 + 0.5
        zx = (zx / total - z * x) * (width0 * width2) / tl.sqrt(varz * varx) * 0.5 + 0.5
        z = z * width0 * 0.5 + 0.5
    y, x = y * width1 * 0.5 + 0.5, x * width2 * 0.5 + 0.5

    channel = channel.to(tl.int64)
    # Every voxel of a cell has its descriptors, if it is of the object.
    cell0, cell1, cell2 = (begin0 + row // o1)[:, None], (begin1 + row % o1)[:, None], (begin2 + column)[None, :]
    for sub in range(group0 * group1 * group2):
        v0 = cell0 * group0 + sub // (group1 * group2) - shift0
        v1 = cell1 * group1 + (sub // group2) % group1 - shift1
        v2 = cell2 * group2 + sub % group2 - shift2
        inside = used[:, None] & there[None, :]
        inside = inside & (v0 >= 0) & (v0 < n0) & (v1 >= 0) & (v1 < n1) & (v2 >= 0) & (v2 < n2)
        found = tl.load(labels + v0.to(tl.int64) * s0 + v1.to(tl.int64) * s1 + v2, mask=inside, other=0)
        inside = inside & (found == label)
        target = result + v0.to(tl.int64) * r0 + v1.to(tl.int64) * r1 + v2
        if DIMS == 3:
            _write(target, z, inside)
            _write(target + channel, y, inside)
            _write(target + 2 * channel, x, inside)
            _write(target + 3 * channel, varz, inside)
            _write(target + 4 * channel, vary, inside)
            _write(target + 5 * channel, varx, inside)
            _write(target + 6 * channel, zy, inside)
            _write(target + 7 * channel, zx, inside)
            _write(target + 8 * channel, yx, inside)
            _write(target + 9 * channel, n, inside)
        else:
            _write(target, y, inside)
            _write(target + channel, x, inside)
            _write(target + 2 * channel, vary, inside)
            _write(target + 3 * channel, varx, inside)
            _write(target + 4 * channel, yx, inside)
            _write(target + 5 * channel, n, inside)


@triton.jit
def _write(target, value, inside):
    """Store a descriptor, clamped."""
    tl.store(target, tl.minimum(tl.maximum(value, 0.0), 1.0).to(tl.float32), mask=inside)
