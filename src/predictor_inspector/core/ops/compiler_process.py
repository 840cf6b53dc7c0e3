"""Process of low priority that compiles kernels into numba's cache.

In a thread of this process the compiler would hold the interpreter most of the time, and everything else would wait.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Any


def possible() -> bool:
    """Whether this program's interpreter can be started once more: not where Python is embedded or frozen."""
    name = Path(sys.executable or "").stem.lower()
    return not getattr(sys, "frozen", False) and name.startswith(("python", "pypy"))


class CompilerProcess:
    """A running compiler; `environment` is added to its environment variables.

    It runs where nothing else wants to, or unless it is `idle` with a tenth of what others get.
    """

    def __init__(self, operations: Iterable[str], environment: Mapping[str, str], idle: bool = True) -> None:
        # -P: nothing is imported from the folder in which this program happens to run.
        command = [sys.executable, "-P", "-m", "predictor_inspector.core.ops.compiled", *operations]
        paths = os.pathsep.join(path for path in sys.path if path)
        self._process: subprocess.Popen[str] = subprocess.Popen(
            command,
            env={**os.environ, **environment, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            **_apart(idle),
        )
        _give_way(self._process.pid, idle)
        self._lock = Lock()
        self._other: deque[str] = deque(maxlen=20)

    @property
    def pid(self) -> int:
        """Its number."""
        return self._process.pid

    @property
    def last_words(self) -> str:
        """What it has said that was not meant for this program, such as a traceback."""
        return "\n".join(self._other)

    def seconds_computed(self) -> float | None:
        """How long it had a core, which is about how long it has run unless others took it; None where that isn't known."""
        try:
            user, system = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[11:13]
        except OSError:
            return None
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    def prefer(self, operation: str) -> None:
        """Have an operation compiled next."""
        # It may have ended meanwhile, which `results` tells.
        with self._lock, suppress(OSError, ValueError):
            assert self._process.stdin is not None
            self._process.stdin.write(f"{operation}\n")
            self._process.stdin.flush()

    def results(self) -> Iterator[tuple[str, str]]:
        """Operations as they get ready, each with the reason if it can't be compiled; ends with the process."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            word, operation, *reason = [*line.rstrip("\n").split(" ", 2), ""][:3]
            if word in ("ready", "failed"):
                yield operation, "".join(reason)
            else:
                self._other.append(line.rstrip("\n"))

    def kill(self) -> None:
        """Stop it, from any thread."""
        self._process.kill()

    def __enter__(self) -> CompilerProcess:
        return self

    def __exit__(self, *_: object) -> None:
        """Stop it, and wait until it is gone."""
        self.kill()
        self._process.wait()
        with self._lock:
            for pipe in (self._process.stdin, self._process.stdout):
                # What couldn't be written needn't be.
                with suppress(OSError):
                    if pipe is not None:
                        pipe.close()


def _apart(idle: bool) -> dict[str, Any]:
    """Arguments of `Popen`: Ctrl+C isn't for the compiler."""
    if sys.platform == "win32":
        priority = subprocess.IDLE_PRIORITY_CLASS if idle else subprocess.BELOW_NORMAL_PRIORITY_CLASS
        return {"creationflags": priority | subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP}
    # Not a session of its own, to which Linux may give as much as to all of this one.
    return {"process_group": 0}


def _give_way(pid: int, idle: bool) -> None:
    """Lower the priority of a process that has just begun."""
    if sys.platform == "win32":
        return
    # It may have ended, and a sandbox may forbid it.
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, pid, 19 if idle else 10)
    if idle and sys.platform == "linux":
        with suppress(OSError):
            os.sched_setscheduler(pid, os.SCHED_IDLE, os.sched_param(0))
