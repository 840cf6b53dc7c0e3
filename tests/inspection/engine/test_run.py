"""`inspect` gives what a trainer would compute by hand, and tells how it came about."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from funlib.geometry import Coordinate, Roi
from hypothesis import given, settings
from hypothesis import strategies as st

from predictor_inspector.core import (
    AffinitiesPredictor,
    Array,
    ArraySpec,
    DistancePredictor,
    DummyPredictor,
    HotDistancePredictor,
    InnerDistancePredictor,
    OneHotPredictor,
    Predictor,
)
from predictor_inspector.inspection import Request, Source, inspect, run

PREDICTORS = [
    AffinitiesPredictor([[1, 0], [0, -3]], lsds=False),
    AffinitiesPredictor([[0, 1]], num_voxels=1, grow_boundary_iterations=1),
    DistancePredictor(["a"], 1.5, True),
    HotDistancePredictor(["a"], 1.5, True),
    InnerDistancePredictor(["a"], 1.5),
    OneHotPredictor(["a", "b", "c"]),
    DummyPredictor(2),
]
STEPS = ["read", "transfer", "target", "weight", "statistics", "copy back"]


def ground_truth(seed: int = 0, side: int = 12) -> Array:
    labels = np.random.default_rng(seed).integers(0, 4, (side // 3, side // 3)).repeat(3, 0).repeat(3, 1)
    return Array(labels, (10, 10), (-20, 35), subdivision=10)


def by_hand(
    predictor: Predictor, gt: Array, roi: Roi, mask: Array | None, outside: str, balance_over: str
) -> tuple[np.ndarray, np.ndarray, Any]:
    """Ask for the region, compute, crop: what a training script does."""
    region = predictor.gt_region_for_roi(ArraySpec(roi, gt.voxel_size, gt.unit, gt.subdivision)).roi
    if outside == "zero":
        mask = gt.like(np.ones(gt.shape, np.uint8)) if mask is None else mask
        gt, mask = gt.read(region), mask.read(region)
    else:
        gt = gt[region.intersect(gt.roi)]
    target = predictor.create_target(gt)
    if balance_over == "roi":
        target = target[roi]
    weight, counts = predictor.create_weight(gt, target, mask)
    return target[roi].numpy(), weight[roi].numpy(), counts


@pytest.mark.parametrize("predictor", PREDICTORS, ids=repr)
@pytest.mark.parametrize("balance_over", ["roi", "context"])
@pytest.mark.parametrize("outside", ["clip", "zero"])
@settings(max_examples=8)
@given(data=st.data())
def test_targets_and_weights_are_those_of_a_trainer(
    predictor: Predictor, balance_over: Any, outside: Any, data: st.DataObject
) -> None:
    gt = ground_truth(data.draw(st.integers(0, 99)))
    begin = data.draw(st.tuples(st.integers(0, 9), st.integers(0, 9)))
    roi = gt.roi_of([slice(b, b + n) for b, n in zip(begin, (3, 2), strict=True)])
    mask = data.draw(st.sampled_from([None, gt.like((gt.numpy() != 2).astype(np.uint8) * 255)]))
    result = inspect(predictor, gt, roi, mask, "cpu", outside, balance_over)
    target, weight, counts = by_hand(predictor, gt, roi, mask, outside, balance_over)
    np.testing.assert_allclose(result.target.numpy(), target, atol=5e-6)
    np.testing.assert_allclose(result.weight.numpy(), weight, rtol=1e-6)
    assert result.target.roi == result.weight.roi == result.roi == roi
    assert result.channel_names == predictor.channel_names
    if counts is not None:
        assert result.counts.count.tolist() == counts.count.tolist()


def test_the_whole_of_the_ground_truth_is_inspected_unless_a_roi_is_given() -> None:
    gt = ground_truth()
    result = inspect(PREDICTORS[0], gt, device="cpu")
    assert result.roi == gt.roi
    np.testing.assert_array_equal(result.gt.numpy(), gt.numpy())
    assert result.mask is None


def test_no_more_ground_truth_is_used_than_the_predictor_asks_for() -> None:
    gt = ground_truth()
    roi = gt.roi_of([slice(4, 5), slice(4, 6)])
    result = inspect(AffinitiesPredictor([[2, 0], [0, -1]], lsds=False), gt, roi, device="cpu")
    assert result.gt.roi == result.gt_region == gt.roi_of([slice(4, 7), slice(3, 6)])
    assert result.padding_region == roi.grow(Coordinate(20, 10), Coordinate(20, 10))


def test_a_mask_may_lie_on_another_grid() -> None:
    gt = Array(np.arange(64).reshape(8, 8) % 3, (2, 2))
    known = np.random.default_rng(0).integers(0, 2, (6, 3))
    coarse = Array(known.astype(np.uint8), (40, 40), (-20, 0), subdivision=10)
    matched = np.zeros(gt.shape, bool)
    for z, x in np.ndindex(gt.shape):
        row, column = (2 * z + 1 + 2) // 4, (2 * x + 1) // 4
        matched[z, x] = row < 6 and column < 3 and known[row, column]
    predictor = OneHotPredictor(["a", "b", "c"])
    result = inspect(predictor, gt, mask=coarse, device="cpu")
    np.testing.assert_array_equal(result.weight.numpy()[0], matched)
    assert result.mask.roi == gt.roi


def test_a_mask_of_another_dimension_is_refused() -> None:
    with pytest.raises(ValueError, match=r"mask must have 2 spatial axes like the ground truth, got 1: \('x',\)"):
        inspect(PREDICTORS[0], ground_truth(), mask=Array(np.ones(3), (10,)), device="cpu")


def test_counts_go_on_over_inspections() -> None:
    gt, predictor, counts = ground_truth(), PREDICTORS[0], None
    rois = [gt.roi_of([slice(3 * i, 3 * i + 3), slice(0, 12)]) for i in range(3)]
    expected = None
    for roi in rois:
        result = inspect(predictor, gt, roi, device="cpu", counts=counts)
        region = predictor.gt_region_for_roi(ArraySpec(roi, gt.voxel_size, gt.unit, gt.subdivision)).roi
        part = gt[region.intersect(gt.roi)]
        weight, expected = predictor.create_weight(part, predictor.create_target(part)[roi], None, expected)
        np.testing.assert_array_equal(result.weight.numpy(), weight.numpy())
        assert result.counts.total.tolist() == expected.total.tolist()
        counts = result.counts
    assert counts.total.tolist() == [1 + 9 * 12, 1 + 9 * 9]


def test_only_the_declared_region_is_read_from_lazy_ground_truth() -> None:
    class Lazy:
        shape, dtype, read = (50, 60), np.dtype(np.uint16), []

        def __getitem__(self, key: Any) -> np.ndarray:
            part = np.ones(self.shape, self.dtype)[key]
            self.read.append(part.shape)
            return part

    gt = Array(Lazy(), (1, 1))
    inspect(AffinitiesPredictor([[0, 3]], lsds=False), gt, Roi((10, 10), (1, 5)), device="cpu")
    assert gt.data.read == [(1, 8)]


def test_inputs_are_not_modified_and_results_do_not_share_their_memory() -> None:
    for predictor in PREDICTORS:
        gt = ground_truth()
        mask = gt.like((gt.numpy() > 0).astype(np.uint8))
        labels, known = gt.numpy().copy(), mask.numpy().copy()
        result = inspect(predictor, gt, mask=mask, device="cpu")
        result.target.numpy()[:] = 7
        result.weight.numpy()[:] = 7
        np.testing.assert_array_equal(gt.numpy(), labels)
        np.testing.assert_array_equal(mask.numpy(), known)


def test_every_step_is_announced_and_timed() -> None:
    announced: list[tuple[str, float]] = []
    result = inspect(PREDICTORS[1], ground_truth(), device="cpu", progress=lambda *step: announced.append(step))
    assert list(dict(announced)) == STEPS
    assert announced[0] == ("read", 0.0)
    assert all(0 <= fraction <= 1 for _, fraction in announced)
    assert list(result.timings) == [*STEPS, "total"]
    assert result.timings["total"] == pytest.approx(sum(result.timings[step] for step in STEPS))
    assert result.memory > 0


@pytest.mark.parametrize("step", STEPS)
def test_what_progress_raises_ends_the_inspection(step: str) -> None:
    class Cancelled(Exception):
        pass

    def cancel(name: str, fraction: float) -> None:
        if name == step:
            raise Cancelled

    with pytest.raises(Cancelled):
        inspect(PREDICTORS[0], ground_truth(), device="cpu", progress=cancel)


def test_a_request_is_carried_out_as_written() -> None:
    gt = ground_truth()
    request = Request(PREDICTORS[0], Source(gt), gt.roi_of([slice(0, 2), slice(0, 2)]), "cpu", "zero", "context")
    result = run(request)
    assert result.request is request
    assert result.device == "cpu"
    assert result.mask.numpy().min() == 0  # padded: beyond the data nothing is annotated


def test_a_context_beyond_the_data_is_noted() -> None:
    gt = ground_truth()
    inner = gt.roi_of([slice(4, 6), slice(4, 6)])
    assert inspect(PREDICTORS[0], gt, inner, device="cpu").notes == ()
    (note,) = inspect(PREDICTORS[0], gt, device="cpu").notes
    assert "values near that edge may differ" in note
    (note,) = inspect(PREDICTORS[0], gt, device="cpu", outside="zero").notes
    assert "padded with 0: boundaries there are false" in note


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"roi": Roi((0, 0), (0, 10))}, "is empty"),
        ({"roi": Roi((30, 45), (-10, 10))}, "is empty"),
        ({"roi": Roi((-19, 35), (10, 10))}, "doesn't lie on the voxel grid"),
        ({"roi": Roi((-20,), (10,))}, "roi has 1 dimensions, but the array has 2"),
        ({"roi": Roi((-30, 35), (20, 10))}, r"partly outside the ground truth.*; use the part \[-20:-10, 35:45\]"),
        ({"roi": Roi((980, 35), (20, 10))}, r"roi \[980:1000, 35:45\] lies outside the ground truth, which covers"),
        ({"roi": Roi((980, 35), (20, 10)), "outside": "zero"}, "lies outside the ground truth"),
        ({"outside": "mirror"}, "outside must be 'clip' or 'zero', got 'mirror'"),
        ({"balance_over": "everything"}, "balance_over must be 'roi' or 'context', got 'everything'"),
        ({"device": "abacus"}, "device must be 'auto' or one of .*cpu on this machine, got 'abacus'"),
        ({"device": "cpu:x"}, "device must be 'auto' or one of .* got 'cpu:x'"),
        ({"device": "cuda:99"}, "device must be 'auto' or one of .* got 'cuda:99'"),
    ],
)
def test_requests_that_cannot_be_met_are_refused_in_words(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        inspect(PREDICTORS[0], ground_truth(), **{"device": "cpu", **arguments})


def test_empty_ground_truth_is_refused() -> None:
    with pytest.raises(ValueError, match=r"the ground truth is empty: its shape is \(0, 3\)"):
        inspect(PREDICTORS[0], Array(np.zeros((0, 3), int), (1, 1)), device="cpu")


def test_a_predictor_whose_names_do_not_match_its_target_is_refused() -> None:
    class Liar(DummyPredictor):
        def create_target(self, gt: Array) -> Array:
            return gt.like(torch.zeros(5, *gt.shape))

    with pytest.raises(ValueError, match=r"Liar names 2 channels, but its target has shape \(5, 12, 12\)"):
        inspect(Liar(2), ground_truth(), device="cpu")
