"""Decoders of thresholds, seeded watershed, argmax and waterz."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from threading import Lock
from typing import Any, Literal

import cc3d
import numpy as np

from predictor_inspector.core.channels import Channel
from predictor_inspector.core.ops.windows import STEPS, Connectivity
from predictor_inspector.core.parameters import parameter
from predictor_inspector.data.formats.format import optional_module
from predictor_inspector.inspection.roundtrip.decoder import Decoder, Groups

CONNECTIVITY: dict[str, Any] = {
    "doc": "What voxels of one piece share at least: faces, edges or corners. In 2-D, edges and corners are the same."
}
"""What decoders have in common: the parameter that connects voxels, and the one of what is too small."""

SMALLEST: dict[str, Any] = {"unit": "voxels", "minimum": 1, "advanced": True}
_NEIGHBOURS: dict[int, dict[Connectivity, Literal[4, 6, 8, 18, 26]]] = {
    2: {"faces": 4, "edges": 8, "corners": 8},
    3: {"faces": 6, "edges": 18, "corners": 26},
}


@dataclass(frozen=True)
class Threshold(Decoder):
    """Connected pieces of what lies above a threshold: what DaCapo does to distances."""

    threshold: float | None = parameter(
        None, doc="Voxels above it are of an object. Without one: 0 for distances, one half for probabilities."
    )
    connectivity: Literal["faces", "edges", "corners"] = parameter("faces", **CONNECTIVITY)
    smallest: int = parameter(1, doc="Pieces of fewer voxels are dropped.", **SMALLEST)

    @classmethod
    def groups(cls, channels: Sequence[Channel]) -> Groups:
        """A segmentation for each distance, or else for each class."""
        return _distances(channels) or tuple((i,) for i, c in enumerate(channels) if c.kind == "one-hot")

    def segment(self, prediction: np.ndarray, channels: Sequence[Channel]) -> np.ndarray:
        """Pieces of the only channel."""
        usual = 0.0 if channels[0].is_distance else 0.5
        inside = prediction[0] > (usual if self.threshold is None else self.threshold)
        return pieces(inside, self.connectivity, self.smallest)


@dataclass(frozen=True)
class Watershed(Decoder):
    """Seeds where the distance is large, grown down to where it ends; what comes from two seeds is cut where they meet."""

    seed_threshold: float = parameter(0.3, doc="Connected pieces above it are seeds, one for each object.")
    threshold: float = parameter(0.0, doc="Voxels above it are of an object, if a seed reaches them.")
    connectivity: Literal["faces", "edges", "corners"] = parameter("faces", **CONNECTIVITY)
    smallest: int = parameter(1, doc="Seeds of fewer voxels are dropped.", **SMALLEST)

    @classmethod
    def groups(cls, channels: Sequence[Channel]) -> Groups:
        """A segmentation for each distance."""
        return _distances(channels)

    def segment(self, prediction: np.ndarray, channels: Sequence[Channel]) -> np.ndarray:
        """Basins of the only channel."""
        segmentation = optional_module("skimage.segmentation", "roundtrip", "the decoder 'watershed'")
        seeds = pieces(prediction[0] > self.seed_threshold, self.connectivity, self.smallest)
        steps = min(STEPS[self.connectivity], seeds.ndim)
        grown: np.ndarray = segmentation.watershed(
            -prediction[0], seeds.astype(np.int32), steps, mask=prediction[0] > self.threshold
        )
        return grown.astype(np.uint32)


@dataclass(frozen=True)
class Argmax(Decoder):
    """The class of the highest value of each voxel: what DaCapo does to one-hot classes. Objects of a class stay one."""

    @classmethod
    def groups(cls, channels: Sequence[Channel]) -> Groups:
        """One segmentation of all classes; none where there are distances beside them, or one class only."""
        classes = tuple(i for i, c in enumerate(channels) if c.kind == "one-hot")
        return (classes,) if len(classes) > 1 and not _distances(channels) else ()

    def segment(self, prediction: np.ndarray, channels: Sequence[Channel]) -> np.ndarray:
        """Ids of classes; where the ground truth has a channel for each class, they are counted from 1."""
        ids = [i + 1 if c.label is None else c.label for i, c in enumerate(channels)]
        return np.asarray(np.array(ids, np.uint32)[prediction.argmax(0)])


@dataclass(frozen=True)
class Waterz(Decoder):
    """Watershed fragments of nearest affinities, merged while the mean affinity between them is high."""

    merge_threshold: float = parameter(
        0.5, doc="Fragments merge while one minus the mean affinity between them is below it.", minimum=0, maximum=1
    )
    lowest: float = parameter(
        0.0001, doc="Affinities below it never join voxels into fragments.", minimum=0, maximum=1, advanced=True
    )
    highest: float = parameter(
        0.9999, doc="Affinities above it always join voxels into fragments.", minimum=0, maximum=1, advanced=True
    )

    @classmethod
    def groups(cls, channels: Sequence[Channel]) -> Groups:
        """The affinities to the next voxel along each axis; none if one is missing."""
        affinities = [(i, c.offset) for i, c in enumerate(channels) if c.kind == "affinity"]
        dims = len(affinities[0][1]) if affinities else 0
        found: list[int] = []
        for axis in range(dims):
            nearest = [i for i, o in affinities if abs(o[axis]) == 1 and sum(map(abs, o)) == 1]
            found += nearest[:1]
        return (tuple(found),) if dims in (2, 3) and len(found) == dims else ()

    def segment(self, prediction: np.ndarray, channels: Sequence[Channel]) -> np.ndarray:
        """Merged fragments of affinities in the order of the axes."""
        waterz = optional_module("waterz", "waterz", "the decoder 'waterz'")
        shape = prediction.shape[1:]
        affinities = np.zeros((3, *(1,) * (3 - len(shape)), *shape), np.float32)
        for axis, channel in enumerate(channels):
            there = affinities[axis - len(shape)].reshape(shape)
            # waterz wants the affinity to the voxel before.
            along, step = np.moveaxis(there, axis, 0), channel.offset[axis]
            values = np.moveaxis(prediction[axis], axis, 0)
            along[1:] = values[:-1] if step > 0 else values[1:]
        with _nothing_printed():
            merged = waterz.agglomerate(
                affinities, [self.merge_threshold], aff_threshold_low=self.lowest, aff_threshold_high=self.highest
            )
            segmentation: np.ndarray = next(merged).reshape(shape).copy()
        return segmentation


_SILENT = Lock()  # two at a time would each take what the other has put in place for the usual output


@contextmanager
def _nothing_printed() -> Iterator[None]:
    """Let nobody write to the process's standard output meanwhile: waterz does, from Python and from C++."""
    with _SILENT:
        sys.stdout.flush()
        usual, nowhere = os.dup(1), os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        try:
            with redirect_stdout(StringIO()):
                yield
        finally:
            os.dup2(usual, 1)
            os.close(usual)
            os.close(nowhere)


def pieces(inside: np.ndarray, connectivity: Connectivity, smallest: int = 1) -> np.ndarray:
    """Connected pieces, of at least so many voxels, of those that are True: ids from 1, uint32, of the shape of `inside`."""
    dims = inside.ndim
    # As numbers: of truth values, cc3d fails on volumes of three voxels.
    volume = (inside if dims > 1 else inside[None]).astype(np.uint8)
    found = cc3d.connected_components(volume, connectivity=_NEIGHBOURS[max(2, dims)][connectivity])
    if smallest > 1:
        kept = np.bincount(found.reshape(-1)) >= smallest
        kept[0] = False
        found = np.where(kept, np.cumsum(kept), 0)[found]
    return np.asarray(found, np.uint32).reshape(inside.shape)


def _distances(channels: Sequence[Channel]) -> Groups:
    return tuple((i,) for i, channel in enumerate(channels) if channel.is_distance)
