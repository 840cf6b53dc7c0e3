"""Explanations of affinities: the voxel, its partner, and their ids."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np

from predictor_inspector.core.text import readable, signed
from predictor_inspector.inspection.explanation.parts import Arrow, Mark, Meaning, Reason
from predictor_inspector.inspection.explanation.unknown import explain_unknown
from predictor_inspector.inspection.explanation.voxel import Index, Voxel, point
from predictor_inspector.inspection.explanation.weights import Condition, annotated, balanced


def explain_affinity(voxel: Voxel) -> tuple[Reason, Reason]:
    """Whether both voxels of the pair are of the same object, and whether both are known."""
    if not voxel.described.offset:
        return explain_unknown(voxel)
    there = tuple(a + o for a, o in zip(voxel.at, voxel.described.offset, strict=True))
    conditions = [annotated(voxel)]
    if voxel.parameter("mask", False):
        conditions.append(_partner_known(voxel, there))
        if voxel.parameter("erosion", 0) and voxel.inspection.mask is not None and all(c.holds for c in conditions):
            conditions.append(_erosion_known(voxel, there))
    classes = "pairs of affinity 0", "pairs of affinity 1"
    return _target(voxel, there), balanced(voxel, conditions, voxel.value > 0, classes)


def _target(voxel: Voxel, there: Index) -> Reason:
    where = _offset_text(voxel)
    here_id = voxel.id_at(voxel.at)
    steps = [f"This voxel has id {here_id}."]
    if not voxel.within(there):
        steps += [f"Its partner, {where}, lies outside the ground truth.", "No partner, no affinity: 0."]
        sentence = f"0, because the partner ({where}) lies outside the data, where no object is known."
        return Reason(tuple(steps), 0.0, _marks(voxel, there, None), sentence)
    there_id, erosion = voxel.id_at(there), voxel.parameter("erosion", 0)
    steps.append(f"Its partner, {where}, has id {there_id}.")
    if erosion:
        along = ", along the last two axes" if voxel.parameter("erosion in planes", False) else ""
        steps.append(f"Objects are eroded {erosion} times first{along} ({readable(voxel.described.roles['erosion'])}).")
    reasons = []
    for at, what, other in ((voxel.at, "this voxel", "the partner"), (there, "the partner", "it")):
        if voxel.id_at(at) == 0 and not voxel.parameter("background", False):
            reasons.append((f"{what} is background (id 0)", other))
        elif any(voxel.id_at(near) != voxel.id_at(at) for near in _eroding(voxel, at)):
            reasons.append((f"{what} lies within {erosion} steps of another id and is eroded", other))
    if there_id != here_id:
        reasons.append((f"the ids {here_id} and {there_id} differ", "the partner"))
    same = not reasons
    if there == voxel.at:
        reason = f"this voxel, its own partner, has id {here_id}" if same else reasons[0][0]
    elif same:
        reason = f"this voxel and its partner ({where}) both have id {here_id}"
    else:
        # One reason is enough: of what is background or eroded, the ids hardly matter.
        reason = f"{reasons[0][0]}; {reasons[0][1]} is {where}"
    all_reasons = " and ".join(text for text, _ in reasons)
    steps.append("Same object: 1." if same else f"Not the same object, since {all_reasons}: 0.")
    return Reason(tuple(steps), float(same), _marks(voxel, there, same), f"{same:d}, because {reason}.")


def _partner_known(voxel: Voxel, there: Index) -> Condition:
    switch = readable(voxel.described.roles["mask"])
    if not voxel.within(there):
        return Condition(False, f"Its partner lies outside the data, and pairs count only as a whole ({switch}).")
    if voxel.is_known(there):
        return Condition(True, f"Its partner is annotated and inside the data too, as {switch} asks for.")
    text = f"Its partner is not annotated, and pairs count only as a whole ({switch})."
    return Condition(False, text, (voxel.box(there, "unknown", "not annotated"),))


def _erosion_known(voxel: Voxel, there: Index) -> Condition:
    """That the affinity is the same whatever lies where nothing is annotated, if both voxels are."""
    at, own, steps = (voxel.at, there), voxel.id_at(voxel.at), voxel.parameter("erosion", 0)
    near = {other for end in at for other in _eroding(voxel, end)}
    unknown = next((other for other in near if not voxel.is_known(other)), None)
    background = own == 0 and not voxel.parameter("background", False)
    others = any(voxel.id_at(other) != own for other in (*near, there) if voxel.is_known(other))
    if unknown is None or background or others:
        return Condition(True, "What is annotated decides whether objects are eroded there.")
    text = (
        f"Whether erosion reaches the pair is not known: within {steps} steps of it lie voxels that are not annotated."
    )
    return Condition(False, text, (voxel.box(unknown, "unknown", "not annotated"),))


def _eroding(voxel: Voxel, at: Index) -> Iterator[Index]:
    """The voxels that take one away in erosion if they are of another id: those within so many steps."""
    erosion, flat = voxel.parameter("erosion", 0), voxel.parameter("erosion in planes", False)
    for offset in product(range(-erosion, erosion + 1), repeat=len(at)):
        there = tuple(a + o for a, o in zip(at, offset, strict=True))
        if sum(map(abs, offset)) <= erosion and voxel.within(there) and not (flat and any(offset[:-2])):
            yield there


def _marks(voxel: Voxel, there: Index, same: bool | None) -> tuple[Mark, ...]:
    here = voxel.box(voxel.at, "voxel", f"id {voxel.id_at(voxel.at)}")
    if there == voxel.at:
        return (here,)
    meaning: Meaning = "unknown" if same is None else "yes" if same else "no"
    label = "outside the data" if same is None else f"id {voxel.id_at(there)}"
    return here, voxel.box(there, meaning, label), Arrow(point(voxel.centre()), point(voxel.centre(there)), meaning)


def _offset_text(voxel: Voxel) -> str:
    """Where the partner is, and how far away: ``"−3 voxels in y, 12 nm away"``."""
    offset = voxel.described.offset
    steps = [(signed(o), axis) for o, axis in zip(offset, voxel.axes, strict=True) if o]
    if not steps:
        return "the voxel itself"
    (first, axis), *others = steps
    noun = "voxel" if first in ("+1", "−1") else "voxels"
    where = " and ".join([f"{first} {noun} in {axis}", *(f"{count} in {axis}" for count, axis in others)])
    return f"{where}, {voxel.length(float(np.linalg.norm(offset * voxel.sizes)))} away"
