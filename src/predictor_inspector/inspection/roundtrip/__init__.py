"""Round trip: what the best possible network could achieve with a target and a decoder."""

from predictor_inspector.inspection.roundtrip.checks import check_round_trip
from predictor_inspector.inspection.roundtrip.decoder import DECODERS, Decoder, chosen_decoder, fitting_decoders
from predictor_inspector.inspection.roundtrip.degrade import Imperfection
from predictor_inspector.inspection.roundtrip.many import Scored, mean_scores, score_crops, score_regions
from predictor_inspector.inspection.roundtrip.round_trip import RoundTrip, round_trip
from predictor_inspector.inspection.roundtrip.scores import (
    Merge,
    NoObjectError,
    Overlaps,
    Scores,
    Split,
    with_ids_for_lost_voxels,
)
from predictor_inspector.inspection.roundtrip.sweep import SweepPlan, SweepPoint, planned_sweep, sweep

__all__ = [
    "DECODERS",
    "Decoder",
    "Imperfection",
    "Merge",
    "NoObjectError",
    "Overlaps",
    "RoundTrip",
    "Scored",
    "Scores",
    "Split",
    "SweepPlan",
    "SweepPoint",
    "check_round_trip",
    "chosen_decoder",
    "fitting_decoders",
    "mean_scores",
    "planned_sweep",
    "round_trip",
    "score_crops",
    "score_regions",
    "sweep",
    "with_ids_for_lost_voxels",
]
