"""Masks that are found beside ground truth."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest

from predictor_inspector.core import Array
from predictor_inspector.data import open_array
from predictor_inspector.data.masks import find_mask, is_mask_of


def box(value: int = 1) -> np.ndarray:
    mask = np.zeros((20, 24, 24), np.uint8)
    mask[4:16, 5:20, 5:20] = value
    return mask


def balls() -> np.ndarray:
    z, y, x = np.indices((20, 24, 24))
    return ((z - 10) ** 2 + (y % 12 - 6) ** 2 + (x - 12) ** 2 < 25).astype(np.uint8)


@pytest.mark.parametrize("value", [1, 255])
def test_zeros_and_one_other_value_that_overlap_are_a_mask(value: int) -> None:
    gt = Array(balls().astype(np.uint16), (4, 4, 4))
    assert is_mask_of(Array(box(value), (4, 4, 4)), gt)
    assert is_mask_of(Array(box(value), (8, 4, 4), (40, 0, 0)), gt)
    assert is_mask_of(Array(box(value), (4, 4, 4)), Array(box().astype(np.uint16), (4, 4, 4)))


def test_empty_arrays_ids_foreground_and_what_lies_elsewhere_are_none() -> None:
    gt = Array(balls().astype(np.uint16), (4, 4, 4))
    others = box()
    others[5, 6, 6] = 2
    for values in (np.zeros_like(others), others, balls()):
        assert not is_mask_of(Array(values, (4, 4, 4)), gt)
    assert not is_mask_of(Array(box(), (4, 4, 4), (800, 0, 0)), gt)
    assert not is_mask_of(Array(box(), (4, 4, 4), unit="pixel"), gt)
    assert not is_mask_of(Array(box()[0], (4, 4)), gt)


def test_the_mask_of_the_nearest_group_is_found_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "crops.h5"
    with h5py.File(path, "w") as file:
        for crop, mask in (("a", box()), ("b", box(255)), ("c", np.zeros_like(box()))):
            file[f"{crop}/labels"], file[f"{crop}/mask"] = balls().astype(np.uint32), mask
    names = [find_mask(path, f"{crop}/labels", open_array(path, f"{crop}/labels")) for crop in "ab"]
    assert [found.location for found in names if found is not None] == ["a/mask", "b/mask"]
    inside = find_mask(path / "b", "labels", open_array(path, "b/labels"))
    assert inside is not None
    assert inside.location == "b/mask"


def test_the_mask_of_another_crop_is_not_that_of_this_one(tmp_path: Path) -> None:
    path = tmp_path / "crops.h5"
    with h5py.File(path, "w") as file:
        for crop in ("a", "b"):
            file[f"{crop}/volumes/labels/ids"] = balls().astype(np.uint32)
        file["a/volumes/mask"] = box()
    a, b = (f"{crop}/volumes/labels/ids" for crop in "ab")
    assert find_mask(path, b, open_array(path, b)) is None
    found = find_mask(path / "a", None, open_array(path / "a"))
    assert found is not None
    assert found.location == "a/volumes/mask"
    with h5py.File(path, "a") as file:
        file["masks/annotated"] = box()
    assert (found := find_mask(path, b, open_array(path, b))) is not None
    assert found.location == "masks/annotated"
    assert (found := find_mask(path, a, open_array(path, a))) is not None
    assert found.location == "a/volumes/mask"


def test_real_files_have_none_but_the_crop(real_data: Path) -> None:
    found = {}
    for path in sorted(real_data.glob("*")):
        if path.suffix in (".zarr", ".hdf", ".tif") and "image" not in path.name:
            mask = find_mask(path, None, open_array(path))
            if mask is not None:
                found[path.name] = mask.location
    assert found == {"crop_fractional.ome.zarr": "labels/annotated"}
