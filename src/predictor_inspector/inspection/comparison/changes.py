"""Changes of parameters, settings, statistics and findings between two inspections."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import isclose
from typing import Any

from predictor_inspector.core.config import predictor_to_config
from predictor_inspector.core.text import format_roi, format_shape, format_value
from predictor_inspector.inspection.engine.run import Inspection
from predictor_inspector.inspection.engine.statistics import STATISTICS, finite
from predictor_inspector.inspection.findings import Finding

ROUNDING = 1e-5
"""Relative difference up to which two numbers are the same: devices sum up in different orders."""


@dataclass(frozen=True)
class Change:
    """One value that differs."""

    name: str  # of a parameter, a setting or a statistic
    a: Any  # plain numbers, strings and lists; None where there is none
    b: Any
    channel: str = ""  # of a statistic

    @property
    def is_table(self) -> bool:
        """Whether both values are lists of lists, such as offsets, of which rows were added and removed."""
        return all(isinstance(x, list) and x and all(isinstance(row, list) for row in x) for x in (self.a, self.b))

    def describe(self) -> str:
        """The change in one line: ``"scale_factor: 20 → 40"``; of lists, what was added and removed."""
        name = f"{self.channel}, {self.name}" if self.channel else self.name
        if not self.is_table:
            return f"{name}: {format_value(self.a)} → {format_value(self.b)}"
        gone, new = ([row for row in x if row not in y] for x, y in ((self.a, self.b), (self.b, self.a)))
        parts = [f"{sign} {format_value(row)}" for sign, rows in (("−", gone), ("+", new)) for row in rows]
        return f"{name}: {', '.join(parts) or f'another order: {format_value(self.b)}'}"

    def as_dict(self) -> dict[str, Any]:
        """What JSON can hold."""
        channel = {"channel": self.channel} if self.channel else {}
        return {**channel, "name": self.name, "a": finite(self.a), "b": finite(self.b)}


@dataclass(frozen=True)
class FindingChanges:
    """Findings of two inspections, the same if identifier and channels are."""

    appeared: tuple[Finding, ...]  # those of b that a hasn't
    gone: tuple[Finding, ...]
    stayed: tuple[Finding, ...]  # as b has them

    def as_dict(self) -> dict[str, Any]:
        """What JSON can hold."""
        return {kind: [f.as_dict() for f in found] for kind, found in vars(self).items()}


def parameter_changes(a: Inspection, b: Inspection) -> tuple[Change, ...]:
    """Parameters and settings that differ: the kind first, then a's parameters in order, then b's own, then settings."""
    parameters_a, parameters_b = (predictor_to_config(i.request.predictor) for i in (a, b))
    settings_a, settings_b = (
        {
            **parameters,
            "outside": i.request.outside,
            "balance over": i.request.balance_over,
            "computed on": i.device,
            "voxel size": f"{format_shape(i.target.physical_voxel_size)} {i.target.unit}",
            "region": format_roi(i.roi, i.target),
        }
        for i, parameters in ((a, parameters_a), (b, parameters_b))
    )
    names = {**parameters_a, **parameters_b, **settings_a}
    changes = (Change(name, settings_a.get(name), settings_b.get(name)) for name in names)
    return tuple(change for change in changes if change.a != change.b)


def statistic_changes(a: Inspection, b: Inspection, channels: Iterable[str]) -> tuple[Change, ...]:
    """Statistics of `channels`, which both have, that differ by more than rounding."""
    found = []
    of_a, of_b = ({s.name: s for s in i.statistics} for i in (a, b))
    for name in channels:
        for label, (attribute, _) in STATISTICS.items():
            before, after = (getattr(of[name], attribute) for of in (of_a, of_b))
            if not isclose(before, after, rel_tol=ROUNDING, abs_tol=ROUNDING):
                found.append(Change(label, before, after, name))
    return tuple(found)


def finding_changes(a: Sequence[Finding], b: Sequence[Finding]) -> FindingChanges:
    """Which findings appeared, went and stayed."""
    in_a, in_b = ({(f.id, f.channels) for f in findings} for findings in (a, b))
    return FindingChanges(
        appeared=tuple(f for f in b if (f.id, f.channels) not in in_a),
        gone=tuple(f for f in a if (f.id, f.channels) not in in_b),
        stayed=tuple(f for f in b if (f.id, f.channels) in in_a),
    )
