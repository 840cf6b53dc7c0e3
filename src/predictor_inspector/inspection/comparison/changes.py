"""What differs between two inspections besides their values: parameters, statistics and findings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields
from math import isclose
from typing import Any, Generic, TypeVar

from predictor_inspector.core.config import predictor_to_config
from predictor_inspector.core.text import format_roi, format_shape, format_value
from predictor_inspector.inspection.engine.run import Inspection
from predictor_inspector.inspection.engine.statistics import ChannelStatistics
from predictor_inspector.inspection.findings import Finding

ABSENT = None
"""The value of a parameter that a predictor doesn't have."""

ROUNDING = 1e-5
"""Relative difference up to which two numbers are the same: devices sum up in different orders."""


F = TypeVar("F", bound=Finding)


@dataclass(frozen=True)
class Change:
    """One value that differs.

    Attributes
    ----------
    name : str
        What it is: a parameter, a setting, or a statistic.
    a, b : object
        Its values, plain numbers, strings and lists; `ABSENT` where there is none.
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
        return _is_table(self.a) and _is_table(self.b)

    def describe(self) -> str:
        """The change in one line: ``"scale_factor: 20 → 40"``; of lists, what was added and removed."""
        name = f"{self.channel}, {self.name}" if self.channel else self.name
        return f"{name}: {self.summary()}"

    def summary(self) -> str:
        """As `describe`, without the name."""
        if self.is_table:
            gone, new = ([row for row in x if row not in y] for x, y in ((self.a, self.b), (self.b, self.a)))
            parts = [f"{sign} {format_value(row)}" for sign, rows in (("−", gone), ("+", new)) for row in rows]
            return ", ".join(parts) or f"another order: {format_value(self.b)}"
        return f"{format_value(self.a)} → {format_value(self.b)}"

    def as_dict(self) -> dict[str, Any]:
        """Plain values, fit for JSON."""
        named = {"channel": self.channel, "name": self.name} if self.channel else {"name": self.name}
        return {**named, "a": self.a, "b": self.b}


@dataclass(frozen=True)
class FindingChanges(Generic[F]):
    """Findings of two inspections, the same if identifier and channels are.

    Attributes
    ----------
    appeared, gone : tuple
        Those of b that a hasn't, and those of a that b hasn't.
    stayed : tuple
        Those that both have, as b has them.
    """

    appeared: tuple[F, ...]
    gone: tuple[F, ...]
    stayed: tuple[F, ...]

    def as_dict(self) -> dict[str, Any]:
        """Lists of identifiers, channels and messages."""
        return {f.name: [_brief(finding) for finding in getattr(self, f.name)] for f in fields(self)}


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
    changes = (Change(name, settings_a.get(name, ABSENT), settings_b.get(name, ABSENT)) for name in names)
    found = [change for change in changes if change.a != change.b]
    own = set(predictor_to_config(a.request.predictor)) | set(predictor_to_config(b.request.predictor))
    return tuple(sorted(found, key=lambda change: change.name not in own))


def statistic_changes(a: Inspection, b: Inspection, channels: Iterable[str]) -> tuple[Change, ...]:
    """Statistics of `channels`, which both have, that differ by more than rounding."""
    found = []
    of_a, of_b = ({s.name: s for s in i.statistics} for i in (a, b))
    for name in channels:
        for label, value in _STATISTICS.items():
            before, after = value(of_a[name]), value(of_b[name])
            if not isclose(before, after, rel_tol=ROUNDING, abs_tol=ROUNDING):
                found.append(Change(label, before, after, name))
    return tuple(found)


def finding_changes(a: Sequence[F], b: Sequence[F]) -> FindingChanges[F]:
    """Which findings appeared, went and stayed."""
    keys_a, keys_b = ({finding_key(finding) for finding in findings} for findings in (a, b))
    return FindingChanges(
        appeared=tuple(f for f in b if finding_key(f) not in keys_a),
        gone=tuple(f for f in a if finding_key(f) not in keys_b),
        stayed=tuple(f for f in b if finding_key(f) in keys_a),
    )


def finding_key(finding: Finding) -> tuple[str, tuple[str, ...]]:
    """Equal for findings that say the same of the same channels."""
    return finding.id, tuple(finding.channels)


_STATISTICS: dict[str, Callable[[ChannelStatistics], float]] = {
    "target min": lambda s: s.minimum,
    "target mean": lambda s: s.mean,
    "target max": lambda s: s.maximum,
    "positive": lambda s: s.positive,
    "weight of −": lambda s: s.negative_weight,
    "weight of +": lambda s: s.positive_weight,
    "unweighted": lambda s: s.unweighted,
    "weight that is +": lambda s: s.positive_share,
}


def _is_table(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(row, list) for row in value)


def _brief(finding: Finding) -> dict[str, Any]:
    return {
        "id": finding.id,
        "severity": finding.severity,
        "message": finding.message,
        "channels": list(finding.channels),
    }
