"""Sizes that a U-Net takes, crops and gives, one axis at a time."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from math import prod


class DoesNotFitError(ValueError):
    """What doesn't fit inside a U-Net, and on which level: a clause for an error message."""


@dataclass(frozen=True)
class AxisSizes:
    """What a U-Net does to sizes along one axis.

    Attributes
    ----------
    factors : tuple of int
        Downsampling factor from every level to the next, finest first.
    upsample_factors : tuple of int
        Upsampling factors beyond the finest level, in order.
    down, up, extra : tuple of int
        How many voxels convolutions take away: on every level on the way down (one more than `factors`) and up, finest
        first, and after every one of `upsample_factors`. Even numbers, since kernels are odd.
    """

    factors: tuple[int, ...]
    upsample_factors: tuple[int, ...]
    down: tuple[int, ...]
    up: tuple[int, ...]
    extra: tuple[int, ...]

    def output_size(self, size: int) -> int:
        """How many voxels come out for `size` voxels; `DoesNotFitError` if they can't go through."""
        for level, taken in enumerate(self.down):
            if level:
                factor = self.factors[level - 1]
                if size % factor:
                    raise DoesNotFitError(f"where level {level - 1} has {size} voxels to downsample by {factor}")
                size //= factor
            if size <= taken:
                raise DoesNotFitError(f"where level {level} has {size} voxels and its convolutions take {taken} away")
            size -= taken
        for level in reversed(range(len(self.factors))):
            size = self.before_merging(level, size * self.factors[level]) - self.up[level]
        for step, factor in enumerate(self.upsample_factors):
            size = self.before_extra(step, size * factor) - self.extra[step]
        return size

    def before_merging(self, level: int, size: int) -> int:
        """To how many voxels to crop the `size` upsampled ones on `level`, before they meet what skipped the rest."""
        return _whole_cells(size, self.up[level], prod(self.factors[level:]), f"level {level} on the way up")

    def before_extra(self, step: int, size: int) -> int:
        """To how many voxels to crop the `size` ones that ``upsample_factors[step]`` made."""
        cell = prod(self.factors) * prod(self.upsample_factors[: step + 1])
        return _whole_cells(size, self.extra[step], cell, f"upsample_factors[{step}]")

    def fits(self, size: int) -> bool:
        """Whether `size` voxels can go in."""
        try:
            self.output_size(size)
        except DoesNotFitError:
            return False
        return True

    def fitting(self, size: int) -> int:
        """The smallest number of voxels, `size` or more, that can go in.

        There is one: what divides on every level recurs with the product of all factors, and large is never wrong.
        """
        return next(candidate for candidate in count(max(size, 1)) if self.fits(candidate))


def _whole_cells(size: int, taken: int, cell: int, where: str) -> int:
    """The most of `size` voxels from which convolutions leave whole cells, cropping as many on either side.

    Within a cell, as large as a voxel of the coarsest level, every voxel sees the coarse levels from another place.
    With whole cells only, the next block goes on where this one ends.
    """
    cells = (size - taken) // cell
    if (size - taken - cells * cell) % 2:
        # Only with odd cells, and then one less leaves an even rest: with even ones, `size` is even as well.
        cells -= 1
    if cells < 1:
        raise DoesNotFitError(
            f"where {where} has {size} voxels, too few for convolutions that take {taken} away and leave a multiple of "
            f"{cell}"
        )
    return cells * cell + taken
