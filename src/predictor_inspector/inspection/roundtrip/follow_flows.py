"""Decoder of flows: voxels that come together along them are an object, as in Cellpose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cc3d
import numpy as np
import torch
from torch.nn.functional import grid_sample, max_pool2d, max_pool3d

from predictor_inspector.core.channels import Channel
from predictor_inspector.core.ops.flows import flows, usual_iterations
from predictor_inspector.core.ops.regions import whole
from predictor_inspector.core.parameters import parameter
from predictor_inspector.inspection.roundtrip.decoder import Decoder, Groups

_MARGIN = 20  # voxels around the volume in which voxels are counted
_SEED_REACH, _REACH = 2, 5  # voxels within which a seed is the fullest place, and as far as it grows
_SEED, _PART = 10, 2  # a seed has more voxels, and a place that it grows to


@dataclass(frozen=True)
class FollowFlows(Decoder):
    """Voxels take steps along the flow; each place where many end up is an object. After Cellpose's `compute_masks`."""

    steps: int = parameter(200, doc="How many steps each voxel takes.", minimum=1, maximum=10_000)
    threshold: float = parameter(0.5, doc="Voxels whose cell is above it are of an object.", minimum=0, maximum=1)
    flow_error: float = parameter(
        0.4,
        doc="Objects whose own flows differ by more than this from those that made them are dropped: the mean of the squared "
        "distance between the two. In 2-D only; 0 keeps all.",
        minimum=0,
    )
    fill_holes: bool = parameter(True, doc="Fill holes in objects.", advanced=True)
    smallest: int = parameter(15, doc="Objects of fewer voxels are dropped.", unit="voxels", minimum=1, advanced=True)
    largest: float = parameter(
        0.4, doc="Objects of more than this share of all voxels are dropped.", minimum=0, maximum=1, advanced=True
    )

    @classmethod
    def groups(cls, channels: Sequence[Channel]) -> Groups:
        """One segmentation of all flows and the cell beside them."""
        ways = tuple(i for i, c in enumerate(channels) if c.kind == "flow")
        cells = tuple(i for i, c in enumerate(channels) if c.kind == "one-hot" and c.label is None)
        return ((*ways, *cells),) if len(ways) in (2, 3) and len(cells) == 1 else ()

    def segment(self, prediction: np.ndarray, channels: Sequence[Channel]) -> np.ndarray:
        """Objects of flows in the order of the axes, and the cell."""
        inside = prediction[-1] > self.threshold
        result = np.zeros(inside.shape, np.uint32)
        if not inside.any():
            return result
        ends = followed(prediction[:-1] * inside, np.stack(np.nonzero(inside)), self.steps)
        result[inside] = gathered(ends, inside.shape)
        result = _only(result, np.bincount(result.reshape(-1)) <= self.largest * inside.size)
        if self.flow_error and inside.ndim == 2:
            result = _only(result, flow_errors(result, prediction[:-1]) <= self.flow_error)
        result = _only(result, np.bincount(result.reshape(-1)) >= self.smallest)
        return without_holes(result) if self.fill_holes else result


def _only(ids: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """Those objects that are kept, boolean, [K + 1], numbered anew."""
    kept[0] = False
    anew: np.ndarray = np.where(kept, np.cumsum(kept), 0).astype(np.uint32)[ids]
    return anew


def flow_errors(ids: np.ndarray, flow: np.ndarray) -> np.ndarray:
    """How far the flows of objects are from `flow`, [2, Y, X]: the mean squared distance in each, float64, [K + 1]; 0 for 0."""
    if not ids.any():
        return np.zeros(1)
    boxes = cc3d.statistics(ids)["bounding_boxes"][1:]
    longest = max(([s.stop - s.start for s in box] for box in boxes), key=sum)
    own = flows(torch.from_numpy(ids.astype(np.int64)), usual_iterations(longest), whole(ids.shape)).numpy()
    apart = np.square(own - flow).sum(0)
    numbers = ids.reshape(-1)
    return np.asarray(np.bincount(numbers, apart.reshape(-1)) / np.bincount(numbers).clip(1))


def without_holes(ids: np.ndarray) -> np.ndarray:
    """Objects with what they enclose, other objects too: holes are all that isn't connected to the outside by faces."""
    filled = ids.copy()
    for number, box in enumerate(cc3d.statistics(ids)["bounding_boxes"][1:], 1):
        other = np.pad(filled[box] != number, 1, constant_values=True)
        pieces = cc3d.connected_components(other, connectivity=4 if ids.ndim == 2 else 6)
        hole = (pieces > 0) & (pieces != pieces[(0,) * ids.ndim])
        filled[box][hole[(slice(1, -1),) * ids.ndim]] = number
    return filled


def followed(flow: np.ndarray, places: np.ndarray, steps: int) -> torch.Tensor:
    """Where voxels end up, int64, [axes, N], that start at `places`, [axes, N], and follow `flow`, float32, [axes, Z, Y, X].

    Flows between voxels are interpolated as Cellpose does it, at places that are scaled by the size of the volume.
    """
    dims, shape = len(flow), flow.shape[1:]
    # torch has the last axis first, and places between -1 and 1.
    spans = torch.tensor([max(n - 1, 1) for n in reversed(shape)], dtype=torch.float32)
    field = torch.from_numpy(np.ascontiguousarray(flow[::-1], np.float32)) * (2 / spans).reshape(-1, *(1,) * dims)
    at = (torch.from_numpy(places[::-1].T.astype(np.float32)) / spans * 2 - 1).reshape(*(1,) * dims, -1, dims)
    for _ in range(steps):
        moved = grid_sample(field[None], at, align_corners=False)
        at = (at + moved.movedim(1, -1)).clamp_(-1, 1)
    ends = ((at + 1) / 2 * spans).reshape(-1, dims)
    return ends.flip(1).T.to(torch.int64)


def gathered(ends: torch.Tensor, shape: Sequence[int]) -> np.ndarray:
    """The object of each voxel by where it ended up, int64, [N]; 0 for those in no seed's reach.

    Voxels are counted where they are. The fullest places are seeds, and grow over places that hold a few; where two reach, the
    fuller has it.
    """
    dims = len(shape)
    pool = max_pool2d if dims == 2 else max_pool3d
    padded = [n + 2 * _MARGIN for n in shape]
    ends = torch.stack([e.clamp(0, n - 1) + _MARGIN for e, n in zip(ends, shape, strict=True)])
    strides = torch.tensor([int(np.prod(padded[axis + 1 :])) for axis in range(dims)])
    flat = (ends * strides[:, None]).sum(0)
    counts = torch.bincount(flat, minlength=int(np.prod(padded))).reshape(padded).float()
    fullest = pool(counts[None], 2 * _SEED_REACH + 1, stride=1, padding=_SEED_REACH)[0]
    seeds = ((counts == fullest) & (counts > _SEED)).nonzero()
    seeds = seeds[counts.flatten()[(seeds * strides).sum(1)].argsort(stable=True)]
    owner = torch.zeros(counts.numel(), dtype=torch.int64)
    if not len(seeds):
        return np.asarray(owner[flat].numpy())
    reach = torch.arange(-_REACH, _REACH + 1)
    window = torch.stack(torch.meshgrid(*[reach] * dims, indexing="ij"))
    # By number in memory: [S, 2 reach + 1 along each axis].
    around = ((seeds.reshape(-1, dims, *(1,) * dims) + window) * strides.reshape(-1, *(1,) * dims)).sum(1)
    enough = counts.flatten()[around] > _PART
    grown = torch.zeros_like(enough, dtype=torch.float32)
    grown[:, (window == 0).all(0)] = 1
    for _ in range(_REACH):
        grown = pool(grown[:, None], 3, stride=1, padding=1)[:, 0] * enough
    numbers = torch.arange(1, len(seeds) + 1).reshape(-1, *(1,) * dims).expand_as(around)
    owner.scatter_reduce_(0, around[grown > 0], numbers[grown > 0], reduce="amax")
    return np.asarray(owner[flat].numpy())
