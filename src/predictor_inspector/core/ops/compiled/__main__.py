"""Compiler process: fills numba's cache with the kernels of some operations.

``python -m predictor_inspector.core.ops.compiled OPERATION …``. Standard input names operations that are needed first, one
a line, and ends with the process that asks. Standard output says ``ready OPERATION`` or ``failed OPERATION REASON``.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from threading import Lock, Thread

from predictor_inspector.core.ops.compiled.rehearsal import rehearse


class Queue:
    """Operations to be done, those that are needed first."""

    def __init__(self, operations: Iterable[str]) -> None:
        self._left = list(operations)
        self._lock = Lock()

    def prefer(self, operation: str) -> None:
        """Put an operation first, if it isn't done or begun."""
        with self._lock:
            if operation in self._left:
                self._left.remove(operation)
                self._left.insert(0, operation)

    def take(self) -> str | None:
        """The next one; None at the end."""
        with self._lock:
            return self._left.pop(0) if self._left else None


def main() -> None:
    """Rehearse what the arguments name."""
    queue = Queue(sys.argv[1:])
    Thread(target=_listen, args=(queue,), daemon=True).start()
    while (operation := queue.take()) is not None:
        try:
            rehearse(operation)
        except Exception as error:
            print("failed", operation, repr(error).replace("\n", " "), flush=True)
        else:
            print("ready", operation, flush=True)


def _listen(queue: Queue) -> None:
    for line in sys.stdin:
        queue.prefer(line.strip())
    # Nobody is left who waits for this, however that process has ended.
    os._exit(0)


if __name__ == "__main__":
    main()
