"""Affinities: targets and weights against the definition."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from predictor_inspector.core import AffinitiesPredictor, Array
from predictor_inspector.core.ops.affinities import surviving
from tests.core import oracles
from tests.core.strategies import affinities_predictors, blocks, known_voxels, label_arrays, masks, shapes


def objects_of(predictor: AffinitiesPredictor, labels: np.ndarray) -> np.ndarray:
    alive = oracles.eroded(labels, predictor.grow_boundary_iterations, predictor.only_xy)
    return alive if predictor.background_as_object else alive & (labels > 0)


def settled(predictor: AffinitiesPredictor, labels: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Which affinities are the same whether what isn't known, [K, …], erodes nothing or all it can."""
    found = []
    for offset, one in zip(predictor.neighborhood, known, strict=True):
        least = objects_of(predictor, np.where(one, labels, labels.max() + 1))
        most = oracles.eroded(labels, predictor.grow_boundary_iterations, predictor.only_xy, one)
        most &= (labels > 0) | predictor.background_as_object
        found.append(np.equal(*(oracles.affinities(labels, [offset], objects)[0] for objects in (least, most))))
    return np.stack(found)


@given(st.data())
def test_affinities_are_one_where_voxel_and_partner_are_of_one_object(data: st.DataObject) -> None:
    gt = data.draw(label_arrays(longest=6))
    predictor = data.draw(affinities_predictors(gt.dims, lsds=False))
    expected = oracles.affinities(gt.numpy(), predictor.neighborhood, objects_of(predictor, gt.numpy()))
    target = predictor.create_target(gt)
    assert target.dtype == torch.float32
    np.testing.assert_array_equal(target.numpy(), expected)


@given(st.data())
def test_weights_balance_every_channel_over_the_pairs_that_are_known(data: st.DataObject) -> None:
    gt = data.draw(label_arrays(longest=5))
    predictor = data.draw(affinities_predictors(gt.dims))
    offsets, channels = len(predictor.neighborhood), len(predictor.channel_names)
    target = predictor.create_target(gt)
    mask = data.draw(masks(gt, channels))
    known = known_voxels(mask, gt, channels)
    pairs = known[:offsets]
    if predictor.mask_pairs:
        pairs = oracles.pairs_known(pairs, predictor.neighborhood) & settled(predictor, gt.numpy(), pairs)
    by_affinity = oracles.Balance(offsets, predictor.affs_weight_clipmin, predictor.affs_weight_clipmax)
    by_object = oracles.Balance(1, predictor.lsd_weight_clipmin, predictor.lsd_weight_clipmax)
    foreground = (gt.numpy() > 0) | predictor.background_as_object
    counts = None
    for _ in range(2):
        weight, counts = predictor.create_weight(gt, target, mask, counts)
        expected = by_affinity(target.numpy()[:offsets] > 0, pairs)
        if predictor.lsds:
            shared = by_object(foreground[None], known[offsets : offsets + 1])
            expected = np.concatenate([expected, shared.repeat(channels - offsets, 0)])
        np.testing.assert_allclose(weight.numpy(), expected, rtol=1e-6)
        assert weight.roi == target.roi


@given(shapes(longest=8), st.integers(0, 2**32 - 1), st.integers(0, 4))
def test_erosion_is_that_of_each_object_by_itself(shape: tuple[int, ...], seed: int, iterations: int) -> None:
    labels = blocks(seed, shape, ids=3, side=5)
    alive = surviving(torch.from_numpy(labels), iterations)
    np.testing.assert_array_equal(alive.numpy(), oracles.eroded(labels, iterations))
    known = np.random.default_rng(seed).random(shape) < 0.7
    alive = surviving(torch.from_numpy(labels), iterations, known=torch.from_numpy(known))
    np.testing.assert_array_equal(alive.numpy()[known], oracles.eroded(labels, iterations, known=known)[known])


def test_growing_boundaries_leaves_no_affinity_across_or_along_a_boundary() -> None:
    gt = Array(np.repeat([1, 2], 4)[None].repeat(3, 0), (1, 1))
    predictor = AffinitiesPredictor([[0, 1], [1, 0]], lsds=False, grow_boundary_iterations=1)
    along_x, along_y = predictor.create_target(gt).numpy()
    assert along_x[0].tolist() == [1, 1, 0, 0, 0, 1, 1, 0]
    assert along_y[0].tolist() == [1, 1, 1, 0, 0, 1, 1, 1]


def test_an_offset_of_nothing_tells_objects_from_background() -> None:
    gt = Array(np.array([[0, 3, 3]]), (1, 1))
    predictor = AffinitiesPredictor([[0, 0]], lsds=False)
    assert predictor.create_target(gt).numpy().tolist() == [[[0, 1, 1]]]
    assert predictor.channel_names == ("aff self",)


def test_affinities_without_descriptors_exist_in_any_dimension() -> None:
    line = AffinitiesPredictor([[1]], lsds=False).create_target(Array(np.array([1, 1, 2, 2, 0, 0]), (5,)))
    assert line.numpy().tolist() == [[1, 0, 1, 0, 0, 0]]
    block = AffinitiesPredictor([[1, 0, 0, 0]], lsds=False).create_target(Array(np.ones((2, 2, 2, 2), int), (1,) * 4))
    assert block.numpy().sum() == 8


def test_channels_are_named_after_what_they_are() -> None:
    predictor = AffinitiesPredictor([[1, 0, 0], [0, -3, 9]], num_voxels=2)
    assert predictor.channel_names[:3] == ("aff z+1", "aff y-3 x+9", "lsd mean offset z")
    assert predictor.channel_names[5:] == (
        "lsd variance z",
        "lsd variance y",
        "lsd variance x",
        "lsd pearson zy",
        "lsd pearson zx",
        "lsd pearson yx",
        "lsd size",
    )
    flat = AffinitiesPredictor([[0, 1]])
    assert flat.channel_names[1:] == (
        "lsd mean offset y",
        "lsd mean offset x",
        "lsd variance y",
        "lsd variance x",
        "lsd pearson yx",
        "lsd size",
    )
    assert flat.output_array_type.embedding_dims == 7


@pytest.mark.parametrize("name", AffinitiesPredictor.presets)
def test_every_preset_is_a_predictor(name: str) -> None:
    predictor = AffinitiesPredictor(**AffinitiesPredictor.presets[name])
    gt = Array(np.ones((3,) * predictor.dims, np.uint8), (1,) * predictor.dims)
    assert predictor.create_target(gt).shape[0] == len(predictor.channel_names)


def test_counts_of_other_channels_are_refused() -> None:
    gt = Array(np.ones((3, 3), np.uint8), (1, 1))
    three, two = (AffinitiesPredictor([[0, 1]] * n, lsds=False) for n in (3, 2))
    counts = three.create_weight(gt, three.create_target(gt))[1]
    with pytest.raises(ValueError, match="moving_class_counts are of 3 channels, but 2 are balanced"):
        two.create_weight(gt, two.create_target(gt), None, counts)


def test_descriptors_have_weight_in_the_objects_that_downsampling_misses() -> None:
    labels = np.zeros((6, 6), np.uint8)
    labels[1, 1] = 7
    gt = Array(labels, (1, 1))
    predictor = AffinitiesPredictor([[0, 1]], num_voxels=1, downsample_lsds=2)
    target = predictor.create_target(gt)
    assert target.numpy()[-1, 1, 1] == 0
    positive = predictor.positive(target.data)[1:].numpy()
    np.testing.assert_array_equal(positive, np.broadcast_to(labels > 0, positive.shape))
