"""`SampleStream`: samples of a training pipeline that runs in a process of its own."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from predictor_inspector.core.import_path import parted
from predictor_inspector.core.text import counted, format_duration, ordinal
from predictor_inspector.data.training_samples.frames import read_frame
from predictor_inspector.data.training_samples.sample import ROLES, TrainingSample

_KEPT = 4000  # bytes of what a pipeline has printed last
_SIGNALS = {"SIGSEGV": "a segmentation fault", "SIGKILL": "as where memory runs out", "SIGABRT": "an abort"}


class PipelineError(ValueError):
    """A pipeline crashed, hung, raised an error or gave what are no samples; the message is a sentence."""


class SampleStream:
    """Samples of whatever ``module:function`` gives, one by one, in the order in which a training gets them.

    The module is imported, from the current folder or where Python finds modules, in a new process; ``path/to/file.py`` works,
    too. The function, called without arguments, returns an iterator, a `Dataset`, of which items are taken by index, a
    `DataLoader`, whose batches are taken apart, or a gunpowder pipeline and a request. Nothing runs until the first sample
    is asked for, and nothing runs ahead. Close it, or use it as a context.

    Parameters
    ----------
    path : str
        ``module:function``, or any object there.
    keys : mapping of str to str
        What items call the ``raw``, ``labels``, ``mask``, ``target`` and ``weight``: keys, attributes or positions from 0.
        Empty: they are guessed.
    voxel_size : sequence of float, optional
        In nm, per spatial axis, for arrays that don't say it; pixels by default.

    Raises
    ------
    ValueError
        If `path` has no colon, or a role isn't known.
    """

    def __init__(
        self, path: str, keys: Mapping[str, str] | None = None, voxel_size: Sequence[float] | None = None
    ) -> None:
        parted(path)
        unknown = set(keys or ()) - set(ROLES)
        if unknown:
            raise ValueError(f"keys are those of {', '.join(ROLES)}, got {', '.join(sorted(unknown))}")
        self.path, self.taken = path.strip(), 0
        self._voxel_size = None if voxel_size is None else [float(v) for v in voxel_size]
        self._keys = dict(keys or {})
        self._process: subprocess.Popen[bytes] | None = None
        self._frames: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._printed, self._closed = bytearray(), False
        self._lock = threading.Lock()
        self._drained = threading.Event()

    @property
    def printed(self) -> str:
        """The last that the pipeline has printed."""
        return bytes(self._printed).decode("utf-8", "replace")

    def next(self, timeout: float = 60.0) -> TrainingSample | None:
        """The next sample; None after the last one.

        Raises
        ------
        PipelineError
            If there is none within `timeout` seconds, or the pipeline failed; its process is ended then, with all that it
            has started.
        """
        if self._closed:
            return None
        process = self._begin()
        # It may have ended meanwhile, which the next frame tells.
        with suppress(OSError, ValueError):
            assert process.stdin is not None
            process.stdin.write(b"\n")
            process.stdin.flush()
        try:
            frame = self._frames.get(timeout=timeout)
        except queue.Empty:
            raise self._failed(
                f"gave no {self._ordinal} sample within {format_duration(timeout)} and was ended; it waits for something, or "
                "needs a longer timeout"
            ) from None
        if frame is None:
            raise self._failed(self._end())
        if isinstance(frame, Exception):
            raise self._failed(f"gave no {self._ordinal} sample: {frame}")
        header, sample = frame
        if header["kind"] == "error":
            place = f" ({header['place']})" if header["place"] else ""
            raise self._failed(f"gave no {self._ordinal} sample: {header['message']}{place}")
        if sample is None:
            if not self.taken:
                raise self._failed("gave no samples at all")
            self.close()
            return None
        self.taken += 1
        found: TrainingSample = sample
        return found

    def close(self) -> None:
        """End the process and all that it has started; from any thread, also while another one waits in `next`."""
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

    def __enter__(self) -> SampleStream:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def _ordinal(self) -> str:
        return ordinal(self.taken + 1) if self.taken else "first"

    def _begin(self) -> subprocess.Popen[bytes]:
        with self._lock:
            if self._closed:
                raise PipelineError(f"{self.path} was stopped")
            if self._process is None:
                self._process = _started()
                asked = {
                    "path": self.path,
                    "keys": self._keys,
                    "voxel_size": self._voxel_size,
                    "folder": str(Path.cwd()),
                }
                assert self._process.stdin is not None
                with suppress(OSError):
                    self._process.stdin.write(json.dumps(asked).encode() + b"\n")
                for work in (self._read, self._drain, self._wait):
                    threading.Thread(target=work, args=(self._process,), daemon=True).start()
            return self._process

    def _read(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        with process.stdout as stream:
            while True:
                try:
                    frame: Any = read_frame(stream)  # type: ignore[arg-type]
                except EOFError:
                    frame = None
                except (ValueError, KeyError, TypeError) as error:
                    frame = error
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
        """Once the process has ended, end its workers, too: they would keep its pipes open."""
        process.wait()
        _kill(process)

    def _failed(self, what: str) -> PipelineError:
        closed = self._closed
        self.close()
        return PipelineError(f"{self.path} was stopped" if closed else f"{self.path} {what}")

    def _end(self) -> str:
        """How the process has ended, and the last line that it printed."""
        assert self._process is not None
        status = self._process.wait()
        how = f"with exit status {status}"
        if status < 0:
            name = signal.Signals(-status).name
            how = f"by {name}" + (f", {_SIGNALS[name]}" if name in _SIGNALS else "")
        self._drained.wait(1)  # its workers are ended, too, so nothing keeps the pipe open
        lines = [line.strip() for line in self.printed.splitlines() if line.strip()]
        said = f"; it last printed: {lines[-1][:200]}" if lines else ""
        after = f" after {counted(self.taken, 'sample')}" if self.taken else " before its first sample"
        return f"ended {how}{after}{said}"


def keys_from_text(text: str) -> dict[str, str]:
    """``"raw=RAW, labels=1"`` as a dictionary; ``ValueError`` for anything else."""
    keys = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        role, equals, key = (word.strip() for word in part.partition("="))
        if not equals or not key or role not in ROLES:
            raise ValueError(
                f"keys are given as raw=RAW,labels=GT with any of {', '.join(ROLES)}, or positions from 0; got {part!r}"
            )
        keys[role] = key
    return keys


def _started() -> subprocess.Popen[bytes]:
    # -P: only what the pipeline imports comes from the current folder.
    command = [sys.executable, "-P", "-m", "predictor_inspector.data.training_samples"]
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
    # Its group is called after it, even when it has ended and workers haven't.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
