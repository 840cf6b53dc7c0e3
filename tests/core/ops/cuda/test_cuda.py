"""The same numbers on a CUDA device as on the CPU, by Triton's kernels and by torch; without one see `stand_in`."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch

from predictor_inspector.core import (
    AffinitiesPredictor,
    Array,
    BoundaryPredictor,
    CellposeFlowsPredictor,
    DistancePredictor,
    DummyPredictor,
    HotDistancePredictor,
    InnerDistancePredictor,
    OneHotPredictor,
    Predictor,
    StarDistPredictor,
)
from predictor_inspector.core.labels import as_labels, to_device
from predictor_inspector.core.ops import backend, cuda
from predictor_inspector.core.result_cache import ResultCache
from predictor_inspector.data.source import Source
from predictor_inspector.inspection import Inspection, inspect
from predictor_inspector.inspection.engine.run import Request, run
from predictor_inspector.inspection.engine.tiles import TiledInspection
from tests.core.strategies import blocks
from tests.core.test_golden import CASES, compare_with_reference

if not torch.cuda.is_available():
    pytest.skip("CUDA is not available on this machine", allow_module_level=True)

pretended = not torch.version.cuda
"""Whether it is a stand-in, which runs kernels a thousand times as slowly."""

GOLDEN = Path(__file__).parents[3] / "golden"  # conftest.py needs what such a machine may lack

SCALE = 1.5 if pretended else 9.0

PREDICTORS = {
    "affinities": AffinitiesPredictor([[1, 0, 0], [0, -3, 0], [0, 2, 9]], lsds=False),
    "grown": AffinitiesPredictor([[0, 0, 1]], lsds=False, grow_boundary_iterations=2),
    "LSDs": AffinitiesPredictor([[1, 0, 0]], num_voxels=3),
    "coarse LSDs": AffinitiesPredictor([[0, 0, 1]], num_voxels=3, downsample_lsds=2, background_as_object=True),
    "distance": DistancePredictor(["a"], SCALE, True),
    "hot distance": HotDistancePredictor(["a"], SCALE, True),
    "inner distance": InnerDistancePredictor(["a"], SCALE),
    "one-hot": OneHotPredictor(["a", "b", "c"]),
    "one-hot but for one": OneHotPredictor(["a", "b", "c"], ignore=2),
    "boundary": BoundaryPredictor((1, 2, 2), mode="outer", foreground=True),
    "flows": CellposeFlowsPredictor(dims=3, max_diameter=16),
    "stars": StarDistPredictor(dims=3, max_diameter=16, rays=12),
    "dummy": DummyPredictor(2),
}
UNATTENDED = [name for name in PREDICTORS if name not in ("grown", "LSDs", "coarse LSDs", "flows", "stars")]
"""Those for which the host needn't learn how many objects there are, or whether all of them are known."""

SHAPES = [(7, 9, 11)] if pretended else [(20, 33, 41), (70, 150, 141)]

predictors = pytest.mark.parametrize("predictor", PREDICTORS.values(), ids=PREDICTORS.keys())


@pytest.fixture(params=["kernels", "torch"])
def by(request: pytest.FixtureRequest) -> Iterator[None]:
    """What computes on the device."""
    if request.param == "kernels" and find_spec("triton") is None:
        pytest.skip("Triton isn't installed")
    with backend.using("auto" if request.param == "kernels" else "torch"):
        yield


def on_cpu(predictor: Predictor, gt: Array, **more: object) -> Inspection:
    with backend.using("torch"):
        return inspect(predictor, gt, device="cpu", **more)


def test_the_device_refuses_what_lies_elsewhere_and_tells_when_it_is_waited_for() -> None:
    here, there = torch.ones(2), torch.ones(2, device="cuda")
    with pytest.raises(RuntimeError, match="same device"):
        here + there
    with pytest.raises(TypeError, match="can't convert cuda:0 device type tensor to numpy"):
        there.numpy()
    torch.cuda.set_sync_debug_mode("error")
    try:
        for waiting in (lambda: there.sum().item(), lambda: there[there > 0], lambda: here.to("cuda"), there.cpu):
            with pytest.raises(RuntimeError, match="called a synchronizing CUDA operation"):
                waiting()
    finally:
        torch.cuda.set_sync_debug_mode("default")


@predictors
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint64])
def test_gpu_and_cpu_agree_within_a_hundred_thousandth(
    predictor: Predictor, shape: tuple[int, ...], dtype: type, by: None
) -> None:
    labels = blocks(7, shape, ids=6 if pretended else 40, side=7).astype(dtype) * (1 if dtype is np.uint8 else 90_000)
    gt = Array(labels, (4, 2, 1), offset=(8, -2, 3), subdivision=1)
    mask = gt.like((blocks(9, shape, side=9) > 0).astype(np.uint8) * 255)
    roi = gt.roi_of([slice(n // 9, n - n // 7) for n in shape])
    there, here = inspect(predictor, gt, roi, mask, device="cuda"), on_cpu(predictor, gt, roi=roi, mask=mask)
    assert there.device.startswith("cuda")
    np.testing.assert_allclose(there.target.numpy(), here.target.numpy(), atol=1e-5)
    np.testing.assert_allclose(there.weight.numpy(), here.weight.numpy(), rtol=1e-5)
    assert there.notes == here.notes
    if hasattr(here.counts, "count"):
        assert there.counts.count.tolist() == here.counts.count.tolist()


@pytest.mark.parametrize("case", CASES)
def test_targets_and_weights_equal_the_reference_on_real_tissue(case: str, by: None) -> None:
    compare_with_reference(GOLDEN / f"{case}.npz", "cuda")


@predictors
def test_work_happens_where_the_ground_truth_lies(predictor: Predictor, by: None) -> None:
    gt = Array(blocks(3, (6, 7, 8)), (4, 2, 1)).to("cuda")
    target = predictor.create_target(gt)
    weight, counts = predictor.create_weight(gt, target, gt.like(np.ones((6, 7, 8), bool)))
    assert target.device.type == weight.device.type == "cuda"
    predictor.create_weight(gt, target, None, counts)


@predictors
def test_tiles_make_one_whole(predictor: Predictor, by: None) -> None:
    gt = Array(blocks(3, (5, 7, 8), side=3), (4, 2, 1))
    tiled = TiledInspection(Request(predictor, Source(gt), device="cuda"), tile=(3, 7, 5))
    whole = on_cpu(predictor, gt).target
    for tile in tiled:
        np.testing.assert_allclose(tile.target.numpy(), whole[tile.roi].numpy(), atol=2e-5)


@pytest.mark.skipif(find_spec("triton") is None, reason="Triton isn't installed")
def test_triton_is_used_for_every_operation(monkeypatch: pytest.MonkeyPatch) -> None:
    used = []
    attempt = cuda.attempt

    def noted(operation: str, *arguments: object) -> object:
        made = attempt(operation, *arguments)
        used.append((operation, made is not None))
        return made

    monkeypatch.setattr(cuda, "attempt", noted)
    gt = Array(blocks(3, (4, 5, 6), side=3), (4, 2, 1))
    mask = gt.like(gt.numpy() != 1)
    with backend.using("auto"):
        for predictor in PREDICTORS.values():
            for cache in (None, ResultCache()):
                run(Request(predictor, Source(gt, mask), device="cuda"), cache=cache)
    assert {operation for operation, _ in used} == {
        "affinities.affinities",
        "affinities.known_pairs",
        "boundary_distance.signed_distance",
        "boundary_distance.squared_boundary_distance",
        "boundary_distance.squared_distance_to_unknown",
        "class_balance.by_class",
        "class_balance.counted",
        "shape_descriptors.coarse_descriptors",
        "shape_descriptors.shape_descriptors",
    }
    assert all(made for _, made in used)


@pytest.mark.skipif(find_spec("triton") is None, reason="Triton isn't installed")
@pytest.mark.parametrize("name", UNATTENDED)
def test_targets_and_weights_do_not_wait_for_the_device(name: str) -> None:
    predictor, shape = PREDICTORS[name], SHAPES[0]
    gt = Array(blocks(3, shape, side=7).astype(np.uint64), (4, 2, 1))
    there = gt.like(to_device(gt.data, torch.device("cuda")))
    mask = gt.like(blocks(4, shape, side=9) > 0).to("cuda")
    with backend.using("auto"):
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
