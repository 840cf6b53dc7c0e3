"""Tiles of a model's input that predict a region as one run would, wherever the region lies.

Inputs begin on a lattice that is counted from the raw data's corner, in steps by which a network's output only shifts: with
pooling, a voxel's prediction depends on where the input begins. So a voxel is predicted alike in every region. Where a
network pads its input, output voxels that see the padding are left to the next tile.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from math import floor, prod

from predictor_inspector.inspection.models.facts import ModelFacts


@dataclass(frozen=True)
class AxisTile:
    """A tile along one axis: `begin` and `size` of the input, in voxels of the raw data from their corner.

    Of its output, voxels from `skip` are the region's from `first` on, `count` of them.
    """

    begin: int
    size: int
    skip: int
    first: int
    count: int


@dataclass(frozen=True)
class ModelAxis:
    """A model along one axis, in voxels of raw data (input) and target (output).

    Attributes
    ----------
    smallest, output : int
        The smallest input, and what comes out of it.
    step, period : int
        By how much inputs grow, and the output then; both 0 for a model that takes nothing else.
    apart : Fraction
        Input voxels from one output voxel to the next.
    padded : tuple of int
        Output voxels at the beginning and at the end that see the padding of a network.
    """

    smallest: int
    output: int
    step: int
    period: int
    apart: Fraction
    padded: tuple[int, int]

    @property
    def margin(self) -> Fraction:
        """Input voxels before the first output voxel; as many lie after the last."""
        return (self.smallest - self.output * self.apart) / 2

    def size(self, usable: int) -> int:
        """The smallest input that predicts so many voxels and sees no padding; the only one, if there is but one."""
        if not self.step:
            return self.smallest
        more = usable + sum(self.padded) - self.output
        return self.smallest + self.step * max(0, -(-more // self.period))

    def usable(self, size: int) -> int:
        """How many voxels an input of that size predicts that see no padding."""
        grown = (size - self.smallest) // self.step * self.period if self.step else 0
        return self.output + grown - sum(self.padded)

    def shift(self, size: int) -> tuple[int, int]:
        """Input and output voxels from one tile to the next; no output voxels if nothing is left of an input of that size."""
        unit = self.period or self.apart.denominator
        out = max(0, self.usable(size)) // unit * unit
        return int(out * self.apart), out

    def tiles(self, begin: int, end: int, size: int) -> list[AxisTile]:
        """Tiles for output voxels from `begin` to `end`, counted from that of an input that begins with the raw data."""
        into, out = self.shift(size)
        lattice = (self.step, self.period) if self.step else (into, out)
        skipped = self.padded[0]
        start = (begin - skipped) // lattice[1]
        tiles, place = [], begin
        while place < end:
            first = start * lattice[1] + skipped  # of the voxels that the tile predicts
            stop = min(end, first + (self.usable(size) if first + self.usable(size) >= end else out))
            tiles.append(AxisTile(start * lattice[0], size, place - first + skipped, place - begin, stop - place))
            place, start = stop, start + out // lattice[1]
        return tiles

    def known(self, voxels: int) -> tuple[int, int]:
        """Output voxels that a run within so many voxels of raw data predicts without padding, from … to."""
        if voxels < self.smallest:
            return self.padded[0], self.padded[0]
        if self.step:
            last = self.usable(voxels - (voxels - self.smallest) % self.step)
        else:
            last = self.usable(self.smallest) + floor((voxels - self.smallest) / self.apart)
        return self.padded[0], self.padded[0] + max(0, last)


def axes_of(facts: ModelFacts, apart: Sequence[Fraction]) -> tuple[ModelAxis, ...]:
    """A model along each axis."""
    steps = facts.steps or ((0, 0),) * len(apart)
    return tuple(
        ModelAxis(size, output, *step, between, padded)
        for size, output, step, between, padded in zip(
            facts.smallest, facts.output, steps, apart, facts.padded, strict=True
        )
    )


def input_size(axes: Sequence[ModelAxis], shape: Sequence[int], voxels: float) -> tuple[int, ...]:
    """The input of tiles that predict `shape`: the whole of it if that isn't larger than `voxels`, else the largest that is.

    Tiles are evened out: the same number of smaller ones is preferred to a last one that is nearly empty. The smallest that
    is good for anything is given, however few `voxels` are. A ``ValueError`` if no tile is.
    """
    # A region may begin anywhere between steps of the lattice.
    whole = [axis.size(n + max(0, axis.period - 1)) for axis, n in zip(axes, shape, strict=True)]
    least = [axis.size(axis.period or 1) for axis in axes]
    for axis, size in zip(axes, least, strict=True):
        if not axis.shift(size)[1]:
            raise ValueError(f"all of an input of {size} voxels sees the padding around it; give a larger input_shape")

    def within(side: int) -> list[int]:
        found = []
        for axis, most, fewest in zip(axes, whole, least, strict=True):
            steps = (min(side, most) - fewest) // axis.step if axis.step else 0
            found.append(fewest + max(0, steps) * axis.step)
        return found

    low, high = 1, max(*whole, 1)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if prod(within(middle)) <= voxels else (low, middle - 1)
    even = []
    for axis, size, n in zip(axes, within(low), shape, strict=True):
        number = len(axis.tiles(0, n, size))
        while (
            axis.step
            and size - axis.step >= axis.size(axis.period)
            and len(axis.tiles(0, n, size - axis.step)) == number
        ):
            size -= axis.step
        even.append(size)
    return tuple(even)


def tiles_for(
    axes: Sequence[ModelAxis], begin: Sequence[int], shape: Sequence[int], size: Sequence[int]
) -> list[tuple[AxisTile, ...]]:
    """All tiles for a region of `shape` output voxels from `begin` on, in order."""
    along = (a.tiles(b, b + n, s) for a, b, n, s in zip(axes, begin, shape, size, strict=True))
    return list(product(*along))
