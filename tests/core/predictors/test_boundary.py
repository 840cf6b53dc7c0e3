"""Boundaries of instances: targets against scikit-image and the definition, weights against all that could be unknown."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage
from skimage.segmentation import find_boundaries

from predictor_inspector.core import Array, ArraySpec, BoundaryPredictor
from tests.core import oracles
from tests.core.strategies import boundary_predictors, known_voxels, label_arrays, masks


@pytest.mark.parametrize("connectivity", ["faces", "edges", "corners"])
@pytest.mark.parametrize("mode", ["thick", "inner", "outer"])
@given(gt=label_arrays())
def test_boundaries_are_those_of_scikit_image(mode: str, connectivity: str, gt: Array) -> None:
    steps = min(["faces", "edges", "corners"].index(connectivity) + 1, gt.dims)
    target = BoundaryPredictor(1, mode, connectivity).create_target(gt).numpy()
    np.testing.assert_array_equal(target[0], find_boundaries(gt.numpy(), steps, mode))


def test_ids_as_large_as_their_type_allows_are_ids_like_others() -> None:
    gt = Array(np.array([[255, 255, 7, 7, 0, 255]], np.uint8), (1, 1))
    assert BoundaryPredictor(1, "outer").create_target(gt).numpy().tolist() == [[[0, 1, 1, 0, 1, 0]]]
    assert BoundaryPredictor(with_background=False).create_target(gt).numpy().tolist() == [[[0, 1, 1, 0, 1, 0]]]


@given(st.data())
def test_every_boundary_is_that_of_the_definition(data: st.DataObject) -> None:
    gt = data.draw(label_arrays(longest=6))
    predictor = data.draw(boundary_predictors(gt.dims))
    target, labels = predictor.create_target(gt).numpy(), gt.numpy()
    np.testing.assert_array_equal(target[-1], oracles.boundary(labels, predictor))
    if predictor.foreground:
        np.testing.assert_array_equal(target[0], labels > 0)


@given(st.data())
def test_weights_balance_the_boundary_over_the_voxels_whose_surroundings_decide(data: st.DataObject) -> None:
    gt = data.draw(label_arrays(longest=5))
    predictor = data.draw(boundary_predictors(gt.dims))
    count, target = len(predictor.channel_names), predictor.create_target(gt)
    mask = data.draw(masks(gt, count))
    known = known_voxels(mask, gt, count)
    if predictor.mask_boundaries:
        known[-1] &= oracles.boundary_decided(gt.numpy(), predictor, known[-1])
    balance, counts = oracles.Balance(count, predictor.clipmin, predictor.clipmax), None
    for _ in range(2):
        weight, counts = predictor.create_weight(gt, target, mask, counts)
        np.testing.assert_allclose(weight.numpy(), balance(target.numpy() > 0, known), rtol=1e-6)
        assert weight.roi == target.roi


@pytest.mark.parametrize("with_background", [True, False])
@pytest.mark.parametrize("mode", ["thick", "inner", "outer"])
def test_no_weighted_value_changes_whatever_the_unknown_voxels_are(mode: str, with_background: bool) -> None:
    known = np.array([[True, True, True], [True, True, True], [True, False, True]])
    predictor = BoundaryPredictor(1, mode, with_background=with_background)
    mask = Array(np.pad(known, 1).astype(np.uint8), (1, 1))
    for seed in range(12):
        labels = np.pad(np.random.default_rng(seed).integers(0, 3, known.shape), 1)
        weighted = []
        for other, beyond in product(range(4), repeat=2):
            labels[2 + 1, 1 + 1] = other
            labels[0] = beyond
            gt = Array(labels.astype(np.uint8), (1, 1))
            target = predictor.create_target(gt)
            weighted.append(np.where(predictor.create_weight(gt, target, mask)[0].numpy() > 0, target.numpy(), -1))
        assert all((w == weighted[0]).all() for w in weighted)


def test_thickness_counts_for_each_axis_by_itself() -> None:
    labels = np.ones((5, 9), np.uint8)
    labels[2:, 4:] = 2
    target = BoundaryPredictor((0, 2)).create_target(Array(labels, (1, 1))).numpy()[0]
    assert target.tolist() == [[0] * 9] * 2 + [[0, 0, 1, 1, 1, 1, 0, 0, 0]] * 3
    thick = BoundaryPredictor(3, connectivity="corners").create_target(Array(labels, (1, 1))).numpy()[0]
    np.testing.assert_array_equal(thick, ndimage.maximum_filter(labels, 7) != ndimage.minimum_filter(labels, 7))


@pytest.mark.parametrize(
    ("thickness", "words"),
    [
        (0, r"thickness must be 1 … 100, or for some of the axes 0, got 0"),
        ((0, 0), r"thickness must be 1 … 100, or for some of the axes 0, got \(0, 0\)"),
        ((-1, 2), r"thickness must be 1 … 100, or for some of the axes 0, got \(-1, 2\)"),
        ((0, 1.5), r"thickness must hold whole numbers, got 1.5"),
        ((), r"thickness must be 1 … 100, or for some of the axes 0, got \(\)"),
    ],
)
def test_a_thickness_that_makes_no_boundary_is_refused(thickness: object, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        BoundaryPredictor(thickness)


def test_a_thickness_for_other_axes_than_those_of_the_ground_truth_is_refused() -> None:
    gt = Array(np.ones((3, 3), np.uint8), (1, 1))
    predictor = BoundaryPredictor((0, 1, 1))
    words = "thickness has 3 numbers, but the ground truth 2 spatial axes"
    with pytest.raises(ValueError, match=words):
        predictor.create_target(gt)
    with pytest.raises(ValueError, match=words):
        predictor.gt_region_for_roi(ArraySpec(gt.roi, gt.voxel_size))


@pytest.mark.parametrize("name", BoundaryPredictor.presets)
def test_every_preset_of_boundaries_is_a_predictor(name: str) -> None:
    predictor = BoundaryPredictor(**BoundaryPredictor.presets[name])
    gt = Array(np.ones((3, 3, 3), np.uint8), (1, 1, 1))
    assert predictor.create_target(gt).shape[0] == len(predictor.channel_names)
