"""Index arithmetic: parts of a volume to keep, and pairs of voxels an offset apart."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

Slices = tuple[slice, ...]


def whole(shape: Sequence[int]) -> Slices:
    """Slices that cover all of `shape`."""
    return tuple(slice(0, n) for n in shape)


def extent(keep: Slices) -> tuple[int, ...]:
    """The shape of what `keep` selects."""
    return tuple(s.stop - s.start for s in keep)


def in_voxels(length: float, voxel_size: Sequence[int], subdivision: int) -> tuple[int, ...]:
    """A length in voxels along each axis, rounded up; `voxel_size` is in counts of 1/`subdivision` of its unit."""
    # A hair less than the quotient, or rounding errors would add a voxel where it is whole.
    return tuple(ceil(length * subdivision / size - 1e-9) for size in voxel_size)


def pairs(offset: Sequence[int], shape: Sequence[int], keep: Slices) -> tuple[Slices, Slices, Slices] | None:
    """Where the voxels of `keep` have a partner `offset` away inside a volume of `shape`; None where none have.

    The voxels and their partners, in the volume, and the voxels once more, relative to `keep`.
    """
    here, there, kept = [], [], []
    for o, n, k in zip(offset, shape, keep, strict=True):
        low, high = max(k.start, -o), min(k.stop, n - o)
        if low >= high:
            return None
        here.append(slice(low, high))
        there.append(slice(low + o, high + o))
        kept.append(slice(low - k.start, high - k.start))
    return tuple(here), tuple(there), tuple(kept)
