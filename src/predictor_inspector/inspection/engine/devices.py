"""Devices of this machine, and the time and memory that computations on them take."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from time import perf_counter
from typing import Any

import torch

from predictor_inspector.core.progress import listening

_CPU = torch.device("cpu")


def available_devices() -> tuple[str, ...]:
    """Kinds of devices of this machine, the fastest first, the CPU last."""
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    return tuple(kind for kind, available in there.items() if available)


def pick_device(device: str) -> torch.device:
    """The device called `device`; ``"auto"`` is the fastest. If it isn't there, a ``ValueError`` lists those that are."""
    devices = available_devices()
    if device == "auto":
        return torch.device(devices[0])
    kind, _, index = device.partition(":")
    count = torch.cuda.device_count() if kind == "cuda" else 1
    if kind not in devices or (":" in device and not (index.isdecimal() and int(index) < count)):
        raise ValueError(f"device must be 'auto' or one of {', '.join(devices)} on this machine, got {device!r}")
    return torch.device(device)


def peak_memory(device: torch.device) -> int | None:
    """Bytes that were allocated at most since `forget_peak_memory`; None for devices that don't count them."""
    return torch.cuda.max_memory_allocated(device) if device.type == "cuda" else None


def forget_peak_memory(device: torch.device) -> None:
    """Reset what `peak_memory` gives."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)


class Clock:
    """Times the steps of a computation and tells when one begins."""

    def __init__(self, progress: Callable[[str, float], None] | None) -> None:
        self._progress = progress
        self._steps: dict[str, tuple[Any, Any]] = {}

    @contextmanager
    def step(self, name: str, device: torch.device = _CPU) -> Iterator[None]:
        """Measure what happens on `device` within this context."""
        progress = self._progress
        if progress is not None:
            progress(name, 0.0)
        begin = _now(device)
        with listening(None if progress is None else partial(progress, name)):
            yield
        self._steps[name] = begin, _now(device)

    def seconds(self) -> dict[str, float]:
        """Seconds of each step."""
        return {name: _seconds(begin, end) for name, (begin, end) in self._steps.items()}


def _now(device: torch.device) -> Any:
    """A moment of the device's work; a CUDA device isn't waited for, so that work can be queued meanwhile."""
    if device.type == "cuda":
        event: Any = torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]
        event.record(torch.cuda.current_stream(device))
        return event
    if device.type == "mps":
        torch.mps.synchronize()
    return perf_counter()


def _seconds(begin: Any, end: Any) -> float:
    """Seconds between two moments of one device."""
    if isinstance(begin, float):
        return float(end - begin)
    end.synchronize()
    return float(begin.elapsed_time(end)) / 1000
