"""`Sample`: raw data with their ground truth."""

from __future__ import annotations

from dataclasses import dataclass

from predictor_inspector.core.array import Array


@dataclass(frozen=True)
class Sample:
    """Raw data with everything that is known about them, all on one grid.

    Attributes
    ----------
    raw : Array
        Intensities, ``uint8``.
    labels : Array
        Ids of instances, ``uint16``; 0 is background, and what isn't annotated.
    organelles : Array, optional
        One 0/1 channel per organelle, ``uint8``, [C, Z, Y, X]; `organelle_names` says which.
    annotated : Array, optional
        1 where labels and organelles are known, ``uint8``; None if that is everywhere.
    """

    raw: Array
    labels: Array
    organelles: Array | None = None
    annotated: Array | None = None
    organelle_names: tuple[str, ...] = ()
