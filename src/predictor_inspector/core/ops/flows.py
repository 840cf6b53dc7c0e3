"""Flows to the centres of objects, by heat that diffuses from there, as Cellpose has them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from predictor_inspector.core.ops.regions import Slices, extent

_STEPS = {
    2: ((-1, 0), (1, 0), (0, -1), (0, 1), (-1, -1), (-1, 1), (1, -1), (1, 1)),
    3: ((1, 0, 0), (-1, 0, 0), (0, 1, 0), (0, -1, 0), (0, 0, 1), (0, 0, -1)),
}
"""Where heat comes from, beside the voxel itself, in the order in which it is summed up."""

NUMPY_DEVICES = ("cpu",)
"""Where NumPy looks values up by number, for which torch takes many times as long."""

_NO_FLOW = 1e-60
"""What keeps a flow of nothing from being divided by 0."""


def flows(labels: torch.Tensor, iterations: int, keep: Slices) -> torch.Tensor:
    """Unit vectors towards more heat, in the order of the axes: float32, [2, Y, X] or [3, Z, Y, X], in `keep`; 0 on background.

    A source at the centre of each object adds 1 in every iteration, and each voxel then takes the mean of itself and its
    neighbours, of which those outside its object are cold. A flow is the difference of the heat after and before the voxel
    along each axis, whatever object these are of, divided by its length: that of Cellpose's `masks_to_flows_gpu` in 2-D, and
    of `masks_to_flows_gpu_3d`.

    `labels` are ids with 2 or 3 axes. Only objects of `keep` and right beside it are looked at, but these as far as they reach.
    """
    result = torch.zeros((labels.ndim, *extent(keep)), dtype=torch.float32, device=labels.device)
    heat, places, number = diffused(labels, iterations, keep)
    here = torch.ones(len(places), dtype=torch.bool, device=labels.device)
    for axis, k in enumerate(keep):
        here &= (places[:, axis] >= k.start) & (places[:, axis] < k.stop)
    places, strides = places[here], torch.tensor(number.stride(), device=labels.device)
    at, numbers = ((places + 1) * strides).sum(1), number.flatten()
    mu = torch.stack([heat[numbers[at + s].long()] - heat[numbers[at - s].long()] for s in number.stride()])
    mu /= _NO_FLOW + mu.square().sum(0).sqrt() if mu.dtype == torch.float64 else mu.square().sum(0).sqrt().clamp(1e-30)
    inside = places - torch.tensor([k.start for k in keep], device=labels.device)
    for way, values in zip(result, mu, strict=True):
        way[inside.unbind(1)] = values.float()
    return result


def diffused(labels: torch.Tensor, iterations: int, keep: Slices) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """The heat of the M voxels of objects in `keep` and beside it, [M + 1], their places, [M, axes], and their numbers.

    The last are the volume's with a voxel around it, [2 + Z, 2 + Y, 2 + X]: M, of which the heat is 0, for all other voxels.
    Heat is of 64 bits where the device has them.
    """
    near = tuple(slice(max(k.start - 1, 0), k.stop + 1) for k in keep)
    ids = torch.unique(labels[near])
    ids = ids[ids > 0]
    places = torch.isin(labels, ids).nonzero()
    count, device = len(places), labels.device
    heat = torch.zeros(count + 1, dtype=torch.float32 if device.type == "mps" else torch.float64, device=device)
    # Tables of numbers take most of the memory; those of 32 bits are enough for all that fits into it.
    number = torch.full([n + 2 for n in labels.shape], count, dtype=torch.int32, device=device)
    number[(places + 1).unbind(1)] = torch.arange(count, dtype=torch.int32, device=device)
    if not count:
        return heat, places, number
    own = labels[places.unbind(1)]
    at = ((places + 1) * torch.tensor(number.stride(), device=device)).sum(1)
    warm = []
    for step in _STEPS[labels.ndim]:
        beside = number.flatten()[at + sum(d * s for d, s in zip(step, number.stride(), strict=True))]
        same = torch.cat([own, own.new_zeros(1)])[beside.long()] == own
        warm.append(beside.where(same, count))
    _spread(heat, warm, centres(places, torch.searchsorted(ids, own), len(ids)), iterations)
    return heat, places, number


def _spread(heat: torch.Tensor, warm: Sequence[torch.Tensor], sources: torch.Tensor, iterations: int) -> None:
    """Let heat come from the sources and spread: each voxel takes the mean of itself and those whose numbers `warm` holds."""
    if heat.device.type in NUMPY_DEVICES:
        values, tables, from_ = heat.numpy(), [row.numpy() for row in warm], sources.numpy()
        found = np.empty(len(values) - 1)
        for _ in range(iterations):
            values[from_] += 1
            total = values[:-1].copy()
            for row in tables:
                total += np.take(values, row, out=found, mode="clip")
            values[:-1] = total / (1 + len(warm))
        return
    for _ in range(iterations):
        heat[sources] += 1
        mean = heat[:-1].clone()
        for numbers in warm:
            mean += heat.index_select(0, numbers)
        heat[:-1] = mean / (1 + len(warm))


def usual_iterations(diameters: Sequence[int]) -> int:
    """How often Cellpose has heat spread in a picture whose largest object has a box of so many voxels."""
    return 2 * (sum(diameters) + 2) if len(diameters) == 2 else 6 * (sum(diameters) + 3)


def centres(places: torch.Tensor, objects: torch.Tensor, count: int) -> torch.Tensor:
    """For each of `count` objects the number of the voxel nearest to the mean of its voxels, the first of several: int64, [K].

    `places` are of voxels, [M, axes], in the order of memory, `objects` the number of the object of each. In 2-D the mean is
    rounded first, counted from the object's box.
    """
    dims, wide = places.shape[1], torch.float32 if places.device.type == "mps" else torch.float64
    index = objects[:, None].expand(-1, dims)
    first = places.new_full((count, dims), torch.iinfo(places.dtype).max).scatter_reduce_(0, index, places, "amin")
    within = (places - first[objects]).to(wide) + (dims - 2)  # in 3-D counted from 1
    sizes = torch.bincount(objects, minlength=count).to(wide)
    mean = torch.zeros((count, dims), dtype=wide, device=places.device).index_add_(0, objects, within) / sizes[:, None]
    apart = (within - (mean.round() if dims == 2 else mean)[objects]).square()
    # In the order in which Cellpose sums, so that ties are ties there, too.
    squared = apart[:, 0] + apart[:, -1] + (apart[:, 1] if dims == 3 else 0)
    least = squared.new_full((count,), torch.inf).scatter_reduce_(0, objects, squared, "amin")
    numbers = torch.arange(len(places), device=places.device)
    candidates = numbers.where(squared == least[objects], len(places))
    return candidates.new_full((count,), len(places)).scatter_reduce_(0, objects, candidates, "amin")
