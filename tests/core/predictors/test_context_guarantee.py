"""The context guarantee: more ground truth than a predictor asks for changes nothing that matters."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from funlib.geometry import Coordinate
from hypothesis import given
from hypothesis import strategies as st

from predictor_inspector.core import (
    AffinitiesPredictor,
    Array,
    ArraySpec,
    BoundaryPredictor,
    DistancePredictor,
    DummyPredictor,
    HotDistancePredictor,
    InnerDistancePredictor,
    OneHotPredictor,
    Predictor,
)
from tests.core.strategies import SEEDS, affinities_predictors, blocks, label_arrays, parts, predictors

ROUNDING = 5e-6


def check_guarantee(predictor: Predictor, seed: int, world: dict[str, Any], side: int = 3) -> None:
    """Compare a tiny ROI's target from the declared region with that from twice as much."""
    voxel_size = Coordinate(world["voxel_size"])
    dims = voxel_size.dims
    padding = predictor.padding(voxel_size, world.get("subdivision", 1)) // voxel_size
    margin = padding * 2 + Coordinate((3,) * dims)
    roi_shape = Coordinate((2,) * dims)
    labels = blocks(seed, tuple(margin * 2 + roi_shape), ids=3, side=side)
    gt = Array(labels, **world)
    roi = gt.roi_of([slice(m, m + n) for m, n in zip(margin, roi_shape, strict=True)])
    spec = ArraySpec(roi, gt.voxel_size, gt.unit, gt.subdivision)
    declared = predictor.create_target(gt[predictor.gt_region_for_roi(spec).roi])[roi]
    unlimited = predictor.create_target(gt)[roi]
    np.testing.assert_allclose(
        declared.numpy(),
        unlimited.numpy(),
        atol=predictor.context_tolerance + ROUNDING * (predictor.context_tolerance > 0),
    )


@given(st.data())
def test_affinities_and_descriptors_keep_it(data: st.DataObject) -> None:
    dims = data.draw(st.sampled_from([2, 2, 3]))
    predictor = data.draw(affinities_predictors(dims))
    sizes = st.sampled_from([(1, 1, 1), (4, 1, 1), (524, 400, 400), (1, 2, 3)] if dims == 2 else [(1, 1, 1), (3, 2, 2)])
    voxel_size = data.draw(sizes)[:dims]
    offset = data.draw(st.tuples(*[st.integers(-9, 9)] * dims))
    world = {"voxel_size": voxel_size, "offset": offset, "subdivision": 100}
    check_guarantee(predictor, data.draw(SEEDS), world, side=data.draw(st.sampled_from([2, 5, 20])))


@given(st.data())
def test_distances_keep_it(data: st.DataObject) -> None:
    dims = data.draw(st.sampled_from([2, 3]))
    tolerance = data.draw(st.sampled_from([0.01, 0.1, 0.3]))
    scale_factor = data.draw(st.sampled_from([0.5, 2.0, 3.3] if dims == 2 else [0.5, 1.7]))
    cls = data.draw(st.sampled_from([DistancePredictor, HotDistancePredictor, InnerDistancePredictor]))
    masked = {} if cls is InnerDistancePredictor else {"mask_distances": data.draw(st.booleans())}
    predictor = cls(["a"], scale_factor, context_tolerance=tolerance, **masked)
    voxel_size = data.draw(st.sampled_from([(10, 10, 10), (40, 10, 10), (7, 10, 13)]))[:dims]
    world = {"voxel_size": voxel_size, "offset": (3,) * dims, "subdivision": 10}
    check_guarantee(predictor, data.draw(SEEDS), world, side=data.draw(st.sampled_from([3, 8, 30])))


@pytest.mark.parametrize("far", [5, 6, 7, 8, 9, 10])
def test_a_boundary_just_outside_the_context_moves_a_distance_by_less_than_the_tolerance(far: int) -> None:
    predictor = DistancePredictor(["a"], 2.0, False, context_tolerance=0.01)
    gt = Array((np.arange(40) < 20 + far)[None].astype(np.uint8), (1, 1))
    roi = gt.roi_of([slice(0, 1), slice(20, 21)])
    region = predictor.gt_region_for_roi(ArraySpec(roi, gt.voxel_size)).roi.intersect(gt.roi)
    declared, unlimited = predictor.create_target(gt[region])[roi], predictor.create_target(gt)[roi]
    assert abs(declared.numpy() - unlimited.numpy()).item() <= 0.01 + ROUNDING


@pytest.mark.parametrize(
    "predictor",
    [
        OneHotPredictor(["a", "b"]),
        DummyPredictor(2),
        BoundaryPredictor((3, 1), "outer", "corners"),
        BoundaryPredictor(2, "inner", "faces", foreground=True),
        AffinitiesPredictor([[-7, 0], [0, -30], [25, 25]], lsds=False),
        AffinitiesPredictor([[-1, 0]], num_voxels=4, downsample_lsds=4, grow_boundary_iterations=5),
        AffinitiesPredictor([[-1, 9]], num_voxels=2, downsample_lsds=3, background_as_object=True),
    ],
    ids=repr,
)
@pytest.mark.parametrize("seed", range(4))
def test_other_predictors_and_long_offsets_keep_it(predictor: Predictor, seed: int) -> None:
    check_guarantee(predictor, seed, {"voxel_size": (3, 2), "offset": (seed, -seed)}, side=11)


def test_affinities_and_one_hot_keep_it_exactly() -> None:
    assert AffinitiesPredictor([[1, 0]], lsds=False).context_tolerance == 0
    assert AffinitiesPredictor([[1, 0]]).context_tolerance == 1e-5
    assert OneHotPredictor(["a"]).context_tolerance == 0
    assert DistancePredictor(["a"], 1, False).context_tolerance == 0.01


@given(st.data())
def test_a_target_in_a_roi_is_the_crop_of_the_whole_target(data: st.DataObject) -> None:
    gt = data.draw(label_arrays())
    predictor, roi = data.draw(predictors(gt.dims)), data.draw(parts(gt))
    part, whole = predictor.target_in(gt, roi), predictor.create_target(gt)
    np.testing.assert_allclose(part.numpy(), whole[roi].numpy(), atol=ROUNDING)
    assert (part.roi, part.axis_names, part.unit) == (roi, whole.axis_names, gt.unit)
    assert whole.roi == gt.roi
    assert whole.shape[0] == len(predictor.channel_names)


@given(st.data())
def test_inputs_are_never_modified(data: st.DataObject) -> None:
    gt = data.draw(label_arrays(longest=5))
    predictor = data.draw(predictors(gt.dims))
    mask = gt.like((gt.numpy() % 2).astype(np.uint8) * 255)
    labels, known = gt.numpy().copy(), mask.numpy().copy()
    target = predictor.create_target(gt)
    values = target.numpy().copy()
    counts = predictor.create_weight(gt, target, mask)[1]
    predictor.create_weight(gt, target, mask, counts)
    np.testing.assert_array_equal(gt.numpy(), labels)
    np.testing.assert_array_equal(mask.numpy(), known)
    np.testing.assert_array_equal(target.numpy(), values)
