"""Axes, sizes and units as other programs write them: what they say is used, and what they leave open is told."""

from __future__ import annotations

import json
from fractions import Fraction
from itertools import permutations
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import tifffile
import zarr
from hypothesis import given
from hypothesis import strategies as st

from predictor_inspector.core import Array
from predictor_inspector.data import list_arrays, open_array
from predictor_inspector.data.formats.attributes import described
from predictor_inspector.data.formats.axes import AxesError, Axis, Described

SHAPE = {"t": 2, "c": 3, "z": 4, "y": 5, "x": 6}
SIZES = {"z": 40.0, "y": 8.0, "x": 4.0}
KINDS: Any = {"t": "time", "c": "channel"}
IDS = np.arange(4 * 5 * 6, dtype=np.uint16).reshape(4, 5, 6)


def stored(order: str) -> tuple[np.ndarray, np.ndarray]:
    """Values with their axes in this order, and the same as they are presented."""
    usual = [a for a in "tczyx" if a in order]
    values = np.arange(np.prod([SHAPE[a] for a in order]), dtype=np.uint32).reshape([SHAPE[a] for a in usual])
    return values.transpose([usual.index(a) for a in order]), values


def tags(size: Any = None, **kinds: int) -> str:
    """What vigra writes of axes with these flags: 1 for channels, 2 for space, 8 for time."""
    sizes = size or {}
    axes = [
        {"key": key, "typeFlags": flags, "resolution": sizes.get(key, 0.0), "description": ""}
        for key, flags in kinds.items()
    ]
    return json.dumps({"axes": axes})


def named(names: str, types: str = "", **others: Any) -> dict[str, Any]:
    """Funlib's attributes, with types by their first letters."""
    words = {"s": "space", "t": "time", "c": "channel"}
    return {"axis_names": names.split()} | ({"types": [words[a] for a in types]} if types else {}) | others


@st.composite
def orders(draw: Any) -> str:
    letters = draw(st.sampled_from(["zyx", "yx", "zx", "czyx", "tzyx", "tczyx", "cyx", "tyx"]))
    return "".join(draw(st.permutations(letters)))


@given(orders(), st.booleans(), st.booleans(), st.sampled_from(["all", "space", "none"]))
def test_any_order_of_axes_gives_the_same_array(order: str, telling: bool, typed: bool, sized: str) -> None:
    values, usual = stored(order)
    telling = telling or sorted(order) == ["x", "z"]
    if not telling:
        typed = True
        space = iter(a for a in "zyx" if a in order)
        order = "".join(a if a in "tc" else next(space) for a in order)  # without names space is in the usual order
        values = np.moveaxis(usual, [[a for a in "tczyx" if a in order].index(a) for a in order], range(len(order)))
    axes = [Axis(a if telling else None, KINDS.get(a, "space") if typed else None) for a in order]
    lengths = {"all": [SIZES.get(a, 1) for a in order], "space": [SIZES[a] for a in order if a in SIZES], "none": None}[
        sized
    ]
    attributes: dict[str, Any] = {} if lengths is None else {"voxel_size": lengths, "units": ["nm"]}
    if telling:
        attributes["axis_names"] = [a.name for a in axes]
    if typed:
        attributes["types"] = [a.kind for a in axes]
    array = described(values, attributes, "data").array()
    letters = [a for a in "tczyx" if a in order]
    assert array.axis_names == tuple(f"{a}^" if a in KINDS else a for a in letters)
    if lengths is not None:
        assert array.physical_voxel_size == tuple(SIZES[a] for a in letters if a in SIZES)
    np.testing.assert_array_equal(array.numpy(), usual)
    part = array.roi_of([slice(1, SHAPE[a]) for a in letters if a in SIZES])
    within = tuple(slice(None) if a in KINDS else slice(1, None) for a in letters)
    np.testing.assert_array_equal(np.asarray(array[part].data), usual[within])


@pytest.mark.parametrize("order", ["".join(p) for p in permutations("cyx")] + ["zyxc", "xyz", "xyzc", "ctzyx", "zcyx"])
@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_ome_axes_may_come_in_any_order(tmp_path: Path, order: str, version: str) -> None:
    values, usual = stored(order)
    axes = [{"name": a, "type": KINDS.get(a, "space")} | ({} if a in KINDS else {"unit": "nanometer"}) for a in order]
    scale, translation = [SIZES.get(a, 1.0) for a in order], [SIZES.get(a, 0.0) / 2 for a in order]
    steps = [{"type": "scale", "scale": scale}, {"type": "translation", "translation": translation}]
    multiscale = {"axes": axes, "datasets": [{"path": "s0", "coordinateTransformations": steps}]}
    old = version == "0.4"
    attributes = (
        {"multiscales": [multiscale | {"version": "0.4"}]}
        if old
        else {"ome": {"version": "0.5", "multiscales": [multiscale]}}
    )
    group = zarr.create_group(tmp_path / "image.zarr", zarr_format=2 if old else 3, attributes=attributes)
    group.create_array("s0", data=values)
    array = open_array(tmp_path / "image.zarr")
    assert array.spatial_axes == tuple(a for a in "zyx" if a in order)
    assert array.physical_voxel_size == tuple(SIZES[a] for a in array.spatial_axes)
    assert set(array.offset) == {0}
    np.testing.assert_array_equal(array.numpy(), usual)


@pytest.mark.parametrize(
    ("attributes", "shape", "names"),
    [
        # funlib.persistence up to 0.5: a caret anywhere marks what isn't space
        (named("z y x ^c", voxel_size=[40, 8, 4]), (4, 5, 6, 2), ("c^", "z", "y", "x")),
        (named("sample^ z channel^ y x"), (2, 4, 3, 5, 6), ("sample^", "c^", "z", "y", "x")),
        (named("z y x c^", voxel_size=[40, 8, 4, 1]), (4, 5, 6, 2), ("c^", "z", "y", "x")),
        # from 0.7 on, types; lengths are of space and time
        (named("t z y x", "tsss", voxel_size=[1, 40, 8, 4]), (2, 4, 5, 6), ("t^", "z", "y", "x")),
        (named("d0 d1 c0^", "ssc", voxel_size=[8, 4]), (5, 6, 2), ("c^", "y", "x")),
        (
            {"types": ["space", "space", "space", "channel"], "voxel_size": [40, 8, 4]},
            (4, 5, 6, 2),
            ("c^", "z", "y", "x"),
        ),
        # xarray
        ({"_ARRAY_DIMENSIONS": ["x", "y", "z", "time"]}, (6, 5, 4, 2), ("t^", "z", "y", "x")),
        ({"_ARRAY_DIMENSIONS": ["plane", "row", "column", "channel"]}, (4, 5, 6, 2), ("c^", "z", "y", "x")),
        # vigra, as ilastik exports it
        ({"axistags": tags(z=2, y=2, x=2, c=1)}, (4, 5, 6, 2), ("c^", "z", "y", "x")),
        ({"axistags": tags(t=8, x=2, y=2, c=1)}, (2, 6, 5, 3), ("t^", "c^", "y", "x")),
        # dimension labels of HDF5
        ({"DIMENSION_LABELS": ["z", "y", "x", "c"]}, (4, 5, 6, 2), ("c^", "z", "y", "x")),
        # names that say nothing, and other words for names
        ({"_ARRAY_DIMENSIONS": ["dim_0", "y", "x"]}, (4, 5, 6), ("z", "y", "x")),
        ({"_ARRAY_DIMENSIONS": ["dim_0", "dim_1", "dim_2"]}, (4, 5, 6), ("z", "y", "x")),
        ({"_ARRAY_DIMENSIONS": ["band", "y", "x"]}, (4, 5, 6), ("band^", "y", "x")),
        ({"axis_order": "yxc"}, (5, 6, 3), ("c^", "y", "x")),
        ({"dims": "two words"}, (4, 5, 6), ("z", "y", "x")),
        # no names: the last axes are space, as many as there are numbers
        ({"voxel_size": [8, 4]}, (3, 5, 6), ("c^", "y", "x")),
        ({}, (2, 4, 5, 6), ("c^", "z", "y", "x")),
    ],
)
@pytest.mark.parametrize("suffix", [".zarr", ".h5"])
def test_axes_are_what_the_attributes_say(tmp_path: Path, attributes: Any, shape: Any, names: Any, suffix: str) -> None:
    path, values = tmp_path / f"data{suffix}", np.arange(np.prod(shape), dtype=np.uint32).reshape(shape)
    if suffix == ".h5":
        with h5py.File(path, "w") as file:
            file.create_dataset("gt", data=values).attrs.update(attributes)
    else:
        zarr.create_array(path, data=values, zarr_format=2, attributes=attributes)
    array = open_array(path)
    assert array.axis_names == names
    assert sorted(array.shape) == sorted(shape)
    spatial = {"z": 4, "y": 5, "x": 6}
    assert array.shape[array.channel_dims :] == tuple(spatial[a] for a in array.spatial_axes)


def test_dimension_names_of_zarr_3_are_used(tmp_path: Path) -> None:
    zarr.create_array(tmp_path / "a.zarr", data=IDS.T, dimension_names=("x", "y", "z"))
    np.testing.assert_array_equal(open_array(tmp_path / "a.zarr").numpy(), IDS)
    zarr.create_array(
        tmp_path / "b.zarr",
        data=IDS,
        dimension_names=("z", "y", "x"),
        attributes={"dimension_units": ["40nm", "8nm", "4 nm"]},
    )
    assert open_array(tmp_path / "b.zarr").physical_voxel_size == (40, 8, 4)


def test_h5py_labels_of_dimensions_are_used(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        gt = file.create_dataset("gt", data=IDS.T)
        for axis, label in enumerate("xyz"):
            gt.dims[axis].label = label
    np.testing.assert_array_equal(open_array(tmp_path / "a.h5").numpy(), IDS)


@pytest.mark.parametrize(
    ("attributes", "readings"),
    [
        (
            named("z y x c", "csss"),
            r"axis_names say z y x channel, types say channel space space space; .*'zyxc' or 'czyx'",
        ),
        (
            named("z y x c", _ARRAY_DIMENSIONS=["c", "z", "y", "x"]),
            r"axis_names say z y x channel, _ARRAY_DIMENSIONS say channel z y x; .*'zyxc' or 'czyx'",
        ),
        (named("z y x c^", "ssss"), r"axis_names say z y x channel, types say space"),
        (named("z y x c^", voxel_size=[8, 4]), r"voxel_size has 2 numbers, but of z y x channel, 3 are of space"),
        (named("z z y x"), r"two of its axes are z"),
        (named("z y x"), r"axis_names has 3 names for an array of 4 axes"),
        (named("t c a^ b^"), r"none of its axes is space"),
    ],
)
def test_what_contradicts_itself_is_refused_with_both_readings(attributes: dict[str, Any], readings: str) -> None:
    with pytest.raises(AxesError, match=rf"^crop: .*{readings}"):
        described(np.zeros((4, 5, 6, 3)), attributes, "crop").array()


def test_letters_decide_whatever_the_file_says(tmp_path: Path) -> None:
    attributes = {
        "axis_names": ["z", "y", "x", "c"],
        "types": ["channel", "space", "space", "space"],
        "voxel_size": [40, 8, 4],
    }
    values, usual = stored("zyxc")
    zarr.create_array(tmp_path / "a.zarr", data=values, attributes=attributes)
    with pytest.raises(ValueError, match="contradicts itself"):
        open_array(tmp_path / "a.zarr")
    array = open_array(tmp_path / "a.zarr", axes="zyxc")
    assert (array.axis_names, array.physical_voxel_size) == (("c^", "z", "y", "x"), (40, 8, 4))
    np.testing.assert_array_equal(array.numpy(), usual)
    assert open_array(tmp_path / "a.zarr", axes="czyx").shape == (4, 5, 6, 3)
    flat = open_array(tmp_path / "a.zarr", axes="ccyx")
    assert (flat.axis_names, flat.unit) == (("c0^", "c1^", "y", "x"), "pixel")
    assert "in pixels" in flat.about.doubts[0]
    for wrong in ("zyx", "zyxq", "zzyx", "cccc"):
        with pytest.raises(ValueError, match="axes must have a letter for each of its 4 axes, of shape 4 × 5 × 6 × 3"):
            open_array(tmp_path / "a.zarr", axes=wrong)


def test_letters_read_arrays_of_every_format(tmp_path: Path) -> None:
    values, usual = stored("yxc")
    tifffile.imwrite(tmp_path / "a.tif", values, photometric="minisblack")
    array = open_array(tmp_path / "a.tif", axes="yxc")
    assert array.axis_names == ("c^", "y", "x")
    np.testing.assert_array_equal(array.numpy(), usual)


# Sizes


def hdf5(path: Path, values: np.ndarray = IDS, **attributes: Any) -> Array:
    with h5py.File(path / "a.h5", "w") as file:
        file.create_dataset("label", data=values).attrs.update(attributes)
    return open_array(path / "a.h5")


def test_sizes_of_other_programs_are_used(tmp_path: Path) -> None:
    array = hdf5(tmp_path, element_size_um=np.array([0.284, 0.127, 0.127], np.float32))
    assert (array.physical_voxel_size, array.unit, array.about.doubts) == ((0.284, 0.127, 0.127), "um", ())
    assert hdf5(tmp_path, IDS[0], element_size_um=[1.0, 0.5, 0.25]).physical_voxel_size == (0.5, 0.25)
    array = hdf5(tmp_path, voxel_size=[0.04, 8, 4], units=["um", "nm", "nm"])
    assert (array.physical_voxel_size, array.unit) == ((0.04, 0.008, 0.004), "um")
    assert hdf5(tmp_path, voxel_size=8).physical_voxel_size == (8, 8, 8)
    assert hdf5(tmp_path, np.stack([IDS, IDS], -1), **named("z y x c^", voxel_size=[8.0])).physical_voxel_size == (
        8,
        8,
        8,
    )
    units = json.dumps({"x": "nm", "y": "nm", "z": "\u03bcm", "c": ""})
    values = np.stack([IDS, IDS], -1)
    array = hdf5(tmp_path, values, axistags=tags({"z": 0.04, "y": 8.0, "x": 4.0}, z=2, y=2, x=2, c=1), axis_units=units)
    assert (array.physical_voxel_size, array.unit, array.about.doubts) == ((0.04, 0.008, 0.004), "um", ())
    array = hdf5(tmp_path, pixelResolution=json.dumps({"dimensions": [4, 8, 40], "unit": "nm"}))
    assert array.physical_voxel_size == (40, 8, 4)


@pytest.mark.parametrize("order", [{}, {"order": "C"}, {"order": "F"}])
def test_a_cosem_transform_places_the_centre(tmp_path: Path, order: dict[str, str]) -> None:
    lists = {"axes": ["z", "y", "x"], "scale": [5.24, 4.0, 4.0], "translate": [2.62, 2.0, 6.0], "units": ["nm"] * 3}
    turned = {key: values[::-1] if order.get("order") == "F" else values for key, values in lists.items()}
    zarr.create_array(tmp_path / "s0", data=IDS, zarr_format=2, attributes={"transform": {**turned, **order}})
    array = open_array(tmp_path / "s0")
    assert (array.physical_voxel_size, array.physical_offset, array.unit) == ((5.24, 4, 4), (0, 0, 4), "nm")


def test_an_image_of_cosem_has_a_transform_for_each_level(tmp_path: Path) -> None:
    places = {"s0": ([5.24, 4.0, 4.0], [0.0, 0.0, 0.0]), "s1": ([10.48, 8.0, 8.0], [2.62, 2.0, 2.0])}
    datasets = [
        {"path": name, "transform": {"axes": [*"zyx"], "scale": scale, "translate": centre, "units": ["nm"] * 3}}
        for name, (scale, centre) in places.items()
    ]
    group = zarr.create_group(tmp_path / "em", zarr_format=2, attributes={"multiscales": [{"datasets": datasets}]})
    for name in places:
        group.create_array(name, data=IDS)
    (found,) = list_arrays(tmp_path / "em")
    assert found.levels == ("s0", "s1")
    for name, (scale, _) in places.items():
        array = open_array(tmp_path / "em", name)
        assert (array.physical_voxel_size, array.physical_offset) == (tuple(scale), (-2.62, -2, -2))


def test_axes_and_transformations_of_ome_among_attributes_of_hdf5_are_used(tmp_path: Path) -> None:
    axes = [{"name": "c", "type": "channel"}, *({"name": a, "type": "space", "unit": "nanometer"} for a in "xyz")]
    steps = [{"type": "scale", "scale": [1, 4, 8, 40]}, {"type": "translation", "translation": [0, 2, 4, 20]}]
    said = {"axes": json.dumps(axes), "coordinateTransformations": json.dumps(steps)}
    array = hdf5(tmp_path, np.stack([IDS.T, IDS.T]), **said)
    assert (array.axis_names, array.physical_voxel_size, set(array.offset)) == (("c^", "z", "y", "x"), (40, 8, 4), {0})
    np.testing.assert_array_equal(array.numpy()[0], IDS)
    with pytest.raises(ValueError, match="must be scales and translations of 3 numbers"):
        hdf5(tmp_path, **said | {"axes": json.dumps(axes[1:])})


def test_images_of_ome_in_hdf5_are_placed_by_their_group(tmp_path: Path) -> None:
    axes = [{"name": a, "type": "space", "unit": "nanometer"} for a in "xyz"]
    steps = [{"type": "scale", "scale": [4.0, 8.0, 40.0]}, {"type": "translation", "translation": [2.0, 4.0, 20.0]}]
    image = {"version": "0.4", "axes": axes, "datasets": [{"path": "s0", "coordinateTransformations": steps}]}
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("em/s0", data=IDS.T)
        file["em"].attrs["multiscales"] = json.dumps([image])
    array = open_array(tmp_path / "a.h5")
    assert (array.physical_voxel_size, set(array.offset)) == ((40, 8, 4), {0})
    np.testing.assert_array_equal(array.numpy(), IDS)


@pytest.mark.parametrize("version", [2, 3])
def test_coordinates_of_xarray_give_sizes_and_centres(tmp_path: Path, version: Any) -> None:
    group = zarr.create_group(tmp_path / "a.zarr", zarr_format=version)
    names = {"x": 0.004, "y": 0.008, "z": 0.04}
    group.create_array("labels", data=IDS.T, attributes={"_ARRAY_DIMENSIONS": [*names]})
    for (name, size), count in zip(names.items(), IDS.T.shape, strict=True):
        said = {"_ARRAY_DIMENSIONS": [name], "units": "um"}
        group.create_array(name, data=1 + size * np.arange(count), attributes=said)
    array = open_array(tmp_path / "a.zarr")
    assert (array.physical_voxel_size, array.unit, array.about.doubts) == ((0.04, 0.008, 0.004), "um", ())
    assert array.physical_offset == (0.98, 0.996, 0.998)
    np.testing.assert_array_equal(array.numpy(), IDS)
    del group["y"]
    group.create_array("y", data=np.array([0.0, 1, 2, 4, 9]))
    doubts = open_array(tmp_path / "a.zarr").about.doubts
    assert "the coordinates of y aren't evenly spaced, and aren't used" in doubts


def test_names_of_dimensions_that_contradict_the_image_are_refused(tmp_path: Path) -> None:
    axes = [{"name": a, "type": KINDS.get(a, "space")} for a in "czyx"]
    level = {"path": "s0", "coordinateTransformations": [{"type": "scale", "scale": [1.0, 40.0, 8.0, 4.0]}]}
    group = zarr.create_group(
        tmp_path / "a.zarr",
        attributes={"ome": {"version": "0.5", "multiscales": [{"axes": axes, "datasets": [level]}]}},
    )
    group.create_array("s0", data=np.zeros((4, 5, 6, 3), np.uint8), dimension_names=("z", "y", "x", "c"))
    with pytest.raises(ValueError, match="axes say channel z y x, dimension_names say z y x channel"):
        open_array(tmp_path / "a.zarr")
    assert open_array(tmp_path / "a.zarr", axes="zyxc").axis_names == ("c^", "z", "y", "x")
    assert open_array(tmp_path / "a.zarr", "/", axes="zyxc").shape == (3, 4, 5, 6)


def test_an_array_takes_over_the_sizes_of_its_group(tmp_path: Path) -> None:
    group = zarr.create_group(tmp_path / "a.zarr", attributes={"voxel_size": [40, 8, 4], "offset": [400, 0, 0]})
    group.create_array("gt", data=IDS)
    array = open_array(tmp_path / "a.zarr")
    assert (array.physical_voxel_size, array.physical_offset) == ((40, 8, 4), (400, 0, 0))


def test_n5_lists_x_first() -> None:
    said = {
        "resolution": [4, 8, 20],
        "downsamplingFactors": [1, 1, 2],
        "units": ["nm", "nm", "nm"],
        "axes": ["x", "y", "z"],
    }
    array = described(IDS, said, "n5", n5=True).array()
    assert (array.axis_names, array.physical_voxel_size, set(array.offset)) == (("z", "y", "x"), (40, 8, 4), {0})
    said = {"axistags": tags(z=2, y=2, x=2), "resolution": [4, 8, 40]}  # ilastik's are in the order of the data
    assert described(IDS, said, "n5", n5=True).array().physical_voxel_size == (40, 8, 4)
    assert described(IDS, {"voxel_size": [40, 8, 4]}, "n5", n5=True).array().physical_voxel_size == (40, 8, 4)


def doubtful(array: Array) -> str:
    (doubt,) = array.about.doubts
    assert doubt in repr(array)
    return doubt


def test_sizes_that_are_missing_or_not_understood_are_told(tmp_path: Path) -> None:
    assert (
        doubtful(hdf5(tmp_path, spacing=[0.5, 0.1, 0.1]))
        == "spacing = 0.5, 0.1, 0.1 looks like a voxel size, but isn't understood"
    )
    assert doubtful(hdf5(tmp_path, voxel_size=[0.5, 0.1, 0.1])) == "voxel sizes below 1 without a unit, read as nm"
    assert (
        doubtful(hdf5(tmp_path, voxel_size=[40, 8, 4], units=["", "", ""]))
        == "voxel sizes without a unit, read as pixels"
    )
    array = hdf5(tmp_path, voxel_size=[40, 8, 4], units=["nm", "", "nm"])
    assert (array.physical_voxel_size, doubtful(array)) == ((40, 8, 4), "no unit for y, read as nm")
    assert doubtful(hdf5(tmp_path, offset=[40, 8, 4])) == "a position, but no voxel size: it is taken to be 1"
    assert "resolution is 4, 8, 40, but" not in str(hdf5(tmp_path, voxel_size=[40, 8, 4], resolution=[40, 8, 4]).about)
    assert "but resolution is 20, 8, 4; the first is taken" in doubtful(
        hdf5(tmp_path, voxel_size=[40, 8, 4], resolution=[20, 8, 4])
    )
    tiny = {"voxel_size": [4e-6, 4e-6, 4e-6], "units": ["um"]}
    assert "smaller than atoms along z, y, and x" in doubtful(hdf5(tmp_path, **tiny)).replace(" and", ", and").replace(
        ",,", ","
    )
    for plain in ({}, {"voxel_size": [40, 8, 4]}, {"voxel_size": [0.4, 0.1, 0.1], "units": ["um"] * 3}):
        assert hdf5(tmp_path, **plain).about.doubts == ()


def ome_tiff(path: Path, values: np.ndarray = IDS, axes: str = "ZYX", **sizes: Any) -> Array:
    tifffile.imwrite(path / "a.ome.tif", values, ome=True, metadata={"axes": axes, **sizes})
    return open_array(path / "a.ome.tif")


def test_ome_tiff_without_a_size_for_z_is_doubtful_there(tmp_path: Path) -> None:
    nm = {"PhysicalSizeXUnit": "nm", "PhysicalSizeYUnit": "nm"}
    array = ome_tiff(tmp_path, PhysicalSizeX=4, PhysicalSizeY=8, **nm)
    assert (array.physical_voxel_size, array.unit) == ((8, 8, 4), "nm")
    assert doubtful(array) == "no voxel size for z, taken to be that of y, 8 nm"
    assert (
        ome_tiff(
            tmp_path, PhysicalSizeX=4, PhysicalSizeY=8, PhysicalSizeZ=40, PhysicalSizeZUnit="nm", **nm
        ).about.doubts
        == ()
    )
    assert ome_tiff(tmp_path, IDS[0], "YX", PhysicalSizeX=4, PhysicalSizeY=8, **nm).about.doubts == ()
    assert "no voxel size for y" in ome_tiff(tmp_path, PhysicalSizeX=0.5, PhysicalSizeZ=2).about.doubts[0]
    array = ome_tiff(tmp_path)
    assert (array.unit, array.about.doubts) == ("pixel", ())


def test_lengths_that_are_none_are_told(tmp_path: Path) -> None:
    array = ome_tiff(tmp_path, PhysicalSizeX=4, PhysicalSizeY=8, PhysicalSizeZ=3, PhysicalSizeZUnit="reference frame")
    assert any("z is 3 reference frame, which is no length" in doubt for doubt in array.about.doubts)


def tiff(path: Path, values: np.ndarray = IDS, **options: Any) -> Array:
    tifffile.imwrite(path / "a.tif", values, photometric="minisblack", **options)
    return open_array(path / "a.tif")


def imagej(path: Path, values: np.ndarray = IDS, **options: Any) -> Array:
    return tiff(
        path, values, imagej=True, metadata={"axes": "ZYX"[-values.ndim :], **options.pop("said", {})}, **options
    )


def test_printers_resolutions_say_nothing(tmp_path: Path) -> None:
    for dots, unit in ((72, "INCH"), (300, "INCH"), (28.35, "CENTIMETER"), (1, "NONE"), (4, "NONE")):
        array = tiff(tmp_path, resolution=(dots, dots), resolutionunit=unit)
        assert (array.unit, array.about.doubts) == ("pixel", ()), (dots, unit)
    array = imagej(tmp_path, resolution=(72, 72), resolutionunit="INCH")
    assert (array.unit, array.physical_voxel_size, array.about.doubts) == ("pixel", (1, 1, 1), ())
    array = imagej(tmp_path, resolution=(72, 72), resolutionunit="INCH", said={"unit": "um", "spacing": 2})
    assert (array.unit, array.physical_voxel_size) == ("um", (2, 1, 1))
    assert doubtful(array) == "72 dots per inch say nothing of y and x, taken to be 1 um as ImageJ does"
    array = imagej(tmp_path, resolution=(72, 72), resolutionunit="INCH", said={"spacing": 3})
    assert (array.unit, array.physical_voxel_size) == ("pixel", (3, 1, 1))
    array = imagej(tmp_path, IDS[0], resolution=(72, 72), resolutionunit="INCH", said={"unit": "inch"})
    assert (array.unit, array.physical_voxel_size) == ("pixel", (1, 1))


def test_resolutions_of_microscopes_are_used(tmp_path: Path) -> None:
    array = tiff(tmp_path, IDS[0], resolution=(2_500_000, 1_250_000), resolutionunit="CENTIMETER")
    assert (array.unit, array.physical_voxel_size) == ("um", (0.008, 0.004))
    array = tiff(tmp_path, resolution=(6_350_000, 6_350_000), resolutionunit="INCH")
    assert array.physical_voxel_size == (0.004, 0.004, 0.004)
    assert "no voxel size for z" in doubtful(array)


def test_imagej_has_a_unit_for_each_axis(tmp_path: Path) -> None:
    size = (1 / 0.004, 1 / 0.004)
    array = imagej(tmp_path, resolution=size, said={"unit": "um", "zunit": "nm", "spacing": 40})
    assert (array.unit, array.physical_voxel_size, array.about.doubts) == ("nm", (40, 4, 4), ())
    array = imagej(
        tmp_path, resolution=(250, 0.125), said={"unit": "\\u00B5m", "yunit": "nm", "zunit": "mm", "spacing": 0.001}
    )
    assert (array.unit, array.about.doubts) == ("mm", ())
    assert array.physical_voxel_size == (0.001, 8e-6, 4e-6)
    # ImageJ's own rule for tags in centimetres
    array = imagej(
        tmp_path, resolution=(20_000, 20_000), resolutionunit="CENTIMETER", said={"unit": "um", "spacing": 2}
    )
    assert array.physical_voxel_size == (2, 0.5, 0.5)


def test_what_is_given_to_tifffile_beside_an_array_is_used(tmp_path: Path) -> None:
    array = tiff(tmp_path, resolution=(2, 2), metadata={"axes": "ZYX", "spacing": 0.3, "unit": "um"})
    assert (array.unit, array.physical_voxel_size, array.about.doubts) == ("um", (0.3, 0.5, 0.5), ())
    sizes = {f"PhysicalSize{a}": size for a, size in zip("ZYX", (40, 8, 4), strict=True)}
    array = tiff(tmp_path, metadata={"axes": "ZYX", **sizes, **{f"PhysicalSize{a}Unit": "nm" for a in "ZYX"}})
    assert (array.unit, array.physical_voxel_size) == ("nm", (40, 8, 4))
    values, usual = stored("zyxc")
    array = tiff(tmp_path, values, metadata={"axes": "ZYXC"})
    assert array.axis_names == ("c^", "z", "y", "x")
    np.testing.assert_array_equal(array.numpy(), usual)


@pytest.mark.parametrize(
    ("tag", "text"),
    [
        (34118, "AP_IMAGE_PIXEL_SIZE\r\nImage Pixel Size = 4.2 nm"),  # Zeiss's electron microscopes
        (34118, "AP_PIXEL_SIZE\r\nPixel Size = 4200 pm"),
        (34682, "[Scan]\r\nPixelWidth=4.2e-09\r\nPixelHeight=4.2e-09"),  # FEI's
    ],
)
def test_the_sizes_of_electron_microscopes_are_read(tmp_path: Path, tag: int, text: str) -> None:
    array = tiff(tmp_path, IDS[0], metadata=None, extratags=[(tag, "s", 0, text, True)], resolution=(72, 72))
    size = (4200, 4200) if array.unit == "pm" else (4.2, 4.2)
    assert (array.unit, array.physical_voxel_size) == ("pm" if "pm" in text else "nm", size)
    assert array.about.doubts == ()


def test_the_sizes_of_zeiss_s_light_microscopes_are_read(tmp_path: Path) -> None:
    info = np.zeros((), np.dtype(tifffile.TIFF.CZ_LSMINFO))
    z, y, x = IDS.shape
    said = {"MagicNumber": 67127628, "StructureSize": info.dtype.itemsize, "DimensionX": x, "DimensionY": y}
    said |= {"DimensionZ": z, "DimensionChannels": 1, "DimensionTime": 1}
    said |= {"VoxelSizeZ": 4.2e-7, "VoxelSizeY": 1.0378e-07, "VoxelSizeX": 1.0378e-07}
    for name, value in said.items():
        info[name] = value
    tag = (34412, "B", info.dtype.itemsize, info.tobytes(), True)
    array = tiff(tmp_path, IDS, metadata=None, extratags=[tag], byteorder="<")
    assert (array.unit, array.physical_voxel_size) == ("nm", (420, 103.78, 103.78))
    assert array.about.doubts == ()


def test_metadata_of_microscopes_that_are_not_read_are_told(tmp_path: Path) -> None:
    sem = (34118, "s", 0, "AP_PIXEL_SIZE\r\nPixel Size = 4 furlongs", True)
    array = tiff(tmp_path, IDS[0], metadata=None, extratags=[sem])
    assert doubtful(array) == "its metadata of sem may give voxel sizes, which aren't read"


def test_imagej_stacks_without_spacing_or_unit_are_doubtful(tmp_path: Path) -> None:
    assert "no voxel size for z, taken to be that of y, 0.5 um" in doubtful(
        imagej(tmp_path, resolution=(2, 2), said={"unit": "um"})
    )
    array = imagej(tmp_path, resolution=(1, 1), said={"spacing": 3})
    assert (array.unit, array.physical_voxel_size) == ("pixel", (3, 1, 1))
    assert doubtful(array) == "voxel sizes without a unit, read as pixels"
    assert (
        "in 'furlong', which is no unit"
        in imagej(tmp_path, resolution=(2, 2), said={"unit": "furlong"}).about.doubts[0]
    )


def test_doubts_stay_with_an_array_wherever_it_is_cut(tmp_path: Path) -> None:
    axes = [Axis("c"), Axis("z"), Axis("y", size=Fraction(8), unit="nm"), Axis("x", size=4, unit="nm")]
    array = Described(np.zeros((2, 4, 5, 6)), {"axes": axes}, "crop").array()
    part = array.roi_of([slice(0, 2)] * 3)
    for other in (array[part], array.read(part), array.select("c^", 1), array.to("cpu")):
        assert other.about == array.about
        assert doubtful(other) == "no voxel size for z, taken to be that of y, 8 nm"
