"""Local shape descriptors against sums over all voxels in float64."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from predictor_inspector.core import AffinitiesPredictor, Array
from predictor_inspector.core.ops import shape_descriptors as module
from predictor_inspector.core.ops.shape_descriptors import bounding_boxes, descriptor_count, shape_descriptors
from tests.core import oracles
from tests.core.strategies import SEEDS, blocks, label_arrays, shapes


def descriptors_of(gt: Array, num_voxels: int, **parameters: object) -> np.ndarray:
    predictor = AffinitiesPredictor([(1,) * gt.dims], num_voxels=num_voxels, **parameters)
    return predictor.create_target(gt).numpy()[1:]


def expected_of(gt: Array, num_voxels: int, downsample: int = 1, background_as_object: bool = False) -> np.ndarray:
    phase = [o // v % downsample for o, v in zip(gt.offset, gt.voxel_size, strict=True)]
    sigma = num_voxels * max(gt.physical_voxel_size)
    objects = np.ones(gt.shape, bool) if background_as_object else None
    return oracles.shape_descriptors(gt.numpy(), sigma, gt.physical_voxel_size, downsample, phase, objects)


@given(label_arrays(longest=6), st.integers(1, 4), st.integers(1, 3), st.booleans())
def test_descriptors_are_the_statistics_of_the_object_in_the_window(
    gt: Array, num_voxels: int, downsample: int, background: bool
) -> None:
    actual = descriptors_of(gt, num_voxels, downsample_lsds=downsample, background_as_object=background)
    np.testing.assert_allclose(actual, expected_of(gt, num_voxels, downsample, background), atol=1e-5)
    assert actual.dtype == np.float32


@pytest.mark.parametrize("dims", [2, 3])
def test_descriptors_do_not_depend_on_where_the_volume_lies(dims: int) -> None:
    labels = blocks(3, (8,) * dims, side=3)
    here = Array(labels, (40, 4, 5)[:dims])
    far = Array(labels, (40, 4, 5)[:dims], offset=(40 * 10**9, -4 * 10**9, 5 * 10**8)[:dims])
    for downsample in (1, 2):
        np.testing.assert_array_equal(
            descriptors_of(here, 3, downsample_lsds=downsample), descriptors_of(far, 3, downsample_lsds=downsample)
        )


@given(shapes(longest=9), SEEDS)
def test_tiles_give_what_the_whole_gives(shape: tuple[int, ...], seed: int) -> None:
    labels = torch.from_numpy(blocks(seed, shape, side=4))
    whole = shape_descriptors(labels, 2.0, (1.0,) * labels.ndim)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "TILE", 3)
        tiled = shape_descriptors(labels, 2.0, (1.0,) * labels.ndim)
    torch.testing.assert_close(tiled, whole, atol=5e-6, rtol=0)


def test_background_has_no_descriptors_and_objects_lie_between_0_and_1() -> None:
    labels = blocks(5, (10, 10), side=4)
    values = descriptors_of(Array(labels, (3, 7)), 2)
    assert (values[:, labels == 0] == 0).all()
    assert 0 <= values.min() <= values.max() <= 1
    assert len(values) == descriptor_count(2) == 6
    assert descriptor_count(3) == 10


def test_a_full_window_has_size_1_no_offset_and_no_correlation() -> None:
    gt = Array(np.ones((41, 41), np.uint8), (1, 1))
    offset_y, offset_x, _, _, pearson, size = descriptors_of(gt, 5)[:, 20, 20]
    np.testing.assert_allclose([offset_y, offset_x, pearson, size], [0.5, 0.5, 0.5, 1], atol=1e-6)


def test_the_offset_points_to_the_objects_middle() -> None:
    labels = np.zeros((1, 30), np.uint8)
    labels[0, 10:20] = 1
    offset_x = descriptors_of(Array(labels, (1, 1)), 10)[1, 0]
    assert offset_x[10] > 0.5 > offset_x[19]


def test_thin_objects_have_descriptors_as_exact_as_thick_ones() -> None:
    labels = np.zeros((12, 12, 12), np.int64)
    labels[6] = 1
    labels[:, 3, 4] = 2
    for d in range(12):
        labels[d, d, d] = 3
    gt = Array(labels, (40, 4, 4))
    np.testing.assert_allclose(descriptors_of(gt, 2), expected_of(gt, 2), atol=1e-5)


@given(shapes(longest=6), SEEDS, st.sampled_from([1, 1 << 23, 1 << 25, 1 << 62]))
def test_bounding_boxes_hold_each_object_tightly(shape: tuple[int, ...], seed: int, factor: int) -> None:
    labels = blocks(seed, shape, ids=2) * factor
    ids, boxes = bounding_boxes(torch.from_numpy(labels))
    assert ids.tolist() == [i for i in np.unique(labels) if i]
    for label, box in zip(ids.tolist(), boxes.tolist(), strict=True):
        places = np.argwhere(labels == label)
        assert box == np.stack([places.min(0), places.max(0) + 1], axis=1).tolist()


def test_no_voxels_have_no_bounding_boxes() -> None:
    ids, boxes = bounding_boxes(torch.zeros((0, 3), dtype=torch.int64))
    assert len(ids) == 0
    assert boxes.shape == (0, 2, 2)
