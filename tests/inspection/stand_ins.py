"""Findings to test with, where what is found doesn't matter."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class StandIn:
    """Looks like a finding."""

    id: str = "zero-weight"
    severity: str = "warning"
    message: str = "12 voxels have no weight."
    advice: str = "Look at the mask."
    channels: tuple[str, ...] = ()
    where: Any = None
    numbers: dict[str, float] = field(default_factory=dict)
