"""Explanations of distances: the nearest boundary face, and tanh of how far away it is."""

from __future__ import annotations

from collections.abc import Callable
from math import atanh, tanh
from typing import NamedTuple

import numpy as np

from predictor_inspector.core.ops.boundary_distance import SATURATED
from predictor_inspector.core.text import amount, readable, signed
from predictor_inspector.inspection.explanation.parts import Curve, Line, Mark, Point, Reason
from predictor_inspector.inspection.explanation.unknown import explain_unknown
from predictor_inspector.inspection.explanation.voxel import Index, Voxel, Window, point
from predictor_inspector.inspection.explanation.weights import Condition, annotated, balanced

_SURE = 1.0001  # a window reaches this much further than the nearest that was found, against rounding
_CURVE = 3.0  # scale factors on either side of 0 that the curve shows, if the voxel doesn't lie further out


class Nearest(NamedTuple):
    """A distance from a voxel's centre, and the place at that distance: in voxels, halfway between two for a face."""

    distance: float
    at: np.ndarray


def faces(labels: np.ndarray) -> np.ndarray:
    """Centres of all faces between voxels of different ids: float, [N, axes], in voxels."""
    found = []
    for axis in range(labels.ndim):
        across = np.moveaxis(labels, axis, 0)
        low = np.argwhere(np.moveaxis(across[1:] != across[:-1], 0, axis))
        found.append(low + 0.5 * (np.arange(labels.ndim) == axis))
    return np.concatenate(found)


def nearest(
    candidates: Callable[[Window], np.ndarray], shape: Index, at: Index, sizes: np.ndarray, limit: float, start: float
) -> Nearest | None:
    """The candidate nearest to voxel `at`, found in windows that grow; None if there is none within `limit`.

    `candidates` gives those in a part of a volume of `shape`: float, [N, axes], in voxels from the part's first. `sizes` of a
    voxel, `limit`, and `start`, the first window's reach, are in one unit of length.
    """
    radius = min(max(start, float(min(sizes))), limit)
    while True:
        steps = np.ceil(radius * _SURE / sizes).astype(int) + 1
        low, high = np.maximum(np.array(at) - steps, 0), np.minimum(np.array(at) + steps + 1, shape)
        places = low + candidates(tuple(slice(int(a), int(b)) for a, b in zip(low, high, strict=True)))
        distances = np.sqrt((((places - at) * sizes) ** 2).sum(1))
        first = int(np.argmin(distances)) if len(places) else None
        found = None if first is None else Nearest(float(distances[first]), places[first])
        complete = radius >= limit or bool((low == 0).all() and (high == shape).all())
        if complete or (found is not None and found.distance <= radius):
            return found if found is not None and found.distance <= limit else None
        radius = min(limit, 2 * radius if found is None else found.distance)


def nearest_unknown(
    known: Callable[[Window], np.ndarray] | None, shape: Index, at: Index, sizes: np.ndarray, limit: float
) -> Nearest | None:
    """The nearest voxel that is not annotated, or just outside the ground truth; None if there is none within `limit`.

    `known` tells which voxels of a part of the volume are annotated, boolean; None: all are.
    """
    ends = [(axis, end) for axis, n in enumerate(shape) for end in (-1, n)]
    distance, axis, end = min((abs(end - at[axis]) * float(sizes[axis]), axis, end) for axis, end in ends)
    best = Nearest(distance, np.array([end if a == axis else i for a, i in enumerate(at)], float))
    if known is not None:
        reach = min(limit, distance)
        inside = nearest(lambda window: np.argwhere(~known(window)), shape, at, sizes, reach, float(max(sizes)))
        best = inside if inside is not None and inside.distance < distance else best
    return best if best.distance <= limit else None


def explain_distance(voxel: Voxel) -> tuple[Reason, Reason]:
    """The nearest boundary and tanh of its distance; for the weight, whether the unknown is farther away."""
    if "scale" not in voxel.described.roles:
        return explain_unknown(voxel)
    own = voxel.id_at(voxel.at)
    conditions = [annotated(voxel)]
    if voxel.parameter("mask", False):
        conditions.append(_measurable(voxel))
    weight = balanced(voxel, conditions, own > 0)
    if own > 0 or voxel.described.signed:
        return _signed(voxel, own), weight
    sentence = "0, because the voxel is background, where inner distances are 0."
    steps = ("This voxel has id 0: background.", "Background gets 0.")
    return Reason(steps, 0.0, (voxel.box(voxel.at, "voxel", "background"),), sentence), weight


def _signed(voxel: Voxel, own: int) -> Reason:
    scale, unit = float(voxel.parameter("scale")), voxel.unit
    sign = 1 if own > 0 else -1
    where = f"inside object {own}" if own > 0 else "on background (id 0)"
    limit = SATURATED * scale
    guess = atanh(min(abs(voxel.value), 0.999)) * scale
    face = nearest(lambda window: faces(voxel.labels(window)), voxel.shape, voxel.at, voxel.sizes, limit, guess)
    step = f"This voxel has id {own}: {'inside an object, so plus' if own > 0 else 'background, so minus'}."
    mark = voxel.box(voxel.at, "voxel", f"id {own}")
    if face is None:
        reach = voxel.length(limit)
        no_face = f"No boundary within {amount(SATURATED)} · {voxel.length(scale)} = {reach}: tanh is 1."
        sentence = f"{amount(sign)}: {where}, with no boundary within {reach}."
        return Reason((step, no_face), float(sign), (mark,), sentence, _curve(sign * limit, scale, unit))
    sides = voxel.id_at(np.floor(face.at).astype(int)), voxel.id_at(np.ceil(face.at).astype(int))
    place, signed_length, distance = voxel.centre(face.at), sign * face.distance, voxel.length(face.distance)
    value = tanh(signed_length / scale)
    steps = (
        step,
        f"The nearest boundary face lies between ids {sides[0]} and {sides[1]}, {distance} from this voxel's centre: "
        + _pythagoras(voxel, place, face.distance),
        f"tanh({signed(signed_length)} / {amount(scale)}) = tanh({signed(signed_length / scale)}) = {signed(value)}",
    )
    if own in sides:
        other = next((side for side in sides if side != own), own)
        between = f"the boundary with {'background' if other == 0 else f'object {other}'}"
    else:
        between = f"the boundary between ids {sides[0]} and {sides[1]}"
    marks = (
        mark,
        Line(point(voxel.centre()), point(place), "boundary", distance),
        Point(point(place), "boundary", "nearest boundary"),
    )
    sentence = f"{signed(value)}: {where}, {distance} from {between}."
    return Reason(steps, value, marks, sentence, _curve(signed_length, scale, unit))


def _pythagoras(voxel: Voxel, place: np.ndarray, distance: float) -> str:
    apart = np.abs(place - voxel.centre())
    legs = [leg for leg in apart if leg > 1e-9 * distance]
    if len(legs) < 2:
        return f"straight along {voxel.axes[int(np.argmax(apart))]}."
    return "√(" + " + ".join(f"{amount(float(leg))}²" for leg in legs) + ")."


def _curve(x: float, scale: float, unit: str) -> Curve:
    reach = max(_CURVE * scale, 1.1 * abs(x))
    xs = np.linspace(-reach, reach, 201)
    return Curve(
        tuple(xs.tolist()),
        tuple(np.tanh(xs / scale).tolist()),
        (x, tanh(x / scale)),
        f"distance to the boundary [{unit}], minus on background",
        f"tanh(distance / {amount(scale)} {unit})",
    )


def _measurable(voxel: Voxel) -> Condition:
    """That what is unknown is farther away than the boundary."""
    scale = float(voxel.parameter("scale"))
    epsilon, threshold = voxel.parameter("epsilon", 0.0), voxel.parameter("threshold", 1.0)
    limit = (1.01 * atanh(threshold) if threshold < 1 else SATURATED) * scale + float(max(voxel.sizes))
    read = None if voxel.inspection.mask is None else voxel.known
    found = nearest_unknown(read, voxel.shape, voxel.at, voxel.sizes, limit)
    distance = limit if found is None else found.distance
    reach, needed = tanh(distance / scale), min(abs(voxel.value) + epsilon, threshold)
    # Compared in single precision, as the weights are.
    holds = bool(np.float32(needed) < np.float32(reach))
    away, marks = voxel.length(distance), tuple[Mark, ...]()
    if found is None:
        fact = f"Nothing unknown lies within {away}"
    else:
        inside = voxel.within(found.at)
        fact = f"The nearest {'voxel that is not annotated' if inside else 'edge of the ground truth'} is {away} away"
        if not holds:
            label = f"{'not annotated' if inside else 'edge of the data'}, {away}"
            marks = (Line(point(voxel.centre()), point(voxel.centre(found.at)), "unknown", label),)
    text = (
        f"Is the boundary surely nearer than all that is unknown ({readable(voxel.described.roles['mask'])})? {fact}: "
        f"tanh({amount(distance)} / {amount(scale)}) = {amount(reach)} {'>' if holds else '≤'} {amount(needed)} = "
        f"min(|{amount(voxel.value)}| + {amount(epsilon)}, {amount(threshold)}), so {'yes' if holds else 'no'}."
    )
    return Condition(holds, text, marks)
