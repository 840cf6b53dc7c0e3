"""Cellpose's flows: context, weights, devices' independence of the region; the golden results hold them to Cellpose's own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from predictor_inspector.core import Array, ArraySpec, CellposeFlowsPredictor, Predictor
from predictor_inspector.core.ops.flows import usual_iterations
from tests.core.strategies import known_voxels, label_arrays, masks


def small_objects(seed: int, shape: tuple[int, ...], side: int = 3) -> np.ndarray:
    """Blocks of `side` voxels, each an object of its own or background, some joined with the next along the last axis."""
    rng = np.random.default_rng(seed)
    blocks = rng.permutation(np.prod([n // side for n in shape])).reshape([n // side for n in shape]) + 1
    blocks[..., 1::2] = np.where(rng.random(blocks[..., 1::2].shape) < 0.5, blocks[..., 0::2], blocks[..., 1::2])
    blocks[rng.random(blocks.shape) < 0.2] = 0
    for axis in range(len(shape)):
        blocks = blocks.repeat(side, axis)
    blocks[rng.random(blocks.shape) < 0.1] = 0
    return blocks


def check_whole_objects(predictor: Predictor, seed: int, dims: int, positive: bool = True) -> None:
    """A small ROI's target and weight from the declared region are those of everything, if objects are as small as is said.

    `positive` says that all weights are.
    """
    gt = Array(
        small_objects(seed, (36,) * dims if dims == 2 else (24,) * dims), (4,) * dims, (8,) * dims, subdivision=2
    )
    begin = gt.spatial_shape[0] // 2
    roi = gt.roi_of([slice(begin, begin + 3)] * dims)
    region = predictor.gt_region_for_roi(ArraySpec(roi, gt.voxel_size, gt.unit, gt.subdivision)).roi
    assert gt.roi.contains(region)
    part, whole = predictor.create_target(gt[region]), predictor.create_target(gt)
    np.testing.assert_array_equal(part[roi].numpy(), whole[roi].numpy())
    weights = [predictor.create_weight(g, t[roi])[0].numpy() for g, t in ((gt[region], part), (gt, whole))]
    np.testing.assert_array_equal(*weights)
    assert weights[0].all() if positive else weights[0].any()


@pytest.mark.parametrize("dims", [2, 3])
@pytest.mark.parametrize("seed", range(4))
def test_flows_of_objects_no_larger_than_is_said_keep_the_context_guarantee(seed: int, dims: int) -> None:
    check_whole_objects(CellposeFlowsPredictor(dims, 12.0, iterations=20), seed, dims)


@given(st.data())
def test_flows_are_unit_vectors_on_objects_and_nothing_on_background(data: st.DataObject) -> None:
    gt = data.draw(label_arrays())
    target = CellposeFlowsPredictor(gt.dims, 1.0, 15).create_target(gt).numpy()
    length = np.linalg.norm(target[:-1], axis=0)
    np.testing.assert_array_equal(target[-1], gt.numpy() > 0)
    assert (length[gt.numpy() == 0] == 0).all()
    assert (np.isclose(length, 1, atol=1e-5) | (length < 1e-5)).all()


def goes_on(labels: np.ndarray, known: np.ndarray) -> set[int]:
    """The ids of objects that touch what isn't known, or lies outside."""
    found = set()
    padded = np.pad(known, 1)
    for p in np.argwhere(labels > 0):
        if not padded[tuple(slice(i, i + 3) for i in p)].all():
            found.add(int(labels[tuple(p)]))
    return found


@given(st.data())
def test_flows_have_weight_where_neither_their_object_nor_one_beside_it_may_go_on(data: st.DataObject) -> None:
    gt, cut = data.draw(label_arrays(longest=5)), data.draw(st.booleans())
    predictor = CellposeFlowsPredictor(gt.dims, 1.0, 3, cut)
    mask = data.draw(masks(gt, gt.dims + 1))
    known = known_voxels(mask, gt, gt.dims + 1)
    expected, labels = known.copy(), gt.numpy()
    for channel in range(gt.dims if cut else 0):
        open_ = goes_on(labels, known[channel])
        for p in np.argwhere(labels > 0):
            near = [p, *(p + s * np.eye(gt.dims, dtype=int)[a] for a in range(gt.dims) for s in (1, -1))]
            inside = [q for q in near if ((q >= 0) & (q < labels.shape)).all()]
            expected[(channel, *p)] &= not any(int(labels[tuple(q)]) in open_ for q in inside)
    weight, counts = predictor.create_weight(gt, predictor.create_target(gt), mask, "as they are")
    np.testing.assert_array_equal(weight.numpy(), expected)
    assert counts == "as they are"


def test_iterations_are_those_that_cellpose_has_for_an_object_of_the_largest_diameter() -> None:
    # Cellpose 4: twice the box's height and width with 1 each; in 3-D six times its sides with 1 each.
    assert usual_iterations((24, 30)) == 2 * (24 + 1 + 30 + 1)
    assert usual_iterations((10, 24, 30)) == 6 * (10 + 1 + 24 + 1 + 30 + 1)
    gt = Array(small_objects(1, (12, 12)), (5, 5))
    given_, by_size = (CellposeFlowsPredictor(2, 30.0, n) for n in (28, None))
    np.testing.assert_array_equal(given_.create_target(gt).numpy(), by_size.create_target(gt).numpy())


def test_flows_along_other_axes_than_those_of_the_ground_truth_are_refused() -> None:
    gt: Any = Array(np.ones((3, 3, 3), np.uint8), (1, 1, 1))
    predictor = CellposeFlowsPredictor(2, 3.0)
    with pytest.raises(ValueError, match="dims is 2, but the ground truth has 3 spatial axes"):
        predictor.create_target(gt)
    with pytest.raises(ValueError, match="dims is 2, but target_spec has 3 spatial axes"):
        predictor.gt_region_for_roi(ArraySpec(gt.roi, gt.voxel_size))
    with pytest.raises(ValueError, match="dims must be 2 … 3, got 4"):
        CellposeFlowsPredictor(4, 3.0)
