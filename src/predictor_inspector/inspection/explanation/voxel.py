"""One voxel of one channel of an inspection, and the ground truth around it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from predictor_inspector.core.array import Array
from predictor_inspector.core.channels import Channel
from predictor_inspector.core.predictor import Predictor
from predictor_inspector.core.text import format_roi, format_shape, length
from predictor_inspector.inspection.engine.run import Inspection
from predictor_inspector.inspection.engine.statistics import ChannelStatistics
from predictor_inspector.inspection.explanation.parts import BoxMark, Coordinates, Meaning

Index = tuple[int, ...]
Window = tuple[slice, ...]


@dataclass(frozen=True)
class Voxel:
    """One voxel of a region in one channel: `index` is its place in the ROI, in voxels.

    A ``ValueError`` if there is no such channel, or the voxel lies outside the ROI.
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
        return tuple(k.start + i for k, i in zip(self.gt.to_slices(self.inspection.roi), self.index, strict=True))

    @cached_property
    def shape(self) -> Index:
        """Shape of the ground truth that was used, in voxels."""
        return tuple(int(n) for n in self.gt.spatial_shape)

    def length(self, value: float) -> str:
        """A length with its unit."""
        return length(value, self.unit)

    def within(self, at: Iterable[float]) -> bool:
        """Whether a voxel lies in the ground truth that was used."""
        return all(0 <= i < n for i, n in zip(at, self.shape, strict=True))

    def centre(self, at: Sequence[float] | np.ndarray | None = None) -> np.ndarray:
        """The centre of a voxel of the ground truth (of this one by default), in the unit of length: float64, [axes]."""
        centre: np.ndarray = self.gt.physical_offset + (np.array(self.at if at is None else at) + 0.5) * self.sizes
        return centre

    def box(self, at: Sequence[int], meaning: Meaning, label: str = "") -> BoxMark:
        """A voxel of the ground truth as a mark."""
        centre = self.centre(at)
        return BoxMark(point(centre - self.sizes / 2), point(centre + self.sizes / 2), meaning, label)

    def labels(self, window: Window, channel: int | None = None) -> np.ndarray:
        """The ids of a part of the ground truth, without a channel axis; nothing else is read.

        Of several channels it is `channel`, by default the one that this voxel's target is made from.
        """
        source = self.described.source if channel is None else channel
        leading = (min(source, self.gt.shape[0] - 1),) if self.gt.channel_dims == 1 else ()
        return np.asarray(self.gt.data[(*leading, *window)])

    def id_at(self, at: Iterable[int], channel: int | None = None) -> int:
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

    def is_known(self, at: Iterable[int]) -> bool:
        """Whether a voxel of the ground truth is annotated."""
        return bool(self.known(tuple(slice(i, i + 1) for i in at)).item())


def point(values: Iterable[Any]) -> Coordinates:
    """Coordinates as a mark holds them."""
    return tuple(float(v) for v in values)


def voxel_at(inspection: Inspection, position: Sequence[float]) -> Index | None:
    """The voxel of the ROI at a point in the unit of length; None outside, a ``ValueError`` unless it has a number per axis."""
    target = inspection.target
    if len(position) != target.dims:
        where = format_roi(inspection.roi)
        raise ValueError(f"position needs {target.dims} numbers, one per spatial axis of {where}, got {len(position)}")
    voxels = (np.asarray(position, dtype=float) - target.physical_offset) / target.physical_voxel_size
    index = np.floor(voxels + 1e-9).astype(int).tolist()
    return tuple(index) if all(0 <= i < n for i, n in zip(index, target.spatial_shape, strict=True)) else None
