"""Ground truth that isn't annotated everywhere, though no mask says so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from predictor_inspector.core import Array
from predictor_inspector.data import open_array
from predictor_inspector.data.source import Source
from predictor_inspector.inspection.findings import Finding

from .volumes import affinities, array, cells, found, tissue

SHAPE = (60, 60, 60)


def looked_at(gt: Array, mask: Array | None = None) -> list[Finding]:
    """What is found from a small region in the middle."""
    middle = gt.roi_of([slice(n // 2 - 4, n // 2 + 4) for n in gt.spatial_shape])
    nearest = tuple(tuple(int(a == b) for b in range(gt.dims)) for a in range(gt.dims))
    return found(affinities(neighborhood=nearest), gt, "not-annotated", middle, mask)


def keeping(labels: np.ndarray, box: Any) -> np.ndarray:
    kept = np.zeros_like(labels)
    kept[box] = labels[box]
    return kept


@pytest.mark.parametrize(
    ("box", "ends", "empty"),
    [
        (np.s_[20:], {"z": [20]}, {}),
        (np.s_[:, :, :45], {"x": [45]}, {}),
        (np.s_[10:50, 8:40, 5:], {"z": [10, 50], "y": [8, 40], "x": [5]}, {}),
        (np.s_[30:31], {"z": [30, 31]}, {}),
        (np.s_[::4], {}, {"z": 45}),
        (np.s_[:, np.arange(60) % 7 != 2], {}, {"y": 9}),
    ],
)
def test_labels_that_end_in_a_plane_or_miss_sections_are_an_error_that_a_mask_mends(
    box: Any, ends: dict[str, list[int]], empty: dict[str, int]
) -> None:
    labels = keeping(tissue(SHAPE), box)
    (finding,) = looked_at(array(labels))
    assert (finding.severity, finding.numbers["ends"], finding.numbers["empty"]) == ("error", ends, empty)
    assert finding.cure is not None
    assert finding.cure.repair is not None
    mended = finding.cure.repair.of(Source(array(labels)))
    expected = np.zeros(SHAPE, np.uint8)
    expected[box] = 1
    np.testing.assert_array_equal(mended.mask.numpy(), expected)
    assert looked_at(mended.gt, mended.mask) == []


@pytest.mark.parametrize("box", [np.s_[::4], np.s_[9:10], np.s_[:, 30:]])
def test_sparse_objects_that_are_cut_are_found_too(box: Any) -> None:
    assert len(looked_at(array(keeping(cells((80, 80, 80)), box)))) == 1


def test_true_background_flat_pictures_and_what_is_too_small_to_tell_are_left_alone() -> None:
    cube, few = np.zeros(SHAPE, np.uint8), np.zeros((60, 12, 12), np.uint8)
    cube[20:40, 20:40, 20:40] = 1
    cubes = np.zeros(SHAPE, np.uint8)
    for number, (y, x) in enumerate([(9, 9), (9, 30), (30, 9), (30, 30)], 1):
        cubes[20:40, y : y + 16, x : x + 16] = number
    few[10:30, 4:7, 4:7] = [[1, 2, 3], [4, 5, 6], [7, 8, 9]]
    for labels in (
        cells(),
        cells((80, 80, 80)),
        cells((80, 60, 60), radius=12, pitch=30),
        tissue(SHAPE),
        np.where(tissue(SHAPE) % 3 == 0, tissue(SHAPE), 0),
        cube,
        cubes,
        few,
        keeping(tissue((90, 90)), np.s_[20:]),
        np.zeros(SHAPE, np.uint8),
    ):
        assert looked_at(array(labels)) == []


def test_data_on_disk_are_looked_at_in_a_window(monkeypatch: pytest.MonkeyPatch) -> None:
    from predictor_inspector.inspection.findings import annotation

    class Lazy:
        def __init__(self, values: np.ndarray) -> None:
            self.values, self.shape, self.dtype, self.read = values, values.shape, values.dtype, 0

        def __getitem__(self, key: Any) -> np.ndarray:
            part = self.values[key]
            self.read += part.size
            return part

    monkeypatch.setattr(annotation, "WHOLE", 1000)
    monkeypatch.setattr(annotation, "SAMPLES", 20)
    whole = array(keeping(tissue(SHAPE, count=60), np.s_[:, 15:]))
    lazy = Lazy(whole.numpy())
    (finding,) = looked_at(whole.like(lazy, whole.axis_names))
    assert finding.numbers["ends"] == {"y": [15]}
    assert finding.cure is None
    assert lazy.read < 2 * whole.numpy().size


@pytest.mark.parametrize(
    "file",
    ["medulla.ome.zarr", "funlib_anisotropic.zarr", "cremi_style.hdf", "nuclei2d_masks.tif", "nuclei3d_masks.tif"],
)
def test_real_ground_truth_is_left_alone_but_for_the_crop_without_its_mask(real_data: Path, file: str) -> None:
    assert looked_at(open_array(real_data / file)) == []


def test_the_real_crop_is_found_without_its_mask_only(real_data: Path) -> None:
    crop = real_data / "crop_fractional.ome.zarr"
    gt = open_array(crop)
    (finding,) = looked_at(gt)
    assert finding.message.startswith("Labels end in a plane inside the data, at z ")
    assert [len(ends) for ends in finding.numbers["ends"].values()] == [2, 2, 2]
    assert looked_at(gt, open_array(crop, "labels/annotated")) == []
