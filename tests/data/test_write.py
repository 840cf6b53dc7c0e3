"""What is written opens again as it was, and is written whole or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaozarrs
import zarr

from predictor_inspector.core.array import Array
from predictor_inspector.data import list_arrays, open_array, write_ome_zarr
from predictor_inspector.data.geometry import pixel_array

RNG = np.random.default_rng(0)


@pytest.mark.parametrize(
    "array",
    [
        Array(RNG.random((3, 10, 12, 14), np.float32), (524, 400, 400), (10000, 201150, 7510), subdivision=100),
        Array(RNG.random((5, 6)), (25, 30), (-125, 5), unit="um", subdivision=1000),
        pixel_array(np.arange(20, dtype=np.uint64).reshape(4, 5) + 2**40, 2),
        Array(torch.arange(24).reshape(2, 3, 4), (40, 4, 4), (400, -8, 12)),
        Array(np.zeros((2, 3, 4, 5, 6), bool), (1, 1, 1), axis_names=("t^", "c^", "z", "y", "x")),
        Array(np.zeros((2, 4, 5), np.int8), (7, 7), (3, 3), ("t^", "y", "x"), unit="angstrom"),
        Array(np.zeros((4, 5), ">u2"), (7, 7)),
    ],
)
def test_what_is_written_opens_again_exactly(tmp_path: Path, array: Array) -> None:
    path = write_ome_zarr(tmp_path / "new" / "target.zarr", array, "target")
    again = open_array(path, "/")
    np.testing.assert_array_equal(again.numpy(), array.numpy())
    assert again.axis_names == array.axis_names
    assert (again.voxel_size, again.offset) == (array.voxel_size, array.offset)
    assert (again.unit, again.subdivision) == (array.unit, array.subdivision)
    assert [file.name for file in path.parent.iterdir()] == ["target.zarr"]


def test_it_is_valid_ome_zarr_with_named_channels(tmp_path: Path) -> None:
    array = Array(RNG.random((2, 8, 8, 8), np.float32), (4, 4, 4))
    path = write_ome_zarr(tmp_path / "t.zarr", array, "target", ("aff z+1", "aff y+1"), {"predictor": {"kind": "x"}})
    group = zarr.open_group(str(path), mode="r")
    attributes = dict(group.attrs)
    if zarr.__version__ < "3":
        image: Any = yaozarrs.validate_ome_object(attributes, yaozarrs.v04.Image)
    else:
        image = yaozarrs.validate_ome_object(attributes["ome"], yaozarrs.v05.Image)
        assert group["0"].metadata.dimension_names == ("c", "z", "y", "x")
    assert image.multiscales[0].name == "target"
    assert attributes["predictor"] == {"kind": "x"}
    level: Any = group["0"]
    assert level.chunks == (1, 8, 8, 8)
    (info,) = list_arrays(path)
    assert info.channel_names == ("aff z+1", "aff y+1")


def test_what_is_there_is_replaced_only_when_asked(tmp_path: Path) -> None:
    path = tmp_path / "t.zarr"
    write_ome_zarr(path, Array(np.zeros((4, 4)), (1, 1)), "first")
    with pytest.raises(FileExistsError, match=r"t\.zarr is there already; --overwrite"):
        write_ome_zarr(path, Array(np.ones((4, 4)), (1, 1)), "second")
    assert open_array(path).numpy().max() == 0
    write_ome_zarr(path, Array(np.ones((2, 2)), (1, 1)), "second", overwrite=True)
    assert open_array(path).shape == (2, 2)
    assert [file.name for file in tmp_path.iterdir()] == ["t.zarr"]


def test_only_zarr_containers_are_ever_replaced(tmp_path: Path) -> None:
    (tmp_path / "thesis").mkdir()
    with pytest.raises(FileExistsError, match="thesis is no zarr container, so it is not replaced"):
        write_ome_zarr(tmp_path / "thesis", Array(np.zeros((4, 4)), (1, 1)), "x", overwrite=True)


def test_a_failure_leaves_nothing_behind_and_what_was_there_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "t.zarr"
    array = Array(np.zeros((4, 4)), (1, 1))
    write_ome_zarr(path, array, "first")

    def full(*args: Any, **kwargs: Any) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(zarr.Array, "__setitem__", full)
    for target in (path, tmp_path / "other.zarr"):
        with pytest.raises(OSError, match="disk full"):
            write_ome_zarr(target, array, "second", overwrite=True)
    assert [file.name for file in tmp_path.iterdir()] == ["t.zarr"]
    assert open_array(path).shape == (4, 4)


def test_what_ome_zarr_cannot_hold_is_an_error(tmp_path: Path) -> None:
    for array in (Array(np.zeros((2, 2, 4, 4)), (1, 1)), Array(np.zeros(4), (1,))):
        with pytest.raises(ValueError, match=r"array has the axes .*OME-Zarr holds 2 or 3 spatial axes"):
            write_ome_zarr(tmp_path / "t.zarr", array, "x")
    with pytest.raises(ValueError, match="channel_names must have 2 names, one per channel, got 1"):
        write_ome_zarr(tmp_path / "t.zarr", Array(np.zeros((2, 4, 4)), (1, 1)), "x", ("one",))
    assert list(tmp_path.iterdir()) == []
