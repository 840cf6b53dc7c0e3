"""The predictors against reference results on real tissue."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from funlib.geometry import Roi

from predictor_inspector.core import Array, ArraySpec, predictor_from_config

CASES = [
    "affinities_background_2d",
    "affinities_long_range_holes",
    "affinities_lsds_2d",
    "affinities_lsds_3d",
    "affinities_lsds_anisotropic",
    "affinities_nearest_3d",
    "boundary_pytc_3d",
    "boundary_pytc_background",
    "boundary_pytc_objects",
    "cellpose_flows_2d",
    "cellpose_flows_3d",
    "distance_instances",
    "distance_masked_anisotropic",
    "distance_two_channels",
    "hot_distance_masked",
    "inner_distance_2d",
    "one_hot_3d",
    "stardist_2d",
    "stardist_3d",
]


def test_every_reference_result_is_compared(golden: Path) -> None:
    assert sorted(file.stem for file in golden.glob("*.npz")) == CASES


@pytest.mark.parametrize("case", CASES)
def test_targets_weights_and_regions_equal_the_reference(golden: Path, case: str) -> None:
    compare_with_reference(golden / f"{case}.npz", "cpu")


def compare_with_reference(file: Path, device: str) -> None:
    """Fail unless what is computed on `device` equals a reference result."""
    reference = np.load(file)
    meta = json.loads(str(reference["meta"]))
    grid = {"voxel_size": meta["voxel_size"], "offset": meta["offset"]}
    gt = Array(reference["gt"], axis_names=meta["axis_names"], **grid).to(device)
    mask = Array(reference["mask"], axis_names=meta["axis_names"][-reference["mask"].ndim :], **grid).to(device)
    predictor = predictor_from_config({"kind": meta["predictor"], **meta["params"]})

    target = predictor.create_target(gt)
    assert target.device.type == device
    np.testing.assert_allclose(target.numpy(), reference["target"], atol=2e-5)
    if "weight" in reference:
        counts = None
        for _ in range(meta["repeat"]):
            weight, counts = predictor.create_weight(gt, target, mask, counts)
        np.testing.assert_allclose(weight.numpy(), reference["weight"], atol=2e-5)
    if meta["predictor"] == "affinities":  # the reference states the others' regions without their context
        begin, end = np.array(meta["roi"])
        region = predictor.gt_region_for_roi(ArraySpec(Roi(begin, end - begin), gt.voxel_size)).roi
        assert [list(region.begin), list(region.end)] == meta["gt_region"]
