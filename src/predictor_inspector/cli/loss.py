"""Command ``loss``: where the loss of a prediction is, as text or JSON."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from predictor_inspector.cli import common

if TYPE_CHECKING:
    from predictor_inspector.inspection import Inspection
    from predictor_inspector.inspection.loss import Loss, LossComparison, LossMap

ABOUT = "say where the loss of a prediction is, as a training computes it, or which of two predictions is better where"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``loss``."""
    common.add_inspection(parser, raw="which a --model predicts from")
    about = "array in PATH, or a path, with the target's channels; where it ends, so does the region"
    add_loss(common.add_prediction(parser, about, required=True))
    parser.add_argument("--format", choices=("text", "json"), default="text", help="text (default) or JSON")


def add_loss(what: Any) -> None:
    """Add the loss and its parameters to a group."""
    about = "bce, mse, mae, dacapo (default), or that of an installed package"
    what.add_argument("--loss", metavar="KIND", help=about)
    about = "one parameter of it, its value in YAML (weights=ignored, weights=squared)"
    what.add_argument("--loss-set", metavar="KEY=VALUE", help=about, **common.REPEATED)


def run(options: argparse.Namespace) -> None:
    """Print sums of the loss, and where it is highest; or of two predictions which is better, and where."""
    from predictor_inspector.inspection import run as inspected
    from predictor_inspector.inspection.loss import chosen_loss

    common.begin_computing()
    loss = chosen_loss(options.loss, options.loss_set)
    request, _ = common.request_for(options, common.source_for(options))
    predictions, request = common.predictions_for(options, request)
    with common.progress(common.INSPECTION_STEPS) as tell:
        inspection = inspected(request, tell)
        found = loss_of(inspection, predictions, loss)
    if options.format == "json":
        common.print_json(found.as_dict())
    else:
        print(found.describe())


def loss_of(
    inspection: Inspection, predictions: Sequence[common.GivenPrediction], loss: Loss
) -> LossMap | LossComparison:
    """The loss of a prediction, or which of two is better."""
    from predictor_inspector.inspection.loss import compare_losses, loss_map

    maps = [loss_map(inspection, given.array, loss, given.logits) for given in predictions]
    return maps[0] if len(maps) == 1 else compare_losses(*maps)
