"""Training pipelines for `SampleStream`, good ones and bad ones; each is a function without arguments."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from collections import namedtuple
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch

SHAPE = (6, 8, 8)


def item(n: int) -> dict[str, Any]:
    return {
        "raw": torch.full((1, *SHAPE), float(n)) + torch.rand(1, *SHAPE),
        "labels": torch.ones(SHAPE, dtype=torch.int64),
        "target": torch.zeros((3, *SHAPE), dtype=torch.bfloat16),
    }


class Items(torch.utils.data.Dataset):
    def __len__(self) -> int:
        return 5

    def __getitem__(self, n: int) -> dict[str, Any]:
        print("noise", n)
        os.write(1, b"noise of a library\n")
        return item(n)


def dataset() -> Items:
    return Items()


def loader() -> torch.utils.data.DataLoader:
    return torch.utils.data.DataLoader(Items(), batch_size=2, num_workers=1)


Pair = namedtuple("Pair", ["raw", "target"])


def named_pairs() -> Iterator[Pair]:
    yield Pair(np.zeros((10, 12, 12)), np.zeros((3, *SHAPE)))


class Spec(SimpleNamespace):
    pass


def batches() -> Iterator[Any]:
    """As gunpowder makes them, of two samples."""
    from funlib.geometry import Coordinate, Roi

    voxel = Coordinate(40, 4, 4)

    def array(shape: tuple[int, ...], begin: tuple[int, ...]) -> Any:
        roi = Roi(begin, voxel * Coordinate(shape[-3:]))
        return SimpleNamespace(data=np.ones(shape), spec=Spec(voxel_size=voxel, roi=roi))

    yield SimpleNamespace(
        arrays={"RAW": array((2, 1, 8, 10, 10), (0, 0, 0)), "GT": array((2, 4, 6, 6), (80, 8, 8))},
    )


def ends_early() -> Iterator[dict[str, Any]]:
    yield item(0)
    print("about to end")
    sys.stdout.flush()
    os._exit(3)


def segmentation_fault() -> None:
    ctypes.string_at(0)


def hangs() -> Iterator[dict[str, Any]]:
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)"])
    print("again and again " * 1000)
    sys.stdout.flush()
    yield item(child.pid)
    while True:
        print("again and again " * 1000)


def raises() -> Iterator[dict[str, Any]]:
    yield item(0)
    raise KeyError("RAW")


class Broken(Items):
    def __getitem__(self, n: int) -> dict[str, Any]:
        raise RuntimeError("no such crop")


def worker_raises() -> torch.utils.data.DataLoader:
    return torch.utils.data.DataLoader(Broken(), batch_size=2, num_workers=1)


def exits() -> None:
    sys.exit("usage: train.py CONFIG")


def words() -> Iterator[str]:
    yield "hello"


def nothing() -> Iterator[Any]:
    return iter(())


def number() -> int:
    return 5


def needs_arguments(config: str) -> Items:
    return Items()


def pipeline_alone() -> Any:
    return SimpleNamespace(request_batch=None)
