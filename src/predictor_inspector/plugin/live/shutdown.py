"""`Ending`: closes what belongs together once, whatever ends first."""

from __future__ import annotations

import atexit
from collections.abc import Callable
from typing import Any


class Ending:
    """Calls the given functions once, in their order: when something is destroyed, or when Python ends before.

    A script may end, or a console be left, with the window open. Qt then takes everything apart in any order, and whoever
    stops late finds its timers gone, which ends the process with a crash.
    """

    def __init__(self, *closes: Callable[[], object]) -> None:
        self._closes = closes
        atexit.register(self._end)

    def comes_with(self, owner: Any) -> None:
        """End when `owner`, a QObject, is destroyed, if not before."""
        owner.destroyed.connect(self._end)

    def _end(self, _owner: Any = None) -> None:
        atexit.unregister(self._end)
        closes, self._closes = self._closes, ()
        for close in closes:
            close()
