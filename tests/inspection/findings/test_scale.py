"""Checks of lengths."""

from __future__ import annotations

import numpy as np
import pytest

from predictor_inspector.core import Array
from predictor_inspector.core.about import About
from predictor_inspector.inspection import inspect
from predictor_inspector.inspection.findings import find
from predictor_inspector.inspection.findings.scale import half_thickness

from .volumes import affinities, array, cells, distance, found, tissue, voxels


def test_what_a_file_leaves_open_of_its_voxel_size_is_a_warning_once() -> None:
    gt, about = array(cells()), About(doubts=("no voxel size for z, taken to be that of y, 10 nm",))
    doubtful = gt.like(gt.data, gt.axis_names, about=about)
    assert found(distance(), gt, "voxel-size-doubtful") == []
    (finding,) = found(distance(), doubtful, "voxel-size-doubtful", mask=doubtful)
    assert finding.severity == "warning"
    assert finding.message == f"The geometry of the ground truth is doubtful: {about.doubts[0]}."
    mask = gt.like(np.ones_like(cells()), gt.axis_names, about=About(doubts=("voxel sizes without a unit",)))
    (finding,) = found(distance(), gt, "voxel-size-doubtful", mask=mask)
    assert "of the mask is doubtful: voxel sizes without a unit" in finding.message


@pytest.mark.parametrize("scale_factor", [20, 50, 100])
def test_scale_factors_like_the_radius_are_fine(scale_factor: float) -> None:
    for labels in (cells(), tissue()):
        predictor = distance(scale_factor=scale_factor)
        assert found(predictor, array(labels), "scale-saturated") == []
        assert found(predictor, array(labels), "scale-flat") == []


@pytest.mark.parametrize("scale_factor", [1, 5])
def test_small_scale_factors_saturate(scale_factor: float) -> None:
    gt = array(cells())
    (finding,) = found(distance(scale_factor=scale_factor), gt, "scale-saturated")
    assert (finding.severity, finding.channels) == ("warning", ("cells",))
    np.testing.assert_array_equal(voxels(finding, gt), cells() > 0)
    assert sum(finding.numbers["histogram"]) == pytest.approx(1)


def test_a_scale_factor_of_a_voxel_is_small_for_thick_objects_but_not_for_thin_ones() -> None:
    thick, thin = cells((44, 44, 44), radius=10, pitch=22), cells(radius=3, pitch=9)
    (finding,) = found(distance(scale_factor=10), array(thick), "scale-saturated")
    assert finding.severity == "warning"
    assert 0.4 < finding.numbers["above_0.95"] < 2 / 3
    assert found(distance(scale_factor=10), array(thin), "scale-saturated") == []
    assert found(distance(scale_factor=20), array(thick), "scale-saturated") == []


@pytest.mark.parametrize("scale_factor", [300, 5000])
def test_large_scale_factors_are_flat_and_a_better_one_is_named(scale_factor: float) -> None:
    gt = array(cells())
    (finding,) = found(distance(scale_factor=scale_factor), gt, "scale-flat")
    assert finding.severity == "warning"
    advised = float(finding.advice.removeprefix("Try ").removesuffix(" nm."))
    assert advised == pytest.approx(0.75 * 70, rel=0.2)
    assert found(distance(scale_factor=advised), gt, "scale-flat") == []


def test_half_thickness_is_a_cylinders_radius() -> None:
    y, x = np.indices((201, 201)) - 100
    inside = 80 - np.hypot(y, x)
    assert half_thickness(inside[inside > 0]) == pytest.approx(80, rel=0.02)


@pytest.mark.parametrize(("num_voxels", "kind"), [(1, "sigma-too-small"), (40, "sigma-too-large")])
def test_windows_far_from_the_size_of_objects_are_a_warning(num_voxels: int, kind: str) -> None:
    labels = cells((64, 64, 64), 12, 30)
    gt = array(labels)
    (finding,) = found(affinities(lsds=True, num_voxels=num_voxels), gt, kind)
    assert finding.severity == "warning"
    assert finding.channels[0] == "lsd mean offset z"
    np.testing.assert_array_equal(voxels(finding, gt), labels > 0)
    assert f"num voxels = {round(0.75 * 12 / 2)}" in finding.advice


@pytest.mark.parametrize("num_voxels", [3, 6, 10])
def test_windows_like_the_objects_are_fine(num_voxels: int) -> None:
    for labels in (cells(), tissue()):
        inspection = inspect(affinities(lsds=True, num_voxels=num_voxels), array(labels), device="cpu")
        assert find(inspection, only=["sigma-too-small", "sigma-too-large"]) == ()


def test_a_window_of_hundreds_of_small_voxels_is_a_warning_and_a_shorter_one_is_not() -> None:
    gt = Array(tissue((10, 64, 64)), (40, 4, 4))
    (finding,) = found(affinities(lsds=True, num_voxels=10), gt, "window-anisotropic")
    assert (finding.severity, finding.numbers["window"]) == ("warning", [61, 601, 601])
    # A window wider than a small crop is the context's matter.
    for short in (1, 2):
        (finding,) = found(affinities(lsds=True, num_voxels=short), gt, "window-anisotropic")
        assert finding.severity == "info"


def test_even_voxels_and_other_predictors_have_no_uneven_windows() -> None:
    assert found(affinities(lsds=True, num_voxels=3), array(cells()), "window-anisotropic") == []
    assert found(affinities(), Array(tissue((10, 64, 64)), (40, 4, 4)), "window-anisotropic") == []


def test_a_region_without_boundaries_says_nothing_about_the_scale() -> None:
    gt = array(np.ones((20, 20, 20), np.uint8))
    assert found(distance(), gt, "scale-saturated") == []


def test_an_offset_longer_than_objects_is_a_warning_and_shorter_ones_are_fine() -> None:
    gt = array(cells())
    (finding,) = found(affinities(neighborhood=[[0, 0, 7], [0, 16, 0]]), gt, "offset-too-long")
    assert (finding.severity, finding.channels, finding.numbers["positive"]) == ("warning", ("aff y+16",), 0)


def test_an_offset_longer_than_the_data_is_an_error() -> None:
    gt = array(cells())
    (finding,) = found(affinities(neighborhood=[[0, 0, 1], [-40, 0, 0]]), gt, "offset-too-long")
    assert (finding.severity, finding.channels) == ("error", ("aff z-40",))
