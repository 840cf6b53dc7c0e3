"""Flows to the centres of objects, by heat that diffuses from there, as Cellpose has them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from predictor_inspector.core.ops.regions import Slices, extent

_STEPS = {
    2: ((-1, 0), (1, 0), (0, -1), (0, 1), (-1, -1), (-1, 1), (1, -1), (1, 1)),
    3: ((1, 0, 0), (-1, 0, 0), (0, 1, 0), (0, -1, 0), (0, 0, 1), (0, 0, -1)),
}
"""Where heat comes from, beside the voxel itself, in the order in which it is summed up."""

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
    heat, places, beside = diffused(labels, iterations, keep)
    here = torch.ones(len(places), dtype=torch.bool, device=labels.device)
    for axis, k in enumerate(keep):
        here &= (places[:, axis] >= k.start) & (places[:, axis] < k.stop)
    after, before = _after_and_before(labels.ndim)
    # Rows of `beside` begin with the voxel itself.
    mu = heat[beside[[1 + i for i in after]][:, here]] - heat[beside[[1 + i for i in before]][:, here]]
    mu /= _NO_FLOW + mu.square().sum(0).sqrt() if mu.dtype == torch.float64 else mu.square().sum(0).sqrt().clamp(1e-30)
    inside = places[here] - torch.tensor([k.start for k in keep], device=labels.device)
    for way, values in zip(result, mu, strict=True):
        way[inside.unbind(1)] = values.float()
    return result


def diffused(labels: torch.Tensor, iterations: int, keep: Slices) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """The heat of the voxels of objects in `keep` and beside it, [M + 1], their places, [M, axes], and those beside them.

    The last are [1 + steps, M], numbers of voxels: M, of which the heat is 0, stands for all others. Heat is of 64 bits where
    the device has them.
    """
    near = tuple(slice(max(k.start - 1, 0), k.stop + 1) for k in keep)
    ids = torch.unique(labels[near])
    ids = ids[ids > 0]
    places = torch.isin(labels, ids).nonzero()
    count, device = len(places), labels.device
    heat = torch.zeros(count + 1, dtype=torch.float32 if device.type == "mps" else torch.float64, device=device)
    number = torch.full([n + 2 for n in labels.shape], count, device=device)
    number[tuple((places + 1).unbind(1))] = torch.arange(count, device=device)
    steps = torch.tensor([(0,) * labels.ndim, *_STEPS[labels.ndim]], device=device)
    beside = number[tuple((places[None] + 1 + steps[:, None]).unbind(2))]
    if not count:
        return heat, places, beside
    own = labels[tuple(places.unbind(1))]
    others = torch.cat([own, own.new_zeros(1)])[beside]
    warm = beside.where(others == own, count)
    sources = centres(places, torch.searchsorted(ids, own), len(ids))
    # On a CPU, torch takes many times as long as NumPy to look up values by number.
    values: Any
    values, table, from_ = (
        (heat.numpy(), warm.numpy(), sources.numpy()) if device.type == "cpu" else (heat, warm, sources)
    )
    for _ in range(iterations):
        values[from_] += 1
        values[:count] = values[table].sum(0) / len(steps)
    return heat, places, beside


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


def _after_and_before(dims: int) -> tuple[list[int], list[int]]:
    """Which steps lead one voxel on, and one back, along each axis."""
    ahead = [tuple(int(a == axis) for a in range(dims)) for axis in range(dims)]
    return [_STEPS[dims].index(s) for s in ahead], [_STEPS[dims].index(tuple(-d for d in s)) for s in ahead]
