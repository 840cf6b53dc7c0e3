"""Why a weight is what it is: what counts, how it is counted, and what share of it makes which weight."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import singledispatch

import torch

from predictor_inspector.core.ops.class_balance import CLASSES, ClassCounts
from predictor_inspector.core.predictor import Predictor
from predictor_inspector.inspection.explanation.marks import Mark
from predictor_inspector.inspection.explanation.parts import WeightPart
from predictor_inspector.inspection.explanation.text import amount, voxels
from predictor_inspector.inspection.explanation.voxel import Voxel


@singledispatch
def explain_weight(predictor: Predictor, voxel: Voxel) -> WeightPart:
    """Why the voxel weighs what it does; for predictors that nothing is known of, what can be seen from outside."""
    positive = predictor.positive(torch.as_tensor(voxel.inspection.target.data[(slice(None), *voxel.index)])[:, None])
    statistics = voxel.inspection.statistics[voxel.channel]
    weighs = [statistics.negative_weight, statistics.positive_weight]
    known = voxel.is_known(voxel.at, voxel.channel)
    return WeightPart(
        (
            f"{type(predictor).__name__} gives this voxel a weight of {amount(voxel.weight)}.",
            f"It is of the {'positive' if positive[voxel.channel, 0] else 'negative'} class of its channel.",
            f"The mask says that it is {'' if known else 'not '}annotated."
            if voxel.inspection.mask is not None
            else "There is no mask: everything counts as annotated.",
            f"The heaviest voxels of the region weigh {amount(weighs[0])} (negative) and {amount(weighs[1])} (positive).",
        )
    )


@dataclass(frozen=True)
class Condition:
    """Something that must hold for a voxel to have weight.

    Attributes
    ----------
    holds : bool
        Whether it does here.
    text : str
        What holds, or what does not, as a sentence.
    marks : tuple of Mark
        What shows it.
    """

    holds: bool
    text: str
    marks: tuple[Mark, ...] = ()


def annotated(voxel: Voxel, channel: int = 0) -> Condition:
    """That the voxel is annotated."""
    if voxel.inspection.mask is None:
        return Condition(True, "There is no mask: everything counts as annotated.")
    if voxel.is_known(voxel.at, channel):
        return Condition(True, "The mask says that this voxel is annotated.")
    box = voxel.box(voxel.at, "unknown")
    return Condition(False, "The mask says that this voxel is not annotated.", (box,))


@dataclass(frozen=True)
class Classes:
    """How a channel is balanced.

    Attributes
    ----------
    row : int
        Which of the class counts are the channel's.
    positive : bool
        Whether this voxel is of the positive class.
    names : tuple of str
        What the negative and the positive class are.
    clipmin, clipmax : float
        Between which the share of a class is kept.
    """

    row: int
    positive: bool
    names: tuple[str, str]
    clipmin: float
    clipmax: float


def balanced(voxel: Voxel, conditions: Iterable[Condition], classes: Classes) -> WeightPart:
    """The weight of a class by its share of the voxels that count, if all conditions hold; 0 otherwise."""
    conditions = list(conditions)
    steps = [condition.text for condition in conditions]
    marks = tuple(mark for condition in conditions for mark in condition.marks)
    if not all(condition.holds for condition in conditions):
        return WeightPart((*steps, "So it has no weight: 0."), 0.0, marks)
    counts: ClassCounts = voxel.inspection.counts
    before = voxel.inspection.request.counts
    name = classes.names[classes.positive]
    own, total = int(counts.count[classes.row, int(classes.positive)]), int(counts.total[classes.row])
    area = "ROI and context" if voxel.inspection.request.balance_over == "context" else "this region"
    if before is None:
        steps.append(f"Of the {voxels(total - 1)} that count in {area}, {own:,} are {name}.")
    else:
        earlier = before.to("cpu")
        own_now = own - int(earlier.count[classes.row, int(classes.positive)])
        total_now = total - int(earlier.total[classes.row])
        steps.append(f"Of the {voxels(total_now)} that count in {area}, {own_now:,} are {name}.")
        steps.append(f"With all that was counted before, that makes {own:,} of {total - 1:,}.")
    share = own / total
    clipped = min(max(share, classes.clipmin), classes.clipmax)
    steps.append(
        f"Share: {own:,} / ({total - 1:,} + 1) = {_share(share)} (counting starts at 1)"
        + _clipping(share, clipped, classes)
    )
    weight = 1 / (CLASSES * clipped)
    steps.append(f"Weight: 1 / ({CLASSES} classes · {amount(clipped)}) = {amount(weight)}")
    return WeightPart(tuple(steps), weight, marks)


def _share(share: float) -> str:
    """A share of voxels; one that is nearly all of them isn't said to be all of them."""
    return amount(share, 4 if share < 0.9995 else 6)


def _clipping(share: float, clipped: float, classes: Classes) -> str:
    limits = f"[{amount(classes.clipmin)}, {amount(classes.clipmax)}]"
    if clipped == share:
        return f", within the clip limits {limits}."
    return f", clipped to {amount(clipped)} by the limits {limits}."
