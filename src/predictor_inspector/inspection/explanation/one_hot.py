"""Explanations of one-hot channels."""

from __future__ import annotations

from predictor_inspector.inspection.explanation.parts import Reason
from predictor_inspector.inspection.explanation.voxel import Voxel
from predictor_inspector.inspection.explanation.weights import annotated, balanced, unbalanced


def explain_one_hot(voxel: Voxel) -> tuple[Reason, Reason]:
    """By the voxel's id: whether it is the channel's class or, of channels without a class, above 0."""
    own, channel = voxel.id_at(voxel.at), voxel.described
    names, ignore = list(voxel.parameter("classes", ())), voxel.parameter("ignore")
    if own == ignore:
        same, classes = False, ("of another class", "of this class")
        label = f"id {own}: ignored"
        steps: tuple[str, ...] = (f"This voxel has id {own}, which is ignored: of no class, 0.",)
        sentence = f"0, because id {own} is ignored."
    elif channel.label is None:
        same, name = own > 0, names[channel.source] if channel.source < len(names) else channel.name
        label = f"id {own}"
        steps = (f"Is id {own} above 0? {'Yes: 1' if same else 'No: 0'}.",)
        side = f"above 0: inside {name!r}" if same else f"not above 0: outside {name!r}"
        sentence = f"{same:d}, because the voxel has id {own}, which is {side}."
        classes = "background", "inside objects"
    else:
        same, found = own == channel.label, repr(names[own]) if own < len(names) else "no class"
        label = f"id {own}: {found}"
        steps = (
            f"This voxel has id {own}: {found}.",
            f"The channel {channel.name!r} is for id {channel.label}: {'the same, 1' if same else 'another, 0'}.",
        )
        sentence = f"{same:d}, because id {own} is {found}{'' if same else f', not {channel.name!r}'}."
        classes = "of another class", "of this class"
    target = Reason(steps, float(same), (voxel.box(voxel.at, "yes" if same else "no", label),), sentence)
    known = annotated(voxel)
    if channel.row is None and channel.label is None and not names:
        return target, unbalanced([known], "Nothing is balanced")
    if channel.row is not None:
        return target, balanced(voxel, [known], same, classes)
    counts, texts = known.holds and own != ignore, [known.text]
    if own == ignore:
        texts.append(f"Its id {own} is the one to ignore.")
    elif channel.label is not None:
        is_class = own < len(names)
        texts.append(
            f"Its id {own} is {'' if is_class else 'not '}one of the {len(names)} classes, 0 to {len(names) - 1}."
        )
        counts = counts and is_class
    outcome = "Classes are not balanced: 1." if counts else "So it has no weight: 0."
    return target, Reason((*texts, outcome), float(counts), known.marks)
