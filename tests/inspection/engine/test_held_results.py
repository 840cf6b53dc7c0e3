"""Tiles put together, in memory or in files, are the whole."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from predictor_inspector.core import AffinitiesPredictor, DistancePredictor, Predictor
from predictor_inspector.data.source import Source
from predictor_inspector.data.stores.temporary import TemporaryArray
from predictor_inspector.inspection import Request, inspect
from predictor_inspector.inspection.engine.held_results import HeldResults, chunk_shape, results_size
from predictor_inspector.inspection.engine.tiles import TiledInspection, tile_shape

from .test_tiles import assert_same, ground_truth


@pytest.mark.parametrize("in_memory", [True, False])
@pytest.mark.parametrize(
    ("predictor", "tolerance"),
    [(AffinitiesPredictor([[1, 0, 0], [0, -3, 1]], lsds=False), 0), (DistancePredictor(["a"], 1.5, True), 1e-5)],
    ids=["affinities", "distance"],
)
def test_held_results_are_those_of_the_whole(predictor: Predictor, tolerance: float, in_memory: bool) -> None:
    gt = ground_truth()
    tiled = TiledInspection(Request(predictor, Source(gt), None, "cpu"), tile=(4, 6, 5))
    held = HeldResults(tiled, in_memory)
    assert np.isnan(held.target.numpy()).all()
    assert isinstance(held.target.data, torch.Tensor if in_memory else TemporaryArray)
    for tile in tiled.run(held.target.__getitem__):
        held.write(tile)
    found = tiled.inspection(held.target, held.weight)
    assert_same(found, inspect(predictor, gt, device="cpu"), tolerance)
    assert results_size(len(found.channel_names), gt.shape) == 2 * found.target.numpy().nbytes


def test_tiles_may_be_computed_in_any_order() -> None:
    gt, predictor = ground_truth(), AffinitiesPredictor([[1, 0, 0]], lsds=False)
    request = Request(predictor, Source(gt), None, "cpu")
    memory = 20 * 2**10
    usual = TiledInspection(request, memory)
    assert len(usual) > 3
    tiled = TiledInspection(request, memory, order=lambda tile: tuple(-b for b in tile.begin))
    assert tiled.tiles == sorted(usual.tiles, key=lambda tile: tuple(tile.begin), reverse=True)
    held = HeldResults(tiled, in_memory=True)
    for tile in tiled:
        held.write(tile)
    assert_same(tiled.inspection(held.target, held.weight), inspect(predictor, gt, device="cpu"), 0)


@given(
    shape=st.lists(st.integers(1, 2000), min_size=2, max_size=3),
    memory=st.integers(2 * 10**5, 10**10),
)
def test_tiles_are_whole_numbers_of_chunks(shape: list[int], memory: int) -> None:
    gt = ground_truth()
    whole = type(gt)(np.broadcast_to(np.uint8(1), shape), (1,) * len(shape))
    offset = (0,) * (len(shape) - 1) + (1,)
    tile = tile_shape(AffinitiesPredictor([offset], lsds=False), Source(whole), memory)
    for c, t, n in zip(chunk_shape(shape, tile), tile, shape, strict=True):
        assert t == n or t % c == 0
        assert 1 <= c <= t
