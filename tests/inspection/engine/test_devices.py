"""Where a device fails, the CPU takes over; where memory runs out, a sentence says how much was asked for."""

from __future__ import annotations

from importlib import import_module

import numpy as np
import pytest
import torch

from predictor_inspector.core import AffinitiesPredictor, Array
from predictor_inspector.data.source import Source
from predictor_inspector.inspection.engine.devices import available_devices, pick_device
from predictor_inspector.inspection.engine.tiles import TiledInspection

module = import_module("predictor_inspector.inspection.engine.run")  # the package's `inspect` is the function

PREDICTOR = AffinitiesPredictor([[0, 1]], lsds=False)
GT = Array(np.ones((3, 4), np.uint8), (1, 1))


def fail_on(monkeypatch: pytest.MonkeyPatch, device: str, error: Exception) -> None:
    """Pretend that `device` is the fastest one, and that work on it ends in `error`."""

    def forget_peak_memory(used: torch.device) -> None:
        if used.type == device:
            raise error

    monkeypatch.setattr(module, "pick_device", lambda name: torch.device("cpu" if name == "cpu" else device))
    monkeypatch.setattr(module, "forget_peak_memory", forget_peak_memory)


@pytest.mark.parametrize(
    ("device", "error"),
    [
        ("cuda", torch.OutOfMemoryError("CUDA out of memory")),
        ("cuda", RuntimeError("CUDA error: out of memory")),
        ("mps", RuntimeError("MPS backend out of memory")),
        ("mps", NotImplementedError("The operator 'aten::something' is not implemented for the MPS device")),
    ],
)
def test_the_cpu_takes_over_where_a_device_cannot(
    monkeypatch: pytest.MonkeyPatch, device: str, error: Exception
) -> None:
    fail_on(monkeypatch, device, error)
    result = module.inspect(PREDICTOR, GT, GT.roi)
    assert result.device == "cpu"
    assert result.request.device == "auto"
    assert f"Computed on the CPU: {'too little memory' if device == 'cuda' else 'an operation'}" in result.notes[-1]
    assert result.notes[-1].endswith(f"on {device}.")
    np.testing.assert_array_equal(result.target.numpy(), PREDICTOR.create_target(GT).numpy())


def test_the_cpu_takes_over_for_all_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    fail_on(monkeypatch, "cuda", torch.OutOfMemoryError("CUDA out of memory"))
    tiled = TiledInspection(module.Request(PREDICTOR, Source(GT)), memory=10**6, tile=(2, 2))
    targets = {tuple(tile.roi.begin): tile.target.numpy() for tile in tiled}
    result = tiled.inspection(GT, GT)
    assert result.device == "cpu"
    assert result.notes[-1] == "Computed on the CPU: too little memory on cuda."
    np.testing.assert_array_equal(targets[0, 0], PREDICTOR.create_target(GT).numpy()[:, :2, :2])


def test_other_failures_of_a_device_are_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    fail_on(monkeypatch, "cuda", RuntimeError("device-side assert triggered"))
    with pytest.raises(RuntimeError, match="device-side assert triggered"):
        module.inspect(PREDICTOR, GT)


@pytest.mark.parametrize(
    "error", [MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes")]
)
def test_too_little_memory_on_the_cpu_is_told_with_the_size(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    fail_on(monkeypatch, "cpu", error)
    with pytest.raises(
        MemoryError, match=r"not enough memory for 3 × 4 voxels of ground truth, \[0:3, 0:4\]; choose a"
    ):
        module.inspect(PREDICTOR, GT)


def test_other_errors_on_the_cpu_come_through(monkeypatch: pytest.MonkeyPatch) -> None:
    fail_on(monkeypatch, "cpu", RuntimeError("a bug"))
    with pytest.raises(RuntimeError, match="a bug"):
        module.inspect(PREDICTOR, GT)


def test_the_fastest_device_is_picked_and_the_cpu_is_always_there() -> None:
    assert available_devices()[-1] == "cpu"
    assert pick_device("auto").type == available_devices()[0]
    assert pick_device("cpu") == torch.device("cpu")
