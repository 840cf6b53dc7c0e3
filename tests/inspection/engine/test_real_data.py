"""All predictors on real ground truth: neurites and nuclei, in 2-D and 3-D, whatever the voxel size."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from funlib.geometry import Coordinate

from predictor_inspector.core import AffinitiesPredictor, predictor_class, predictor_from_config
from predictor_inspector.data import open_array
from predictor_inspector.inspection import inspect

# Others need whole objects, which neurites in a crop are not.
KINDS = ["affinities", "distance", "hot_distance", "inner_distance", "boundary", "one_hot", "dummy"]
FILES = [
    "medulla.ome.zarr",
    "crop_fractional.ome.zarr",
    "funlib_anisotropic.zarr",
    "cremi_style.hdf",
    "nuclei2d_masks.tif",
    "nuclei3d_masks.tif",
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("file", FILES)
def test_a_target_does_not_depend_on_how_much_is_inspected(real_data: Path, file: str, kind: str) -> None:
    gt = open_array(real_data / file)
    mask = open_array(real_data / file, "labels/annotated") if file.startswith("crop") else None
    start = predictor_class(kind).starting_values(gt) | (
        {"num_voxels": 2, "lsds": True} if kind == "affinities" else {}
    )
    predictor = predictor_from_config({"kind": kind, **start})
    middle = gt.spatial_shape // 2
    small = gt.roi_of([slice(m, m + n) for m, n in zip(middle, (2, 9, 12)[-gt.dims :], strict=True)])
    larger = small.grow(gt.voxel_size * 2, gt.voxel_size * 3)
    result, more = (inspect(predictor, gt, roi, mask, "cpu") for roi in (small, larger))
    tolerance = predictor.context_tolerance + 1e-6
    np.testing.assert_allclose(result.target.numpy(), more.target[small].numpy(), atol=tolerance)
    assert np.isfinite(result.target.numpy()).all()
    weights = result.weight.numpy()
    assert ((weights == 0) | ((weights >= 0.5) & (weights <= 10))).all()
    assert result.gt.roi == result.gt_region.intersect(gt.roi)
    assert result.channel_names == predictor.channel_names


def test_nothing_weighs_where_nothing_is_annotated(real_data: Path) -> None:
    file = real_data / "crop_fractional.ome.zarr"
    gt, mask = open_array(file), open_array(file, "labels/annotated")
    predictor = AffinitiesPredictor([[1, 0, 0], [0, 0, -4]], num_voxels=1)
    shape = Coordinate(3, *gt.spatial_shape[1:])
    roi = gt.roi_of([slice(28, 31), *(slice(0, n) for n in shape[1:])])
    result = inspect(predictor, gt, roi, mask, "cpu")
    known = mask[roi].numpy() != 0
    assert known.any()
    assert not known.all()
    weights = result.weight.numpy()
    assert not weights[:, ~known].any()
    # An affinity four voxels to the left ends where the annotation begins; descriptors need no partner.
    inside = np.zeros_like(known)
    inside[..., 4:] = known[..., 4:] & known[..., :-4]
    np.testing.assert_array_equal(weights[1] > 0, inside)
    np.testing.assert_array_equal(weights[-1] > 0, known)
