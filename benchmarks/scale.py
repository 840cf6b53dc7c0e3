"""Times whole commands on a volume on disk, and writes a table: ``python -m benchmarks.scale FOLDER``.

CPU time is that of all threads and processes, which others on the machine change least; memory is the most that a process held.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from math import prod
from multiprocessing import get_context
from pathlib import Path
from time import perf_counter

import numpy as np

from predictor_inspector.data import neurites, write_ome_zarr

BLOCKS = (4, 2, 2)  # of the sample, beside each other along z, y and x
NEAREST = ["--predictor", "affinities", "--set", "lsds=false"]
DESCRIPTORS = ["--predictor", "affinities", "--set", "num_voxels=5"]
DISTANCE = ["--predictor", "distance", "--set", "scale_factor=60"]
SLICE, CROP = ["--roi", "100:101,:,:"], ["--roi", "100:164,100:164,100:164"]

COMMANDS: dict[str, list[str]] = {
    "`list`": ["list", "PATH"],
    "`render` a crop of 64³, affinities": ["render", "PATH", "NAME", *NEAREST, *CROP, "--out", "OUT"],
    "`render` a slice, affinities": ["render", "PATH", "NAME", *NEAREST, *SLICE, "--out", "OUT"],
    "`render` a slice, LSDs": ["render", "PATH", "NAME", *DESCRIPTORS, *SLICE, "--out", "OUT"],
    "`render` all, affinities": ["render", "PATH", "NAME", *NEAREST, "--out", "OUT"],
    "`render` all, affinities, within 1 GB": ["render", "PATH", "NAME", *NEAREST, "--memory", "1GB", "--out", "OUT"],
    "`render` all, distance": ["render", "PATH", "NAME", *DISTANCE, "--out", "OUT"],
    "`check` a crop of 64³, distance": ["check", "PATH", "NAME", *DISTANCE, *CROP],
    "`roundtrip` a crop of 64³, affinities": ["roundtrip", "PATH", "NAME", *NEAREST, *CROP],
}


def volume(folder: Path) -> tuple[Path, tuple[int, ...]]:
    """Blocks of the sample with ids of their own, on disk; and its shape."""
    path, block = folder / "scale.zarr", neurites().labels.numpy()
    labels = np.tile(block.astype(np.uint32), BLOCKS)
    number = np.arange(prod(BLOCKS)).reshape(BLOCKS)
    step = int(block.max()) + 1
    labels = np.where(labels > 0, labels + step * np.kron(number, np.ones(block.shape, np.uint32)), 0).astype(np.uint32)
    if not path.exists():
        write_ome_zarr(path / "labels" / "neurons", neurites().labels.like(labels), "neurons")
    return path, labels.shape


def run(arguments: list[str]) -> tuple[float, float, float]:
    """Wall seconds, CPU seconds, and most memory in GB of a call of the command line."""
    begin = perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "predictor_inspector", *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, status, used = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status) not in (0, 1):
        raise RuntimeError(f"predictor-inspector {' '.join(arguments)} failed")
    return perf_counter() - begin, used.ru_utime + used.ru_stime, used.ru_maxrss / 1e6


def main(folder: Path) -> None:
    """Make the volume, and print the table."""
    # In a process of its own: on Linux a child's memory counts what its parent held when it began.
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        path, shape = pool.submit(volume, folder).result()
    print(f"{' × '.join(map(str, shape))} voxels, {prod(shape) / 1e6:.0f} million; {os.cpu_count()} cores\n")
    print("| command | seconds | CPU seconds | memory |\n|---|---|---|---|")
    for name, command in COMMANDS.items():
        out = folder / "out"
        given = {"PATH": str(path), "NAME": "labels/neurons", "OUT": str(out)}
        wall, cpu, memory = run([given.get(word, word) for word in command])
        print(f"| {name} | {wall:.1f} | {cpu:.1f} | {memory:.1f} GB |", flush=True)
        shutil.rmtree(out, ignore_errors=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
