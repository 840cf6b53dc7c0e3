"""Previews: what is shown of a result that takes long, before it is there."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from predictor_inspector.core import AffinitiesPredictor, Array, DistancePredictor
from predictor_inspector.inspection import Request, Source, run
from predictor_inspector.inspection.engine.preview import Pace, preview_of

NEAREST = ((1, 0, 0), (0, 1, 0), (0, 0, 1))


@pytest.fixture
def gt() -> Array:
    ids = np.random.default_rng(0).integers(0, 3, (5, 8, 8)).repeat(4, 0).repeat(4, 1).repeat(4, 2)
    return Array(ids.astype(np.uint16), (10, 10, 10), (50, 70, 90))


def test_descriptors_are_previewed_coarser_on_the_same_region(gt: Array) -> None:
    request = Request(AffinitiesPredictor(NEAREST, num_voxels=10), Source(gt), gt.roi)
    preview, note = preview_of(request, 0.1)
    assert preview == replace(request, predictor=replace(request.predictor, downsample_lsds=4))
    assert "coarser" in note
    exact, coarse = run(request).target.numpy(), run(preview).target.numpy()
    np.testing.assert_array_equal(exact[:3], coarse[:3])
    assert np.abs(exact - coarse).mean() < 0.1


def test_what_has_no_coarser_form_is_previewed_in_the_middle_and_exactly(gt: Array) -> None:
    request = Request(DistancePredictor(["a"], 30, True), Source(gt), gt.roi)
    preview, note = preview_of(request, 0.125)
    assert "middle" in note
    assert gt.roi.contains(preview.roi)
    assert preview.roi.shape == gt.roi.shape / 2
    exact, part = run(request).target, run(preview).target
    np.testing.assert_allclose(part.numpy(), exact[preview.roi].numpy(), atol=0.01)


def test_a_single_voxel_has_no_preview(gt: Array) -> None:
    roi = gt.roi_of((slice(0, 1), slice(0, 1), slice(0, 1)))
    request = Request(DistancePredictor(["a"], 30, True), Source(gt), roi)
    assert preview_of(request, 0.1) is None


def test_the_pace_is_learnt_from_what_was_timed(gt: Array) -> None:
    request = Request(DistancePredictor(["a"], 30, True), Source(gt), gt.roi)
    inspection = run(request)
    pace = Pace()
    pace.learn(replace(inspection, timings={"total": 2.0}))
    assert pace.expected(request) == pytest.approx(2.0)
    half = gt.roi_of((slice(0, 10), slice(0, 32), slice(0, 32)))
    smaller = replace(request, roi=half)
    assert 0.5 < pace.expected(smaller) < 2.0
