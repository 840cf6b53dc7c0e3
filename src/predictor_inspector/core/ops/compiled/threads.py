"""Shares work out to threads, for kernels that release the GIL.

numba's own threads would have to be shared with whoever else uses numba in the process: one of its pools must not be
entered by two threads at a time, another ends a process that was forked. Plain threads around serial kernels have neither
trouble, take as many cores as the caller allows torch to use, and let progress be told, or the work be cancelled, between
the parts.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import pairwise
from threading import Lock

import torch

from predictor_inspector.core.progress import report

PARTS_PER_THREAD = 8
"""Work is cut finer than there are threads, so that none waits long for the others."""

_lock = Lock()
_helpers: ThreadPoolExecutor | None = None


def for_each(count: int, work: Callable[[int], object], threads: int | None = None) -> None:
    """Call `work` with 0 … `count` - 1, the calling thread and its helpers each taking the next that is left.

    Parameters
    ----------
    threads : int, optional
        How many, the calling one included; by default as many as torch may use when called from here.
    """
    left: Iterator[int] = iter(range(count))
    stop = False

    def help_out() -> None:
        while not stop and (number := next(left, None)) is not None:
            work(number)

    helpers = min(threads or torch.get_num_threads(), count) - 1
    futures: list[Future[None]] = [_pool().submit(help_out) for _ in range(helpers)]
    try:
        for number in left:
            report(number, count)
            work(number)
    finally:
        stop = True
        # Those that have not begun, because others keep the helpers busy, have nothing left to do.
        begun = [f for f in futures if not f.cancel()]
        errors = [f.exception() for f in begun]
    for error in errors:
        if error is not None:
            raise error


def parts(length: int, smallest: int = 1) -> list[slice]:
    """`length` things in even parts of at least `smallest`, if there are so many, for `for_each`."""
    count = max(1, min(length // max(1, smallest), PARTS_PER_THREAD * torch.get_num_threads()))
    if count == 1 or (torch.get_num_threads() == 1 and length <= smallest):
        return [slice(0, length)]
    ends = [length * k // count for k in range(count + 1)]
    return [slice(a, b) for a, b in pairwise(ends)]


def _pool() -> ThreadPoolExecutor:
    global _helpers  # noqa: PLW0603 - made when first needed, once per process
    with _lock:
        if _helpers is None:
            _helpers = ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="predictor-inspector-helper")
        return _helpers


def _forget_pool() -> None:
    """A forked process has none of its parent's threads."""
    global _helpers, _lock
    _helpers, _lock = None, Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_pool)
