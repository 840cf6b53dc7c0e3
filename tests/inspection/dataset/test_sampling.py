"""Simulated sampling: what is seen, and where weights settle."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from predictor_inspector.data import open_dataset
from predictor_inspector.data.dataset import Crop, CropFacts, facts_of
from predictor_inspector.inspection.dataset import Plan, simulate

from ...crops import INSTANCES, Folder

STEPS = 200


def with_box(side: int = 24, size: int = 3, ids: int = 1) -> np.ndarray:
    values = np.zeros((side,) * 3, np.uint8)
    for number in range(1, ids + 1):
        values[:size, :size, 4 * number : 4 * number + size] = number
    return values


@pytest.fixture
def crops(tmp_path: Path) -> tuple[list[Crop], list[CropFacts]]:
    """Two crops with much of one class, one of which has a little of another, and a small one for validation."""
    folder = Folder(tmp_path)
    half = with_box()
    half[:, :12] = 1
    folder.crop(1, {"cyto": (half, INSTANCES), "ld": (with_box(ids=2), INSTANCES)})
    folder.crop(2, {"cyto": (half, INSTANCES), "ld": (np.zeros((24, 24, 24), np.uint8), INSTANCES)})
    folder.crop(3, {"cyto": (with_box(8), INSTANCES)}, split="validate")
    dataset = open_dataset([folder.datasplit()]).with_classes()
    return list(dataset.crops), [facts_of(crop, count=True) for crop in dataset.crops]


def test_uniform_sampling_draws_crops_alike_and_counts_what_regions_hold(
    crops: tuple[list[Crop], list[CropFacts]],
) -> None:
    draws = simulate(*crops, Plan(STEPS, size=(8, 8, 8)))
    assert sum(draws.crops.values()) == STEPS
    assert set(draws.crops) == {"jrc_x/crop1", "jrc_x/crop2"}
    assert min(draws.crops.values()) > 0.35 * STEPS
    assert draws.classes["cyto"] > 10 * draws.classes["ld"]
    (objects,) = draws.objects
    assert (objects.crop, objects.of_class, objects.objects) == ("jrc_x/crop1", "ld", 2)
    assert draws.as_dict() == simulate(*crops, Plan(STEPS, size=(8, 8, 8))).as_dict()


def test_balanced_sampling_draws_classes_alike_whole_regions_around_their_voxels(
    crops: tuple[list[Crop], list[CropFacts]],
) -> None:
    draws = simulate(*crops, Plan(STEPS, "balanced", size=(8, 8, 8)))
    assert draws.classes["ld"] > 0.35 * STEPS
    assert draws.crops["jrc_x/crop1"] > draws.crops["jrc_x/crop2"] > 0
    (objects,) = draws.objects
    assert objects.never == 0


def test_weights_are_those_of_the_counts_so_far(crops: tuple[list[Crop], list[CropFacts]]) -> None:
    draws = simulate(*crops, Plan(5, size=(24, 24, 24)))
    # Every region is a whole crop: half of it is cyto.
    voxels = 24**3 * np.arange(1, 6)
    assert np.allclose(draws.weights[:, 0, 1], 1 / (2 * (voxels / 2) / (voxels + 1)), rtol=1e-6)
    assert draws.weights.shape == (5, 2, 2)
    assert draws.positive["cyto"] == 0.5
    assert draws.settled["cyto"] == 1


def test_weights_settle_where_they_stay_near_the_last(crops: tuple[list[Crop], list[CropFacts]]) -> None:
    draws = simulate(*crops, Plan(STEPS, size=(8, 8, 8)))
    weights, after = draws.weights[:, 0], draws.settled["cyto"]
    near = np.all(np.abs(weights / weights[-1] - 1) <= 0.05, axis=1)
    assert near[after - 1 :].all()
    assert after == 1 or not near[after - 2]


def test_crops_that_regions_do_not_fit_or_that_hold_too_little_are_left_out(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    some = np.full((24, 24, 24), 255, np.uint8)
    some[:4] = 1
    annotation = {"type": "semantic_segmentation", "encoding": {"absent": 0, "present": 1, "unknown": 255}}
    folder.crop(1, {"cyto": (some, annotation)})
    folder.crop(2, {"cyto": (with_box(), INSTANCES)})
    folder.crop(3, {"cyto": (with_box(8), INSTANCES)})
    dataset = open_dataset([folder.datasplit()]).with_classes()
    facts = [facts_of(crop, count=True) for crop in dataset.crops]
    draws = simulate(dataset.crops, facts, Plan(20, "annotated", (12, 12, 12), 0.5))
    assert draws.crops == {"jrc_x/crop2": 20}
    assert "50% of 12 × 12 × 12 voxels annotated" in draws.left_out["jrc_x/crop1"]
    assert "at most the ground truth's (8, 8, 8)" in draws.left_out["jrc_x/crop3"]
    with pytest.raises(ValueError, match="no region of 99 × 99 × 99 voxels can be drawn"):
        simulate(dataset.crops, facts, Plan(20, size=(99, 99, 99)))
