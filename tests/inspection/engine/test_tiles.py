"""Tiles cover a region and hold the numbers of the whole."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from funlib.geometry import Roi
from hypothesis import given, settings
from hypothesis import strategies as st

from predictor_inspector.core import (
    AffinitiesPredictor,
    Array,
    DistancePredictor,
    DummyPredictor,
    HotDistancePredictor,
    InnerDistancePredictor,
    OneHotPredictor,
    Predictor,
)
from predictor_inspector.core.machine import machine_memory
from predictor_inspector.data.stores import chunks
from predictor_inspector.data.stores.chunks import pooled
from predictor_inspector.inspection import Inspection, Request, Source, inspect
from predictor_inspector.inspection.engine.memory import (
    default_memory,
    memory_from_text,
    needed_memory,
)
from predictor_inspector.inspection.engine.tiles import (
    SEAM,
    STEPS,
    Tile,
    TiledInspection,
    tile_shape,
    tiles_of,
)

EXACT = [
    AffinitiesPredictor([[1, 0, 0], [0, -3, 1]], lsds=False, mask_pairs=True),
    AffinitiesPredictor([[0, 0, 1]], lsds=False, grow_boundary_iterations=1, background_as_object=True),
    OneHotPredictor(["a", "b", "c"]),
    DummyPredictor(2),
]
CLOSE = [
    AffinitiesPredictor([[0, 1, 0]], num_voxels=1),
    AffinitiesPredictor([[0, 1, 0]], num_voxels=2, downsample_lsds=2),
    DistancePredictor(["a"], 1.5, True),
    DistancePredictor(["a"], 0.8, True, context_tolerance=0.3),
    HotDistancePredictor(["a"], 1.2, True, threshold=0.5),
    InnerDistancePredictor(["a"], 1.5),
]
PREDICTORS = [*EXACT, *CLOSE]


def ground_truth(seed: int = 0, shape: tuple[int, ...] = (9, 12, 14)) -> Array:
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 4, [-(-n // 4) for n in shape])
    for axis in range(len(shape)):
        labels = labels.repeat(4, axis)
    labels = labels[tuple(slice(0, n) for n in shape)].astype(np.uint16)
    return Array(labels, (12, 10, 10)[: len(shape)], (-24, 35, 7)[: len(shape)], subdivision=10)


def annotation(gt: Array, seed: int) -> Array:
    known = (
        (np.random.default_rng(seed).random([-(-n // 5) for n in gt.shape]) < 0.8)
        .repeat(5, 0)
        .repeat(5, 1)
        .repeat(5, 2)
    )
    return gt.like(known[tuple(slice(0, n) for n in gt.shape)].astype(np.uint8))


def together(tiled: TiledInspection, keep_targets: bool = False) -> tuple[Inspection, list[Tile]]:
    """The whole from its tiles, and the tiles."""
    request = tiled.request
    target, weight = (request.result(torch.full(request.shape, torch.nan)) for _ in range(2))
    tiles = []
    for tile in tiled.run(target.__getitem__ if keep_targets else None):
        assert tile.target.roi == tile.weight.roi == tile.roi
        inside = (slice(None), *target.to_slices(tile.roi))
        if tile.fresh:
            target.data[inside] = tile.target.data
        if tile.balanced:
            weight.data[inside] = tile.weight.data
        tiles.append(tile)
    return tiled.inspection(target, weight), tiles


def assert_same(found: Inspection, whole: Inspection, tolerance: float) -> None:
    assert found.regions == whole.regions
    np.testing.assert_allclose(found.target.numpy(), whole.target.numpy(), rtol=0, atol=tolerance)
    np.testing.assert_array_equal(found.weight.numpy(), whole.weight.numpy())
    if whole.counts is not None:
        assert found.counts.count.tolist() == whole.counts.count.tolist()
        assert found.counts.total.tolist() == whole.counts.total.tolist()
    assert found.notes == whole.notes
    for mine, theirs in zip(found.statistics, whole.statistics, strict=True):
        assert mine.counts == theirs.counts
        assert (mine.positive, mine.unweighted) == (theirs.positive, theirs.unweighted)
        assert (mine.negative_weight, mine.positive_weight) == (theirs.negative_weight, theirs.positive_weight)
        assert mine.positive_share == pytest.approx(theirs.positive_share, abs=1e-6)
        for name in ("minimum", "mean", "maximum"):
            assert getattr(mine, name) == pytest.approx(getattr(theirs, name), abs=max(tolerance, 1e-6))


@pytest.mark.parametrize("predictor", PREDICTORS, ids=repr)
@pytest.mark.parametrize("balance_over", ["roi", "context"])
@settings(max_examples=4)
@given(data=st.data())
def test_tiles_put_together_are_the_whole(predictor: Predictor, balance_over: Any, data: st.DataObject) -> None:
    seed, outside = data.draw(st.integers(0, 99)), data.draw(st.sampled_from(["clip", "zero"]))
    gt = ground_truth(seed)
    mask = data.draw(st.sampled_from([None, annotation(gt, seed)]))
    begin = data.draw(st.tuples(*[st.integers(0, 4)] * 3))
    roi = gt.roi_of([slice(b, n - b // 2) for b, n in zip(begin, gt.shape, strict=True)])
    shape = data.draw(st.tuples(st.integers(5, 9), st.integers(6, 12), st.integers(7, 14)))
    earlier = None
    if data.draw(st.booleans()):
        earlier = inspect(predictor, gt, gt.roi_of([slice(0, 2)] * 3), mask, "cpu", outside, balance_over).counts
    request = Request(predictor, Source(gt, mask), roi, "cpu", outside, balance_over, earlier)
    whole = inspect(predictor, gt, roi, mask, "cpu", outside, balance_over, earlier)
    found, tiles = together(TiledInspection(request, tile=shape), keep_targets=data.draw(st.booleans()))
    assert_same(found, whole, 0 if predictor in EXACT else SEAM)
    assert all(tile.balanced for tile in tiles[len(tiles) // 2 :])


def test_seams_are_where_a_distance_is_saturated_and_nowhere_else() -> None:
    gt = Array(np.repeat(np.arange(1, 4), 20)[:, None].repeat(3, 1), (1, 1))
    predictor = DistancePredictor(["a"], 2.0, False, context_tolerance=0.3)
    request = Request(predictor, Source(gt), None, "cpu")
    found, _ = together(TiledInspection(request, tile=(7, 3)))
    whole = inspect(predictor, gt, device="cpu")
    difference = np.abs(found.target.numpy() - whole.target.numpy())
    assert 0 < difference.max() < SEAM
    assert whole.target.numpy()[difference > 1e-7].min() > 1 - 2 * SEAM


@given(st.data())
def test_tiles_cover_the_roi_once_from_the_middle_outwards(data: st.DataObject) -> None:
    grid = ground_truth()
    slices = [
        slice(b, b + data.draw(st.integers(1, n - b))) for n in grid.shape for b in [data.draw(st.integers(0, n - 1))]
    ]
    roi = grid.roi_of(slices)
    shape = data.draw(st.tuples(*[st.integers(1, 20)] * 3))
    tiles = tiles_of(roi, grid, shape)
    covered = np.zeros(grid.shape, int)
    for tile in tiles:
        covered[grid.to_slices(tile)] += 1
        assert all(n <= m for n, m in zip(tile.shape // grid.voxel_size, shape, strict=True))
    expected = np.zeros(grid.shape, int)
    expected[tuple(slices)] = 1
    np.testing.assert_array_equal(covered, expected)

    def away(tile: Roi) -> float:
        return float(np.linalg.norm(np.subtract(tile.begin + tile.end, roi.begin + roi.end)))

    assert all(away(a) <= away(b) + 1e-9 for a, b in pairwise(tiles))


@pytest.mark.parametrize("predictor", PREDICTORS, ids=repr)
def test_a_tile_needs_no_more_than_the_memory_and_the_next_larger_one_would(predictor: Predictor) -> None:
    gt = Array(np.broadcast_to(np.uint32(1), (1000, 2000, 3000)), (12, 10, 10), subdivision=10)
    for memory in (20_000_000, 500_000_000, 8 * 10**9):
        shape = tile_shape(predictor, Source(gt), memory)
        assert needed_memory(predictor, Source(gt), shape) <= memory
        side = max(shape)
        assert side % 64 == 0 or side < 64
        larger = [min(side + 64, n) for n in gt.shape]
        # Evening out makes a tile smaller only where that costs no more tiles.
        fewer = np.prod([-(-n // m) for n, m in zip(gt.shape, larger, strict=True)])
        assert needed_memory(predictor, Source(gt), larger) > memory / 2.5 or fewer < len(tiles_of(gt.roi, gt, shape))
    assert tile_shape(predictor, Source(gt), 10**15) == gt.shape


def test_a_tile_is_no_larger_than_the_roi_and_may_be_a_slice() -> None:
    gt = Array(np.broadcast_to(np.uint8(1), (1000, 2000, 3000)), (1, 1, 1))
    predictor = OneHotPredictor(["a", "b"])
    roi = gt.roi_of([slice(5, 6), slice(0, 2000), slice(0, 3000)])
    assert tile_shape(predictor, Source(gt), 10**9, roi) == (1, 2000, 3000)
    shape = tile_shape(predictor, Source(gt), 10**8, roi)
    assert shape[0] == 1
    assert shape[1] == shape[2]
    assert shape[1] % 64 == 0


def test_memory_that_is_too_little_for_anything_is_refused() -> None:
    gt = ground_truth()
    with pytest.raises(ValueError, match="memory of 100 bytes is too little for DistancePredictor: a single voxel"):
        TiledInspection(Request(DistancePredictor(["a"], 1.5, True), Source(gt), None, "cpu"), 100)


def test_progress_is_told_tile_by_tile_and_may_cancel() -> None:
    gt, told = ground_truth(), []
    request = Request(PREDICTORS[0], Source(gt), None, "cpu")
    for _ in TiledInspection(request, tile=(5, 6, 9)).run(progress=lambda *step: told.append(step)):
        pass
    assert list(dict(told)) == list(STEPS)
    for name in STEPS:
        fractions = [f for step, f in told if step == name]
        assert fractions[0] == 0
        assert fractions == sorted(fractions)
        assert fractions[-1] <= 1
    assert told[-1] == (STEPS[1], 1.0)

    class Cancelled(Exception):
        pass

    def cancel(step: str, fraction: float) -> None:
        if fraction > 0.4:
            raise Cancelled

    tiled = TiledInspection(request, tile=(5, 6, 9))
    done = []
    with pytest.raises(Cancelled):
        done.extend(tiled.run(progress=cancel))
    with pytest.raises(ValueError, match="isn't complete before all tiles"):
        tiled.inspection(gt, gt)
    assert together(tiled)[0].statistics  # and may be run again


def test_a_single_tile_is_computed_once_and_preliminary_weights_are_said_to_be_that() -> None:
    gt = ground_truth()
    (only,) = TiledInspection(Request(PREDICTORS[0], Source(gt), None, "cpu"), 10**9)
    assert only.fresh
    assert only.balanced
    tiles = list(TiledInspection(Request(PREDICTORS[0], Source(gt), None, "cpu"), tile=(5, 6, 9)))
    half = len(tiles) // 2
    assert [(t.fresh, t.balanced) for t in tiles] == [(True, False)] * half + [(False, True)] * half
    assert [t.roi for t in tiles[:half]] == [t.roi for t in tiles[half:]]


def test_only_the_chunks_that_tiles_need_are_read_and_only_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "_BLOCK", 1)

    class Counting:
        shape, dtype, chunks = (24, 32, 32), np.dtype(np.uint32), (8, 8, 8)
        reads = np.zeros((24, 32, 32), int)

        def __getitem__(self, key: Any) -> np.ndarray:
            self.reads[key] += 1
            return (np.indices(self.shape).sum(0) // 7).astype(np.uint32)[key]

    source = Counting()
    gt = pooled(Array(source, (1, 1, 1)))
    roi = gt.roi_of([slice(8, 16), slice(8, 24), slice(8, 24)])
    request = Request(AffinitiesPredictor([[0, 0, 1]], lsds=False), Source(gt), roi, "cpu")
    together(TiledInspection(request, tile=(4, 8, 8)))
    assert source.reads.max() == 1
    assert source.reads[8:16, 8:24, 8:32].all()
    assert source.reads.sum() == 8 * 16 * 24


def test_counts_that_cannot_be_summed_are_refused_in_words() -> None:
    class Fractions(DummyPredictor):
        def create_weight(self, gt: Array, target: Array, mask: Any = None, moving_class_counts: Any = None) -> Any:
            return super().create_weight(gt, target, mask)[0], (0.5, 0.5)

    with pytest.raises(ValueError, match=r"Fractions counts classes as tuple, which can't be summed over tiles"):
        list(TiledInspection(Request(Fractions(2), Source(ground_truth()), None, "cpu"), tile=(5, 6, 9)))


def test_a_predictor_whose_names_do_not_match_its_target_is_refused() -> None:
    class Liar(DummyPredictor):
        def create_target(self, gt: Array) -> Array:
            return gt.like(torch.zeros(5, *gt.shape))

    with pytest.raises(ValueError, match=r"Liar names 2 channels, but its target has shape \(5, 9, 12, 14\)"):
        list(TiledInspection(Request(Liar(2), Source(ground_truth()), None, "cpu")))


def test_out_of_memory_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: Any) -> Any:
        raise MemoryError

    monkeypatch.setattr(AffinitiesPredictor, "target_in", fail)
    with pytest.raises(MemoryError, match="not enough memory for a tile of 9 × 12 × 14 voxels; choose less than 1 GB"):
        list(TiledInspection(Request(PREDICTORS[0], Source(ground_truth()), None, "cpu"), 10**9))


@pytest.mark.parametrize(
    ("text", "size"),
    [("4GB", 4 * 10**9), ("512 MiB", 2**29), ("1.5g", 15 * 10**8), ("2e9", 2 * 10**9), ("300kb", 300_000), ("7", 7)],
)
def test_memory_in_words(text: str, size: int) -> None:
    assert memory_from_text(text) == size


@pytest.mark.parametrize("text", ["", "much", "-4GB", "0", "4 GHz", "1.2.3GB", "1e999GB"])
def test_memory_that_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="memory needs a positive number of bytes, such as 4GB"):
        memory_from_text(text)


def test_the_default_is_a_share_of_what_there_is() -> None:
    assert 10**8 < default_memory(torch.device("cpu")) == machine_memory() // 2


def test_requests_that_cannot_be_met_are_refused_in_words() -> None:
    gt = ground_truth()
    with pytest.raises(ValueError, match="mask must have 3 spatial axes like the ground truth, got 1"):
        TiledInspection(Request(PREDICTORS[0], Source(gt, Array(np.ones(3), (10,))), None, "cpu"))
    with pytest.raises(ValueError, match="lies outside"):
        TiledInspection(Request(PREDICTORS[0], Source(gt), Roi((-24 + 12 * 99, 35, 7), (12, 10, 10)), "cpu"))
    with pytest.raises(ValueError, match="device must be 'auto' or one of"):
        TiledInspection(Request(PREDICTORS[0], Source(gt), device="abacus"), 10**9)
