"""Process that loads a trained model and runs it on tiles; see `TrainedModel`.

The first frame says what to load and where, others ask for facts or for a prediction, and each is answered by a frame.
"""

from __future__ import annotations

import os
import warnings
from dataclasses import asdict
from fractions import Fraction
from queue import SimpleQueue
from typing import Any, BinaryIO

import numpy as np
import torch

from predictor_inspector.core.config import predictor_from_config
from predictor_inspector.data.child_process import parent_streams
from predictor_inspector.data.frames import Frame, write_frame
from predictor_inspector.data.their_errors import last_line, place_of
from predictor_inspector.inspection.engine.devices import pick_device
from predictor_inspector.inspection.engine.memory import default_memory
from predictor_inspector.inspection.models.config import ModelConfig, model_from_config
from predictor_inspector.inspection.models.facts import facts_of
from predictor_inspector.inspection.models.kinds import own_shape


def main() -> None:
    """Answer frames until the process is ended."""
    warnings.simplefilter("ignore")  # what is printed last is told if it crashes
    answer_frames(*parent_streams())
    os._exit(0)  # threads that a model has begun may never end


def answer_frames(asked: SimpleQueue[Frame], out: BinaryIO) -> None:
    """Answer frames as they come, until a model can't be loaded."""
    loaded: _Loaded | None = None
    while True:
        header, arrays = asked.get()
        try:
            if header["kind"] == "load":
                loaded = _Loaded(header)
                write_frame(out, {"kind": "loaded", "device": str(loaded.device)})
            else:
                assert loaded is not None
                loaded.answer(header, arrays, out)
        except (torch.OutOfMemoryError, MemoryError) as error:
            torch.cuda.empty_cache()
            write_frame(out, {"kind": "memory", "id": header["id"], "message": last_line(error)})
        except BaseException as error:  # whatever a model does, also to end the program, is told
            message = last_line(error)
            lacking = "can't allocate memory" in message or "out of memory" in message.lower()
            told = {"message": message, "place": place_of(error)}
            write_frame(out, {"kind": "memory" if lacking else "error", "id": header["id"], **told})
            if header["kind"] == "load":
                return


class _Loaded:
    """A model on its device."""

    def __init__(self, header: dict[str, Any]) -> None:
        self._config: ModelConfig = model_from_config(header["model"])
        self.device = pick_device(header["device"])
        torch.backends.cudnn.allow_tf32 = False  # whose rounding is no network's
        predictor = None if header["predictor"] is None else predictor_from_config(header["predictor"])
        self._model = self._config.load(predictor)
        self._moved = False

    def answer(self, header: dict[str, Any], arrays: list[np.ndarray], out: BinaryIO) -> None:
        if header["kind"] == "facts":
            apart = [Fraction(*pair) for pair in header["apart"]]
            shape = self._config.input_shape or own_shape(self._model)
            facts = facts_of(self._model.to("cpu"), header["channels"], apart, shape)
            self._moved = False
            memory = default_memory(self.device)
            write_frame(out, {"kind": "facts", "id": header["id"], "facts": asdict(facts), "memory": memory})
            return
        if not self._moved:
            self._model, self._moved = self._model.to(self.device), True
        with torch.inference_mode():
            output = self._model(self._config.prepared(arrays[0])[None].to(self.device))[0]
        values = output.to("cpu", torch.float32).numpy()
        write_frame(out, {"kind": "output", "id": header["id"]}, [values])


if __name__ == "__main__":
    main()
