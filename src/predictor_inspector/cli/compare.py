"""Command ``compare``: one region with two configurations, and what differs."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from predictor_inspector.cli import common

if TYPE_CHECKING:
    from predictor_inspector.inspection import Inspection

ABOUT = "compare what two configurations make of a region"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``compare``."""
    common.add_ground_truth(parser)
    what = parser.add_argument_group("what to compare")
    what.add_argument("--a", metavar="CONFIG", required=True, help="YAML or JSON file of parameters, or a kind")
    what.add_argument("--b", metavar="CONFIG", help="the same for B; A's configuration by default")
    for side in ("a", "b"):
        about = f"one parameter of {side.upper()}, its value in YAML (lsds=false)"
        what.add_argument(f"--set-{side}", metavar="KEY=VALUE", help=about, **common.REPEATED)
    common.add_region(parser)
    how = common.add_computing(parser)
    how.add_argument("--device-b", metavar="DEVICE", help="another device for B: do the two agree?")
    how.add_argument("--format", choices=("text", "json"), default="text", help="of what is printed")


def run(options: argparse.Namespace) -> None:
    """Print the comparison."""
    from predictor_inspector.core.chosen import chosen_predictor
    from predictor_inspector.core.config import predictor_kinds
    from predictor_inspector.inspection import inspect
    from predictor_inspector.inspection.comparison import compare
    from predictor_inspector.inspection.findings import find_quickly

    common.begin_computing()
    source = common.source_for(options)
    roi = common.roi_for(options, source)

    def inspected(config: str, values: Sequence[str], device: str) -> Inspection:
        # A kind by its name; anything else is a file, whose errors say what is wrong with it.
        is_kind = config in predictor_kinds() and not Path(config).is_file()
        kind, file = (config, None) if is_kind else (None, config)
        choice = chosen_predictor(source.gt, kind=kind, config_file=file, values=values)
        for text in choice.notes:
            common.note(text)
        return inspect(choice.predictor, source.gt, roi, source.mask, device, options.outside, options.balance_over)

    a = inspected(options.a, options.set_a, options.device)
    set_b = options.set_b if options.b else [*options.set_a, *options.set_b]
    b = inspected(options.b or options.a, set_b, options.device_b or options.device)
    comparison = compare(a, b, find_quickly(a), find_quickly(b))
    if options.format == "json":
        common.print_json(comparison.as_dict())
    else:
        print(comparison.describe())
