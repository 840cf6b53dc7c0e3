"""Round trips in words and tables."""

from __future__ import annotations

from collections.abc import Sequence

from predictor_inspector.core.text import counted, format_duration, format_shape, listed
from predictor_inspector.data.roi_text import roi_to_text
from predictor_inspector.inspection.roundtrip.decoder import DECODERS
from predictor_inspector.inspection.roundtrip.many import Scored, mean_scores
from predictor_inspector.inspection.roundtrip.round_trip import RoundTrip
from predictor_inspector.inspection.roundtrip.scores import Merge, Split

SCORES = ("arand", "voi_split", "voi_merge", "precision_iou50", "recall_iou50", "f1_iou50")


def trip_summary(trip: RoundTrip) -> str:
    """What was decoded, and how many mistakes there are."""
    counts = [
        counted(trip.scores.segments, "segment"),
        counted(len(trip.splits), "split object"),
        counted(len(trip.merges), "merged segment"),
        f"{len(trip.lost):,} lost",
    ]
    kind, seconds = DECODERS.name_of(type(trip.decoder)), format_duration(sum(trip.seconds.values()))
    return f"{kind} of {format_shape(trip.truth.spatial_shape)} voxels in {seconds}: {', '.join(counts)}"


def score_rows(trip: RoundTrip) -> list[tuple[str, ...]]:
    """A row per score, of ids and, where there are any, of their pieces; the titles first."""
    pieces = trip.piece_scores
    told = [trip.scores, *(() if pieces is None else (pieces,))]
    rows = [("", "ids", *(() if pieces is None else ("pieces",)))]
    rows += [(name, *(f"{getattr(s, name):.4f}" for s in told)) for name in SCORES]
    return [*rows, ("objects", *(f"{s.objects:,}" for s in told))]


def mistake_rows(trip: RoundTrip, most: int) -> list[tuple[str, str, str, str]]:
    """What happened, to what, where as ``--roi`` takes it, and to how many voxels: of splits and of merges so many."""
    gt = trip.inspection.request.source.gt
    places: list[tuple[str, str, Split | Merge]] = [
        ("split", f"{trip.name(s.object)} → {counted(len(s.segments), 'segment')}", s) for s in trip.splits[:most]
    ]
    places += [("merged", listed((trip.name(o) for o in m.objects), 4), m) for m in trip.merges[:most]]
    return [
        (what, whom, roi_to_text(trip.roi_of(where), gt), counted(where.voxels, "voxel"))
        for what, whom, where in places
    ]


def scored_rows(scored: Sequence[Scored], noun: str, most: int) -> tuple[list[tuple[str, ...]], list[str]]:
    """A row for each region or crop that has scores, as `noun` calls it, and one of their means; the titles first.

    The worst come first, and `most` are told. Beside the rows, sentences: how many were left out, and why others have none.
    """
    worst_first = sorted((-one.scores.arand, one.name, one.scores) for one in scored if one.scores)
    rows: list[tuple[str, ...]] = [(noun, *SCORES)]
    rows += [(name, *(f"{getattr(scores, score):.4f}" for score in SCORES)) for _, name, scores in worst_first[:most]]
    left, means = len(worst_first) - most, mean_scores(scored)
    if means:
        rows.append((f"mean of {counted(len(worst_first), noun)}", *(f"{means[score]:.4f}" for score in SCORES)))
    without = [f"{one.name} isn't scored: {one.problem}" for one in scored if one.problem]
    return rows, [*[f"and {counted(left, noun)} more, with smaller errors"] * (left > 0), *without]
