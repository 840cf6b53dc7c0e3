"""Progress of long operations, and their cancellation.

Operations call `report` now and then, which does nothing without a listener. A listener may raise to cancel.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

Listener = Callable[[float], None]

_listener: ContextVar[Listener | None] = ContextVar("progress_listener", default=None)


@contextmanager
def listening(listener: Listener | None) -> Iterator[None]:
    """Within this context, in this thread, `listener` is told what fraction of an operation is done."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


def report(done: int, total: int) -> None:
    """Tell the listener, if there is one, that `done` of `total` steps are done."""
    listener = _listener.get()
    if listener is not None:
        listener(done / max(1, total))
