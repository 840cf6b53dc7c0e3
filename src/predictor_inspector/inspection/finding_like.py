"""What is read of a finding, wherever it comes from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from predictor_inspector.core.array import Array
from predictor_inspector.inspection.findings.finding import SEVERITIES
from predictor_inspector.inspection.inspect import Inspection


class FindingLike(Protocol):
    """What is read of a finding."""

    @property
    def id(self) -> str:
        """Its identifier, ``"zero-weight"`` say."""
        ...

    @property
    def severity(self) -> str:
        """``"error"``, ``"warning"`` or ``"info"``."""
        ...

    @property
    def message(self) -> str:
        """What is wrong."""
        ...

    @property
    def advice(self) -> str:
        """What to do about it."""
        ...

    @property
    def channels(self) -> tuple[str, ...]:
        """The channels that it is about."""
        ...

    @property
    def where(self) -> Any:
        """The place; it may have a count of `voxels`."""
        ...


Find = Callable[[Inspection, Array, Array | None], Sequence[Any]]
"""Gives the findings of an inspection, its ground truth and its mask."""


def find_cheaply(inspection: Inspection, gt: Array, mask: Array | None) -> Sequence[Any]:
    """The findings that cost little."""
    from predictor_inspector.inspection.findings import find

    found: Sequence[Any] = find(inspection, gt, mask, costly=False)
    return found


def gravity(severity: str) -> int:
    """0 for the gravest; what is unknown comes last."""
    return next((i for i, known in enumerate(SEVERITIES) if known == severity), len(SEVERITIES))


def extent(finding: FindingLike) -> int:
    """How many voxels a finding is about; 0 where it doesn't say."""
    where = finding.where
    voxels = where.get("voxels") if isinstance(where, dict) else getattr(where, "voxels", None)
    return int(voxels or 0)
