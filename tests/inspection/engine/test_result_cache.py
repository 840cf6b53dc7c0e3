"""Consecutive inspections that share intermediate results."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from predictor_inspector.core import AffinitiesPredictor, Array, DistancePredictor
from predictor_inspector.core.predictors import distances
from predictor_inspector.core.result_cache import ResultCache
from predictor_inspector.inspection import Request, Source, run
from predictor_inspector.inspection.engine.run import target_key

DISTANCE = DistancePredictor(["a"], 30, True)


class Counting:
    """Lazily sliced data that count how often they are read."""

    def __init__(self, values: np.ndarray) -> None:
        self.values, self.reads = values, 0
        self.shape, self.dtype = values.shape, values.dtype

    def __getitem__(self, key: Any) -> np.ndarray:
        self.reads += 1
        return self.values[key]


@pytest.fixture
def gt() -> Array:
    ids = np.random.default_rng(0).integers(0, 3, (5, 6, 7)).repeat(3, 0).repeat(3, 1).repeat(3, 2)
    return Array(Counting(ids.astype(np.uint16)), (10, 10, 10))


def test_the_same_region_is_read_once(gt: Array) -> None:
    cache = ResultCache()
    for scale in (20, 20.5):
        run(Request(replace(DISTANCE, scale_factor=scale), Source(gt), gt.roi), cache=cache)
    assert gt.data.reads == 1


@pytest.mark.parametrize(
    "other", [{"clipmin": 0.2}, {"clipmax": 0.6}, {"mask_distances": False}, {"epsilon": 0.2}, {"threshold": 0.5}]
)
def test_parameters_of_weights_make_no_new_target(
    gt: Array, other: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    cache, changed = ResultCache(), replace(DISTANCE, **other)
    run(Request(DISTANCE, Source(gt), gt.roi), cache=cache)
    expected = run(Request(changed, Source(gt), gt.roi))

    def made_again(*_args: Any) -> None:
        raise AssertionError("the target was made again")

    monkeypatch.setattr(DistancePredictor, "target_in", made_again)
    again = run(Request(changed, Source(gt), gt.roi), cache=cache)
    np.testing.assert_array_equal(again.target.numpy(), expected.target.numpy())
    np.testing.assert_array_equal(again.weight.numpy(), expected.weight.numpy())


@pytest.mark.parametrize("masked", [False, True])
def test_the_slope_of_distances_is_changed_without_measuring_them_again(
    gt: Array, masked: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    mask = gt.like(torch.from_numpy(np.random.default_rng(1).random(gt.shape) < 0.99)) if masked else None
    cache, gentler = ResultCache(), replace(DISTANCE, scale_factor=33.0)
    run(Request(DISTANCE, Source(gt, mask), gt.roi), cache=cache)
    expected = run(Request(gentler, Source(gt, mask), gt.roi))

    def measured_again(*_args: Any) -> None:
        raise AssertionError("the distances were measured again")

    for measure in ("signed_distance", "squared_boundary_distance", "squared_distance_to_unknown"):
        monkeypatch.setattr(distances, measure, measured_again)
    again = run(Request(gentler, Source(gt, mask), gt.roi), cache=cache)
    np.testing.assert_array_equal(again.target.numpy(), expected.target.numpy())
    np.testing.assert_array_equal(again.weight.numpy(), expected.weight.numpy())


def test_a_steeper_slope_in_steps_gives_what_it_gives_at_once(gt: Array) -> None:
    cache = ResultCache()
    for scale in (4.0, 9.0, 80.0, 30.0, 31.0):
        request = Request(replace(DISTANCE, scale_factor=scale), Source(gt), gt.roi)
        expected, again = run(request), run(request, cache=cache)
        np.testing.assert_array_equal(again.target.numpy(), expected.target.numpy())
        np.testing.assert_array_equal(again.weight.numpy(), expected.weight.numpy())


def test_what_the_target_depends_on_makes_a_new_one(gt: Array) -> None:
    cache = ResultCache()
    for predictor in (DISTANCE, replace(DISTANCE, scale_factor=50), AffinitiesPredictor([[1, 0, 0]], lsds=False)):
        for balance_over in ("roi", "context"):
            for outside in ("clip", "zero"):
                roi = gt.roi_of((slice(3, 9), slice(0, 9), slice(4, 12)))
                request = Request(predictor, Source(gt), roi, outside=outside, balance_over=balance_over)
                expected, again = run(request), run(request, cache=cache)
                np.testing.assert_array_equal(again.target.numpy(), expected.target.numpy())
                np.testing.assert_array_equal(again.weight.numpy(), expected.weight.numpy())


def test_only_the_latest_is_kept() -> None:
    cache, made = ResultCache(), []
    for key in (1, 2, 3, 1):
        cache.recall("numbers", key, lambda key=key: made.append(key) or key)
    assert made == [1, 2, 3, 1]


def test_keys_of_targets_ignore_weights_and_heads() -> None:
    assert target_key(DISTANCE) == target_key(replace(DISTANCE, clipmin=0.3, mask_distances=False))
    assert target_key(DISTANCE) != target_key(replace(DISTANCE, scale_factor=31))
    nearest = AffinitiesPredictor([[1, 0, 0]], lsds=False)
    assert target_key(nearest) == target_key(replace(nearest, mask_pairs=False))
    assert target_key(nearest) != target_key(replace(nearest, background_as_object=True))
