"""Process that runs a training pipeline and sends its samples; see `SampleStream`.

The first frame says what to run, and each one after it asks for a sample.
"""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack
from queue import SimpleQueue
from typing import Any, BinaryIO

from predictor_inspector.data.child_process import parent_streams
from predictor_inspector.data.frames import Frame, write_frame
from predictor_inspector.data.their_errors import last_line, place_of
from predictor_inspector.data.training_samples.frames import write_sample
from predictor_inspector.data.training_samples.pipeline import called, items_of, load
from predictor_inspector.data.training_samples.sample import Layout, samples_from


def main() -> None:
    """Run what the first frame asks for."""
    wanted, out = parent_streams()
    asked, _ = wanted.get()
    sys.argv = [asked["path"]]
    try:
        with ExitStack() as opened:
            _send(asked, wanted, out, opened)
    except BaseException as error:  # whatever the pipeline does, also to end the program, is told
        write_frame(out, {"kind": "error", "message": last_line(error), "place": place_of(error)})
    else:
        write_frame(out, {"kind": "end"})
    os._exit(0)  # threads and workers of the pipeline may never end


def _send(asked: dict[str, Any], wanted: SimpleQueue[Frame], out: BinaryIO, opened: ExitStack) -> None:
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
