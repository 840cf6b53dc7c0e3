"""`suggest`: parameters that suit the objects in view, with the reason in a sentence."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np

from predictor_inspector.core import AffinitiesPredictor
from predictor_inspector.core.ops.regions import pairs
from predictor_inspector.core.predictor import Predictor
from predictor_inspector.core.predictors.boundaries import BoundaryPredictor, rounded
from predictor_inspector.core.text import listed, percent
from predictor_inspector.inspection.engine.run import Inspection, Progress
from predictor_inspector.inspection.findings.scale import sigma_for, thickness_in
from predictor_inspector.inspection.findings.subject import Subject

WITHIN = 0.5
"""Share of the pairs that begin in an object and end in it too, for the longest offset that is suggested."""

LENGTHS = (1, 2, 3, 4, 6, 9, 13, 18, 27)
"""Offsets that are tried along each axis, in voxels."""

FARTHEST = 64
"""Distances to boundaries count up to so many voxels; thicker objects are taken for so thick."""


@dataclass(frozen=True)
class Suggestion:
    """One parameter's value that suits the objects in view.

    Attributes
    ----------
    parameter : str
        The predictor's parameter.
    value : object
        As `predictor_from_config` and `dataclasses.replace` take it.
    reason : str
        Why, in a sentence.
    """

    parameter: str
    value: Any
    reason: str


def suggest(predictor: Predictor, inspection: Inspection, progress: Progress | None = None) -> tuple[Suggestion, ...]:
    """Values for those parameters of a predictor that depend on how large objects are.

    Parameters
    ----------
    predictor : Predictor
        Whose parameters; those that have the suggested value already are left out.
    inspection : Inspection
        Of the region whose objects count, by any predictor.
    progress : callable, optional
        Called with a step's name and the fraction of it that is done. What it raises ends the work.

    Returns
    -------
    tuple of Suggestion
        Empty if there are hardly any objects, or the predictor doesn't depend on their size.
    """
    return suggest_for(predictor, Subject(inspection, progress))


def suggest_for(predictor: Predictor, subject: Subject) -> tuple[Suggestion, ...]:
    """As `suggest`, for whoever derives more from the same `Subject`."""
    if isinstance(predictor, BoundaryPredictor):
        made = list(_scale_factor(subject))
    elif isinstance(predictor, AffinitiesPredictor) and predictor.dims == subject.inspection.gt.dims:
        made = [*_neighborhood(subject), *(_sigma(subject) if predictor.lsds else ())]
    else:
        made = []
    return tuple(s for s in made if getattr(predictor, s.parameter) != s.value)


def _scale_factor(subject: Subject) -> Iterator[Suggestion]:
    """About the radius of the objects, but no less than two voxels: the target is to have a slope."""
    size = max(subject.inspection.gt.physical_voxel_size)
    radius = thickness_in(subject, FARTHEST * size)
    if radius is not None:
        value = rounded(max(radius, 2 * size))
        why = f"Objects here are about {subject.length(2 * radius)} thick"
        if radius < 2 * size:
            yield Suggestion("scale_factor", value, f"{why}, little more than a voxel: two voxels still make a slope.")
        else:
            yield Suggestion(
                "scale_factor", value, f"{why}; with half of that, targets reach 0.76 in the middle of such an object."
            )


def _sigma(subject: Subject) -> Iterator[Suggestion]:
    """Half the half-thickness, so that a window of 2 σ reaches from the middle of an object to its boundary."""
    size = max(subject.inspection.gt.physical_voxel_size)
    radius = thickness_in(subject, FARTHEST * size)
    if radius is not None:
        value = sigma_for(radius, size)
        yield Suggestion(
            "num_voxels",
            value,
            f"Objects here are about {subject.length(2 * radius)} thick; with σ = {subject.length(value * size)} "
            + ("a window reaches" if 2 * value * size < 3 * radius else "even the smallest window reaches")
            + " from their middle to their boundary.",
        )


def _neighborhood(subject: Subject) -> Iterator[Suggestion]:
    """Nearest neighbours, and per axis the longest offset of which half the pairs stay inside, with one between."""
    labels = subject.labels[0]
    if not (labels > 0).any():
        return
    groups: tuple[list[tuple[int, ...]], ...] = ([], [], [])
    axes = [name.removesuffix("^") for name in subject.inspection.gt.axis_names[subject.inspection.gt.channel_dims :]]
    for axis, name in enumerate(axes):
        shares = {length: _share_within(labels, axis, length) for length in LENGTHS if length < labels.shape[axis]}
        long = max((length for length, part in shares.items() if part >= WITHIN), default=1)
        steps = sorted({1, round(sqrt(long)), long})
        for group, step in zip(groups, steps, strict=False):
            group.append(tuple(step if a == axis else 0 for a in range(len(axes))))
        if long > 1:
            text = f"{percent(shares[long])} of the pairs {long} voxels apart along {name}"
        else:
            text = f"hardly a pair more than a voxel apart along {name}"
        axes[axis] = text
    yield Suggestion(
        "neighborhood",
        tuple(offset for group in groups for offset in group),
        f"Nearest neighbours show where boundaries are, longer offsets what belongs together; {listed(axes)} still end in the "
        "object that they begin in.",
    )


def _share_within(labels: np.ndarray, axis: int, length: int) -> float:
    """Of the pairs so many voxels apart that begin in an object, the share that end in the same one."""
    offset = [length if a == axis else 0 for a in range(labels.ndim)]
    found = pairs(offset, labels.shape, tuple(slice(0, n) for n in labels.shape))
    if found is None:
        return 0.0
    here, there, _ = found
    inside = labels[here] > 0
    return float(((labels[here] == labels[there]) & inside).sum() / max(1, inside.sum()))
