"""A container opens although not everything in it can be read, and the reasons are told."""

from __future__ import annotations

import os
import re
from pathlib import Path

import h5py
import numpy as np
import pytest

from predictor_inspector.data import list_contents, open_array

from .containers import CONTAINERS, GRID, IDS, ome_image, zarr_array, zarr_group


@pytest.mark.parametrize("name", CONTAINERS)
def test_the_rest_is_read_and_each_reason_told(tmp_path: Path, name: str) -> None:
    container = CONTAINERS[name]
    path = tmp_path / f"data{container.ending}"
    container.make(path)
    found, left_out = list_contents(path)
    assert sorted(one.name for one in found) == sorted(container.readable)
    assert {one.name for one in left_out} == set(container.unreadable)
    for one in left_out:
        reason = container.unreadable[one.name]
        assert re.search(reason, one.reason), one.reason
        assert str(tmp_path) not in one.reason
        with pytest.raises(ValueError, match=reason) as error:
            open_array(path, one.name)
        assert str(path) in str(error.value)
    for one in found:
        array = open_array(path, one.name)
        assert (array.shape, array.dtype) == (one.array.shape, one.array.dtype)
        assert array.numpy().max() == 1 or one.name in ("images/he", "0", "1")
    if container.default is None:
        with pytest.raises(ValueError, match="a name is needed"):
            open_array(path)
    else:
        np.testing.assert_array_equal(open_array(path).numpy(), open_array(path, container.default).numpy())


def test_no_other_array_is_taken_for_damaged_labels(tmp_path: Path) -> None:
    zarr_group(tmp_path / "a.zarr", 2)
    zarr_array(tmp_path / "a.zarr/raw", 2, IDS.astype(np.uint8))
    zarr_array(tmp_path / "a.zarr/labels", 2, changes={"compressor": {"id": "no_such_codec"}})
    with pytest.raises(ValueError, match=r"holds labels that can't be read \(labels: .*a name is needed: one of 'raw'"):
        open_array(tmp_path / "a.zarr")
    assert open_array(tmp_path / "a.zarr", "raw").shape == IDS.shape


def test_what_holds_nothing_but_a_table_says_so(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "cells.h5", "w") as file:
        file.attrs["encoding-type"] = "anndata"
        file["X"] = np.ones((4, 5))
    for read in (open_array, list_contents):
        with pytest.raises(ValueError, match=r"cells\.h5, dataset /: it holds a table \(AnnData\), no voxels"):
            read(tmp_path / "cells.h5")
    zarr_group(tmp_path / "a.zarr", 3)
    zarr_array(tmp_path / "a.zarr/n", 3, np.arange(5))
    with pytest.raises(ValueError, match=r"a\.zarr.n: it has one axis"):
        open_array(tmp_path / "a.zarr")
    zarr_array(tmp_path / "a.zarr/m", 3, np.int32(1).reshape(()))
    with pytest.raises(
        ValueError, match=r"a\.zarr holds nothing to open: m: it is a single number, .*; n: it has one axis"
    ):
        open_array(tmp_path / "a.zarr")


def test_a_level_is_never_opened_as_an_array_of_its_own_because_its_group_is_damaged(tmp_path: Path) -> None:
    path = ome_image(tmp_path / "a.zarr", 2, "0.4")
    (path / ".zattrs").write_text("{ not json")
    for name in (None, "0"):
        with pytest.raises(ValueError, match=r"a\.zarr.*\.zattrs is damaged: it is not valid JSON"):
            open_array(path, name)


def test_coarser_levels_of_versions_without_sizes_are_refused(tmp_path: Path) -> None:
    path = zarr_group(
        tmp_path / "a.zarr",
        2,
        multiscales=[{"version": "0.3", "axes": ["y", "x"], "datasets": [{"path": "0"}, {"path": "1"}]}],
    )
    for name, step in (("0", 1), ("1", 2)):
        zarr_array(path / name, 2, IDS[0, ::step, ::step])
    assert open_array(path).unit == "pixel"
    with pytest.raises(ValueError, match=r"doesn't say how large the voxels of level '1' are; open the finest, '0'"):
        open_array(path, "1")


def test_links_lead_to_what_they_name(tmp_path: Path) -> None:
    CONTAINERS["links of HDF5"].make(tmp_path / "a.h5")
    CONTAINERS["links"].make(tmp_path / "a.zarr")
    for path, name in (
        ("a.h5", "a/data"),
        ("a.h5", "a/again/data"),
        ("a.zarr", "again/again/labels"),
        ("a.zarr", "a_copy"),
    ):
        np.testing.assert_array_equal(open_array(tmp_path / path, name).numpy(), IDS)


def test_spatialdata_is_placed_by_what_can_be_read(tmp_path: Path) -> None:
    scaled = {"input": {}, "output": {"name": "global"}, "type": "scale", "scale": [0.5, 0.25]}
    other = {"input": {}, "output": {"name": "stage"}, "type": "affine", "affine": [[1, 0, 0], [0, 1, 0]]}
    path = ome_image(
        tmp_path / "a.zarr", 3, "0.5-dev-spatialdata", "yx", IDS[0], coordinateTransformations=[other, scaled]
    )
    assert open_array(path).physical_voxel_size == (0.5, 0.25)


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="everything may be read")
def test_a_folder_that_may_not_be_read_is_left_out(tmp_path: Path) -> None:
    zarr_group(tmp_path / "a.zarr", 2)
    zarr_array(tmp_path / "a.zarr/labels", 2, **GRID)
    (tmp_path / "a.zarr/secret").mkdir(mode=0o000)
    (one,) = list_contents(tmp_path / "a.zarr").unreadable
    assert (one.name, "Permission" in one.reason) == ("secret", True)


def test_a_folder_beside_zarr_says_where_it_is(tmp_path: Path) -> None:
    zarr_array(tmp_path / "crop" / "labels", 2)
    with pytest.raises(ValueError, match=r"crop is a folder without metadata of arrays; it holds 'labels'"):
        open_array(tmp_path / "crop")


def test_hdf5_is_known_by_any_name(tmp_path: Path) -> None:
    CONTAINERS["links of HDF5"].make(tmp_path / "scan.nxs")
    assert open_array(tmp_path / "scan.nxs").shape == IDS.shape
    (tmp_path / "other.nxs").write_text("nothing")
    with pytest.raises(ValueError, match=r"other\.nxs is of a kind that can't be read"):
        open_array(tmp_path / "other.nxs")


def test_virtual_datasets_are_read_from_where_they_lie(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "part.h5", "w") as file:
        file["labels"] = IDS
    with h5py.File(tmp_path / "whole.h5", "w") as file:
        layout = h5py.VirtualLayout(IDS.shape, IDS.dtype)
        layout[:] = h5py.VirtualSource("part.h5", "labels", IDS.shape)
        file.create_virtual_dataset("labels", layout)
    np.testing.assert_array_equal(open_array(tmp_path / "whole.h5").numpy(), IDS)
