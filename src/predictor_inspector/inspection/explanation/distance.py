"""Explanations of distances: the nearest boundary face, and tanh of how far away it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import atanh, tanh
from typing import TypeVar

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

Read = Callable[[Window], np.ndarray]
Found = TypeVar("Found")


@dataclass(frozen=True)
class Face:
    """A face between two voxels of different ids.

    Attributes
    ----------
    distance : float
        From the voxel's centre to the face's, in the unit of length.
    inner, outer : tuple of int
        The voxels on either side; `outer` is the one with the larger index.
    """

    distance: float
    inner: Index
    outer: Index


def nearest_face(read: Read, shape: Index, at: Index, sizes: np.ndarray, limit: float, start: float) -> Face | None:
    """The nearest boundary, looked for in windows that grow; None if there is none within `limit`.

    Parameters
    ----------
    read : callable
        Gives the ids of a part of the volume.
    shape : tuple of int
        The volume's, in voxels.
    at : tuple of int
        The voxel.
    sizes : numpy.ndarray
        Voxel size per axis, in the unit of the result.
    limit : float
        How far to look.
    start : float
        How far to look first.
    """

    def search(low: np.ndarray, high: np.ndarray) -> Face | None:
        window = read(_window(low, high))
        best: Face | None = None
        for axis in range(window.ndim):
            across = np.moveaxis(window, axis, 0)
            faces = np.argwhere(np.moveaxis(across[1:] != across[:-1], 0, axis))
            if len(faces):
                half = 0.5 * (np.arange(window.ndim) == axis)
                squares = (((faces + low + half - at) * sizes) ** 2).sum(1)
                k = int(np.argmin(squares))
                found = float(np.sqrt(squares[k]))
                if best is None or found < best.distance:
                    inner = tuple(int(i) for i in faces[k] + low)
                    outer = tuple(i + (a == axis) for a, i in enumerate(inner))
                    best = Face(found, inner, outer)
        return best

    return _growing(search, lambda face: face.distance, at, shape, sizes, limit, start)


def nearest_unknown(
    read: Read | None, shape: Index, at: Index, sizes: np.ndarray, limit: float
) -> tuple[float, Index] | None:
    """The nearest voxel that is not annotated or just outside the ground truth, None if there is none within `limit`.

    Parameters
    ----------
    read : callable or None
        Tells which voxels of a part of the volume are annotated, boolean; None for all.

    Returns
    -------
    (float, tuple of int) or None
        How far it is, from centre to centre, and where; an index may be -1 or one past the last.
    """
    beyond: list[tuple[float, Index]] = []
    for axis, (i, n) in enumerate(zip(at, shape, strict=True)):
        for steps, end in ((i + 1, -1), (n - i, n)):
            beyond.append((steps * float(sizes[axis]), (*at[:axis], end, *at[axis + 1 :])))
    edge = min(beyond)
    inside: tuple[float, Index] | None = None
    if read is not None:

        def search(low: np.ndarray, high: np.ndarray) -> tuple[float, Index] | None:
            holes = np.argwhere(~read(_window(low, high)))
            if not len(holes):
                return None
            squares = (((holes + low - at) * sizes) ** 2).sum(1)
            k = int(np.argmin(squares))
            return float(np.sqrt(squares[k])), tuple(int(i) for i in holes[k] + low)

        inside = _growing(search, lambda found: found[0], at, shape, sizes, min(limit, edge[0]), float(max(sizes)))
    best = edge if inside is None or edge[0] <= inside[0] else inside
    return best if best[0] <= limit else None


def _window(low: np.ndarray, high: np.ndarray) -> Window:
    return tuple(slice(int(a), int(b)) for a, b in zip(low, high, strict=True))


def _growing(
    search: Callable[[np.ndarray, np.ndarray], Found | None],
    distance: Callable[[Found], float],
    at: Index,
    shape: tuple[int, ...],
    sizes: np.ndarray,
    limit: float,
    start: float,
) -> Found | None:
    """What `search` finds nearest, once its window holds all that could be nearer; None if that is beyond `limit`."""
    radius = min(max(start, float(min(sizes))), limit)
    while True:
        steps = np.ceil(radius * _SURE / sizes).astype(int) + 1
        low, high = np.maximum(np.array(at) - steps, 0), np.minimum(np.array(at) + steps + 1, shape)
        found = search(low, high)
        if found is not None and distance(found) <= radius:
            return found
        whole = bool((low == 0).all() and (high == shape).all())
        if radius >= limit or whole:
            return found if found is not None and distance(found) <= limit else None
        radius = min(limit, distance(found) if found is not None else 2 * radius)


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
    face = nearest_face(voxel.labels, voxel.shape, voxel.at, voxel.sizes, limit, guess)
    steps = [f"This voxel has id {own}: {'inside an object, so plus' if own > 0 else 'background, so minus'}."]
    marks: tuple[Mark, ...] = (voxel.box(voxel.at, "voxel", f"id {own}"),)
    if face is None:
        value = float(sign)
        steps.append(
            f"No boundary within {amount(SATURATED)} · {length(scale, unit)} = {length(limit, unit)}: tanh is 1."
        )
        sentence = f"{amount(value)}: {where}, with no boundary within {length(limit, unit)}."
        return Reason(tuple(steps), value, marks, sentence, _curve(sign * limit, scale, unit))
    sides = voxel.id_at(face.inner), voxel.id_at(face.outer)
    place = (voxel.centre(face.inner) + voxel.centre(face.outer)) / 2
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
    reach = tanh((limit if found is None else found[0]) / scale)
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
    distance, where = found
    inside = voxel.within(where)
    what = "voxel that is not annotated" if inside else "edge of the ground truth"
    text = (
        f"{question} The nearest {what} is {length(distance, unit)} away: tanh({amount(distance)} / {amount(scale)}) = "
        f"{amount(reach)} {'>' if holds else '≤'} {asks}, so {'yes' if holds else 'no'}."
    )
    marks: tuple[Mark, ...] = ()
    if not holds:
        label = f"{'not annotated' if inside else 'edge of the data'}, {length(distance, unit)}"
        marks = (Line(point(voxel.centre()), point(voxel.centre(where)), "unknown", label),)
    return Condition(holds, text, marks)
