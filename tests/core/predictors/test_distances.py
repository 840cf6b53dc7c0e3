"""Signed distances and the mask of distances against explicit lists of faces and of unknown voxels."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from predictor_inspector.core import (
    Array,
    DistancePredictor,
    HotDistancePredictor,
    InnerDistancePredictor,
)
from predictor_inspector.core.ops import boundary_distance as module
from predictor_inspector.core.ops.boundary_distance import (
    signed_distance,
    squared_distance_to_outside,
    squared_distance_to_unknown,
)
from tests.core import oracles
from tests.core.strategies import SEEDS, blocks, distance_predictors, known_voxels, label_arrays, masks, shapes

MASKABLE = [DistancePredictor, HotDistancePredictor]


def channels_of(gt: Array) -> np.ndarray:
    return gt.numpy() if gt.channel_dims else gt.numpy()[None]


@given(st.data())
def test_targets_are_distances_to_the_nearest_face_between_different_ids(data: st.DataObject) -> None:
    channels = data.draw(st.sampled_from([None, 1, 2]))
    gt = data.draw(label_arrays(channels=channels, longest=6))
    predictor = data.draw(distance_predictors(channels or 1))
    expected = np.stack(
        [oracles.signed_distance(c, gt.physical_voxel_size, predictor.scale_factor) for c in channels_of(gt)]
    )
    inside = channels_of(gt) > 0
    if isinstance(predictor, InnerDistancePredictor):
        expected = np.where(inside, expected, 0)
    if isinstance(predictor, HotDistancePredictor):
        expected = np.concatenate([inside, expected])
    target = predictor.create_target(gt)
    assert target.dtype == torch.float32
    np.testing.assert_allclose(target.numpy(), expected, atol=2e-6)


@given(label_arrays(dims=1, longest=12), st.sampled_from([0.5, 20.0]))
def test_lines_have_distances_too(gt: Array, scale_factor: float) -> None:
    target = DistancePredictor(["a"], scale_factor, False).create_target(gt)
    expected = oracles.signed_distance(gt.numpy(), gt.physical_voxel_size, scale_factor)
    np.testing.assert_allclose(target.numpy()[0], expected, atol=2e-6)


@given(shapes(longest=6), SEEDS, st.sampled_from([0.8, 3.0, 40.0]))
def test_distances_to_the_unknown_are_those_between_centres(shape: tuple[int, ...], seed: int, radius: float) -> None:
    known = blocks(seed, shape, ids=5) > 0
    sizes = (3.0, 1.0, 0.52)[: len(shape)]
    squared = squared_distance_to_unknown(torch.from_numpy(known), sizes, radius)
    expected = np.minimum(oracles.distance_to_unknown(known, sizes), radius)
    np.testing.assert_allclose(squared.sqrt().numpy(), expected, rtol=1e-6)


@given(shapes(longest=6), st.data())
def test_where_everything_is_known_the_unknown_begins_at_the_edge(shape: tuple[int, ...], data: st.DataObject) -> None:
    sizes = (3.0, 1.0, 0.52)[: len(shape)]
    begins = [data.draw(st.integers(0, n - 1)) for n in shape]
    keep = tuple(slice(b, data.draw(st.integers(b + 1, n))) for b, n in zip(begins, shape, strict=True))
    squared = squared_distance_to_outside(shape, sizes, keep, torch.device("cpu"))
    expected = squared_distance_to_unknown(torch.ones(shape, dtype=torch.bool), sizes, 100.0, keep)
    np.testing.assert_allclose(squared.numpy(), expected.numpy(), rtol=1e-6)


@given(st.data())
def test_weights_are_balanced_over_the_voxels_whose_distance_can_be_known(data: st.DataObject) -> None:
    channels = data.draw(st.sampled_from([None, 2]))
    gt = data.draw(label_arrays(channels=channels, longest=5))
    count = channels or 1
    predictor = data.draw(distance_predictors(count))
    mask = data.draw(masks(gt, count))
    known, trusted = known_voxels(mask, gt, count), known_voxels(mask, gt, count)
    target = predictor.create_target(gt)
    hot = isinstance(predictor, HotDistancePredictor)
    if getattr(predictor, "mask_distances", False):
        values = target.numpy()[count:] if hot else target.numpy()
        settings = (gt.physical_voxel_size, predictor.scale_factor, predictor.epsilon, predictor.threshold)
        margins = np.stack([oracles.distance_margin(v, k, *settings) for v, k in zip(values, known, strict=True)])
        if (abs(margins) < 1e-5).any():
            return  # a tie, which rounding decides
        trusted = known & (margins > 0)
    inside = channels_of(gt) > 0
    balance = oracles.Balance(count * (1 + hot), predictor.clipmin, predictor.clipmax)
    counts = None
    for _ in range(2):
        weight, counts = predictor.create_weight(gt, target, mask, counts)
        halves = [(inside, known), (inside, trusted)] if hot else [(inside, trusted)]
        expected = balance(*(np.concatenate(h) for h in zip(*halves, strict=True)))
        np.testing.assert_allclose(weight.numpy(), expected, rtol=1e-6)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("threshold", [0.5, 0.8, 0.95])
def test_voxels_are_dropped_exactly_where_the_unknown_is_too_near(seed: int, threshold: float) -> None:
    gt = Array(blocks(seed, (18, 25), ids=3, side=9), (2, 1))
    mask = gt.like(np.random.default_rng(seed).random(gt.shape) < 0.995)
    predictor = DistancePredictor(["a"], 3.7, True, epsilon=0.02, threshold=threshold)
    target = predictor.create_target(gt)
    margin = oracles.distance_margin(target.numpy()[0], mask.numpy(), (2, 1), 3.7, 0.02, threshold)
    weight = predictor.create_weight(gt, target, mask)[0].numpy()[0]
    clear = abs(margin) > 1e-5
    np.testing.assert_array_equal((weight > 0)[clear], ((margin > 0) & mask.numpy())[clear])
    assert clear.mean() > 0.9
    assert 0.02 < (weight > 0).mean() < 0.98


@pytest.mark.parametrize("cls", MASKABLE)
def test_a_voxel_near_the_edge_keeps_its_weight_if_its_boundary_is_nearer_still(cls: type) -> None:
    gt = Array(np.repeat([0, 1, 1, 1, 1, 1, 1, 1], 1)[None].repeat(21, 0), (1, 1))
    predictor = cls(["a"], 4.0, True)
    weight = predictor.create_weight(gt, predictor.create_target(gt))[0].numpy()[-1]
    assert weight[10, 1] > 0  # half a voxel from its boundary, two from the edge
    assert weight[10, 7] == 0  # one voxel from the edge, far from its boundary


def test_a_mask_that_reaches_beyond_the_roi_gives_the_distances_their_context() -> None:
    labels = blocks(1, (1, 40), ids=2, side=20)
    gt = Array(np.maximum(labels, 1) * (np.arange(40) < 20), (1, 1))
    predictor = DistancePredictor(["a"], 2.0, True)
    target = predictor.create_target(gt)
    inner = gt.roi_of([slice(0, 1), slice(15, 25)])
    whole = predictor.create_weight(gt, target)[0]
    cropped = predictor.create_weight(gt, target[inner])[0]
    np.testing.assert_array_equal(whole[inner].numpy() > 0, cropped.numpy() > 0)


def test_values_lie_within_one_and_reach_it_where_there_is_no_boundary() -> None:
    for labels, value in ((np.zeros((4, 5)), -1), (np.full((4, 5), 9), 1)):
        target = DistancePredictor(["a"], 50, False).create_target(Array(labels.astype(np.uint8), (10, 10)))
        assert (target.numpy() == value).all()


@pytest.mark.parametrize("far", [0, 16_400])
def test_distances_along_an_axis_longer_than_narrow_integers_are_exact(far: int) -> None:
    labels = np.zeros((16_500, 1), np.uint8)
    labels[:3] = 1
    keep = (slice(far, far + 100), slice(0, 1))
    values = signed_distance(torch.from_numpy(labels), (1.0, 1.0), 1e4, keep)[:, 0]
    expected = np.tanh(np.abs(np.arange(16_500) - 2.5) / 1e4)
    np.testing.assert_allclose(values.abs().numpy(), expected[keep[0]], atol=1e-6)


def test_planes_may_be_computed_a_few_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    labels = torch.from_numpy(blocks(8, (9, 8, 7)))
    whole = signed_distance(labels, (2.0, 1.0, 1.0), 3.0)
    monkeypatch.setattr(module, "_CACHE_VOXELS", 60)
    torch.testing.assert_close(signed_distance(labels, (2.0, 1.0, 1.0), 3.0), whole, atol=0, rtol=0)


def test_channel_names_say_which_half_of_hot_distances_they_are() -> None:
    predictor = HotDistancePredictor(["mito", "er"], 10, True)
    assert predictor.channel_names == ("hot mito", "hot er", "distance mito", "distance er")
    assert DistancePredictor(["mito"], 10, True).channel_names == ("mito",)
    assert InnerDistancePredictor(["mito"], 10).channel_names == ("mito",)
