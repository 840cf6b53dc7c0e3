"""`LiveRunner`: work in the background that keeps up with a hand on a slider."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event
from typing import Any

import torch
from qtpy.QtCore import QObject, Signal

log = logging.getLogger(__name__)

Work = Callable[[Callable[[str, float], None]], Any]

_SWITCH_INTERVAL = 0.0005  # seconds between turns of Python's threads while something is computed


class Cancelled(Exception):
    """Raised in the worker once its job was cancelled, or a newer one is wanted."""


@dataclass(frozen=True)
class Job:
    """Something to compute."""

    work: Work  # called with ``progress(step, fraction)``; what a generator yields is delivered before its result
    about: Any = None  # by which the receiver of the result knows whether it is still wanted
    preview: Work | None = None  # for a quick result that comes first; the job is then given up for a newer one


class LiveRunner(QObject):
    """Runs one job at a time in a worker thread; while it runs, only the newest of those that come is remembered.

    Every result is delivered, not just the last, so that the picture moves while the hand does. All signals are emitted in
    the thread that the runner lives in. `executor` runs jobs one at a time; a thread of its own by default.
    """

    previewed = Signal(object, object)  # a job, and what its preview returned
    advanced = Signal(object, object)  # a job, and what its work has yielded
    finished = Signal(object, object)  # a job, and what it returned
    failed = Signal(object, object)  # a job, and the exception that it raised
    cancelled = Signal(object)  # a job that was running and has ended without a result
    stepped = Signal(str, float)  # the step that the running job is at, and the fraction of it that is done
    busy_changed = Signal(bool)  # whether a job runs or waits

    _ended = Signal(object, object, object)

    def __init__(self, executor: Executor | None = None) -> None:
        super().__init__()
        self._executor = executor or ThreadPoolExecutor(1, "predictor-inspector", _leave_a_core_to_the_window)
        self._running: Job | None = None
        self._pending: Job | None = None
        self._cancel = Event()
        self._closed = Event()
        self._superseded = Event()
        self._ended.connect(self._on_ended)

    @property
    def busy(self) -> bool:
        """Whether a job runs or waits."""
        return self._running is not None

    def submit(self, job: Job) -> None:
        """Run `job` as soon as the one that runs has ended, in place of any that waits."""
        if self._closed.is_set():
            return
        if self._running is not None:
            self._pending = job
            self._superseded.set()
        else:
            self._running = job
            self.busy_changed.emit(True)
            self._start(job)

    def cancel(self) -> None:
        """Drop the job that waits, and end the running one at its next step."""
        self._pending = None
        self._cancel.set()

    def close(self) -> None:
        """Cancel everything and stop the worker; deliver nothing. Doesn't wait for the running job."""
        self._closed.set()
        self.cancel()
        self._running = None
        self._executor.shutdown(wait=False, cancel_futures=True)

    def _start(self, job: Job) -> None:
        self._running = job
        self._cancel.clear()
        self._superseded.clear()
        self._executor.submit(self._work, job)

    def _work(self, job: Job) -> None:
        """In the worker thread: run the job, and send what came of it to the runner's own thread."""
        result: Any = None
        error: BaseException | None = None
        try:
            if job.preview is not None:
                preview = job.preview(self._step)
                if not self._closed.is_set():
                    self.previewed.emit(job, preview)
            result = job.work(self._step if job.preview is None else self._step_unless_superseded)
            if isinstance(result, Generator):
                result = self._in_parts(job, result)
        except Exception as raised:  # every failure is reported, by `failed`
            error = raised
        if not self._closed.is_set():
            self._ended.emit(job, result, error)

    def _in_parts(self, job: Job, parts: Generator[Any, None, Any]) -> Any:
        """Deliver what is yielded; what is returned at the end."""
        while True:
            try:
                part = next(parts)
            except StopIteration as end:
                return end.value
            if self._closed.is_set():
                raise Cancelled
            self.advanced.emit(job, part)

    def _step(self, name: str, fraction: float) -> None:
        if self._cancel.is_set() or self._closed.is_set():
            raise Cancelled(name)
        self.stepped.emit(name, fraction)

    def _step_unless_superseded(self, name: str, fraction: float) -> None:
        """What was previewed gives way to what is newer: previews follow the hand."""
        if self._superseded.is_set():
            raise Cancelled(name)
        self._step(name, fraction)

    def _on_ended(self, job: Job, result: Any, error: BaseException | None) -> None:
        if self._closed.is_set():
            return
        self._running, pending, self._pending = None, self._pending, None
        if pending is not None:
            self._start(pending)
        # The next job runs already while this one's result is shown.
        if error is None:
            self.finished.emit(job, result)
        elif not isinstance(error, Cancelled):
            log.debug("a job failed", exc_info=error)
            self.failed.emit(job, error)
        else:
            self.cancelled.emit(job)
        if self._running is None:
            self.busy_changed.emit(False)


@contextmanager
def short_switch_interval() -> Iterator[None]:
    """Let threads of Python take turns more often meanwhile, in the whole process.

    Every operation of torch releases the interpreter and asks for it again. While the window is painted it gets it only
    after Python's switch interval: 5 ms, which would be most of the time that a small region takes.
    """
    usual = sys.getswitchinterval()
    sys.setswitchinterval(min(usual, _SWITCH_INTERVAL))
    try:
        yield
    finally:
        sys.setswitchinterval(usual)


def _leave_a_core_to_the_window() -> None:
    """Let torch compute on all cores but one, in the calling thread.

    torch's threads wait for each other after every operation: where the window takes the core of one, all stand still,
    for longer than one thread less would have taken.
    """
    torch.set_num_threads(max(1, (os.cpu_count() or 2) - 1))
