"""Which regions are computed in tiles, and in which: without a window."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from predictor_inspector.core import AffinitiesPredictor, Array, DistancePredictor
from predictor_inspector.inspection import Request, Source, TiledInspection
from predictor_inspector.inspection.engine.memory import machine_memory, needed_memory
from predictor_inspector.plugin.memory_setting import CHOICES
from predictor_inspector.plugin.model import tile_plan
from predictor_inspector.plugin.model.tile_plan import TooLarge, affordable, memory_for_chunks, memory_of, plan_for

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
    monkeypatch.setattr(tile_plan, "temporary_room", lambda: 10**12)
    request = large(shape)
    plan = plan_for(request, memory)
    assert plan is not None
    assert reason in plan.reason
    assert plan.results == 2 * 4 * 3 * np.prod(shape)
    held = plan.results if plan.in_memory else 0
    assert plan.tile_memory + held + memory_for_chunks(memory) <= memory
    tiled = TiledInspection(request, plan.tile_memory)
    assert len(tiled) == plan.tiles > 1
    assert needed_memory(PREDICTOR, request.source, tiled.tile_shape) <= plan.tile_memory


def test_the_context_of_a_small_region_may_be_what_is_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tile_plan, "MAX_CONTEXT", 1000)
    plan = plan_for(large((20, 20, 20), DistancePredictor(["a"], 1.0, True)), 10**9)
    assert plan is not None
    assert "With its context the region has 8,000 voxels, more than the 1,000" in plan.reason


def test_what_fits_nowhere_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tile_plan, "temporary_room", lambda: 10 * 10**9)
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
