"""What is wrong with targets and weights, and where: `find` runs every check over an inspection."""

from predictor_inspector.inspection.findings.checks import CHECKS, Check, Kind, check, kinds, load_checks
from predictor_inspector.inspection.findings.finding import SEVERITIES, Finding, Place, Severity
from predictor_inspector.inspection.findings.region import Checked, check_region
from predictor_inspector.inspection.findings.search import (
    Find,
    check_inputs,
    find,
    find_cheaply,
    find_in,
    in_order,
    wanted_kinds,
)
from predictor_inspector.inspection.findings.subject import Inputs, Subject

__all__ = [
    "CHECKS",
    "SEVERITIES",
    "Check",
    "Checked",
    "Find",
    "Finding",
    "Inputs",
    "Kind",
    "Place",
    "Severity",
    "Subject",
    "check",
    "check_inputs",
    "check_region",
    "find",
    "find_cheaply",
    "find_in",
    "in_order",
    "kinds",
    "load_checks",
    "wanted_kinds",
]
