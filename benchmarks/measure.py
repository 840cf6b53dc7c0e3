"""Times, memory and the machine they were measured on."""

from __future__ import annotations

import gc
import os
import platform
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median
from time import perf_counter

import torch

from predictor_inspector.core.ops import backend
from predictor_inspector.inspection.engine.memory import give_back_freed_memory

Work = Callable[[], object]

LONG = 5
"""How often the budget a run takes that isn't repeated."""


@dataclass(frozen=True)
class Measured:
    """Seconds, over several runs, and the memory of one."""

    seconds: tuple[float, ...]
    peak: int | None
    """Bytes that the process held beyond what it held before, at most; None where the system doesn't tell."""
    scale: float = 1.0
    """By how much more work all of it would have been than what was run."""

    @property
    def minimum(self) -> float:
        """The fastest run, for all of the work."""
        return min(self.seconds) * self.scale

    @property
    def median(self) -> float:
        """The run in the middle, for all of the work."""
        return median(self.seconds) * self.scale


def side_by_side(
    works: Mapping[str, Work], scales: Mapping[str, float], budget: float, most: int
) -> dict[str, Measured]:
    """Run all in turns, so that whatever else the machine does meets all alike.

    Parameters
    ----------
    budget : float
        Seconds after which a work isn't run again.
    most : int
        Runs of each at most; at least one, after one that isn't counted: it finds memory that was never touched, which a
        virtual machine may take long to get. Unless that one took so long that it has to do.
    """
    peaks: dict[str, int | None] = {}
    seconds: dict[str, list[float]] = {}
    for name, work in works.items():
        start = perf_counter()
        peaks[name] = _peak_of(work)
        first = perf_counter() - start
        seconds[name] = [first] if first > LONG * budget else []
    for _ in range(most):
        for name, work in works.items():
            if len(seconds[name]) > 0 and sum(seconds[name]) > budget:
                continue
            start = perf_counter()
            work()
            seconds[name].append(perf_counter() - start)
    return {name: Measured(tuple(s), peaks[name], scales.get(name, 1.0)) for name, s in seconds.items()}


def copy_bandwidth() -> float:
    """Bytes per second that are read and written when memory is copied, with as many threads as torch uses."""
    source = torch.ones(1 << 26, dtype=torch.uint8).repeat(4)
    target = torch.empty_like(source)
    best = float("inf")
    for _ in range(9):
        start = perf_counter()
        target.copy_(source)
        best = min(best, perf_counter() - start)
    return 2 * source.numel() / best


def machine() -> str:
    """Processor, cores and versions, in a sentence."""
    model = platform.processor() or platform.machine()
    cpus = Path("/proc/cpuinfo")
    if cpus.exists():
        names = [
            line.split(":", 1)[1].strip() for line in cpus.read_text().splitlines() if line.startswith("model name")
        ]
        model = names[0] if names else model
    packages = ", ".join(f"{name} {_version(name)}" for name in ("torch", "numba", "numpy", "scipy", "edt"))
    return (
        f"{model}, {torch.get_num_threads()} of {os.cpu_count()} cores; Python {platform.python_version()}, {packages}"
    )


def _version(name: str) -> str:
    try:
        return version(name).split("+")[0]
    except PackageNotFoundError:
        return "missing"


def _peak_of(work: Work) -> int | None:
    """Run it once; the most memory that the process held meanwhile, beyond what it held before."""
    reset, status = Path("/proc/self/clear_refs"), Path("/proc/self/status")
    # What others have left would be used without being counted.
    gc.collect()
    backend.release_memory()
    give_back_freed_memory()
    try:
        reset.write_text("5")
    except OSError:
        work()
        return None
    before = _status(status, "VmRSS")
    result = work()
    peak = _status(status, "VmHWM") - before
    del result
    return max(0, peak)


def _status(path: Path, key: str) -> int:
    line = next(line for line in path.read_text().splitlines() if line.startswith(key))
    return int(line.split()[1]) * 1024
