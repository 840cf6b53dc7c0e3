"""Suggestions: parameter values that suit the objects in view, each with a reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from math import sqrt
from typing import Any

import numpy as np

from predictor_inspector.core.text import listed, percent
from predictor_inspector.inspection.engine.run import Inspection, Progress
from predictor_inspector.inspection.findings import Subject
from predictor_inspector.inspection.findings.scale import scale_for, sigma_for, thickness_in

WITHIN = 0.5  # of the pairs that begin in an object and end in it too, for the longest offset that is suggested
LENGTHS = (1, 2, 3, 4, 6, 9, 13, 18, 27)  # offsets that are tried along each axis, in voxels
ALIKE = 1.25  # lengths that differ by a smaller factor are as good
FARTHEST = 64  # distances to boundaries count up to so many voxels; thicker objects are taken for so thick


@dataclass(frozen=True)
class Suggestion:
    """A value of the predictor's parameter that suits the objects in view, and why, in a sentence.

    The value is as `predictor_from_config` and `dataclasses.replace` take it.
    """

    parameter: str
    value: Any
    reason: str


def suggest(inspection: Inspection, progress: Progress | None = None) -> tuple[Suggestion, ...]:
    """Better values for those parameters of an inspection's predictor that depend on how large objects are.

    None if there are hardly any objects. `progress(step, fraction)` is called on the way; raise from it to cancel.
    """
    return suggest_for(Subject(inspection, progress))


def suggest_for(subject: Subject) -> tuple[Suggestion, ...]:
    """As `suggest`, for a `Subject` that more is derived from."""
    found = []
    for role, better in (("scale", _scale), ("offsets", _offsets), ("window", _window)):
        for parameter in dict.fromkeys(c.roles[role] for c in subject.channels if role in c.roles):
            suggested = better(subject)
            if suggested is not None and _differs(role, suggested[0], getattr(subject.predictor, parameter)):
                found.append(Suggestion(parameter, *suggested))
    return tuple(found)


def _scale(subject: Subject) -> tuple[float, str] | None:
    """About the radius of the objects, but no less than two voxels: the target is to have a slope."""
    size = max(subject.voxel_size)
    radius = thickness_in(subject, FARTHEST * size)
    if radius is None:
        return None
    so = "; with half of that, targets reach 0.76 in the middle of such an object"
    if radius < 2 * size:
        so = ", little more than a voxel: two voxels still make a slope"
    return scale_for(radius, size), f"Objects here are about {subject.length(2 * radius)} thick{so}."


def _window(subject: Subject) -> tuple[int, str] | None:
    """Half the half-thickness, so that a window of 2 σ reaches from the middle of an object to its boundary."""
    size = max(subject.voxel_size)
    radius = thickness_in(subject, FARTHEST * size)
    if radius is None:
        return None
    value = sigma_for(radius, size)
    window = "a window" if 2 * value * size < 3 * radius else "even the smallest window"
    reaches = f"with σ = {subject.length(value * size)} {window} reaches from their middle to their boundary"
    return value, f"Objects here are about {subject.length(2 * radius)} thick; {reaches}."


def _offsets(subject: Subject) -> tuple[tuple[tuple[int, ...], ...], str] | None:
    """Nearest neighbours, and per axis the longest offset of which half the pairs stay inside, with one between."""
    labels, _ = subject.middle
    if not (labels > 0).any():
        return None
    steps, told = [], []
    for axis, name in enumerate(subject.inspection.gt.spatial_axes):
        shares = {length: _share_within(labels, axis, length) for length in LENGTHS if length < labels.shape[axis]}
        longest = max((length for length, part in shares.items() if part >= WITHIN), default=1)
        steps.append(sorted({1, round(sqrt(longest)), longest}))
        pairs = f"hardly a pair more than a voxel apart along {name}"
        if longest > 1:
            pairs = f"{percent(shares[longest])} of the pairs {longest} voxels apart along {name}"
        told.append(pairs)
    # The shortest of all axes come first.
    offsets = tuple(
        tuple(step if a == axis else 0 for a in range(labels.ndim))
        for nth in zip_longest(*steps)
        for axis, step in enumerate(nth)
        if step is not None
    )
    why = "Nearest neighbours show where boundaries are, longer offsets what belongs together"
    return offsets, f"{why}; {listed(told)} still end in the object that they begin in."


def _differs(role: str, better: Any, present: Any) -> bool:
    """Whether a value is so much better that it is worth a change: less than objects differ from region to region isn't."""
    if role == "scale":
        return bool(max(better, present) > ALIKE * min(better, present))
    if role == "window":
        return bool(abs(better - present) > max(1, (ALIKE - 1) * present))
    axes = range(len(better[0]))
    nearest = {offset for offset in better if sum(map(abs, offset)) == 1}
    if not nearest <= set(present):
        return True
    return any(abs(_step(better, axis) - _step(present, axis)) > 1 for axis in axes)


def _step(offsets: Sequence[Sequence[int]], axis: int) -> int:
    """How many of `LENGTHS` the longest offset along an axis is not shorter than."""
    longest = max((abs(offset[axis]) for offset in offsets), default=0)
    return sum(longest >= length for length in LENGTHS)


def _share_within(labels: np.ndarray, axis: int, length: int) -> float:
    """Of the pairs so many voxels apart that begin in an object, the share that end in the same one."""
    along = np.moveaxis(labels, axis, 0)
    begin, end = along[:-length], along[length:]
    inside = begin > 0
    return float(((begin == end) & inside).sum() / max(1, inside.sum()))
