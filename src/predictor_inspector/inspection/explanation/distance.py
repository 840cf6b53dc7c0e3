"""Explanations of distances: the nearest boundary face, and tanh of how far away it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import atanh, tanh

import numpy as np

from predictor_inspector.core.ops.boundary_distance import SATURATED
from predictor_inspector.core.text import amount, length, signed
from predictor_inspector.inspection.explanation.parts import Curve, Line, Mark, Point, Reason
from predictor_inspector.inspection.explanation.unknown import explain_unknown
from predictor_inspector.inspection.explanation.voxel import Index, Voxel, Window, point
from predictor_inspector.inspection.explanation.weights import Condition, annotated, balanced

_SURE = 1.0001
"""A window reaches this much further than the nearest that was found, against rounding."""

_CURVE = 3.0
"""Scale factors on either side of 0 that the curve shows, if the voxel doesn't lie further out."""

Candidates = Callable[[Window], np.ndarray]
"""Gives the places of interest in a part of the volume: float, [N, axes], in voxels from the part's first."""


@dataclass(frozen=True)
class Nearest:
    """The nearest place that was looked for.

    Attributes
    ----------
    distance : float
        In the unit of length, from the voxel's centre.
    at : numpy.ndarray
        Its position in voxels, float64, [axes]; halfway between two voxels for a face.
    """

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
    candidates: Candidates, shape: Index, at: Index, sizes: np.ndarray, limit: float, start: float
) -> Nearest | None:
    """The nearest candidate, looked for in windows that grow; None if there is none within `limit`.

    Parameters
    ----------
    shape : tuple of int
        The volume's, in voxels.
    at : tuple of int
        The voxel.
    sizes : numpy.ndarray
        Voxel size per axis, in the unit of the result.
    limit, start : float
        How far to look, and how far first.
    """
    radius = min(max(start, float(min(sizes))), limit)
    while True:
        steps = np.ceil(radius * _SURE / sizes).astype(int) + 1
        low, high = np.maximum(np.array(at) - steps, 0), np.minimum(np.array(at) + steps + 1, shape)
        places = low + candidates(tuple(slice(int(a), int(b)) for a, b in zip(low, high, strict=True)))
        found: Nearest | None = None
        if len(places):
            distances = np.sqrt((((places - at) * sizes) ** 2).sum(1))
            first = int(np.argmin(distances))
            found = Nearest(float(distances[first]), places[first])
            if found.distance <= radius:
                return found
        whole = bool((low == 0).all() and (high == shape).all())
        if radius >= limit or whole:
            return found if found is not None and found.distance <= limit else None
        radius = min(limit, 2 * radius if found is None else found.distance)


def nearest_unknown(
    known: Callable[[Window], np.ndarray] | None, shape: Index, at: Index, sizes: np.ndarray, limit: float
) -> Nearest | None:
    """The nearest voxel that is not annotated, or just outside the ground truth; None if there is none within `limit`.

    Parameters
    ----------
    known : callable or None
        Tells which voxels of a part of the volume are annotated, boolean; None for all.
    """
    ends = [(axis, end) for axis, n in enumerate(shape) for end in (-1, n)]
    distance, axis, end = min((abs(end - at[axis]) * float(sizes[axis]), axis, end) for axis, end in ends)
    outside = Nearest(distance, np.array([end if a == axis else i for a, i in enumerate(at)], float))
    inside = None
    if known is not None:
        reach = min(limit, distance)
        inside = nearest(lambda window: np.argwhere(~known(window)), shape, at, sizes, reach, float(max(sizes)))
    best = inside if inside is not None and inside.distance < distance else outside
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
    steps = [f"This voxel has id {own}: {'inside an object, so plus' if own > 0 else 'background, so minus'}."]
    marks: tuple[Mark, ...] = (voxel.box(voxel.at, "voxel", f"id {own}"),)
    if face is None:
        value = float(sign)
        steps.append(
            f"No boundary within {amount(SATURATED)} · {length(scale, unit)} = {length(limit, unit)}: tanh is 1."
        )
        sentence = f"{amount(value)}: {where}, with no boundary within {length(limit, unit)}."
        return Reason(tuple(steps), value, marks, sentence, _curve(sign * limit, scale, unit))
    sides = voxel.id_at(np.floor(face.at).astype(int)), voxel.id_at(np.ceil(face.at).astype(int))
    place = voxel.centre(face.at)
    signed_length = sign * face.distance
    value = tanh(signed_length / scale)
    distance = length(face.distance, unit)
    steps += [
        f"The nearest boundary face lies between ids {sides[0]} and {sides[1]}, {distance} from this voxel's centre: "
        + _pythagoras(voxel, place, face.distance),
        f"tanh({signed(signed_length)} / {amount(scale)}) = tanh({signed(signed_length / scale)}) = {signed(value)}",
    ]
    other = next((s for s in sides if s != own), own)
    between = f"the boundary with {'background' if other == 0 else f'object {other}'}"
    if own not in sides:
        between = f"the boundary between ids {sides[0]} and {sides[1]}"
    sentence = f"{signed(value)}: {where}, {distance} from {between}."
    marks += (
        Line(point(voxel.centre()), point(place), "boundary", distance),
        Point(point(place), "boundary", "nearest boundary"),
    )
    return Reason(tuple(steps), value, marks, sentence, _curve(signed_length, scale, unit))


def _pythagoras(voxel: Voxel, place: np.ndarray, distance: float) -> str:
    apart = np.abs(place - voxel.centre())
    legs = [leg for leg in apart if leg > 1e-9 * distance]
    if len(legs) < 2:
        return f"straight along {voxel.axes[int(np.argmax(apart))]}."
    return "√(" + " + ".join(f"{amount(float(leg))}²" for leg in legs) + ")."


def _curve(x: float, scale: float, unit: str) -> Curve:
    reach = max(_CURVE * scale, 1.1 * abs(x))
    xs = np.linspace(-reach, reach, 201)
    label = f"distance to the boundary [{unit}], minus on background"
    marker = (x, tanh(x / scale))
    y_label = f"tanh(distance / {amount(scale)} {unit})"
    return Curve(tuple(xs.tolist()), tuple(np.tanh(xs / scale).tolist()), marker, label, y_label)


def _measurable(voxel: Voxel) -> Condition:
    """That what is unknown is farther away than the boundary."""
    scale = float(voxel.parameter("scale"))
    epsilon, threshold = voxel.parameter("epsilon", 0.0), voxel.parameter("threshold", 1.0)
    unit = voxel.unit
    limit = (1.01 * atanh(threshold) if threshold < 1 else SATURATED) * scale + float(max(voxel.sizes))
    read = None if voxel.inspection.mask is None else voxel.known
    found = nearest_unknown(read, voxel.shape, voxel.at, voxel.sizes, limit)
    reach = tanh((limit if found is None else found.distance) / scale)
    needed = min(abs(voxel.value) + epsilon, threshold)
    asks = f"{amount(needed)} = min(|{amount(voxel.value)}| + {amount(epsilon)}, {amount(threshold)})"
    question = f"Is the boundary surely nearer than all that is unknown ({voxel.described.roles['mask']})?"
    # Compared in single precision, as the weights are.
    holds = bool(np.float32(needed) < np.float32(reach))
    if found is None:
        text = (
            f"{question} Nothing unknown lies within {length(limit, unit)}: tanh({amount(limit)} / {amount(scale)}) = "
            f"{amount(reach)} > {asks}, so yes."
        )
        return Condition(holds, text)
    inside, distance = voxel.within(found.at), found.distance
    what = "voxel that is not annotated" if inside else "edge of the ground truth"
    text = (
        f"{question} The nearest {what} is {length(distance, unit)} away: tanh({amount(distance)} / {amount(scale)}) = "
        f"{amount(reach)} {'>' if holds else '≤'} {asks}, so {'yes' if holds else 'no'}."
    )
    marks: tuple[Mark, ...] = ()
    if not holds:
        label = f"{'not annotated' if inside else 'edge of the data'}, {length(distance, unit)}"
        marks = (Line(point(voxel.centre()), point(voxel.centre(found.at)), "unknown", label),)
    return Condition(holds, text, marks)
