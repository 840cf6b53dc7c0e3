"""Findings of checks: severity, message, advice, and the voxels that they are about."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any, Literal

import numpy as np
from funlib.geometry import Roi

from predictor_inspector.core.array import Array
from predictor_inspector.core.text import counted, format_region, format_voxel
from predictor_inspector.data.repair import Repair

Severity = Literal["error", "warning", "info"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")
"""An error: the network is trained on something wrong. A warning: probably not what is wanted. Info: good to know."""

_COLOURS = dict(zip(SEVERITIES, ("#d64541", "#c98a00", "#3b7fc4"), strict=True))  # seen on light and on dark


@dataclass(frozen=True, eq=False)
class VoxelSet:
    """Some voxels: the smallest box around them, `roi`, their number, and a mask of them; `grid` has their grid."""

    roi: Roi
    voxels: int
    grid: Array = field(repr=False)
    _packed: np.ndarray | None = field(default=None, repr=False)

    @classmethod
    def box(cls, roi: Roi, grid: Array) -> VoxelSet:
        """All voxels of a ROI."""
        return cls(roi, math.prod(grid.shape_of(roi)), _grid_of(grid))

    @classmethod
    def of(cls, flags: np.ndarray, grid: Array, begin: Sequence[int]) -> VoxelSet | None:
        """The voxels that are True in `flags`, [(…,) Z, Y, X], in any channel, from `begin` on; None if there are none."""
        flags = np.asarray(flags.any(axis=tuple(range(flags.ndim - grid.dims))))
        voxels = int(np.count_nonzero(flags))
        if voxels == 0:
            return None
        axes = range(flags.ndim)
        along = [np.flatnonzero(flags.any(axis=tuple(a for a in axes if a != axis))) for axis in axes]
        box = tuple(slice(int(a[0]), int(a[-1]) + 1) for a in along)
        grid, part = _grid_of(grid, begin), flags[box]
        # One bit per voxel: a list of findings may hold many places in large volumes.
        return cls(grid.roi_of(box), voxels, grid, None if voxels == part.size else np.packbits(part))

    @property
    def mask(self) -> Array:
        """The voxels: boolean, on `roi`."""
        shape = self.grid.shape_of(self.roi)
        if self._packed is None:
            flags = np.ones(shape, dtype=bool)
        else:
            flags = np.unpackbits(self._packed, count=math.prod(shape)).view(bool).reshape(shape)
        return self.grid.like(flags, self.grid.axis_names, self.roi.begin)

    def place(self, gt: Array) -> str:
        """Where they lie in all of the ground truth, `gt`, in its voxels and in the world: of several, the box around them.

        What lies on another grid, that of a mask, is told in its voxels.
        """
        alike = (gt.unit, gt.subdivision, gt.voxel_size) == (
            self.grid.unit,
            self.grid.subdivision,
            self.grid.voxel_size,
        )
        grid = gt if alike else self.grid
        if self.voxels > 1:
            return format_region(self.roi, grid)
        return format_voxel([c / grid.subdivision for c in self.roi.center], grid)

    def as_dict(self) -> dict[str, Any]:
        """Begin and end in the array's unit, and the number of voxels."""
        sub = self.grid.subdivision
        corners = {name: [plain(int(c) / sub) for c in getattr(self.roi, name)] for name in ("begin", "end")}
        return {**corners, "voxels": self.voxels}


@dataclass(frozen=True)
class Kind:
    """One kind of finding: an identifier that never changes, a sentence of its meaning, and one of what can be done."""

    id: str
    meaning: str
    remedy: str


@dataclass(frozen=True)
class Cure:
    """A change that mends what a finding is about: what a button says, and what it sets.

    `parameters` are the predictor's; `settings` are those of a `Request`, ``"outside"``, ``"balance_over"`` and ``"counts"``;
    `repair` makes mended copies of ground truth and mask; `raw_moved_by` are voxels of the ground truth by which raw data
    move; `network` are parameters of the network's configuration. `cured` applies all of them. `decoder` is the configuration
    of another decoder, for a round trip.
    """

    title: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    repair: Repair | None = None
    raw_moved_by: tuple[float, ...] = ()
    network: Mapping[str, Any] = field(default_factory=dict)
    decoder: Mapping[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """As JSON can hold it; of a repair its title must say enough."""
        told = {"title": self.title, "parameters": plain(self.parameters), "settings": plain(self.settings)}
        others = {"network": self.network, "decoder": self.decoder}
        return told | {name: plain(values) for name, values in others.items() if values}


@dataclass(frozen=True, eq=False)
class Finding:
    """What a check found: a sentence of what it is, one of what to do, the voxels, and the numbers behind the message.

    `id` is that of its `Kind`; `channels` are the names of those it is about, none if it is about all or the ground truth.
    `cure` is a change that mends it, where one is known.
    """

    id: str
    severity: Severity
    message: str
    advice: str
    channels: tuple[str, ...]
    where: VoxelSet
    numbers: Mapping[str, Any]
    cure: Cure | None = None

    def _repr_html_(self) -> str:
        about = [self.id, ", ".join(self.channels), counted(self.where.voxels, "voxel")]
        colour, severity = _COLOURS.get(self.severity, "#888888"), escape(self.severity, quote=True)
        edge = f"border-left: 4px solid var(--c, {colour}); padding-left: .7em; margin: .5em 0"
        return (
            f'<div class="finding {severity}" style="{edge}"><b>{severity}</b> {escape(self.message)}'
            f"<p>{escape(self.advice)}</p>"
            f'<p class="soft">{escape(" · ".join(part for part in about if part))}</p></div>'
        )

    def as_dict(self) -> dict[str, Any]:
        """As JSON can hold it: plain numbers, lists and strings; a number that isn't finite is null."""
        return {
            "id": self.id,
            "severity": self.severity,
            "message": self.message,
            "advice": self.advice,
            "channels": list(self.channels),
            "where": self.where.as_dict(),
            "numbers": plain(self.numbers),
            "cure": None if self.cure is None else self.cure.as_dict(),
        }


class Findings(tuple[Finding, ...]):
    """Findings, which a notebook shows one below the other."""

    def _repr_html_(self) -> str:
        return "".join(finding._repr_html_() for finding in self) or "<p>Nothing was found.</p>"


def gravity(severity: str) -> int:
    """0 for the most severe; an unknown severity comes last."""
    return next((i for i, known in enumerate(SEVERITIES) if known == severity), len(SEVERITIES))


def plain(value: Any) -> Any:
    """`value` as JSON can hold it; whole numbers without a fraction."""
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (np.ndarray, np.generic)):
        value = value.tolist()
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if isinstance(value, float):
        if not math.isfinite(value):
            return None
        value = float(f"{value:.12g}")
        return int(value) if value.is_integer() and abs(value) < 2**53 else value
    return value


def _grid_of(array: Array, offset: Sequence[int] | None = None) -> Array:
    """The grid of an array without its values, which may be large."""
    voxel = np.broadcast_to(np.uint8(0), (1,) * array.dims)
    return array.like(voxel, array.spatial_axes, offset)
