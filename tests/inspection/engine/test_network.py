"""Facts about networks: valid sizes, scale, memory, and where their boxes lie."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest
import torch
from funlib.geometry import Coordinate, Roi
from torch import nn
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils._python_dispatch import TorchDispatchMode

from predictor_inspector.core import (
    AffinitiesPredictor,
    Array,
    HotDistancePredictor,
    ModuleConfig,
    UNet,
    UNetConfig,
)
from predictor_inspector.core.networks import network_presets
from predictor_inspector.inspection.engine.network import NetworkFacts, measure, network_regions

SMALL: dict[str, Any] = {
    "input_shape": (44, 44),
    "num_fmaps": 4,
    "fmap_inc_factor": 2,
    "fmaps_out": 3,
    "downsample_factors": (2, 2),
}


@pytest.fixture(scope="module")
def cellmap() -> NetworkFacts:
    return measure(network_presets()["cellmap"])


def test_cellmaps_network_is_told_as_it_is(cellmap: NetworkFacts) -> None:
    assert (cellmap.output_shape, cellmap.smallest) == ((36,) * 3, (198,) * 3)
    assert cellmap.steps == ((18, 18),) * 3
    assert cellmap.sizes[:2] == (((198,) * 3, (18,) * 3), ((216,) * 3, (36,) * 3))
    assert cellmap.parameters == 234_681_468
    assert [f.largest for f in cellmap.field] == [162] * 3
    assert cellmap.summary().startswith("216³ → 36³ voxels · field 162³ · 234.7 million parameters · step ≈ 6.")
    assert json.loads(json.dumps(cellmap.as_dict()))["sizes"][1] == [[216] * 3, [36] * 3]


def test_upsampling_makes_smaller_voxels() -> None:
    facts = measure(UNetConfig(**SMALL | {"input_shape": (52, 52), "upsample_factors": ((1, 2),)}))
    assert facts.steps == ((4, 4), (4, 8))
    assert facts.input_voxel_size((10, 10)) == (10, 20)


def test_listed_sizes_are_those_that_the_network_takes() -> None:
    config = UNetConfig(**SMALL | {"downsample_factors": ((2, 3),), "input_shape": (46, 64)})
    facts, network = measure(config), config.build()
    for axis in range(2):
        valid = [n for n in range(1, 80) if network.fits([n if a == axis else m for a, m in enumerate((46, 64))])]
        assert valid[0] == facts.smallest[axis]
        assert {b - a for a, b in pairwise(valid)} == {facts.steps[axis][0]}
    for size, output in facts.sizes:
        assert UNet(size, 1, 1, 1, 1, [(2, 3)])(torch.zeros(1, 1, *size)).shape[2:] == output


def test_the_largest_input_fits_and_is_valid(cellmap: NetworkFacts) -> None:
    assert cellmap.largest_input((400, 215, 198)) == (216, 198, 198)
    assert cellmap.largest_input((400, 400, 197)) is None


def test_a_predictors_head_counts() -> None:
    network = UNetConfig(**SMALL | {"downsample_factors": ()})
    hot = measure(network, HotDistancePredictor(["a", "b"], 50, False, kernel_size=3))
    assert hot.out_channels == 4
    assert hot.output_shape == measure(network).output_shape - 2
    assert [f.largest for f in hot.field] == [f.largest + 2 for f in measure(network).field]


class Live(TorchDispatchMode):
    """Counts the bytes of all tensors that are alive."""

    def __init__(self) -> None:
        super().__init__()
        self.alive: dict[StorageWeakRef, int] = {}
        self.peak = 0

    def note(self, made: Any) -> None:
        for tensor in made if isinstance(made, (list, tuple)) else [made]:
            if isinstance(tensor, torch.Tensor):
                storage = tensor.untyped_storage()
                self.alive[StorageWeakRef(storage)] = storage.nbytes()
        self.alive = {ref: n for ref, n in self.alive.items() if not ref.expired()}
        self.peak = max(self.peak, sum(self.alive.values()))

    def __torch_dispatch__(self, operation: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = operation(*args, **(kwargs or {}))
        self.note(made)
        return made


def measured_peak(config: UNetConfig, values: dict[str, Any]) -> int:
    network = UNet(fmaps_in=1, **values)
    raw = torch.rand(config.batch_size, 1, *config.input_shape)
    adam = torch.optim.Adam(network.parameters(), foreach=False)
    live = Live()
    live.note([raw, *network.parameters()])
    with live:
        for _ in range(2):
            adam.zero_grad()
            output = network(raw)
            target, weight = torch.zeros_like(output), torch.ones_like(output)
            nn.functional.mse_loss(output * weight, target * weight).backward()
            adam.step()
    return live.peak


@pytest.mark.parametrize(
    "values",
    [
        SMALL | {"input_shape": (76, 76), "num_fmaps": 16},
        SMALL | {"num_fmaps": 16, "batch_norm": True},
        SMALL | {"input_shape": (44, 44, 44), "num_fmaps": 2},
        SMALL | {"num_fmaps": 16, "fmap_inc_factor": 6},  # most of it parameters
    ],
)
def test_the_memory_of_a_step_is_what_it_takes(values: dict[str, Any]) -> None:
    config = UNetConfig(**values, batch_size=2)
    memory = measure(config, sizes=0).memory
    assert memory is not None
    assert 0.99 < memory.total / measured_peak(config, values) < 1.25


def test_activations_grow_with_the_batch_and_halve_in_sixteen_bits() -> None:
    one, two, mixed = (
        measure(UNetConfig(**SMALL, batch_size=batch, mixed_precision=half), sizes=0).memory
        for batch, half in ((1, False), (2, False), (2, True))
    )
    assert one is not None
    assert two is not None
    assert mixed is not None
    assert two.activations == 2 * one.activations
    assert two.parameters == one.parameters == mixed.parameters
    assert mixed.activations < 0.7 * two.activations


def grid() -> Array:
    return Array(torch.zeros(100, 100, dtype=torch.uint8), (8, 4), (80, 40), unit="nm")


def test_boxes_lie_about_the_middle_of_a_region() -> None:
    facts, gt = measure(UNetConfig(**SMALL)), grid()
    regions = network_regions(facts, gt, gt.roi)
    assert regions["output"].shape == Coordinate(8, 4) * facts.output_shape
    assert regions["input"].shape == Coordinate(8, 4) * 44
    assert regions["output"].center == regions["input"].center
    assert gt.snap(regions["output"]) == regions["output"]
    assert regions["field"].shape == tuple(v * sum(f.central) for v, f in zip((8, 4), facts.field, strict=True))
    voxel = Roi((80, 40), (8, 4))
    moved = network_regions(facts, gt, gt.roi, voxel)
    assert moved["output"] == regions["output"]
    assert moved["field"].contains(voxel)
    assert moved["field"].shape == regions["field"].shape


def test_the_input_of_an_upsampling_network_has_larger_voxels() -> None:
    facts, gt = measure(UNetConfig(**SMALL | {"input_shape": (52, 52), "upsample_factors": (2,)})), grid()
    regions = network_regions(facts, gt, gt.roi)
    assert regions["input"].shape == Coordinate(16, 8) * 52


class Pooled(nn.Module):
    """Sees everything."""

    def forward(self, raw: torch.Tensor) -> torch.Tensor:
        return raw.mean((2, 3), keepdim=True)


def test_a_network_whose_output_does_not_grow_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("predictor_inspector.inspection.engine.network.FARTHEST", 8)
    path = f"{__name__}:Pooled"
    monkeypatch.setattr("predictor_inspector.core.networks.imported", lambda _path: Pooled())
    with pytest.raises(ValueError, match="doesn't grow"):
        measure(ModuleConfig(path, (16, 16)))


def test_a_predictor_of_other_dimensions_is_refused_in_words() -> None:
    solid = AffinitiesPredictor(((1, 0, 0), (0, 1, 0), (0, 0, 1)), lsds=False)
    with pytest.raises(ValueError, match="3 dimensions, but the architecture 2"):
        measure(UNetConfig(**SMALL), solid)
