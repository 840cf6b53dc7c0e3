"""The first minute on a machine: how long targets take from an empty cache of kernels on, beside plain torch.

``python -m benchmarks.first_minute`` prints a table. Each row is measured in a process of its own, which computes as the
dock does: on all cores but one, again and again. The clock starts with the first target.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import torch

from benchmarks import volumes
from predictor_inspector.core import AffinitiesPredictor, Array, DistancePredictor, Predictor
from predictor_inspector.core.labels import as_labels
from predictor_inspector.core.ops import backend

ROOT = Path(__file__).resolve().parents[1]
SHAPE = (64, 256, 256)
NEAREST = ((1, 0, 0), (0, 1, 0), (0, 0, 1))
PREDICTORS: dict[str, Callable[[], Predictor]] = {
    "distance": lambda: DistancePredictor(("objects",), 5.0, True),
    "affinities": lambda: AffinitiesPredictor(NEAREST, lsds=False),
    "affinities and LSDs": lambda: AffinitiesPredictor(NEAREST, lsds=True, num_voxels=10),
}
PATIENCE = 120.0
"""Seconds after which nobody waits for the kernels any more: the machine was never idle, or numba is missing."""

_HEAD = (
    "| predictor | plain torch | until compiled: median, slowest | compiled after | then | window's wait: most |\n"
    "|---|---|---|---|---|---|"
)


def table() -> str:
    """The measurements as Markdown."""
    rows = [_HEAD]
    for name in PREDICTORS:
        plain, found = _apart(name, "torch"), _apart(name, "auto")
        before = found["before"] or [float("nan")]
        cells = [
            _seconds(statistics.median(plain["before"])),
            f"{_seconds(statistics.median(before))}, {_seconds(max(before))}",
            *(
                (f"{found['ready']:.0f} s", _seconds(statistics.median(found["after"])))
                if found["after"]
                else (f"not in {PATIENCE:.0f} s", "")
            ),
            _seconds(found["wait"]),
        ]
        rows.append("| " + " | ".join([name, *cells]) + " |")
    return "\n".join(rows) + "\n"


def _apart(name: str, chosen: str) -> dict[str, object]:
    """What `_measure` finds in a process of its own, with an empty cache."""
    with tempfile.TemporaryDirectory() as folder:
        variables = {"NUMBA_CACHE_DIR": folder, backend.VARIABLE: chosen, "OMP_WAIT_POLICY": "passive"}
        command = [sys.executable, "-m", "benchmarks.first_minute", "--measure", name]
        done = subprocess.run(
            command, cwd=ROOT, env={**os.environ, **variables}, stdout=subprocess.PIPE, text=True, check=True
        )
    return json.loads(done.stdout)


def _measure(name: str) -> dict[str, object]:
    """Seconds that targets took until kernels were ready and after, when that was, and the longest wait of another thread."""
    torch.set_num_threads(max(1, (os.cpu_count() or 2) - 1))
    predictor = PREDICTORS[name]()
    gt = Array(as_labels(volumes.cells(SHAPE)), (1, 1, 1))
    before: list[float] = []
    after: list[float] = []
    waits: list[float] = []
    done = threading.Event()

    def wait() -> None:
        while not done.is_set():
            begun = time.perf_counter()
            time.sleep(0.005)
            waits.append(time.perf_counter() - begun - 0.005)

    threading.Thread(target=wait, daemon=True).start()
    start = time.perf_counter()
    ready = None
    plain = backend.backend() == "torch"
    backend.begin_with_torch()
    while len(after) < 5:
        begun = time.perf_counter()
        predictor.create_weight(gt, predictor.create_target(gt))
        taken = time.perf_counter() - begun
        if ready is None and begun - start > PATIENCE:
            break
        # The last of the operations has been asked for by now.
        if ready is None and not plain and not backend.missing():
            ready = time.perf_counter() - start
        elif ready is None and not (plain and len(before) == 10):
            before.append(taken)
        else:
            after.append(taken)
    done.set()
    return {"before": before, "after": after, "ready": ready, "wait": max(waits)}


def _seconds(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds >= 0.9995 else f"{seconds * 1e3:.0f} ms"


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table, or measure one row."""
    parser = argparse.ArgumentParser("python -m benchmarks.first_minute", description=__doc__)
    parser.add_argument("--measure", choices=PREDICTORS, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    print(json.dumps(_measure(options.measure)) if options.measure else table())


if __name__ == "__main__":
    main()
