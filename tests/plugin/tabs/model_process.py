"""What stands in for a model's process where that is slow to start: a thread that answers the same frames."""

from __future__ import annotations

import os
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, ClassVar

from predictor_inspector.data.child_process import ChildEndedError
from predictor_inspector.data.frames import read_frame
from predictor_inspector.inspection.models.__main__ import answer_frames


class ProcessInAThread:
    """As `ChildProcess`, of models; one that hangs stays until the tests end."""

    begun: ClassVar[list[ProcessInAThread]] = []

    def __init__(self, _module: str) -> None:
        self.closed = False
        self.begun.append(self)
        self._asked: SimpleQueue[Any] = SimpleQueue()
        self._frames: SimpleQueue[Any] = SimpleQueue()
        read, write = os.pipe()
        self._stream, self._out = os.fdopen(read, "rb"), os.fdopen(write, "wb")
        for work in (self._answer, self._read):
            Thread(target=work, daemon=True).start()

    def send(self, header: dict[str, Any], arrays: Any = ()) -> None:
        self._asked.put((header, list(arrays)))

    def receive(self, timeout: float) -> Any:
        try:
            frame = self._frames.get(timeout=timeout)
        except Empty:
            raise TimeoutError from None
        if frame is None:
            raise ChildEndedError("by SIGKILL")
        return frame

    def close(self) -> None:
        self.closed = True
        self._frames.put(None)

    def _answer(self) -> None:
        with self._out:
            answer_frames(self._asked, self._out)

    def _read(self) -> None:
        with self._stream:
            while (frame := read_frame(self._stream)) is not None:
                self._frames.put(frame)
