"""The regions around a ROI, and what of them lies beyond the data."""

from __future__ import annotations

import numpy as np
import pytest
from funlib.geometry import Coordinate, Roi
from hypothesis import given
from hypothesis import strategies as st

from predictor_inspector.core import AffinitiesPredictor, Array, DummyPredictor
from predictor_inspector.inspection import regions_for
from predictor_inspector.inspection.engine.regions import difference


@st.composite
def boxes(draw, dims: int) -> Roi:
    return Roi([draw(st.integers(-6, 6)) for _ in range(dims)], [draw(st.integers(1, 8)) for _ in range(dims)])


def painted(boxes: list[Roi], dims: int) -> np.ndarray:
    """How many of the boxes cover each place from -10 to 20."""
    space = np.zeros((30,) * dims, int)
    for box in boxes:
        space[tuple(slice(b + 10, e + 10) for b, e in zip(box.begin, box.end, strict=True))] += 1
    return space


@given(st.data(), st.integers(1, 3))
def test_boxes_beyond_the_data_tile_exactly_what_is_missing(data: st.DataObject, dims: int) -> None:
    region, hole = data.draw(boxes(dims)), data.draw(boxes(dims))
    rest = difference(region, hole)
    expected = painted([region], dims) * (1 - painted([hole], dims))
    np.testing.assert_array_equal(painted(rest, dims), expected)
    assert len(rest) <= 2 * dims


@given(st.tuples(st.integers(0, 6), st.integers(0, 6)))
def test_the_context_is_clipped_to_the_data_or_reaches_beyond_it(begin: tuple[int, int]) -> None:
    gt = Array(np.ones((8, 8), int), (3, 2), (5, -7))
    predictor = AffinitiesPredictor([[2, 0], [0, -4]], lsds=False)
    roi = gt.roi_of([slice(b, b + 2) for b in begin])
    clipped, padded = (regions_for(predictor, gt, roi, outside) for outside in ("clip", "zero"))
    assert clipped.roi == padded.roi == roi
    assert clipped.gt_region == padded.gt_region == roi.grow(Coordinate(0, 8), Coordinate(6, 0))
    assert clipped.read_region == clipped.gt_region.intersect(gt.roi)
    assert padded.read_region == padded.gt_region
    assert clipped.padding_region == roi.grow(Coordinate(6, 8), Coordinate(6, 8))
    assert bool(clipped.beyond_data) == (not gt.roi.contains(clipped.gt_region))
    assert sum(box.size for box in clipped.beyond_data) == clipped.gt_region.size - clipped.read_region.size


def test_a_roi_partly_beyond_the_data_can_be_padded() -> None:
    gt = Array(np.ones((4, 4), int), (1, 1))
    roi = Roi((-2, 0), (4, 4))
    assert regions_for(DummyPredictor(1), gt, roi, "zero").read_region == roi
    with pytest.raises(ValueError, match=r"use the part \[0:2, 0:4\]"):
        regions_for(DummyPredictor(1), gt, roi)


def test_a_predictor_that_asks_for_less_than_the_roi_is_refused() -> None:
    class Shrinking(DummyPredictor):
        def gt_region_for_roi(self, target_spec):
            spec = target_spec.copy()
            spec.roi = spec.roi.grow(Coordinate(-1, 0), Coordinate(0, 0))
            return spec

    gt = Array(np.ones((4, 4), int), (1, 1))
    with pytest.raises(ValueError, match=r"Shrinking.gt_region_for_roi must contain the ROI \[0:4, 0:4\], got \[1:4"):
        regions_for(Shrinking(1), gt, None)
