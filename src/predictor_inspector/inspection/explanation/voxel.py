"""One voxel of one channel of an inspection, and the ground truth around it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from predictor_inspector.core.array import Array
from predictor_inspector.core.channels import Channel
from predictor_inspector.core.predictor import Predictor
from predictor_inspector.core.text import format_roi, format_shape
from predictor_inspector.inspection.engine.run import Inspection
from predictor_inspector.inspection.engine.statistics import ChannelStatistics
from predictor_inspector.inspection.explanation.parts import BoxMark, Coordinates, Role

Index = tuple[int, ...]
Window = tuple[slice, ...]


@dataclass(frozen=True)
class Voxel:
    """One voxel of a region in one channel.

    Attributes
    ----------
    inspection : Inspection
    channel : int
        Of target and weight.
    index : tuple of int
        Its place in the ROI, in voxels.

    Raises
    ------
    ValueError
        If there is no such channel, or the voxel lies outside the ROI.
    """

    inspection: Inspection
    channel: int
    index: Index

    def __post_init__(self) -> None:
        names, shape = self.inspection.channel_names, tuple(self.inspection.target.spatial_shape)
        if not 0 <= self.channel < len(names):
            raise ValueError(f"channel must lie in 0 … {len(names) - 1}, got {self.channel}")
        if len(self.index) != len(shape) or any(not 0 <= i < n for i, n in zip(self.index, shape, strict=True)):
            raise ValueError(f"voxel must lie within the ROI's {format_shape(shape)} voxels, got {self.index}")

    @property
    def predictor(self) -> Predictor:
        """What made the value."""
        return self.inspection.request.predictor

    @property
    def described(self) -> Channel:
        """What the channel means."""
        return self.inspection.channels[self.channel]

    def parameter(self, role: str, default: Any = None) -> Any:
        """The value of the predictor's parameter that plays a role for the channel; see `Channel.roles`."""
        return self.predictor.value_of(self.described, role, default)

    @property
    def statistics(self) -> ChannelStatistics:
        """Of the channel in the whole region."""
        return self.inspection.statistics[self.channel]

    @property
    def value(self) -> float:
        """The target."""
        return float(self.inspection.target.data[(self.channel, *self.index)])

    @property
    def weight(self) -> float:
        """The weight."""
        return float(self.inspection.weight.data[(self.channel, *self.index)])

    @property
    def gt(self) -> Array:
        """The ground truth that was used, context included."""
        return self.inspection.gt

    @property
    def unit(self) -> str:
        """The unit of length."""
        return self.gt.unit

    @cached_property
    def sizes(self) -> np.ndarray:
        """Voxel size in the unit of length: float64, [axes]."""
        return np.array(self.gt.physical_voxel_size)

    @property
    def axes(self) -> tuple[str, ...]:
        """Names of the spatial axes."""
        return self.gt.spatial_axes

    @cached_property
    def at(self) -> Index:
        """Its place in the ground truth that was used, in voxels."""
        corner = (self.inspection.roi.begin - self.gt.offset) // self.gt.voxel_size
        return tuple(int(c) + i for c, i in zip(corner, self.index, strict=True))

    @cached_property
    def shape(self) -> Index:
        """Shape of the ground truth that was used, in voxels."""
        return tuple(int(n) for n in self.gt.spatial_shape)

    def within(self, at: Sequence[float] | np.ndarray) -> bool:
        """Whether a voxel lies in the ground truth that was used."""
        return all(0 <= i < n for i, n in zip(at, self.shape, strict=True))

    def centre(self, at: Sequence[float] | np.ndarray | None = None) -> np.ndarray:
        """The centre of a voxel of the ground truth (of this one by default), in the unit of length: float64, [axes]."""
        corner = np.array(self.gt.offset) / self.gt.subdivision
        centre: np.ndarray = corner + (np.array(self.at if at is None else at) + 0.5) * self.sizes
        return centre

    def box(self, at: Sequence[int], role: Role, label: str = "") -> BoxMark:
        """A voxel of the ground truth as a mark."""
        centre = self.centre(at)
        return BoxMark(point(centre - self.sizes / 2), point(centre + self.sizes / 2), role, label)

    def labels(self, window: Window, channel: int | None = None) -> np.ndarray:
        """The ids of a part of the ground truth that was used, without a channel axis.

        Parameters
        ----------
        window : tuple of slice
            The part, one slice per spatial axis; nothing else is read.
        channel : int, optional
            Of the ground truth, if it has several; by default the one that this channel is made from.
        """
        data = self.gt.data
        if self.gt.channel_dims == 1:
            source = self.described.source if channel is None else channel
            return np.asarray(data[(min(source, self.gt.shape[0] - 1), *window)])
        return np.asarray(data[window])

    def id_at(self, at: Sequence[int] | np.ndarray, channel: int | None = None) -> int:
        """The id of a voxel of the ground truth."""
        return int(self.labels(tuple(slice(i, i + 1) for i in at), channel).item())

    def known(self, window: Window) -> np.ndarray:
        """Which voxels of a part of the ground truth are annotated: boolean."""
        mask = self.inspection.mask
        if mask is None:
            return np.ones([s.stop - s.start for s in window], dtype=bool)
        values = np.asarray(mask.read(self.gt.roi_of(window)).data)
        if mask.channel_dims:
            values = values[min(self.described.mask_channel, len(values) - 1)]
        return np.asarray(values != 0)

    def is_known(self, at: Sequence[int]) -> bool:
        """Whether a voxel of the ground truth is annotated."""
        return bool(self.known(tuple(slice(i, i + 1) for i in at)).item())


def point(values: Any) -> Coordinates:
    """Coordinates as a mark holds them."""
    return tuple(float(v) for v in values)


def voxel_at(inspection: Inspection, position: Sequence[float]) -> Index | None:
    """The voxel of the ROI that a point of the world lies in, None outside.

    Parameters
    ----------
    position : sequence of float
        In the unit of length, one number per spatial axis.

    Raises
    ------
    ValueError
        If `position` has another number of axes than the inspection.
    """
    roi, target = inspection.roi, inspection.target
    if len(position) != target.dims:
        raise ValueError(
            f"position needs {target.dims} numbers, one per spatial axis of {format_roi(roi)}, got {len(position)}"
        )
    corner = np.array(roi.begin) / target.subdivision
    index = np.floor((np.asarray(position, dtype=float) - corner) / target.physical_voxel_size + 1e-9).astype(int)
    if any(not 0 <= i < n for i, n in zip(index, target.spatial_shape, strict=True)):
        return None
    return tuple(int(i) for i in index)
