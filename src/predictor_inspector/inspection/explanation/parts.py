"""Reasons, curves and marks: what an explanation is made of.

Marks are geometry in the world that a viewer can draw. Their coordinates are in the unit of length (not in counts of its
subdivision), one number per spatial axis, slowest first: napari's world coordinates.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from predictor_inspector.core.array import Array

Coordinates = tuple[float, ...]

Meaning = Literal["voxel", "yes", "no", "window", "object", "boundary", "unknown"]
"""What a mark stands for, and so its colour: the voxel that is explained, a partner of the same object or of another, a
window, the object in it, a boundary, the edge of what is known."""


@dataclass(frozen=True)
class _FromTo:
    begin: Coordinates
    end: Coordinates
    meaning: Meaning
    label: str = ""


class Arrow(_FromTo):
    """From one place to another."""


class Line(_FromTo):
    """A length between two places."""


class BoxMark(_FromTo):
    """An upright box, by the corners where it begins and ends."""


@dataclass(frozen=True)
class Point:
    """A place."""

    position: Coordinates
    meaning: Meaning
    label: str = ""


@dataclass(frozen=True)
class Ellipsoid:
    """One standard deviation around a centre: the x with (x - centre)ᵀ covariance⁻¹ (x - centre) = 1."""

    centre: Coordinates
    covariance: tuple[Coordinates, ...]
    meaning: Meaning
    label: str = ""


@dataclass(frozen=True)
class VoxelMark:
    """The voxels where a boolean array without channels is true."""

    mask: Array
    meaning: Meaning
    label: str = ""


Mark = Arrow | Line | Point | BoxMark | Ellipsoid | VoxelMark


@dataclass(frozen=True)
class Curve:
    """The function that gave a value; `marker` is the point of the explained voxel, labels have units."""

    x: tuple[float, ...]
    y: tuple[float, ...]
    marker: tuple[float, float]
    x_label: str
    y_label: str


@dataclass(frozen=True)
class Reason:
    """Why a target or a weight is what it is.

    `steps` are the arithmetic, line by line, and `derived` its result, None where it isn't retraced. `sentence` is the reason
    in one plain sentence with ids, numbers and units, needed for a target. `curve` is the function of the last step, if it is
    one to draw.
    """

    steps: tuple[str, ...]
    derived: float | None = None
    marks: tuple[Mark, ...] = ()
    sentence: str = ""
    curve: Curve | None = None
