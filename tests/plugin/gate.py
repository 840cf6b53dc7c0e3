"""`Gate`: holds a worker until the test lets it go on, so that nothing depends on how fast either is."""

from __future__ import annotations

from threading import Lock, Semaphore


class Gate:
    """Work that calls `wait` goes on as often as it is allowed to, whether that was said before or after."""

    def __init__(self) -> None:
        self._permits, self._lock = Semaphore(0), Lock()
        self.reached = 0
        """How often work has come here."""

    def wait(self) -> None:
        """Called in the worker."""
        with self._lock:
            self.reached += 1
        self._permits.acquire()

    def allow(self, times: int) -> None:
        self._permits.release(times)

    def open(self) -> None:
        """Hold nothing any more."""
        self._permits.release(1_000_000)
