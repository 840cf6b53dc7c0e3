"""Comparison of two inspections: values, parameters, statistics and findings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from math import floor
from typing import Any

import torch
from funlib.geometry import Roi

from predictor_inspector.core.array import Array
from predictor_inspector.core.labels import as_tensor
from predictor_inspector.core.text import format_roi, format_table, listed
from predictor_inspector.data.geometry import counts_factor
from predictor_inspector.data.resample import read_on_grid
from predictor_inspector.inspection.comparison.changes import (
    Change,
    FindingChanges,
    finding_changes,
    parameter_changes,
    statistic_changes,
)
from predictor_inspector.inspection.engine.run import Inspection
from predictor_inspector.inspection.engine.statistics import finite
from predictor_inspector.inspection.findings import Finding

SAME = 1e-5
"""Two values are the same up to this difference, to which devices agree."""


@dataclass(frozen=True)
class ChannelDifference:
    """How far apart one channel's values are, over the voxels that both inspections have.

    `target` and `weight` are the largest absolute differences of finite values, nan if there are none, and `…_mean` the mean
    ones; `…_changed` are the fractions of voxels that differ by more than `SAME`.
    """

    name: str
    target: float
    target_mean: float
    target_changed: float
    weight: float
    weight_mean: float
    weight_changed: float


@dataclass(frozen=True)
class Comparison:
    """Two inspections, and what is different in b.

    `roi` has the voxels of `b` that both cover, in its counts, and `channels` those that both have, in b's order. On these,
    `target` and `weight` are b minus a, float32, [channels, …spatial axes], and `differences` sums up each channel; the
    changes of `statistics` are those of the whole ROIs. `notes` says in sentences what to know about the comparison.
    """

    a: Inspection
    b: Inspection
    roi: Roi
    channels: tuple[str, ...]
    only_a: tuple[str, ...]
    only_b: tuple[str, ...]
    target: Array
    weight: Array
    differences: tuple[ChannelDifference, ...]
    parameters: tuple[Change, ...]
    statistics: tuple[Change, ...]
    findings: FindingChanges
    notes: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Everything but the arrays, as JSON can hold it; coordinates are in the unit."""
        sub = self.target.subdivision
        return {
            "roi": {name: [n / sub for n in getattr(self.roi, name)] for name in ("begin", "end")},
            "unit": self.target.unit,
            "channels": list(self.channels),
            "only_a": list(self.only_a),
            "only_b": list(self.only_b),
            "differences": [finite(asdict(d)) for d in self.differences],
            "parameters": [c.as_dict() for c in self.parameters],
            "statistics": [c.as_dict() for c in self.statistics],
            "findings": self.findings.as_dict(),
            "notes": list(self.notes),
        }

    def describe(self) -> str:
        """Everything but the arrays as text for a terminal."""
        blocks = [("Parameters", [c.describe() for c in self.parameters] or ["no difference"])]
        rows: list[tuple[str, ...]] = [("CHANNEL", "TARGET MOST", "MEAN", "CHANGED", "WEIGHT MOST", "MEAN", "CHANGED")]
        for d in self.differences:
            sizes = ((d.target, d.target_mean, d.target_changed), (d.weight, d.weight_mean, d.weight_changed))
            texts = (text for most, mean, part in sizes for text in (f"{most:.3g}", f"{mean:.3g}", f"{part:.1%}"))
            rows.append((d.name, *texts))
        table = format_table(rows, right=range(1, 7)).splitlines()
        for side, names in (("A", self.only_a), ("B", self.only_b)):
            table += [f"only in {side}: {', '.join(names)}"] if names else []
        blocks.append(("Difference, voxel by voxel", table))
        blocks.append(("Statistics", [c.describe() for c in self.statistics] or ["no difference"]))
        found = [f"+ {f.severity}: {f.message}" for f in self.findings.appeared]
        found += [f"− {f.severity}: {f.message}" for f in self.findings.gone]
        found += [f"{len(self.findings.stayed)} stayed"] if self.findings.stayed else []
        blocks += [("Findings", found), ("Notes", list(self.notes))]
        return "\n\n".join("\n".join([title, *(f"  {line}" for line in lines)]) for title, lines in blocks if lines)


def compare(
    a: Inspection, b: Inspection, findings_a: Sequence[Finding] = (), findings_b: Sequence[Finding] = ()
) -> Comparison:
    """What is different in `b`, channel by channel and voxel by voxel.

    Channels are paired by name, so that different predictors can be compared as far as they have channels in common.
    Values of `a` are taken on b's voxels: where grids differ, from the voxel of `a` in which the centre of b's lies.

    Parameters
    ----------
    findings_a, findings_b : sequence of findings, optional
        Findings of either, compared by identifier and channels.

    Raises
    ------
    ValueError
        If there are no channels in common, the ROIs don't overlap, or one of them is in pixels and the other isn't, or
        has another number of axes.
    """
    notes = []
    names_a, names_b = a.channel_names, b.channel_names
    channels = tuple(name for name in names_b if name in names_a)
    if not channels:
        raise ValueError(
            f"there are no channels in common: A has {listed(map(repr, names_a), 4)}, B has {listed(map(repr, names_b), 4)}; "
            "parameters that make channels of the same names can be compared"
        )
    roi = common_roi(a.target, b.target)
    if _grid(a.target) != _grid(b.target):
        notes.append("A and B lie on different voxel grids: A's values are taken from its nearest voxels.")
    elif roi != a.roi or roi != b.roi:
        notes.append("A and B cover different regions: differences are those of the part that both have.")
    of_a, of_b = [names_a.index(name) for name in channels], [names_b.index(name) for name in channels]
    target, weight = (_difference(x, y, roi, of_a, of_b) for x, y in ((a.target, b.target), (a.weight, b.weight)))
    return Comparison(
        a=a,
        b=b,
        roi=roi,
        channels=channels,
        only_a=tuple(name for name in names_a if name not in names_b),
        only_b=tuple(name for name in names_b if name not in names_a),
        target=target,
        weight=weight,
        differences=tuple(
            ChannelDifference(name, *_summed_up(target.data[i]), *_summed_up(weight.data[i]))
            for i, name in enumerate(channels)
        ),
        parameters=parameter_changes(a, b),
        statistics=statistic_changes(a, b, channels),
        findings=finding_changes(findings_a, findings_b),
        notes=tuple(notes),
    )


def common_roi(a: Array, b: Array) -> Roi:
    """The voxels of `b` whose centres lie in `a`; a ``ValueError`` if there are none, or they don't lie in one world."""
    if a.dims != b.dims:
        raise ValueError(f"A has {a.dims} spatial axes and B has {b.dims}; inspect the same data to compare")
    factor = counts_factor(a, b, "A")
    slices = []
    for axis in range(b.dims):
        voxel, first = b.voxel_size[axis], Fraction(b.offset[axis]) + Fraction(b.voxel_size[axis], 2)
        # A centre on a face belongs to the voxel of lower index, so the first is beyond the beginning.
        low, high = (floor((end[axis] * factor - first) / voxel) + 1 for end in (a.roi.begin, a.roi.end))
        slices.append(slice(max(0, low), min(b.spatial_shape[axis], high)))
    if any(s.start >= s.stop for s in slices):
        raise ValueError(
            f"the regions of A, {format_roi(a.roi, a)}, and of B, {format_roi(b.roi, b)}, don't overlap; inspect the "
            "same region to compare"
        )
    return b.roi_of(slices)


def _difference(a: Array, b: Array, roi: Roi, of_a: list[int], of_b: list[int]) -> Array:
    """B - a on the voxels of `b` in `roi`, of paired channels."""
    before, after = read_on_grid(a, roi, b), b[roi]
    return after.like(as_tensor(after.data)[of_b] - as_tensor(before.data)[of_a], after.axis_names)


def _summed_up(difference: torch.Tensor) -> tuple[float, float, float]:
    """The largest and the mean absolute difference, and the fraction of voxels that differ."""
    size = difference.abs()
    known = size[size.isfinite()]
    if not known.numel():
        return float("nan"), float("nan"), 1.0
    changed = int((~(size <= SAME)).sum()) / size.numel()
    return float(known.max()), float(known.mean(dtype=torch.float64)), changed


def _grid(array: Array) -> tuple[Any, ...]:
    """Equal for arrays whose voxels coincide wherever they overlap."""
    phase = tuple(o % v for o, v in zip(array.offset, array.voxel_size, strict=True))
    return array.unit, array.subdivision, tuple(array.voxel_size), phase
