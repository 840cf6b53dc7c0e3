"""Every convention of every format, and every way in which a file can be wrong."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import tifffile
import zarr

from predictor_inspector.data import list_arrays, open_array

VALUES = np.arange(2 * 3 * 4 * 5, dtype=np.uint16).reshape(2, 3, 4, 5)


def _ome(
    path: Path,
    values: np.ndarray = VALUES[0],
    axes: str = "zyx",
    version: str = "0.5",
    transformations: Any = None,
    common: Any = None,
    unit: str | None = "micrometer",
) -> Path:
    """An OME-Zarr image with one level, written by hand."""
    types = {"t": "time", "c": "channel"}
    multiscale: dict[str, Any] = {
        "axes": [
            {"name": a, "type": types.get(a, "space")} | ({"unit": unit} if unit and a not in types else {})
            for a in axes
        ],
        "datasets": [
            {
                "path": "0",
                "coordinateTransformations": transformations or [{"type": "scale", "scale": [1.0] * len(axes)}],
            }
        ],
    }
    if common:
        multiscale["coordinateTransformations"] = common
    if version == "0.4":
        attributes: dict[str, Any] = {"multiscales": [multiscale | {"version": "0.4"}]}
    else:
        attributes = {"ome": {"version": version, "multiscales": [multiscale]}}
    group = zarr.create_group(path, zarr_format=2 if version == "0.4" else 3, attributes=attributes)
    group.create_array("0", data=values)
    return path


@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_transformations_of_the_group_come_after_those_of_the_level(tmp_path: Path, version: str) -> None:
    path = _ome(
        tmp_path / "image.zarr",
        version=version,
        transformations=[
            {"type": "scale", "scale": [2.62, 2.0, 2.0]},
            {"type": "translation", "translation": [50.0, 0.5, 0.0]},
        ],
        common=[
            {"type": "scale", "scale": [2.0, 0.5, 1.0]},
            {"type": "translation", "translation": [0.1, 0.0, -3.0]},
        ],
    )
    array = open_array(path)
    # scale 5.24, 1, 2; centre 100.1, 0.25, -3
    assert tuple(array.voxel_size) == (524, 100, 200)
    assert tuple(array.offset) == (9748, -25, -400)
    assert (array.unit, array.subdivision) == ("um", 100)
    np.testing.assert_array_equal(array.numpy(), VALUES[0])


def test_time_and_channels_become_channel_axes(tmp_path: Path) -> None:
    path = _ome(
        tmp_path / "movie.zarr", VALUES, "tcyx", transformations=[{"type": "scale", "scale": [9.0, 1, 0.5, 0.5]}]
    )
    array = open_array(path)
    assert array.axis_names == ("t^", "c^", "y", "x")
    assert (array.physical_voxel_size, array.shape) == ((0.5, 0.5), VALUES.shape)


def test_ome_zarr_without_a_unit_is_in_pixels(tmp_path: Path) -> None:
    array = open_array(_ome(tmp_path / "image.zarr", unit=None))
    assert (array.unit, array.physical_voxel_size, tuple(array.offset)) == ("pixel", (1, 1, 1), (-5, -5, -5))


def test_several_images_in_one_container_need_a_name(tmp_path: Path) -> None:
    root = tmp_path / "bf2raw.zarr"
    zarr.create_group(root, zarr_format=3, attributes={"ome": {"version": "0.5", "bioformats2raw.layout": 3}})
    for name in ("0", "1"):
        _ome(root / name)
    assert [info.name for info in list_arrays(root)] == ["0", "1"]
    with pytest.raises(ValueError, match=r"bf2raw\.zarr holds 2 arrays, so a name is needed: one of '0', '1'"):
        open_array(root)
    assert open_array(root, "1").shape == (3, 4, 5)


@pytest.mark.parametrize("zarr_format", [2, 3])
@pytest.mark.parametrize("key", ["resolution", "voxel_size"])
def test_funlib_attributes_give_the_corner(tmp_path: Path, zarr_format: int, key: str) -> None:
    group = zarr.create_group(tmp_path / "a.zarr", zarr_format=zarr_format)
    labels = group.create_array("volumes/gt", data=VALUES)
    labels.attrs.update(
        {key: [8.5, 4, 4], "offset": [17, 0, -4], "axis_names": ["c^", "z", "y", "x"], "units": ["um"] * 3}
    )
    array = open_array(tmp_path / "a.zarr", "volumes/gt")
    assert array.axis_names == ("c^", "z", "y", "x")
    assert (tuple(array.voxel_size), tuple(array.offset)) == ((85, 40, 40), (170, 0, -40))
    assert (array.unit, array.subdivision) == ("um", 10)


def test_arrays_without_geometry_are_in_pixels_with_the_first_centre_at_zero(tmp_path: Path) -> None:
    zarr.save_array(tmp_path / "plain.zarr", VALUES)
    with h5py.File(tmp_path / "plain.h5", "w") as file:
        file["data"] = VALUES
    tifffile.imwrite(tmp_path / "plain.tif", VALUES[0], photometric="minisblack")
    for name in ("plain.zarr", "plain.h5", "plain.tif"):
        array = open_array(tmp_path / name)
        assert array.unit == "pixel", name
        assert (tuple(array.voxel_size), tuple(array.offset), array.subdivision) == ((10,) * 3, (-5,) * 3, 10)
        np.testing.assert_array_equal(array.numpy(), VALUES if name != "plain.tif" else VALUES[0])
    assert open_array(tmp_path / "plain.zarr").axis_names == ("c^", "z", "y", "x")


@pytest.mark.parametrize("compression", [None, "zlib"])
def test_imagej_hyperstacks_keep_their_geometry_and_put_channels_first(tmp_path: Path, compression: str | None) -> None:
    values = np.arange(2 * 3 * 2 * 4 * 5, dtype=np.uint16).reshape(2, 3, 2, 4, 5)
    path = tmp_path / "stack.tif"
    tifffile.imwrite(
        path,
        values,
        imagej=True,
        resolution=(1 / 0.1083, 1 / 0.1083),
        compression=compression,
        metadata={"axes": "TZCYX", "spacing": 0.3, "unit": "um"},
    )
    array = open_array(path)
    assert array.axis_names == ("t^", "c^", "z", "y", "x")
    assert (array.physical_voxel_size, array.unit) == ((0.3, 0.1083, 0.1083), "um")
    assert tuple(array.offset) == (-15000, -5415, -5415)
    np.testing.assert_array_equal(array.numpy(), values.transpose(0, 2, 1, 3, 4))
    part = array.roi_of([slice(1, 3), slice(0, 2), slice(2, 5)])
    np.testing.assert_array_equal(array[part].data, values.transpose(0, 2, 1, 3, 4)[:, :, 1:3, :2, 2:5])
    np.testing.assert_array_equal(array.select("t^", 1).numpy(), values[1].transpose(1, 0, 2, 3))


def test_ome_tiff_keeps_its_geometry(tmp_path: Path) -> None:
    path = tmp_path / "stack.ome.tif"
    sizes = {"PhysicalSizeX": 65, "PhysicalSizeY": 65, "PhysicalSizeZ": 0.2}
    units = {"PhysicalSizeXUnit": "nm", "PhysicalSizeYUnit": "nm"}
    tifffile.imwrite(path, VALUES[0], metadata={"axes": "ZYX", **sizes, **units})
    array = open_array(path)
    assert (array.physical_voxel_size, array.unit) == ((0.2, 0.065, 0.065), "um")


def test_colour_pictures_are_refused(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "colour.tif", np.zeros((16, 16, 3), np.uint8), photometric="rgb")
    with pytest.raises(ValueError, match=r"colour\.tif: it holds colours"):
        open_array(tmp_path / "colour.tif")


def test_what_is_not_there_is_an_error_that_lists_what_is(real_data: Path, tmp_path: Path) -> None:
    crop = real_data / "crop_fractional.ome.zarr"
    with pytest.raises(FileNotFoundError, match=r"no array at .*labels/nurons; crop_.*holds 'labels/neurons'"):
        open_array(crop / "labels/nurons")
    with pytest.raises(ValueError, match=r"has no array 'labels/nurons'; .*holds 'labels/neurons'"):
        open_array(crop, "labels/nurons")
    with pytest.raises(ValueError, match=r"has no array 'volumes/rw'; cremi_style\.hdf holds 'volumes/raw'"):
        open_array(real_data / "cremi_style.hdf", "volumes/rw")
    with pytest.raises(FileNotFoundError, match=r"no array at .*volumes/raw/z; .*holds .*volumes/raw"):
        open_array(real_data / "cremi_style.hdf/volumes/raw/z")
    with pytest.raises(FileNotFoundError, match=r"cremi_stile\.hdf is not there; did you mean 'cremi_style\.hdf'"):
        open_array(real_data / "cremi_stile.hdf")
    with pytest.raises(FileNotFoundError, match=r"is not there; neither is the folder"):
        open_array(tmp_path / "no" / "where.zarr")
    with pytest.raises(ValueError, match=r"has no array 'z'; nuclei2d_masks\.tif holds '/'"):
        open_array(real_data / "nuclei2d_masks.tif", "z")


@pytest.mark.parametrize("name", ["crop_fractional.ome.zarr/.zattrs", "crop_fractional.ome.zarr/.zgroup"])
def test_a_metadata_file_stands_for_its_folder(real_data: Path, name: str) -> None:
    folder = (real_data / name).parent
    assert [found.name for found in list_arrays(real_data / name)] == [found.name for found in list_arrays(folder)]


def test_a_tilde_is_the_home_folder(real_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(real_data))
    monkeypatch.setenv("USERPROFILE", str(real_data))
    assert open_array("~/nuclei2d_masks.tif").shape == open_array(real_data / "nuclei2d_masks.tif").shape


def test_kinds_of_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("nothing")
    with pytest.raises(
        ValueError, match=r"notes\.txt is of a kind that can't be read \(\.txt\); known are \.zarr, \.zarr\.zip, \.n5"
    ):
        open_array(tmp_path / "notes.txt")
    with pytest.raises(ValueError, match="is a folder without metadata of arrays; choose the folder that"):
        open_array(tmp_path)
    (tmp_path / "n5").mkdir()
    (tmp_path / "n5" / "attributes.json").write_text("{}")
    with pytest.raises(ValueError, match="n5 holds no arrays"):
        open_array(tmp_path / "n5")
    for name in ("broken.h5", "broken.tif"):
        (tmp_path / name).write_text("nothing")
        with pytest.raises(ValueError, match=rf"{name} can't be opened as (HDF5|TIFF)"):
            open_array(tmp_path / name)


def _damaged(tmp_path: Path, **changes: Any) -> Path:
    path = _ome(tmp_path / "image.zarr")
    content = json.loads((path / "zarr.json").read_text())
    content["attributes"]["ome"]["multiscales"][0].update(changes)
    (path / "zarr.json").write_text(json.dumps(content))
    return path


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"axes": []}, r"image\.zarr: its OME-Zarr metadata are damaged: axes"),
        ({"datasets": []}, r"image\.zarr: its OME-Zarr metadata are damaged: datasets"),
        (
            {"datasets": [{"path": "9", "coordinateTransformations": [{"type": "scale", "scale": [1, 1, 1]}]}]},
            r"image\.zarr: its metadata name level '9', which is not there",
        ),
        (
            {"datasets": [{"path": "0", "coordinateTransformations": [{"type": "scale", "scale": [1, 0, 1]}]}]},
            r"image\.zarr, level 0: the voxel size on axis y must be positive and finite, got 0",
        ),
        (
            {"axes": [{"name": a, "type": "space", "unit": "furlong"} for a in "zyx"]},
            r"image\.zarr, level 0: 'furlong' is not a unit of length",
        ),
    ],
)
def test_damaged_ome_metadata_are_named_with_their_file(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    path = _damaged(tmp_path, **changes)
    with pytest.raises(ValueError, match=message):
        open_array(path, "/")


def test_versions_that_are_not_known_are_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"it is OME-Zarr 0\.9, but only 0\.1 to 0\.5 can be read"):
        open_array(_ome(tmp_path / "new.zarr", version="0.9"))


def test_damaged_and_missing_zarr_metadata_are_named(tmp_path: Path) -> None:
    path = _ome(tmp_path / "image.zarr")
    (path / "0" / "zarr.json").write_text('{"zarr_format": 3, "node_type": "array"}')
    with pytest.raises(ValueError, match=r"0.zarr\.json is damaged: it has no valid shape and type"):
        open_array(path)
    (path / "0" / "zarr.json").write_text("{ not json")
    with pytest.raises(ValueError, match=r"0.zarr\.json is damaged: it is not valid JSON"):
        open_array(path)
    (path / "0" / "zarr.json").unlink()
    with pytest.raises(ValueError, match=r"its metadata name level '0', which is not there"):
        open_array(path)
    (path / "zarr.json").unlink()
    with pytest.raises(ValueError, match=r"image\.zarr holds no zarr metadata: a zarr\.json, \.zgroup or \.zarray"):
        open_array(path)
    (path / "zarr.json").write_text("[]")
    with pytest.raises(ValueError, match=r"zarr\.json is damaged: it must hold a JSON object"):
        open_array(path)


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        ({"resolution": [4, -4, 4]}, "axis y must be positive"),
        ({"resolution": [4, 4]}, None),
        ({"resolution": "coarse"}, "resolution must be a list of numbers"),
        ({"resolution": [4] * 5}, "5 spatial axes can't be told"),
        ({"resolution": [4, 4, 4], "offset": [0, 0]}, "offset has 2 numbers or names, but of its axes"),
        ({"resolution": [4, 4, 4], "axis_names": ["z", "y"]}, "axis_names has 2 names for an array of 3 axes"),
        ({"resolution": [4, 4, 4], "units": ["nm", "s", "nm"]}, "'s' is not a unit of length"),
    ],
)
def test_damaged_attributes_are_named_with_their_array(
    tmp_path: Path, attributes: dict[str, Any], message: str | None
) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["gt"] = VALUES[0]
        file["gt"].attrs.update(attributes)
    if message is None:
        assert open_array(tmp_path / "a.h5").channel_dims == 1
    else:
        with pytest.raises(ValueError, match=rf"a\.h5, dataset gt: .*{message}"):
            open_array(tmp_path / "a.h5")


@pytest.mark.parametrize(("module", "name", "extra"), [("mrcfile", "a.mrc", "mrc"), ("nibabel", "a.nii", "nifti")])
def test_a_missing_reader_is_an_error_that_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: str, name: str, extra: str
) -> None:
    (tmp_path / name).touch()
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(
        ImportError, match=rf'{name} needs {module}.*pip install "napari-predictor-inspector\[{extra}\]"'
    ):
        open_array(tmp_path / name)


def test_opening_changes_no_file(tmp_path: Path) -> None:
    path = _ome(tmp_path / "image.zarr")
    before = {file: file.stat().st_mtime_ns for file in path.rglob("*")}
    open_array(path).numpy()
    assert {file: file.stat().st_mtime_ns for file in path.rglob("*")} == before
    with pytest.raises(TypeError, match="does not support item assignment"):
        open_array(path).data[...] = 0
