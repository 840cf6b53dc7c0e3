"""The real files open exactly: every value, every length, and nothing is read that isn't asked for."""

from __future__ import annotations

import itertools
import shutil
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import tifffile
import zarr
from funlib.geometry import Roi

from predictor_inspector.data import list_arrays, open_array
from predictor_inspector.data.formats.hdf5 import Hdf5Dataset

# path, name -> voxel size, offset, subdivision, unit
GEOMETRY = {
    ("medulla.ome.zarr", "/"): ((10, 10, 10), (26595, 595, 195), 1, "nm"),
    ("medulla.ome.zarr", "s1"): ((20, 20, 20), (26590, 590, 190), 1, "nm"),
    ("medulla.ome.zarr", "labels/neurons"): ((10, 10, 10), (26595, 595, 195), 1, "nm"),
    ("medulla.ome.zarr", "labels/neurons/s1"): ((20, 20, 20), (26590, 590, 190), 1, "nm"),
    ("crop_fractional.ome.zarr", "/"): ((524, 400, 400), (16288, 207550, 13910), 100, "nm"),
    ("crop_fractional.ome.zarr", "labels/neurons"): ((524, 400, 400), (16288, 207550, 13910), 100, "nm"),
    ("crop_fractional.ome.zarr", "labels/annotated"): ((524, 400, 400), (16288, 207550, 13910), 100, "nm"),
    ("crop_fractional.ome.zarr", "labels/neurons/s1"): ((1048, 800, 800), (16026, 207350, 13710), 100, "nm"),
    ("funlib_anisotropic.zarr", "raw"): ((40, 10, 10), (400, 1000, 1000), 1, "nm"),
    ("funlib_anisotropic.zarr", "labels/neuron_ids"): ((40, 10, 10), (400, 1000, 1000), 1, "nm"),
    ("cremi_style.hdf", "volumes/raw"): ((40, 4, 4), (0, 0, 0), 1, "nm"),
    ("cremi_style.hdf", "volumes/labels/neuron_ids"): ((40, 4, 4), (0, 0, 0), 1, "nm"),
    ("nuclei2d_masks.tif", "/"): ((10, 10), (-5, -5), 10, "pixel"),
    ("nuclei3d_masks.tif", "/"): ((10, 10, 10), (-5, -5, -5), 10, "pixel"),
}


def _directly(path: Path, name: str) -> np.ndarray:
    if path.suffix == ".tif":
        return tifffile.imread(path)
    if path.suffix == ".hdf":
        with h5py.File(path, "r") as file:
            return file[name][...]
    folder = path / name.strip("/")
    return zarr.open_array(folder if (folder / ".zarray").exists() else folder / "s0", mode="r")[...]


@pytest.mark.parametrize(("path", "name"), GEOMETRY)
def test_values_and_geometry_are_exactly_those_of_the_file(real_data: Path, path: str, name: str) -> None:
    array = open_array(real_data / path, name)
    expected = _directly(real_data / path, name)
    assert array.dtype == expected.dtype
    np.testing.assert_array_equal(array.numpy(), expected)
    geometry = tuple(array.voxel_size), tuple(array.offset), array.subdivision, array.unit
    assert geometry == GEOMETRY[path, name]
    assert array.axis_names == ("z", "y", "x")[3 - array.dims :]
    middle = array.roi_of([slice(n // 3, n // 3 + n // 4) for n in expected.shape])
    np.testing.assert_array_equal(
        array[middle].data, expected[tuple(slice(n // 3, n // 3 + n // 4) for n in expected.shape)]
    )


@pytest.mark.parametrize(("path", "name"), [key for key in GEOMETRY if key[1] != "/"])
def test_a_path_may_reach_into_the_container(real_data: Path, path: str, name: str) -> None:
    reached, named = open_array(real_data / path / name), open_array(real_data / path, name)
    assert (reached.roi, reached.voxel_size, reached.shape) == (named.roi, named.voxel_size, named.shape)


@pytest.mark.parametrize(
    ("path", "chosen"),
    [
        ("medulla.ome.zarr", "labels/neurons"),
        ("crop_fractional.ome.zarr", "labels/neurons"),
        ("crop_fractional.ome.zarr/labels", "neurons"),
        ("funlib_anisotropic.zarr", "labels/neuron_ids"),
        ("cremi_style.hdf", "volumes/labels/neuron_ids"),
        ("nuclei2d_masks.tif", "/"),
        ("nuclei3d_image.tif", "/"),
    ],
)
def test_without_a_name_the_only_labels_are_opened(real_data: Path, path: str, chosen: str) -> None:
    array, expected = open_array(real_data / path), open_array(real_data / path, chosen)
    assert (array.dtype, array.roi) == (expected.dtype, expected.roi)


def test_ids_beyond_32_bits_are_kept(real_data: Path) -> None:
    assert open_array(real_data / "funlib_anisotropic.zarr").numpy().max() > 2**33


def test_listing_says_what_each_array_is(real_data: Path) -> None:
    raw, annotated, neurons = list_arrays(real_data / "crop_fractional.ome.zarr")
    assert [(i.name, i.kind) for i in (raw, annotated, neurons)] == [
        ("/", "image"),
        ("labels/annotated", "mask"),
        ("labels/neurons", "labels"),
    ]
    assert neurons.levels == ("labels/neurons/s0", "labels/neurons/s1")
    array = neurons.array
    assert (array.physical_voxel_size, array.physical_offset) == ((5.24, 4.0, 4.0), (162.88, 2075.5, 139.1))
    assert (array.shape, array.dtype, array.axis_names, array.unit) == ((56, 96, 96), np.uint16, ("z", "y", "x"), "nm")
    assert [i.name for i in list_arrays(real_data / "crop_fractional.ome.zarr/labels")] == ["annotated", "neurons"]
    (coarse,) = list_arrays(real_data / "crop_fractional.ome.zarr/s1")
    assert coarse.array.physical_voxel_size == (10.48, 8.0, 8.0)
    assert [i.kind for i in list_arrays(real_data / "nuclei2d_masks.tif")] == ["labels"]
    assert [i.kind for i in list_arrays(real_data / "nuclei2d_image.tif")] == ["image"]


def test_zarr_reads_no_chunk_on_opening_and_only_the_chunks_of_a_region(real_data: Path, tmp_path: Path) -> None:
    path, expected = tmp_path / "medulla.ome.zarr", open_array(real_data / "medulla.ome.zarr", "labels/neurons").numpy()
    shutil.copytree(real_data / "medulla.ome.zarr", path)
    chunks = [f for f in (path / "labels" / "neurons" / "s0").rglob("*") if f.is_file() and not f.name.startswith(".")]
    wanted = ("1/0/0", "1/1/0")
    for file in chunks:
        if not file.as_posix().endswith(wanted):
            file.write_bytes(b"damaged")
    array = open_array(path, "labels/neurons")
    list_arrays(path)
    part = array[array.roi_of([slice(50, 51), slice(50, 60), slice(0, 56)])]
    np.testing.assert_array_equal(part.data, expected[50:51, 50:60, :56])
    with pytest.raises(ValueError, match=r"neurons/s0/\d/\d/\d is damaged: .*[Bb]losc"):
        array.numpy()


def test_hdf5_reads_nothing_on_opening_and_only_the_region_then(
    real_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys: list[Any] = []
    original = h5py.Dataset.__getitem__

    def read(self: Any, key: Any, *args: Any) -> Any:
        keys.append(key)
        return original(self, key, *args)

    monkeypatch.setattr(h5py.Dataset, "__getitem__", read)
    array = open_array(real_data / "cremi_style.hdf")
    list_arrays(real_data / "cremi_style.hdf")
    assert keys == []
    region = tuple(slice(a, b) for a, b in ((3, 5), (10, 20), (0, 112)))
    array[array.roi_of(region)]
    assert keys == [region]


def test_tiff_decodes_nothing_on_opening_and_only_the_pages_of_a_region(
    real_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded: list[int] = []
    original = tifffile.TiffPage.decode.func  # type: ignore[attr-defined]

    def decode(self: Any) -> Any:
        decode_one = original(self)

        def counting(*args: Any, **kwargs: Any) -> Any:
            decoded.append(1)
            return decode_one(*args, **kwargs)

        return counting

    monkeypatch.setattr(tifffile.TiffPage, "decode", property(decode))
    array = open_array(real_data / "nuclei3d_masks.tif")
    list_arrays(real_data / "nuclei3d_masks.tif")
    assert decoded == []
    array[array.roi_of([slice(3, 5), slice(0, 61), slice(0, 57)])]
    assert 1 <= len(decoded) <= 2


def test_an_hdf5_file_can_be_written_to_while_an_array_is_open(tmp_path: Path) -> None:
    path = tmp_path / "growing.h5"
    with h5py.File(path, "w") as file:
        file["labels"] = np.zeros((4, 4, 4), np.uint64)
    array = open_array(path)
    assert isinstance(array.data, Hdf5Dataset)
    assert array.numpy().max() == 0
    with h5py.File(path, "r+") as file:
        file["labels"][0] = 7
    assert array.numpy().max() == 7


def test_hdf5_may_be_read_from_several_threads(real_data: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    arrays = [open_array(real_data / "cremi_style.hdf", name) for name in ("volumes/raw", "volumes/labels/neuron_ids")]
    expected = [array.numpy() for array in arrays]

    def slab(job: tuple[int, int]) -> bool:
        which, z = job
        array = arrays[which]
        part = array[Roi((40 * z, 0, 0), (40, 448, 448))].data
        return np.array_equal(part[0], expected[which][z])

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(slab, itertools.product((0, 1), range(20))))
