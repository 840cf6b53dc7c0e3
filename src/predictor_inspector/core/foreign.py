"""Arrays of other packages as `Array`: gunpowder's, funlib's, DaCapo's, xarray's, pairs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from predictor_inspector.core.array import Array

_CHANNELS = {"c", "channel", "channels", "class", "classes", "t", "time"}
"""Names of axes, less a trailing ^, that xarrays need no coordinates along."""

_FINEST = 10**6
"""The largest subdivision of the unit that lengths of xarrays are counted in."""


def as_array(given: Any, name: str = "gt") -> Array:
    """Any array that says where it lies as an `Array` that shares its values; an `Array` as it is.

    Understood are arrays of gunpowder (with a spec), of funlib.persistence and DaCapo (with a voxel size and an offset, in
    nm unless they name one unit), xarrays with evenly spaced coordinates of voxels' centres along their spatial axes, and
    pairs of values and voxel size, ``(labels, (40, 4, 4))``, in nm, which begin at the world's origin.

    ``ValueError``, beginning with `name`, for anything else.
    """
    if isinstance(given, Array):
        return given
    if isinstance(given, tuple) and len(given) == 2 and hasattr(given[0], "shape"):
        return Array(given[0], given[1])
    if hasattr(given, "spec") and hasattr(given, "data"):
        roi, voxel_size = given.spec.roi, given.spec.voxel_size
        if roi is None or voxel_size is None:
            raise ValueError(f"{name}: a gunpowder array needs a spec with a ROI and a voxel size, got {given.spec}")
        return Array(given.data, voxel_size, roi.offset)
    if hasattr(given, "coords") and hasattr(given, "dims"):
        return _from_xarray(given, name)
    if hasattr(given, "voxel_size") and hasattr(given, "roi"):
        ndim, dims = len(given.data.shape), len(given.voxel_size)
        names = tuple(getattr(given, "axis_names", ()))
        marked = [axis_name.endswith("^") for axis_name in names]
        units = set(getattr(given, "units", ())) - {""}
        return Array(
            given.data,
            given.voxel_size,
            given.roi.offset,
            # funlib's own names where none are given, d0 …, say nothing.
            names if marked == [axis < ndim - dims for axis in range(ndim)] and "d0" not in names else None,
            units.pop() if len(units) == 1 else "nm",
        )
    raise ValueError(
        f"{name} must say how large its voxels are, which a {type(given).__module__}.{type(given).__name__} doesn't: "
        f"Array({name}, voxel_size=(…)) does, or open_array of a file"
    )


def _from_xarray(given: Any, name: str) -> Array:
    spatial = [axis for axis in given.dims if str(axis).removesuffix("^").lower() not in _CHANNELS]
    channels = [axis for axis in given.dims if axis not in spatial]
    steps, corners, units = [], [], []
    for axis in spatial:
        if axis not in given.coords or len(given.coords[axis]) < 2:
            raise ValueError(
                f"{name}: an xarray needs two or more coordinates along each spatial axis, but has fewer along {axis}; "
                f"axes without are channels if they are called {', '.join(sorted(_CHANNELS))}"
            )
        places = np.asarray(given.coords[axis], dtype=float)
        step = (places[-1] - places[0]) / (len(places) - 1)
        if step <= 0 or not np.allclose(np.diff(places), step, rtol=1e-5):
            raise ValueError(f"{name}: coordinates along {axis} must rise evenly, got {places[:4].tolist()} …")
        steps.append(step)
        corners.append(places[0] - step / 2)
        units.append(given.coords[axis].attrs.get("units", "nm"))
    if len(set(units)) > 1:
        raise ValueError(f"{name}: coordinates must be of one unit, got {', '.join(map(str, units))}")
    sizes, offset, subdivision = _counts(steps, corners, name)
    names = [*(f"{str(axis).removesuffix('^')}^" for axis in channels), *map(str, spatial)]
    return Array(given.transpose(*channels, *spatial).data, sizes, offset, names, str(units[0]), subdivision)


def _counts(steps: Sequence[float], corners: Sequence[float], name: str) -> tuple[list[int], list[int], int]:
    """Lengths in whole numbers, and the subdivision that makes them whole."""
    subdivision = 1
    while not all(_is_whole(length * subdivision) for length in (*steps, *corners)):
        subdivision *= 10
        if subdivision > _FINEST:
            raise ValueError(f"{name}: voxel size {steps} and corner {corners} have more than 6 decimals")
    return _rounded(steps, subdivision), _rounded(corners, subdivision), subdivision


def _is_whole(length: float) -> bool:
    return abs(length - round(length)) <= 1e-9 * max(1, abs(length))


def _rounded(lengths: Iterable[float], subdivision: int) -> list[int]:
    return [round(length * subdivision) for length in lengths]
