"""Decoder of rays in 2-D: polygons of likely voxels, the likeliest first, as in StarDist."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from predictor_inspector.core.channels import Channel
from predictor_inspector.core.parameters import parameter
from predictor_inspector.inspection.roundtrip.decoder import Decoder, Groups

_SHORTEST = 1e-3  # rays are at least so long, as in StarDist
_AT_ONCE = 1 << 20  # pairs of voxels and polygons


@dataclass(frozen=True)
class StarPolygons(Decoder):
    """The polygons that rays end at, the likeliest first; those that share too much with a likelier one are dropped."""

    threshold: float = parameter(0.5, doc="Voxels whose object is above it have a polygon.", minimum=0, maximum=1)
    overlap: float = parameter(
        0.4, doc="Polygons that share more than this part of the smaller of two are one object.", minimum=0, maximum=1
    )

    @classmethod
    def groups(cls, channels: Sequence[Channel]) -> Groups:
        """One segmentation of the object and all rays, in 2-D."""
        objects = tuple(i for i, c in enumerate(channels) if c.kind == "depth")
        rays = tuple(i for i, c in enumerate(channels) if c.kind == "ray")
        return ((*objects, *rays),) if len(objects) == 1 and len(rays) > 2 else ()

    def segment(self, prediction: np.ndarray, channels: Sequence[Channel]) -> np.ndarray:
        """Objects of the object's channel, and of the rays in their order; a likelier one covers others."""
        likely = prediction[0]
        places = np.argwhere(likely > self.threshold)
        places = places[np.argsort(-likely[tuple(places.T)], kind="stable")]
        rays = np.maximum(prediction[(slice(1, None), *places.T)].T, _SHORTEST)
        sizes = 0.5 * np.sin(2 * np.pi / (len(prediction) - 1)) * (rays * np.roll(rays, -1, 1)).sum(1)
        low, high = boxes(places, rays)
        left, kept = np.ones(len(places), bool), []
        for one in range(len(places)):
            if not left[one]:
                continue
            box = np.stack(np.meshgrid(*map(np.arange, low[one], high[one]), indexing="ij"), -1).reshape(-1, 2)
            voxels = box[within(box, places[one : one + 1], rays[one : one + 1])[0]]
            kept.append(voxels)
            later = one + 1 + np.flatnonzero(left[one + 1 :])
            # Polygons share no more than their boxes do.
            most = (np.minimum(high[later], high[one]) - np.maximum(low[later], low[one])).clip(0).prod(1)
            later = later[most > self.overlap * np.minimum(sizes[later], sizes[one])]
            some = max(1, _AT_ONCE // max(1, len(voxels)))
            for first in range(0, len(later), some):
                near = later[first : first + some]
                shared = within(voxels, places[near], rays[near]).sum(1)
                left[near] = shared <= self.overlap * np.minimum(sizes[near], sizes[one])
        result = np.zeros(likely.shape, np.uint32)
        for number, voxels in reversed(list(enumerate(kept, 1))):
            inside = ((voxels >= 0) & (voxels < likely.shape)).all(1)
            result[tuple(voxels[inside].T)] = number
        return result


def boxes(centres: np.ndarray, rays: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Begin and end of the voxels that polygons reach, int64, [J, 2] each; `centres` and `rays` as in `within`."""
    angles = np.arange(rays.shape[1]) * (2 * np.pi / rays.shape[1])
    corners = centres[:, :, None] + rays[:, None] * np.stack([np.sin(angles), np.cos(angles)])
    low, high = (np.rint(extreme(corners, axis=2)).astype(np.int64) for extreme in (np.min, np.max))
    return low, high + 1


def within(voxels: np.ndarray, centres: np.ndarray, rays: np.ndarray) -> np.ndarray:
    """Which of the voxels, [A, 2], lie in which polygons: boolean, [J, A].

    Polygons have their corners where `rays` end, lengths [J, R], that begin at `centres`, [J, 2], at equal angles from the
    last axis towards the first.
    """
    turn = 2 * np.pi / rays.shape[1]
    down, right = np.moveaxis(voxels - centres[:, None], -1, 0).astype(np.float32)
    turns = np.arctan2(down, right) / np.float32(turn) % rays.shape[1]
    ray = np.minimum(turns.astype(np.int64), rays.shape[1] - 1)
    before, after = np.take_along_axis(rays, ray, 1), np.take_along_axis(rays, (ray + 1) % rays.shape[1], 1)
    angle = (turns - ray) * turn
    # How far the side between two corners is away at this angle.
    side = before * after * np.sin(turn) / (before * np.sin(angle) + after * np.sin(turn - angle))
    inside: np.ndarray = np.hypot(down, right) <= side
    return inside
