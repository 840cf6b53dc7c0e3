"""Marks: what an explanation points at, as geometry in the world that anybody can draw.

All coordinates are in the unit of length (not in counts of its subdivision), one number per spatial axis, slowest first:
what napari calls world coordinates.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from predictor_inspector.core.array import Array

Coordinates = tuple[float, ...]

Role = Literal["voxel", "yes", "no", "window", "object", "boundary", "unknown"]
"""What a mark stands for, so that whoever draws it can choose a colour: the voxel that is explained, a partner that
agrees or doesn't, the window that is looked through, the object in it, a boundary, the edge of what is known."""


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
