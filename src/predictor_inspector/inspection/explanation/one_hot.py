"""Explanations of one-hot channels."""

from __future__ import annotations

from predictor_inspector.inspection.explanation.parts import Reason
from predictor_inspector.inspection.explanation.voxel import Voxel
from predictor_inspector.inspection.explanation.weights import annotated, balanced


def explain_one_hot(voxel: Voxel) -> tuple[Reason, Reason]:
    """By the voxel's id: the class's own, or of channels that aren't for one id, any above 0."""
    own, channel = voxel.id_at(voxel.at), voxel.described
    names = list(voxel.parameter("classes", ()))
    if channel.label is None:
        value, name = float(own > 0), names[channel.source] if channel.source < len(names) else channel.name
        mark = voxel.box(voxel.at, "yes" if own else "no", f"id {own}")
        step = f"Is id {own} above 0? {'Yes: 1' if own else 'No: 0'}."
        reason = (
            f"the voxel has id {own}, which is {'' if own else 'not '}above 0: {'in' if own else 'out'}side {name!r}"
        )
        target = Reason((step,), value, (mark,), f"{value:g}, because {reason}.")
        return target, balanced(voxel, [annotated(voxel)], own > 0)

    same, found = own == channel.label, repr(names[own]) if own < len(names) else "no class"
    mark = voxel.box(voxel.at, "yes" if same else "no", f"id {own}: {found}")
    steps = (
        f"This voxel has id {own}: {found}.",
        f"The channel {channel.name!r} is for id {channel.label}: {'the same, 1' if same else 'another, 0'}.",
    )
    sentence = f"{same:d}, because id {own} is {found}{'' if same else f', not {channel.name!r}'}."
    target = Reason(steps, float(same), (mark,), sentence)
    if channel.row is not None:
        return target, balanced(voxel, [annotated(voxel)], same, ("of another class", "of this class"))
    known, has_class = annotated(voxel), own < len(names)
    text = f"Its id {own} is {'' if has_class else 'not '}one of the {len(names)} classes, 0 to {len(names) - 1}."
    weight = float(known.holds and has_class)
    outcome = "Classes are not balanced: 1." if weight else "So it has no weight: 0."
    return target, Reason((known.text, text, outcome), weight, known.marks)
