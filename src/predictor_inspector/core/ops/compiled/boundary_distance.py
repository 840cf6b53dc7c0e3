"""Distances to boundaries and to the unknown, in a band; exact.

The mathematics is that of the torch implementation. Steps along axis 0 are counted row by row, then every plane of axis 0
is finished by itself, in blocks of rows. In each row the search ends where no voxel can be improved any more, given how
far the boundaries straight along the axes are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise, product

import numpy as np
import torch

from predictor_inspector.core.ops.boundary_distance import SATURATED, slab_first, steps_within, unslab
from predictor_inspector.core.ops.compiled import EXACT, FINITE, LABEL_TYPES, kernel, normalized, volume
from predictor_inspector.core.ops.compiled.memory import empty
from predictor_inspector.core.ops.compiled.threads import PARTS_PER_THREAD, for_each, parts
from predictor_inspector.core.ops.regions import Slices, extent, whole

_FACE_0, _FACE_1, _FACE_2, _FOREGROUND = 1, 2, 4, 8
"""Bits of a voxel: whether its next neighbour along each axis is of another id, whether it belongs to an object."""

_SMALLEST_BLOCK = 32
"""Rows of a plane that are worth a thread of their own."""

_FARTHEST = np.iinfo(np.int16).max - 1
"""Steps along axis 0 that can be counted; larger volumes are left to torch."""

_STEPS_PER_CHECK = 4
"""Steps along a row between two checks of what can still be improved."""


def signed_distance(
    labels: torch.Tensor, voxel_size: Sequence[float], scale_factor: float, keep: Slices | None = None
) -> torch.Tensor | None:
    """Signed distances through tanh."""
    return squared_boundary_distance(labels, voxel_size, SATURATED * scale_factor, keep, scale_factor)


def squared_boundary_distance(
    labels: torch.Tensor,
    voxel_size: Sequence[float],
    radius: float,
    keep: Slices | None = None,
    scale_factor: float | None = None,
) -> torch.Tensor | None:
    """Squared distances to boundaries, or with a scale factor tanh of the signed ones."""
    keep = keep or whole(labels.shape)
    slab, sizes, kept, order = slab_first(labels, voxel_size, keep)
    reach = [steps_within(radius, v, n) for v, n in zip(sizes, slab.shape, strict=True)]
    if reach[0] > _FARTHEST:
        return None
    ids = volume(normalized(slab))
    low, high = max(0, kept[0].start - reach[0]), min(ids.shape[0], kept[0].stop + reach[0])
    flags = np.empty((high - low, *ids.shape[1:]), dtype=np.uint8)
    for_each(parts(high - low), lambda part: _mark(ids, low, low + part.start, low + part.stop, flags))
    steps = _steps(flags, low, kept[0], reach[0], {_FACE_0: True, _FACE_1: False, _FACE_2: False})
    distances = empty(extent(kept), torch.float32)
    result = distances.numpy()
    scale = np.float32(scale_factor or 0)
    numbers = (_window(kept), np.array(sizes, dtype=np.float32), np.float32(radius**2), *reach, scale)

    def finish(plane: int, begin: int, end: int) -> None:
        here = flags[kept[0].start + plane - low]
        _finish_faces(*(s[plane] for s in steps), here, begin, end, *numbers, result[plane])
        if scale_factor is not None:
            block = result[plane, begin - kept[1].start : end - kept[1].start]
            np.tanh(block, out=block)

    _for_each_block(kept, finish)
    return unslab(distances, order, labels.ndim)


def squared_distance_to_unknown(
    known: torch.Tensor, voxel_size: Sequence[float], radius: float, keep: Slices | None = None
) -> torch.Tensor | None:
    """Squared distances to unknown voxels."""
    keep = keep or whole(known.shape)
    unknown = torch.nn.functional.pad(~known, (1, 1) * known.ndim, value=True)
    keep = tuple(slice(k.start + 1, k.stop + 1) for k in keep)
    slab, sizes, kept, order = slab_first(unknown, voxel_size, keep)
    reach = [steps_within(radius, v, n) for v, n in zip(sizes, slab.shape, strict=True)]
    if reach[0] > _FARTHEST:
        return None
    flags = volume(slab)
    steps = _steps(flags, 0, kept[0], reach[0], {_FACE_0: False})[0]
    squared = empty(extent(kept), torch.float32)
    result = squared.numpy()
    numbers = (_window(kept), np.array(sizes, dtype=np.float32), np.float32(radius**2), *reach)
    _for_each_block(kept, lambda plane, begin, end: _finish_nodes(steps[plane], begin, end, *numbers, result[plane]))
    return unslab(squared, order, known.ndim)


def _to_faces() -> None:
    for dtype in LABEL_TYPES:
        signed_distance(torch.ones((1, 1, 2), dtype=dtype), (1.0, 1.0, 1.0), 1.0)


REHEARSALS = {
    "signed_distance": _to_faces,
    "squared_boundary_distance": _to_faces,
    "squared_distance_to_unknown": lambda: squared_distance_to_unknown(
        torch.ones((1, 1, 2), dtype=torch.bool), (1.0, 1.0, 1.0), 1.0
    ),
}
"""By operation, what uses all its kernels."""


def _window(kept: Slices) -> tuple[int, int, int]:
    """The first row that is kept, and the columns."""
    return kept[1].start, kept[2].start, kept[2].stop


def _for_each_block(kept: Slices, work: Callable[[int, int, int], object]) -> None:
    """Call `work` with every plane that is kept and a range of rows of it, rows counted in the whole volume."""
    planes, rows, _ = extent(kept)
    cuts = max(1, min(rows // _SMALLEST_BLOCK, PARTS_PER_THREAD * torch.get_num_threads() // planes))
    edges = [kept[1].start + rows * k // cuts for k in range(cuts + 1)]
    for_each(list(product(range(planes), pairwise(edges))), lambda block: work(block[0], *block[1]))


def _steps(flags: np.ndarray, low: int, planes: slice, reach: int, kinds: dict[int, bool]) -> list[np.ndarray]:
    """Steps along axis 0 to the nearest voxel with a flag, ``reach + 1`` beyond it; for the `planes` only.

    `flags` are uint8, [planes from `low` on, Y, X]. `kinds` are the flags to look for, and whether what they mark lies half
    a step after the voxel; then k means k + ½ steps.
    """
    shape = (planes.stop - planes.start, *flags.shape[1:])
    found = {flag: np.empty(shape, dtype=np.int16) for flag in kinds}

    def count(job: tuple[int, slice]) -> None:
        flag, rows = job
        _count(flags, low, planes.start, planes.stop, flag, kinds[flag], reach, rows.start, rows.stop, found[flag])

    for_each(list(product(kinds, parts(shape[1], 2))), count)
    return list(found.values())


@kernel(**EXACT)
def _mark(ids, low, begin, end, flags):
    """Flags of the planes `begin` … `end` - 1; the first plane of `flags` is `low`."""
    planes, rows, columns = ids.shape
    for z in range(begin, end):
        for y in range(rows):
            here, marks = ids[z, y], flags[z - low, y]
            for x in range(columns):
                marks[x] = _FOREGROUND if here[x] > 0 else 0
            for x in range(columns - 1):
                marks[x] |= _FACE_2 if here[x] != here[x + 1] else 0
            if y + 1 < rows:
                there = ids[z, y + 1]
                for x in range(columns):
                    marks[x] |= _FACE_1 if here[x] != there[x] else 0
            if z + 1 < planes:
                there = ids[z + 1, y]
                for x in range(columns):
                    marks[x] |= _FACE_0 if here[x] != there[x] else 0


@kernel(**EXACT)
def _count(flags, low, first, last, flag, after, reach, begin, end, steps):
    """Fill the rows `begin` … `end` - 1 of `steps`, once in either direction."""
    planes, _, columns = flags.shape
    count = np.empty(columns, np.int16)
    beyond = np.int16(reach + 1)
    for y in range(begin, end):
        for backwards in range(2):
            for x in range(columns):
                count[x] = beyond
            for k in range(last - low if backwards == 0 else low + planes - first):
                z = low + planes - 1 - k if backwards else low + k
                q = z - low - 1 if after and not backwards else z - low
                if q >= 0:
                    # One more step for every column, none where there is a flag.
                    marks = flags[q, y]
                    for x in range(columns):
                        more = count[x] + 1 if count[x] < beyond else beyond
                        count[x] = 0 if marks[x] & flag else more
                if first <= z < last:
                    nearest = steps[z - first, y]
                    for x in range(columns):
                        nearest[x] = nearest[x] if backwards and nearest[x] < count[x] else count[x]


@kernel(**FINITE)
def _finish_faces(across, along1, along2, marks, begin, end, window, sizes, far, reach0, reach1, reach2, scale, result):
    """Rows `begin` … `end` - 1 of one plane: squared distances to faces, signed ones in units of `scale` unless it is 0."""
    first_row, first, last = window
    rows, columns = across.shape
    half = np.float32(0.5)
    top, bottom = max(0, begin - reach1), min(rows, end + reach1)
    out = bottom - top  # a row of nothing, for those that lie outside
    nodes, faces1, faces2 = (
        _squares(across, top, bottom, sizes[0], half, reach0, far),
        _squares(along1, top, bottom, sizes[0], half - half, reach0, far),
        _squares(along2, top, bottom, sizes[0], half - half, reach0, far),
    )
    straight = _straight_rows(nodes, marks, top, bottom, begin, end, first, last, sizes[1])
    margin = reach2 + _STEPS_PER_CHECK
    line0, line2 = np.empty(columns + 2 * margin, np.float32), np.empty(columns + 2 * margin, np.float32)
    left, right = max(0, first - reach2), min(columns, last + reach2)
    for y in range(begin, end):
        near = straight[y - begin]
        _straight_columns(near, marks[y], first, sizes[2])
        # Along axis 1, as long and as wide as something in this row gains.
        here = y - top
        _spread(line0, nodes[here], margin, far)
        _spread(line2, faces2[here], margin, far)
        limit, low, high = _largest(near), last - last, last - first
        from_x, to_x = left, right
        for j in range(1, reach1 + 1):
            whole, less = _square(sizes[1] * j), _square(sizes[1] * (j - half))
            if less >= limit:
                break
            if j % _STEPS_PER_CHECK == 0:
                low, high = _still_above(near, less, low, high)
                wide = int(np.sqrt(limit - less) / sizes[2]) + 1
                from_x, to_x = max(left, first + low - wide), min(right, first + high + wide)
            a, b = here - j if here >= j else out, here + j if here + j < out else out
            c = here + j - 1 if here + j - 1 < out else out
            _lower(line0, margin, nodes, a, b, from_x, to_x, whole)
            _lower(line0, margin, faces1, a, c, from_x, to_x, less)
            _lower(line2, margin, faces2, a, b, from_x, to_x, whole)
        # Along axis 2.
        _search(near, line0, line2, margin + first, sizes[2], half, reach2)
        target, sign = result[y - first_row], marks[y, first:last]
        if scale == 0:
            for x in range(last - first):
                target[x] = near[x]
        else:
            for x in range(last - first):
                distance = np.sqrt(near[x]) / scale
                target[x] = distance if sign[x] & _FOREGROUND else -distance


@kernel(**FINITE)
def _finish_nodes(steps, begin, end, window, sizes, far, reach0, reach1, reach2, result):
    """Rows `begin` … `end` - 1 of one plane: squared distances to voxels."""
    first_row, first, last = window
    rows, columns = steps.shape
    zero = np.float32(0)
    top, bottom = max(0, begin - reach1), min(rows, end + reach1)
    out = bottom - top
    nodes = _squares(steps, top, bottom, sizes[0], zero, reach0, far)
    margin = reach2 + _STEPS_PER_CHECK
    line, nothing = np.empty(columns + 2 * margin, np.float32), np.empty(columns + 2 * margin, np.float32)
    _spread(nothing, nodes[out], margin, far)
    left, right = max(0, first - reach2), min(columns, last + reach2)
    for y in range(begin, end):
        here = y - top
        _spread(line, nodes[here], margin, far)
        limit = _largest(nodes[here, left:right])
        for j in range(1, reach1 + 1):
            whole = _square(sizes[1] * j)
            if whole >= limit:
                break
            a, b = here - j if here >= j else out, here + j if here + j < out else out
            _lower(line, margin, nodes, a, b, left, right, whole)
        near = result[y - first_row]
        for x in range(last - first):
            near[x] = line[margin + first + x]
        _search(near, line, nothing, margin + first, sizes[2], zero, reach2)


@kernel(**FINITE)
def _largest(values):
    largest = np.float32(0)
    for x in range(values.shape[0]):
        largest = values[x] if values[x] > largest else largest
    return largest


@kernel(**FINITE)
def _square(length):
    return np.float32(length) * np.float32(length)


@kernel(**FINITE)
def _spread(line, values, margin, far):
    """Fill `line` with values, and a margin of nothing on either side."""
    for x in range(margin):
        line[x] = line[line.shape[0] - 1 - x] = far
    for x in range(values.shape[0]):
        line[margin + x] = values[x]


@kernel(**FINITE)
def _squares(steps, top, bottom, size, more, reach, far):
    """Squared lengths of so many steps plus `more`, at most `far`, and one row of nothing but that."""
    columns = steps.shape[1]
    squares = np.empty((bottom - top + 1, columns), np.float32)
    for x in range(columns):
        squares[bottom - top, x] = far
    for y in range(top, bottom):
        source, target = steps[y], squares[y - top]
        for x in range(columns):
            length = (np.float32(source[x]) + more) * size
            square = length * length
            target[x] = square if source[x] <= reach and square < far else far
    return squares


@kernel(**FINITE)
def _straight_rows(nodes, marks, top, bottom, begin, end, first, last, size):
    """Of some rows and columns, the lesser of `nodes` and the squared distance straight along axis 1."""
    columns = last - first
    one, half, far = np.float32(1), np.float32(0.5), np.float32(1e9)
    near = np.empty((end - begin, columns), np.float32)
    for y in range(begin, end):
        for x in range(columns):
            near[y - begin, x] = nodes[y - top, first + x]
    steps = np.empty(columns, np.float32)
    for backwards in range(2):
        for x in range(columns):
            steps[x] = far
        for k in range(bottom - top - (1 - backwards)):
            # The face after row y is behind the next row, and ahead of this one.
            y = bottom - 1 - k if backwards else top + k
            line = marks[y, first:last]
            for x in range(columns):
                steps[x] = half if line[x] & _FACE_1 else steps[x] + one
            target = y - begin if backwards else y + 1 - begin
            if 0 <= target < end - begin:
                found = near[target]
                for x in range(columns):
                    square = steps[x] * size * (steps[x] * size)
                    found[x] = square if square < found[x] else found[x]
    return near


@kernel(**FINITE)
def _straight_columns(near, marks, first, size):
    """Lower `near` to the squared distance straight along axis 2, between the faces that are kept."""
    columns = near.shape[0]
    one, half, far = np.float32(1), np.float32(0.5), np.float32(1e9)
    for backwards in range(2):
        steps = far
        for k in range(columns - (1 - backwards)):
            x = columns - 1 - k if backwards else k
            steps = half if marks[first + x] & _FACE_2 else steps + one
            square = steps * size * (steps * size)
            x = x if backwards else x + 1
            near[x] = square if square < near[x] else near[x]


@kernel(**FINITE)
def _lower(line, margin, source, a, b, left, right, cost):
    """Lower `line` to the lesser of two rows of `source` plus a cost; unsigned, for indices that are never negative."""
    margin, a, b = np.uintp(margin), np.uintp(a), np.uintp(b)
    for x in range(np.uintp(left), np.uintp(right)):
        lesser = (source[a, x] if source[a, x] < source[b, x] else source[b, x]) + cost
        line[margin + x] = lesser if lesser < line[margin + x] else line[margin + x]


@kernel(**FINITE)
def _search(near, nodes, faces, offset, size, half, reach):
    """Lower `near` along axis 2, from voxels a whole number of steps away and from faces `half` a step nearer."""
    n = np.uintp(near.shape[0])
    for x in range(n):
        node = nodes[np.uintp(offset) + x]
        near[x] = node if node < near[x] else near[x]
    low, high = 0, near.shape[0]
    for j in range(1, reach + 1):
        whole, less = _square(size * j), _square(size * (j - half))
        if j % _STEPS_PER_CHECK == 1:
            low, high = _still_above(near, less, low, high)
            if low == high:
                return
        a, b, c = np.uintp(offset - j), np.uintp(offset + j), np.uintp(offset + j - 1)
        for x in range(np.uintp(low), np.uintp(high)):
            by_nodes = (nodes[a + x] if nodes[a + x] < nodes[b + x] else nodes[b + x]) + whole
            by_faces = (faces[a + x] if faces[a + x] < faces[c + x] else faces[c + x]) + less
            least = by_nodes if by_nodes < by_faces else by_faces
            near[x] = least if least < near[x] else near[x]


@kernel(**FINITE)
def _still_above(near, cost, low, high):
    """The part of a range outside which nothing exceeds a cost."""
    while low < high and near[low] <= cost:
        low += 1
    while low < high and near[high - 1] <= cost:
        high -= 1
    return low, high
