"""Round trips of many regions, or of many crops: scores of each, and their means."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from funlib.geometry import Roi

from predictor_inspector.core.predictor import Predictor
from predictor_inspector.core.text import format_error
from predictor_inspector.data.dataset import Crop
from predictor_inspector.data.roi_text import roi_to_text
from predictor_inspector.inspection.engine.devices import pick_device
from predictor_inspector.inspection.engine.memory import default_memory
from predictor_inspector.inspection.engine.run import Request, run
from predictor_inspector.inspection.findings.finding import VoxelSet, plain
from predictor_inspector.inspection.findings.search import part_in_memory
from predictor_inspector.inspection.roundtrip.decoder import Decoder
from predictor_inspector.inspection.roundtrip.degrade import Imperfection
from predictor_inspector.inspection.roundtrip.round_trip import DECODING, PERFECT, RoundTrip, round_trip
from predictor_inspector.inspection.roundtrip.scores import NoObjectError, Scores


@dataclass(frozen=True)
class Scored:
    """The scores of a region, against ids; or why there are none, which is what `problem` says. It holds no voxels.

    `name` is the crop's, or the region as ``--roi`` takes it; `where` is None for a crop that can't be decoded.
    """

    name: str
    where: VoxelSet | None
    scores: Scores | None
    problem: str = ""

    @classmethod
    def of(cls, trip: RoundTrip, name: str = "") -> Scored:
        """The scores of a round trip."""
        return cls(name or _name(trip.inspection.request), _where(trip.inspection.request), trip.scores)

    def as_dict(self) -> dict[str, Any]:
        """As JSON can hold it."""
        return {
            "name": self.name,
            "where": None if self.where is None else self.where.as_dict(),
            "scores": None if self.scores is None else plain(self.scores.as_dict()),
            "problem": self.problem,
        }


def score_regions(
    request: Request, rois: Iterable[Roi], decoder: Decoder, imperfection: Imperfection = PERFECT
) -> Iterator[Scored]:
    """Decode one region after the other, each as `request` says, and yield its scores; errors as `round_trip` has them.

    A region without an annotated object has no scores, which is its problem.
    """
    for roi in rois:
        yield _scored(replace(request, roi=roi), decoder, imperfection)


def score_crops(
    crops: Iterable[Crop],
    predictor: Predictor,
    decoder: Decoder,
    imperfection: Imperfection = PERFECT,
    memory: int | None = None,
    device: str = "auto",
) -> Iterator[Scored]:
    """Decode the target of each crop, and yield its scores.

    Parameters
    ----------
    crops : iterable of Crop
        What is wrong with one, so that it can't be opened or decoded, is its problem.
    predictor, decoder : Predictor, Decoder
        Make the target, and a segmentation of it.
    memory : int, optional
        Bytes, by default what `default_memory` gives; of crops that need more, the middle is decoded.
    """
    memory = default_memory(pick_device(device)) if memory is None else memory
    for crop in crops:
        try:
            request = Request(predictor, crop.open(), device=device)
            part = replace(request, roi=part_in_memory(request, memory, DECODING))
            scored = _scored(part, decoder, imperfection, crop.name)
        except (ValueError, OSError, ImportError, MemoryError) as error:
            scored = Scored(crop.name, None, None, format_error(error))
        yield scored


def mean_scores(scored: Iterable[Scored]) -> dict[str, float]:
    """The mean of each score over the regions that have any; numbers of objects and segments, too. Empty without any."""
    found = [one.scores for one in scored if one.scores is not None]
    if not found:
        return {}
    return {f.name: float(np.mean([getattr(scores, f.name) for scores in found])) for f in fields(Scores)}


def _scored(request: Request, decoder: Decoder, imperfection: Imperfection, name: str = "") -> Scored:
    try:
        return Scored.of(round_trip(run(request), decoder, imperfection), name)
    except NoObjectError:
        return Scored(name or _name(request), _where(request), None, "it holds no annotated object")


def _name(request: Request) -> str:
    return roi_to_text(request.regions.roi, request.source.gt)


def _where(request: Request) -> VoxelSet:
    return VoxelSet.box(request.regions.roi, request.source.gt)
