"""Flips and swaps of axes, and whether a target was made before one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import permutations, product

import numpy as np
from funlib.geometry import Roi

from predictor_inspector.core.array import Array
from predictor_inspector.core.text import listed


@dataclass(frozen=True)
class Transformation:
    """A permutation of the spatial axes, and flips after it: what augmentation does with arrays on a grid."""

    order: tuple[int, ...]  # which axis comes to be each
    flipped: tuple[int, ...]  # axes, after that

    def of(self, values: np.ndarray) -> np.ndarray:
        """Values, channels first, transformed."""
        lead = values.ndim - len(self.order)
        swapped = values.transpose(*range(lead), *(lead + axis for axis in self.order))
        return np.flip(swapped, tuple(lead + axis for axis in self.flipped))

    def undone(self, array: Array) -> Array:
        """The array that becomes `array`, at the same place."""
        values, lead = array.numpy(), array.channel_dims
        back = np.argsort(self.order)
        values = np.flip(values, tuple(lead + axis for axis in self.flipped))
        values = values.transpose(*range(lead), *(lead + int(axis) for axis in back))
        return array.like(np.ascontiguousarray(values), array.axis_names)

    def mirrored(self, roi: Roi, whole: Roi) -> Roi:
        """Where a part of `whole` comes to lie by the flips."""
        begin = [
            whole.begin[axis] + whole.end[axis] - roi.end[axis] if axis in self.flipped else roi.begin[axis]
            for axis in range(roi.dims)
        ]
        return Roi(begin, roi.shape)

    def told(self, axes: Sequence[str]) -> str:
        """In words, for what was done to labels: ``"flipped along x"``, ``"rotated by 90° in y and x"``."""
        swapped = [axes[a] for a, b in enumerate(self.order) if a != b]
        flips = [axes[a] for a in self.flipped]
        if not swapped:
            return f"flipped along {listed(flips)}"
        if len(swapped) == 2 and len(flips) == 1 and flips[0] in swapped:
            return f"rotated by 90° in {listed(swapped)}"
        return f"turned, with axes {', '.join(axes[a] for a in self.order)}" + (
            f", and flipped along {listed(flips)}" if flips else ""
        )


def transformations(voxel_size: Sequence[int]) -> Iterator[Transformation]:
    """All but the identity that keep voxels in shape, flips of single axes first."""
    dims = len(voxel_size)
    found = [
        Transformation(order, tuple(axis for axis, flip in enumerate(flips) if flip))
        for order in permutations(range(dims))
        if all(voxel_size[a] == voxel_size[b] for a, b in enumerate(order))
        for flips in product((False, True), repeat=dims)
    ]
    found.sort(key=lambda t: (sum(a != b for a, b in enumerate(t.order)), len(t.flipped)))
    yield from found[1:]
