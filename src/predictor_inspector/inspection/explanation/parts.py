"""What the explanations of a target and of a weight are put together from."""

from __future__ import annotations

from dataclasses import dataclass

from predictor_inspector.inspection.explanation.marks import Mark


@dataclass(frozen=True)
class Curve:
    """A function that the value was read off, with the point where that was.

    Attributes
    ----------
    x, y : tuple of float
        The function, at as many places as it takes to draw it.
    marker : tuple of float
        The x and y of the voxel that is explained.
    x_label, y_label : str
        What is on the axes, with units.
    """

    x: tuple[float, ...]
    y: tuple[float, ...]
    marker: tuple[float, float]
    x_label: str
    y_label: str


@dataclass(frozen=True)
class TargetPart:
    """Why a target is what it is.

    Attributes
    ----------
    sentence : str
        The reason, in one plain sentence.
    steps : tuple of str
        The arithmetic, line by line.
    derived : float or None
        What the arithmetic comes to; None where it is not retraced.
    marks : tuple of Mark
        What the reason points at.
    curve : Curve or None
        The function that made the last step, if one did.
    """

    sentence: str
    steps: tuple[str, ...] = ()
    derived: float | None = None
    marks: tuple[Mark, ...] = ()
    curve: Curve | None = None


@dataclass(frozen=True)
class WeightPart:
    """Why a weight is what it is; attributes as in `TargetPart`."""

    steps: tuple[str, ...]
    derived: float | None = None
    marks: tuple[Mark, ...] = ()
