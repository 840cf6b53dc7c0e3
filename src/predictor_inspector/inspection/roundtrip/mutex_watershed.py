"""Mutex watershed of affinities, after Wolf et al. 2018 and 2020."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import cc3d
import numpy as np

from predictor_inspector.core.channels import Channel
from predictor_inspector.core.ops.regions import pairs
from predictor_inspector.core.parameters import parameter
from predictor_inspector.data.formats.format import optional_module
from predictor_inspector.inspection.roundtrip.decoder import Decoder, Groups

Offsets = tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class MutexWatershed(Decoder):
    """Pairs in the order of how sure they are: attracting ones join voxels, others forbid it; DaCapo does so to affinities.

    The result is that of the library mwatershed. A voxel that nothing joins to another is 0, as it is there: with affinities
    alone it can't be told from background.
    """

    bias: float | tuple[float, ...] = parameter(
        0.5,
        doc="Affinities above it attract, others repel: one number, or one for each offset. Higher ones split more.",
    )
    neighborhood: tuple[tuple[int, ...], ...] = parameter(
        (),
        doc="The offsets that the affinities are taken to have, in order. Without any: those that the target has.",
        unit="voxels",
        widget="offsets",
        advanced=True,
    )
    strides: tuple[tuple[int, ...], ...] = parameter(
        (),
        doc="For each offset, steps along the axes: only pairs of every so manieth voxel count. Without any: all count.",
        unit="voxels",
        widget="offsets",
        advanced=True,
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        for stride in self.strides:
            if min(stride, default=1) < 1:
                raise ValueError(f"MutexWatershed: strides must be at least 1, got {list(stride)}")

    @classmethod
    def groups(cls, channels: Sequence[Channel]) -> Groups:
        """One segmentation of all affinities."""
        affinities = tuple(i for i, channel in enumerate(channels) if channel.kind == "affinity")
        return (affinities,) if affinities else ()

    def offsets(self, channels: Sequence[Channel]) -> Offsets:
        """Its own neighborhood, or the channels' offsets."""
        return self.neighborhood or tuple(channel.offset for channel in channels)

    def segment(self, prediction: np.ndarray, channels: Sequence[Channel]) -> np.ndarray:
        """Connected components of pairs that attract where no other pair forbids them, or else what mwatershed makes of all."""
        offsets, dims = self.offsets(channels), prediction.ndim - 1
        self._check(len(channels), dims)
        strides = self.strides or ((1,) * dims,) * len(offsets)
        biases = self.bias if isinstance(self.bias, tuple) else (self.bias,) * len(offsets)
        attracting = np.stack([channel > bias for channel, bias in zip(prediction, biases, strict=True)])
        graph = PairGraph(attracting, offsets, strides)
        joined = graph.components()
        if not graph.has_repelling_pair_within(joined):
            # Nothing contradicts: the order of pairs makes no difference. So it is for what is predicted perfectly.
            return joined
        mwatershed = optional_module("mwatershed", "roundtrip", "the decoder 'mutex_watershed'")
        surely = prediction.astype(np.float64)
        surely -= np.asarray(biases, np.float64).reshape(-1, *(1,) * dims)
        found: np.ndarray = mwatershed.agglom(
            surely,
            [list(offset) for offset in offsets],
            strides=[list(stride) for stride in self.strides] or None,
        )
        return found

    def _check(self, channels: int, dims: int) -> None:
        counts = {"neighborhood": len(self.neighborhood), "strides": len(self.strides)}
        if isinstance(self.bias, tuple):
            counts["bias"] = len(self.bias)
        for name, count in counts.items():
            if count != channels and (count or name == "bias"):
                raise ValueError(
                    f"MutexWatershed: {name} needs one entry for each of {channels} affinities, got {count}"
                )
        for name in ("neighborhood", "strides"):
            for entry in getattr(self, name):
                if len(entry) != dims:
                    raise ValueError(
                        f"MutexWatershed: {name} needs {dims} numbers in each entry, one for each axis, got {list(entry)}"
                    )


class PairGraph:
    """Voxels as nodes, and the pairs that affinities are about as edges.

    `attracting` says of each pair whether it attracts: boolean, [K, Z, Y, X], at the voxel that the k-th of `offsets` leads
    away from. Pairs that reach beyond the volume, or whose voxel isn't on the grid of the k-th of `strides`, don't count.
    """

    def __init__(self, attracting: np.ndarray, offsets: Offsets, strides: Sequence[Sequence[int]]) -> None:
        self._attracting, self._offsets, self._strides = attracting, offsets, strides
        self._shape = attracting.shape[1:]

    def components(self) -> np.ndarray:
        """Connected components of attracting pairs, counted from 1: uint32, [Z, Y, X]; 0 where a voxel is alone."""
        near = [sum(map(abs, offset)) == 1 for offset in self._offsets]
        found = self._neighbours(k for k, is_near in enumerate(near) if is_near)
        count = int(found.max())
        edges = []
        for k, is_near in enumerate(near):
            if not is_near:
                for here, there, attracting in self._pairs(k):
                    a, b = found[here], found[there]
                    apart = attracting & (a != b)
                    edges.append(np.unique(a[apart].astype(np.int64) * (count + 1) + b[apart]))
        if edges:
            found = _joined(count, np.unique(np.concatenate(edges)))[found]
        sizes = np.bincount(found.reshape(-1))
        # Ids without gaps, in the order of the components; lone voxels become 0.
        kept = sizes > 1
        ids = np.where(kept, np.cumsum(kept), 0).astype(np.uint32)
        numbered: np.ndarray = ids[found]
        return numbered

    def has_repelling_pair_within(self, components: np.ndarray) -> bool:
        """Whether a pair that doesn't attract has both its voxels in one component."""
        for k in range(len(self._offsets)):
            for here, there, attracting in self._pairs(k):
                a = components[here]
                if (~attracting & (a == components[there]) & (a > 0)).any():
                    return True
        return False

    def _pairs(self, k: int) -> Iterator[tuple[tuple[slice, ...], tuple[slice, ...], np.ndarray]]:
        """Slices of the voxels of pairs and of their partners, and whether they attract; nothing if no pair counts."""
        everything = tuple(slice(0, n) for n in self._shape)
        found = pairs(self._offsets[k], self._shape, everything)
        if found is not None:
            here, there, _ = found
            steps = self._strides[k]
            # The first voxel on the grid of strides at or behind the first of the pairs.
            skipped = [-s.start % step for s, step in zip(here, steps, strict=True)]
            here, there = (
                tuple(slice(s.start + o, s.stop, n) for s, o, n in zip(side, skipped, steps, strict=True))
                for side in (here, there)
            )
            yield here, there, self._attracting[k][here]

    def _neighbours(self, ks: Iterable[int]) -> np.ndarray:
        """Components of the pairs of next neighbours alone, lone voxels included, counted from 1: uint32, [Z, Y, X]."""
        dims = len(self._shape)
        # Bits 2a and 2a + 1 of cc3d's graphs are the ways up and down along axis a.
        ways = np.zeros(self._shape if dims > 1 else (1, *self._shape), np.uint8)
        view = ways.reshape(self._shape)
        for k in ks:
            axis = next(a for a, step in enumerate(self._offsets[k]) if step)
            bit = 2 * (axis + (dims == 1))
            up, down = (bit, bit + 1) if self._offsets[k][axis] > 0 else (bit + 1, bit)
            for here, there, attracting in self._pairs(k):
                view[here] |= attracting.astype(np.uint8) << np.uint8(up)
                view[there] |= attracting.astype(np.uint8) << np.uint8(down)
        found = cc3d.color_connectivity_graph(ways, connectivity=4 if dims < 3 else 6)
        return np.asarray(found, np.uint32).reshape(self._shape)


def _joined(count: int, edges: np.ndarray) -> np.ndarray:
    """For each of `count` components, and for 0, a number that it shares with all that `edges`, a · (count + 1) + b, reach."""
    scipy = optional_module("scipy.sparse", "roundtrip", "the decoder 'mutex_watershed'")
    csgraph = optional_module("scipy.sparse.csgraph", "roundtrip", "the decoder 'mutex_watershed'")
    ends = np.divmod(edges, count + 1)
    graph = scipy.coo_array((np.ones(len(edges), bool), ends), shape=(count + 1, count + 1))
    joined: np.ndarray = csgraph.connected_components(graph, directed=False)[1]
    return joined
