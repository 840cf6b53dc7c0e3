"""Threads that share out the work of kernels which release the GIL.

numba's own threads would have to be shared with all other users of numba in the process: one of its pools must not be
entered by two threads at a time, another ends a process that was forked. Plain threads around serial kernels have neither
problem, use as many cores as the caller allows torch to use, and let progress be reported and work be cancelled between
parts.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import pairwise
from typing import TypeVar

import torch

from predictor_inspector.core.progress import report

T = TypeVar("T")

PARTS_PER_THREAD = 8
"""Work is cut finer than there are threads, so that none waits long for the others."""


def for_each(parts: Sequence[T], work: Callable[[T], object]) -> None:
    """Call `work` with every part; this thread and its helpers, as many as torch may use, each take the next one."""
    left = iter(range(len(parts)))
    stop = False

    def help_out() -> None:
        while not stop and (number := next(left, None)) is not None:
            work(parts[number])

    helpers = min(torch.get_num_threads(), len(parts)) - 1
    futures = [_pool().submit(help_out) for _ in range(helpers)]
    try:
        for number in left:
            report(number, len(parts))
            work(parts[number])
    finally:
        stop = True
        # Those that have not begun, because others keep the helpers busy, have nothing left to do.
        errors = [f.exception() for f in futures if not f.cancel()]
    for error in errors:
        if error is not None:
            raise error


def parts(length: int, smallest: int = 1) -> list[slice]:
    """`length` things in even parts of at least `smallest`, if there are so many, for `for_each`."""
    count = max(1, min(length // max(1, smallest), PARTS_PER_THREAD * torch.get_num_threads()))
    ends = [length * k // count for k in range(count + 1)]
    return [slice(a, b) for a, b in pairwise(ends)]


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="predictor-inspector-helper")


if hasattr(os, "register_at_fork"):
    # A forked process has none of its parent's threads.
    os.register_at_fork(after_in_child=_pool.cache_clear)
