"""Where results differ from DaCapo's on purpose: one test for each row of the list."""

from __future__ import annotations

import numpy as np
import pytest
from funlib.geometry import Coordinate, Roi

from predictor_inspector.core import (
    AffinitiesPredictor,
    Array,
    ArraySpec,
    DistancePredictor,
    HotDistancePredictor,
    InnerDistancePredictor,
    OneHotPredictor,
    UNet,
)
from predictor_inspector.inspection import inspect
from tests.core.strategies import blocks

TOUCHING = Array(np.repeat([0, 1, 2, 0], 5)[None].repeat(8, 0).astype(np.uint16), (2, 2))


def small_unet(dims: int) -> UNet:
    return UNet(
        input_shape=(20,) * dims,
        fmaps_in=1,
        fmaps_out=3,
        num_fmaps=2,
        fmap_inc_factor=2,
        downsample_factors=[(2,) * dims],
        padding="same",
    )


def test_distance_weights_are_balanced_without_a_mask_of_distances() -> None:
    labels = np.zeros((4, 10), np.uint8)
    labels[:, :1] = 1
    gt = Array(labels, (1, 1))
    predictor = DistancePredictor(["a"], 2.0, mask_distances=False)
    weight = predictor.create_weight(gt, predictor.create_target(gt))[0].numpy()[0]
    np.testing.assert_allclose(weight[:, 0], 1 / (2 * 4 / 41))
    np.testing.assert_allclose(weight[:, 1:], 1 / (2 * 36 / 41))


@pytest.mark.parametrize("cls", [DistancePredictor, HotDistancePredictor])
def test_the_distance_to_the_edge_is_measured_in_whole_voxels(cls: type) -> None:
    gt = Array(np.ones((9, 9), np.uint8), (4, 4))
    predictor = cls(["a"], 10.0, True, threshold=0.8)
    weight = predictor.create_weight(gt, predictor.create_target(gt))[0].numpy()[-1]
    edge = 4.0 * np.minimum(np.arange(1, 10), np.arange(9, 0, -1))
    kept = np.tanh(np.minimum(edge[:, None], edge[None]) / 10) > 0.8
    np.testing.assert_array_equal(weight > 0, kept)


@pytest.mark.parametrize("mask_distances", [True, False])
def test_the_context_of_distances_suffices_and_is_a_whole_number_of_voxels(mask_distances: bool) -> None:
    predictor = DistancePredictor(["a"], 10.0, mask_distances)
    assert predictor.padding((8, 8)) == Coordinate(32, 32)  # atanh(0.99) = 2.65 scale factors
    spec = ArraySpec(Roi((8, 8), (16, 16)), (8, 8))
    assert predictor.gt_region_for_roi(spec).roi == Roi((-24, -24), (80, 80))


def test_beyond_the_data_nothing_is_known_and_only_the_roi_is_balanced() -> None:
    gt = Array(np.ones((10, 10), np.uint8), (1, 1))
    predictor = DistancePredictor(["a"], 2.0, False)
    clipped = inspect(predictor, gt, device="cpu")
    assert (clipped.target.numpy() == 1).all()
    padded = inspect(predictor, gt, device="cpu", outside="zero", balance_over="context")
    assert padded.target.numpy()[0, 0, 0] == pytest.approx(np.tanh(0.25))
    assert clipped.counts.total.item() == 101


def test_the_value_without_a_boundary_does_not_depend_on_the_crop() -> None:
    predictor = DistancePredictor(["a"], 100.0, False)
    for side in (2, 5, 30):
        assert (predictor.create_target(Array(np.ones((side, 3), np.uint8), (1, 1))).numpy() == 1).all()
        assert (predictor.create_target(Array(np.zeros((side, 3), np.uint8), (1, 1))).numpy() == -1).all()


def test_negative_offsets_grow_the_region() -> None:
    predictor = AffinitiesPredictor([[-3, 0], [0, 2]], lsds=False)
    spec = ArraySpec(Roi((0, 0), (20, 20)), (2, 2))
    assert predictor.gt_region_for_roi(spec).roi == Roi((-6, 0), (26, 24))


def test_pairs_have_weight_only_if_both_voxels_are_annotated() -> None:
    gt = Array(np.ones((1, 6), np.uint8), (1, 1))
    mask = Array(np.array([[1, 1, 1, 0, 0, 1]], np.uint8), (1, 1))
    both = AffinitiesPredictor([[0, 1]], lsds=False)
    one = AffinitiesPredictor([[0, 1]], lsds=False, mask_pairs=False)
    weights = [p.create_weight(gt, p.create_target(gt), mask)[0].numpy()[0, 0] > 0 for p in (both, one)]
    assert weights[0].tolist() == [True, True, False, False, False, False]
    assert weights[1].tolist() == [True, True, True, False, False, True]


def test_the_head_and_the_output_hold_the_descriptors_too() -> None:
    for dims, descriptors in ((2, 6), (3, 10)):
        predictor = AffinitiesPredictor([[1] * dims, [2] * dims], lsds=True)
        assert predictor.output_array_type.embedding_dims == 2 + descriptors
        assert predictor.create_model(small_unet(dims)).num_out_channels == 2 + descriptors


def test_descriptors_follow_the_voxel_size_of_each_call() -> None:
    labels = blocks(1, (8, 8), side=3)
    fine, coarse = Array(labels, (2, 2)), Array(labels, (40, 4))
    used, fresh = (AffinitiesPredictor([[0, 1]], num_voxels=2) for _ in range(2))
    used.create_target(fine)
    np.testing.assert_array_equal(used.create_target(coarse).numpy(), fresh.create_target(coarse).numpy())


def test_background_as_an_object_keeps_id_255_apart_and_has_descriptor_weights() -> None:
    gt = Array(np.array([[0, 0, 255, 255, 254, 254]], np.uint8), (1, 1))
    predictor = AffinitiesPredictor([[0, 1]], num_voxels=1, background_as_object=True)
    target = predictor.create_target(gt)
    assert target.numpy()[0].tolist() == [[1, 0, 1, 0, 1, 0]]
    assert (target.numpy()[-1] > 0).all()
    weight = predictor.create_weight(gt, target)[0].numpy()[1:]
    np.testing.assert_allclose(weight, 1 / (2 * 6 / 7))


def test_growing_the_boundary_has_an_effect() -> None:
    plain, grown = (AffinitiesPredictor([[1, 0]], lsds=False, grow_boundary_iterations=i) for i in (0, 1))
    assert grown.create_target(TOUCHING).numpy().sum() < plain.create_target(TOUCHING).numpy().sum()
    assert grown.padding((2, 2)) == Coordinate(4, 2)


def test_inner_distances_have_a_region_and_do_not_depend_on_the_id() -> None:
    predictor = InnerDistancePredictor(["a"], 4.0)
    assert predictor.padding((2, 2)) == Coordinate(12, 12)
    labels = TOUCHING.numpy()
    target, larger_ids = (predictor.create_target(TOUCHING.like(ids)).numpy() for ids in (labels, labels * 300))
    np.testing.assert_array_equal(target, larger_ids)
    assert (target[0][labels == 0] == 0).all()
    assert (target[0][labels > 0] > 0).all()


def test_hot_distances_compare_whole_ids_and_keep_to_their_clips() -> None:
    gt = Array(np.repeat([0, 256, 512], 4)[None].repeat(4, 0), (1, 1))
    predictor = HotDistancePredictor(["a"], 2.0, False, clipmin=0.4, clipmax=0.5)
    target = predictor.create_target(gt)
    hot, distance = target.numpy()
    np.testing.assert_array_equal(hot, gt.numpy() > 0)
    np.testing.assert_allclose(distance[0, 6:10], np.tanh([0.75, 0.25, 0.25, 0.75]), rtol=1e-6)
    weight = predictor.create_weight(gt, target)[0].numpy()
    np.testing.assert_allclose(np.unique(weight), [1 / (2 * 0.5), 1 / (2 * 0.4)])


@pytest.mark.parametrize(
    "predictor",
    [DistancePredictor(["a"], 4.0, True), HotDistancePredictor(["a"], 4.0, True), InnerDistancePredictor(["a"], 4.0)],
    ids=lambda p: type(p).__name__,
)
def test_instance_ids_without_a_channel_axis_work(predictor) -> None:
    target = predictor.create_target(TOUCHING)
    between = target.numpy()[-1, 0, 9:11]
    np.testing.assert_allclose(between, np.tanh(1 / 4.0), rtol=1e-6)  # positive on both sides of the face
    weight, _ = predictor.create_weight(TOUCHING, target)
    assert weight.shape == target.shape


def test_one_hot_heeds_the_mask_and_gives_ids_without_a_class_no_weight() -> None:
    gt = Array(np.array([[0, 1, 2, 1]]), (1, 1))
    predictor = OneHotPredictor(["a", "b"])
    target = predictor.create_target(gt)
    mask = Array(np.array([[1, 1, 1, 0]], np.uint8), (1, 1))
    weight = predictor.create_weight(gt, target, mask)[0].numpy()
    assert target.numpy().tolist() == [[[1, 0, 0, 0]], [[0, 1, 0, 1]]]
    assert weight.tolist() == [[[1, 1, 0, 0]]] * 2


def test_a_mask_of_255_is_a_mask_of_1_and_counts_are_whole_numbers() -> None:
    predictor = AffinitiesPredictor([[0, 1]], num_voxels=1)
    target = predictor.create_target(TOUCHING)
    results = [
        predictor.create_weight(TOUCHING, target, TOUCHING.like(np.full(TOUCHING.shape, value, np.uint8)))
        for value in (1, 255)
    ]
    np.testing.assert_array_equal(results[0][0].numpy(), results[1][0].numpy())
    assert results[1][1].count.tolist() == results[0][1].count.tolist()
    assert not results[1][1].count.is_floating_point()


def test_offsets_longer_than_the_volume_give_an_empty_channel_without_weight() -> None:
    predictor = AffinitiesPredictor(((0, 100), (-9, 0), (1, 0)), lsds=False)
    target = predictor.create_target(TOUCHING)
    weight, _ = predictor.create_weight(TOUCHING, target)
    for values in (target.numpy(), weight.numpy()):
        assert not values[:2].any()
        assert values[2].any()


def test_what_does_not_fit_is_a_sentence_with_the_parameter_and_both_numbers() -> None:
    with pytest.raises(ValueError, match="neighborhood has offsets of 2 numbers, but gt has 3 spatial axes"):
        AffinitiesPredictor([[0, 1]], lsds=False).create_target(Array(np.ones((2, 2, 2), int), (1, 1, 1)))
    with pytest.raises(ValueError, match="DistancePredictor has 2 channels, but the ground truth has 3"):
        DistancePredictor(["a", "b"], 1, True).create_target(Array(np.ones((3, 2, 2), int), (1, 1)))
