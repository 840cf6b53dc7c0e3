"""Explanations of weights: the voxels that count, the share of a class, and its weight."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from predictor_inspector.core.ops.class_balance import CLASSES, ClassCounts
from predictor_inspector.core.text import amount, counted
from predictor_inspector.inspection.explanation.parts import Mark, Reason
from predictor_inspector.inspection.explanation.voxel import Voxel


@dataclass(frozen=True)
class Condition:
    """Something that must hold for a voxel to have weight: whether it does, a sentence, and marks that show it."""

    holds: bool
    text: str
    marks: tuple[Mark, ...] = ()


def annotated(voxel: Voxel) -> Condition:
    """That the voxel is annotated."""
    if voxel.inspection.mask is None:
        return Condition(True, "There is no mask: everything counts as annotated.")
    if voxel.is_known(voxel.at):
        return Condition(True, "The mask says that this voxel is annotated.")
    return Condition(False, "The mask says that this voxel is not annotated.", (voxel.box(voxel.at, "unknown"),))


def balanced(
    voxel: Voxel,
    conditions: Sequence[Condition],
    positive: bool,
    names: tuple[str, str] = ("background", "inside objects"),
) -> Reason:
    """The weight of a class by its share of the voxels that count, if all conditions hold; 0 otherwise.

    `positive` says whether the voxel is of its channel's positive class; `names` are those of the negative and the positive.
    """
    row, counts, before = voxel.described.row, voxel.inspection.counts, voxel.inspection.request.counts
    if row is None or not isinstance(counts, ClassCounts):
        return weigh_unknown(voxel)
    steps = [condition.text for condition in conditions]
    marks = tuple(mark for condition in conditions for mark in condition.marks)
    if not all(condition.holds for condition in conditions):
        return Reason((*steps, "So it has no weight: 0."), 0.0, marks)
    # Counting starts at 1.
    own, total = int(counts.count[row, int(positive)]), int(counts.total[row]) - 1
    now, total_now = own, total
    if before is not None:
        now, total_now = own - int(before.count[row, int(positive)]), total + 1 - int(before.total[row])
    area = "ROI and context" if voxel.inspection.request.balance_over == "context" else "this region"
    steps.append(f"Of the {counted(total_now, 'voxel')} that count in {area}, {now:,} are {names[positive]}.")
    if before is not None:
        steps.append(f"With all that was counted before, that makes {own:,} of {total:,}.")
    share, low, high = own / (total + 1), voxel.parameter("clipmin", 0.0), voxel.parameter("clipmax", 1.0)
    clipped = min(max(share, low), high)
    weight = 1 / (CLASSES * clipped)
    limits = f"limits [{amount(low)}, {amount(high)}]"
    clip = f"within the clip {limits}" if clipped == share else f"clipped to {amount(clipped)} by the {limits}"
    # Not quite all voxels don't make a share of 1.
    rounded = amount(share, 4 if share < 0.9995 else 6)
    steps += [
        f"Share: {own:,} / ({total:,} + 1) = {rounded} (counting starts at 1), {clip}.",
        f"Weight: 1 / ({CLASSES} classes · {amount(clipped)}) = {amount(weight)}",
    ]
    return Reason(tuple(steps), weight, marks)


def weigh_unknown(voxel: Voxel) -> Reason:
    """A weight as seen from outside: the voxel's class, whether it is annotated, and the classes' weights."""
    values = torch.as_tensor(voxel.inspection.target.data[(slice(None), *voxel.index)])[:, None]
    positive = bool(voxel.predictor.positive(values)[voxel.channel, 0])
    statistics = voxel.statistics
    return Reason(
        (
            f"{type(voxel.predictor).__name__} gives this voxel a weight of {amount(voxel.weight)}.",
            f"It is of the {'positive' if positive else 'negative'} class of its channel.",
            annotated(voxel).text,
            f"The heaviest voxels of the region weigh {amount(statistics.negative_weight)} (negative) and "
            f"{amount(statistics.positive_weight)} (positive).",
        )
    )


def unbalanced(conditions: Sequence[Condition], what: str) -> Reason:
    """A weight of 1 if all conditions hold, 0 otherwise; `what` says that nothing is balanced."""
    steps = tuple(condition.text for condition in conditions)
    marks = tuple(mark for condition in conditions for mark in condition.marks)
    if not all(condition.holds for condition in conditions):
        return Reason((*steps, "So it has no weight: 0."), 0.0, marks)
    return Reason((*steps, f"{what}: 1."), 1.0, marks)
