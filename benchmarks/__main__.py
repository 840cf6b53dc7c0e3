"""``python -m benchmarks``: measure, print, and write the page and the picture of the documentation."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from benchmarks import cases, first_minute, measure, report, volumes
from predictor_inspector.core.ops import backend

ROOT = Path(__file__).resolve().parents[1]
DATA = "BENCHMARK_LABELS"
"""The environment variable that may name a file of real labels."""


def main() -> None:
    """Measure everything that the arguments ask for."""
    options = _options()
    if options.threads:
        torch.set_num_threads(options.threads)
    backend.warm_up(wait=True)
    if not backend.ready():
        raise SystemExit("the compiled kernels are not ready: is numba installed? pip install numba")
    bandwidth = measure.copy_bandwidth()
    print(measure.machine(), f"\ncopying {bandwidth / 1e9:.1f} GB/s", flush=True)
    rows = []
    for name, labels in _volumes(options):
        found = cases.operations(labels, name, torch.get_num_threads(), options.patience)
        if labels.ndim == 3 and "128³" in name:
            found += cases.predictors(labels, name)
        for case in found:
            if options.only and options.only not in case.operation:
                continue
            row = report.Row(case, measure.side_by_side(case.works, case.scales, options.budget, options.runs))
            rows.append(row)
            print(report.line(row, bandwidth), flush=True)
    if options.out:
        out = Path(options.out)
        about = report.About(
            measure.machine(),
            bandwidth,
            cases.SCALE_FACTOR,
            cases.SIGMA,
            _in_the_window(options.data),
            first_minute.table(),
        )
        report.write_page(out / "benchmarks.md", rows, about)
        report.draw(out / "images" / "benchmarks.png", rows)
        print(f"written to {out / 'benchmarks.md'}")


def _in_the_window(path: str | None) -> str:
    """What `interaction` measures, in a process of its own, since a window slows down what is beside it."""
    command = [
        ROOT / "scripts" / "with-screen",
        "--fresh-settings",
        sys.executable,
        ROOT / "benchmarks" / "interaction.py",
    ]
    done = subprocess.run([*command, *([path] if path else [])], stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout


def _volumes(options: argparse.Namespace) -> Iterator[tuple[str, np.ndarray]]:
    """Names and labels, one after the other: only one is held at a time."""
    sides = (64, 128) if options.quick else (64, 128, 256)
    for side in sides:
        yield f"synthetic {side}³", volumes.cells((side,) * 3)
        found = None if options.data is None else volumes.real(Path(options.data), options.name, side)
        if found is not None:
            yield f"real {found.shape[0]}³", found
    yield "synthetic 1024²", volumes.cells((1024, 1024))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small volumes and few runs, and nothing is written")
    parser.add_argument(
        "--data", metavar="PATH", default=os.environ.get(DATA), help=f"real labels, beside synthetic ones (or {DATA})"
    )
    parser.add_argument("--name", metavar="NAME", help="the array in it, where there are several")
    parser.add_argument("--only", metavar="TEXT", help="only operations whose name holds this")
    parser.add_argument("--threads", type=int, metavar="N", help="threads for all; by default as many as torch takes")
    parser.add_argument("--out", metavar="DIR", help="folder of the page (default: docs)")
    options = parser.parse_args()
    options.runs, options.budget, options.patience = (5, 1.0, 2.0) if options.quick else (15, 2.0, 4.0)
    if options.out is None and not options.quick and not options.only:
        options.out = ROOT / "docs"
    return options


if __name__ == "__main__":
    main()
