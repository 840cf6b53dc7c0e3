"""Arrays from the voxel sizes, positions and units that files and layers give."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any, SupportsFloat

from predictor_inspector.core.array import Array, spatial_axis_names
from predictor_inspector.data.lengths import exact, whole_lengths
from predictor_inspector.data.units import PIXEL, short_unit, unit_factor


def make_array(
    data: Any,
    axis_names: Sequence[str] | None,
    voxel_size: Sequence[SupportsFloat | Fraction],
    *,
    corner: Sequence[SupportsFloat | Fraction] | None = None,
    centre: Sequence[SupportsFloat | Fraction] | None = None,
    units: Sequence[object] = (),
    source: str,
) -> Array:
    """`data` on the grid that a file or layer describes.

    Parameters
    ----------
    data : array
        Sliced lazily; nothing is read.
    axis_names : sequence of str or None
        One per axis of the data; those of channel axes end in ``^`` and come first. None: as by default in `Array`.
    voxel_size, corner, centre : sequence of float
        See `whole_lengths`; one number per spatial axis, each in that axis's unit.
    units : sequence
        One per spatial axis; where they differ, everything is converted to the first. None at all means pixels.
    source : str
        The file or layer, for errors.

    Raises
    ------
    ValueError
        As `whole_lengths`, `short_unit` and `unit_factor`; the message begins with `source`.
    """
    names = [short_unit(unit, source) for unit in units] or [PIXEL] * len(voxel_size)
    factors = [unit_factor(name, names[0], source) for name in names]
    if len(factors) != len(voxel_size):
        raise ValueError(f"{source}: there are {len(factors)} units, but {len(voxel_size)} spatial axes")

    def converted(values: Sequence[SupportsFloat | Fraction] | None) -> Sequence[SupportsFloat | Fraction] | None:
        if values is None or set(factors) == {1} or len(values) != len(factors):
            return values
        return [_scaled(value, factor) for value, factor in zip(values, factors, strict=True)]

    size, offset, subdivision = whole_lengths(
        converted(voxel_size) or (),
        corner=converted(corner),
        centre=converted(centre),
        source=source,
        axis_names=(axis_names or spatial_axis_names(len(voxel_size)))[-len(voxel_size) :],
    )
    return Array(data, size, offset, axis_names, names[0], subdivision)


def pixel_array(data: Any, dims: int, axis_names: Sequence[str] | None = None) -> Array:
    """Data that come without any geometry: in pixels, the first of which has its centre at 0, as in napari.

    Parameters
    ----------
    data : array
        Sliced lazily; nothing is read.
    dims : int
        How many of its last axes are spatial.
    axis_names : sequence of str, optional
        By default those of `Array`.
    """
    return make_array(data, axis_names, [1] * dims, centre=[0] * dims, source="pixels")


def _scaled(value: SupportsFloat | Fraction, factor: Fraction) -> SupportsFloat | Fraction:
    finite = float(value) - float(value) == 0
    return exact(value) * factor if finite else value
