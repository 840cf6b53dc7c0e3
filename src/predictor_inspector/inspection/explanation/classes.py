"""Why a class channel is 0 or 1, and the predictor that has nothing to say."""

from __future__ import annotations

from predictor_inspector.core.predictors.dummy import DummyPredictor
from predictor_inspector.core.predictors.one_hot import OneHotPredictor
from predictor_inspector.inspection.explanation.parts import TargetPart, WeightPart
from predictor_inspector.inspection.explanation.target import explain_target
from predictor_inspector.inspection.explanation.voxel import Voxel
from predictor_inspector.inspection.explanation.weights import annotated, explain_weight


@explain_target.register
def _(predictor: OneHotPredictor, voxel: Voxel) -> TargetPart:
    own, name = voxel.id_at(voxel.at), predictor.classes[voxel.channel]
    same = own == voxel.channel
    marks = (voxel.box(voxel.at, "yes" if same else "no", f"id {own}: {_class_of(predictor, own)}"),)
    steps = (
        f"This voxel has id {own}: {_class_of(predictor, own)}.",
        f"The channel {name!r} is for id {voxel.channel}: {'the same, 1' if same else 'another, 0'}.",
    )
    sentence = f"{int(same)}, because id {own} is {_class_of(predictor, own)}{'' if same else f', not {name!r}'}."
    return TargetPart(sentence, steps, float(same), marks)


@explain_weight.register
def _(predictor: OneHotPredictor, voxel: Voxel) -> WeightPart:
    own, count = voxel.id_at(voxel.at), len(predictor.classes)
    known = annotated(voxel, voxel.channel)
    has_class = own < count
    text = f"Its id {own} is {'' if has_class else 'not '}one of the {count} classes, 0 to {count - 1}."
    weight = float(known.holds and has_class)
    outcome = "Classes are not balanced: 1." if weight else "So it has no weight: 0."
    return WeightPart((known.text, text, outcome), weight, known.marks)


@explain_target.register
def _(predictor: DummyPredictor, voxel: Voxel) -> TargetPart:
    marks = (voxel.box(voxel.at, "voxel"),)
    return TargetPart("0, as everywhere: the dummy predictor has nothing to learn.", ("Always 0.",), 0.0, marks)


@explain_weight.register
def _(predictor: DummyPredictor, voxel: Voxel) -> WeightPart:
    return WeightPart(("Always 1, annotated or not.",), 1.0)


def _class_of(predictor: OneHotPredictor, own: int) -> str:
    return f"{predictor.classes[own]!r}" if own < len(predictor.classes) else "no class"
