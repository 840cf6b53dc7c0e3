"""Weights that balance classes, and the counts that move over calls."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from predictor_inspector.core import AffinitiesPredictor, Array, DistancePredictor, DummyPredictor, OneHotPredictor
from predictor_inspector.core.ops.class_balance import ClassCounts, balance
from tests.core import oracles
from tests.core.strategies import CLIPS, SEEDS, known_voxels, label_arrays, masks


@given(st.lists(st.tuples(SEEDS, st.floats(0, 1), st.booleans()), min_size=2, max_size=4), CLIPS)
def test_counts_move_over_calls_of_different_make_up(
    calls: list[tuple[int, float, bool]], clips: tuple[float, float]
) -> None:
    expected, counts = oracles.Balance(2, *clips), None
    for seed, share, masked in calls:
        rng = np.random.default_rng(seed)
        positive, mask = rng.random((2, 3, 4)) < share, rng.random((2, 3, 4)) < (0.5 if masked else 1)
        mask = mask if masked else np.ones_like(mask)
        weight, counts = balance(
            torch.from_numpy(positive), torch.from_numpy(mask) if masked else None, *clips, moving_counts=counts
        )
        np.testing.assert_allclose(weight.numpy(), expected(positive, mask), rtol=1e-6)
        assert counts.count.tolist() == expected.count
        assert counts.total.tolist() == expected.total


def test_a_class_that_is_absent_from_this_call_has_no_weight_though_it_was_counted_before() -> None:
    _, counts = balance(torch.tensor([[True, False]]))
    weight, counts = balance(torch.tensor([[True, True]]), moving_counts=counts)
    np.testing.assert_allclose(weight.numpy(), [[1 / (2 * 3 / 5)] * 2])
    assert counts.count.tolist() == [[1, 3]]
    assert counts.total.tolist() == [5]


def test_a_call_changes_neither_the_counts_it_was_given_nor_its_inputs() -> None:
    positive, mask = torch.tensor([[True, False, True]]), torch.tensor([[True, True, False]])
    before = ClassCounts(torch.tensor([[5, 6]]))
    balance(positive, mask, moving_counts=before)
    assert before.count.tolist() == [[5, 6]]
    assert before.total.tolist() == [12]
    assert positive.tolist() == [[True, False, True]]
    assert mask.tolist() == [[True, True, False]]


def test_nothing_is_counted_and_nothing_weighs_where_all_is_masked() -> None:
    weight, counts = balance(torch.ones((1, 4), dtype=torch.bool), torch.zeros((1, 4), dtype=torch.bool))
    assert not weight.any()
    assert counts.count.tolist() == [[0, 0]]
    assert counts.total.tolist() == [1]


def test_weights_lie_between_those_of_the_clips() -> None:
    rare = torch.zeros((1, 10_000), dtype=torch.bool)
    rare[0, 0] = True
    weight, _ = balance(rare)
    assert float(weight.max()) == pytest.approx(10)
    assert float(weight.min()) == pytest.approx(1 / 1.9)


def test_counts_stay_exact_beyond_what_float32_holds() -> None:
    before = ClassCounts(torch.tensor([[2**40, 2**40]]))
    _, counts = balance(torch.tensor([[True, False, False]]), moving_counts=before)
    assert counts.count.tolist() == [[2**40 + 2, 2**40 + 1]]
    assert counts.total.tolist() == [2**41 + 4]
    assert counts.count.dtype == torch.int64


def test_counts_of_another_number_of_channels_are_refused() -> None:
    with pytest.raises(ValueError, match="moving_class_counts are of 3 channels, but 1 are balanced"):
        balance(torch.tensor([[True]]), moving_counts=ClassCounts.none_seen(3))


@given(st.data())
def test_one_hot_weights_are_one_where_a_class_is_annotated(data: st.DataObject) -> None:
    gt = data.draw(label_arrays(longest=5))
    count = data.draw(st.integers(1, 6))
    predictor = OneHotPredictor([str(c) for c in range(count)])
    mask = data.draw(masks(gt, count))
    target = predictor.create_target(gt)
    for c in range(count):
        np.testing.assert_array_equal(target.numpy()[c], gt.numpy() == c)
    weight, counts = predictor.create_weight(gt, target, mask, "counts are not this predictor's business")
    np.testing.assert_array_equal(weight.numpy(), known_voxels(mask, gt, count) & (gt.numpy() < count))
    assert counts == "counts are not this predictor's business"


@pytest.mark.parametrize("ignore", [0, 2, 255])
def test_ignored_voxels_are_left_out_as_by_cross_entropy(ignore: int) -> None:
    rng = np.random.default_rng(ignore)
    labels = rng.choice([0, 1, 2, 3, 255], (7, 8, 9)).astype(np.uint8)
    labels[(labels == 255) & (ignore != 255)] = 3
    gt, predictor = Array(labels, (1, 1, 1)), OneHotPredictor(["a", "b", "c", "d"], ignore=ignore)
    target = predictor.create_target(gt)
    weight, _ = predictor.create_weight(gt, target)
    logits = torch.from_numpy(rng.normal(size=(1, 4, 7, 8, 9)))
    ours = -(logits[0].log_softmax(0) * target.data * weight.data).sum() / weight.data[0].sum()
    theirs = torch.nn.CrossEntropyLoss(ignore_index=ignore)(logits, torch.from_numpy(labels).long()[None])
    assert float(ours) == pytest.approx(float(theirs), rel=1e-12)


def test_in_channels_of_their_own_classes_ignore_an_id_each_for_itself() -> None:
    gt = Array(np.array([[[0, 1, 255]], [[255, 1, 1]]], np.uint8), (1, 1), axis_names=("c^", "y", "x"))
    predictor = OneHotPredictor(["a", "b"], ignore=255)
    target = predictor.create_target(gt)
    assert target.numpy().tolist() == [[[0, 1, 0]], [[0, 1, 1]]]
    assert predictor.create_weight(gt, target)[0].numpy().tolist() == [[[1, 1, 0]], [[0, 1, 1]]]


def test_a_dummy_has_zeros_to_learn_with_weights_of_one_in_any_dimension() -> None:
    predictor = DummyPredictor(2)
    for dims in (1, 2, 3, 4, 5):
        gt = Array(np.ones((2,) * dims, np.uint8), (1,) * dims)
        target = predictor.create_target(gt)
        weight, _ = predictor.create_weight(gt, target)
        assert target.shape == weight.shape == (2, *(2,) * dims)
        assert not target.numpy().any()
        assert (weight.numpy() == 1).all()


@pytest.mark.parametrize(
    "predictor",
    [AffinitiesPredictor([[0, 1], [1, 0]], num_voxels=1), DistancePredictor(["a"], 2.0, False)],
    ids=["affinities", "distance"],
)
def test_what_lies_beyond_the_target_is_context_and_not_counted(predictor: object) -> None:
    gt = Array(np.arange(36).reshape(6, 6) // 5 % 3, (1, 1))
    part = gt.roi_of([slice(2, 5), slice(1, 4)])
    target = predictor.create_target(gt)
    weight, counts = predictor.create_weight(gt, target[part])
    assert weight.roi == part
    assert (counts.total <= 10).all()


def test_counts_of_workers_add_up() -> None:
    first, second = ClassCounts(torch.tensor([[1, 2], [3, 4]])), ClassCounts(torch.tensor([[10, 0], [0, 5]]))
    for both in (first + second, sum([first, second]), torch.utils.data.default_collate([first, second])):
        assert both.count.tolist() == [[11, 2], [3, 9]]
    assert first.count.tolist() == [[1, 2], [3, 4]]
    with pytest.raises(ValueError, match="counts of 2 and of 1 channels don't add up"):
        first + first[:1]
    with pytest.raises(TypeError):
        1 + first


def test_counts_survive_a_checkpoint(tmp_path: Path) -> None:
    counts = ClassCounts(torch.tensor([[2**40, 3]]))
    torch.save({"counts": counts, "plain": counts.state_dict()}, tmp_path / "checkpoint.pt")
    loaded = torch.load(tmp_path / "checkpoint.pt", weights_only=True)
    assert loaded["counts"].count.tolist() == [[2**40, 3]]
    assert ClassCounts.from_state_dict(loaded["plain"]).count.tolist() == [[2**40, 3]]
    for wrong in ({}, {"count": torch.zeros(2)}, {"count": torch.zeros(1, 2)}):
        with pytest.raises(ValueError, match=r"state must hold 'count', whole numbers of shape \[channels, 2\], got"):
            ClassCounts.from_state_dict(wrong)
