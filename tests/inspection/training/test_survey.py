"""Surveys over many regions."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest

from predictor_inspector.core import AffinitiesPredictor, Array, DistancePredictor
from predictor_inspector.data.source import Source
from predictor_inspector.inspection import Request, inspect
from predictor_inspector.inspection.training.positions import Positions
from predictor_inspector.inspection.training.survey import survey

from ..stand_ins import stand_in


@pytest.fixture
def gt() -> Array:
    ids = np.kron(np.random.default_rng(0).integers(0, 3, (2, 8, 8)), np.ones((2, 4, 4), int))
    return Array(ids.astype(np.uint16), (40, 4, 4))


def request_of(gt: Array, **kwargs: object) -> Request:
    return Request(DistancePredictor(("cell",), 20.0, False), Source(gt), device="cpu", **kwargs)  # type: ignore[arg-type]


def test_weights_are_those_of_a_training_that_looks_at_the_same_regions(gt: Array) -> None:
    rois = list(islice(Positions(Source(gt), (1, 6, 6)), 5))
    predictor = AffinitiesPredictor(((1, 0, 0), (0, 1, 0)), lsds=False)
    *_, last = survey(Request(predictor, Source(gt), device="cpu"), rois, find=lambda _: [])
    counts = None
    for step, roi in enumerate(rois):
        inspection = inspect(predictor, gt, roi, device="cpu", counts=counts)
        counts = inspection.counts
        for channel, s in enumerate(inspection.statistics):
            for cls, weight in enumerate((s.negative_weight, s.positive_weight)):
                seen = last.weights[step, channel, cls]
                assert np.isnan(seen) if s.counts[cls] == 0 else seen == pytest.approx(weight)
    assert last.channels == inspection.channel_names
    assert last.weights.shape == (5, 2, 2)


def test_a_finding_counts_once_a_region_and_its_worst_region_is_kept(gt: Array) -> None:
    rois = list(islice(Positions(Source(gt), (1, 6, 6)), 3))
    planted = {
        0: [stand_in("a", voxels=3), stand_in("a", channels=("cell",), voxels=5)],
        1: [stand_in("a", voxels=9), stand_in("b", "error")],
        2: [stand_in("a", voxels=7), stand_in("c", "info")],
    }
    *_, last = survey(request_of(gt), rois, find=lambda i: planted[rois.index(i.roi)])
    assert [(t.worst.id, t.worst.severity, t.regions) for t in last.tallies] == [
        ("b", "error", 1),
        ("a", "warning", 3),
        ("c", "info", 1),
    ]
    a = last.tallies[1]
    assert (a.roi, a.worst.where.voxels) == (rois[1], 9)


def test_what_is_graver_is_worse_however_few_voxels_it_has(gt: Array) -> None:
    rois = list(islice(Positions(Source(gt), (1, 6, 6)), 2))
    planted = {0: [stand_in("a", "warning", voxels=99)], 1: [stand_in("a", "error", voxels=1)]}
    *_, last = survey(request_of(gt), rois, find=lambda i: planted[rois.index(i.roi)])
    assert last.tallies[0].roi == rois[1]


def test_each_step_is_yielded_and_nobody_has_to_see_the_rest(gt: Array) -> None:
    rois = list(islice(Positions(Source(gt), (1, 6, 6)), 50))
    steps = survey(request_of(gt), rois, find=lambda _: [])
    first, second = next(steps), next(steps)
    steps.close()
    assert (first.done, second.done, second.planned) == (1, 2, 50)


def test_progress_can_end_a_survey_within_a_region(gt: Array) -> None:
    class Enough(Exception):
        pass

    def stop(step: str, fraction: float) -> None:
        raise Enough

    with pytest.raises(Enough):
        next(survey(request_of(gt), [gt.roi], find=lambda _: [], progress=stop))


def test_real_findings_are_counted(gt: Array) -> None:
    rois = list(islice(Positions(Source(gt), (1, 6, 6)), 3))
    offsets = ((0, 0, 1), (0, 30, 0))  # the second is longer than the region and its data
    *_, last = survey(Request(AffinitiesPredictor(offsets, lsds=False), Source(gt), device="cpu"), rois)
    tallies = {t.worst.id: t for t in last.tallies}
    assert "zero-weight" in tallies
    assert tallies["zero-weight"].regions == 3
    assert tallies["zero-weight"].worst.where.voxels > 0
