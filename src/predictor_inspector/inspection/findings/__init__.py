"""Findings: what is wrong with ground truth, targets and weights, and where."""

from predictor_inspector.inspection.findings.checks import CHECKS, Check, check, kinds, load_checks
from predictor_inspector.inspection.findings.finding import SEVERITIES, Cure, Finding, Kind, Severity, VoxelSet
from predictor_inspector.inspection.findings.search import (
    CheckedRegion,
    Find,
    check_inputs,
    check_region,
    cured,
    find,
    find_in,
    find_quickly,
    find_with_raw,
    in_order,
    wanted_kinds,
)
from predictor_inspector.inspection.findings.subject import Inputs, Subject

__all__ = [
    "CHECKS",
    "SEVERITIES",
    "Check",
    "CheckedRegion",
    "Cure",
    "Find",
    "Finding",
    "Inputs",
    "Kind",
    "Severity",
    "Subject",
    "VoxelSet",
    "check",
    "check_inputs",
    "check_region",
    "cured",
    "find",
    "find_in",
    "find_quickly",
    "find_with_raw",
    "in_order",
    "kinds",
    "load_checks",
    "wanted_kinds",
]
