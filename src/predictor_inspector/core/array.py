"""Arrays: values on a regular grid in world coordinates."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import isfinite
from typing import Any

import numpy as np
import torch
from funlib.geometry import Coordinate, Roi

from predictor_inspector.core.about import NOTHING, About
from predictor_inspector.core.html import html_facts, html_titled
from predictor_inspector.core.labels import as_tensor
from predictor_inspector.core.text import format_region, format_roi, format_shape


def spatial_axis_names(dims: int) -> tuple[str, ...]:
    """Names of `dims` spatial axes, slowest first: ``("y", "x")``, ``("z", "y", "x")``; ``d0, d1, …`` beyond three."""
    return ("z", "y", "x")[3 - dims :] if 1 <= dims <= 3 else tuple(f"d{d}" for d in range(dims))


def whole_numbers(values: Iterable[Any], name: str) -> Coordinate:
    """`values` as a `Coordinate`; a ``ValueError`` for fractions, which its constructor would cut off."""
    try:
        numbers = tuple(values)
    except TypeError:
        raise ValueError(f"{name} must be a sequence of whole numbers, got {values!r}") from None
    for value in numbers:
        if not isfinite(value) or value != int(value):
            raise ValueError(
                f"{name} must hold whole numbers, got {value} in {numbers}; count in fractions of the unit instead: "
                "with subdivision=100, 5.24 nm is 524"
            )
    return Coordinate(int(v) for v in numbers)


@dataclass
class ArraySpec:
    """What an array covers, without its values; predictors accept gunpowder's as well.

    `roi` (begin and shape) and `voxel_size` (per spatial axis) are integers that count 1/`subdivision` of `unit`, which is
    ``"pixel"`` where there is no physical one.
    """

    roi: Roi
    voxel_size: Coordinate
    unit: str = "nm"
    subdivision: int = 1

    def __post_init__(self) -> None:
        self.voxel_size = whole_numbers(self.voxel_size, "voxel_size")
        if min(self.voxel_size, default=1) <= 0:
            raise ValueError(f"voxel_size must be positive on every axis, got {tuple(self.voxel_size)}")

    def copy(self) -> ArraySpec:
        """An independent copy."""
        return replace(self, roi=self.roi.copy())


class Array:
    """Values on a regular grid: channel axes first, then spatial ones, slowest first ([C, Z, Y, X], [Y, X], …).

    Parameters
    ----------
    data : torch.Tensor, numpy.ndarray or lazily sliced array
        Anything with ``shape``, ``dtype`` and slicing; a zarr array is read only where a ROI asks for it.
    voxel_size : sequence of int
        Positive, in counts of 1/`subdivision` of `unit` like all coordinates; one number per spatial axis. Axes of `data`
        beyond those are channel axes.
    offset : sequence of int, optional
        Corner of the first voxel and origin of the grid: every ROI that is read must lie a whole number of voxels from it.
        The world's origin by default.
    axis_names : sequence of str, optional
        One per axis of `data`; channel axes end in ``^``. By default ``c^`` and the last of ``z, y, x``.
    about : About
        What is known of the array beyond that.

    Raises
    ------
    ValueError
        If a size is not positive, a number not whole, or lengths don't match; the message names the argument.
    """

    def __init__(
        self,
        data: Any,
        voxel_size: Iterable[int],
        offset: Iterable[int] | None = None,
        axis_names: Sequence[str] | None = None,
        unit: str = "nm",
        subdivision: int = 1,
        about: About = NOTHING,
    ) -> None:
        self.data, self.about = data, about
        self.voxel_size = whole_numbers(voxel_size, "voxel_size")
        dims, ndim = self.voxel_size.dims, len(data.shape)
        if dims == 0 or dims > ndim:
            raise ValueError(
                f"voxel_size has {dims} numbers, but data of shape {tuple(data.shape)} can have 1 to {ndim} spatial axes"
            )
        if min(self.voxel_size) <= 0:
            raise ValueError(f"voxel_size must be positive on every axis, got {tuple(self.voxel_size)}")
        self.offset = whole_numbers(offset, "offset") if offset is not None else Coordinate((0,) * dims)
        if self.offset.dims != dims:
            raise ValueError(
                f"offset needs {dims} numbers like voxel_size, got {self.offset.dims}: {tuple(self.offset)}"
            )
        if subdivision < 1 or subdivision != int(subdivision):
            raise ValueError(f"subdivision must be a whole number of at least 1, got {subdivision}")
        self.unit, self.subdivision = unit, int(subdivision)
        channels = ndim - dims
        if axis_names is None:
            leading = ["c^"] if channels == 1 else [f"c{i}^" for i in range(channels)]
            axis_names = [*leading, *spatial_axis_names(dims)]
        self.axis_names = names = tuple(axis_names)
        if len(names) != ndim:
            raise ValueError(f"axis_names needs {ndim} names, one per axis of the data, got {len(names)}: {names}")
        if any(name.endswith("^") != (axis < channels) for axis, name in enumerate(names)):
            raise ValueError(
                f"axis_names must mark the first {channels} of its {ndim} names as channels (with a trailing '^') and no "
                f"others, since voxel_size has {dims} numbers; got {names}"
            )

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the data in voxels, channel axes included."""
        return tuple(int(n) for n in self.data.shape)

    @property
    def dtype(self) -> Any:
        """Type of the values: torch's or numpy's, as of `data`."""
        return self.data.dtype

    @property
    def dims(self) -> int:
        """Number of spatial axes."""
        return self.voxel_size.dims

    @property
    def channel_dims(self) -> int:
        """Number of channel axes, which come first."""
        return len(self.data.shape) - self.dims

    @property
    def spatial_axes(self) -> tuple[str, ...]:
        """Names of the spatial axes."""
        return self.axis_names[self.channel_dims :]

    @property
    def spatial_shape(self) -> Coordinate:
        """Shape of the spatial axes, in voxels."""
        return Coordinate(self.shape[self.channel_dims :])

    @property
    def roi(self) -> Roi:
        """What the array covers, in world coordinates."""
        return Roi(self.offset, self.spatial_shape * self.voxel_size)

    @property
    def spec(self) -> ArraySpec:
        """ROI, voxel size and unit, without the values."""
        return ArraySpec(self.roi, self.voxel_size, self.unit, self.subdivision)

    @property
    def physical_voxel_size(self) -> tuple[float, ...]:
        """Voxel size in `unit`, per spatial axis."""
        return tuple(v / self.subdivision for v in self.voxel_size)

    @property
    def physical_offset(self) -> tuple[float, ...]:
        """Corner of the first voxel in `unit`, per spatial axis."""
        return tuple(o / self.subdivision for o in self.offset)

    @property
    def device(self) -> torch.device:
        """The device of the values; the CPU for anything but a tensor."""
        return self.data.device if isinstance(self.data, torch.Tensor) else torch.device("cpu")

    @property
    def axes_text(self) -> str:
        """The axes and their lengths in words: ``"channel: 2, y: 30, x: 40"``."""
        words = {"c^": "channel", "t^": "time"}
        return ", ".join(
            f"{words.get(name, name.removesuffix('^'))}: {n}"
            for name, n in zip(self.axis_names, self.shape, strict=True)
        )

    @property
    def size_text(self) -> str:
        """The spatial size in words: ``"30 × 128 × 128 voxels of 5.24 × 4 × 4 nm"``."""
        return f"{format_shape(self.spatial_shape)} voxels of {format_shape(self.physical_voxel_size)} {self.unit}"

    def __repr__(self) -> str:
        axes = ", ".join(f"{name}: {n}" for name, n in zip(self.axis_names, self.shape, strict=True))
        size = " x ".join(f"{v:g}" for v in self.physical_voxel_size)
        doubts = "".join(f"; doubtful: {doubt}" for doubt in self.about.doubts)
        return f"Array({axes}; {self.dtype}; {size} {self.unit}; roi {format_roi(self.roi)}{doubts})"

    def _repr_html_(self) -> str:
        in_memory = isinstance(self.data, (torch.Tensor, np.ndarray))
        known = [
            ("axes", self.axes_text),
            (
                "values",
                f"{str(self.dtype).removeprefix('torch.')}, {'in memory' if in_memory else 'read where asked for'}",
            ),
            ("voxel size", f"{format_shape(self.physical_voxel_size)} {self.unit}"),
            ("covers", format_region(self.roi, self)),
            *(("", sentence) for sentence in self.about.sentences),
        ]
        return html_titled("Array", html_facts(known))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        values = self.numpy()
        return values if dtype is None else values.astype(dtype)

    def like(
        self,
        data: Any,
        axis_names: Sequence[str] | None = None,
        offset: Iterable[int] | None = None,
        about: About | None = None,
    ) -> Array:
        """Other values on this array's grid; `offset` and `about` default to this array's."""
        offset, about = self.offset if offset is None else offset, self.about if about is None else about
        return Array(data, self.voxel_size, offset, axis_names, self.unit, self.subdivision, about)

    def numpy(self) -> np.ndarray:
        """All values as a numpy array, read, or copied from the GPU, if need be."""
        if isinstance(self.data, torch.Tensor):
            return self.data.detach().cpu().numpy()
        return np.asarray(self.data[...])

    def to(self, device: torch.device | str) -> Array:
        """The same array with its values as a tensor on `device`."""
        data = self.data if isinstance(self.data, torch.Tensor) else self.numpy()
        return self.like(as_tensor(data, device), self.axis_names)

    def to_slices(self, roi: Roi) -> tuple[slice, ...]:
        """The voxels of `roi` as slices of the spatial axes, which may reach beyond the data.

        ``ValueError`` if `roi` is of another dimension, empty, or not on the voxel grid.
        """
        if roi.dims != self.dims:
            raise ValueError(f"roi has {roi.dims} dimensions, but the array has {self.dims}: {self.axis_names}")
        if roi.empty:
            raise ValueError(f"roi {format_roi(roi)} is empty; its end must lie beyond its begin on every axis")
        # Plain numbers: Coordinates take longer than small regions take to read.
        spans = [
            (int(b - o), int(n), int(v))
            for b, n, o, v in zip(roi.begin, roi.shape, self.offset, self.voxel_size, strict=True)
        ]
        if any(begin % size or length % size for begin, length, size in spans):
            raise ValueError(
                f"roi {format_roi(roi)} doesn't lie on the voxel grid, which starts at {tuple(self.offset)} with voxels of "
                f"{tuple(self.voxel_size)}; snap it with array.snap(roi)"
            )
        return tuple(slice(begin // size, (begin + length) // size) for begin, length, size in spans)

    def snap(self, roi: Roi, mode: str = "grow") -> Roi:
        """`roi` moved to this array's voxel grid: ``"grow"``, ``"shrink"`` or to the ``"closest"`` voxels."""
        return (roi - self.offset).snap_to_grid(self.voxel_size, mode=mode) + self.offset

    def roi_of(self, slices: Sequence[slice]) -> Roi:
        """The world ROI of voxels given by their indices: the inverse of `to_slices`."""
        begin = self.offset + self.voxel_size * Coordinate(s.start for s in slices)
        return Roi(begin, self.voxel_size * Coordinate(s.stop - s.start for s in slices))

    def shape_of(self, roi: Roi) -> tuple[int, ...]:
        """The shape of `roi` in voxels of this array."""
        return tuple(int(n) for n in roi.shape // self.voxel_size)

    def __getitem__(self, roi: Roi) -> Array:
        """The part of the array in `roi`; ``ValueError`` as `to_slices`, and if `roi` reaches beyond the data."""
        slices = self.to_slices(roi)
        if not self._holds(slices):
            raise ValueError(f"roi {format_roi(roi)} reaches beyond the data, which covers {format_roi(self.roi)}")
        return self._part(slices, roi)

    def _holds(self, slices: Sequence[slice]) -> bool:
        spans = zip(slices, self.spatial_shape, strict=True)
        return all(s.start >= 0 and s.stop <= length for s, length in spans)

    def _part(self, slices: tuple[slice, ...], roi: Roi) -> Array:
        part = self.data[(slice(None),) * self.channel_dims + slices]
        if not isinstance(part, torch.Tensor):
            part = np.asarray(part)
        return self.like(part, self.axis_names, roi.begin)

    def read(self, roi: Roi, fill: float = 0) -> Array:
        """The part of the array in `roi`, with `fill` where that reaches beyond the data."""
        slices = self.to_slices(roi)
        if self._holds(slices):
            return self._part(slices, roi)
        shape = self.shape[: self.channel_dims] + self.shape_of(roi)
        inside = self.roi.intersect(roi)
        known = None if inside.empty else self[inside].data
        if isinstance(self.data, torch.Tensor):
            data: Any = torch.full(shape, fill, dtype=self.data.dtype, device=self.data.device)
        else:
            data = np.full(shape, fill, dtype=self.data.dtype if known is None else known.dtype)
        result = self.like(data, self.axis_names, roi.begin)
        if known is not None:
            data[(slice(None),) * self.channel_dims + result.to_slices(inside)] = known
        return result

    def select(self, axis: str, index: int) -> Array:
        """The array at one position of a channel axis, without that axis; nothing is read."""
        position = self.axis_names.index(axis) if axis in self.axis_names else -1
        if not 0 <= position < self.channel_dims:
            raise ValueError(
                f"axis must be one of the channel axes {self.axis_names[: self.channel_dims]}, got {axis!r}"
            )
        if not 0 <= index < self.shape[position]:
            raise ValueError(f"index on axis {axis} must lie in 0 … {self.shape[position] - 1}, got {index}")
        names = self.axis_names[:position] + self.axis_names[position + 1 :]
        if isinstance(self.data, torch.Tensor):
            return self.like(self.data.select(position, index), names)
        return self.like(_Selected(self.data, position, index), names)


class _Selected:
    """A lazily sliced array with one of its axes fixed."""

    def __init__(self, data: Any, axis: int, index: int) -> None:
        self._data, self._axis, self._index = data, axis, index
        self.shape = tuple(data.shape[:axis]) + tuple(data.shape[axis + 1 :])
        self.dtype = data.dtype

    def __getitem__(self, key: Any) -> Any:
        if key is Ellipsis:
            key = (slice(None),) * len(self.shape)
        return self._data[(*key[: self._axis], self._index, *key[self._axis :])]
