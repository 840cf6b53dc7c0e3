"""Which implementation of an operation serves a tensor: plain torch, kernels compiled for the CPU, or those for CUDA.

Plain torch works everywhere and defines the numbers; the others equal it to rounding. The CPU's kernels need numba, which
is optional. It takes seconds to compile them the first time and half a second to load them from its cache later, so that
happens in the background, begun by `warm_up` or by the first operation, and torch serves until they are ready.

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
from typing import Any, Literal, get_args

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
    """What is chosen in this context: by `using`, else by the environment variable.

    Raises
    ------
    ValueError
        If the variable holds none of the backends' names.
    """
    chosen = _chosen.get()
    if chosen is not None:
        return chosen
    return _checked(os.environ.get(VARIABLE) or "auto", f"the environment variable {VARIABLE}")


@contextmanager
def using(name: Backend) -> Iterator[None]:
    """Within this context, in this thread, operations on the CPU are served by the backend of that name.

    Raises
    ------
    ValueError
        If there is none.
    """
    token = _chosen.set(_checked(name, "name"))
    try:
        yield
    finally:
        _chosen.reset(token)


def warm_up(wait: bool = False) -> None:
    """Compile the kernels, or load them, in the background; does nothing the second time or where numba isn't installed.

    Parameters
    ----------
    wait : bool
        Return when they are ready, or it is clear that they never will be.
    """
    if backend() != "torch":
        _warmth.begin()
    if wait:
        _warmth.wait()


def ready() -> bool:
    """Whether all compiled kernels are ready."""
    return _warmth.modules >= set(MODULES)


def release_memory() -> None:
    """Give back the memory that the compiled kernels keep for results to come."""
    kept = sys.modules.get(f"{_COMPILED}.memory")
    if kept is not None:
        kept.release()


def attempt(operation: str, tensor: torch.Tensor, *arguments: Any) -> Any:
    """What the kernels for the tensor's device make of it and the arguments; None where plain torch has to do it.

    Parameters
    ----------
    operation : str
        Module and function: ``"affinities.known_pairs"``.
    tensor : torch.Tensor
        The operation's first argument, which decides.

    Raises
    ------
    ImportError
        If the compiled backend is demanded, and numba isn't installed.
    """
    chosen = backend()
    if chosen != "torch" and tensor.device.type != "cpu":
        return cuda.attempt(operation, tensor, *arguments)
    if chosen == "torch" or tensor.dtype not in _TYPES or tensor.numel() == 0:
        return None
    module, _, function = operation.partition(".")
    if chosen == "compiled":
        if find_spec("numba") is None:
            raise ImportError(
                'the compiled backend needs numba, not installed here: pip install "napari-predictor-inspector[compiled]"'
            )
        return getattr(import_module(f"{_COMPILED}.{module}"), function)(tensor, *arguments)
    if module not in _warmth.modules:
        _warmth.begin()
        return None
    return getattr(import_module(f"{_COMPILED}.{module}"), function)(tensor, *arguments)


def _checked(name: str, where: str) -> Backend:
    for known in get_args(Backend):
        if name == known:
            return known  # type: ignore[no-any-return]
    raise ValueError(f"{where} must be one of {', '.join(get_args(Backend))}, got {name!r}")


class _Warmth:
    """The state of the compiled kernels in this process."""

    def __init__(self) -> None:
        self.modules: set[str] = set()
        self._lock = Lock()
        self._thread: Thread | None = None
        self._stop = Event()

    def begin(self) -> None:
        """Start the thread that gets them ready, once."""
        if self._thread is not None:
            return
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
        """In a forked process: the thread was left behind, and what it was at may be half done; torch serves."""
        self._lock = Lock()

    def _work(self) -> None:
        if find_spec("numba") is None:
            log.info("numba isn't installed: plain torch serves on the CPU")
            return
        for name in MODULES:
            try:
                for _ in import_module(f"{_COMPILED}.{name}").rehearsals():
                    if self._stop.is_set():
                        return
            except Exception:
                # Anything that may be wrong with a compiler or its cache; the numbers don't depend on it.
                log.warning("the kernels for %s can't be compiled, plain torch does without", name, exc_info=True)
                continue
            self.modules.add(name)
            log.debug("the kernels for %s are ready", name)

    def _end(self) -> None:
        """Let the compiler finish what it is at: it doesn't survive the interpreter's end."""
        self._stop.set()
        self.wait()


_warmth = _Warmth()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_warmth.forget_thread)
