"""Training positions: random regions, as a sampler draws them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import count, product
from math import ceil, prod
from typing import Any

import numpy as np
from funlib.geometry import Roi

from predictor_inspector.core.array import Array
from predictor_inspector.core.text import format_shape
from predictor_inspector.data.lazy import blocks_of
from predictor_inspector.data.resample import on_grid
from predictor_inspector.data.source import Source

_AT_ONCE = 64  # places drawn for a position before more are
_DRAWS = 2048  # places tried; where fewer than one in a thousand will do, all of them are listed
_SUMMED_UP_TO = 2**26  # voxels of a mask whose sums are kept: 512 MB


@dataclass(frozen=True, eq=False)
class Positions:
    """Random regions of one size, as a sampler draws them for training; the n-th is the same in every run.

    Every place on the voxel grid at which the region lies inside the data is as likely as any other. With a mask, places
    with less than a share of annotated voxels are drawn again, as gunpowder's ``RandomLocation(min_masked=…)`` does.

    Parameters
    ----------
    source : Source
        Ground truth, whose values are not read, and where it is annotated, in any channel.
    size : tuple of int
        Voxels along each spatial axis.
    min_annotated : float
        The least share of a region's voxels that must be annotated, 0 … 1; without a mask all are.

    Raises
    ------
    ValueError
        If the region doesn't fit into the data, or a number is out of bounds.
    """

    source: Source
    size: tuple[int, ...]
    min_annotated: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        gt, size = self.source.gt, tuple(int(n) for n in self.size)
        if len(size) != gt.dims:
            raise ValueError(f"size must have {gt.dims} numbers, one per axis of the ground truth, got {size}")
        shape = tuple(int(n) for n in gt.spatial_shape)
        if any(not 1 <= n <= most for n, most in zip(size, shape, strict=True)):
            raise ValueError(f"size must be at least 1 and at most the ground truth's {shape} voxels, got {size}")
        if not 0 <= self.min_annotated <= 1:
            raise ValueError(f"min_annotated must be a share of 0 … 1, got {self.min_annotated}")
        if self.seed < 0:
            raise ValueError(f"seed must be at least 0, got {self.seed}")
        object.__setattr__(self, "size", size)

    def __getitem__(self, n: int) -> Roi:
        """The n-th position, found without drawing those before it.

        A ``ValueError`` if `n` is negative, or no place has enough annotated voxels.
        """
        if n < 0:
            raise ValueError(f"positions are counted from 0, got {n}")
        rng = np.random.default_rng((self.seed, n))
        for _ in range(_DRAWS // _AT_ONCE):
            for begin in rng.integers(0, self._spans, size=(_AT_ONCE, len(self.size))):
                if self._annotated(begin) >= self._needed:
                    return self.source.gt.roi_of(self._block(begin))
        return self.source.gt.roi_of(self._block(self._one_of_few(rng)))

    def __iter__(self) -> Iterator[Roi]:
        """All positions from the first on, without end."""
        return map(self.__getitem__, count())

    @cached_property
    def _spans(self) -> tuple[int, ...]:
        """How many places there are along each axis."""
        return tuple(int(most) - n + 1 for n, most in zip(self.size, self.source.gt.spatial_shape, strict=True))

    @property
    def _needed(self) -> int:
        """How many voxels must be annotated."""
        return ceil(self.min_annotated * prod(self.size) - 1e-9)

    @cached_property
    def _known(self) -> Array | None:
        """The mask on the grid of the ground truth, read where it is asked for; None where everything is annotated."""
        if self.source.mask is None or self._needed == 0:
            return None
        return on_grid(self.source.mask, self.source.gt.roi, self.source.gt)

    @cached_property
    def _sums(self) -> np.ndarray | None:
        """How many voxels before each corner are annotated, [Z + 1, …]; None if that is too much to keep."""
        shape = tuple(self.source.gt.spatial_shape)
        if self._known is None or prod(shape) > _SUMMED_UP_TO:
            return None
        sums = np.zeros([n + 1 for n in shape], dtype=np.int64)
        inner = sums[(slice(1, None),) * len(shape)]
        for block in blocks_of(shape):
            inner[block] = self._known_in(block)
        for axis in range(len(shape)):
            np.cumsum(sums, axis=axis, out=sums)
        return sums

    def _known_in(self, block: tuple[slice, ...]) -> np.ndarray:
        """Which voxels are annotated."""
        assert self._known is not None
        values = np.asarray(self._known.data[(slice(None),) * self._known.channel_dims + block])
        known: np.ndarray = (values != 0).reshape(-1, *values.shape[self._known.channel_dims :]).any(0)
        return known

    def _annotated(self, begin: np.ndarray) -> int:
        """How many voxels of the region that begins there are annotated."""
        if self._known is None:
            return prod(self.size)
        block = self._block(begin)
        if self._sums is None:
            return int(np.count_nonzero(self._known_in(block)))
        return int(_from_corners(self._sums, [(s.start, s.stop) for s in block]))

    def _one_of_few(self, rng: np.random.Generator) -> np.ndarray:
        """One of all places with enough annotated voxels."""
        if self._sums is not None:
            ends = [(slice(0, span), slice(n, n + span)) for span, n in zip(self._spans, self.size, strict=True)]
            good = np.flatnonzero(_from_corners(self._sums, ends) >= self._needed)
            if len(good):
                return np.array(np.unravel_index(good[rng.integers(len(good))], self._spans))
            tried = "no place in the data has"
        else:
            tried = f"none of {_DRAWS} places that were tried has"
        raise ValueError(
            f"{tried} {self.min_annotated:.0%} of {format_shape(self.size)} voxels annotated; "
            "take a smaller region or a smaller share"
        )

    def _block(self, begin: np.ndarray) -> tuple[slice, ...]:
        """The voxels of the region that begins there."""
        return tuple(slice(int(b), int(b) + n) for b, n in zip(begin, self.size, strict=True))


def _from_corners(sums: np.ndarray, ends: Sequence[tuple[Any, Any]]) -> np.ndarray:
    """What lies between begin and end along every axis, from sums of everything before each corner."""
    total = np.int64(0)
    for corner in product((0, 1), repeat=len(ends)):
        sign = (-1) ** (len(ends) - sum(corner))
        total = total + sign * sums[tuple(end[which] for end, which in zip(ends, corner, strict=True))]
    return np.asarray(total)
