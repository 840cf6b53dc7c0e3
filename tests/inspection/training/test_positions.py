"""Training positions."""

from __future__ import annotations

from collections import Counter
from itertools import islice

import numpy as np
import pytest
from funlib.geometry import Roi

from predictor_inspector.core import Array
from predictor_inspector.data.source import Source
from predictor_inspector.inspection.training import positions as module
from predictor_inspector.inspection.training.positions import Positions


def volume(shape: tuple[int, ...] = (5, 9), values: np.ndarray | None = None) -> Array:
    return Array(np.zeros(shape, np.uint8) if values is None else values, (4, 3), (100, -7))


def test_the_nth_position_is_the_same_in_every_order_and_every_run() -> None:
    first, again = Positions(Source(volume()), (2, 3)), Positions(Source(volume()), (2, 3))
    in_order = list(islice(first, 6))
    assert [again[n] for n in (5, 0, 3)] == [in_order[n] for n in (5, 0, 3)]
    assert list(islice(Positions(Source(volume()), (2, 3), seed=1), 6)) != in_order


def test_every_place_in_the_data_is_as_likely_as_any_other() -> None:
    gt = volume((3, 4))
    seen = Counter(tuple(roi.begin) for roi in islice(Positions(Source(gt), (2, 2)), 1200))
    assert len(seen) == 2 * 3
    # 200 each, with a standard deviation of 13
    assert all(abs(n - 200) < 60 for n in seen.values())
    assert all(gt.roi.contains(Roi(begin, (8, 6))) for begin in seen)


def test_the_whole_of_the_data_has_one_position() -> None:
    assert Positions(Source(volume()), (5, 9))[7] == volume().roi


@pytest.mark.parametrize("summed", [True, False], ids=["summed", "read"])
def test_enough_voxels_are_annotated_wherever_the_region_lies(summed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_SUMMED_UP_TO", 2**26 if summed else 0)
    known = np.random.default_rng(0).random((2, 12, 15)) < 0.2
    mask = Array(known.astype(np.uint8) * 255, (4, 3), (100, -7))
    gt = volume((12, 15))
    for roi in islice(Positions(Source(gt, mask), (4, 5), 0.5), 20):
        block = gt.to_slices(roi)
        assert known.any(0)[block].mean() >= 0.5


def test_the_mask_may_lie_on_another_grid() -> None:
    mask = Array(np.pad(np.ones((2, 2), np.uint8), 1), (8, 6), (100, -7))
    gt = volume((8, 8))
    for roi in islice(Positions(Source(gt, mask), (2, 2), 1.0), 20):
        assert Roi((108, -1), (16, 12)).contains(roi)


def test_the_one_place_that_will_do_is_found_in_a_large_volume() -> None:
    known = np.zeros((300, 400), np.uint8)
    known[200:210, 17:27] = 1
    gt = Array(known, (1, 1))
    assert Positions(Source(gt, gt), (10, 10), 1.0)[0] == Roi((200, 17), (10, 10))


def test_places_read_one_by_one_are_those_that_sums_give(monkeypatch: pytest.MonkeyPatch) -> None:
    known = Array((np.random.default_rng(1).random((20, 20)) < 0.4).astype(np.uint8), (4, 3), (100, -7))
    gt = volume((20, 20))
    summed = list(islice(Positions(Source(gt, known), (3, 3), 0.6), 10))
    monkeypatch.setattr(module, "_SUMMED_UP_TO", 0)
    assert list(islice(Positions(Source(gt, known), (3, 3), 0.6), 10)) == summed


@pytest.mark.parametrize(("limit", "words"), [(2**26, "no place in the data has"), (0, "none of 2048 places")])
def test_nowhere_enough_is_a_sentence(limit: int, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_SUMMED_UP_TO", limit)
    gt = volume()
    with pytest.raises(ValueError, match=f"{words}.*80% of 2 × 3 voxels annotated; take a smaller"):
        Positions(Source(gt, gt), (2, 3), 0.8)[0]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"size": (2,)}, "size must have 2 numbers"),
        ({"size": (6, 3)}, r"at most the ground truth's \(5, 9\) voxels, got \(6, 3\)"),
        ({"size": (0, 3)}, "size must be at least 1"),
        ({"size": (2, 3), "min_annotated": 1.5}, "min_annotated must be a share"),
        ({"size": (2, 3), "seed": -1}, "seed must be at least 0"),
    ],
)
def test_what_is_of_no_use_is_named(arguments: dict, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Positions(Source(volume()), **arguments)


def test_positions_before_the_first_are_an_error() -> None:
    with pytest.raises(ValueError, match="counted from 0, got -1"):
        Positions(Source(volume()), (1, 1))[-1]
