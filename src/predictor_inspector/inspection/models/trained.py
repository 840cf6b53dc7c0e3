"""`TrainedModel`: runs a model on the raw data of a region, in a process of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from math import prod
from time import monotonic
from typing import Any

import numpy as np
from funlib.geometry import Roi

from predictor_inspector.core.array import Array
from predictor_inspector.core.config import predictor_to_config
from predictor_inspector.core.predictor import Predictor
from predictor_inspector.core.text import format_duration, format_shape
from predictor_inspector.data.child_process import ChildEndedError, ChildProcess
from predictor_inspector.data.frames import Frame
from predictor_inspector.inspection.engine.run import Progress, Request
from predictor_inspector.inspection.models.config import ModelConfig, model_to_config
from predictor_inspector.inspection.models.facts import ModelFacts
from predictor_inspector.inspection.models.plan import PredictionPlan, check_channels, check_voxels, voxels_apart

STEPS = ("load", "predict")

_POLL = 0.1  # seconds between two looks at whether a prediction was cancelled


class ModelError(ValueError):
    """A model can't be loaded or run, crashed or hung; the message is a sentence."""


@dataclass(frozen=True, eq=False)
class Predicted:
    """What a model predicts of a region.

    Attributes
    ----------
    array : Array
        float32, [C, …spatial axes], on the voxels of the target, as the model gives it.
    logits : bool
        Whether probabilities and descriptors are before the sigmoid.
    notes : tuple of str
        What to know about it, in sentences.
    """

    array: Array
    logits: bool
    notes: tuple[str, ...] = ()


class TrainedModel:
    """A trained model in a process of its own, which loads it once. Close it, or use it as a context.

    It may crash, hang or run out of memory: that is an error, and the next prediction begins a new process. Predictions are
    asked for one after the other; `close` may be called from any thread.

    Parameters
    ----------
    config : ModelConfig
        Where it is, and how raw data go into it.
    predictor : Predictor, optional
        The predictor whose target it has learnt: a checkpoint needs its head, and channels are checked against it.
    device : str
        ``"auto"``, or a torch device.
    timeout : float
        Seconds that loading may take, or a tile.
    """

    def __init__(
        self, config: ModelConfig, predictor: Predictor | None = None, device: str = "auto", timeout: float = 600.0
    ) -> None:
        self.config, self._predictor, self._device, self._timeout = config, predictor, device, timeout
        self._process: ChildProcess | None = None
        self._closed, self._asked = False, 0
        self._facts: dict[Any, tuple[ModelFacts, int]] = {}

    def predict(self, request: Request, progress: Progress | None = None) -> Predicted:
        """The prediction of a request's target, on its ROI, from the raw data of its source.

        Parameters
        ----------
        progress : callable, optional
            Called with one of `STEPS` and the fraction of it that is done, also while a tile is computed; raise from it to
            cancel.

        Raises
        ------
        ValueError
            If there are no raw data, their voxels aren't those that the model needs for the target's, or it has other channels.
        ModelError
            If it can't be loaded, or fails.
        MemoryError
            If there isn't enough memory even for its smallest tile.
        """
        if request.source.raw is None:
            raise ValueError("a model needs raw data, and none are given")
        return self.predict_on(request.source.raw, request.source.gt, request.regions.roi, progress)

    def predict_on(
        self, raw: Array, grid: Array, roi: Roi | None = None, progress: Progress | None = None
    ) -> Predicted:
        """The prediction on the voxels of `grid` in `roi`, by default all of it; values of `grid` aren't read.

        With ``beyond="nothing"`` only what has its whole context within `raw` is predicted. Errors as of `predict`.
        """
        plan = self.plan(raw, grid, roi, progress)
        whole = plan.whole.like(np.empty(plan.whole.shape, np.float32), plan.whole.axis_names)
        for part in self.parts(plan, progress):
            whole.data[(slice(None), *whole.to_slices(part.roi))] = part.numpy()
        return Predicted(whole, self.config.gives_logits, plan.notes)

    def plan(self, raw: Array, grid: Array, roi: Roi | None = None, progress: Progress | None = None) -> PredictionPlan:
        """How `predict_on` goes about it; errors as of it."""
        roi = grid.roi if roi is None else roi
        grid.to_slices(roi)
        facts, _ = self._facts_for(raw, grid, progress)
        check_channels(self.config.path, facts, self._predictor)
        check_voxels(self.config.path, facts, raw, grid)
        return PredictionPlan(facts, raw, grid, roi, self.config.beyond)

    def parts(self, plan: PredictionPlan, progress: Progress | None = None) -> Iterator[Array]:
        """What `predict_on` puts together, tile by tile, computed as they are taken; for what is larger than the memory.

        Where a tile doesn't fit into memory after all, all are computed again that are smaller.
        """
        tell = progress or _nothing
        memory = self._facts_for(plan.raw, plan.whole, progress)[1]
        size = plan.input_size(memory)
        while True:
            tiles = plan.tiles(size)
            try:
                for number, tile in enumerate(tiles):
                    told = partial(tell, STEPS[1], number / len(tiles))
                    told()
                    _, (output,) = self._answer({"kind": "run"}, told, plan.read(tile))
                    yield plan.part(tile, output)
                tell(STEPS[1], 1.0)
                return
            except MemoryError as error:
                too_large, size = size, plan.input_size(memory, prod(size) / 2)
                if prod(size) >= prod(too_large):
                    raise MemoryError(
                        f"not enough memory for {self.config.path} on {format_shape(size)} voxels, its smallest tile; choose "
                        "another device"
                    ) from error

    def stop(self) -> None:
        """End the process, from any thread; the next prediction begins another."""
        if (process := self._process) is not None:
            process.close()

    def close(self) -> None:
        """End the process for good, from any thread."""
        self._closed = True
        self.stop()

    def __enter__(self) -> TrainedModel:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _facts_for(self, raw: Array, grid: Array, progress: Progress | None) -> tuple[ModelFacts, int]:
        """What the model takes of such data, and the memory that its tiles may take."""
        channels, apart = raw.shape[0] if raw.channel_dims else 1, voxels_apart(raw, grid)
        if (channels, apart) not in self._facts:
            told = partial(progress or _nothing, STEPS[0], 0.0)
            told()
            asked = {"kind": "facts", "channels": channels, "apart": [(a.numerator, a.denominator) for a in apart]}
            answer, _ = self._answer(asked, told)
            self._facts[channels, apart] = ModelFacts.from_dict(answer["facts"]), answer["memory"]
        return self._facts[channels, apart]

    def _answer(self, header: dict[str, Any], waiting: Callable[[], None], *arrays: np.ndarray) -> Frame:
        """Send a frame, and wait for its answer; where `waiting` raises, the answer is skipped when it comes."""
        process = self._begun()
        self._asked += 1
        try:
            process.send({**header, "id": self._asked}, arrays)
            answer, values = self._received(process, waiting)
        except ChildEndedError as ended:
            process.close()
            raise ModelError(f"{self.config.path} {'was stopped' if self._closed else ended}") from None
        except TimeoutError:
            process.close()
            raise ModelError(
                f"{self.config.path} gave nothing within {format_duration(self._timeout)} and was ended; it waits for "
                "something, or needs a longer timeout"
            ) from None
        if answer["id"] == 0:
            process.close()  # it couldn't be loaded
        if answer["kind"] == "memory":
            raise MemoryError(f"not enough memory for {self.config.path}: {answer['message']}")
        if answer["kind"] == "error":
            told = answer["message"] + (f" ({answer['place']})" if answer["place"] else "")
            raise ModelError(told if told.startswith(self.config.path) else f"{self.config.path}: {told}")
        return answer, values

    def _received(self, process: ChildProcess, waiting: Callable[[], None]) -> Frame:
        since = monotonic()
        while True:
            try:
                answer, values = process.receive(_POLL)
            except TimeoutError:
                waiting()
                if monotonic() - since > self._timeout:
                    raise
                continue
            except ValueError as error:
                process.close()
                raise ModelError(f"{self.config.path} failed: {error}") from None
            if answer["kind"] == "loaded":
                since = monotonic()
            elif answer["id"] in (0, self._asked):
                return answer, values

    def _begun(self) -> ChildProcess:
        """The process, which has been told what to load."""
        if self._closed:
            raise ModelError(f"{self.config.path} was stopped")
        if self._process is None or self._process.closed:
            predictor = None if self._predictor is None else predictor_to_config(self._predictor)
            asked = {"model": model_to_config(self.config), "predictor": predictor, "device": self._device}
            self._process = ChildProcess("predictor_inspector.inspection.models")
            self._process.send({"kind": "load", "id": 0, **asked})
        return self._process


def _nothing(_step: str, _fraction: float) -> None:
    pass
