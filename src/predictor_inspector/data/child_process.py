"""Processes of their own for other people's code, which may crash, hang or print: both ends."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, BinaryIO

import numpy as np

from predictor_inspector.data.frames import Frame, read_frame, write_frame

_KEPT = 4000  # bytes of what a process has printed last
_SIGNALS = {"SIGSEGV": "a segmentation fault", "SIGKILL": "as where memory runs out", "SIGABRT": "an abort"}


class ChildEndedError(Exception):
    """A process has ended: `how`, ``"with exit status 3"``, and what it `said` last, for the end of a sentence."""

    def __init__(self, how: str, said: str = "") -> None:
        super().__init__(f"ended {how}{said}")
        self.how, self.said = how, said


class ChildProcess:
    """A module of ours that runs in a new process and calls `parent_streams`; frames go to it and come back.

    It starts with the first frame that is sent. Closing it, from any thread, ends all that it has started, too.

    Parameters
    ----------
    module : str
        Full name of the module.
    """

    def __init__(self, module: str) -> None:
        self._module = module
        self._process: subprocess.Popen[bytes] | None = None
        self._frames: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._printed, self._closed = bytearray(), False
        self._lock = threading.Lock()
        self._drained = threading.Event()

    @property
    def closed(self) -> bool:
        """Whether it was closed."""
        return self._closed

    @property
    def started(self) -> bool:
        """Whether anything was sent to it."""
        return self._process is not None

    @property
    def printed(self) -> str:
        """The last that it has printed."""
        return bytes(self._printed).decode("utf-8", "replace")

    def send(self, header: dict[str, Any], arrays: Sequence[np.ndarray] = ()) -> None:
        """Send a frame; that the process has ended is told by `receive`. `ChildEndedError` if it was closed."""
        with self._lock:
            if self._closed:
                raise ChildEndedError("as it was stopped")
            if self._process is None:
                self._process = _started(self._module)
                for work in (self._read, self._drain, self._wait):
                    threading.Thread(target=work, args=(self._process,), daemon=True).start()
        assert self._process.stdin is not None
        with suppress(OSError, ValueError):
            write_frame(self._process.stdin, header, arrays)  # type: ignore[arg-type]

    def receive(self, timeout: float) -> Frame:
        """The next frame that comes back.

        Raises
        ------
        TimeoutError
            If there is none within `timeout` seconds.
        ChildEndedError
            If the process has ended.
        ValueError
            If something else came back.
        """
        try:
            frame = self._frames.get(timeout=timeout)
        except queue.Empty:
            raise TimeoutError from None
        if frame is None:
            raise self._ended()
        if isinstance(frame, Exception):
            raise frame
        received: Frame = frame
        return received

    def close(self) -> None:
        """End it, also while another thread waits in `receive`."""
        with self._lock:
            if self._closed:
                return  # another process may have its number by now
            self._closed = True
            if self._process is not None:
                _kill(self._process)
                # What couldn't be written needn't be.
                with suppress(OSError):
                    assert self._process.stdin is not None
                    self._process.stdin.close()

    def _read(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        with process.stdout as stream:
            while True:
                try:
                    frame: Any = read_frame(stream)  # type: ignore[arg-type]
                except EOFError:
                    frame = None
                except (ValueError, KeyError, TypeError) as error:
                    frame = error if isinstance(error, ValueError) else ValueError(str(error))
                if frame is None:
                    process.wait()
                self._frames.put(frame)
                if frame is None or isinstance(frame, Exception):
                    return

    def _drain(self, process: subprocess.Popen[bytes]) -> None:
        """Keep the end of what is printed, however much that is."""
        assert process.stderr is not None
        with process.stderr as stream:
            while chunk := os.read(stream.fileno(), 1 << 16):
                self._printed += chunk
                del self._printed[:-_KEPT]
        self._drained.set()

    def _wait(self, process: subprocess.Popen[bytes]) -> None:
        """Once the process has ended, end what it has started, too: that would keep its pipes open."""
        process.wait()
        _kill(process)

    def _ended(self) -> ChildEndedError:
        """How the process has ended, and the last line that it printed."""
        assert self._process is not None
        status = self._process.wait()
        how = f"with exit status {status}"
        if status < 0:
            name = signal.Signals(-status).name
            how = f"by {name}" + (f", {_SIGNALS[name]}" if name in _SIGNALS else "")
        self._drained.wait(1)  # what it has started is ended, too, so nothing keeps the pipe open
        lines = [line.strip() for line in self.printed.splitlines() if line.strip()]
        return ChildEndedError(how, f"; it last printed: {lines[-1][:200]}" if lines else "")


def parent_streams() -> tuple[queue.SimpleQueue[Frame], BinaryIO]:
    """In the process: frames as they come, and where those for the parent are written.

    Where the frames end, so does this process, and all that it has started. Nothing is left to read on standard input, and
    what is printed goes to standard error.
    """
    requests, out = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(2, 1)
    received: queue.SimpleQueue[Frame] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(requests, received), daemon=True).start()
    return received, out


def _listen(requests: BinaryIO, received: queue.SimpleQueue[Frame]) -> None:
    with suppress(EOFError):  # within a frame, too
        while (frame := read_frame(requests)) is not None:
            received.put(frame)
    if hasattr(os, "killpg"):
        os.killpg(os.getpgrp(), signal.SIGKILL)
    os._exit(0)


def _started(module: str) -> subprocess.Popen[bytes]:
    # -P: only what other people's code imports comes from the current folder.
    command = [sys.executable, "-P", "-m", module]
    paths = os.pathsep.join(path for path in sys.path if path)
    apart: dict[str, Any] = {"process_group": 0}
    if sys.platform == "win32":
        apart = {"creationflags": subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP}
    pipe = subprocess.PIPE
    environment = {**os.environ, "PYTHONPATH": paths, "PYTHONUNBUFFERED": "1"}
    return subprocess.Popen(command, env=environment, stdin=pipe, stdout=pipe, stderr=pipe, **apart)


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End a process and what it has started."""
    if sys.platform == "win32":
        subprocess.run(["taskkill", "/T", "/F", "/PID", str(process.pid)], capture_output=True, check=False)
        return
    # Its group is called after it, even when it has ended and what it started hasn't.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
