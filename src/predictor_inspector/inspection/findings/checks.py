"""The register of checks: what can be found, what each finding means, and which function looks for it.

A new check is one function with the decorator `check`; the command line, the documentation and the dock list it by
themselves.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from predictor_inspector.inspection.findings.finding import Finding

Cost = Literal["live", "on demand"]
Of = Literal["inputs", "inspection"]


@dataclass(frozen=True)
class Kind:
    """One kind of finding.

    Attributes
    ----------
    id : str
        Its identifier.
    meaning, remedy : str
        A sentence of what it means, and one of what can be done.
    """

    id: str
    meaning: str
    remedy: str


@dataclass(frozen=True)
class Check:
    """A function that looks for some kinds of findings.

    Attributes
    ----------
    kinds : tuple of Kind
        What it may find.
    cost : str
        ``"live"`` if it is quick enough to run with every inspection, else ``"on demand"``.
    of : str
        What it looks at: the ``"inputs"`` as they were opened, or an ``"inspection"`` of them.
    run : callable
        Takes `Inputs` or a `Subject` and yields findings.
    """

    kinds: tuple[Kind, ...]
    cost: Cost
    of: Of
    run: Callable[[Any], Iterator[Finding]]

    @property
    def when(self) -> str:
        """From which threshold on it speaks, and why from there: the function's docstring."""
        return inspect.getdoc(self.run) or ""


CHECKS: list[Check] = []
"""All checks, in the order in which they are listed."""


def check(*kinds: Kind, cost: Cost = "live", of: Of = "inspection") -> Callable[[Any], Any]:
    """Register the decorated function as a check that may find `kinds`; its docstring says when it does."""

    def register(run: Callable[[Any], Iterator[Finding]]) -> Callable[[Any], Iterator[Finding]]:
        CHECKS.append(Check(kinds, cost, of, run))
        return run

    return register
