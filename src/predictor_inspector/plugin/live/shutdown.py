"""`Shutdown`: runs callbacks once, at an object's destruction or at interpreter exit."""

from __future__ import annotations

import atexit
from collections.abc import Callable
from typing import Any


class Shutdown:
    """Runs callbacks in their order when the first of several objects is destroyed, or else when Python exits.

    A script may end, or a console be left, with the window open. Qt then destroys everything in any order, and stopping a
    timer that is gone crashes the process.
    """

    def __init__(self, *callbacks: Callable[[], object]) -> None:
        self._callbacks = callbacks
        atexit.register(self._run)

    def watch(self, owner: Any) -> None:
        """Run the callbacks when `owner`, a QObject, is destroyed, if not before."""
        owner.destroyed.connect(self._run)

    def _run(self, _owner: Any = None) -> None:
        atexit.unregister(self._run)
        callbacks, self._callbacks = self._callbacks, ()
        for callback in callbacks:
            callback()
