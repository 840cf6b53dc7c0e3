"""Round trips of a target and of a prediction, and what the tab's layers show of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from predictor_inspector.core.array import Array
from predictor_inspector.core.text import capitalised, format_error
from predictor_inspector.inspection import Inspection
from predictor_inspector.inspection.engine.predictions import Prediction, activated, covered_by, predicted_values
from predictor_inspector.inspection.engine.run import Progress
from predictor_inspector.inspection.roundtrip import Decoder, Imperfection, RoundTrip, round_trip


@dataclass(frozen=True, eq=False)
class Decoded:
    """A round trip, and what its layers show: segments named after the objects that they are, and mistakes."""

    trip: RoundTrip
    segmentation: Array
    mistakes: Array  # numbers into `MISTAKE_COLOURS`
    predicted: RoundTrip | str | None = None  # that of a prediction, or why there is none


@dataclass(frozen=True, eq=False)
class WantedTrip:
    """What is to be decoded, and how."""

    inspection: Inspection
    decoder: Decoder
    imperfection: Imperfection
    prediction: Prediction | None

    def is_same(self, other: WantedTrip | None) -> bool:
        return (
            other is not None
            and self.inspection is other.inspection
            and (self.decoder, self.imperfection, self.prediction)
            == (other.decoder, other.imperfection, other.prediction)
        )


def decoded_of(trip: RoundTrip) -> Decoded:
    """What the layers of a round trip show, along spatial axes only."""
    overlaps, truth = trip.overlaps, trip.truth

    def flat(values: np.ndarray) -> Array:
        # Of several segmentations what lies on top of the others.
        return truth.like(values.max(0) if values.ndim > truth.dims else values, truth.spatial_axes)

    names = overlaps.named_as_objects(trip.segmentation.numpy())
    shape = overlaps.shape
    mistakes = np.zeros(shape, np.uint8)
    mistakes[np.isin(truth.numpy().reshape(shape), trip.lost)] = 3
    mistakes[overlaps.split_voxels()] = 1
    mistakes[overlaps.merged_voxels()] = 2
    return Decoded(trip, flat(names), flat(mistakes))


def prediction_trip(wanted: WantedTrip) -> Callable[[Progress], RoundTrip | str | None]:
    """What decodes a prediction where it covers the region, in any thread; a sentence if it doesn't fit."""
    prediction, inspection = wanted.prediction, wanted.inspection
    if prediction is None:
        return lambda _step: None

    def wrong(error: ValueError) -> str:
        return f"{capitalised(format_error(error))}."

    try:
        predict = prediction.begin(inspection)
    except ValueError as error:
        problem = wrong(error)
        return lambda _step: problem

    def trip(step: Progress) -> RoundTrip | str:
        try:
            array = predict(step)
            covered = covered_by(inspection, array)
            values = predicted_values(covered, array)
        except ValueError as error:
            return wrong(error)
        values = activated(values, inspection.channels) if prediction.logits else values
        return round_trip(covered, wanted.decoder, progress=step, prediction=values)

    return trip
