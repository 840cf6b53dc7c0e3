"""Objects as runs: stretches of voxels of one id along the last axis, sorted by object and then by where they lie."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from predictor_inspector.core.ops.compiled.options import EXACT
from predictor_inspector.core.ops.compiled.threads import for_each, parts

_TABLE_LIMIT = 1 << 24
"""Ids below this are looked up in a table, which is much faster than sorting."""


@dataclass(frozen=True)
class Runs:
    """Runs of foreground voxels, in the order of the rows they were looked for in.

    Attributes
    ----------
    ids : numpy.ndarray
        int64, [R].
    row, start, stop : numpy.ndarray
        int32, [R]: the number of the row among those given, and the columns, `stop` excluded.
    """

    ids: np.ndarray
    row: np.ndarray
    start: np.ndarray
    stop: np.ndarray


def runs_in(labels: np.ndarray, rows: np.ndarray, columns: slice) -> Runs:
    """All runs of one id other than 0.

    Parameters
    ----------
    labels : numpy.ndarray
        Ids, integer, [Z, Y, X], contiguous.
    rows : numpy.ndarray
        int32, [N, 2]: z and y of the rows to look at.
    columns : slice
        The part of each row to look at.
    """
    counts = np.zeros(len(rows) + 1, dtype=np.int64)
    shares = parts(len(rows), 64)
    window = (columns.start, columns.stop)
    for_each(len(shares), lambda i: _count(labels, rows, *window, shares[i].start, shares[i].stop, counts))
    first = np.cumsum(counts)
    total = int(first[-1])
    ids = np.empty(total, dtype=np.int64)
    row, start, stop = (np.empty(total, dtype=np.int32) for _ in range(3))
    for_each(
        len(shares),
        lambda i: _fill(labels, rows, *window, shares[i].start, shares[i].stop, first, ids, row, start, stop),
    )
    return Runs(ids, row, start, stop)


def ranked(*several: np.ndarray) -> tuple[int, list[np.ndarray]]:
    """How many different ids there are in all arrays together, and each array with ids 0, 1, … in their place: int32."""
    highest = max((int(ids.max()) for ids in several if len(ids)), default=0)
    if highest >= _TABLE_LIMIT:
        found, ranks = np.unique(np.concatenate(several), return_inverse=True)
        ends = np.cumsum([len(ids) for ids in several])[:-1]
        return len(found), [r.astype(np.int32) for r in np.split(ranks, ends)]
    present = np.zeros(highest + 1, dtype=bool)
    for ids in several:
        present[ids] = True
    table = np.cumsum(present, dtype=np.int32) - np.int32(1)
    return int(present.sum()), [table[ids] for ids in several]


@njit(**EXACT)
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


@njit(**EXACT)
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
