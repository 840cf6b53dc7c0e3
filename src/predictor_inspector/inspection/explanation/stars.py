"""Explanations of StarDist: how far it is to the nearest voxel outside, or along a ray."""

from __future__ import annotations

import numpy as np

from predictor_inspector.core.ops.star_distances import directions, ray_steps, squared_depths
from predictor_inspector.core.text import amount, counted
from predictor_inspector.inspection.explanation.parts import Arrow, Line, Mark, Reason
from predictor_inspector.inspection.explanation.unknown import explain_unknown
from predictor_inspector.inspection.explanation.voxel import Voxel, point
from predictor_inspector.inspection.explanation.weights import Condition, annotated, unbalanced
from predictor_inspector.inspection.explanation.whole_objects import Surroundings, surroundings, whole


def explain_depth(voxel: Voxel) -> tuple[Reason, Reason]:
    """The distance to the nearest voxel of another id and the largest in the object; whether that is whole."""
    if "size" not in voxel.described.roles:
        return explain_unknown(voxel)
    around = _around(voxel)
    weight = unbalanced(_conditions(voxel, around), "Objects are not balanced")
    return _background(voxel) or _depth(voxel, around), weight


def explain_ray(voxel: Voxel) -> tuple[Reason, Reason]:
    """The steps along the ray that stay inside; whether the object is whole, and how deep in it the voxel lies."""
    if not {"size", "rays"} <= voxel.described.roles.keys():
        return explain_unknown(voxel)
    around = _around(voxel)
    conditions, background = _conditions(voxel, around), _background(voxel)
    weight = unbalanced(conditions, "Rays are not balanced")
    if weight.derived:
        share = 0.0 if background else float(_depth(voxel, around).derived or 0)
        texts = (condition.text for condition in conditions)
        weight = Reason((*texts, f"Rays weigh as much as the target of the object: {amount(share)}"), share)
    return background or _ray(voxel, around), weight


def _around(voxel: Voxel) -> Surroundings:
    return surroundings(voxel, (voxel.parameter("size"),) * len(voxel.at))


def _conditions(voxel: Voxel, around: Surroundings) -> list[Condition]:
    found = [annotated(voxel)]
    if voxel.parameter("mask", False):
        found.append(whole(voxel, around, beside=False))
    return found


def _background(voxel: Voxel) -> Reason | None:
    """Why the target is 0, where the voxel is of no object."""
    if voxel.id_at(voxel.at) != 0:
        return None
    marks = (voxel.box(voxel.at, "voxel", "id 0"),)
    return Reason(("This voxel has id 0: background, 0.",), 0.0, marks, "0, because the voxel is background (id 0).")


def _depth(voxel: Voxel, around: Surroundings) -> Reason:
    own, labels = voxel.id_at(voxel.at), around.labels
    mine = labels == labels[around.at]
    sizes = tuple(voxel.gt.voxel_size) if labels.ndim == 3 else (1, 1)
    deep = squared_depths(labels, mine, sizes).sqrt()
    here, deepest = float(deep[around.at]), float(deep.max())
    value = here / (deepest + 1e-10)
    lengths = [length / voxel.gt.subdivision if labels.ndim == 3 else length for length in (here, deepest)]
    near, most = (voxel.length(n) if labels.ndim == 3 else _voxels(n) for n in lengths)
    steps = (
        f"This voxel has id {own}. The nearest voxel of another id is {near} away, from centre to centre.",
        f"Nowhere in the object is that more than {most}: {amount(lengths[0])} / {amount(lengths[1])} = {amount(value)}",
    )
    marks: tuple[Mark, ...] = (voxel.box(voxel.at, "voxel", f"id {own}"),)
    others = (~mine).nonzero().numpy()
    if len(others):
        apart = np.square((others - around.at) * np.array(sizes)).sum(1)
        nearest = others[np.argmin(apart)] + np.array(around.first)
        marks += (Line(point(voxel.centre()), point(voxel.centre(nearest)), "boundary", near),)
    sentence = f"{amount(value)}: the nearest voxel outside object {own} is {near} away, of {most} at most."
    return Reason(steps, value, marks, sentence)


def _ray(voxel: Voxel, around: Surroundings) -> Reason:
    own, longest = voxel.id_at(voxel.at), int(voxel.parameter("size"))
    first = next(i for i, c in enumerate(voxel.inspection.channels) if c.kind == voxel.described.kind)
    way = directions(voxel.parameter("rays"), tuple(voxel.gt.voxel_size))[
        voxel.channel - first : voxel.channel - first + 1
    ]
    offsets, lengths = ray_steps(way, longest)
    inside = 0
    while inside < longest - 1 and _id(around, offsets[0, inside]) == own:
        inside += 1
    value, end = float(lengths[0, inside]), offsets[0, inside]
    there = _id(around, end)
    towards = ", ".join(f"{w:+.2f} in {axis}" for w, axis in zip(way[0], voxel.axes, strict=True))
    if inside == longest - 1 and there == own:
        what = f"is still inside at step {longest}, the largest diameter, and ends there"
    elif there is None:
        what = f"leaves the data at step {inside + 1}"
    else:
        what = f"leaves it at step {inside + 1}, to {f'id {there}' if there else 'background'}"
    steps = (
        f"This voxel has id {own}. Steps of one voxel lead {towards}; places are rounded to voxels.",
        f"The ray {what}.",
        f"So the object reaches {amount(value)} voxels this way.",
    )
    stop = np.array(voxel.at) + way[0] * value
    marks: list[Mark] = [
        voxel.box(voxel.at, "voxel", f"id {own}"),
        Arrow(point(voxel.centre()), point(voxel.centre(stop)), "object", _voxels(value)),
    ]
    if there is not None:
        at = [int(i) for i in np.array(voxel.at) + end]
        marks.append(voxel.box(at, "no", f"id {there}" if there else "background"))
    return Reason(steps, value, tuple(marks), f"{amount(value)}: the ray from object {own} {what}.")


def _id(around: Surroundings, offset: np.ndarray) -> int | None:
    """The id so many voxels from the one that is explained; None beyond the ground truth."""
    at = tuple(int(i) for i in np.array(around.at) + offset)
    within = all(0 <= i < n for i, n in zip(at, around.labels.shape, strict=True))
    return int(around.labels[at]) if within else None


def _voxels(length: float) -> str:
    """``"1 voxel"``, ``"2.5 voxels"``."""
    return counted(1, "voxel") if length == 1 else f"{amount(length)} voxels"
