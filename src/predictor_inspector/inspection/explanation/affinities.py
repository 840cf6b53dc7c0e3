"""Why an affinity is 0 or 1, and what it weighs."""

from __future__ import annotations

from itertools import product

from predictor_inspector.core.predictors.affinities import AffinitiesPredictor
from predictor_inspector.inspection.explanation.marks import Arrow, Mark, Role
from predictor_inspector.inspection.explanation.parts import TargetPart, WeightPart
from predictor_inspector.inspection.explanation.shape_descriptors import explain_descriptor, weigh_descriptor
from predictor_inspector.inspection.explanation.target import explain_target
from predictor_inspector.inspection.explanation.text import offset_in_words
from predictor_inspector.inspection.explanation.voxel import Index, Voxel, point
from predictor_inspector.inspection.explanation.weights import (
    Classes,
    Condition,
    annotated,
    balanced,
    explain_weight,
)


@explain_target.register
def _(predictor: AffinitiesPredictor, voxel: Voxel) -> TargetPart:
    if voxel.channel >= len(predictor.neighborhood):
        return explain_descriptor(predictor, voxel)
    there = _partner(predictor, voxel)
    where = offset_in_words(predictor.neighborhood[voxel.channel], voxel.axes, voxel.sizes, voxel.unit)
    here_id = voxel.id_at(voxel.at)
    steps = [f"This voxel has id {here_id}."]
    if not voxel.within(there):
        steps.append(f"Its partner, {where}, lies outside the ground truth.")
        sentence = f"0, because the partner ({where}) lies outside the data, where no object is known."
        return TargetPart(sentence, (*steps, "No partner, no affinity: 0."), 0.0, _marks(voxel, there, None))
    there_id = voxel.id_at(there)
    steps.append(f"Its partner, {where}, has id {there_id}.")
    reasons = []
    for at, what in ((voxel.at, "this voxel"), (there, "the partner")):
        if voxel.id_at(at) == 0 and not predictor.background_as_object:
            reasons.append(f"{what} is background (id 0)")
        elif not _survives(predictor, voxel, at):
            reasons.append(f"{what} lies within {predictor.grow_boundary_iterations} steps of another id and is eroded")
    if there_id != here_id:
        reasons.append(f"the ids {here_id} and {there_id} differ")
    if predictor.grow_boundary_iterations:
        steps.append(f"Objects are eroded {predictor.grow_boundary_iterations} times first (grow_boundary_iterations).")
    same = not reasons
    if there == voxel.at:
        reason = f"this voxel, its own partner, has id {here_id}" if same else reasons[0]
    elif same:
        reason = f"this voxel and its partner ({where}) both have id {here_id}"
    else:
        # One reason is enough: of what is background or eroded, the ids hardly matter.
        reason = f"{reasons[0]}; {'it' if reasons[0].startswith('the partner') else 'the partner'} is {where}"
    steps.append(f"{'Same object: 1.' if same else 'Not the same object, since ' + ' and '.join(reasons) + ': 0.'}")
    sentence = f"{int(same)}, because {reason}."
    return TargetPart(sentence, tuple(steps), float(same), _marks(voxel, there, same))


@explain_weight.register
def _(predictor: AffinitiesPredictor, voxel: Voxel) -> WeightPart:
    if voxel.channel >= len(predictor.neighborhood):
        return weigh_descriptor(predictor, voxel)
    there = _partner(predictor, voxel)
    conditions = [annotated(voxel, voxel.channel)]
    if predictor.mask_pairs:
        conditions.append(_partner_known(voxel, there))
    names = ("pairs of affinity 0", "pairs of affinity 1")
    clips = predictor.affs_weight_clipmin, predictor.affs_weight_clipmax
    return balanced(voxel, conditions, Classes(voxel.channel, voxel.value > 0, names, *clips))


def _partner(predictor: AffinitiesPredictor, voxel: Voxel) -> Index:
    return tuple(a + o for a, o in zip(voxel.at, predictor.neighborhood[voxel.channel], strict=True))


def _partner_known(voxel: Voxel, there: Index) -> Condition:
    if not voxel.within(there):
        text = "Its partner lies outside the data, and pairs count only as a whole (mask_pairs)."
        return Condition(False, text)
    if voxel.is_known(there, voxel.channel):
        return Condition(True, "Its partner is annotated and inside the data too, as mask_pairs asks for.")
    text = "Its partner is not annotated, and pairs count only as a whole (mask_pairs)."
    return Condition(False, text, (voxel.box(there, "unknown", "not annotated"),))


def _survives(predictor: AffinitiesPredictor, voxel: Voxel, at: Index) -> bool:
    """Whether a voxel is left after erosion: whether all voxels within so many steps are of its id."""
    steps = predictor.grow_boundary_iterations
    if not steps:
        return True
    own = voxel.id_at(at)
    for offset in product(range(-steps, steps + 1), repeat=len(at)):
        there = tuple(a + o for a, o in zip(at, offset, strict=True))
        if sum(map(abs, offset)) <= steps and voxel.within(there) and voxel.id_at(there) != own:
            return False
    return True


def _marks(voxel: Voxel, there: Index, same: bool | None) -> tuple[Mark, ...]:
    here = voxel.box(voxel.at, "voxel", f"id {voxel.id_at(voxel.at)}")
    if there == voxel.at:
        return (here,)
    role: Role = "unknown" if same is None else "yes" if same else "no"
    label = "outside the data" if same is None else f"id {voxel.id_at(there)}"
    arrow = Arrow(point(voxel.centre()), point(voxel.centre(there)), role)
    return here, voxel.box(there, role, label), arrow
