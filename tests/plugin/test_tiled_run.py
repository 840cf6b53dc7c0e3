"""What a run in tiles says and in which order it goes, without a window."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from funlib.geometry import Roi
from hypothesis import given
from hypothesis import strategies as st

from predictor_inspector.core import AffinitiesPredictor, Array, Channel, DistancePredictor
from predictor_inspector.inspection import Request, Source
from predictor_inspector.inspection.engine.memory import machine_memory, needed_memory
from predictor_inspector.inspection.engine.tiles import STEPS, TiledInspection, tiles_of
from predictor_inspector.plugin.layers.pictures import LazyBlend, WithTime
from predictor_inspector.plugin.live.tiled_run import SoFar, in_view_first, is_seen, progress_of
from predictor_inspector.plugin.memory_setting import CHOICES
from predictor_inspector.plugin.model import tile_plan as budget
from predictor_inspector.plugin.model.tile_plan import (
    TooLarge,
    affordable,
    memory_for_chunks,
    memory_of,
    plan_for,
)
from predictor_inspector.plugin.model.view import View

PREDICTOR = AffinitiesPredictor([[1, 0, 0], [0, 1, 0], [0, 0, 1]], lsds=False)


def large(shape: tuple[int, ...] = (1024, 1024, 1024), predictor: Any = PREDICTOR) -> Request:
    """A region of so many voxels of 10 nm, of which nothing is there but the shape."""
    gt = Array(np.broadcast_to(np.uint32(1), shape), (10,) * len(shape))
    return Request(predictor, Source(gt), gt.roi, "cpu")


def test_a_region_within_the_budget_is_computed_at_once() -> None:
    assert plan_for(large((100, 200, 200)), 8 * 10**9) is None


@pytest.mark.parametrize(
    ("shape", "memory", "reason"),
    [
        ((1024, 1024, 1024), 8 * 10**9, "3,221 million target values, more than the 67 million that are computed"),
        ((200, 300, 300), 10**9, "takes 2.12 GB, more than the 1 GB of memory allowed"),
    ],
)
def test_a_larger_one_is_computed_in_tiles_that_need_no_more_than_the_memory(
    shape: tuple[int, ...], memory: int, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(budget, "scratch_room", lambda: 10**12)
    request = large(shape)
    plan = plan_for(request, memory)
    assert plan is not None
    assert reason in plan.reason
    assert plan.results == 2 * 4 * 3 * np.prod(shape)
    held = plan.results if plan.in_memory else plan.kept
    assert plan.tile_memory + held + memory_for_chunks(memory) <= memory
    tiled = TiledInspection(request, plan.tile_memory)
    assert len(tiled) == plan.tiles > 1
    assert needed_memory(PREDICTOR, request.source, tiled.tile_shape) <= plan.tile_memory


def test_the_context_of_a_small_region_may_be_what_is_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget, "MAX_CONTEXT", 1000)
    plan = plan_for(large((20, 20, 20), DistancePredictor(["a"], 1.0, True)), 10**9)
    assert plan is not None
    assert "With its context the region has 8,000 voxels, more than the 1,000" in plan.reason


def test_what_fits_nowhere_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget, "scratch_room", lambda: 10 * 10**9)
    with pytest.raises(TooLarge, match=r"take 25.8 GB, but there is room for 8.93 GB in "):
        plan_for(large(), 8 * 10**9)
    plan = plan_for(large(), 64 * 10**9)
    assert plan is not None
    assert plan.in_memory


def test_a_smaller_box_is_computed_at_once() -> None:
    for memory in (10**8, 10**10):
        request = large()
        side = affordable(PREDICTOR, request.source.gt, memory)
        assert plan_for(large((side,) * 3), memory) is None


def test_every_choice_of_memory_is_one() -> None:
    assert memory_of(CHOICES[0]) == machine_memory() // 2
    assert [memory_of(choice) for choice in CHOICES[1:]] == [2**n * 10**9 for n in range(8)]
    with pytest.raises(ValueError, match="positive number of bytes"):
        memory_of("much")


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


@pytest.mark.parametrize("signed", [False, True])
def test_a_lazy_blend_is_the_blend_and_transparent_where_nothing_is_known(signed: bool) -> None:
    target = np.random.default_rng(0).random((3, 4, 5, 6), np.float32)
    target[1, 2, 3] = np.nan
    channels = [Channel(name, minimum=-1.0 if signed else 0.0) for name in "abc"]
    lazy = LazyBlend(target, [(0, "#ff0000"), (1, "#0000ff")], channels)
    assert (lazy.shape, lazy.ndim, lazy.dtype) == ((4, 5, 6, 4), 4, np.uint8)
    values = (target + 1) / 2 if signed else target
    everything = np.asarray(lazy)
    known = ~np.isnan(target[1])
    np.testing.assert_array_equal(everything[..., 0], np.where(known, values[0] * 255, 0).astype(np.uint8))
    np.testing.assert_array_equal(
        everything[..., 2], np.where(known, np.nan_to_num(values[1]) * 255, 0).astype(np.uint8)
    )
    np.testing.assert_array_equal(everything[..., 3], known * 255)
    for key in (1, (slice(1, 3), 2), (2, ..., 3), (slice(None), slice(None), 0, slice(0, 3))):
        np.testing.assert_array_equal(lazy[key], everything[key])


@given(st.integers(0, 2), st.data())
def test_a_time_axis_is_added_without_reading(position: int, data: st.DataObject) -> None:
    values = np.arange(24).reshape(2, 3, 4)
    lazy, expected = WithTime(values, position), np.expand_dims(values, position)
    assert (lazy.shape, lazy.ndim, lazy.dtype) == (expected.shape, 4, values.dtype)
    key = tuple(data.draw(st.one_of(st.integers(-n, n - 1), st.slices(n))) for n in expected.shape)
    np.testing.assert_array_equal(lazy[key], expected[key])
    np.testing.assert_array_equal(np.asarray(lazy), expected)
