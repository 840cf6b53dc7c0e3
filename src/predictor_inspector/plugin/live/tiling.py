"""Regions that are computed tile by tile, into arrays that the layers show meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from funlib.geometry import Roi
from qtpy.QtCore import QObject, Signal

from predictor_inspector.core.array import Array
from predictor_inspector.core.text import counted, format_bytes, format_duration
from predictor_inspector.inspection import Inspection
from predictor_inspector.inspection.engine.devices import pick_device
from predictor_inspector.inspection.engine.held_results import HeldResults
from predictor_inspector.inspection.engine.memory import default_memory
from predictor_inspector.inspection.engine.preview import Pace
from predictor_inspector.inspection.engine.tiles import STEPS, TiledInspection
from predictor_inspector.plugin.layers.pictures import Blended, Pictures, pictures_of
from predictor_inspector.plugin.live.worker import Job, LiveRunner
from predictor_inspector.plugin.model.messages import Message
from predictor_inspector.plugin.model.resolve import ChangeLevel, Resolved
from predictor_inspector.plugin.model.view import View

_AUTO_START_LIMIT = 10.0  # seconds that a chosen region may take in tiles to be computed without being asked for
_TWICE = 2.0  # each tile is computed for its target and again for its weights
_PER_TILE = 0.05  # seconds that storing and showing a tile takes


class Tiling(QObject):
    """The run in tiles that the layers show: `run`, None if there is none; it goes on, or was cancelled."""

    advanced = Signal(object)  # the run, after it has begun, with every tile, and after it was cancelled

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
        if run is not None and (unless is None or unless.change_since(run.state) >= ChangeLevel.RESULT):
            if not run.cancelled:
                self._runner.cancel()
            self.run = None

    def accepts(self, job: Job) -> bool:
        """Whether the layers may show a job's result: only the run's while there is one, else none of a run left."""
        return job.about.plan is None if self.run is None else job.about is self.run.state

    def _on_advanced(self, job: Job, so_far: SoFar) -> None:
        if self.run is not None and self.accepts(job):
            self.run.so_far = so_far
            self.advanced.emit(self.run)

    def _on_cancelled(self, job: Job) -> None:
        if self.run is not None and self.accepts(job):
            self.run.cancelled = True
            self.advanced.emit(self.run)

    def _seconds(self, state: Resolved) -> float:
        """How long the tiles of a state's plan will take."""
        tiles = 0 if state.plan is None else state.plan.tiles
        return _TWICE * self._pace.expected(state.request) + _PER_TILE * tiles


@dataclass(frozen=True)
class SoFar:
    """How far a tiled run has come."""

    results: HeldResults | None = None  # what tiles are put into, once it was made
    tiles: int = 0
    targets: int = 0  # tiles that show their target
    weights: int = 0  # tiles that show their weights
    lowest: float = 0.0  # of the target values in them
    heaviest: float = 1.0  # of their weights
    newest: Roi | None = None  # the tile that came last


class TiledRun:
    """A region computed in the tiles of a state's plan: `work` in the worker, all else in the window's thread."""

    def __init__(self, state: Resolved) -> None:
        if state.plan is None:
            raise ValueError("there is no plan for tiles: the region is computed at once")
        self.state, self._plan = state, state.plan
        self.so_far = SoFar(tiles=state.plan.tiles)
        self.cancelled = False
        self._shown: tuple[Any, Pictures] | None = None

    def work(self, step: Callable[[str, float], None]) -> Generator[SoFar, None, tuple[Inspection, None]]:
        """Compute all tiles; yields how far it has come after each, and returns the whole."""
        state, plan = self.state, self._plan
        device = pick_device(state.request.device)
        memory = plan.tile_memory if device.type == "cpu" else min(plan.tile_memory, default_memory(device))
        order = in_view_first(state.gt, state.view)
        tiled = TiledInspection(state.request, memory, order)
        results = HeldResults(tiled, plan.in_memory)
        so_far = SoFar(results, len(tiled))
        yield so_far

        def tell(name: str, fraction: float) -> None:
            step(*progress_of(name, fraction, so_far))

        for tile in tiled.run(results.target.__getitem__, tell):
            results.write(tile)
            so_far = replace(
                so_far,
                targets=so_far.targets + tile.fresh,
                weights=so_far.weights + tile.balanced,
                lowest=min(so_far.lowest, float(tile.target.data.min())),
                heaviest=max(so_far.heaviest, float(tile.weight.data.max()) if tile.balanced else 0.0),
                newest=tile.roi,
            )
            del tile
            yield so_far
        return tiled.inspection(results.target, results.weight), None

    def pictures(self, blended: Blended) -> Pictures:
        """What the layers show by now: the same arrays each time."""
        so_far, request = self.so_far, self.state.request
        about = (so_far.results is None, so_far.lowest < 0, blended)
        if self._shown is None or self._shown[0] != about:
            held = so_far.results
            nothing = request.result(np.broadcast_to(np.float32(np.nan), request.shape))  # takes no memory
            target, weight = (nothing, nothing) if held is None else (held.target, held.weight)
            limits, place = (so_far.lowest, so_far.heaviest), self.state.place
            self._shown = about, pictures_of(target, weight, request, *limits, place, blended, complete=False)
        return replace(self._shown[1], heaviest=so_far.heaviest)

    @property
    def note(self) -> str:
        """How much of it is shown, in a sentence."""
        so_far = self.so_far
        shown = f"{so_far.targets} of {so_far.tiles} tiles"
        weights = "" if so_far.weights == so_far.targets else f", weights of {so_far.weights}"
        if self.cancelled:
            return f"Partial, as it was cancelled: {shown}{weights}."
        return f"Partial: {shown} so far{weights}."


def in_view_first(gt: Array, view: View) -> Callable[[Roi], tuple[bool, float]]:
    """Sort key of tiles: those that the slice shown cuts come first, from its centre outwards."""
    first = len(view.point) - gt.dims
    point = [view.point[dim] for dim in range(first, len(view.point))]
    for dim, centre in zip(view.displayed, view.center, strict=True):
        if dim >= first:
            point[dim - first] = centre

    def order(tile: Roi) -> tuple[bool, float]:
        begin, end = ([c / gt.subdivision for c in corner] for corner in (tile.begin, tile.end))
        away = sum(((b + e) / 2 - p) ** 2 for b, e, p in zip(begin, end, point, strict=True))
        return not is_seen(tile, gt, view), away

    return order


def is_seen(tile: Roi, gt: Array, view: View) -> bool:
    """Whether the slice shown cuts a tile; in 3-D it always does."""
    first = len(view.point) - gt.dims
    depth = [axis for axis in range(gt.dims) if first + axis not in view.displayed]
    return all(tile.begin[a] <= view.point[first + a] * gt.subdivision < tile.end[a] for a in depth)


def progress_of(name: str, fraction: float, so_far: SoFar) -> tuple[str, float]:
    """The step in words, and how much of all is done, from one of `STEPS` and the fraction of it that is done.

    Targets are one half of it, weights the other.
    """
    tiles, first = so_far.tiles, name == STEPS[0]
    if first and so_far.weights == so_far.targets > 0:
        # Weights need no second time.
        return f"tile {min(so_far.targets + 1, tiles)} of {tiles}", fraction
    if first and so_far.targets == tiles:
        return "counting classes of the context", fraction / 2
    done = so_far.targets if first else so_far.weights
    words = f"tile {min(done + 1, tiles)} of {tiles}"
    return (words, fraction / 2) if first else (f"weights of {words}", 0.5 + fraction / 2)
