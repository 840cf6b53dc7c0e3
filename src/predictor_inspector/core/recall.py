"""What one computation leaves for the next that begins with the same step.

A slider that moves a last step, the slope of a distance say, needn't redo the steps before it. Whoever computes again and
again keeps their results for as long as they like, by `remembering`; a computation by itself keeps nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Protocol, TypeVar

T = TypeVar("T")


class Memory(Protocol):
    """Where results are kept."""

    def recall(self, what: str, key: Hashable, make: Callable[[], T]) -> T:
        """What was made for `key`, or else what `make` returns."""
        ...


class Same:
    """Equal to itself and what else stands for the very same object, which it keeps alive: a key for tensors."""

    def __init__(self, thing: object) -> None:
        self.thing = thing

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and other.thing is self.thing

    def __hash__(self) -> int:
        return id(self.thing)


_memory: ContextVar[Memory | None] = ContextVar("memory", default=None)


@contextmanager
def remembering(memory: Memory | None) -> Iterator[None]:
    """Within this context, in this thread, `recall` asks `memory`."""
    token = _memory.set(memory)
    try:
        yield
    finally:
        _memory.reset(token)


def remembers() -> bool:
    """Whether anything is kept here."""
    return _memory.get() is not None


def recall(what: str, of: object, key: Hashable, make: Callable[[], T]) -> T:
    """What `make` returned for the very object `of` and an equal `key`, if that is remembered; else what it returns now."""
    memory = _memory.get()
    return make() if memory is None else memory.recall(what, (Same(of), key), make)
