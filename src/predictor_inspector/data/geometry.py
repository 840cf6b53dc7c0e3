"""`Geometry`: an array's grid in whole numbers, before there is an array."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, SupportsFloat

from predictor_inspector.core.array import Array, spatial_axis_names
from predictor_inspector.data.lengths import exact, whole_lengths
from predictor_inspector.data.units import PIXEL, short_unit, unit_factor


@dataclass(frozen=True)
class Geometry:
    """Everything about an `Array` but its values; see there."""

    voxel_size: tuple[int, ...]
    offset: tuple[int, ...]
    subdivision: int
    unit: str
    axis_names: tuple[str, ...]

    def array(self, data: Any) -> Array:
        """`data` on this grid."""
        return Array(data, self.voxel_size, self.offset, self.axis_names, self.unit, self.subdivision)

    @property
    def physical_voxel_size(self) -> tuple[float, ...]:
        """Voxel size in `unit`, per spatial axis."""
        return tuple(v / self.subdivision for v in self.voxel_size)

    @property
    def physical_offset(self) -> tuple[float, ...]:
        """Corner of the first voxel in `unit`, per spatial axis."""
        return tuple(o / self.subdivision for o in self.offset)


def make_geometry(
    axis_names: Sequence[str],
    voxel_size: Sequence[SupportsFloat | Fraction],
    *,
    corner: Sequence[SupportsFloat | Fraction] | None = None,
    centre: Sequence[SupportsFloat | Fraction] | None = None,
    units: Sequence[object] = (),
    source: str,
) -> Geometry:
    """The grid that a file or layer describes.

    Parameters
    ----------
    axis_names : sequence of str
        One per axis of the data; those of channel axes end in ``^`` and come first.
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
        axis_names=axis_names[len(axis_names) - len(voxel_size) :],
    )
    return Geometry(size, offset, subdivision, names[0], tuple(axis_names))


def pixel_geometry(axis_names: Sequence[str], dims: int, source: str) -> Geometry:
    """The grid of data that come without any geometry: pixels, the first of which has its centre at 0, as in napari."""
    return make_geometry(axis_names, [1] * dims, centre=[0] * dims, source=source)


def default_axis_names(ndim: int, dims: int) -> tuple[str, ...]:
    """``c^`` (``c0^, c1^, …`` if several) and the last `dims` of ``z, y, x``."""
    channels = ndim - dims
    leading = ("c^",) if channels == 1 else tuple(f"c{i}^" for i in range(channels))
    return leading + spatial_axis_names(dims)


def _scaled(value: SupportsFloat | Fraction, factor: Fraction) -> SupportsFloat | Fraction:
    finite = float(value) - float(value) == 0
    return exact(value) * factor if finite else value
