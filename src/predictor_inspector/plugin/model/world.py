"""`World`: a napari viewer's slice, camera and mouse in the coordinates of a ground truth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import islice, zip_longest
from typing import Any

import numpy as np
import pint

from predictor_inspector.core.array import Array


class World:
    """The conversion between a viewer's world and a ground truth's own coordinates, whose axes are the viewer's last.

    napari draws layers of different units in one world, in the smallest of their units. Where units can't be converted,
    pixels beside nanometres, it ignores all of them, and the numbers of every layer count as they are. `units` are those
    of the ground truth's axes; dimensions before them, of channels for instance, are left as they are.
    """

    def __init__(self, viewer: Any, units: Sequence[str | pint.Unit] = ()) -> None:
        self.units = tuple(units)
        self._dims, self._scene = viewer.dims, viewer.scene
        after = lengths(self._dims.units, self.units)[-self._dims.ndim :]
        self._lengths = np.concatenate([np.ones(self._dims.ndim - len(after)), after])  # per dimension of the viewer

    @classmethod
    def of(cls, viewer: Any, grid: Array) -> World:
        """In the unit of an array."""
        return cls(viewer, (grid.unit,) * grid.dims)

    @property
    def point(self) -> np.ndarray:
        """The slice shown, a number per dimension of the viewer."""
        return np.array(self._dims.point, dtype=float) * self._lengths

    @property
    def center(self) -> np.ndarray:
        """The middle of the canvas, along the displayed dimensions."""
        shown = list(self._dims.displayed)
        return np.array(self._scene.camera.center[-len(shown) :], dtype=float) * self._lengths[shown]

    @property
    def pixel(self) -> np.ndarray:
        """How long a pixel of the canvas is along each displayed dimension."""
        return self._lengths[list(self._dims.displayed)] / float(self._scene.camera.zoom)

    def show_slice(self, point: Mapping[int, float]) -> None:
        """Go to these positions along these dimensions."""
        if point:
            self._dims.set_point(list(point), [float(at / self._lengths[dim]) for dim, at in point.items()])

    def look_at(self, center: Sequence[float] | np.ndarray, pixel: float | None = None) -> None:
        """Move the camera to a point of the displayed dimensions; with `pixel`, zoom until a pixel is so long."""
        camera, shown = self._scene.camera, list(self._dims.displayed)
        middle = np.array(center, dtype=float) / self._lengths[shown[-len(center) :]]
        # The camera has three coordinates, the displayed ones last.
        camera.center = (*camera.center[: 3 - len(middle)], *middle.tolist())
        if pixel is not None:
            camera.zoom = float(self._lengths[shown][-1] / pixel)


def lengths(world: Sequence[pint.Unit] | None, units: Sequence[str | pint.Unit]) -> np.ndarray:
    """How long a unit of the world is in these units of the last axes, as `World` has it."""
    aligned = zip_longest(reversed(world or ()), reversed(units))
    return np.array([_length(unit, own) for unit, own in islice(aligned, len(units))][::-1], dtype=float)


@lru_cache(maxsize=256)
def _length(unit: pint.Unit | None, own: str | pint.Unit) -> float:
    """How long a unit of the world is in another; 1 where it can't be converted."""
    if unit is None:
        return 1.0
    try:
        length = pint.get_application_registry().convert(1.0, unit, own)
    except pint.DimensionalityError:
        return 1.0
    # Free of the factors' rounding errors: a micrometre is 1000 nm, not 999.9999999999999.
    return float(f"{length:.12g}")
