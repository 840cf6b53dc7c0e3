"""`compare_configs`: one region of ground truth with two configurations."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from predictor_inspector.core.config import chosen_predictor, predictor_kinds
from predictor_inspector.data.source import Source
from predictor_inspector.inspection.comparison.compare import Comparison, compare
from predictor_inspector.inspection.engine.regions import Outside
from predictor_inspector.inspection.engine.roi_text import roi_from_text
from predictor_inspector.inspection.engine.run import BalanceOver, Inspection, Request, run
from predictor_inspector.inspection.findings import Find, find_quickly

Choice = tuple[str | None, Sequence[str]]
"""A kind, or a YAML or JSON file of parameters; and single parameters as ``key=value``."""


def compare_configs(
    source: Source,
    a: Choice,
    b: Choice,
    roi: str | None = None,
    devices: tuple[str, str] = ("auto", "auto"),
    outside: Outside = "clip",
    balance_over: BalanceOver = "roi",
    find: Find | None = None,
) -> Comparison:
    """Inspect a region with two predictors and compare them, findings included.

    Parameters
    ----------
    a, b : tuple
        What either predictor is chosen by. Without a kind or a file B is A with other parameters.
    roi : str, optional
        As `roi_from_text` takes it; all of the ground truth by default.
    devices : tuple of str
        Where either is computed.
    find : callable, optional
        Gives the findings of an inspection; by default those that cost little.

    Raises
    ------
    ValueError, FileNotFoundError
        If a configuration or the region is of no use, or the two have no channels in common.
    """
    gt = source.gt
    region = None if roi is None else roi_from_text(roi, gt, within=outside == "clip")[0]
    if b[0] is None:
        b = (a[0], [*a[1], *b[1]])

    def inspected(choice: Choice, device: str) -> tuple[Inspection, Sequence[Any]]:
        predictor, _ = chosen_predictor(gt, **_kind_or_file(choice[0]), values=choice[1])
        inspection = run(Request(predictor, source, region, device, outside, balance_over))
        return inspection, (find or find_quickly)(inspection)

    (first, found_first), (second, found_second) = (
        inspected(choice, device) for choice, device in zip((a, b), devices, strict=True)
    )
    return compare(first, second, found_first, found_second)


def _kind_or_file(source: str | None) -> dict[str, Any]:
    """A kind by its name; anything else is a file, whose errors say what is wrong with it."""
    if source in predictor_kinds() and not Path(str(source)).is_file():
        return {"kind": source}
    return {"config_file": source}
