"""Command ``loss``: where the loss of a prediction is, as text or JSON."""

from __future__ import annotations

import argparse

from predictor_inspector.cli import common

ABOUT = "say where the loss of a prediction is, as a training computes it"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``loss``."""
    common.add_inspection(parser)
    about = "array in PATH, or a path, with the target's channels; where it ends, so does the region"
    what = common.add_prediction(parser, about, required=True)
    about = "bce, mse, mae, dacapo (default), or that of an installed package"
    what.add_argument("--loss", metavar="KIND", default="dacapo", help=about)
    about = "one parameter of it, its value in YAML (weights=ignored, weights=squared)"
    what.add_argument("--loss-set", metavar="KEY=VALUE", help=about, **common.REPEATED)
    parser.add_argument("--format", choices=("text", "json"), default="text", help="text (default) or JSON")


def run(options: argparse.Namespace) -> None:
    """Print sums of the loss, and where it is highest."""
    from predictor_inspector.inspection import run as inspected
    from predictor_inspector.inspection.loss import chosen_loss, loss_map

    common.begin_computing()
    loss = chosen_loss(options.loss, options.loss_set)
    request, _ = common.request_for(options, common.source_for(options))
    prediction, request = common.prediction_for(options, request)
    with common.progress(common.INSPECTION_STEPS) as tell:
        found = loss_map(inspected(request, tell), prediction, loss, options.logits)
    if options.format == "json":
        common.print_json(found.as_dict())
    else:
        print(found.describe())
