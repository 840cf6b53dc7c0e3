"""`Spot`: where the mouse points, and which voxel of a region that is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from predictor_inspector.inspection import Inspection


@dataclass(frozen=True)
class Spot:
    """A place on the canvas, in the world.

    Attributes
    ----------
    position : tuple of float
        One number per dimension of the viewer.
    direction : tuple of float or None
        Where the line of sight leads in 3-D; None in a slice, where the position is all there is.
    """

    position: tuple[float, ...]
    direction: tuple[float, ...] | None = None

    @classmethod
    def of(cls, event: Any) -> Spot:
        """Where a mouse event of napari's happened."""
        direction = None
        if len(event.dims_displayed) == 3 and event.view_direction is not None:
            direction = tuple(float(d) for d in event.view_direction)
        return cls(tuple(float(p) for p in event.position), direction)

    def in_region(self, inspection: Inspection) -> tuple[float, ...] | None:
        """The point of an inspection's ROI that is pointed at, in the unit of length; None if there is none."""
        dims, subdivision = inspection.target.dims, inspection.target.subdivision
        if len(self.position) < dims:
            return None
        position = self.position[-dims:]
        roi = inspection.roi
        begin, end = (np.array(c) / subdivision for c in (roi.begin, roi.end))
        if self.direction is not None:
            sizes = np.array(inspection.target.physical_voxel_size)
            return entry(position, self.direction[-dims:], begin, end, sizes)
        return position if all(b <= p < e for b, p, e in zip(begin, position, end, strict=True)) else None


def entry(
    position: Sequence[float], direction: Sequence[float], begin: np.ndarray, end: np.ndarray, sizes: np.ndarray
) -> tuple[float, ...] | None:
    """Where a line of sight enters a box, a hair inside it; None where it passes by.

    Parameters
    ----------
    position, direction : sequence of float
        A point of the line, and where it leads.
    begin, end : numpy.ndarray
        The box.
    sizes : numpy.ndarray
        Voxel size.
    """
    p, d = np.array(position), np.array(direction, dtype=float)
    across = np.abs(d) < 1e-12
    if ((p < begin) | (p >= end))[across].any() or across.all():
        return None
    times = np.sort(np.stack([(begin - p)[~across] / d[~across], (end - p)[~across] / d[~across]]), axis=0)
    first, last = times[0].max(), times[1].min()
    if first >= last:
        return None
    inside = np.clip(p + first * d, begin + sizes * 1e-6, end - sizes * 1e-6)
    return tuple(float(c) for c in inside)
