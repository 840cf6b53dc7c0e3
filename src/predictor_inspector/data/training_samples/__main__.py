"""Process that runs a training pipeline and sends its samples; see `SampleStream`.

On its standard input come a line of JSON, what to run, and then a line for each sample that is wanted; where that ends, so
does this process, and all that it has started. Samples go to what was its standard output; what the pipeline prints goes to
standard error.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import sys
import threading
from contextlib import ExitStack
from typing import Any, BinaryIO

from predictor_inspector.data.training_samples.frames import write_frame, write_sample
from predictor_inspector.data.training_samples.pipeline import called, items_of, last_line, load, place_of
from predictor_inspector.data.training_samples.sample import Layout, samples_from


def main() -> None:
    """Run what standard input asks for."""
    requests, out = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(2, 1)
    asked = json.loads(requests.readline())
    wanted: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(requests, wanted), daemon=True).start()
    sys.argv = [asked["path"]]
    try:
        with ExitStack() as opened:
            _send(asked, wanted, out, opened)
    except BaseException as error:  # whatever the pipeline does, also to end the program, is told
        write_frame(out, {"kind": "error", "message": last_line(error), "place": place_of(error)})
    else:
        write_frame(out, {"kind": "end"})
    out.flush()
    os._exit(0)  # threads and workers of the pipeline may never end


def _listen(requests: BinaryIO, wanted: queue.SimpleQueue[bytes]) -> None:
    for line in requests:
        wanted.put(line)
    if hasattr(os, "killpg"):
        os.killpg(os.getpgrp(), signal.SIGKILL)
    os._exit(0)


def _send(asked: dict[str, Any], wanted: queue.SimpleQueue[bytes], out: BinaryIO, opened: ExitStack) -> None:
    sys.path.insert(0, asked["folder"])
    wanted.get()
    made = called(load(asked["path"]))
    items, batched = items_of(made, opened)
    size = asked["voxel_size"]
    layout = Layout(asked["keys"], None if size is None else tuple(size), batched)
    for item in items:
        for sample in samples_from(item, layout):
            write_sample(out, sample)
            wanted.get()


if __name__ == "__main__":
    main()
