"""ROIs as text."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from predictor_inspector.core import Array
from predictor_inspector.core.text import format_roi
from predictor_inspector.data.roi_text import roi_from_text, roi_to_text

FRACTIONAL = Array(np.zeros((20, 30, 40), np.uint8), (524, 400, 400), (10000, 201150, 7510), subdivision=100)


@given(st.lists(st.tuples(st.integers(0, 19), st.integers(1, 20)), min_size=3, max_size=3))
def test_voxels_and_the_same_place_in_units_are_the_same_roi(ranges: list[tuple[int, int]]) -> None:
    slices = [slice(b, min(b + n, s)) for (b, n), s in zip(ranges, FRACTIONAL.spatial_shape, strict=True)]
    in_voxels = ",".join(f"{s.start}:{s.stop}" for s in slices)
    world = FRACTIONAL.roi_of(slices)
    in_units = ",".join(f"{b / 100}nm:{e / 100}nm" for b, e in zip(world.begin, world.end, strict=True))
    assert roi_from_text(in_voxels, FRACTIONAL) == roi_from_text(in_units, FRACTIONAL) == (world, "")


def test_a_roi_off_the_grid_grows_to_the_smallest_that_holds_it() -> None:
    roi, note = roi_from_text("0.101um:110nm,:,100:101nm", FRACTIONAL)
    assert roi == FRACTIONAL.roi_of([slice(0, 2), slice(0, 30), slice(6, 7)])
    assert note == "The ROI was grown to whole voxels: 100:110.48, 2011.5:2131.5, 99.1:103.1 nm."


def test_one_number_is_one_voxel_and_open_ends_reach_the_datas() -> None:
    assert roi_from_text("5, 7: ,:3", FRACTIONAL)[0] == FRACTIONAL.roi_of([slice(5, 6), slice(7, 30), slice(0, 3)])


def test_what_results_and_messages_print_can_be_pasted() -> None:
    roi = FRACTIONAL.roi_of([slice(2, 4), slice(7, 9), slice(0, 3)])
    assert roi_from_text(format_roi(roi, FRACTIONAL), FRACTIONAL) == (roi, "")
    assert roi_from_text("[2:4, …]", FRACTIONAL)[0] == FRACTIONAL.roi_of([slice(2, 4), slice(0, 30), slice(0, 40)])
    assert roi_from_text("..., 3", FRACTIONAL)[0] == FRACTIONAL.roi_of([slice(0, 20), slice(0, 30), slice(3, 4)])


def test_a_roi_may_reach_beyond_the_data_only_where_that_is_asked_for() -> None:
    text = "90nm:110nm,:,:"
    with pytest.raises(
        ValueError, match=r"beyond the data on axis z: '90nm:110nm' is -2:2 in voxels, but there are 20"
    ):
        roi_from_text(text, FRACTIONAL)
    roi, _ = roi_from_text(text, FRACTIONAL, within=False)
    assert (roi.begin[0], roi.end[0]) == (10000 - 2 * 524, 10000 + 2 * 524)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1:2:3,:,:", "can't be understood on axis z"),
        ("100nm,:,:", "can't be understood on axis z"),
        ("nm:,:,:", "can't be understood on axis z"),
        ("1.5:3,:,:", "counts voxels from 0 on axis z"),
        (":,3:3,:", "empty on axis y"),
        (":,:,1px:3px", "can't be converted to nm"),
        ("", "must have 3 ranges"),
    ],
)
def test_a_roi_that_means_nothing_is_refused_with_its_axis(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        roi_from_text(text, FRACTIONAL)


@pytest.mark.parametrize("text", ["2:5,3:9,4:24", "-40nm:120nm,200nm:210nm,300nm:310nm"])
def test_a_region_as_text_is_understood_again(text: str) -> None:
    gt = Array(np.zeros((24, 24, 24), np.uint8), (20, 10, 10), (100, 200, 300))
    roi, _ = roi_from_text(text, gt, within=False)
    assert roi_to_text(roi, gt) == text
    assert roi_from_text(roi_to_text(roi, gt), gt, within=False)[0] == roi
