"""Runs of objects: stretches of voxels of one id along the last axis, in order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from predictor_inspector.core.ops.compiled import EXACT, kernel
from predictor_inspector.core.ops.compiled.threads import PARTS_PER_THREAD, for_each, parts

_RUNS_PER_PART = 512
"""Runs that are worth a thread of their own."""


@dataclass(frozen=True)
class Runs:
    """Runs of foreground voxels, in the order of the rows they were looked for in.

    `ids` are int64, [R]; `row`, the number of the row among those given, and the columns from `start` to before `stop`
    are int32, [R].
    """

    ids: np.ndarray
    row: np.ndarray
    start: np.ndarray
    stop: np.ndarray


def runs_in(labels: np.ndarray, rows: np.ndarray, columns: slice) -> Runs:
    """All runs of one id other than 0 in some rows, z and y each, [N, 2], of contiguous labels, [Z, Y, X]."""
    counts = np.zeros(len(rows) + 1, dtype=np.int64)
    shares = parts(len(rows), 64)
    window = (columns.start, columns.stop)
    for_each(shares, lambda share: _count(labels, rows, *window, share.start, share.stop, counts))
    first = np.cumsum(counts)
    total = int(first[-1])
    ids = np.empty(total, dtype=np.int64)
    row, start, stop = (np.empty(total, dtype=np.int32) for _ in range(3))
    found = (first, ids, row, start, stop)
    for_each(shares, lambda share: _fill(labels, rows, *window, share.start, share.stop, *found))
    return Runs(ids, row, start, stop)


def rows_by_place(downsample: int, places: np.ndarray) -> np.ndarray:
    """Z and y of all kept rows, those that share a row of the sampled grid side by side: int64, [N, 2]."""
    z, y = (np.arange(begin, end) for begin, end, _ in places[:2])
    rows = np.stack(np.meshgrid(z, y, indexing="ij"), axis=-1).reshape(-1, 2)
    if downsample == 1:
        return rows
    coarse = (rows + places[:2, 2]) // downsample
    return rows[np.lexsort((coarse[:, 1], coarse[:, 0]))]


def planes_asked(owner: np.ndarray, z: np.ndarray, downsample: int, phase: int) -> np.ndarray:
    """Where, in sorted runs, an object's next plane of the sampled grid begins; their number at the end."""
    plane = (z + phase) // downsample
    changes = (np.diff(owner) != 0) | (np.diff(plane) != 0)
    return np.concatenate([[0], np.flatnonzero(changes) + 1, [len(owner)]])


def even_parts(units: np.ndarray) -> list[int]:
    """Units in parts of about as many runs each: the first of each part, and their number at the end."""
    count = max(1, min(int(units[-1]) // _RUNS_PER_PART, PARTS_PER_THREAD * torch.get_num_threads()))
    ends = np.searchsorted(units, np.linspace(0, units[-1], count + 1))
    return sorted({int(e) for e in ends})


def by_object(
    owner: np.ndarray, row: np.ndarray, start: np.ndarray, stop: np.ndarray, objects: int, rows_per_plane: int
) -> tuple[np.ndarray, np.ndarray]:
    """The order that sorts runs by object and keeps it within each, and each object's box: planes, rows, columns.

    Boxes are int64, [objects, 3, begin and end]; (0, 0) where an object has no runs.
    """
    counts = np.bincount(owner, minlength=objects)
    order = np.empty(len(owner), dtype=np.int64)
    boxes = np.empty((objects, 3, 2), dtype=np.int64)
    boxes[..., 0], boxes[..., 1] = np.iinfo(np.int64).max, 0
    _sort(owner, row, start, stop, rows_per_plane, np.cumsum(counts) - counts, order, boxes)
    boxes[counts == 0] = 0
    return order, boxes


def planes_known(
    owner: np.ndarray, row: np.ndarray, boxes: np.ndarray, rows_per_plane: int
) -> tuple[np.ndarray, np.ndarray]:
    """For each object its place in a table of where the runs of each of its planes begin, and that table."""
    places = np.concatenate([[0], np.cumsum(boxes[:, 0, 1] - boxes[:, 0, 0])])
    starts = np.bincount(places[owner] + row // rows_per_plane - boxes[owner, 0, 0] + 1, minlength=places[-1] + 1)
    return places, np.cumsum(starts)


@kernel(**EXACT)
def _count(labels, rows, low, high, begin, end, counts):
    for r in range(begin, end):
        line = labels[rows[r, 0], rows[r, 1], low:high]
        found = 0
        before = line[0] * 0
        for x in range(line.shape[0]):
            here = line[x]
            found += here != before and here != 0
            before = here
        counts[r + 1] = found


@kernel(**EXACT)
def _fill(labels, rows, low, high, begin, end, first, ids, row, start, stop):
    for r in range(begin, end):
        line = labels[rows[r, 0], rows[r, 1], low:high]
        k = first[r] - 1
        before = line[0] * 0
        for x in range(line.shape[0]):
            here = line[x]
            if here != before:
                if before != 0:
                    stop[k] = low + x
                if here != 0:
                    k += 1
                    ids[k] = here
                    row[k] = r
                    start[k] = low + x
                before = here
        if before != 0:
            stop[k] = high


@kernel(**EXACT)
def _sort(owner, row, start, stop, rows_per_plane, first, order, boxes):
    for r in range(owner.shape[0]):
        o = owner[r]
        order[first[o]] = r
        first[o] += 1
        box = boxes[o]
        for axis in range(3):
            if axis == 0:
                low = row[r] // rows_per_plane
                high = low + 1
            elif axis == 1:
                low = row[r] % rows_per_plane
                high = low + 1
            else:
                low, high = np.int64(start[r]), np.int64(stop[r])
            box[axis, 0] = low if low < box[axis, 0] else box[axis, 0]
            box[axis, 1] = high if high > box[axis, 1] else box[axis, 1]
