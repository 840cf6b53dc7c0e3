"""Reasons, curves and marks: what an explanation is made of.

Marks are geometry in the world that a viewer can draw. Their coordinates are in the unit of length (not in counts of its
subdivision), one number per spatial axis, slowest first: napari's world coordinates.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from predictor_inspector.core.array import Array

Coordinates = tuple[float, ...]

Role = Literal["voxel", "yes", "no", "window", "object", "boundary", "unknown"]
"""What a mark stands for, and so its colour: the voxel that is explained, a partner of the same object or of another, a
window, the object in it, a boundary, the edge of what is known."""


@dataclass(frozen=True)
class Arrow:
    """From one place to another."""

    begin: Coordinates
    end: Coordinates
    role: Role
    label: str = ""


@dataclass(frozen=True)
class Line:
    """A length between two places."""

    begin: Coordinates
    end: Coordinates
    role: Role
    label: str = ""


@dataclass(frozen=True)
class Point:
    """A place."""

    position: Coordinates
    role: Role
    label: str = ""


@dataclass(frozen=True)
class BoxMark:
    """An upright box, by the corners where it begins and ends."""

    begin: Coordinates
    end: Coordinates
    role: Role
    label: str = ""


@dataclass(frozen=True)
class Ellipsoid:
    """One standard deviation around a centre: the x with (x - centre)ᵀ covariance⁻¹ (x - centre) = 1."""

    centre: Coordinates
    covariance: tuple[Coordinates, ...]
    role: Role
    label: str = ""


@dataclass(frozen=True)
class VoxelSet:
    """The voxels where a boolean array without channels is true."""

    mask: Array
    role: Role
    label: str = ""


Mark = Arrow | Line | Point | BoxMark | Ellipsoid | VoxelSet


@dataclass(frozen=True)
class Curve:
    """The function that gave a value, and the point on it.

    Attributes
    ----------
    x, y : tuple of float
        The function.
    marker : tuple of float
        x and y of the voxel that is explained.
    x_label, y_label : str
        What is on the axes, with units.
    """

    x: tuple[float, ...]
    y: tuple[float, ...]
    marker: tuple[float, float]
    x_label: str
    y_label: str


@dataclass(frozen=True)
class Reason:
    """Why a target or a weight is what it is.

    Attributes
    ----------
    steps : tuple of str
        The arithmetic, line by line.
    derived : float or None
        What the arithmetic comes to; None where it isn't retraced.
    marks : tuple of Mark
        What to draw.
    sentence : str
        The reason in one plain sentence; needed for a target.
    curve : Curve or None
        The function that made the last step, if one did.
    """

    steps: tuple[str, ...]
    derived: float | None = None
    marks: tuple[Mark, ...] = ()
    sentence: str = ""
    curve: Curve | None = None
