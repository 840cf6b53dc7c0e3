"""Registry of checks: kinds of findings and the functions that look for them.

A check is a function with the decorator `check`, registered in the entry-point group ``predictor_inspector.checks``; ours
are in the table below. The command line, the documentation and the dock list all of them.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from predictor_inspector.core.registry import Extensions
from predictor_inspector.inspection.findings.finding import Finding, Kind

Of = Literal["inputs", "inspection", "dataset", "roundtrip", "samples"]
Run = Callable[[Any], Iterator[Finding]]


@dataclass(frozen=True)
class Check:
    """A function that looks for some kinds of findings.

    It gets `Inputs` as opened, a `Subject`, `DatasetSubject`, `RoundTrip` or `SamplesSubject`, as `of` says.
    A slow one takes too long to run with every inspection. One of `raw` compares raw data with labels.
    """

    kinds: tuple[Kind, ...]
    slow: bool
    of: Of
    run: Run
    raw: bool = False

    @property
    def name(self) -> str:
        """The function's name in words."""
        return self.run.__name__.replace("_", " ")

    @property
    def when(self) -> str:
        """What is found from which threshold on, and why: the function's docstring."""
        return inspect.getdoc(self.run) or ""


def check(*kinds: Kind, slow: bool = False, of: Of = "inspection", raw: bool = False) -> Callable[[Run], Check]:
    """Make a check of the decorated function, which may find `kinds`; its docstring says when it does."""
    return lambda run: Check(kinds, slow, of, run, raw)


_THEMES = {
    "values": "float_labels not_finite_inputs negative_ids label_overflow ignore_id mask_not_binary not_finite_results",
    "annotation": "not_annotated",
    "context": "context_insufficient context_outside_data",
    "weights": "zero_weight classes weight_clipped count_drift",
    "false_boundaries": "false_affinities false_distances false_windows",
    "objects": "empty_region split_object small_object unknown_class truncated_object",
    "label_shapes": "holes thin_pieces",
    "sections": "sections",
    "nesting": "nested_classes",
    "touching": "touching_objects touching_binary",
    "alignment": "raw_misaligned",
    "membranes": "membranes",
    "unlabelled": "unlabelled_objects",
    "scale": "doubtful_sizes scale sigma window_anisotropic offset_too_long",
    "network": "field_too_small input_exceeds_crop",
    "dataset": "unreadable_crops mixed_voxel_sizes smaller_crops off_grid never_annotated never_drawn split_leak",
    "roundtrip": "unfit_offsets not_invertible erosion_costs lost_objects ids_in_pieces",
    "training_samples.targets": "targets",
    "training_samples.labels": "interpolated_labels torn_objects",
    "training_samples.raw": "repeated_samples clipped_intensities",
}
"""The modules of our checks and their functions, in the order in which findings are listed."""

_ELSEWHERE = {"roundtrip": "predictor_inspector.inspection.roundtrip.checks"}
"""Modules that don't lie beside this one: what they look at is derived from an inspection and its findings."""

CHECKS: Extensions[Check] = Extensions(
    noun="check",
    group="predictor_inspector.checks",
    built_in={
        name: f"{_ELSEWHERE.get(theme, f'{__package__}.{theme}')}:{name}"
        for theme, names in _THEMES.items()
        for name in names.split()
    },
    is_valid=lambda found: isinstance(found, Check),
    requirement="a function with the decorator predictor_inspector.inspection.findings.check",
)


@cache
def load_checks() -> tuple[tuple[Check, ...], tuple[str, ...]]:
    """All checks, other packages' last, and a sentence for each that can't be loaded; looked up once."""
    checks, failures = CHECKS.load_all()
    return tuple(checks.values()), failures


def kinds() -> dict[str, Kind]:
    """All kinds of findings by identifier, in the order in which they are listed."""
    return {kind.id: kind for check in load_checks()[0] for kind in check.kinds}
