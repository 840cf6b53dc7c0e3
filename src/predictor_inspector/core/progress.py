"""How far a long operation has come, for whoever wants to know or to stop it.

Operations call `report` now and then; it does nothing unless somebody listens. A listener may raise, which ends the
operation: that is how it is cancelled.
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
