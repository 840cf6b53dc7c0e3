"""`TiledRun`: a region that is computed tile by tile, into arrays that the layers show meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from funlib.geometry import Roi

from predictor_inspector.core.array import Array
from predictor_inspector.inspection import Inspection
from predictor_inspector.inspection.engine.devices import pick_device
from predictor_inspector.inspection.engine.held_results import HeldResults
from predictor_inspector.inspection.engine.memory import default_memory
from predictor_inspector.inspection.engine.tiles import STEPS, TiledInspection
from predictor_inspector.plugin.layers.pictures import Blended, Pictures, pictures_of
from predictor_inspector.plugin.model.resolve import Resolved
from predictor_inspector.plugin.model.view import View


@dataclass(frozen=True)
class SoFar:
    """How far a tiled run has come.

    Attributes
    ----------
    results : HeldResults or None
        What tiles are put into, once it was made.
    tiles, targets, weights : int
        How many tiles there are, and how many show their target and their weights.
    lowest, heaviest : float
        The smallest target value and the largest weight in them.
    newest : Roi or None
        The tile that came last.
    """

    results: HeldResults | None = None
    tiles: int = 0
    targets: int = 0
    weights: int = 0
    lowest: float = 0.0
    heaviest: float = 1.0
    newest: Roi | None = None


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
        results = HeldResults(tiled, plan.in_memory, plan.kept)
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
        about = (so_far.results is None, so_far.lowest < 0, list(blended))
        if self._shown is None or self._shown[0] != about:
            held = so_far.results
            target, weight = (self._nothing(),) * 2 if held is None else (held.target, held.weight)
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

    def _nothing(self) -> Array:
        """NaN on all of the region, which takes no memory."""
        request = self.state.request
        return request.result(np.broadcast_to(np.float32(np.nan), request.shape))


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
