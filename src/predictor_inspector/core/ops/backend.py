"""Backends of the operations: plain torch, kernels compiled for the CPU, kernels for CUDA.

Plain torch works everywhere and defines the numbers; the others equal it to rounding. The CPU's kernels need numba, which
is optional. They are compiled once on a machine and loaded from numba's cache in a second later on; an operation's when it
is first needed, `warm_up` all of them. So each operation has one backend, whichever process computes: the same input has
the same bits. Where somebody looks on, `begin_with_torch`: kernels are compiled by a process of the lowest priority, and
torch is used for each operation until they are ready.

A forked process has none of the threads of its parent, and would wait for ever for torch's: it computes in one thread.

The environment variable ``PREDICTOR_INSPECTOR_BACKEND`` chooses otherwise: ``torch`` never uses the compiled kernels,
``compiled`` always does and waits for them, ``auto`` is the default.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Literal, cast, get_args

import torch

from predictor_inspector.core.ops import cuda
from predictor_inspector.core.ops.readiness import Readiness

Backend = Literal["auto", "torch", "compiled"]

VARIABLE = "PREDICTOR_INSPECTOR_BACKEND"
"""The environment variable that chooses a backend for the whole process."""

OPERATIONS = (
    "affinities.affinities",
    "class_balance.counted",
    "class_balance.by_class",
    "channel_sums.channel_sums",
    "affinities.known_pairs",
    "boundary_distance.signed_distance",
    "boundary_distance.squared_boundary_distance",
    "boundary_distance.squared_distance_to_unknown",
    "shape_descriptors.shape_descriptors",
    "shape_descriptors.coarse_descriptors",
)
"""The compiled operations, in the order in which they get ready unless others are needed first."""

_COMPILED = "predictor_inspector.core.ops.compiled"
_TYPES = (torch.bool, torch.uint8, torch.int16, torch.int32, torch.int64, torch.float32)

_chosen: ContextVar[Backend | None] = ContextVar("backend", default=None)
_torch_meanwhile = False  # whether torch computes what isn't ready yet


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
    """Load or compile the kernels in the background, once; with `wait`, return when that has ended.

    Who waits gets them as soon as can be; else they are compiled only where nothing else wants to run. Without numba, or
    where torch is chosen, there is nothing to do.
    """
    if backend() != "torch":
        _readiness.begin()
    if wait:
        _readiness.wait()


def begin_with_torch(at_once: bool = True) -> None:
    """Until the kernels of an operation are ready, have torch compute it, in this process.

    For programs at which somebody looks on. In a training, numbers would change by a rounding error in the midst of it.
    `warm_up` begins now, or unless `at_once` with the first operation.
    """
    global _torch_meanwhile  # noqa: PLW0603 - of the process, like what is ready
    _torch_meanwhile = True
    if at_once:
        warm_up()


def ready() -> bool:
    """Whether all compiled kernels are ready."""
    return _readiness.ready >= set(OPERATIONS)


def missing() -> frozenset[str]:
    """Operations that plain torch has computed and kernels will, once they are ready."""
    return _readiness.missing()


def waiting_for() -> str:
    """What those who compute wait for, as a sentence that counts seconds; empty while they wait for nothing."""
    return _readiness.waiting_for()


def listen(listener: Callable[[], None]) -> Callable[[], None]:
    """Call `listener`, from any thread, when `waiting_for` may begin or end; returns a function that ends that."""
    return _readiness.listen(listener)


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
    if chosen == "compiled" and find_spec("numba") is None:
        raise ImportError("the compiled backend needs numba, not installed here: pip install numba")
    if chosen == "auto" and _torch_meanwhile and operation not in _readiness.ready:
        _readiness.begin(operation)
        return None
    if chosen == "auto" and not _readiness.have(operation):
        return None
    module, _, function = operation.partition(".")
    made: torch.Tensor | None = getattr(import_module(f"{_COMPILED}.{module}"), function)(tensor, *arguments)
    return made


def _checked(name: str, where: str) -> Backend:
    if name not in get_args(Backend):
        raise ValueError(f"{where} must be one of {', '.join(get_args(Backend))}, got {name!r}")
    return cast(Backend, name)


def _after_fork() -> None:
    global _torch_meanwhile  # noqa: PLW0603
    _torch_meanwhile = False
    _readiness.forget_thread()
    torch.set_num_threads(1)


_readiness = Readiness(OPERATIONS)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_readiness.before_fork,
        after_in_parent=_readiness.after_fork,
        after_in_child=_after_fork,
    )
