"""Times targets and weights on a CUDA device, and writes a table: ``python benchmarks/gpu.py --output table.md``.

Labels lie on the device from the start and results stay there, since copies take longer than all the rest. Times are wall
times of whole calls, the host's part included, after a call that compiles what isn't yet.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any
from unittest import mock

import torch

from predictor_inspector.core import AffinitiesPredictor, Array, DistancePredictor
from predictor_inspector.core.labels import to_device
from predictor_inspector.core.ops import cuda

NEAREST = [[1, 0, 0], [0, 1, 0], [0, 0, 1]]
AFFINITIES = AffinitiesPredictor(NEAREST, lsds=False)
DESCRIPTORS = AffinitiesPredictor(NEAREST, lsds=True, num_voxels=10)
DISTANCE = DistancePredictor(["objects"], scale_factor=10.0, mask_distances=True)

TASKS: dict[str, Sequence[Any]] = {
    "affinities + weights": [AFFINITIES],
    "distance + weights": [DISTANCE],
    "affinities + distance + weights": [AFFINITIES, DISTANCE],
    "affinities + LSDs + weights": [DESCRIPTORS],
    "affinities + LSDs + distance + weights": [DESCRIPTORS, DISTANCE],
}


def cells(side: int, spacing: int = 28, background: float = 0.1, seed: int = 0) -> torch.Tensor:
    """Labels like tissue: the Voronoi cells of points strewn over a grid, some of them background. int64, on the CPU."""
    generator = torch.Generator().manual_seed(seed)
    count = -(-side // spacing) + 2
    points = torch.rand((count, count, count, 3), generator=generator) * spacing
    ids = torch.arange(1, count**3 + 1).reshape(count, count, count)
    ids[torch.rand(ids.shape, generator=generator) < background] = 0
    device = "cuda" if torch.cuda.is_available() else "cpu"
    points, ids = points.to(device), ids.to(device)
    around = [(a, b, c) for a in (-1, 0, 1) for b in (-1, 0, 1) for c in (-1, 0, 1)]
    volume = torch.empty((side, side, side), dtype=torch.int64)
    along = torch.arange(side, device=device)
    for z in range(side):
        y, x = torch.meshgrid(along, along, indexing="ij")
        nearest = torch.full(y.shape, torch.inf, device=device)
        labels = torch.zeros(y.shape, dtype=torch.int64, device=device)
        for a, b, c in around:
            i, j, k = z // spacing + 1 + a, y // spacing + 1 + b, x // spacing + 1 + c
            point = points[i, j, k]
            squared = (point[..., 0] + (i - 1) * spacing - z) ** 2
            squared += (point[..., 1] + (j - 1) * spacing - y) ** 2 + (point[..., 2] + (k - 1) * spacing - x) ** 2
            closer = squared < nearest
            nearest, labels = torch.where(closer, squared, nearest), torch.where(closer, ids[i, j, k], labels)
        volume[z] = labels.cpu()
    return volume


def measure(task: Callable[[], object], repeats: int) -> tuple[float, float, float]:
    """Shortest and median time in milliseconds, and peak memory in GiB, of a call after a first one."""
    task()
    torch.cuda.synchronize()
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    times = []
    for _ in range(repeats):
        start = perf_counter()
        task()
        torch.cuda.synchronize()
        times.append((perf_counter() - start) * 1e3)
    return min(times), statistics.median(times), torch.cuda.max_memory_allocated() / 2**30


def targets_and_weights(predictors: Sequence[Any], gt: Array) -> list[Any]:
    """Everything that a loss needs, all of it kept until all of it is there."""
    made = []
    for predictor in predictors:
        target = predictor.create_target(gt)
        made.append((target, predictor.create_weight(gt, target)))
    return made


def lines(sides: Sequence[int], repeats: int, with_torch: bool) -> list[str]:
    """The table in Markdown."""
    name = torch.cuda.get_device_name()
    rows = [
        f"{name}, torch {torch.__version__}, medians of {repeats} calls (shortest in parentheses).",
        "",
        "| side | task | by | ms | peak GiB |",
        "|---|---|---|---|---|",
    ]
    for side in sides:
        gt = Array(to_device(cells(side), torch.device("cuda")), (1, 1, 1))
        for task, predictors in TASKS.items():
            for kernels in [True, False] if with_torch else [True]:
                with mock.patch.object(cuda, "usable", cuda.usable if kernels else lambda device: False):
                    shortest, median, memory = measure(partial(targets_and_weights, predictors, gt), repeats)
                by = "Triton" if kernels else "torch"
                rows.append(f"| {side} | {task} | {by} | {median:.2f} ({shortest:.2f}) | {memory:.2f} |")
                print(rows[-1], flush=True)
    return rows


def main() -> int:
    """Measure and write what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sides", type=int, nargs="+", default=[128, 256, 512], help="sides of the volumes in voxels")
    parser.add_argument("--repeats", type=int, default=20, help="calls per row")
    parser.add_argument("--torch", action="store_true", help="measure what torch does without the kernels, too: slow")
    parser.add_argument("--precision", choices=["ieee", "tf32x3"], help="of the descriptors' matrix products")
    parser.add_argument("--output", type=Path, help="file to write the table to")
    arguments = parser.parse_args()
    if not torch.cuda.is_available():
        print("CUDA is not available on this machine: nothing to measure", file=sys.stderr)
        return 1
    if not cuda.usable(torch.device("cuda", torch.cuda.current_device())):
        print("Triton can't be used here: what is measured is torch", file=sys.stderr)
    elif arguments.precision:
        from predictor_inspector.core.ops.cuda import moments

        moments.PRECISION = arguments.precision
    table = "\n".join(lines(arguments.sides, arguments.repeats, arguments.torch)) + "\n"
    if arguments.output:
        arguments.output.write_text(table)
    else:
        print(table)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
