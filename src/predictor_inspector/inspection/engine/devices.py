"""Devices: which there are, and how long and with how much memory they work."""

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
    """Kinds of devices of this machine, the fastest first; the CPU is always among them."""
    devices = []
    if torch.cuda.is_available():
        devices.append("cuda")
    if torch.backends.mps.is_available():
        devices.append("mps")
    return (*devices, "cpu")


def pick_device(device: str) -> torch.device:
    """The device called `device`; ``"auto"`` is the fastest there is.

    Raises
    ------
    ValueError
        If it isn't available; the message lists those that are.
    """
    devices = available_devices()
    if device == "auto":
        return torch.device(devices[0])
    kind, _, index = device.partition(":")
    count = torch.cuda.device_count() if kind == "cuda" else 1
    if kind not in devices or (":" in device and not (index.isdecimal() and int(index) < count)):
        raise ValueError(f"device must be 'auto' or one of {', '.join(devices)} on this machine, got {device!r}")
    return torch.device(device)


def stopwatch(device: torch.device) -> Callable[[], Callable[[], float]]:
    """Measure how long the device works: call the result to stop, and what that returns for the seconds.

    A CUDA device is waited for only then, so that work can be queued meanwhile.
    """
    if device.type == "cuda":
        stream = torch.cuda.current_stream(device)
        event: Any = torch.cuda.Event
        first, last = event(enable_timing=True), event(enable_timing=True)
        first.record(stream)

        def stop_later() -> Callable[[], float]:
            last.record(stream)
            return elapsed

        def elapsed() -> float:
            last.synchronize()
            return float(first.elapsed_time(last)) / 1000

        return stop_later
    start = perf_counter()

    def stop() -> Callable[[], float]:
        if device.type == "mps":
            torch.mps.synchronize()
        seconds = perf_counter() - start
        return lambda: seconds

    return stop


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
        self._elapsed: dict[str, Callable[[], float]] = {}

    @contextmanager
    def step(self, name: str, device: torch.device = _CPU) -> Iterator[None]:
        """Measure what happens on `device` within this context."""
        progress = self._progress
        if progress is not None:
            progress(name, 0.0)
        stop = stopwatch(device)
        with listening(None if progress is None else partial(progress, name)):
            yield
        self._elapsed[name] = stop()

    def seconds(self) -> dict[str, float]:
        """Seconds of each step."""
        return {name: elapsed() for name, elapsed in self._elapsed.items()}
