"""Regions that are computed in tiles: a small whole layer for tests, and its numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from predictor_inspector.core import predictor_from_config
from predictor_inspector.inspection import inspect
from predictor_inspector.plugin.live.tiling import TiledRun

from .stage import Stage

AFFINITIES: dict[str, Any] = {
    "kind": "affinities",
    "neighborhood": [[1, 0, 0], [0, 1, 0], [0, -3, 1]],
    "lsds": False,
}


class Steps:
    """What live updates go through."""

    def __init__(self, stage: Stage) -> None:
        self.done: list[tuple[int, int]] = []
        self.words: list[str] = []
        self.inspected: list[Any] = []
        stage.controller.tiling.advanced.connect(self._on_advanced)
        stage.controller.stepped.connect(lambda step, _fraction: self.words.append(step))
        stage.controller.shown.connect(self.inspected.append)

    def _on_advanced(self, run: TiledRun) -> None:
        self.done.append((run.so_far.targets, run.so_far.weights))


def whole_layer(stage: Stage, config: dict[str, Any] = AFFINITIES) -> Steps:
    stage.add_labels()
    stage.set_config(**config)
    stage.after(lambda: setattr(stage.settings, "region_mode", "layer"))
    return Steps(stage)


def assert_whole(stage: Stage, tolerance: float = 0) -> None:
    """The layers show what `inspect` gives for the region at once."""
    shown = stage.inspection
    expected = inspect(predictor_from_config(stage.settings.config), stage.settings.gt, shown.roi)
    for layer, array, mine in (
        (stage.target, expected.target, shown.target),
        (stage.weight, expected.weight, shown.weight),
    ):
        values = np.asarray(layer.data)
        np.testing.assert_allclose(values.reshape(array.shape), array.numpy(), rtol=0, atol=tolerance)
        np.testing.assert_array_equal(np.asarray(mine.data[...]), values.reshape(array.shape))
        assert mine.roi == array.roi
