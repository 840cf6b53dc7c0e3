"""Times what is computed on a CUDA device, by kernels and by plain torch, beside the least that it could take.

``python -m benchmarks.gpu --out FOLDER`` writes ``gpu.json``, ``gpu.md`` and a profile; ``--page gpu.json`` puts its tables
into the documentation. `scripts/gpu-check` tests first. What the clock finds unfinished is listed as left out.

Labels lie on the device from the start and results stay there, but for the table of whole inspections. Times are between
events of the device's queue, gaps in which it waits for the host included, after a call that compiles what isn't yet.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import torch

from benchmarks.gpu_report import Report, Row, into_page
from predictor_inspector.core import (
    AffinitiesPredictor,
    Array,
    BoundaryPredictor,
    CellposeFlowsPredictor,
    DistancePredictor,
    HotDistancePredictor,
    InnerDistancePredictor,
    OneHotPredictor,
    Predictor,
    StarDistPredictor,
)
from predictor_inspector.core.labels import to_device
from predictor_inspector.core.ops import affinities, backend, boundary_distance, class_balance, cuda, shape_descriptors
from predictor_inspector.core.ops.channel_sums import channel_sums
from predictor_inspector.inspection import inspect

Work = Callable[[], object]

NEAREST = ((1, 0, 0), (0, 1, 0), (0, 0, 1))
SIGMA, SCALE = 10, 10.0
"""In voxels."""

AFFINITIES = AffinitiesPredictor(NEAREST, lsds=False)
DESCRIPTORS = AffinitiesPredictor(NEAREST, lsds=True, num_voxels=SIGMA)
DISTANCE = DistancePredictor(("objects",), SCALE, True)

TOGETHER: dict[str, tuple[Predictor, ...]] = {
    "affinities + distance": (AFFINITIES, DISTANCE),
    "affinities + LSDs + distance": (DESCRIPTORS, DISTANCE),
    "affinities": (AFFINITIES,),
    "affinities + LSDs": (DESCRIPTORS,),
    "distance": (DISTANCE,),
    "hot distance": (HotDistancePredictor(("objects",), SCALE, True),),
    "inner distance": (InnerDistancePredictor(("objects",), SCALE),),
    "one-hot": (OneHotPredictor(("background", "a", "b")),),
    "boundary": (BoundaryPredictor(foreground=True),),
    "flows": (CellposeFlowsPredictor(dims=3, max_diameter=60),),
    "stars": (StarDistPredictor(dims=3, max_diameter=60, rays=32),),
}
"""Targets and weights that are made one after the other, and all kept, as for a loss."""

RUNS, PATIENCE = 15, 1.0
"""Calls per row at most, and seconds after which no further one is begun."""

HOPELESS = 6.0
"""Seconds: what is expected to take longer, by what it took at a smaller size, isn't begun."""


class Bench:
    """Measures until its time is up."""

    def __init__(self, report: Report, seconds: float, runs: int) -> None:
        self.report, self.runs, self.failed = report, runs, False
        self._end = perf_counter() + seconds
        self._took: dict[tuple[str, str, str], tuple[int, float]] = {}

    def measure(self, table: str, what: str, side: int, works: Mapping[str, Work], bytes_moved: int) -> None:
        """Add a row for each work."""
        for by, work in works.items():
            name, voxels = (table, what, by), side**3
            before, seconds = self._took.get(name, (voxels, 0.0))
            expected = seconds * voxels / before
            if perf_counter() > self._end or expected > HOPELESS:
                why = f"would take about {expected:.0f} s" if expected > HOPELESS else "no time was left"
                self.report.leave_out(f"{table}, {what}, {side}³ by {by}: {why}")
                continue
            try:
                times, peak = timed(work, self.runs)
            except Exception as error:  # the device's time is short: all else shall be measured
                torch.cuda.empty_cache()
                self.failed = True
                self.report.leave_out(f"{table}, {what}, {side}³ by {by}: {type(error).__name__}: {error}")
                continue
            self._took[name] = voxels, min(times) / 1e3
            floor = bytes_moved / self.report.bandwidth * 1e3
            self.report.add(Row(table, what, side, by, min(times), median(times), len(times), peak, floor))


def timed(work: Work, runs: int) -> tuple[list[float], float]:
    """Milliseconds of several calls after a first one, and the most GiB of memory that one takes beyond what is held."""
    work()
    torch.cuda.synchronize()
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    held = torch.cuda.memory_allocated()
    times, start = [], perf_counter()
    while not times or (len(times) < runs and perf_counter() - start < PATIENCE):
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        begin.record()
        kept = work()
        end.record()
        end.synchronize()
        del kept
        times.append(begin.elapsed_time(end))
    return times, (torch.cuda.max_memory_allocated() - held) / 2**30


def bandwidth() -> float:
    """Bytes per second that are read and written when the device copies its memory."""
    source = torch.ones(1 << 30, dtype=torch.uint8, device="cuda")
    target = torch.empty_like(source)
    times, _ = timed(lambda: target.copy_(source), RUNS)
    return 2 * source.numel() / (min(times) / 1e3)


def by_backends(work: Work) -> dict[str, Work]:
    """The same by kernels, where they can be used, and by plain torch."""

    def run(name: backend.Backend) -> object:
        with backend.using(name):
            return work()

    here = torch.device("cuda", torch.cuda.current_device())
    kernels: dict[str, Work] = {"kernels": partial(run, "auto")} if cuda.usable(here) else {}
    return kernels | {"torch": partial(run, "torch")}


def targets_and_weights(predictors: tuple[Predictor, ...], gt: Array) -> list[Any]:
    """All that a loss needs."""
    made = []
    for predictor in predictors:
        target = predictor.create_target(gt)
        made.append((target, predictor.create_weight(gt, target)))
    return made


def operations(labels: torch.Tensor) -> Iterator[tuple[str, dict[str, Work], int]]:
    """Name, works and bytes that must be moved of every operation on `labels`."""
    read, voxels, size = labels.numel() * labels.element_size(), labels.numel(), (1.0, 1.0, 1.0)
    whole = tuple(slice(0, n) for n in labels.shape)
    known = labels != 3
    positive = affinities.affinities(labels, NEAREST) > 0
    channels = len(NEAREST)
    yield "affinities", by_backends(lambda: affinities.affinities(labels, NEAREST)), read + 4 * voxels * channels
    yield "pairs of known voxels", by_backends(lambda: affinities.known_pairs(known, NEAREST, whole)), voxels * 4
    distance = by_backends(lambda: boundary_distance.signed_distance(labels, size, SCALE))
    yield "signed distance", distance | peers(labels), read + 4 * voxels
    unknown = boundary_distance.squared_distance_to_unknown
    yield "distance to the unknown", by_backends(lambda: unknown(known, size, 5 * SCALE)), 5 * voxels
    descriptors = shape_descriptors.shape_descriptors
    yield "shape descriptors", by_backends(lambda: descriptors(labels, SIGMA, size)), read + 40 * voxels
    yield "class balance", by_backends(lambda: class_balance.balance(positive, None)), 5 * voxels * channels
    target = positive.float()
    yield "sums of channels", {"torch": lambda: channel_sums(target, target, positive)}, 9 * voxels * channels


def peers(labels: torch.Tensor) -> dict[str, Work]:
    """CuPy's and cuCIM's distance transform of the doubled grid, where they are installed, with the rest by torch."""
    found: dict[str, Work] = {}
    for name, module in (("CuPy", "cupyx.scipy.ndimage"), ("cuCIM", "cucim.core.operations.morphology")):
        try:
            transform = __import__(module, fromlist=["distance_transform_edt"]).distance_transform_edt
            cupy = __import__("cupy")
        except (ImportError, AttributeError):
            continue

        def run(transform: Any = transform, cupy: Any = cupy) -> torch.Tensor:
            distance = transform(cupy.from_dlpack(doubled(labels)), sampling=(0.5, 0.5, 0.5))
            values = torch.tanh(torch.from_dlpack(distance)[::2, ::2, ::2] / SCALE).float()
            return torch.where(labels > 0, values, -values)

        found[name] = run
    return found


def doubled(labels: torch.Tensor) -> torch.Tensor:
    """Voxels at even places of a grid twice as fine, boundaries between different ids as 0 at odd ones: uint8."""
    grid = torch.ones([2 * n - 1 for n in labels.shape], dtype=torch.uint8, device=labels.device)
    for axis in range(labels.ndim):
        between = tuple(slice(int(axis == other), None, 2) for other in range(labels.ndim))
        n = labels.shape[axis] - 1
        grid[between] = (labels.narrow(axis, 0, n) == labels.narrow(axis, 1, n)).to(torch.uint8)
    return grid


def inspections(bench: Bench, side: int) -> None:
    """Whole inspections of labels that lie in the host's memory: one slice, and all; transfers and statistics included."""
    labels = cells(side).to(torch.int16)
    sources = {"page-locked": Array(labels.pin_memory(), (1, 1, 1)), "pageable": Array(labels, (1, 1, 1))}
    for name, predictor in {"affinities": AFFINITIES, "affinities + LSDs": DESCRIPTORS, "distance": DISTANCE}.items():
        for what, planes in {"one slice": slice(side // 2, side // 2 + 1), "all": slice(0, side)}.items():
            roi = sources["pageable"].roi_of([planes, slice(0, side), slice(0, side)])

            def run(gt: Array, predictor: Predictor = predictor, roi: Any = roi) -> object:
                with backend.using("auto"):
                    return inspect(predictor, gt, roi, device="cuda")

            works = {f"{memory} memory": partial(run, gt) for memory, gt in sources.items()}
            channels, voxels = len(predictor.channel_names), (planes.stop - planes.start) * side**2
            bench.measure("inspections", f"{name}, {what}", side, works, 2 * voxels + 8 * channels * voxels)
            steps = run(sources["page-locked"]).timings  # type: ignore[attr-defined]
            bench.report.note(
                f"{name}, {what} of {side}³: " + ", ".join(f"{step} {s * 1e3:.2g} ms" for step, s in steps.items())
            )


def profile(work: Work) -> str:
    """What the device and the host do meanwhile, as a table."""
    activities = torch.profiler.supported_activities()
    work()
    torch.cuda.synchronize()
    with torch.profiler.profile(activities=activities) as recorded:
        work()
        torch.cuda.synchronize()
    on_device = torch.profiler.ProfilerActivity.CUDA in activities
    by = "self_device_time_total" if on_device else "self_cpu_time_total"
    table: str = recorded.key_averages().table(sort_by=by, row_limit=40)
    return table


def cells(side: int, spacing: int = 28, background: float = 0.1, seed: int = 0) -> torch.Tensor:
    """Labels like tissue: the Voronoi cells of points strewn over a grid, some of them background. int64, on the CPU."""
    generator = torch.Generator().manual_seed(seed)
    count = -(-side // spacing) + 2
    points = torch.rand((count, count, count, 3), generator=generator) * spacing
    ids = torch.arange(1, count**3 + 1).reshape(count, count, count)
    ids[torch.rand(ids.shape, generator=generator) < background] = 0
    points, ids = points.to("cuda"), ids.to("cuda")
    around = [(a, b, c) for a in (-1, 0, 1) for b in (-1, 0, 1) for c in (-1, 0, 1)]
    volume = torch.empty((side, side, side), dtype=torch.int64)
    along = torch.arange(side, device="cuda")
    y, x = torch.meshgrid(along, along, indexing="ij")
    for z in range(side):
        nearest = torch.full(y.shape, torch.inf, device="cuda")
        labels = torch.zeros(y.shape, dtype=torch.int64, device="cuda")
        for a, b, c in around:
            i, j, k = z // spacing + 1 + a, y // spacing + 1 + b, x // spacing + 1 + c
            point = points[i, j, k]
            squared = (point[..., 0] + (i - 1) * spacing - z) ** 2
            squared += (point[..., 1] + (j - 1) * spacing - y) ** 2 + (point[..., 2] + (k - 1) * spacing - x) ** 2
            closer = squared < nearest
            nearest, labels = torch.where(closer, squared, nearest), torch.where(closer, ids[i, j, k], labels)
        volume[z] = labels.cpu()
    return volume


def run(sides: list[int], out: Path, seconds: float, runs: int) -> bool:
    """Measure all, and write what is known after every row; whether nothing failed."""
    report = Report(out, bandwidth())
    bench = Bench(report, seconds, runs)
    for side in sides:
        gt = Array(to_device(cells(side), torch.device("cuda")), (1, 1, 1))
        read = gt.data.numel() * gt.data.element_size()
        for name, predictors in TOGETHER.items():
            channels = sum(len(p.channel_names) for p in predictors)
            works = by_backends(partial(targets_and_weights, predictors, gt))
            bench.measure("targets and weights", name, side, works, read + 8 * channels * side**3)
        for operation, works, moved in operations(gt.data):
            bench.measure("operations", operation, side, works, moved)
        if side == sides[len(sides) // 2]:
            inspections(bench, side)
    name, side = report.slowest("targets and weights", "kernels")
    gt = Array(to_device(cells(side), torch.device("cuda")), (1, 1, 1))
    report.profile(f"{name}, {side}³", profile(partial(targets_and_weights, TOGETHER[name], gt)))
    return not bench.failed


def main() -> int:
    """Measure and write what the command line asks for."""
    parser = argparse.ArgumentParser("python -m benchmarks.gpu", description=__doc__.splitlines()[0])
    parser.add_argument("--sides", type=int, nargs="+", default=[128, 256, 512], help="sides of the volumes in voxels")
    parser.add_argument("--seconds", type=float, default=140.0, help="after so many, nothing further is begun")
    parser.add_argument("--out", type=Path, default=Path("gpu"), help="folder for the results")
    parser.add_argument("--rehearse", action="store_true", help="on a stand-in for a device: are all parts in order?")
    parser.add_argument("--page", type=Path, metavar="JSON", help="measure nothing, put these results into the docs")
    options = parser.parse_args()
    if options.page:
        into_page(options.page, Path(__file__).parents[1] / "docs" / "benchmarks.md")
        return 0
    with ExitStack() as stack:
        if options.rehearse:
            from tests.core.ops.cuda.stand_in import pretended

            stack.enter_context(pretended())
        if not torch.cuda.is_available():
            print("CUDA is not available on this machine: nothing to measure", file=sys.stderr)
            return 1
        sides, runs = ([3, 4], 1) if options.rehearse else (options.sides, RUNS)
        return 0 if run(sides, options.out, options.seconds, runs) else 1


if __name__ == "__main__":
    raise SystemExit(main())
