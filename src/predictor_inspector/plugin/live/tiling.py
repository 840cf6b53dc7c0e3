"""`Tiling`: the run in tiles that the layers show, and the offer to begin one."""

from __future__ import annotations

from qtpy.QtCore import QObject, Signal

from predictor_inspector.core.text import counted, format_bytes, format_duration
from predictor_inspector.inspection.engine.preview import Pace
from predictor_inspector.plugin.live.tiled_run import SoFar, TiledRun
from predictor_inspector.plugin.live.worker import Job, LiveRunner
from predictor_inspector.plugin.model.resolve import Change, Message, Resolved

_AUTO_START_LIMIT = 10.0
"""Seconds that a chosen region may take in tiles to be computed without being asked for."""

_TWICE = 2.0  # each tile is computed for its target and again for its weights

_PER_TILE = 0.05
"""Seconds that storing and showing a tile takes."""


class Tiling(QObject):
    """The run in tiles that the layers show: `run`, None if there is none; it goes on, or was cancelled."""

    advanced = Signal(object)
    """The run, after it has begun, with every tile, and after it was cancelled."""

    def __init__(self, runner: LiveRunner, pace: Pace) -> None:
        super().__init__()
        self._runner, self._pace = runner, pace
        self.run: TiledRun | None = None
        runner.advanced.connect(self._on_advanced)
        runner.cancelled.connect(self._on_cancelled)

    def is_quick(self, state: Resolved) -> bool:
        """Whether a region that was chosen is computed in tiles without being asked for."""
        return self._seconds(state) <= _AUTO_START_LIMIT

    def offer(self, state: Resolved) -> Message:
        """What the dock says where a region is only computed in tiles when asked for."""
        plan = state.plan
        if plan is None:
            return Message()
        held = "" if plan.in_memory else f", held on disk (up to {format_bytes(plan.results)})"
        time = f"about {format_duration(self._seconds(state))}".replace(" ", "\N{NO-BREAK SPACE}")
        return Message(f"{plan.reason} Press Compute for {counted(plan.tiles, 'tile')}, {time}{held}.", "tiles")

    def begin(self, state: Resolved) -> None:
        """Compute this in place of whatever is being computed."""
        self._runner.cancel()
        self.run = TiledRun(state)
        # Even before the first tile, so that the layers drop what they held: memory is for the tiles now.
        self.advanced.emit(self.run)
        self._runner.submit(Job(self.run.work, state))

    def leave(self, unless: Resolved | None = None) -> None:
        """End the run, unless its result is that of this state."""
        run = self.run
        if run is not None and (unless is None or unless.change_since(run.state) >= Change.RESULT):
            if not run.cancelled:
                self._runner.cancel()
            self.run = None

    def gives_way_to(self, job: Job) -> bool:
        """Whether the layers may show a job's result: only the run's while there is one, else none of a run left."""
        return job.about.plan is None if self.run is None else job.about is self.run.state

    def _on_advanced(self, job: Job, so_far: SoFar) -> None:
        if self.run is not None and self.gives_way_to(job):
            self.run.so_far = so_far
            self.advanced.emit(self.run)

    def _on_cancelled(self, job: Job) -> None:
        if self.run is not None and self.gives_way_to(job):
            self.run.cancelled = True
            self.advanced.emit(self.run)

    def _seconds(self, state: Resolved) -> float:
        """How long the tiles of a state's plan will take."""
        tiles = 0 if state.plan is None else state.plan.tiles
        return _TWICE * self._pace.expected(state.request) + _PER_TILE * tiles
