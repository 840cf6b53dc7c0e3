"""Backends of the operations: plain torch, kernels compiled for the CPU, kernels for CUDA.

Plain torch works everywhere and defines the numbers; the others equal it to rounding. The CPU's kernels need numba, which
is optional. Compiling them takes seconds the first time, loading them from numba's cache half a second later on. That
happens in the background, begun by `warm_up` or by the first operation; torch is used until they are ready.

The environment variable ``PREDICTOR_INSPECTOR_BACKEND`` chooses otherwise: ``torch`` never uses the compiled kernels,
``compiled`` always does and waits for them, ``auto`` is the default.
"""

from __future__ import annotations

import atexit
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from importlib import import_module
from importlib.util import find_spec
from threading import Event, Lock, Thread
from typing import Any, Literal, cast, get_args

import torch

from predictor_inspector.core.ops import cuda

Backend = Literal["auto", "torch", "compiled"]

VARIABLE = "PREDICTOR_INSPECTOR_BACKEND"
"""The environment variable that chooses a backend for the whole process."""

MODULES = ("affinities", "class_balance", "channel_sums", "boundary_distance", "shape_descriptors")
"""The compiled operations, in the order in which they get ready: quickly compiled ones first."""

_COMPILED = "predictor_inspector.core.ops.compiled"
_TYPES = (torch.bool, torch.uint8, torch.int16, torch.int32, torch.int64, torch.float32)

log = logging.getLogger(__name__)

_chosen: ContextVar[Backend | None] = ContextVar("backend", default=None)


def backend() -> Backend:
    """The backend chosen in this context: by `using`, else by the environment variable."""
    return _chosen.get() or _checked(os.environ.get(VARIABLE) or "auto", f"the environment variable {VARIABLE}")


@contextmanager
def using(name: Backend) -> Iterator[None]:
    """Within this context, in this thread, run operations on the CPU with the backend of that name."""
    token = _chosen.set(_checked(name, "name"))
    try:
        yield
    finally:
        _chosen.reset(token)


def warm_up(wait: bool = False) -> None:
    """Compile or load the kernels in the background, once; with `wait`, return when that has ended.

    Without numba, or where torch is chosen, there is nothing to do.
    """
    if backend() != "torch":
        _warmth.begin()
    if wait:
        _warmth.wait()


def ready() -> bool:
    """Whether all compiled kernels are ready."""
    return _warmth.modules >= set(MODULES)


def release_memory() -> None:
    """Free the memory that the compiled kernels keep for further results."""
    kept = sys.modules.get(f"{_COMPILED}.memory")
    if kept is not None:
        kept.pool.clear()


def attempt(operation: str, tensor: torch.Tensor, *arguments: Any) -> torch.Tensor | None:
    """The result of a kernel for the tensor's device; None where plain torch has to compute it.

    Parameters
    ----------
    operation : str
        Module and function: ``"affinities.known_pairs"``.
    tensor, *arguments
        Of the operation. The first one's device and type decide.

    Raises
    ------
    ImportError
        If the compiled backend is demanded, and numba isn't installed.
    """
    chosen = backend()
    if chosen == "torch":
        return None
    if tensor.device.type != "cpu":
        result: torch.Tensor | None = cuda.attempt(operation, tensor, *arguments)
        return result
    if tensor.dtype not in _TYPES or tensor.numel() == 0:
        return None
    module, _, function = operation.partition(".")
    if chosen == "compiled" and find_spec("numba") is None:
        raise ImportError(
            'the compiled backend needs numba, not installed here: pip install "napari-predictor-inspector[compiled]"'
        )
    if chosen == "auto" and module not in _warmth.modules:
        _warmth.begin()
        return None
    made: torch.Tensor = getattr(import_module(f"{_COMPILED}.{module}"), function)(tensor, *arguments)
    return made


def _checked(name: str, where: str) -> Backend:
    if name not in get_args(Backend):
        raise ValueError(f"{where} must be one of {', '.join(get_args(Backend))}, got {name!r}")
    return cast(Backend, name)


class _Warmth:
    """The state of the compiled kernels in this process."""

    def __init__(self) -> None:
        self.modules: set[str] = set()
        self._lock = Lock()
        self._thread: Thread | None = None
        self._stop = Event()

    def begin(self) -> None:
        """Start the thread that compiles or loads them, once."""
        with self._lock:
            if self._thread is None:
                self._thread = Thread(target=self._work, name="predictor-inspector-warm-up", daemon=True)
                self._thread.start()
                atexit.register(self._end)

    def wait(self) -> None:
        """Until that thread has ended, if it was ever started."""
        if self._thread is not None:
            self._thread.join()

    def forget_thread(self) -> None:
        """In a forked process the thread is missing and its work may be half done: torch is used."""
        self._lock = Lock()

    def _work(self) -> None:
        if find_spec("numba") is None:
            log.info("numba isn't installed: plain torch is used on the CPU")
            return
        for name in MODULES:
            try:
                for _ in import_module(f"{_COMPILED}.{name}").rehearsals():
                    if self._stop.is_set():
                        return
            except Exception:
                # Anything that may be wrong with a compiler or its cache; the numbers don't depend on it.
                log.warning("the kernels for %s can't be compiled; plain torch is used", name, exc_info=True)
                continue
            self.modules.add(name)
            log.debug("the kernels for %s are ready", name)

    def _end(self) -> None:
        """Wait until the kernel in work is compiled: the compiler doesn't survive the interpreter's end."""
        self._stop.set()
        self.wait()


_warmth = _Warmth()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_warmth.forget_thread)
