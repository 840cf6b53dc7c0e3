"""Local shape descriptors, object by object and plane by plane.

Only what an object fills is worked on. Its voxels are known as runs (see `runs`). For every plane that holds some of them:

1. Along axis 0, each row's moments of order 0, 1 and 2 come from the runs in the planes within reach: a run adds a
   constant between its ends, so its two ends are noted and a row summed up once.
2. Along axis 1, rows within reach are added up, whole rows at a time.
3. Along axis 2, each voxel of the object takes its ten moments at once, as products of a stretch of row with the kernel.

There are neither boxes to be padded nor tiles to overlap, so the work grows with the voxels, however thin and winding the
objects are.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, pairwise

import numpy as np
import torch

from predictor_inspector.core.ops.compiled import SUMS, kernel
from predictor_inspector.core.ops.compiled.memory import empty
from predictor_inspector.core.ops.compiled.runs import (
    by_object,
    even_parts,
    planes_asked,
    planes_known,
    rows_by_place,
    runs_in,
)
from predictor_inspector.core.ops.compiled.threads import for_each
from predictor_inspector.core.ops.regions import Slices, extent, whole
from predictor_inspector.core.ops.shape_descriptors import (
    MINIMAL_VARIANCE,
    descriptor_count,
    moment_kernel,
    ranked,
    sampled,
)

_STEP = 32
"""Products are taken over so many voxels at a time, with zeros for those that are too many."""

_ROWS = 8
"""So many rows are added up at a time."""

_FIRST, _SECOND, _MIXED = (6, 3, 1), (9, 5, 2), (8, 7, 4)
"""Places of the moments of axes 0, 1, 2 and of their pairs 01, 02, 12 in the order 000, 001, 002, 010, 011, 020, …"""


def shape_descriptors(
    labels: torch.Tensor,
    sigma: float,
    voxel_size: Sequence[float],
    downsample: int = 1,
    phase: Sequence[int] | None = None,
    keep: Slices | None = None,
) -> torch.Tensor:
    """For 2-D and 3-D."""
    dims = labels.ndim
    keep, phase = keep or whole(labels.shape), phase or (0,) * dims
    # The axis of which least is kept goes first: the first pass is made for the planes that are kept and no others.
    shares = [(k.stop - k.start) / n for k, n in zip(keep, labels.shape, strict=True)]
    order = sorted(range(dims), key=lambda d: shares[d])
    labels = labels.to(torch.int64)  # so that kernels are compiled for one type only; the work is elsewhere
    samples = sampled(labels, downsample, phase).permute(order).contiguous()
    labels = labels.permute(order).contiguous()
    sizes = [voxel_size[d] * downsample for d in order]
    places = np.zeros((3, 3), dtype=np.int64)  # per axis: begin and end of what is kept, and the phase
    places[0, 1] = 1
    places[3 - dims :] = [(keep[d].start, keep[d].stop, phase[d]) for d in order]
    # See the torch implementation for why coarse samples ask for float64.
    dtype = np.float32 if downsample == 1 else np.float64
    kernels = [_padded(moment_kernel(sigma / size), dtype) for size in sizes]
    if dims == 2:
        kernels.insert(0, _padded(torch.tensor([[1.0], [0.0], [0.0]], dtype=torch.float64), dtype))
    kept = extent(tuple(keep[d] for d in order))
    found = empty((descriptor_count(dims), *kept), torch.float32).zero_()
    missing = (1,) * (3 - dims)
    _describe_all(
        labels.numpy().reshape(*missing, *labels.shape),
        samples.numpy().reshape(*missing, *samples.shape),
        downsample,
        places,
        kernels,
        np.array([1.0] * (3 - dims) + sizes) / sigma,
        MINIMAL_VARIANCE / sigma**2,
        found.numpy().reshape(-1, *missing, *kept),
    )
    if order == list(range(dims)):
        return found
    return found[_channels(order)].permute(0, *(order.index(d) + 1 for d in range(dims))).contiguous()


coarse_descriptors = shape_descriptors
"""Those of every d-th voxel are computed by other kernels."""

REHEARSALS = {
    "shape_descriptors": lambda: shape_descriptors(torch.ones((1, 1, 2), dtype=torch.uint8), 1.0, (1.0,) * 3),
    "coarse_descriptors": lambda: shape_descriptors(torch.ones((1, 1, 2), dtype=torch.uint8), 1.0, (1.0,) * 3, 2),
}
"""By operation, what uses all its kernels."""


def _padded(kernel: torch.Tensor, dtype: type) -> np.ndarray:
    """A moment kernel with zeros behind it, for products over a few voxels too many."""
    table: np.ndarray = np.zeros((3, kernel.shape[1] + _STEP), dtype=dtype)
    table[:, : kernel.shape[1]] = kernel.numpy()
    return table


def _channels(order: Sequence[int]) -> list[int]:
    """Where the descriptors of axes 0, 1, … are among those of the axes in another order."""
    dims = len(order)
    place = [order.index(d) for d in range(dims)]
    pairs = list(combinations(range(dims), 2))
    crossed = [pairs.index((min(place[a], place[b]), max(place[a], place[b]))) for a, b in pairs]
    return [*place, *(dims + p for p in place), *(2 * dims + c for c in crossed), 2 * dims + len(pairs)]


def _describe_all(
    labels: np.ndarray,
    samples: np.ndarray,
    downsample: int,
    places: np.ndarray,
    kernels: Sequence[np.ndarray],
    lengths: np.ndarray,
    flat: float,
    result: np.ndarray,
) -> None:
    """Fill `result`, [C, Z, Y, X], with the descriptors of the kept part of `labels`.

    `samples` are the ids on the sampled grid, `lengths` its voxel size in standard deviations per axis, `kernels` as of
    `_padded`, one per axis, and `flat` is the least variance, in squared standard deviations.
    """
    n0, n1, n2 = samples.shape
    everywhere = np.stack(np.divmod(np.arange(n0 * n1), n1), axis=1)
    known = runs_in(samples, everywhere, slice(0, n2))
    rows = rows_by_place(downsample, places)
    asked = runs_in(labels, rows, slice(int(places[2, 0]), int(places[2, 1])))
    if not len(asked.ids):
        return
    ids, ranks = ranked(torch.from_numpy(np.concatenate([known.ids, asked.ids])))
    objects, (known_object, asked_object) = len(ids), np.split(ranks.numpy().astype(np.int32), [len(known.ids)])
    known_order, boxes = by_object(known_object, known.row, known.start, known.stop, objects, n1)
    planes, plane_starts = planes_known(known_object, known.row, boxes, n1)
    inputs = tuple(np.take(a, known_order) for a in (known.row % n1, known.start, known.stop))
    asked_order, _ = by_object(asked_object, asked.row, asked.start, asked.stop, objects, len(rows))
    outputs = tuple(np.take(a, asked_order) for a in (asked_object, asked.row, asked.start, asked.stop))
    units = planes_asked(outputs[0], rows[outputs[1], 0], downsample, int(places[0, 2]))
    grid = (downsample, places, *kernels, lengths.astype(kernels[0].dtype), kernels[0].dtype.type(flat))
    known_runs = (inputs, boxes, planes, plane_starts)

    def describe(part: tuple[int, int]) -> None:
        scratch = _scratch(boxes[outputs[0][units[slice(*part)]]], kernels)
        _describe(*part, units, outputs, rows, *known_runs, *grid, *scratch, result)

    for_each(list(pairwise(even_parts(units))), describe)


def _scratch(boxes: np.ndarray, kernels: Sequence[np.ndarray]) -> tuple[np.ndarray, ...]:
    """Memory that `_describe` works in, enough for objects in any of the boxes; made here, which needn't be compiled."""
    height, width = (boxes[:, 1:, 1] - boxes[:, 1:, 0]).max(axis=0)
    dtype, planes = kernels[0].dtype, kernels[0].shape[1] - _STEP
    return (
        np.zeros((width + 1, 3)),  # in float64, so that what is added is taken away again without a trace
        np.zeros((3, height + _ROWS, width), dtype),
        np.zeros((2, height + _ROWS), np.int64),
        np.zeros((6, width + _STEP), dtype),
        np.zeros(16),
        np.zeros((2, planes), np.int64),
    )


@kernel(**SUMS)
def _describe(
    begin,
    end,
    units,
    outputs,
    rows,
    inputs,
    boxes,
    planes,
    plane_starts,
    step,
    places,
    k0,
    k1,
    k2,
    lengths,
    flat,
    ends,
    sums,
    spans,
    lines,
    moments,
    cursors,
    result,
):
    """Fill `result` at the runs of the units `begin` … `end` - 1; all lengths in the sampled grid's voxels."""
    owner, out_row, out_start, out_stop = outputs
    in_y, in_start, in_stop = inputs
    first_axis = 0 if result.shape[0] == 10 else 1
    r0, r1, r2 = (k0.shape[1] - _STEP) // 2, (k1.shape[1] - _STEP) // 2, (k2.shape[1] - _STEP) // 2
    for u in range(begin, end):
        a, b = units[u], units[u + 1]
        o = owner[a]
        z_low, z_high, y_low, y_high = boxes[o, 0, 0], boxes[o, 0, 1], boxes[o, 1, 0], boxes[o, 1, 1]
        plane = (rows[out_row[a], 0] + places[0, 2]) // step
        first_y = max(y_low, (rows[out_row[a], 1] + places[1, 2]) // step - r1)
        last_y = min(y_high, (rows[out_row[b - 1], 1] + places[1, 2]) // step + r1 + 1)
        # Of a winding object's box, only the columns within reach of what is asked in this plane.
        first_x, last_x = out_start[a], out_stop[a]
        for j in range(a, b):
            first_x, last_x = min(first_x, out_start[j]), max(last_x, out_stop[j])
        x_low = max(boxes[o, 2, 0], (first_x + places[2, 2]) // step - r2)
        x_high = min(boxes[o, 2, 1], (last_x - 1 + places[2, 2]) // step + r2 + 1)
        width = max(0, x_high - x_low)
        # 1. The planes within reach; a cursor in the runs of each.
        near, far = max(z_low, plane - r0), min(z_high, plane + r0 + 1)
        for z in range(near, far):
            c, limit = plane_starts[planes[o] + z - z_low], plane_starts[planes[o] + z - z_low + 1]
            while c < limit and in_y[c] < first_y:
                c += 1
            cursors[0, z - near], cursors[1, z - near] = c, limit
        for y in range(first_y, last_y):
            low, high = width, 0
            for z in range(near, far):
                c, limit, t = cursors[0, z - near], cursors[1, z - near], z - plane + r0
                while c < limit and in_y[c] == y:
                    s, e = max(0, in_start[c] - x_low), min(width, in_stop[c] - x_low)
                    c += 1
                    if s >= e:
                        continue
                    for k in range(3):
                        ends[s, k] += k0[k, t]
                        ends[e, k] -= k0[k, t]
                    low, high = min(low, s), max(high, e)
                cursors[0, z - near] = c
            line = y - first_y
            spans[0, line], spans[1, line] = low, high
            _clear(sums[:, line, :width])
            s0 = s1 = s2 = 0.0
            for x in range(low, high):
                s0 += ends[x, 0]
                s1 += ends[x, 1]
                s2 += ends[x, 2]
                sums[0, line, x], sums[1, line, x], sums[2, line, x] = s0, s1, s2
            for x in range(low, high + 1):
                ends[x, 0] = ends[x, 1] = ends[x, 2] = 0
        for line in range(max(0, last_y - first_y), last_y - first_y + _ROWS):
            _clear(sums[:, line, :width])
            spans[0, line], spans[1, line] = width, 0
        # 2. One row of the sampled grid after the other.
        r = a
        while r < b:
            place = (rows[out_row[r], 1] + places[1, 2]) // step
            q, first_x, last_x = r, out_start[r], out_stop[r]
            while q < b and (rows[out_row[q], 1] + places[1, 2]) // step == place:
                first_x, last_x = min(first_x, out_start[q]), max(last_x, out_stop[q])
                q += 1
            first_x = max(0, (first_x + places[2, 2]) // step - r2 - x_low)
            last_x = min(width, (last_x - 1 + places[2, 2]) // step + r2 + 1 - x_low)
            _clear(lines[:, : width + _STEP])
            left, right = width, 0
            for y in range(max(first_y, place - r1), min(last_y, place + r1 + 1), _ROWS):
                line, t = y - first_y, y - place + r1
                low, high = width, 0
                for i in range(line, line + _ROWS):
                    low, high = min(low, spans[0, i]), max(high, spans[1, i])
                low, high = max(low, first_x), min(high, last_x)
                if low >= high:
                    continue
                left, right = min(left, low), max(right, high)
                for k in range(3 if first_axis else 6):
                    # Powers 00, 01, 02, 10, 11, 20 of axes 0 and 1.
                    power = 0 if k < 3 else (1 if k < 5 else 2)
                    _add_rows(lines[k], sums[power], line, low, high, k1[k - (0, 3, 5)[power]], t)
            # 3. The object's voxels in that row.
            for j in range(r, q):
                z, y = rows[out_row[j], 0] - places[0, 0], rows[out_row[j], 1] - places[1, 0]
                done = -1
                for x in range(out_start[j], out_stop[j]):
                    p = (x + places[2, 2]) // step
                    if p != done:
                        near_x, far_x = max(left, p - r2 - x_low), min(right, p + r2 + 1 - x_low)
                        _take_moments(lines, k2, near_x, far_x, near_x + x_low - p + r2, moments)
                        done = p
                    _write(moments, lengths, flat, first_axis, result, z, y, x - places[2, 0])
            r = q


@kernel(**SUMS)
def _clear(rows):
    for k in range(rows.shape[0]):
        for x in range(rows.shape[1]):
            rows[k, x] = 0


@kernel(**SUMS)
def _add_rows(target, rows, line, low, high, kernel, t):
    """Add `_ROWS` rows, weighted by the kernel from tap `t` on, between two columns."""
    w0, w1, w2, w3, w4, w5, w6, w7 = (
        kernel[t],
        kernel[t + 1],
        kernel[t + 2],
        kernel[t + 3],
        kernel[t + 4],
        kernel[t + 5],
        kernel[t + 6],
        kernel[t + 7],
    )
    for x in range(np.uintp(low), np.uintp(high)):
        target[x] += (
            w0 * rows[line, x]
            + w1 * rows[line + 1, x]
            + w2 * rows[line + 2, x]
            + w3 * rows[line + 3, x]
            + w4 * rows[line + 4, x]
            + w5 * rows[line + 5, x]
            + w6 * rows[line + 6, x]
            + w7 * rows[line + 7, x]
        )


@kernel(**SUMS)
def _take_moments(lines, kernel, low, high, t, moments):
    """The moments about one voxel, from the columns `low` … `high` - 1 and the kernel from tap `t` on.

    Powers per axis: 000, 001, 002, 010, 011, 020, 100, 101, 110, 200.
    """
    m000 = m001 = m002 = m010 = m011 = m020 = m100 = m101 = m110 = m200 = kernel.dtype.type(0)
    if low < high:
        # Unsigned, so that no index needs to be asked whether it counts from the end.
        x, t, n = np.uintp(low), np.uintp(t), np.uintp((high - low + _STEP - 1) // _STEP * _STEP)
        for i in range(n):
            w0, w1, line = kernel[0, t + i], kernel[1, t + i], lines[0, x + i]
            m000 += w0 * line
            m001 += w1 * line
            m002 += kernel[2, t + i] * line
            line = lines[1, x + i]
            m010 += w0 * line
            m011 += w1 * line
            m020 += w0 * lines[2, x + i]
            line = lines[3, x + i]
            m100 += w0 * line
            m101 += w1 * line
            m110 += w0 * lines[4, x + i]
            m200 += w0 * lines[5, x + i]
    moments[0], moments[1], moments[2], moments[3], moments[4] = m000, m001, m002, m010, m011
    moments[5], moments[6], moments[7], moments[8], moments[9] = m020, m100, m101, m110, m200


@kernel(**SUMS)
def _write(moments, lengths, flat, first_axis, result, z, y, x):
    """Moments to descriptors, in [0, 1]; lengths are in standard deviations from here on. The last six moments are scratch."""
    z, y, x = np.uintp(z), np.uintp(y), np.uintp(x)
    half, one = np.float64(0.5), np.float64(1)  # differences of moments are taken in float64
    axes = 3 - first_axis
    share = one / moments[0] if moments[0] != 0 else one
    means, narrow = moments[10:13], moments[13:16]
    for a in range(first_axis, 3):
        mean = moments[_FIRST[a]] * share
        variance = (moments[_SECOND[a]] * share - mean * mean) * lengths[a] * lengths[a]
        variance = variance if variance > flat else flat
        means[a], narrow[a] = mean, one / np.sqrt(variance)
        _put(result, a - first_axis, z, y, x, mean * lengths[a] * half + half)
        _put(result, axes + a - first_axis, z, y, x, variance)
        for b in range(first_axis, a):
            pair = a + b - 1
            mixed = (moments[_MIXED[pair]] * share - means[a] * means[b]) * lengths[a] * lengths[b]
            _put(result, 2 * axes + pair - 2 * first_axis, z, y, x, mixed * narrow[a] * narrow[b] * half + half)
    _put(result, result.shape[0] - 1, z, y, x, moments[0])


@kernel(**SUMS)
def _put(result, channel, z, y, x, value):
    value = np.float32(value)
    value = value if value > np.float32(0) else np.float32(0)
    result[channel, z, y, x] = value if value < np.float32(1) else np.float32(1)
