"""The command ``compare``: one region with two configurations, and what is different."""

from __future__ import annotations

import argparse

from predictor_inspector.cli.common import add_ground_truth, add_region, source_for

ABOUT = "compare what two configurations make of a region"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What ``compare`` takes."""
    add_ground_truth(parser)
    what = parser.add_argument_group("what to compare")
    what.add_argument("--a", metavar="CONFIG", required=True, help="YAML or JSON file of parameters, or a kind")
    what.add_argument("--b", metavar="CONFIG", help="the same for B; A's configuration by default")
    for side in ("a", "b"):
        what.add_argument(
            f"--set-{side}",
            metavar="KEY=VALUE",
            action="append",
            default=[],
            help=f"one parameter of {side.upper()}, its value in YAML (lsds=false)",
        )
    add_region(parser)
    how = parser.add_argument_group("how")
    how.add_argument("--device", default="auto", help="auto (default), cuda, mps or cpu")
    how.add_argument("--device-b", metavar="DEVICE", help="another device for B: do the two agree?")
    how.add_argument("--outside", choices=("clip", "zero"), default="clip", help="context beyond the data")
    how.add_argument("--balance-over", choices=("roi", "context"), default="roi", help="what classes are counted over")
    how.add_argument("--format", choices=("text", "json"), default="text", help="of what is printed")


def run(options: argparse.Namespace) -> None:
    """Print the comparison."""
    import json

    from predictor_inspector.inspection.comparison.compare_configs import compare_configs

    comparison = compare_configs(
        source_for(options),
        (options.a, options.set_a),
        (options.b, options.set_b),
        roi=options.roi,
        devices=(options.device, options.device_b or options.device),
        outside=options.outside,
        balance_over=options.balance_over,
    )
    if options.format == "json":
        print(json.dumps(comparison.as_dict(), indent=2, ensure_ascii=False, allow_nan=False))
    else:
        print(comparison.describe())
