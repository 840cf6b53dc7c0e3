"""Explanations of channels of unknown kinds, and of constant ones."""

from __future__ import annotations

from predictor_inspector.core.text import amount
from predictor_inspector.inspection.explanation.parts import BoxMark, Mark, Reason
from predictor_inspector.inspection.explanation.voxel import Voxel, point
from predictor_inspector.inspection.explanation.weights import weigh_unknown


def explain_unknown(voxel: Voxel) -> tuple[Reason, Reason]:
    """What can be seen from outside: ids, the ground truth that was read, and the channel's statistics."""
    gt, roi, region, statistics = voxel.gt, voxel.inspection.roi, voxel.inspection.gt_region, voxel.statistics
    steps = []
    if gt.channel_dims < 2:
        ids = [str(voxel.id_at(voxel.at, c)) for c in range(gt.shape[0] if gt.channel_dims else 1)]
        steps.append(f"The id here is {ids[0]}." if len(ids) == 1 else f"The ground truth here is {', '.join(ids)}.")
    low, high = roi.begin - region.begin, region.end - roi.end
    growth = [max(a, b) / gt.subdivision for a, b in zip(low, high, strict=True)]
    grown = [f"{voxel.length(g)} along {axis}" for g, axis in zip(growth, voxel.axes, strict=True) if g]
    reach = f"up to {', '.join(grown)} around the region" if grown else "no further than the region itself"
    steps += [
        f"The predictor looks at ground truth {reach}.",
        f"In this region the channel lies between {amount(statistics.minimum)} and {amount(statistics.maximum)}, "
        f"on average at {amount(statistics.mean)}.",
    ]
    marks: tuple[Mark, ...] = (voxel.box(voxel.at, "voxel"),)
    if grown:
        begin, end = (point(c / gt.subdivision for c in corner) for corner in (region.begin, region.end))
        marks += (BoxMark(begin, end, "window", "ground truth looked at"),)
    sentence = f"{type(voxel.predictor).__name__} gives {amount(voxel.value)} here."
    return Reason(tuple(steps), None, marks, sentence), weigh_unknown(voxel)


def explain_constant(voxel: Voxel) -> tuple[Reason, Reason]:
    """The dummy predictor's zeros and ones."""
    lowest = amount(voxel.statistics.minimum)
    sentence = f"{lowest}, as everywhere: there is nothing to learn."
    target = Reason((f"Always {lowest}.",), voxel.statistics.minimum, (voxel.box(voxel.at, "voxel"),), sentence)
    return target, Reason((f"Always {amount(voxel.weight)}, annotated or not.",), voxel.weight)
