"""The same numbers on the GPU as on the CPU, by Triton's kernels and by torch."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
import pytest
import torch

from predictor_inspector.core import (
    AffinitiesPredictor,
    Array,
    DistancePredictor,
    DummyPredictor,
    HotDistancePredictor,
    InnerDistancePredictor,
    OneHotPredictor,
    Predictor,
)
from predictor_inspector.core.labels import as_labels, to_device
from predictor_inspector.core.ops import cuda
from predictor_inspector.inspection import inspect
from tests.core.strategies import blocks

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="CUDA is not available on this machine")

PREDICTORS = [
    AffinitiesPredictor([[1, 0, 0], [0, -3, 0], [0, 2, 9]], lsds=False),
    AffinitiesPredictor([[1, 0, 0]], num_voxels=3),
    AffinitiesPredictor([[0, 0, 1]], num_voxels=3, downsample_lsds=2, background_as_object=True),
    AffinitiesPredictor([[0, 0, 1]], lsds=False, grow_boundary_iterations=2),
    DistancePredictor(["a"], 9.0, True),
    HotDistancePredictor(["a"], 9.0, True),
    InnerDistancePredictor(["a"], 9.0),
    OneHotPredictor(["a", "b", "c"]),
    DummyPredictor(2),
]


@pytest.mark.parametrize("predictor", PREDICTORS, ids=repr)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint64])
def test_gpu_and_cpu_agree_within_a_hundred_thousandth(predictor: Predictor, dtype: type) -> None:
    labels = blocks(7, (20, 33, 41), ids=6, side=7).astype(dtype)
    gt = Array(labels, (4, 2, 1), offset=(8, -2, 3), subdivision=1)
    mask = gt.like((blocks(9, (20, 33, 41), side=9) > 0).astype(np.uint8) * 255)
    roi = gt.roi_of([slice(4, 16), slice(5, 28), slice(9, 37)])
    on_gpu, on_cpu = (inspect(predictor, gt, roi, mask, device=device) for device in ("cuda", "cpu"))
    assert on_gpu.device.startswith("cuda")
    np.testing.assert_allclose(on_gpu.target.numpy(), on_cpu.target.numpy(), atol=1e-5)
    np.testing.assert_allclose(on_gpu.weight.numpy(), on_cpu.weight.numpy(), rtol=1e-5)
    if hasattr(on_cpu.counts, "count"):
        assert on_gpu.counts.count.tolist() == on_cpu.counts.count.tolist()


@pytest.mark.parametrize("predictor", PREDICTORS, ids=repr)
def test_work_happens_where_the_ground_truth_lies(predictor: Predictor) -> None:
    gt = Array(blocks(3, (6, 7, 8)), (4, 2, 1)).to("cuda")
    target = predictor.create_target(gt)
    weight, counts = predictor.create_weight(gt, target, gt.like(np.ones((6, 7, 8), bool)))
    assert target.device.type == weight.device.type == "cuda"
    predictor.create_weight(gt, target, None, counts)


@pytest.mark.parametrize("predictor", PREDICTORS, ids=repr)
@pytest.mark.parametrize("triton", [True, False], ids=["triton", "torch"])
def test_larger_volumes_agree_by_kernels_and_by_torch(
    predictor: Predictor, triton: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not triton:
        monkeypatch.setattr(cuda, "usable", lambda device: False)
    shape = (70, 150, 141)
    gt = Array(blocks(5, shape, ids=40, side=13).astype(np.uint32) * 90_000, (4, 2, 2))
    roi = gt.roi_of([slice(2, 69), slice(11, 149), slice(0, 133)])
    mask = gt.like((blocks(9, shape, ids=9, side=25) > 0).astype(np.uint8))
    on_gpu, on_cpu = (inspect(predictor, gt, roi, mask, device=device) for device in ("cuda", "cpu"))
    np.testing.assert_allclose(on_gpu.target.numpy(), on_cpu.target.numpy(), atol=1e-5)
    np.testing.assert_allclose(on_gpu.weight.numpy(), on_cpu.weight.numpy(), rtol=1e-5)
    assert on_gpu.notes == on_cpu.notes == ()


@pytest.mark.skipif(find_spec("triton") is None, reason="Triton isn't installed")
def test_triton_is_used_for_every_operation(monkeypatch: pytest.MonkeyPatch) -> None:
    used = []
    attempt = cuda.attempt

    def noted(operation: str, *arguments: object) -> object:
        made = attempt(operation, *arguments)
        used.append((operation, made is not None))
        return made

    monkeypatch.setattr(cuda, "attempt", noted)
    gt = Array(blocks(3, (20, 21, 22), side=5), (4, 2, 1))
    for predictor in PREDICTORS:
        inspect(predictor, gt, device="cuda")
    assert {operation for operation, _ in used} == {
        "affinities.affinities",
        "affinities.known_pairs",
        "boundary_distance.signed_distance",
        "boundary_distance.squared_distance_to_unknown",
        "class_balance.by_class",
        "class_balance.counted",
        "shape_descriptors.shape_descriptors",
    }
    assert all(made for _, made in used)


@pytest.mark.skipif(find_spec("triton") is None, reason="Triton isn't installed")
@pytest.mark.parametrize(
    "predictor", [p for p in PREDICTORS if not getattr(p, "lsds", False)], ids=repr
)  # descriptors wait to learn how many objects there are
def test_targets_and_weights_do_not_wait_for_the_device(predictor: Predictor) -> None:
    gt = Array(blocks(3, (20, 33, 41), side=7).astype(np.uint64), (4, 2, 1))
    there = gt.like(to_device(gt.data, torch.device("cuda")))
    mask = gt.like(blocks(4, (20, 33, 41), side=9) > 0).to("cuda")
    predictor.create_weight(there, predictor.create_target(there), mask)  # compiles, and fills what is kept
    before = torch.cuda.get_sync_debug_mode()
    torch.cuda.set_sync_debug_mode("error")
    try:
        predictor.create_weight(there, predictor.create_target(there), mask)
    finally:
        torch.cuda.set_sync_debug_mode(before)


def test_ids_are_narrowed_before_they_move_and_changed_ones_are_looked_at_again() -> None:
    labels = to_device(np.array([0, 5, 300], np.uint64), torch.device("cuda"))
    assert labels.dtype == torch.int16
    assert as_labels(labels) is labels
    labels[0] = -1
    with pytest.raises(ValueError, match="must not hold negative ids"):
        as_labels(labels)
