"""Suggested parameters, against the findings that they are to avoid."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from predictor_inspector.core import AffinitiesPredictor, Array, DistancePredictor, DummyPredictor, OneHotPredictor
from predictor_inspector.data import open_array
from predictor_inspector.inspection import inspect
from predictor_inspector.inspection.findings import find
from predictor_inspector.inspection.findings.suggestions import LENGTHS, suggest

from .volumes import array, cells

LENGTHS_AND_SCALES = ["scale-flat", "scale-saturated", "sigma-too-large", "sigma-too-small", "offset-too-long"]


def rods(radius: int, voxel_size: tuple[int, int, int] = (10, 10, 10)) -> Array:
    """Round rods along z, apart."""
    y, x = np.indices((96, 96)) % 48 - 24
    labels = np.where(np.hypot(y, x) < radius, 1 + np.arange(96)[:, None] // 48 + 2 * (np.arange(96) // 48), 0)
    return Array(np.broadcast_to(labels, (24, 96, 96)).astype(np.uint8), voxel_size)


@pytest.mark.parametrize("radius", [6, 12, 20])
def test_scale_factor_is_the_radius_of_round_objects(radius: int) -> None:
    gt = rods(radius)
    predictor = DistancePredictor(["rods"], 1, False)
    (made,) = suggest(inspect(predictor, gt, device="cpu"))
    assert made.parameter == "scale_factor"
    assert made.value == pytest.approx(10 * radius, rel=0.15)
    assert made.reason.startswith("Objects here are about ")


@pytest.mark.parametrize("radius", [6, 12, 20])
def test_sigma_is_half_the_radius_and_offsets_stay_inside(radius: int) -> None:
    gt = rods(radius)
    predictor = AffinitiesPredictor([[1, 0, 0]], num_voxels=1)
    by_name = {s.parameter: s for s in suggest(inspect(predictor, gt, device="cpu"))}
    sigma = by_name["num_voxels"].value if "num_voxels" in by_name else 1
    assert sigma == pytest.approx(radius / 2, abs=1)
    offsets = by_name["neighborhood"].value
    assert offsets[:3] == ((1, 0, 0), (0, 1, 0), (0, 0, 1))
    longest = max(o[2] for o in offsets)
    assert longest in LENGTHS
    # Half the pairs of a disc of radius r stay inside at an offset of 0.81 r.
    assert longest <= 0.81 * radius * 1.15 < LENGTHS[LENGTHS.index(longest) + 1] * 1.3


def test_what_is_suggested_is_found_to_be_fine_and_not_suggested_again() -> None:
    gt = rods(10)
    for start in (
        DistancePredictor(["rods"], 5000, False),
        AffinitiesPredictor([[0, 40, 0], [0, 0, 1], [3, 0, 0]], num_voxels=60),
    ):
        inspection = inspect(start, gt, device="cpu")
        assert find(inspection, only=LENGTHS_AND_SCALES)
        better = replace(start, **{s.parameter: s.value for s in suggest(inspection)})
        again = inspect(better, gt, device="cpu")
        assert find(again, only=LENGTHS_AND_SCALES) == ()
        assert suggest(again) == ()


def test_thin_objects_get_two_voxels_and_anisotropic_ones_shorter_offsets_across_sections() -> None:
    gt = rods(1)
    predictor = DistancePredictor(["rods"], 1, False)
    (made,) = suggest(inspect(predictor, gt, device="cpu"))
    assert made.value == 20


def test_nothing_is_suggested_without_objects_or_without_parameters_of_length() -> None:
    empty = Array(np.zeros((12, 12, 12), np.uint8), (10, 10, 10))
    for predictor in (DistancePredictor(["rods"], 1, False), AffinitiesPredictor([[1, 0, 0]], num_voxels=1)):
        assert suggest(inspect(predictor, empty, device="cpu")) == ()
    gt = rods(8)
    for other in (DummyPredictor(2), OneHotPredictor(["bg", "rods"])):
        assert suggest(inspect(other, gt, device="cpu")) == ()


@pytest.mark.parametrize("file", ["medulla.ome.zarr", "nuclei2d_masks.tif", "nuclei3d_masks.tif"])
def test_suggestions_for_real_tissue_are_found_to_be_fine(real_data: Path, file: str) -> None:
    gt = open_array(real_data / file)
    middle = gt.roi_of([slice((n - min(n, 72)) // 2, (n + min(n, 72)) // 2) for n in gt.spatial_shape])
    nearest = [[int(a == axis) for a in range(gt.dims)] for axis in range(gt.dims)]
    for start in (DistancePredictor(["cells"], 1, False), AffinitiesPredictor(nearest, num_voxels=2)):
        made = suggest(inspect(start, gt, middle, device="cpu"))
        assert made
        better = replace(start, **{s.parameter: s.value for s in made})
        assert find(inspect(better, gt, middle, device="cpu"), only=LENGTHS_AND_SCALES) == ()


@pytest.mark.parametrize("thickness", [1, 24])
def test_suggestions_settle_at_once_whatever_context_was_read(thickness: int) -> None:
    balls = array(cells((60, 54, 54), radius=11, pitch=26))
    region = balls.roi_of([slice(13, 13 + thickness), slice(5, 49), slice(5, 49)])
    for start in (
        DistancePredictor(["cells"], 20, False),
        DistancePredictor(["cells"], 4000, False),
        AffinitiesPredictor([[1, 0, 0], [0, 27, 0]], num_voxels=1),
        AffinitiesPredictor([[1, 0, 0], [0, 0, 1]], num_voxels=30),
    ):
        predictor, applied = start, set[str]()
        while suggestions := suggest(inspect(predictor, balls, region, device="cpu")):
            assert suggestions[0].parameter not in applied
            applied.add(suggestions[0].parameter)
            predictor = replace(predictor, **{suggestions[0].parameter: suggestions[0].value})
        assert applied
