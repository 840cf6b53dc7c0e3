"""The same numbers on the GPU as on the CPU."""

from __future__ import annotations

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
from predictor_inspector.inspection import inspect

from .strategies import blocks

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
