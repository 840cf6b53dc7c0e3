"""Command ``check``: mistakes in ground truth, targets and weights, as text or JSON."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

from predictor_inspector.cli import common

if TYPE_CHECKING:
    from predictor_inspector.core.array import Array
    from predictor_inspector.inspection.findings import Cure, Finding
    from predictor_inspector.inspection.findings.review import Review

ABOUT = "look for mistakes in ground truth, targets and weights, and say where they are"
FOUND = 1
"""Exit status if something was found that is as severe as --fail-on."""

AFTER = (
    "Exit status: 0 if no errors were found (with --fail-on warning: no warnings either), 1 if some were, 2 if something "
    "about the call is wrong, such as a path that doesn't exist."
)
_COLOURS = {"error": "\033[1;31m", "warning": "\033[1;33m", "info": "\033[1;36m"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``check``."""
    parser.epilog = AFTER
    common.add_inspection(parser, raw=common.RAW, memory="larger regions are refused, with one that isn't too large")
    about = (
        "also draw N regions of the same size from all data, as training does, and find those whose classes the counts of "
        "all of them weight differently (count-drift); without --roi, regions of 64 voxels a side"
    )
    parser.add_argument("--survey", metavar="N", type=int, default=0, help=about)
    add_results(parser, "csv")
    review = parser.add_argument_group("review")
    about = "leave out what was judged fine in a session, or in what check --format json wrote earlier"
    review.add_argument("--review", metavar="FILE", help=about)
    review.add_argument("--new", action="store_true", help="leave out all that is in --review")


def add_results(parser: argparse.ArgumentParser, *more_formats: str) -> None:
    """Add how findings are chosen and told."""
    out = parser.add_argument_group("results")
    about = f"text (default), a list in JSON{', or a table' if more_formats else ''}"
    out.add_argument("--format", choices=("text", "json", *more_formats), default="text", help=about)
    for name, what in (("--only", "look for"), ("--ignore", "leave out")):
        about = f"findings to {what}, after the path"
        out.add_argument(name, metavar="ID", nargs="+", action="extend", default=[], help=about)
    about = "what makes the exit status 1: errors only (default), or warnings too"
    out.add_argument("--fail-on", choices=("error", "warning"), default="error", help=about)


def run(options: argparse.Namespace) -> int:
    """Print what was found; returns the exit status."""
    from predictor_inspector.core.text import format_shape
    from predictor_inspector.inspection.findings import check_region, in_order, load_checks, wanted_kinds
    from predictor_inspector.inspection.findings.review import Review
    from predictor_inspector.inspection.training.drift import drifting

    if options.new and options.review is None:
        raise ValueError("--new needs --review: the session, or the earlier list in JSON, in which known findings are")
    if options.survey < 0:
        raise ValueError(f"--survey must be at least 0 regions, got {options.survey}")
    common.begin_computing()
    request, _ = common.request_for(options, common.source_for(options))
    gt = request.source.gt
    review = Review() if options.review is None else review_from(options.review, gt.unit)
    for text in gt.about.notes:
        common.note(text)
    checks, failures = load_checks()
    for failure in failures:
        common.note(failure)
    with common.progress(common.INSPECTION_STEPS + len(checks) + bool(options.survey)) as tell:
        checked = check_region(request, common.memory_for(options), tell, options.only, options.ignore)
        findings = checked.findings
        wanted = "count-drift" in wanted_kinds(options.only, options.ignore)
        if options.survey and wanted and checked.inspection is not None:
            findings = in_order((*findings, *drifting(checked.request, options.survey, tell)))
    if checked.refused:
        common.note(f"only the values themselves were checked, since the predictor refuses them: {checked.refused}")
    findings, told_before = left_by(review, findings, options.new)
    if told_before:
        common.note(told_before)
    if options.format == "json":
        common.print_json(
            [f.as_dict() | ({} if options.review is None else {"state": review.state_of(f)}) for f in findings]
        )
    elif options.format == "csv":
        print(review.to_csv(review.stated(findings), gt), end="")
    else:
        told = findings_text(findings, place_in(gt))
        print(f"{told} in {format_shape(request.shape[1:])} voxels")
    return status_of((f.severity for f in findings), options.fail_on)


def review_from(path: str, unit: str) -> Review:
    """The review that is in a session, or, known and open, in a list of findings in JSON, with lengths in `unit`."""
    from predictor_inspector.inspection.findings.review import Review, review_from_json
    from predictor_inspector.inspection.output.session import load_session

    if path.lower().endswith(".json"):
        return review_from_json(Path(path).expanduser(), unit)
    verdicts = load_session(path).review or ()
    return Review(verdicts, verdicts)


def left_by(review: Review, findings: Sequence[Finding], only_new: bool) -> tuple[tuple[Finding, ...], str]:
    """Findings but for those that are fine, or, if `only_new`, known; and how many were left out, empty for none."""
    from predictor_inspector.core.text import counted

    left = tuple(f for f in findings if review.is_new(f)) if only_new else review.remaining(findings)
    out = len(findings) - len(left)
    why = "in the review already" if only_new else "judged fine"
    return left, f"{counted(out, 'finding')} {why}: left out" if out else ""


def status_of(severities: Iterable[str], fail_on: str) -> int:
    """The exit status for findings of these severities."""
    from predictor_inspector.inspection.findings import SEVERITIES

    counted = {str(severity) for severity in SEVERITIES[: [*map(str, SEVERITIES)].index(fail_on) + 1]}
    return 0 if counted.isdisjoint(severities) else FOUND


def coloured(severity: str) -> str:
    """A severity as wide as all of them, in its colour on a terminal."""
    begin, end = (_COLOURS[severity], "\033[0m") if sys.stdout.isatty() else ("", "")
    return f"{begin}{severity:<7}{end}"


def place_in(gt: Array) -> Callable[[Finding], str]:
    """What tells where findings are: as an option that looks there again, if they lie on the grid of `gt`."""
    from predictor_inspector.core.text import counted, format_corners
    from predictor_inspector.data.roi_text import roi_to_text

    def place(f: Finding) -> str:
        on_grid = f.where.grid.voxel_size == gt.voxel_size and f.where.grid.dims == gt.dims
        roi = f"--roi {roi_to_text(f.where.roi, gt)}" if on_grid else "in the mask"
        return f"{roi}  ({counted(f.where.voxels, 'voxel')}; {format_corners(f.where.roi, f.where.grid)})"

    return place


def findings_text(findings: Sequence[Finding], place: Callable[[Finding], str]) -> str:
    """Findings in words, each with what to do and its place, and how many there are."""
    from predictor_inspector.core.text import counted, listed
    from predictor_inspector.inspection.findings import SEVERITIES

    lines = []
    for f in findings:
        channels = f"  ({listed(f.channels, 4)})" if f.channels else ""
        lines += [
            f"{coloured(f.severity)}  {f.id}{channels}",
            f"    {f.message}",
            f"    → {f.advice}",
            *([f"    mended by {cure}"] if (cure := as_options(f.cure)) else []),
            f"    {place(f)}",
            "",
        ]
    counts = [sum(f.severity == severity for f in findings) for severity in SEVERITIES]
    told = ", ".join(counted(count, severity) for count, severity in zip(counts, SEVERITIES, strict=True))
    return "\n".join([*lines, told])


def as_options(cure: Cure | None) -> str:
    """A cure as options of the command line; empty for one that mends files, which aren't written to."""
    if cure is None or cure.repair is not None:
        return ""
    from predictor_inspector.inspection.findings.finding import plain

    found = []
    decoder = dict(cure.decoder)
    if "kind" in decoder:
        found += ["--decoder", quote(decoder.pop("kind"))]
    for option, values in (("--set", cure.parameters), ("--decoder-set", decoder)):
        for name, value in values.items():
            found += [option, quote(f"{name}={json.dumps(plain(value), separators=(',', ':'))}")]
    for name in cure.settings.keys() & {"outside", "balance_over"}:
        found += [f"--{name.replace('_', '-')}", quote(str(cure.settings[name]))]
    return " ".join(found)
