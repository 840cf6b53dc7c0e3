"""Where to compute."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import Any

import torch


def available_devices() -> tuple[str, ...]:
    """The kinds of device at hand, the fastest first; the CPU is always among them."""
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


def synchronise(device: torch.device) -> None:
    """Wait until the device has done what it was asked to, so that a clock may be read."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()


def stopwatch(device: torch.device) -> Callable[[], Callable[[], float]]:
    """Begin to measure how long the device works; to call the result ends it, to call what that returns gives seconds.

    A CUDA device is waited for only then, so that work can go on being handed to it.
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
        synchronise(device)
        seconds = perf_counter() - start
        return lambda: seconds

    return stop


def peak_memory(device: torch.device) -> int | None:
    """Bytes that were allocated at most since `forget_peak_memory`; None where the device doesn't tell."""
    return torch.cuda.max_memory_allocated(device) if device.type == "cuda" else None


def forget_peak_memory(device: torch.device) -> None:
    """Begin to measure peak memory anew."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
