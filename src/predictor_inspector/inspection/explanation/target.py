"""Why a target is what it is, for predictors that nothing is known of; others register what they know."""

from __future__ import annotations

from functools import singledispatch

from predictor_inspector.core.predictor import Predictor
from predictor_inspector.inspection.explanation.marks import BoxMark, Mark
from predictor_inspector.inspection.explanation.parts import TargetPart
from predictor_inspector.inspection.explanation.text import amount, length
from predictor_inspector.inspection.explanation.voxel import Voxel, point


@singledispatch
def explain_target(predictor: Predictor, voxel: Voxel) -> TargetPart:
    """Why the voxel's target is what it is; for an unknown predictor, what it saw of the ground truth."""
    regions, statistics = voxel.inspection.regions, voxel.inspection.statistics[voxel.channel]
    channels = voxel.gt.shape[0] if voxel.gt.channel_dims == 1 else 1
    ids = [voxel.id_at(voxel.at, c) for c in range(channels)] if voxel.gt.channel_dims < 2 else []
    steps = (
        [f"The ground truth here is {', '.join(map(str, ids))}." if len(ids) > 1 else f"The id here is {ids[0]}."]
        if ids
        else []
    )
    grown = [
        f"{length(max(a - b, c - d) / voxel.gt.subdivision, voxel.unit)} along {axis}"
        for a, b, c, d, axis in zip(
            regions.roi.begin,
            regions.gt_region.begin,
            regions.gt_region.end,
            regions.roi.end,
            voxel.axes,
            strict=True,
        )
        if max(a - b, c - d)
    ]
    reach = f"up to {', '.join(grown)} around the region" if grown else "no further than the region itself"
    steps.append(f"The predictor looks at ground truth {reach}.")
    steps.append(
        f"In this region the channel lies between {amount(statistics.minimum)} and {amount(statistics.maximum)}, "
        f"on average at {amount(statistics.mean)}."
    )
    marks: tuple[Mark, ...] = (voxel.box(voxel.at, "voxel"),)
    if grown:
        subdivision = voxel.gt.subdivision
        begin, end = (point(c / subdivision for c in r) for r in (regions.gt_region.begin, regions.gt_region.end))
        marks += (BoxMark(begin, end, "window", "ground truth looked at"),)
    sentence = f"{type(predictor).__name__} gives {amount(voxel.value)} here."
    return TargetPart(sentence, tuple(steps), None, marks)
