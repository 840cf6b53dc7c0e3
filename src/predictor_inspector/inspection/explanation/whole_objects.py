"""The objects around a voxel that is explained, and whether they may be cut."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch

from predictor_inspector.core.labels import as_labels
from predictor_inspector.core.ops.cut_objects import cut_objects
from predictor_inspector.core.ops.regions import Slices
from predictor_inspector.core.ops.windows import extreme_near
from predictor_inspector.core.text import readable
from predictor_inspector.inspection.explanation.voxel import Index, Voxel
from predictor_inspector.inspection.explanation.weights import Condition


class Surroundings(NamedTuple):
    """A part of the ground truth with whole objects: ids and what is known, [Z, Y, X], and the voxel's place in it.

    `first` is the part's first voxel in the ground truth.
    """

    labels: torch.Tensor
    known: torch.Tensor
    at: Index
    first: Index

    @property
    def voxel(self) -> Slices:
        """The voxel alone."""
        return tuple(slice(i, i + 1) for i in self.at)


def surroundings(voxel: Voxel, diameter: Sequence[int]) -> Surroundings:
    """As much around a voxel as its object, and those beside it, need: all there is if they are larger than is said.

    `diameter` is what is said, in voxels along each axis.
    """
    low = [max(i - d - 1, 0) for i, d in zip(voxel.at, diameter, strict=True)]
    high = [min(i + d + 2, n) for i, d, n in zip(voxel.at, diameter, voxel.shape, strict=True)]
    part = _part(voxel, low, high)
    inner = tuple(
        slice(int(a > 0), n - int(b < m)) for a, b, m, n in zip(low, high, voxel.shape, part.labels.shape, strict=True)
    )
    rim = part.labels.clone()
    rim[inner] = 0
    near = part.labels[tuple(slice(max(i - 1, 0), i + 2) for i in part.at)]
    if torch.isin(near[near > 0], rim[rim > 0]).any():
        return _part(voxel, [0] * len(low), list(voxel.shape))
    return part


def _part(voxel: Voxel, low: list[int], high: list[int]) -> Surroundings:
    part = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
    at = tuple(i - a for i, a in zip(voxel.at, low, strict=True))
    labels = as_labels(np.ascontiguousarray(voxel.labels(part)))
    return Surroundings(labels, torch.from_numpy(np.ascontiguousarray(voxel.known(part))), at, tuple(low))


def whole(voxel: Voxel, around: Surroundings, beside: bool) -> Condition:
    """That the voxel's object doesn't go on where nothing is known, nor, with `beside`, one that touches the voxel."""
    switch = readable(voxel.described.roles["mask"])
    if around.labels[around.at] == 0:
        return Condition(True, "Background depends on no object.")
    cut = cut_objects(around.labels, around.known)
    near = extreme_near(cut.to(torch.uint8), (1,) * cut.ndim, "faces", "largest") > 0 if beside else cut
    if not near[around.at]:
        return Condition(True, f"The object is whole: it touches nothing that isn't known ({switch}).")
    own = bool(cut[around.at])
    what = "The object" if own else "An object right beside this voxel"
    return Condition(False, f"{what} may go on where nothing is annotated, or beyond the data ({switch}).")
