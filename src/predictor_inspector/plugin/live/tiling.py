"""`Tiling`: begins, follows and leaves the run in tiles that the layers show."""

from __future__ import annotations

from collections.abc import Callable, Hashable

from qtpy.QtCore import QObject, Signal

from predictor_inspector.core.text import counted, format_bytes, format_duration
from predictor_inspector.plugin.live.tiled_run import SoFar, TiledJob, TiledRun
from predictor_inspector.plugin.live.worker import Job, LiveRunner
from predictor_inspector.plugin.model.resolve import Situation
from predictor_inspector.plugin.model.tile_plan import TilePlan

UNASKED = 10.0
"""Seconds that a region which a person has chosen may take in tiles without being asked for."""

_TWICE = 2.0  # each tile is computed for its target and again for its weights

_PER_TILE = 0.05
"""Seconds that it takes to store a tile and to show it."""


class Tiling(QObject):
    """At most one `TiledRun`, from its beginning until its result is complete or something else is looked at.

    Parameters
    ----------
    runner : LiveRunner
        Computes it.
    show : callable
        Gives what a run has computed so far to the layers.

    Attributes
    ----------
    run : TiledRun or None
        The one that the layers show: it goes on, or was cancelled.
    """

    advanced = Signal(object)
    """The run, after more of it is shown."""
    cancelled = Signal()
    """The run was cancelled, and remains shown in part."""

    def __init__(self, runner: LiveRunner, show: Callable[[TiledRun], object]) -> None:
        super().__init__()
        self._runner, self._show = runner, show
        self.run: TiledRun | None = None
        runner.advanced.connect(self._on_advanced)
        runner.cancelled.connect(self._on_cancelled)

    @property
    def was_cancelled(self) -> bool:
        """Whether a part of a region is shown because the person has stopped it."""
        return self.run is not None and self.run.cancelled

    def begin(self, situation: Situation, plan: TilePlan) -> None:
        """Compute this in place of whatever is being computed."""
        self._runner.cancel()
        self.run = TiledRun(situation, plan)
        # Even before the first tile, so that the layers let go of what they held: memory is for the tiles now.
        self._tell(self.run)
        self._runner.submit(self.run.job())

    def leave(self, unless: Hashable = None) -> None:
        """End the run, since something else is looked at; but not if it is the one whose key is `unless`."""
        if self.run is not None and self.run.key != unless:
            if not self.run.cancelled:
                self._runner.cancel()
            self.run = None

    def gives_way_to(self, job: Job) -> bool:
        """Whether the layers may take a job's result: nobody else's while there is a run, nor that of a run left."""
        return job.run is self.run if isinstance(job, TiledJob) else self.run is None

    def _on_advanced(self, job: Job, so_far: SoFar) -> None:
        run = self.run
        if run is not None and isinstance(job, TiledJob) and job.run is run:
            run.so_far = so_far
            self._tell(run)

    def _on_cancelled(self, job: Job) -> None:
        run = self.run
        if run is not None and isinstance(job, TiledJob) and job.run is run:
            run.cancelled = True
            self._tell(run)
            self.cancelled.emit()

    def _tell(self, run: TiledRun) -> None:
        self._show(run)
        self.advanced.emit(run)


def expected_seconds(plan: TilePlan, at_once: float) -> float:
    """How long the tiles will take, given how long the region would take at once."""
    return _TWICE * at_once + _PER_TILE * plan.tiles


def offer(plan: TilePlan, seconds: float) -> str:
    """What the dock says where a region waits to be asked for in tiles."""
    held = "" if plan.in_memory else f", held on disk (up to {format_bytes(plan.results)})"
    time = f"about {format_duration(seconds)}".replace(" ", "\N{NO-BREAK SPACE}")
    return f"{plan.reason} Press Compute for {counted(plan.tiles, 'tile')}, {time}{held}."
