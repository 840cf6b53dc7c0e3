"""How far objects reach along rays, and how deep voxels lie in them, as StarDist has it."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf, pi, sqrt
from typing import Any

import numpy as np
import torch

from predictor_inspector.core.ops.regions import Slices, extent
from predictor_inspector.core.progress import report

NUMPY_DEVICES = ("cpu",)
"""Where NumPy computes with arrays that fit into caches, for which torch takes many times as long."""

_NO_DEPTH = 1e-10
"""What keeps a depth of nothing from being divided by 0."""


def directions(rays: int, voxel_size: Sequence[float]) -> np.ndarray:
    """Unit vectors in voxels along so many rays, in the order of the axes: float32, [rays, 2] or [rays, 3].

    In 2-D they begin with the last axis and turn towards the first, whatever the size of voxels is. In 3-D they lie on a
    spiral around the first axis, evenly in the unit of length: StarDist's `Rays_GoldenSpiral`.
    """
    if len(voxel_size) == 2:
        angles = np.arange(rays, dtype=np.float32) * np.float32(2 * pi / rays)
        return np.stack([np.sin(angles, dtype=np.float64), np.cos(angles, dtype=np.float64)], 1).astype(np.float32)
    turns = (3.0 - sqrt(5.0)) * pi * np.arange(rays)
    along = np.linspace(-1, 1, rays)
    around = np.sqrt(1.0 - along**2)
    ways = np.stack([along, around * np.sin(turns), around * np.cos(turns)], 1) / (
        np.array(voxel_size) / min(voxel_size)
    )
    unit: np.ndarray = (ways / np.linalg.norm(ways, axis=1, keepdims=True)).astype(np.float32)
    return unit


def ray_steps(ways: np.ndarray, longest: int) -> tuple[np.ndarray, np.ndarray]:
    """Where each step along the rays `ways`, [R, axes], leads, and how long a ray is that leaves its object there.

    The first are offsets in whole voxels, int64, [R, longest, axes], the second lengths in voxels, at most `longest`: float32,
    [R, longest]. Steps are one voxel long. In 2-D rays end half-way before the voxel outside, in 3-D at its centre.
    """
    at = np.cumsum(np.repeat(ways[:, None], longest, 1), 1, dtype=np.float32)
    offsets = np.rint(at)
    ends = offsets
    if ways.shape[1] == 2:
        back = np.float32(0.5) / np.abs(ways).max(1) - np.float32(1)
        ends = at + (back[:, None] * ways)[:, None]
    lengths = np.sqrt(np.square(ends).sum(2, dtype=np.float32))
    return offsets.astype(np.int64), np.minimum(lengths, np.float32(longest))


def ray_distances(labels: torch.Tensor, ways: np.ndarray, longest: int, keep: Slices, result: torch.Tensor) -> None:
    """Write to `result`, float32, [R, Z, Y, X], how many voxels it is to where objects end along rays, in `keep`.

    Those of StarDist's `star_dist` and `star_dist3D`, but for objects that are longer than `longest` voxels, of which rays end
    there. Background has 0; beyond the volume there is no object. `labels` are ids with 2 or 3 axes, `ways` `directions`.
    """
    offsets, lengths = ray_steps(ways, longest)
    # Steps lead no further than their number. Around the volume there is background, which no object's voxel equals.
    reach = longest - 1
    near = tuple(
        slice(max(k.start - reach, 0), min(k.stop + reach, n)) for k, n in zip(keep, labels.shape, strict=True)
    )
    sides = [(near_.start - k.start + reach, k.stop + reach - near_.stop) for near_, k in zip(near, keep, strict=True)]
    around = torch.nn.functional.pad(labels[near], [n for side in reversed(sides) for n in side])
    own, size = labels[keep], extent(keep)
    tables = torch.from_numpy(lengths).to(labels.device)
    ids, beyond = _quick(own), _quick(around)
    for ray, steps in enumerate(offsets[:, :-1].tolist()):
        report(ray, len(ways))
        count = torch.zeros(size, dtype=torch.int32, device=labels.device)
        inside, counted = ids > 0, _quick(count)
        for step in steps:
            # Whole volumes are shifted, which is many times as fast as looking places up.
            inside &= beyond[tuple(slice(reach + o, reach + o + n) for o, n in zip(step, size, strict=True))] == ids
            if not inside.any():
                break
            counted += inside
        _quick(result)[ray] = _quick(tables)[ray][counted]
    result.mul_(own > 0)


def _quick(values: torch.Tensor) -> Any:
    """The same memory as an array of NumPy's, where that is faster."""
    return values.numpy() if values.device.type in NUMPY_DEVICES else values


def depths(labels: torch.Tensor, voxel_size: Sequence[float], keep: Slices) -> torch.Tensor:
    """How deep each voxel lies in its object, 1 where that is deepest: float32, [Z, Y, X], in `keep`; 0 on background.

    The distance to the nearest voxel of another id, divided by the largest in the object: StarDist's `edt_prob`. Beyond the
    volume there is nothing, unless all of it is one object. Only objects of `keep` are looked at, as far as they reach.
    """
    result = torch.zeros(extent(keep), dtype=torch.float32, device=labels.device)
    ids = torch.unique(labels[keep])
    ids = ids[ids > 0]
    if not len(ids):
        return result
    places = torch.isin(labels, ids).nonzero()
    first = (places.amin(0) - 1).clamp(min=0).tolist()
    part = labels[tuple(slice(a, b + 2) for a, b in zip(first, places.amax(0).tolist(), strict=True))]
    inside = torch.isin(part, ids)
    deep = squared_depths(part, inside, voxel_size)[inside].sqrt()
    which = torch.searchsorted(ids, part[inside])
    deepest = torch.zeros(len(ids), dtype=deep.dtype, device=labels.device).scatter_reduce_(0, which, deep, "amax")
    values = torch.zeros(part.shape, dtype=torch.float32, device=labels.device)
    values[inside] = (deep / (deepest[which] + _NO_DEPTH)).float()
    theirs, ours = [], []
    for k, a, n in zip(keep, first, part.shape, strict=True):
        low, high = max(k.start, a), min(k.stop, a + n)
        theirs.append(slice(low - a, high - a))
        ours.append(slice(low - k.start, high - k.start))
    result[tuple(ours)] = values[tuple(theirs)]
    return result


def squared_depths(labels: torch.Tensor, inside: torch.Tensor, voxel_size: Sequence[float]) -> torch.Tensor:
    """Squared distance from each voxel's centre to the nearest one of another id, where `inside`, else 0: of 64 bits.

    In voxels in 2-D, in 3-D in the unit of `voxel_size`. All arrays are [Z, Y, X]. An object that fills them ends there.
    """
    if bool((labels == labels.flatten()[0]).all()):
        padded = [torch.nn.functional.pad(values, (1, 1) * labels.ndim) for values in (labels, inside)]
        return squared_depths(padded[0], padded[1], voxel_size)[(slice(1, -1),) * labels.ndim]
    wide = torch.float32 if labels.device.type == "mps" else torch.float64
    squared = torch.zeros(labels.shape, dtype=wide, device=labels.device).masked_fill_(inside, inf)
    ids, so_far, functions = _quick(labels), _quick(squared), np if labels.device.type in NUMPY_DEVICES else torch
    for axis, size in enumerate(voxel_size if labels.ndim == 3 else (1, 1)):
        before, length = so_far + 0, labels.shape[axis]
        # Of a line through a voxel: those of its own object add their distances so far, any other is an end.
        for step in range(1, length):
            straight = float(step * size) ** 2
            if straight >= float(so_far.max()):
                break
            low, high = ((slice(None),) * axis + (part,) for part in (slice(0, length - step), slice(step, length)))
            same = ids[low] == ids[high]
            for here, there in ((low, high), (high, low)):
                found = functions.where(same, before[there], 0.0) + straight
                so_far[here] = functions.minimum(so_far[here], found)
    return squared
