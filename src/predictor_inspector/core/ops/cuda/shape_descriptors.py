"""Local shape descriptors of all objects at once, by grouped kernels planned on the host.

As in `predictor_inspector.core.ops.shape_descriptors` objects are answered for tile by tile. Pairs of a tile and an object
are found on the device; how many there are and how large their boxes is all that is waited for, once per part of the
volume of `PART` voxels a side. A few launches then do all pairs of a part, as many at a time as memory is set aside for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import product
from typing import Any

import numpy as np
import torch

from predictor_inspector.core.ops.cuda import moments
from predictor_inspector.core.ops.cuda.label_boxes import TileGrid, boxes_with_surroundings, tile_boxes
from predictor_inspector.core.ops.cuda.volumes import volume, volume_slices
from predictor_inspector.core.ops.regions import Slices, extent, whole
from predictor_inspector.core.ops.shape_descriptors import (
    MINIMAL_VARIANCE,
    descriptor_count,
    moment_kernel,
    sampled,
)
from predictor_inspector.core.progress import report

PART = 256
"""Voxels per side of what is planned at a time."""

TABLE_ENTRIES = 1 << 25
"""Pairs of tile and id that boxes are held for (24 bytes each); a part with more of them is divided."""

SET_ASIDE = 1 << 30
"""Bytes for partial sums; no more pairs at a time than fit, but always one."""

DIRECT_IDS = 1 << 16
"""Ids below this stand for themselves, those of larger ones are counted through."""

BLOCKS = {torch.float32: ((64, 64), (64, 64), (32, 32)), torch.float64: ((16, 16), (16, 16), (16, 16))}
"""Rows and columns per program of the three products, chosen for the registers that they take."""

WARPS = 8
"""Per program, for the same reason."""


def shape_descriptors(
    labels: torch.Tensor,
    sigma: float,
    voxel_size: Sequence[float],
    downsample: int = 1,
    phase: Sequence[int] | None = None,
    keep: Slices | None = None,
) -> torch.Tensor | None:
    """As `predictor_inspector.core.ops.shape_descriptors.shape_descriptors`; None unless there are two or three axes."""
    if labels.ndim not in (2, 3):
        return None
    keep = keep or whole(labels.shape)
    result = torch.zeros((descriptor_count(labels.ndim), *extent(keep)), dtype=torch.float32, device=labels.device)
    work = _Work(labels, sigma, voxel_size, downsample, phase or (0,) * labels.ndim)
    kept = volume_slices(keep)
    target = result if labels.ndim == 3 else result[:, None]
    todo = list(_parts(kept, PART))
    for number, part in enumerate(todo):
        report(number, len(todo))
        divided = [part]
        while divided:
            piece = divided.pop()
            where = tuple(slice(p.start - k.start, p.stop - k.start) for p, k in zip(piece, kept, strict=True))
            if not work.describe(piece, target[(slice(None), *where)]):
                divided += _parts(piece, -(-max(extent(piece)) // 2))
    return result


coarse_descriptors = shape_descriptors


def _parts(region: Slices, side: int) -> Iterator[Slices]:
    """Parts of up to `side` voxels a side that cover `region`."""
    return product(*([slice(a, min(a + side, r.stop)) for a in range(r.start, r.stop, side)] for r in region))


class _Work:
    """A volume and a window; describes one part of the volume at a time.

    The volume has three axes here; one that was added has a window of one cell.
    """

    def __init__(
        self,
        labels: torch.Tensor,
        sigma: float,
        voxel_size: Sequence[float],
        downsample: int,
        phase: Sequence[int],
    ) -> None:
        self.dims = labels.ndim
        added = 3 - labels.ndim
        self.labels = volume(labels)
        self.group = (1,) * added + (downsample,) * labels.ndim
        self.phase = (0,) * added + tuple(phase)
        # As on the CPU: where the coarser grid misses an object, only far cells are left, which cancel in float32.
        self.dtype = torch.float64 if downsample > 1 else torch.float32
        sizes = [v * downsample for v in voxel_size]
        device = labels.device
        self.tables = [_no_window(device, self.dtype)] * added
        self.tables += [_window(sigma / size, device, self.dtype) for size in sizes]
        self.radii = tuple(table.shape[1] // 2 for table in self.tables)
        self.widths = (1.0,) * added + tuple(size / sigma for size in sizes)
        self.minimal_variance = MINIMAL_VARIANCE / sigma**2

    def describe(self, part: Slices, result: torch.Tensor) -> bool:
        """Write the descriptors of `part`; False, with nothing done, if it has too many objects to be done at once.

        Parameters
        ----------
        result : torch.Tensor
            float32, [C, …], zeros in the shape of `part`, the last axis contiguous.
        """
        region = self._region(part)
        crop, ids = _counted_through(self.labels[region])
        shift = tuple((p + r.start) % d for p, r, d in zip(self.phase, region, self.group, strict=True))
        samples = volume(sampled(crop, self.group[2], shift))
        # A tile is at least as wide as the window reaches, or what lies around it would be most of the work.
        sides = tuple(next((side for side in (64, 128) if side >= radius), 256) for radius in self.radii)
        tiling = TileGrid.of(samples.shape, (sides[0], sides[1], sides[2]))
        if len(tiling) * ids > TABLE_ENTRIES and max(extent(part)) > 1:
            return False
        inner = tuple(slice(k.start - r.start, k.stop - r.start) for k, r in zip(part, region, strict=True))
        kept = crop[inner]
        # From a voxel of the part to its cell.
        shift = tuple(s + k.start for s, k in zip(shift, inner, strict=True))
        present = tile_boxes(samples, ids, tiling)
        same = self.group[2] == 1 and kept.shape == samples.shape
        wanted = present if same else tile_boxes(kept, ids, tiling, self.group, shift)
        names, boxes = boxes_with_surroundings(wanted, present, tiling, self.radii)
        pairs = torch.cat([boxes, names[:, None]], dim=1).cpu().numpy()
        for plan in _plans(pairs, BLOCKS[self.dtype], self.dtype.itemsize):
            self._carry_out(plan, samples, kept, shift, result)
        return True

    def _region(self, part: Slices) -> Slices:
        """`part` and all voxels that are sampled within the window around its cells."""
        region = []
        for k, n, d, p, radius in zip(part, self.labels.shape, self.group, self.phase, self.radii, strict=True):
            first, last = (k.start + p) // d - radius, (k.stop - 1 + p) // d + radius
            region.append(slice(max(0, first * d - p), min(n, max(k.stop, last * d - p + 1))))
        return tuple(region)

    def _carry_out(
        self, plan: _Plan, samples: torch.Tensor, kept: torch.Tensor, shift: Sequence[int], result: torch.Tensor
    ) -> None:
        """The three products for the pairs of one plan."""
        device = result.device
        boxes, starts = _upload(plan.boxes, device), _upload(plan.starts, device)
        counts, firsts = _upload(plan.programs, device), _upload(plan.firsts, device)
        numbers = torch.arange(len(plan.boxes), dtype=torch.int32, device=device)
        first, second = (torch.empty(n, dtype=self.dtype, device=device) for n in plan.lengths)
        (rows1, columns1), (rows2, columns2), (rows3, columns3) = BLOCKS[self.dtype]
        totals = plan.programs.sum(1).tolist()
        owners = [
            torch.repeat_interleave(numbers, count, output_size=total)
            for count, total in zip(counts, totals, strict=True)
        ]
        constants: Any = {"DEPTH": moments.DEPTH, "PRECISION": moments.PRECISION, "num_warps": WARPS}
        s0, s1, _ = samples.stride()
        if totals[0]:
            moments.contract_first[(totals[0],)](
                samples, s0, s1, self.tables[0], self.radii[0], boxes, owners[0], firsts[0], starts, first,
                ROWS=rows1, COLUMNS=columns1, **constants,
            )  # fmt: skip
            moments.contract_second[(totals[1],)](
                first, self.tables[1], self.radii[1], boxes, owners[1], firsts[1], starts, second,
                ROWS=rows2, COLUMNS=columns2, **constants,
            )  # fmt: skip
        s0, s1, _ = kept.stride()
        moments.describe[(totals[2],)](
            second, self.tables[2], self.radii[2], boxes, owners[2], firsts[2], starts,
            kept, s0, s1, result, *result.stride()[:3], *kept.shape,
            *self.group, *shift, *self.widths, self.minimal_variance,
            DIMS=self.dims, ROWS=rows3, COLUMNS=columns3, **constants,
        )  # fmt: skip


class _Plan:
    """What the kernels need to know about some pairs.

    Attributes
    ----------
    boxes : numpy.ndarray
        int32, [P, 13], see `moments`.
    programs, firsts : numpy.ndarray
        int64 and int32, [3, P]: how many programs each product takes, and how many are before those of a pair.
    starts : numpy.ndarray
        int64, [P, 2]: where each pair's partial sums begin, those along axis 0 and those along axes 0 and 1.
    lengths : list of int
        How many of both there are in all.
    """

    def __init__(self, boxes: np.ndarray, programs: np.ndarray, lengths: np.ndarray) -> None:
        self.boxes, self.programs = boxes, programs
        self.firsts = (programs.cumsum(1) - programs).astype(np.int32)
        self.starts = lengths.cumsum(0) - lengths
        self.lengths: list[int] = lengths.sum(0).tolist()


def _plans(pairs: np.ndarray, blocks: Sequence[tuple[int, int]], itemsize: int) -> Iterator[_Plan]:
    """Groups of pairs whose partial sums fit into what is set aside.

    Parameters
    ----------
    pairs : numpy.ndarray
        int32, [P, 13]: begin and end of the box, begin and end of its surroundings, the id.
    """
    if not len(pairs):
        return
    boxes = pairs.copy()
    boxes[:, 3:6] -= boxes[:, 0:3]
    boxes[:, 9:12] -= boxes[:, 6:9]
    o0, o1, o2, (i1, i2) = *boxes[:, 3:6].T.astype(np.int64), boxes[:, 10:12].T.astype(np.int64)
    lengths = np.stack([3 * o0 * i1 * i2, 6 * o0 * o1 * i2], axis=1)
    (rows1, columns1), (rows2, columns2), (rows3, columns3) = blocks
    programs = np.stack(
        [
            -(-3 * o0 // rows1) * -(-i1 * i2 // columns1),
            6 * -(-o1 // rows2) * -(-o0 * i2 // columns2),
            -(-o0 * o1 // rows3) * -(-o2 // columns3),
        ]
    )
    group = (lengths.sum(1).cumsum() * itemsize - 1) // SET_ASIDE
    for chosen in np.split(np.arange(len(pairs)), np.flatnonzero(np.diff(group)) + 1):
        yield _Plan(boxes[chosen], np.ascontiguousarray(programs[:, chosen]), lengths[chosen])


def _counted_through(labels: torch.Tensor) -> tuple[torch.Tensor, int]:
    """The same objects by ids that are small enough for a table, and how many ids that is; 0 stays background."""
    if labels.dtype == torch.uint8:
        return labels, 256
    highest = int(labels.max())
    if highest < DIRECT_IDS:
        return labels, highest + 1
    ids, ranks = torch.unique(labels, return_inverse=True)
    # Without background in the volume, ranks begin at 1.
    return (ranks + (ids[:1] != 0)).to(torch.int32), len(ids) + 1


@lru_cache(maxsize=64)
def _window(sigma: float, device: torch.device, dtype: torch.dtype) -> torch.Tensor:
    """The window's table, see `moment_kernel`. Kept, because a copy to the device waits for it."""
    return moment_kernel(sigma).to(device, dtype)


@lru_cache(maxsize=8)
def _no_window(device: torch.device, dtype: torch.dtype) -> torch.Tensor:
    """The table of a window of one cell."""
    return torch.tensor([[1], [0], [0]], dtype=dtype, device=device)


def _upload(values: np.ndarray, device: torch.device) -> torch.Tensor:
    """A copy on the device, which need not be waited for."""
    tensor: Any = torch.from_numpy(np.ascontiguousarray(values))
    return tensor.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else tensor
