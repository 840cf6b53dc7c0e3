"""StarDist's objects and rays: context, weights, lengths; the golden results hold them to StarDist's own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import distance_transform_edt

from predictor_inspector.core import Array, ArraySpec, StarDistPredictor
from predictor_inspector.core.ops import star_distances
from predictor_inspector.core.ops.star_distances import directions, ray_steps
from tests.core.predictors.test_cellpose_flows import check_whole_objects, goes_on, small_objects
from tests.core.strategies import known_voxels, label_arrays, masks


@pytest.mark.parametrize("dims", [2, 3])
@pytest.mark.parametrize("seed", range(3))
def test_objects_no_larger_than_is_said_keep_the_context_guarantee(seed: int, dims: int) -> None:
    check_whole_objects(StarDistPredictor(dims, 6, 8), seed, dims, positive=False)


@given(st.data())
def test_rays_keep_the_context_guarantee_whatever_the_size_of_objects_is(data: st.DataObject) -> None:
    gt = data.draw(label_arrays())
    predictor = StarDistPredictor(gt.dims, data.draw(st.integers(2, 4)), 7)
    roi = gt.roi_of([slice(n // 2, n // 2 + 1) for n in gt.spatial_shape])
    region = predictor.gt_region_for_roi(ArraySpec(roi, gt.voxel_size, gt.unit, gt.subdivision)).roi.intersect(gt.roi)
    part, whole = predictor.create_target(gt[region])[roi], predictor.create_target(gt)[roi]
    np.testing.assert_array_equal(part.numpy()[1:], whole.numpy()[1:])


@given(st.data())
def test_an_object_is_the_distance_to_what_is_outside_it_as_a_share_of_the_largest(data: st.DataObject) -> None:
    gt = data.draw(label_arrays())
    labels, sampling = gt.numpy(), tuple(gt.voxel_size) if gt.dims == 3 else (1, 1)
    expected = np.zeros(labels.shape)
    padded = np.pad(labels, 1) if labels.min() == labels.max() else labels
    for one in np.unique(labels[labels > 0]):
        deep = distance_transform_edt(padded == one, sampling)
        deep = deep if padded is labels else deep[(slice(1, -1),) * gt.dims]
        expected[labels == one] = (deep / (deep.max() + 1e-10))[labels == one]
    target = StarDistPredictor(gt.dims, 3, 4).create_target(gt).numpy()
    np.testing.assert_allclose(target[0], expected, rtol=1e-6)
    assert ((target[1:] > 0) == (labels > 0)).all()
    assert target.max() <= 3


@given(st.data())
def test_rays_weigh_what_their_object_is_and_cut_objects_nothing(data: st.DataObject) -> None:
    gt, cut = data.draw(label_arrays(longest=5)), data.draw(st.booleans())
    predictor = StarDistPredictor(gt.dims, 3, 5, cut)
    mask = data.draw(masks(gt, 6))
    expected, target = known_voxels(mask, gt, 6).astype(np.float32), predictor.create_target(gt)
    for channel in range(6 if cut else 0):
        open_ = goes_on(gt.numpy(), expected[channel] > 0)
        expected[channel] *= ~np.isin(gt.numpy(), list(open_))
    expected[1:] *= target.numpy()[0]
    weight, counts = predictor.create_weight(gt, target, mask, "as they are")
    np.testing.assert_array_equal(weight.numpy(), expected)
    assert counts == "as they are"


def test_rays_end_half_a_voxel_before_what_is_outside_in_2d_and_at_its_centre_in_3d() -> None:
    flat = np.zeros((9, 11), np.uint8)
    flat[2:7, 1:10] = 1
    target = StarDistPredictor(2, 20, 4).create_target(Array(flat, (1, 1))).numpy()
    np.testing.assert_allclose(target[1:, 4, 4], [5.5, 2.5, 3.5, 2.5], rtol=1e-5)
    deep = np.zeros((9, 9, 9), np.uint8)
    deep[2:7, 1:8, 1:8] = 1
    target = StarDistPredictor(3, 20, 8).create_target(Array(deep, (1, 1, 1))).numpy()
    assert list(target[[1, 8], 4, 4, 4]) == [3, 3]
    assert list(StarDistPredictor(2, 3, 4).create_target(Array(flat, (1, 1))).numpy()[1:, 4, 4]) == [2.5] * 4


def test_rays_are_spread_evenly_in_space_where_voxels_are_not_cubes() -> None:
    ways = directions(96, (40, 10, 10))
    np.testing.assert_allclose(np.linalg.norm(ways, axis=1), 1, rtol=1e-6)
    there = ways * (4, 1, 1)
    there /= np.linalg.norm(there, axis=1, keepdims=True)
    np.testing.assert_allclose(there, directions(96, (1, 1, 1)), atol=1e-6)
    np.testing.assert_array_equal(directions(5, (40, 10)), directions(5, (1, 1)))
    offsets, lengths = ray_steps(ways, 7)
    assert np.abs(offsets).max() <= 7
    assert lengths.max() <= 7


def test_where_numpy_is_not_used_torch_gives_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    for dims in (2, 3):
        gt = Array(small_objects(2, (12,) * dims), (4, 2, 2)[:dims])
        predictor = StarDistPredictor(dims, 5, 6)
        expected = predictor.create_target(gt).numpy()
        with monkeypatch.context() as patch:
            patch.setattr(star_distances, "NUMPY_DEVICES", ())
            np.testing.assert_array_equal(predictor.create_target(gt).numpy(), expected)


def test_ground_truth_with_another_number_of_axes_is_refused() -> None:
    gt: Any = Array(np.ones((3, 3, 3), np.uint8), (1, 1, 1))
    predictor = StarDistPredictor(2, 3)
    with pytest.raises(ValueError, match="dims is 2, but the ground truth has 3 spatial axes"):
        predictor.create_target(gt)
    with pytest.raises(ValueError, match="dims is 2, but target_spec has 3 spatial axes"):
        predictor.gt_region_for_roi(ArraySpec(gt.roi, gt.voxel_size))
    with pytest.raises(ValueError, match="rays must be 4 … 512, got 3"):
        StarDistPredictor(2, 3, 3)
