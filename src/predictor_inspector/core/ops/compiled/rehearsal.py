"""Rehearsal of operations: compile or load their kernels, before they are needed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from threading import get_ident
from typing import Any

from numba.core import event

from predictor_inspector.core.ops.compiled import kernel


def rehearse(operation: str) -> None:
    """Have all kernels of an operation, ``"affinities.known_pairs"``, loaded or else compiled, which takes seconds."""
    module, _, name = operation.partition(".")
    import_module(f"{__package__}.{module}").REHEARSALS[name]()


def loaded(operation: str) -> bool:
    """Whether all kernels of an operation could be loaded from the cache; nothing is compiled."""
    try:
        with compiling_nothing():
            rehearse(operation)
    except _NotCachedError:
        return False
    return True


@contextmanager
def compiling_nothing() -> Iterator[None]:
    """Within this context, in this thread, a kernel that isn't cached raises an error instead of being compiled."""
    with event.install_listener("numba:compile", _Refusal()):
        yield


def cache_folder() -> Path:
    """Where the machine code of the kernels is kept."""
    return Path(_probe.stats.cache_path)


def cache_is_empty() -> bool:
    """Whether nothing was ever compiled, for certain."""
    return not any(cache_folder().glob("*.nbi"))


@kernel()
def _probe():
    pass


class _NotCachedError(Exception):
    """Raised where numba begins to compile."""


class _Refusal(event.Listener):
    def __init__(self) -> None:
        self._thread = get_ident()

    def on_start(self, what: Any) -> None:
        if get_ident() == self._thread:
            raise _NotCachedError(what.data["dispatcher"].py_func.__qualname__)

    def on_end(self, what: Any) -> None:
        pass
