"""Affinities: whether a voxel and the one an offset away are of the same object."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from predictor_inspector.core.ops.backend import attempt
from predictor_inspector.core.ops.regions import Slices, extent, pairs, whole


def affinities(
    labels: torch.Tensor,
    neighborhood: Sequence[Sequence[int]],
    objects: torch.Tensor | None = None,
    keep: Slices | None = None,
) -> torch.Tensor:
    """1 where a voxel and its partner are of the same object, 0 elsewhere and where the partner lies outside: float32, [K, …].

    After Turaga et al. 2010, with the long-range offsets of Lee et al. 2017.

    Parameters
    ----------
    labels : torch.Tensor
        Ids, integer, any number of axes.
    neighborhood : sequence of offsets
        K offsets in voxels, from a voxel to its partner.
    objects : torch.Tensor, optional
        Boolean, the shape of `labels`: which voxels belong to an object; ``labels > 0`` by default.
    """
    keep = keep or whole(labels.shape)
    if labels.ndim <= 3 and (made := attempt("affinities.affinities", labels, neighborhood, objects, keep)) is not None:
        return made
    result = torch.zeros((len(neighborhood), *extent(keep)), dtype=torch.float32, device=labels.device)
    for channel, offset in zip(result, neighborhood, strict=True):
        found = pairs(offset, labels.shape, keep)
        if found is None:
            continue
        here, there, kept = found
        same = labels[here] == labels[there]
        if objects is None:
            same &= labels[here] > 0
        else:
            same &= objects[here]
            same &= objects[there]
        channel[kept] = same
    return result


def known_pairs(known: torch.Tensor, neighborhood: Sequence[Sequence[int]], keep: Slices) -> torch.Tensor:
    """Whether both voxels of a pair are known, given which voxels are; partners outside are not: boolean, [K, …]."""
    if known.ndim <= 3 and (made := attempt("affinities.known_pairs", known, neighborhood, keep)) is not None:
        return made
    result = torch.zeros((len(neighborhood), *extent(keep)), dtype=torch.bool, device=known.device)
    for channel, offset in zip(result, neighborhood, strict=True):
        found = pairs(offset, known.shape, keep)
        if found is not None:
            here, there, kept = found
            channel[kept] = known[here] & known[there]
    return result


def surviving(
    labels: torch.Tensor, iterations: int, axes: Sequence[int] | None = None, known: torch.Tensor | None = None
) -> torch.Tensor:
    """Which voxels remain when every object is eroded `iterations` times, as gunpowder's GrowBoundary does: boolean.

    `labels` are integer ids with any number of axes; objects are eroded along `axes` only, all by default. A voxel goes
    when one within so many steps, from face to face, is of another id. Neither what lies outside the volume nor what isn't
    `known`, boolean, takes a voxel away. Background, id 0, is treated like any id.
    """
    axes = range(labels.ndim) if axes is None else axes
    sizes = [(d, labels.shape[d] - 1) for d in axes]
    if known is not None:
        ids = labels if labels.dtype != torch.uint8 else labels.to(torch.int16)
        # The smallest and the largest of the known ids within so many steps; where none is, the smallest is larger.
        smallest, largest = ids.where(known, torch.iinfo(ids.dtype).max), ids.where(known, -1)
        for _ in range(iterations):
            for extreme, values in ((torch.minimum, smallest), (torch.maximum, largest)):
                before = values.clone()
                for d, n in sizes:
                    for here, there in ((0, 1), (1, 0)):
                        part = values.narrow(d, here, n)
                        part.copy_(extreme(part, before.narrow(d, there, n)))
        return smallest >= largest
    alive = torch.ones(labels.shape, dtype=torch.bool, device=labels.device)
    faces = [(d, n, labels.narrow(d, 1, n) == labels.narrow(d, 0, n)) for d, n in sizes]
    for _ in range(iterations):
        before = alive.clone()
        for d, n, same in faces:
            alive.narrow(d, 0, n).logical_and_(same & before.narrow(d, 1, n))
            alive.narrow(d, 1, n).logical_and_(same & before.narrow(d, 0, n))
    return alive
