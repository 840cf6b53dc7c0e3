"""Command ``roundtrip``: what a decoder gets back from a target, as text or JSON."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from predictor_inspector.cli import common
from predictor_inspector.cli.check import findings_text, place_in

if TYPE_CHECKING:
    from predictor_inspector.inspection import Inspection
    from predictor_inspector.inspection.engine.run import Progress
    from predictor_inspector.inspection.findings import Finding
    from predictor_inspector.inspection.roundtrip import (
        Decoder,
        Imperfection,
        RoundTrip,
        Scored,
        SweepPlan,
        SweepPoint,
    )

ABOUT = "decode a target, and say how much of the ground truth comes back"
_MOST = 10  # of splits and of merges that are written out; JSON has all of them


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``roundtrip``."""
    too_large = "larger regions are refused, with one that isn't too large"
    common.add_inspection(parser, raw="which a --model predicts from", memory=too_large)
    add_decoder(parser)
    about = "array in PATH, or a path, with the target's channels: decoded, too, so that what a network loses shows"
    common.add_prediction(parser, about)
    out = parser.add_argument_group("results")
    about = (
        "scores for values of a parameter of predictor, decoder or imperfection: scale_factor=20:200:7 for seven from 20 to "
        "200, bias=0.3,0.5,0.9, or neighborhood for its offsets one by one"
    )
    out.add_argument("--sweep", metavar="NAME=VALUES", help=about)
    about = (
        "also decode N regions of the same size, drawn from all data as training does; without --roi, regions of 64 voxels a "
        "side, and scores of these alone"
    )
    out.add_argument("--survey", metavar="N", type=int, default=0, help=about)
    out.add_argument("--format", choices=("text", "json"), default="text", help="text (default) or JSON")


def add_decoder(parser: argparse.ArgumentParser) -> None:
    """Add the decoder, and what makes a prediction of a target imperfect."""
    how = parser.add_argument_group("decoder")
    about = (
        "mutex_watershed, threshold, watershed, argmax, waterz or that of an installed package; or a YAML or JSON file of its "
        "kind and parameters; by default the first that fits the target"
    )
    how.add_argument("--decoder", metavar="KIND", help=about)
    about = "one parameter of it, its value in YAML (bias=0.6, strides=[[1,1,1],[2,2,2]])"
    how.add_argument("--decoder-set", metavar="KEY=VALUE", help=about, **common.REPEATED)
    worse = parser.add_argument_group("imperfect prediction")
    for name, about in {
        "noise": "standard deviation of noise on every value",
        "blur": "standard deviation of a Gaussian blur, in voxels",
        "shift": "how far boundaries are moved to and fro, in voxels",
        "gaps": "share of the space within objects where boundaries are missing",
    }.items():
        worse.add_argument(f"--{name}", metavar="AMOUNT", type=float, default=0.0, help=about)
    worse.add_argument("--seed", metavar="N", type=int, default=0, help="of the random numbers")


def imperfection_of(options: argparse.Namespace) -> Imperfection:
    """What makes a prediction imperfect."""
    from predictor_inspector.inspection.roundtrip import Imperfection

    return Imperfection(options.noise, options.blur, options.shift, options.gaps, options.seed)


def run(options: argparse.Namespace) -> None:
    """Print scores, splits, merges and findings, and the scores of a sweep."""
    from predictor_inspector.inspection import run as inspected
    from predictor_inspector.inspection.findings.search import check_memory
    from predictor_inspector.inspection.roundtrip import (
        Scored,
        check_round_trip,
        chosen_decoder,
        planned_sweep,
        round_trip,
        score_regions,
        sweep,
    )
    from predictor_inspector.inspection.roundtrip.round_trip import DECODING
    from predictor_inspector.inspection.training.drift import drawn_regions

    if options.survey < 0:
        raise ValueError(f"--survey must be at least 0 regions, got {options.survey}")
    common.begin_computing()
    request, _ = common.request_for(options, common.source_for(options))
    if (options.prediction or options.model) and options.survey:
        raise ValueError("--prediction and --model go with a region, not with --survey")
    predictions, request = common.predictions_for(options, request)
    decoder = chosen_decoder(request.channels, options.decoder, options.decoder_set)
    imperfection = imperfection_of(options)
    plan = None if options.sweep is None else planned_sweep(options.sweep, request, decoder, imperfection)
    rois = drawn_regions(request, options.survey) if options.survey else []
    if rois:
        request = replace(request, roi=rois[0])
    check_memory(request, common.memory_for(options), DECODING, "a round trip of")
    with common.progress(common.INSPECTION_STEPS + 7) as tell:
        inspection = inspected(request, tell)
        trip = round_trip(inspection, decoder, imperfection, tell)
        findings = check_round_trip(trip, tell)
        predicted = predicted_trips(inspection, decoder, predictions, tell)
    points, surveyed = [], [Scored.of(trip)] if rois else []
    if plan is not None:
        with common.progress(len(plan.values)) as tell:
            for point in sweep(inspection, decoder, plan, imperfection):
                points.append(point)
                tell(point.label, 1.0)
    with common.bar(len(rois)) as advance:
        for one in score_regions(request, rois[1:], decoder, imperfection):
            surveyed.append(one)
            advance(1)
    if options.format == "json":
        told = trip.as_dict() | {"findings": [f.as_dict() for f in findings]}
        told |= {name: each.as_dict() for name, each in predicted.items()}
        told |= {} if plan is None else {"sweep": _sweep_as_dict(plan, points)}
        common.print_json(told | ({"survey": [one.as_dict() for one in surveyed]} if surveyed else {}))
        return
    print(_text(trip, findings))
    for given, (name, each) in zip(predictions, predicted.items(), strict=True):
        print(f"\n{name} {given.title}\n\n{_text(each)}")
    if plan is not None:
        print(f"\n{_sweep_text(plan, points)}")
    if surveyed:
        print(f"\n{scores_text(surveyed, 'region')}")


def predicted_trips(
    inspection: Inspection,
    decoder: Decoder,
    predictions: Sequence[common.GivenPrediction],
    progress: Progress | None = None,
) -> dict[str, RoundTrip]:
    """What the decoder makes of ``prediction`` and ``versus``, as far as they are given."""
    from predictor_inspector.inspection.engine.predictions import activated, predicted_values
    from predictor_inspector.inspection.roundtrip import round_trip

    found = {}
    for name, given in zip(("prediction", "versus"), predictions, strict=False):
        values = predicted_values(inspection, given.array)
        values = activated(values, inspection.channels) if given.logits else values
        found[name] = round_trip(inspection, decoder, progress=progress, prediction=values)
    return found


def _text(trip: RoundTrip, findings: Sequence[Finding] | None = None) -> str:
    from predictor_inspector.core.text import format_table
    from predictor_inspector.inspection.roundtrip.trip_text import mistake_rows, score_rows, trip_summary

    gt, rows = trip.inspection.request.source.gt, score_rows(trip)
    lines = [trip_summary(trip), "", format_table(rows, right=range(1, len(rows[0])))]
    places = mistake_rows(trip, _MOST)
    lines += [""] * bool(places)
    lines += [f"{what:7} {whom}  --roi {roi}  ({voxels})" for what, whom, roi, voxels in places]
    left = max(0, len(trip.splits) - _MOST) + max(0, len(trip.merges) - _MOST)
    lines += [f"and {left:,} more; --format json has all"] * bool(left)
    return "\n".join(lines if findings is None else [*lines, "", findings_text(findings, place_in(gt))])


def _sweep_text(plan: SweepPlan, points: Sequence[SweepPoint]) -> str:
    from predictor_inspector.core.text import format_table
    from predictor_inspector.inspection.roundtrip.trip_text import SCORES

    rows: list[tuple[str, ...]] = [(plan.parameter.name, *SCORES)]
    for point in points:
        values = [point.problem] if point.scores is None else [f"{getattr(point.scores, name):.4f}" for name in SCORES]
        rows.append((point.label, *values, *[""] * (len(SCORES) - len(values))))
    return format_table(rows, right=range(1, len(rows[0])))


def _sweep_as_dict(plan: SweepPlan, points: Sequence[SweepPoint]) -> dict[str, Any]:
    from predictor_inspector.inspection.findings.finding import plain

    return {"parameter": plan.parameter.name, "of": plan.owner, "points": [plain(p.as_dict()) for p in points]}


def scores_text(scored: Sequence[Scored], noun: str) -> str:
    """The scores of regions or crops, the worst first, their means, and why some have none."""
    from predictor_inspector.core.text import format_table
    from predictor_inspector.inspection.roundtrip.trip_text import scored_rows

    rows, more = scored_rows(scored, noun, _MOST)
    return "\n".join([format_table(rows, right=range(1, len(rows[0]))), *more])
