"""Ids, target and weight of all channels at one point of the world."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from predictor_inspector.core.text import format_voxel
from predictor_inspector.inspection.engine.run import Inspection
from predictor_inspector.inspection.explanation.voxel import Voxel, voxel_at


@dataclass(frozen=True)
class Probe:
    """One voxel of an inspection, with one of `ids` per ground-truth channel.

    `index` is its place in the ROI, in voxels; `place` says where it lies in the ground truth and in the world. It is
    `annotated` where the mask is non-zero in any channel. Each of the channels `names` has its target in `values` and its
    weight in `weights`.
    """

    index: tuple[int, ...]
    place: str
    ids: tuple[int, ...]
    annotated: bool
    names: tuple[str, ...]
    values: tuple[float, ...]
    weights: tuple[float, ...]


def probe(inspection: Inspection, position: Sequence[float]) -> Probe | None:
    """The voxel at a point of the world, None outside the ROI; position and errors as of `voxel_at`."""
    index = voxel_at(inspection, position)
    if index is None:
        return None
    at, mask = Voxel(inspection, 0, index).at, inspection.mask
    return Probe(
        index=index,
        place=format_voxel(position, inspection.request.source.gt),
        ids=tuple(np.asarray(inspection.gt.data[(..., *at)]).ravel().tolist()),
        annotated=mask is None or bool(np.any(np.asarray(mask.data[(..., *at)]))),
        names=inspection.channel_names,
        values=tuple(inspection.target.data[(..., *index)].tolist()),
        weights=tuple(inspection.weight.data[(..., *index)].tolist()),
    )
