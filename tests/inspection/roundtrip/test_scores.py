"""Scores against scikit-image's; splits, merges and lost objects."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from skimage.metrics import adapted_rand_error, variation_of_information

from predictor_inspector.inspection.roundtrip import Merge, Overlaps, Split, with_ids_for_lost_voxels


@st.composite
def volumes(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    shape = draw(array_shapes(min_dims=1, max_dims=3, max_side=6))
    truth, segmentation = (draw(arrays(np.int64, shape, elements=st.integers(0, most))) for most in (4, 5))
    truth.flat[0] = 1
    return truth, segmentation


@given(volumes())
def test_scores_are_those_of_scikit_image(pair: tuple[np.ndarray, np.ndarray]) -> None:
    truth, segmentation = pair
    scores, scored = Overlaps.of(truth, segmentation).scores, with_ids_for_lost_voxels(truth, segmentation)
    split, merge = variation_of_information(truth, scored, ignore_labels=(0,))
    assert scores.voi_split == pytest.approx(split, abs=1e-9)
    assert scores.voi_merge == pytest.approx(merge, abs=1e-9)
    with np.errstate(invalid="ignore"):
        theirs = adapted_rand_error(truth, scored)[0]
    # Theirs isn't a number where no object and no segment has a pair of voxels.
    assert scores.arand == pytest.approx(np.nan_to_num(theirs), abs=1e-9)


@given(volumes())
def test_f1_counts_pairs_whose_intersection_is_more_than_half_of_their_union(
    pair: tuple[np.ndarray, np.ndarray],
) -> None:
    truth, segmentation = pair
    objects, segments = (np.unique(volume[volume > 0]) for volume in pair)
    matches = 0
    for o in objects:
        for s in segments:
            both, either = (truth == o) & (segmentation == s), (truth == o) | (segmentation == s)
            matches += 2 * both.sum() > either.sum()
    scores = Overlaps.of(truth, segmentation).scores
    assert (scores.objects, scores.segments) == (len(objects), len(segments))
    assert scores.recall_iou50 == matches / len(objects)
    assert scores.precision_iou50 == (matches / len(segments) if len(segments) else 0)
    assert scores.f1_iou50 == 2 * matches / (len(objects) + len(segments))


def test_what_comes_back_whole_has_no_error() -> None:
    truth = np.array([[0, 3, 3], [7, 7, 3]])
    overlaps = Overlaps.of(truth, np.array([[5, 1, 1], [2, 2, 1]]))
    assert overlaps.scores.arand == overlaps.scores.voi_split == overlaps.scores.voi_merge == 0
    assert overlaps.scores.recall_iou50 == 1
    assert overlaps.scores.precision_iou50 == pytest.approx(2 / 3)  # there is a segment on background
    assert overlaps.splits == overlaps.merges == overlaps.lost == ()


def test_splits_and_merges_are_told_with_their_place() -> None:
    truth = np.zeros((1, 12), int)
    truth[0, :6], truth[0, 6:9], truth[0, 9:11], truth[0, 11] = 4, 5, 6, 9
    segmentation = np.array([[1, 1, 1, 1, 2, 2, 3, 3, 3, 3, 3, 0]])
    overlaps = Overlaps.of(truth, segmentation)
    assert overlaps.splits == (Split(4, (1, 2), 2, ((0, 1), (4, 6))),)
    assert overlaps.merges == (Merge(3, (5, 6), 2, ((0, 1), (9, 11))),)
    assert overlaps.lost == (9,)
    assert np.flatnonzero(overlaps.split_voxels()).tolist() == [4, 5]
    assert np.flatnonzero(overlaps.merged_voxels()).tolist() == [9, 10]


def test_a_boundary_that_is_a_voxel_off_is_neither_split_nor_merge() -> None:
    truth = np.repeat([1, 2], 10)[None]
    overlaps = Overlaps.of(truth, np.roll(truth, 1, 1))
    assert overlaps.splits == overlaps.merges == ()
    assert overlaps.scores.arand > 0


def test_volumes_of_two_shapes_and_without_objects_are_refused() -> None:
    with pytest.raises(ValueError, match="shape of the ground truth"):
        Overlaps.of(np.ones((2, 3), int), np.ones((3, 2), int))
    with pytest.raises(ValueError, match="no annotated object"):
        _ = Overlaps.of(np.zeros((2, 3), int), np.ones((2, 3), int)).scores
