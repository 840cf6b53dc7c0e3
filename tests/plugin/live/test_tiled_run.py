"""In which order a run in tiles goes and what it says, without a window."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from funlib.geometry import Roi
from hypothesis import given
from hypothesis import strategies as st

from predictor_inspector.core import Array
from predictor_inspector.inspection.engine.tiles import STEPS, tiles_of
from predictor_inspector.plugin.live.tiling import SoFar, in_view_first, is_seen, progress_of
from predictor_inspector.plugin.model.view import View


@given(st.integers(0, 1), st.floats(-5, 105), st.tuples(st.floats(0, 1000), st.floats(0, 1000)))
def test_tiles_in_view_come_first_and_those_around_its_centre_before_others(
    extra: int, depth: float, centre: tuple[float, float]
) -> None:
    gt = Array(np.broadcast_to(np.uint8(1), (10, 100, 100)), (100, 100, 100), subdivision=10)
    view = View((0.0,) * extra + (depth, 1.0, 2.0), (extra + 1, extra + 2), centre, (1.0, 1.0))
    tiles = sorted(tiles_of(gt.roi, gt, (4, 30, 30)), key=in_view_first(gt, view))
    seen = [is_seen(tile, gt, view) for tile in tiles]
    assert seen == sorted(seen, reverse=True)
    assert [s for s in seen if s] == [True] * (16 if 0 <= depth < 100 else 0)

    def away(tile: Roi) -> float:
        middle = [(b + e) / 20 for b, e in zip(tile.begin, tile.end, strict=True)]
        return float(np.linalg.norm(np.subtract(middle, (depth, *centre))))

    for which in (True, False):
        distances = [away(tile) for tile, s in zip(tiles, seen, strict=True) if s == which]
        assert distances == pytest.approx(sorted(distances))


def test_in_3d_every_tile_is_seen() -> None:
    gt = Array(np.zeros((4, 4, 4), np.uint8), (1, 1, 1))
    assert is_seen(gt.roi, gt, View((99.0, 99.0, 99.0), (0, 1, 2), (0.0, 0.0, 0.0), (0.0, 1.0, 1.0)))


def test_progress_names_the_tile_and_never_goes_back() -> None:
    so_far, told = SoFar(tiles=3), []
    for n in range(3):
        told.append(progress_of(STEPS[0], n / 4, replace(so_far, targets=n)))
    told.append(progress_of(STEPS[0], 3 / 4, replace(so_far, targets=3)))
    for n in range(3):
        told.append(progress_of(STEPS[1], n / 3, replace(so_far, targets=3, weights=n)))
    assert [words for words, _ in told] == [
        *(f"tile {n} of 3" for n in (1, 2, 3)),
        "counting classes of the context",
        *(f"weights of tile {n} of 3" for n in (1, 2, 3)),
    ]
    fractions = [fraction for _, fraction in told]
    assert fractions == sorted(fractions)
    assert progress_of(STEPS[0], 0.5, replace(so_far, targets=1, weights=1)) == ("tile 2 of 3", 0.5)
