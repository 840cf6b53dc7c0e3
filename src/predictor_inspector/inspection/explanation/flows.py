"""Explanations of flows: the heat on either side of a voxel, and where it comes from."""

from __future__ import annotations

import numpy as np
import torch

from predictor_inspector.core.ops.flows import centres, diffused, usual_iterations
from predictor_inspector.core.ops.regions import in_voxels
from predictor_inspector.core.text import amount, counted, signed
from predictor_inspector.inspection.explanation.parts import Arrow, Point, Reason
from predictor_inspector.inspection.explanation.unknown import explain_unknown
from predictor_inspector.inspection.explanation.voxel import Voxel, point
from predictor_inspector.inspection.explanation.weights import annotated, unbalanced
from predictor_inspector.inspection.explanation.whole_objects import Surroundings, surroundings, whole


def explain_flow(voxel: Voxel) -> tuple[Reason, Reason]:
    """The difference of heat along the channel's axis, and its share of that along all; whether the object is whole."""
    if "size" not in voxel.described.roles:
        return explain_unknown(voxel)
    around = surroundings(voxel, _diameter(voxel))
    conditions = [annotated(voxel)]
    if voxel.parameter("mask", False):
        conditions.append(whole(voxel, around, beside=True))
    weight = unbalanced(conditions, "Flows are not balanced")
    if voxel.id_at(voxel.at) == 0:
        steps = ("This voxel has id 0: background.", "Background has no flow: 0.")
        sentence = "0, because the voxel is background (id 0)."
        return Reason(steps, 0.0, (voxel.box(voxel.at, "voxel", "id 0"),), sentence), weight
    return _target(voxel, around), weight


def _target(voxel: Voxel, around: Surroundings) -> Reason:
    own, axis = voxel.id_at(voxel.at), voxel.channel
    iterations = voxel.parameter("iterations") or usual_iterations(_diameter(voxel))
    heat, places, _ = diffused(around.labels, iterations, around.voxel)
    size = around.labels.shape
    field = torch.zeros([n + 2 for n in size], dtype=heat.dtype)
    field[tuple((places + 1).unbind(1))] = heat[:-1]
    here = np.array(around.at) + 1
    sides = [[float(field[tuple(here + s * (np.arange(len(here)) == a))]) for s in (1, -1)] for a in range(len(here))]
    differences = [after - before for after, before in sides]
    length = float(np.linalg.norm(differences))
    value = differences[axis] / (1e-60 + length)
    mine = around.labels[tuple(places.unbind(1))] == around.labels[around.at]
    of_own = places[mine]
    middle = of_own[centres(of_own, torch.zeros(len(of_own), dtype=torch.int64), 1)[0]].numpy() + np.array(around.first)
    apart = ", ".join(f"{signed(int(m - i))} in {a}" for m, i, a in zip(middle, voxel.at, voxel.axes, strict=True))
    lies = f"lies {apart} (voxels) from here"
    name = voxel.axes[axis]
    steps = (
        f"This voxel has id {own}, an object of {counted(len(of_own), 'voxel')}; its centre {lies}.",
        f"Heat from there has spread {iterations} times. One voxel on in {name} there is {amount(sides[axis][0])}, one back "
        f"{amount(sides[axis][1])}: a difference of {signed(differences[axis])}.",
        f"The differences along {', '.join(voxel.axes)} have a length of {amount(length)}: "
        f"{signed(differences[axis])} / {amount(length)} = {signed(value)}",
    )
    if length == 0:
        steps = (*steps[:2], "There is no heat on any side, so no flow: 0.")
    centre = point(voxel.centre(middle))
    marks = (
        voxel.box(voxel.at, "voxel", f"id {own}"),
        Arrow(point(voxel.centre()), centre, "object"),
        Point(centre, "object", "centre"),
    )
    way = (
        f"heat rises towards {'higher' if value > 0 else 'lower'} {name}"
        if value
        else f"there is no more heat along {name}"
    )
    sentence = f"{signed(value)}: {way}; the centre of object {own} {lies}."
    return Reason(steps, value, marks, sentence)


def _diameter(voxel: Voxel) -> tuple[int, ...]:
    """The largest that an object is, in voxels along each axis."""
    return in_voxels(voxel.parameter("size"), voxel.gt.voxel_size, voxel.gt.subdivision)
