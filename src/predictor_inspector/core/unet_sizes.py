"""Sizes in a U-Net: what fits, what is cropped and what comes out, along one axis."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from math import prod


class DoesNotFitError(ValueError):
    """A size doesn't fit inside a U-Net; the message, a clause, says on which level."""


@dataclass(frozen=True)
class AxisSizes:
    """What a U-Net does to sizes along one axis.

    `factors` are those from every level to the next, finest first; `upsample_factors` lead beyond the finest level.
    `down`, `up` and `extra` are the voxels that convolutions take away: on every level on the way down (one more than
    `factors`) and up, finest first, and after every one of `upsample_factors`. Even numbers, since kernels are odd.
    """

    factors: tuple[int, ...]
    upsample_factors: tuple[int, ...]
    down: tuple[int, ...]
    up: tuple[int, ...]
    extra: tuple[int, ...]

    def crops(self, size: int) -> list[int]:
        """The sizes to crop to before the convolutions of each level on the way up and beyond, then that of the output.

        `DoesNotFitError` if `size` voxels can't go through.
        """
        for level, taken in enumerate(self.down):
            if level:
                factor = self.factors[level - 1]
                if size % factor:
                    raise DoesNotFitError(f"where level {level - 1} has {size} voxels to downsample by {factor}")
                size //= factor
            if size <= taken:
                raise DoesNotFitError(f"where level {level} has {size} voxels and its convolutions take {taken} away")
            size -= taken
        stages = [
            (f"level {level} on the way up", self.factors[level], self.up[level], prod(self.factors[level:]))
            for level in reversed(range(len(self.factors)))
        ]
        for step, factor in enumerate(self.upsample_factors):
            cell = prod(self.factors) * prod(self.upsample_factors[: step + 1])
            stages.append((f"upsample_factors[{step}]", factor, self.extra[step], cell))
        crops = []
        for where, factor, taken, cell in stages:
            crops.append(_whole_cells(size * factor, taken, cell, where))
            size = crops[-1] - taken
        return [*crops, size]

    def fits(self, size: int) -> bool:
        """Whether `size` voxels can go in."""
        try:
            self.crops(size)
        except DoesNotFitError:
            return False
        return True

    def fitting(self, size: int) -> int:
        """The smallest number of voxels, `size` or more, that can go in."""
        # There is one: sizes that divide on every level recur with the product of all factors, and none is too large.
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
