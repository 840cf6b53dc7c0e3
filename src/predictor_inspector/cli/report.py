"""Command ``report``: an HTML report of a region, or a figure."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from predictor_inspector.cli import common, loss, roundtrip

if TYPE_CHECKING:
    from predictor_inspector.inspection import Inspection
    from predictor_inspector.inspection.loss import LossComparison, LossMap
    from predictor_inspector.inspection.roundtrip import RoundTrip

ABOUT = "write an HTML report of a region, or a figure for a paper"
_SESSIONS = (".yaml", ".yml")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``report``."""
    common.add_inspection(parser, sessions=True, raw=common.RAW)
    roundtrip.add_decoder(parser)
    about = (
        "array in PATH, or a path, with the target's channels, whose loss is told; where it ends, so does the region"
    )
    loss.add_loss(common.add_prediction(parser, about))
    many = parser.add_argument_group("survey")
    many.add_argument("--survey", metavar="N", type=int, default=0, help="also inspect N random regions of that size")
    about = "least annotated share of each of these regions, 0.1 by default"
    many.add_argument("--min-annotated", metavar="SHARE", type=float, default=0.1, help=about)
    out = parser.add_argument_group("results")
    out.add_argument("--out", metavar="FILE", required=True, help="an .html report, or a .png, .svg or .pdf figure")
    out.add_argument("--title", default="", help="of the report")
    out.add_argument("--channels", metavar="NAMES", help="of a figure: those to show, separated by commas")


def run(options: argparse.Namespace) -> None:
    """Write the report or the figure."""
    from predictor_inspector.inspection import run
    from predictor_inspector.inspection.findings import find_quickly
    from predictor_inspector.inspection.output.pictures import FORMATS, publication_figure, save_figure
    from predictor_inspector.inspection.output.report import report_html, write_report
    from predictor_inspector.inspection.output.session import load_session
    from predictor_inspector.inspection.roundtrip import Imperfection
    from predictor_inspector.inspection.training.positions import Positions
    from predictor_inspector.inspection.training.survey import survey

    suffix = Path(options.out).suffix.lower()
    if suffix not in (".html", ".htm", *FORMATS):
        raise ValueError(f"--out must end in .html, {', '.join(FORMATS)}, got {options.out!r}")
    if options.survey < 0:
        raise ValueError(f"--survey must be at least 0 regions, got {options.survey}")
    judged = options.prediction or options.model
    if judged and options.path.lower().endswith(_SESSIONS):
        raise ValueError("--prediction and --model go with data, not with a session; name the data instead")
    if not options.decoder and (options.decoder_set or roundtrip.imperfection_of(options) != Imperfection()):
        raise ValueError("--decoder-set, --noise, --blur, --shift, --gaps and --seed go with --decoder")
    common.begin_computing()
    if options.path.lower().endswith(_SESSIONS):
        session = load_session(options.path)
        request, inputs, notes = session.request(), session.inputs, session.notes
    else:
        request, notes = common.request_for(options, common.source_for(options))[0], ""
        names = {"ground truth": options.name, "annotated": options.mask, "raw data": options.raw}
        inputs = {
            role: " : ".join(part for part in (options.path, name) if part)
            for role, name in names.items()
            if role == "ground truth" or name is not None
        }
    predictions, request = common.predictions_for(options, request)
    inspection = run(request)
    if suffix in FORMATS:
        channels = None if options.channels is None else [name.strip() for name in options.channels.split(",")]
        written = save_figure(options.out, publication_figure(inspection, channels))
    else:
        surveyed = None
        if options.survey:
            positions = Positions(request.source, tuple(inspection.target.spatial_shape), options.min_annotated)
            *_, surveyed = survey(request, list(islice(positions, options.survey)))
        findings = find_quickly(inspection)
        trips = _trips(options, inspection, predictions)
        found = _loss(options, inspection, predictions)
        html = report_html(inspection, findings, inputs, notes, surveyed, title=options.title, trips=trips, loss=found)
        written = write_report(options.out, html)
    print(f"written to {written}")


def _trips(
    options: argparse.Namespace, inspection: Inspection, predictions: Sequence[common.GivenPrediction]
) -> dict[str, RoundTrip]:
    """Round trips of the target and of predictions, with ``--decoder``."""
    from predictor_inspector.inspection.findings.search import check_memory
    from predictor_inspector.inspection.roundtrip import chosen_decoder, round_trip
    from predictor_inspector.inspection.roundtrip.round_trip import DECODING

    if not options.decoder:
        return {}
    check_memory(inspection.request, None, DECODING, "a round trip of")
    decoder = chosen_decoder(inspection.channels, options.decoder, options.decoder_set)
    trips = {"target": round_trip(inspection, decoder, roundtrip.imperfection_of(options))}
    return trips | roundtrip.predicted_trips(inspection, decoder, predictions)


def _loss(
    options: argparse.Namespace, inspection: Inspection, predictions: Sequence[common.GivenPrediction]
) -> LossMap | LossComparison | None:
    """The loss of ``--prediction``, or with ``--versus`` which is better."""
    from predictor_inspector.inspection.loss import chosen_loss

    return loss.loss_of(inspection, predictions, chosen_loss(options.loss, options.loss_set)) if predictions else None
