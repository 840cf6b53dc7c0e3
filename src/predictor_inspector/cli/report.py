"""Command ``report``: an HTML report of a region, or a figure."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from predictor_inspector.cli import common, loss, roundtrip

if TYPE_CHECKING:
    from predictor_inspector.inspection import Inspection, Request
    from predictor_inspector.inspection.loss import LossComparison, LossMap
    from predictor_inspector.inspection.output.session import Judgement
    from predictor_inspector.inspection.roundtrip import RoundTrip, Scored
    from predictor_inspector.inspection.training.survey import Survey

ABOUT = "write an HTML report of a region, or a figure for a paper"
_SESSIONS = (".yaml", ".yml")
_SAID = ["name", "axes", "classes", "predictor", "preset", "config", "set", "network"]
_SAID += ["index", "mask", "raw", "device", "outside", "balance_over"]  # by a session


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``report``."""
    common.add_inspection(parser, sessions=True, raw=common.RAW)
    roundtrip.add_decoder(parser)
    about = (
        "array in PATH, or a path, with the target's channels, whose loss is told; where it ends, so does the region"
    )
    loss.add_loss(common.add_prediction(parser, about))
    many = parser.add_argument_group("survey")
    about = (
        "also inspect N random regions of that size; with --raw these are checked against it, with --decoder decoded"
    )
    many.add_argument("--survey", metavar="N", type=int, default=0, help=about)
    about = "least annotated share of each of these regions, 0.1 by default"
    many.add_argument("--min-annotated", metavar="SHARE", type=float, default=0.1, help=about)
    out = parser.add_argument_group("results")
    out.add_argument("--out", metavar="FILE", required=True, help="an .html report, or a .png, .svg or .pdf figure")
    out.add_argument("--title", default="", help="of the report")
    out.add_argument("--channels", metavar="NAMES", help="of a figure: those to show, separated by commas")
    # What a session says itself is known from what isn't as it would be without an option.
    parser.set_defaults(without={name: parser.get_default(name) for name in _SAID})


def run(options: argparse.Namespace) -> None:
    """Write the report or the figure."""
    from predictor_inspector.inspection import run
    from predictor_inspector.inspection.findings import find_with_raw
    from predictor_inspector.inspection.output.pictures import FORMATS, publication_figure, save_figure
    from predictor_inspector.inspection.output.report import report_html, write_report
    from predictor_inspector.inspection.roundtrip import Imperfection

    suffix = Path(options.out).suffix.lower()
    if suffix not in (".html", ".htm", *FORMATS):
        raise ValueError(f"--out must end in .html, {', '.join(FORMATS)}, got {options.out!r}")
    if options.survey < 0:
        raise ValueError(f"--survey must be at least 0 regions, got {options.survey}")
    if not options.decoder and (options.decoder_set or roundtrip.imperfection_of(options) != Imperfection()):
        raise ValueError("--decoder-set, --noise, --blur, --shift, --gaps and --seed go with --decoder")
    common.begin_computing()
    request, judgement, inputs, notes = _asked(options)
    predictions, request = common.predictions_for(options, request)
    if not predictions:
        predictions, request = _predictions_in(judgement, request)
    inspection = run(request)
    trips = _round_trips(options, judgement, inspection, predictions)
    lost = _loss(options, judgement, inspection, predictions)
    if suffix in FORMATS:
        channels = None if options.channels is None else [name.strip() for name in options.channels.split(",")]
        figure = publication_figure(inspection, channels, trip=trips.get("target"), loss=lost)
        written = save_figure(options.out, figure)
    else:
        surveyed, scored = _surveyed(options, request, inspection, trips.get("target"))
        html = report_html(
            inspection,
            find_with_raw(inspection),
            inputs,
            notes,
            surveyed,
            title=options.title,
            trips=trips,
            loss=lost,
            scored=scored,
        )
        written = write_report(options.out, html)
    print(f"written to {written}")


def _asked(options: argparse.Namespace) -> tuple[Request, Judgement, dict[str, str], str]:
    """What to inspect, what networks are judged by, where the data come from, and notes: of the options, or of a session."""
    from predictor_inspector.inspection.output.session import Judgement, load_session

    if not options.path.lower().endswith(_SESSIONS):
        request = common.request_for(options, common.source_for(options))[0]
        names = {"ground truth": options.name, "annotated": options.mask, "raw data": options.raw}
        inputs = {
            role: " : ".join(part for part in (options.path, name) if part)
            for role, name in names.items()
            if role == "ground truth" or name is not None
        }
        return request, Judgement(), inputs, ""
    # A checkpoint's network is the model's, not the session's.
    said = [name for name in _SAID if name != "network" or not (options.model or options.versus_model)]
    for name in said:
        if getattr(options, name) != options.without[name]:
            what = name.upper() if name == "name" else f"--{name.replace('_', '-')}"
            raise ValueError(f"{what} goes with data, but {options.path} is a session, which says that itself")
    session = load_session(options.path)
    request = session.request()
    options.path, options.outside = session.data.ground_truth.path, request.outside
    if options.roi is not None:
        request = replace(request, roi=common.roi_for(options, request.source))
    return request, session.judgement or Judgement(), session.inputs, session.notes


def _predictions_in(judgement: Judgement, request: Request) -> tuple[list[common.GivenPrediction], Request]:
    """As `common.predictions_for`, those of a session; a note says why one isn't told, as in the dock."""
    from predictor_inspector.core.text import format_error
    from predictor_inspector.inspection.engine.predictions import counted_like, covered_roi

    found, covered = list[common.GivenPrediction](), request.regions.roi
    for role, model in (judgement.models or {}).items():
        common.note(
            f"the session's {role} is left out: models of sessions aren't run; name {model['path']} with --model"
        )
    for role, origin in (("prediction", judgement.prediction), ("versus", judgement.versus)):
        if origin is None or (role == "versus" and not found):
            continue
        try:
            array = counted_like(origin.opened(role), request.source.gt)
            covered = covered_roi(covered, request.source.gt, array)
        except (ValueError, OSError, ImportError) as error:
            common.note(f"the session's {role} is left out: {format_error(error)}")
        else:
            found.append(common.GivenPrediction(origin.name or str(origin.path), array, judgement.logits))
    return found, replace(request, roi=covered) if found else request


def _round_trips(
    options: argparse.Namespace,
    judgement: Judgement,
    inspection: Inspection,
    predictions: Sequence[common.GivenPrediction],
) -> dict[str, RoundTrip]:
    """Round trips of the target and of predictions, with ``--decoder`` or, where it can be used, that of a session."""
    from predictor_inspector.core.text import format_error
    from predictor_inspector.inspection.findings.search import check_memory
    from predictor_inspector.inspection.roundtrip import chosen_decoder, round_trip
    from predictor_inspector.inspection.roundtrip.round_trip import DECODING

    kept = judgement.made_decoder()
    if not options.decoder and kept is None:
        return {}
    try:
        check_memory(inspection.request, None, DECODING, "a round trip of")
        if options.decoder or kept is None:
            decoder = chosen_decoder(inspection.channels, options.decoder, options.decoder_set)
            imperfection = roundtrip.imperfection_of(options)
        else:
            decoder, imperfection = kept, judgement.made_imperfection()
        trips = {"target": round_trip(inspection, decoder, imperfection)}
        return trips | roundtrip.predicted_trips(inspection, decoder, predictions)
    except (ValueError, ImportError) as error:
        if options.decoder:
            raise
        common.note(f"the session's round trip is left out: {format_error(error)}")
        return {}


def _loss(
    options: argparse.Namespace,
    judgement: Judgement,
    inspection: Inspection,
    predictions: Sequence[common.GivenPrediction],
) -> LossMap | LossComparison | None:
    """The loss of a prediction, or which of two is better."""
    from predictor_inspector.inspection.loss import chosen_loss

    if not predictions:
        return None
    given = options.loss is not None or options.loss_set
    kept = None if given else judgement.made_loss()
    return loss.loss_of(inspection, predictions, kept or chosen_loss(options.loss, options.loss_set))


def _surveyed(
    options: argparse.Namespace, request: Request, inspection: Inspection, trip: RoundTrip | None
) -> tuple[Survey | None, list[Scored]]:
    """What is found in regions that are drawn, and what they score in round trips like that of the target, if there is one."""
    from predictor_inspector.inspection.findings import find_with_raw
    from predictor_inspector.inspection.roundtrip import score_regions
    from predictor_inspector.inspection.training.positions import Positions
    from predictor_inspector.inspection.training.survey import survey

    found: Survey | None = None
    scored: list[Scored] = []
    if options.survey:
        positions = Positions(request.source, tuple(inspection.target.spatial_shape), options.min_annotated)
        rois = list(islice(positions, options.survey))
        with common.bar(len(rois) * (1 if trip is None else 2)) as advance:
            for so_far in survey(request, rois, find_with_raw):
                found = so_far
                advance(1)
            for one in () if trip is None else score_regions(request, rois, trip.decoder, trip.imperfection):
                scored.append(one)
                advance(1)
    return found, scored
