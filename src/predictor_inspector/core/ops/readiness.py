"""Readiness of compiled operations: loaded, or compiled by another process first."""

from __future__ import annotations

import atexit
import logging
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from threading import Event, Lock, RLock, Thread, Timer, main_thread
from typing import Any

from predictor_inspector.core.ops.compiler_process import CompilerProcess, possible

_REHEARSAL = "predictor_inspector.core.ops.compiled.rehearsal"
_PATIENCE = 10.0
"""Seconds in which an idle compiler that is waited for must get some turns, or is replaced by one that does."""

_FAIR = 0.3
"""The share of them in which it must have had a core."""

_TURN = 0.5
"""Seconds between two looks at whether another program still compiles the same kernels."""

log = logging.getLogger(__name__)


class Readiness:
    """Which of some operations are ready in this process; the others get ready in the background, once."""

    def __init__(self, operations: Collection[str]) -> None:
        self.ready: set[str] = set()
        self._left = list(operations)  # those needed first come first
        self._needed: set[str] = set()
        self._lock = Lock()
        self._at_work = RLock()  # who imports numba, loads or compiles holds it: a fork has to wait for that
        self._thread: Thread | None = None
        self._process: CompilerProcess | None = None
        self._stop, self._hurry = Event(), Event()
        self._since: float | None = None  # when compiling began
        self._listeners: list[Callable[[], None]] = []

    def begin(self, needed: str | None = None) -> None:
        """Start the thread that gets operations ready, once; what is needed comes first."""
        with self._lock:
            if needed is not None and needed not in self._needed:
                self._needed.add(needed)
                if needed in self._left:
                    self._left.remove(needed)
                    self._left.insert(0, needed)
                    if self._process is not None:
                        self._process.prefer(needed)
            if self._thread is not None:
                return
            self._thread = Thread(target=self._work, name="predictor-inspector-warm-up", daemon=True)
            self._thread.start()
            atexit.register(self.end)

    def wait(self) -> None:
        """Until all has ended, if it was ever begun: what is missing is compiled here, as fast as can be."""
        self._hurry.set()
        self._kill()
        if self._thread is not None:
            self._thread.join()

    def end(self) -> None:
        """Stop compiling. What this process compiles itself must be waited for: the compiler doesn't survive the end."""
        self._stop.set()
        self._kill()
        if self._thread is not None:
            self._thread.join()

    def have(self, operation: str) -> bool:
        """Whether there are kernels of an operation, loaded or compiled here and now unless they are ready."""
        if operation in self.ready:
            return True
        with self._at_work:
            if operation in self._left:
                if find_spec("numba") is None:
                    self._left = []
                else:
                    log.info("loading or compiling the kernels for %s", operation)
                    self._get(operation)
        return operation in self.ready

    def before_fork(self) -> None:
        """Wait until no other thread imports numba, loads or compiles: a forked process could never do so again."""
        self._at_work.acquire()

    def after_fork(self) -> None:
        """In the process that was forked from, go on."""
        self._at_work.release()

    def forget_thread(self) -> None:
        """In a forked process the threads and the compiler are missing: what isn't ready is left to `have`."""
        self._lock, self._at_work = Lock(), RLock()
        self._thread = self._process = self._since = None
        self._stop, self._hurry = Event(), Event()
        self._listeners = []
        atexit.unregister(self.end)

    def waiting_for(self) -> str:
        """A sentence about what is compiled while somebody needs it; empty otherwise."""
        since = self._since
        if since is None or not self.missing():
            return ""
        return f"compiling kernels for this machine, once: {time.monotonic() - since:.0f} s"

    def missing(self) -> frozenset[str]:
        """Operations that were needed and aren't ready, though they may get so."""
        with self._lock:
            return frozenset(self._needed.intersection(self._left))

    def listen(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener`, from any thread, when operations get ready or `waiting_for` changes; returns what ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def _kill(self) -> None:
        with self._lock:
            if self._process is not None:
                self._process.kill()

    def _tell(self) -> None:
        for listener in tuple(self._listeners):
            listener()

    # In the thread, and in `have`

    def _work(self) -> None:
        if find_spec("numba") is None:
            log.info("numba isn't installed: plain torch is used on the CPU")
            return
        try:
            # Imported here, where it holds nobody up.
            with self._at_work:
                rehearsal = import_module(_REHEARSAL)
            self._load(rehearsal)
            if not self._done:
                with self._compiling(rehearsal):
                    if not self._hurry.is_set() and not self._done:
                        self._compile_elsewhere(rehearsal)
            if not self._done and self._hurry.is_set():
                for operation in tuple(self._left):
                    if not self._stopped:
                        self._get(operation)
        except Exception:
            # Anything that may be wrong with a compiler or its cache; the numbers don't depend on it.
            if not self._stopped:
                log.warning("kernels can't be compiled; plain torch is used", exc_info=True)

    @property
    def _stopped(self) -> bool:
        """Whether nobody needs more: the program ends, and no thread pool, as loading needs, can be used any more."""
        return self._stop.is_set() or not main_thread().is_alive()

    @property
    def _done(self) -> bool:
        return not self._left or self._stopped

    def _load(self, rehearsal: Any) -> None:
        """Load what is in the cache."""
        if rehearsal.cache_is_empty():
            return  # at once: to find nothing, operation by operation, takes a second
        for operation in tuple(self._left):
            if self._stopped:
                return
            with self._at_work:
                try:
                    if rehearsal.loaded(operation):
                        self._settle(operation)
                except Exception as error:
                    self._settle(operation, repr(error))

    def _settle(self, operation: str, trouble: str = "") -> None:
        """Whether an operation is ready, or never will be."""
        if trouble and self._stopped:
            return
        with self._lock:
            if operation in self._left:
                self._left.remove(operation)
            if not trouble:
                self.ready.add(operation)
        if trouble:
            log.warning("the kernels for %s can't be compiled; plain torch is used: %s", operation, trouble)
        else:
            log.debug("the kernels for %s are ready", operation)
        self._tell()

    @contextmanager
    def _compiling(self, rehearsal: Any) -> Iterator[None]:
        """Within this context it is this process's turn to compile, or all is done, or in a hurry."""
        with self._at_work:
            filelock = import_module("filelock")
        lock = filelock.FileLock(rehearsal.cache_folder() / "predictor-inspector.lock")
        self._since = time.monotonic()
        self._tell()
        try:
            while not self._done and not self._hurry.is_set():
                try:
                    lock.acquire(timeout=_TURN)
                except filelock.Timeout:
                    self._load(rehearsal)
                except (OSError, NotImplementedError):
                    # A file system without locks: at worst the same is compiled twice.
                    break
                else:
                    self._load(rehearsal)
                    break
            yield
        finally:
            lock.release()
            self._since = None
            self._tell()

    def _compile_elsewhere(self, rehearsal: Any) -> None:
        if not possible():
            log.info("kernels aren't compiled where Python is embedded or frozen: plain torch is used on the CPU")
            return
        replaced = Event()

        def look() -> None:
            with self._lock:
                seconds = self._process.seconds_computed() if self._process is not None else None
            if seconds is not None and seconds < _FAIR * _PATIENCE and self.missing():
                replaced.set()
                self._kill()

        timer = Timer(_PATIENCE, look)
        timer.daemon = True
        timer.start()
        words = self._follow(rehearsal, idle=True)
        timer.cancel()
        if replaced.is_set() and not self._done and not self._hurry.is_set():
            words = self._follow(rehearsal, idle=False)
        if not self._done and not self._hurry.is_set():
            log.warning("kernels can't be compiled; plain torch is used\n%s", words)

    def _follow(self, rehearsal: Any, idle: bool) -> str:
        """Load what a process compiles as long as it runs; returns its last words."""
        variables = import_module("predictor_inspector.core.ops.compiled").cache_variables()
        with CompilerProcess(self._left, variables, idle) as process:
            with self._lock:
                self._process = process
            if self._stopped or self._hurry.is_set():
                process.kill()
            for operation, trouble in process.results():
                with self._at_work:
                    if not trouble and not rehearsal.loaded(operation):
                        trouble = "what was compiled isn't found in numba's cache"
                self._settle(operation, trouble)
            with self._lock:
                self._process = None
        return process.last_words

    def _get(self, operation: str) -> None:
        """Load or compile an operation's kernels in this process."""
        with self._at_work:
            try:
                import_module(_REHEARSAL).rehearse(operation)
            except Exception as error:
                self._settle(operation, repr(error))
            else:
                self._settle(operation)
