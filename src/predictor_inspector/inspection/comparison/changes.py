"""Changes of parameters, settings, statistics and findings between two inspections."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import isclose
from typing import Any

from predictor_inspector.core.config import predictor_to_config
from predictor_inspector.core.text import format_roi, format_shape, format_value
from predictor_inspector.inspection.engine.run import Inspection
from predictor_inspector.inspection.engine.statistics import STATISTICS
from predictor_inspector.inspection.findings import Finding

ROUNDING = 1e-5
"""Relative difference up to which two numbers are the same: devices sum up in different orders."""


@dataclass(frozen=True)
class Change:
    """One value that differs.

    Attributes
    ----------
    name : str
        What it is: a parameter, a setting, or a statistic.
    a, b : object
        Its values, plain numbers, strings and lists; None where there is none.
    channel : str
        The channel that a statistic is about; empty for parameters.
    """

    name: str
    a: Any
    b: Any
    channel: str = ""

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
        """Plain values, fit for JSON."""
        named = {"channel": self.channel, "name": self.name} if self.channel else {"name": self.name}
        return {**named, "a": self.a, "b": self.b}


@dataclass(frozen=True)
class FindingChanges:
    """Findings of two inspections, the same if identifier and channels are.

    Attributes
    ----------
    appeared, gone : tuple
        Those of b that a hasn't, and those of a that b hasn't.
    stayed : tuple
        Those that both have, as b has them.
    """

    appeared: tuple[Finding, ...]
    gone: tuple[Finding, ...]
    stayed: tuple[Finding, ...]

    def as_dict(self) -> dict[str, Any]:
        """Identifiers, severities, messages and channels, fit for JSON."""
        return {
            kind: [
                {"id": f.id, "severity": f.severity, "message": f.message, "channels": list(f.channels)} for f in found
            ]
            for kind, found in vars(self).items()
        }


def parameter_changes(a: Inspection, b: Inspection) -> tuple[Change, ...]:
    """Parameters and settings that differ: the kind first, then a's parameters in order, then b's own, then settings."""
    settings_a, settings_b = (
        {
            **predictor_to_config(i.request.predictor),
            "outside": i.request.outside,
            "balance over": i.request.balance_over,
            "computed on": i.device,
            "voxel size": f"{format_shape(i.target.physical_voxel_size)} {i.target.unit}",
            "region": format_roi(i.roi, i.target),
        }
        for i in (a, b)
    )
    names = dict.fromkeys([*settings_a, *settings_b])
    changes = (Change(name, settings_a.get(name), settings_b.get(name)) for name in names)
    found = [change for change in changes if change.a != change.b]
    own = set(predictor_to_config(a.request.predictor)) | set(predictor_to_config(b.request.predictor))
    return tuple(sorted(found, key=lambda change: change.name not in own))


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
    in_a, in_b = ({(f.id, tuple(f.channels)) for f in findings} for findings in (a, b))
    return FindingChanges(
        appeared=tuple(f for f in b if (f.id, tuple(f.channels)) not in in_a),
        gone=tuple(f for f in a if (f.id, tuple(f.channels)) not in in_b),
        stayed=tuple(f for f in b if (f.id, tuple(f.channels)) in in_a),
    )
