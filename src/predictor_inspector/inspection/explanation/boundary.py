"""Explanations of boundaries: the ids in the window around a voxel."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from predictor_inspector.core.ops.windows import Connectivity, window
from predictor_inspector.core.text import counted, listed, readable
from predictor_inspector.inspection.explanation.parts import BoxMark, Line, Mark, Reason
from predictor_inspector.inspection.explanation.unknown import explain_unknown
from predictor_inspector.inspection.explanation.voxel import Voxel, point
from predictor_inspector.inspection.explanation.weights import Condition, annotated, balanced


class _Window(NamedTuple):
    """The voxels around one, of those in the ground truth: their places, [N, axes], their ids, and which are known.

    `cut` says whether others lie outside it, `first` and `last` are the window's corners.
    """

    places: np.ndarray
    ids: np.ndarray
    known: np.ndarray
    cut: bool
    first: np.ndarray
    last: np.ndarray


def explain_boundary(voxel: Voxel) -> tuple[Reason, Reason]:
    """Whether the window holds several ids, and whether what isn't known could change that."""
    if "thickness" not in voxel.described.roles:
        return explain_unknown(voxel)
    windows = [_look(voxel, voxel.parameter("connectivity", "faces"))]
    if voxel.parameter("mode") == "outer" and voxel.id_at(voxel.at) > 0:
        windows.append(_look(voxel, "corners"))
    conditions = [annotated(voxel)]
    if voxel.parameter("mask", False):
        conditions.append(_decided(voxel, windows))
    classes = "not of the boundary", "of the boundary"
    return _target(voxel, windows), balanced(voxel, conditions, voxel.value > 0, classes)


def _look(voxel: Voxel, connectivity: Connectivity) -> _Window:
    """Read the window around a voxel."""
    thickness = voxel.parameter("thickness")
    radii = np.array([thickness] * len(voxel.at) if isinstance(thickness, int) else thickness)
    places = np.argwhere(window(radii.tolist(), connectivity).numpy()) - radii + voxel.at
    inside = ((places >= 0) & (places < voxel.shape)).all(1)
    places = places[inside]
    low, high = places.min(0), places.max(0) + 1
    part = tuple(slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
    index = tuple((places - low).T)
    ids = voxel.labels(part)[index].astype(np.int64)
    return _Window(places, ids, voxel.known(part)[index], not inside.all(), voxel.at - radii, voxel.at + radii + 1)


def _is_boundary(voxel: Voxel, windows: list[_Window], ids: list[np.ndarray]) -> bool:
    """What the mode makes of the ids in one window, or in both that matter."""
    own, mode = voxel.id_at(voxel.at), voxel.parameter("mode")
    if mode == "inner" and own == 0:
        return False
    counting = [_counting(voxel, i, found) for i, found in enumerate(ids)]
    return all(len(np.unique(found)) > 1 for found in counting)


def _counting(voxel: Voxel, which: int, ids: np.ndarray) -> np.ndarray:
    """The ids that count: in the second window, and if objects have no boundary with background, those of objects alone."""
    return ids if which == 0 and voxel.parameter("with background", True) else ids[ids > 0]


def _target(voxel: Voxel, windows: list[_Window]) -> Reason:
    own, mode = voxel.id_at(voxel.at), voxel.parameter("mode")
    value = _is_boundary(voxel, windows, [w.ids for w in windows])
    around, objects = windows[0], not voxel.parameter("with background", True)
    ids = np.unique(around.ids).tolist()
    found = f"id{'s' * (len(ids) > 1)} {listed(ids)}"
    steps = [
        f"This voxel has id {own}{'' if own else ': background'}.",
        f"Its window, {_extent(voxel)}, holds {counted(len(around.ids), 'voxel')} of {found}.",
    ]
    if objects:
        steps.append(
            f"Only where two objects are near is there a boundary ({_spelled(voxel, 'with background')} is off)."
        )
    elif mode == "outer" and own > 0:
        others = listed(np.unique(windows[1].ids[windows[1].ids > 0]).tolist())
        steps.append(f"Objects are of an outer boundary only beside another object: the box around it holds {others}.")
    elif mode == "inner" and own == 0:
        steps.append("Inner boundaries lie on objects only.")
    steps.append(f"So it is {'' if value else 'not '}of the boundary: {value:d}.")
    marks: list[Mark] = [voxel.box(voxel.at, "voxel", f"id {own}"), _box(voxel, around)]
    places = np.concatenate([w.places for w in windows])
    ids_around = np.concatenate([w.ids for w in windows])
    counts = (ids_around != own) & ((ids_around > 0) | (not objects and not (mode == "outer" and own > 0)))
    if not counts.any():
        return Reason(tuple(steps), float(value), tuple(marks), f"{value:d}, because {_alone(voxel, own, objects)}.")
    apart = np.linalg.norm((places - voxel.at) * voxel.sizes, axis=1)
    nearest = places[np.argmin(np.where(counts, apart, np.inf))]
    distance, there = voxel.length(float(np.min(apart[counts]))), voxel.id_at(nearest.tolist())
    marks += [
        voxel.box(nearest.tolist(), "no" if value else "unknown", f"id {there}"),
        Line(point(voxel.centre()), point(voxel.centre(nearest)), "boundary", distance),
    ]
    what = "background" if there == 0 else f"object {there}"
    if value:
        sentence = f"1, because {what} is {distance} away, within its window."
    elif mode == "inner" and own == 0:
        sentence = "0, because the voxel is background (id 0), and inner boundaries lie on objects only."
    else:
        sentence = f"0, because of objects there is {what} alone in its window."
    return Reason(tuple(steps), float(value), tuple(marks), sentence)


def _alone(voxel: Voxel, own: int, objects: bool) -> str:
    near = "no other object" if objects or (own and voxel.parameter("mode") == "outer") else "no other id"
    return f"{near} lies within its window, {_extent(voxel)}"


def _decided(voxel: Voxel, windows: list[_Window]) -> Condition:
    """That it is or isn't of the boundary, whatever the ids are that aren't known."""
    switch = _spelled(voxel, "mask")
    unknown = [w.places[~w.known] for w in windows]
    if not any(map(len, unknown)) and not any(w.cut for w in windows):
        return Condition(True, f"All of its window is annotated and inside the data, as {switch} asks for.")
    if voxel.parameter("mode") == "inner" and voxel.id_at(voxel.at) == 0:
        return Condition(True, "Background is never of an inner boundary, whatever lies beside it.")
    if _is_boundary(voxel, windows, [w.ids[w.known] for w in windows]):
        return Condition(True, "What is annotated makes it a boundary, whatever else lies there.")
    text = f"A part of its window is not annotated or outside the data, and may hold another id ({switch})."
    first = next((places[0] for places in unknown if len(places)), None)
    marks = () if first is None else (voxel.box(first.tolist(), "unknown", "not annotated"),)
    return Condition(False, text, marks)


def _extent(voxel: Voxel) -> str:
    """``"±1 in z, ±2 in y, ±2 in x, by faces"``: how far the window reaches, and what its steps share."""
    thickness = voxel.parameter("thickness")
    radii = [thickness] * len(voxel.axes) if isinstance(thickness, int) else thickness
    reach = ", ".join(f"±{r} in {axis}" for r, axis in zip(radii, voxel.axes, strict=True) if r)
    return f"{reach}, by {voxel.parameter('connectivity', 'faces')}"


def _box(voxel: Voxel, around: _Window) -> BoxMark:
    begin, end = (voxel.centre(corner - 0.5) for corner in (around.first, around.last))
    return BoxMark(point(begin), point(end), "window", "window")


def _spelled(voxel: Voxel, role: str) -> str:
    return readable(voxel.described.roles[role])
