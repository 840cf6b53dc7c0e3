"""What a predictor can't work with is refused in a sentence that names it, what it got and what it needs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from funlib.geometry import Roi

from predictor_inspector.core import (
    AffinitiesPredictor,
    Array,
    DistancePredictor,
    DummyPredictor,
    EmbeddingArray,
    HotDistancePredictor,
    InnerDistancePredictor,
    OneHotPredictor,
    Predictor,
)

AFFINITIES = AffinitiesPredictor([[0, 1]], lsds=False)
DISTANCE = DistancePredictor(["a", "b"], 10, True)
OBJECTS = Array(np.ones((4, 4), np.uint8), (2, 2))
CHANNELS = Array(np.ones((2, 4, 4), np.uint8), (2, 2))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: AffinitiesPredictor([]), "neighborhood must have at least one offset, got none"),
        (lambda: AffinitiesPredictor([[1, 0], [1, 0, 0]]), r"offsets of one dimension, got lengths \[2, 3\]"),
        (lambda: AffinitiesPredictor([[]], lsds=False), r"offsets of one dimension, got lengths \[0\]"),
        (lambda: AffinitiesPredictor([[0.5, 1]]), r"neighborhood\[0\] must hold whole numbers, got 0.5"),
        (lambda: AffinitiesPredictor([1, 0, 0]), r"neighborhood\[0\] must be a sequence of whole numbers, got 1"),
        (lambda: AffinitiesPredictor([[1]]), "lsds exist in 2-D and 3-D, but the neighborhood has 1 dimensions"),
        (lambda: AffinitiesPredictor([[0, 1]], lsds="no"), "lsds must be True or False, got 'no'"),
        (lambda: AffinitiesPredictor([[0, 1]], num_voxels=0), "num_voxels must be 1 … 1000, got 0"),
        (lambda: AffinitiesPredictor([[0, 1]], num_voxels=2.5), "num_voxels must be a whole number, got 2.5"),
        (lambda: AffinitiesPredictor([[0, 1]], downsample_lsds=0), "downsample_lsds must be 1 … 64, got 0"),
        (
            lambda: AffinitiesPredictor([[0, 1]], grow_boundary_iterations=-1),
            "grow_boundary_iterations must be 0 … 100",
        ),
        (
            lambda: AffinitiesPredictor([[0, 1]], affs_weight_clipmin=0.9, affs_weight_clipmax=0.1),
            "affs_weight_clipmin must not exceed affs_weight_clipmax, got 0.9 > 0.1",
        ),
        (
            lambda: AffinitiesPredictor([[0, 1]], lsd_weight_clipmin=0.96),
            "lsd_weight_clipmin must not exceed lsd_weight_clipmax, got 0.96 > 0.95",
        ),
        (
            lambda: AffinitiesPredictor([[0, 1]], affs_weight_clipmin=0.0),
            "affs_weight_clipmin must be 0 < … < 1, got 0.0",
        ),
        (lambda: DistancePredictor([], 1, True), r"channels must be a list of at least one name, got \[\]"),
        (lambda: DistancePredictor("abc", 1, True), "channels must be a list of at least one name, got 'abc'"),
        (lambda: DistancePredictor(["a"], 0, True), "scale_factor must be > 0, got 0"),
        (lambda: DistancePredictor(["a"], -5.0, True), "scale_factor must be > 0, got -5.0"),
        (lambda: DistancePredictor(["a"], float("inf"), True), "scale_factor must be a number > 0, got inf"),
        (lambda: DistancePredictor(["a"], float("nan"), True), "scale_factor must be a number > 0, got nan"),
        (lambda: DistancePredictor(["a"], "10", True), "scale_factor must be a number > 0, got '10'"),
        (lambda: DistancePredictor(["a"], True, True), "scale_factor must be a number > 0, got True"),
        (lambda: DistancePredictor(["a"], 1, 1), "mask_distances must be True or False, got 1"),
        (lambda: DistancePredictor(["a"], 1, True, 0.5, 0.4), "clipmin must not exceed clipmax, got 0.5 > 0.4"),
        (
            lambda: InnerDistancePredictor(["a"], 1, context_tolerance=0.0),
            "context_tolerance must be 0 < … < 1, got 0.0",
        ),
        (
            lambda: InnerDistancePredictor(["a"], 1, context_tolerance=1.0),
            "context_tolerance must be 0 < … < 1, got 1.0",
        ),
        (lambda: HotDistancePredictor(["a"], 1, True, threshold=1.5), "threshold must be 0 … 1, got 1.5"),
        (lambda: HotDistancePredictor(["a"], 1, True, epsilon=-0.1), "epsilon must be 0 … 1, got -0.1"),
        (lambda: HotDistancePredictor(["a"], 1, True, kernel_size=0), "kernel_size must be 1 … 31, got 0"),
        (lambda: OneHotPredictor([]), r"classes must be a list of at least one name, got \[\]"),
        (lambda: OneHotPredictor("abc"), "classes must be a list of at least one name, got 'abc'"),
        (lambda: DummyPredictor(0), "embedding_dims must be 1 … 1024, got 0"),
        (lambda: EmbeddingArray(3, ["a"]), "names must be 3, one per embedding dimension, got 1"),
    ],
)
def test_parameters_that_make_no_sense_are_refused(make: Callable[[], Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    ("predictor", "gt", "message"),
    [
        (AFFINITIES, Array(np.ones((2, 2, 2), int), (1, 1, 1)), "offsets of 2 numbers, but gt has 3 spatial axes"),
        (
            AFFINITIES,
            CHANNELS,
            "AffinitiesPredictor needs ground truth with one id per voxel and no channel axis, got .*2",
        ),
        (OneHotPredictor(["a"]), CHANNELS, "OneHotPredictor needs ground truth with one id per voxel"),
        (DISTANCE, OBJECTS, "DistancePredictor has 2 channels, but the ground truth has 1: its axes are"),
        (DISTANCE, Array(np.ones((3, 4, 4), int), (1, 1)), "has 2 channels, but the ground truth has 3"),
        (DISTANCE, Array(np.ones((1, 2, 4, 4), int), (1, 1)), "the ground truth has 2 channel axes"),
        (DistancePredictor(["a"], 1, True), Array(np.ones((2,) * 4, int), (1,) * 4), "distances exist for 1 to 3 axes"),
        (AFFINITIES, Array(np.ones((4, 4)), (1, 1)), "gt must hold integer ids, but its type is float64"),
        (AFFINITIES, Array(np.array([[-1, 2]]), (1, 1)), "gt must not hold negative ids, but its smallest is -1"),
        (AFFINITIES, Array(np.ones((0, 4), int), (1, 1)), r"gt is empty: its shape is \(0, 4\)"),
        (DISTANCE, Array(np.ones((2, 0, 4), int), (1, 1)), r"gt is empty: its shape is \(2, 0, 4\)"),
        (InnerDistancePredictor(["a"], 1), Array(np.ones((4, 4), "f2"), (1, 1)), "gt must hold integer ids.*float16"),
    ],
)
def test_ground_truth_that_does_not_fit_is_refused(predictor: Predictor, gt: Array, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        predictor.create_target(gt)


@pytest.mark.parametrize(
    "predictor",
    [
        AFFINITIES,
        DistancePredictor(["a"], 10, True),
        HotDistancePredictor(["a"], 10, True),
        InnerDistancePredictor(["a"], 10),
        OneHotPredictor(["a"]),
    ],
    ids=lambda p: type(p).__name__,
)
class TestEveryPredictor:
    def test_refuses_a_target_of_other_channels(self, predictor: Predictor) -> None:
        target = OBJECTS.like(torch.zeros(7, 4, 4))
        with pytest.raises(
            ValueError, match=rf"target must have one channel axis of length {len(predictor.channel_names)}"
        ):
            predictor.create_weight(OBJECTS, target)

    def test_refuses_a_mask_on_another_grid(self, predictor: Predictor) -> None:
        target = predictor.create_target(OBJECTS)
        for mask, message in (
            (Array(OBJECTS.data, (4, 4)), "mask must have the voxel size of the ground truth, .* nm, got .* nm"),
            (Array(OBJECTS.data, (2, 2), unit="um"), r"mask must have the voxel size .* nm, got \(2.0, 2.0\) um"),
            (
                Array(OBJECTS.data, (2, 2), (1, 0)),
                r"mask must lie on the voxel grid of the ground truth.*starts at \(1, 0\)",
            ),
            (Array(np.ones(4), (2,)), "mask must have the voxel size of the ground truth"),
        ):
            with pytest.raises(ValueError, match=message):
                predictor.create_weight(OBJECTS, target, mask)

    def test_refuses_a_mask_of_other_channels(self, predictor: Predictor) -> None:
        target = predictor.create_target(OBJECTS)
        for shape in ((5, 4, 4), (1, 1, 4, 4)):
            with pytest.raises(ValueError, match="mask must have no channel axis, or one of length 1 or "):
                predictor.create_weight(OBJECTS, target, OBJECTS.like(np.ones(shape)))

    def test_refuses_rois_that_it_cannot_answer_for(self, predictor: Predictor) -> None:
        for roi, message in (
            (Roi((0, 0), (10, 4)), r"roi \[0:10, 0:4\] reaches beyond the ground truth, which covers \[0:8, 0:8\]"),
            (Roi((1, 0), (2, 2)), r"roi \[1:3, 0:2\] doesn't lie on the voxel grid"),
            (Roi((0, 0), (0, 2)), r"roi \[0:0, 0:2\] is empty"),
            (Roi((0,), (2,)), "roi has 1 dimensions, but the array has 2"),
        ):
            with pytest.raises(ValueError, match=message):
                predictor.target_in(OBJECTS, roi)

    def test_refuses_a_target_beyond_the_ground_truth(self, predictor: Predictor) -> None:
        target = predictor.create_target(OBJECTS)
        smaller = OBJECTS[Roi((0, 0), (4, 4))]
        with pytest.raises(ValueError, match=r"target.roi \[0:8, 0:8\] reaches beyond the ground truth"):
            predictor.create_weight(smaller, target)

    def test_refuses_voxels_without_size(self, predictor: Predictor) -> None:
        with pytest.raises(ValueError, match="voxel_size must be positive on every axis"):
            predictor.padding((2, 0))
