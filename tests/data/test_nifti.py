"""NIfTI files: the axes and directions of their affines, units, scaled values."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest

from predictor_inspector.data import list_arrays, open_array

VALUES = np.arange(5 * 4 * 3, dtype=np.uint16).reshape(5, 4, 3)  # i, j, k


def put(path: Path, affine: Any, values: np.ndarray = VALUES, unit: str | None = "mm") -> Path:
    image = nibabel.Nifti1Image(values, None if affine is None else np.asarray(affine, float))
    if unit is not None:
        image.header.set_xyzt_units(unit, "sec")
    nibabel.save(image, path)
    return path


PLAIN = [[0.5, 0, 0, -10], [0, 0.25, 0, 20], [0, 0, 2, 30], [0, 0, 0, 1]]


@pytest.mark.parametrize("ending", [".nii", ".nii.gz"])
def test_a_volume_is_placed_in_its_unit(tmp_path: Path, ending: str) -> None:
    array = open_array(put(tmp_path / f"labels{ending}", PLAIN))
    assert (array.axis_names, array.unit, array.about.doubts) == (("z", "y", "x"), "mm", ())
    assert array.physical_voxel_size == (2, 0.25, 0.5)
    assert array.physical_offset == (29, 19.875, -10.25)
    np.testing.assert_array_equal(array.numpy(), VALUES.T)
    assert array.dtype == np.uint16
    part = array.roi_of([slice(1, 3), slice(0, 2), slice(2, 5)])
    np.testing.assert_array_equal(array[part].data, VALUES.T[1:3, :2, 2:5])
    assert [found.kind for found in list_arrays(tmp_path / f"labels{ending}")] == ["labels"]


def test_flips_and_other_orders_lead_to_the_same_place(tmp_path: Path) -> None:
    # nibabel turns a volume into other orientations; each lies where the first one does.
    image = nibabel.load(put(tmp_path / "a.nii", PLAIN))
    plain = open_array(tmp_path / "a.nii")
    for letters in ("LPS", "SAR", "PIR", "RAS"):
        codes = nibabel.orientations.axcodes2ornt(tuple(letters))
        start = nibabel.orientations.io_orientation(image.affine)
        turned = image.as_reoriented(nibabel.orientations.ornt_transform(start, codes))
        path = tmp_path / f"{letters}.nii"
        nibabel.save(turned, path)
        array = open_array(path)
        assert (array.physical_voxel_size, array.roi) == (plain.physical_voxel_size, plain.roi), letters
        np.testing.assert_array_equal(array.numpy(), plain.numpy())
        part = array.roi_of([slice(0, 2), slice(1, 3), slice(2, 5)])
        np.testing.assert_array_equal(array[part].data, plain[part].data)


def test_what_is_oblique_is_refused(tmp_path: Path) -> None:
    turned = np.array(PLAIN)
    turned[:2, :2] = [[0.5, 0.1], [-0.1, 0.25]]
    with pytest.raises(
        ValueError, match=r"a\.nii: its axes are oblique, and only scale, translation and flips can be read"
    ):
        open_array(put(tmp_path / "a.nii", turned))


def test_units_and_places_that_are_not_said(tmp_path: Path) -> None:
    array = open_array(put(tmp_path / "a.nii", PLAIN, unit=None))
    assert (array.unit, array.about.doubts) == ("mm", ("its voxel sizes are without a unit, read as mm",))
    assert open_array(put(tmp_path / "b.nii", PLAIN, unit="micron")).unit == "um"
    image = nibabel.Nifti1Image(VALUES, None)
    image.header.set_zooms((3, 2, 1))
    nibabel.save(image, tmp_path / "c.nii")
    array = open_array(tmp_path / "c.nii")
    assert (array.physical_voxel_size, array.physical_offset) == ((1, 2, 3), (-0.5, -1, -1.5))
    np.testing.assert_array_equal(array.numpy(), VALUES.T)


def test_time_and_vectors_come_first(tmp_path: Path) -> None:
    movie = open_array(put(tmp_path / "movie.nii", PLAIN, np.stack([VALUES, VALUES + 1], -1)))
    assert (movie.axis_names, movie.shape) == (("t^", "z", "y", "x"), (2, 3, 4, 5))
    vectors = np.stack([VALUES, VALUES + 1], -1)[..., None, :]
    array = open_array(put(tmp_path / "vectors.nii", PLAIN, vectors))
    assert array.axis_names == ("c^", "z", "y", "x")
    np.testing.assert_array_equal(array.numpy()[1], VALUES.T + 1)


def test_scaled_values_are_those_that_are_meant(tmp_path: Path) -> None:
    image = nibabel.Nifti1Image(VALUES, np.array(PLAIN))
    image.header.set_slope_inter(0.5, 10)
    nibabel.save(image, tmp_path / "raw.nii")
    array = open_array(tmp_path / "raw.nii")
    assert array.dtype == np.float64
    np.testing.assert_allclose(array.numpy(), np.asarray(nibabel.load(tmp_path / "raw.nii").dataobj).T)


def test_damage_is_named(tmp_path: Path) -> None:
    for ending in (".nii", ".nii.gz"):
        path = put(
            tmp_path / f"cut{ending}", PLAIN, np.random.default_rng(0).integers(0, 99, (9, 9, 9)).astype(np.uint16)
        )
        with path.open("r+b") as file:
            file.truncate(path.stat().st_size // 2)
        with pytest.raises(ValueError, match=rf"cut{ending} (is damaged|can't be opened as NIfTI)"):
            open_array(path).numpy()
    (tmp_path / "text.nii").write_text("nothing")
    with pytest.raises(ValueError, match=r"text\.nii can't be opened as NIfTI"):
        open_array(tmp_path / "text.nii")
