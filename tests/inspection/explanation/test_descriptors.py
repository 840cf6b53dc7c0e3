"""Local shape descriptors are retraced from the definition, and what is drawn is what was summed over."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from predictor_inspector.core import AffinitiesPredictor, Array
from predictor_inspector.data import open_array
from predictor_inspector.inspection import inspect
from predictor_inspector.inspection.explanation import Arrow, BoxMark, Ellipsoid, VoxelMark, explain
from predictor_inspector.inspection.explanation.descriptors import local_shape
from tests.core import oracles
from tests.core.strategies import SEEDS, blocks, shapes


@given(st.data())
def test_the_local_shape_is_that_of_the_definition(data: Any) -> None:
    shape = data.draw(shapes(longest=8))
    labels = blocks(data.draw(SEEDS), shape, 4, 3)
    sizes = np.array([data.draw(st.sampled_from([1.0, 2.5, 4.0])) for _ in shape])
    sigma, step = data.draw(st.sampled_from([1.0, 3.0, 8.0])), data.draw(st.integers(1, 3))
    phase = tuple(data.draw(st.integers(0, step - 1)) for _ in shape)
    expected = oracles.shape_descriptors(labels, sigma, sizes, step, phase, np.ones(shape, bool))
    dims = labels.ndim
    for p in np.ndindex(shape):
        found = local_shape(labels.__getitem__, shape, p, sigma, sizes, step, phase)
        assert found.size == pytest.approx(expected[(-1, *p)], abs=1e-12)
        np.testing.assert_allclose(np.clip(found.mean / sigma / 2 + 0.5, 0, 1), expected[(slice(dims), *p)], atol=1e-9)
        np.testing.assert_allclose(
            np.clip(found.variance / sigma**2, 0, 1), expected[(slice(dims, 2 * dims), *p)], atol=1e-9
        )


def test_the_window_the_object_and_its_ellipsoid_are_drawn() -> None:
    labels = np.zeros((21, 21), np.uint8)
    labels[8:14, 3:18] = 5
    gt = Array(labels, (4, 4), (40, -8))
    predictor = AffinitiesPredictor([[0, 1]], num_voxels=2)
    found = explain(inspect(predictor, gt, device="cpu"), 1, (9, 10))
    at = np.array([40 + 9.5 * 4, -8 + 10.5 * 4])
    window = next(m for m in found.marks if isinstance(m, BoxMark) and m.meaning == "window")
    np.testing.assert_allclose(window.begin, at - 6.5 * 4)
    np.testing.assert_allclose(window.end, at + 6.5 * 4)
    (part,) = [m for m in found.marks if isinstance(m, VoxelMark)]
    inside = gt.roi.intersect(part.mask.roi)
    assert inside == part.mask.roi
    assert (part.mask.numpy() == (gt[inside].data == 5)).all()
    assert part.mask.numpy().sum() == 6 * 13
    (arrow,) = [m for m in found.marks if isinstance(m, Arrow)]
    np.testing.assert_allclose(arrow.begin, at)
    sphere, spread = (m for m in found.marks if isinstance(m, Ellipsoid))
    np.testing.assert_allclose(sphere.covariance, np.eye(2) * 64)
    assert spread.centre == arrow.end
    # The object is longer along x, and so is what is left of the window in it.
    assert spread.covariance[1][1] > spread.covariance[0][0]
    assert found.value == pytest.approx((arrow.end[0] - at[0]) / 8 / 2 + 0.5, abs=1e-5)


def test_with_downsampling_the_samples_are_drawn_where_they_are_taken() -> None:
    labels = np.ones((12, 12), np.uint8)
    gt = Array(labels, (1, 1), (1, 2))
    predictor = AffinitiesPredictor([[0, 1]], num_voxels=2, downsample_lsds=3)
    found = explain(inspect(predictor, gt, device="cpu"), 1, (5, 5))
    (part,) = [m for m in found.marks if isinstance(m, VoxelMark)]
    assert tuple(part.mask.voxel_size) == (3, 3)
    # Groups are counted from the world's origin.
    assert all(o % 3 == 0 for o in part.mask.offset)
    assert "every 3th voxel" not in " ".join(found.why_value.steps)
    assert "every 3rd voxel (downsample LSDs)" in " ".join(found.why_value.steps)


def test_background_has_no_shape() -> None:
    gt = Array(np.zeros((6, 6), np.uint8), (1, 1))
    found = explain(inspect(AffinitiesPredictor([[0, 1]], num_voxels=1), gt, device="cpu"), 2, (3, 3))
    assert found.why_value.sentence == "0, because the voxel is background (id 0), which has no shape."
    assert not any(isinstance(m, VoxelMark) for m in found.marks)


@pytest.mark.parametrize("downsample", [1, 2])
def test_real_descriptors_are_retraced(real_data: Path, downsample: int) -> None:
    gt = open_array(real_data / "medulla.ome.zarr", "labels/neurons")
    roi = gt.roi_of((slice(40, 41), slice(26, 86), slice(26, 86)))
    predictor = AffinitiesPredictor([[1, 0, 0]], num_voxels=8, downsample_lsds=downsample)
    inspection = inspect(predictor, gt, roi, device="cpu")
    rng = np.random.default_rng(0)
    for _ in range(8):
        voxel = (0, *rng.integers(60, size=2))
        for channel in range(1, 11):
            found = explain(inspection, channel, voxel)
            assert found.why_value.derived == pytest.approx(found.value, abs=1e-4)
            assert found.why_weight.derived == pytest.approx(found.weight, rel=1e-5)
