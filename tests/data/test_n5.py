"""N5 containers: arrays are stored x first, and several programs say in several ways how large their voxels are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorstore as ts

from predictor_inspector.data import list_arrays, open_array
from predictor_inspector.data.opening import list_contents

VALUES = np.arange(3 * 4 * 5, dtype=np.uint64).reshape(3, 4, 5) + np.uint64(2**40)  # z y x


def n5_array(path: Path, values: np.ndarray = VALUES, **attributes: Any) -> Path:
    spec = {"driver": "n5", "kvstore": {"driver": "file", "path": f"{path}/"}, "create": True}
    metadata = {"compression": {"type": "gzip"}, "blockSize": [2] * values.ndim}
    store = ts.open({**spec, "metadata": metadata}, dtype=ts.dtype(values.dtype), shape=values.shape[::-1]).result()
    store.write(values.T).result()
    file = path / "attributes.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **attributes}))
    return path


def n5_group(path: Path, **attributes: Any) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    (path / "attributes.json").write_text(json.dumps(attributes))
    return path


@pytest.mark.parametrize(
    ("attributes", "size", "offset", "unit"),
    [
        ({}, (1, 1, 1), (-0.5, -0.5, -0.5), "pixel"),
        ({"resolution": [4, 5, 40], "offset": [8, 10, 80]}, (40, 5, 4), (80, 10, 8), "nm"),
        ({"pixelResolution": {"unit": "um", "dimensions": [0.1, 0.1, 0.3]}}, (0.3, 0.1, 0.1), (0, 0, 0), "um"),
        ({"pixelResolution": [4, 5, 40], "downsamplingFactors": [2, 2, 1]}, (40, 10, 8), (0, 0, 0), "nm"),
        (
            {"axes": ["x", "y", "z"], "units": ["um", "um", "um"], "resolution": [0.1, 0.2, 0.3]},
            (0.3, 0.2, 0.1),
            (0, 0, 0),
            "um",
        ),
        (
            {"transform": {"axes": ["z", "y", "x"], "units": ["nm"] * 3, "scale": [40, 5, 4], "translate": [60, 0, 2]}},
            (40, 5, 4),
            (40, -2.5, 0),
            "nm",
        ),
        (
            {"transform": {"axes": ["x", "y", "z"], "units": ["nm"] * 3, "scale": [4, 5, 40], "translate": [2, 0, 60]}},
            (40, 5, 4),
            (40, -2.5, 0),
            "nm",
        ),
    ],
)
def test_sizes_are_those_of_the_axes_they_are_said_of(
    tmp_path: Path, attributes: dict[str, Any], size: tuple[float, ...], offset: tuple[float, ...], unit: str
) -> None:
    n5_group(tmp_path / "a.n5", n5="2.5.1")
    n5_array(tmp_path / "a.n5" / "labels", **attributes)
    array = open_array(tmp_path / "a.n5", "labels")
    assert (array.axis_names, array.shape, array.dtype) == (("z", "y", "x"), (3, 4, 5), np.uint64)
    assert (array.physical_voxel_size, array.physical_offset, array.unit) == (size, offset, unit)
    np.testing.assert_array_equal(array.numpy(), VALUES)
    part = array.roi_of([slice(1, 3), slice(0, 1), slice(2, 5)])
    np.testing.assert_array_equal(array[part].data, VALUES[1:3, :1, 2:5])


def test_channels_come_last_in_the_file_and_first_here(tmp_path: Path) -> None:
    values = np.arange(2 * 3 * 4 * 5, dtype=np.uint8).reshape(2, 3, 4, 5)
    array = open_array(n5_array(tmp_path / "a.n5", values, axes=["x", "y", "z", "c"], resolution=[4, 4, 40, 1]))
    assert (array.axis_names, array.physical_voxel_size) == (("c^", "z", "y", "x"), (40, 4, 4))
    np.testing.assert_array_equal(array.numpy(), values)


@pytest.mark.parametrize(
    ("group", "finest", "coarse"),
    [
        ({"resolution": [4, 4, 40], "offset": [8, 8, 80]}, {}, {"downsamplingFactors": [2, 2, 1]}),  # Paintera
        ({"pixelResolution": [4, 4, 40], "scales": [[1, 1, 1], [2, 2, 1]]}, {}, {}),  # n5-viewer
        (
            {},
            {"pixelResolution": [4, 4, 40]},
            {"pixelResolution": [4, 4, 40], "downsamplingFactors": [2, 2, 1]},
        ),  # n5-spark
        ({}, {"pixelResolution": [4, 4, 40]}, {"pixelResolution": [8, 8, 40], "downsamplingFactors": [2, 2, 1]}),
        ({}, {"resolution": [4, 4, 40]}, {"downsamplingFactors": [2, 2, 1]}),
    ],
    ids=["paintera", "n5-viewer", "n5-spark", "own", "finest"],
)
def test_levels_of_a_group_share_their_corner(
    tmp_path: Path, group: dict[str, Any], finest: dict[str, Any], coarse: dict[str, Any]
) -> None:
    volume = n5_group(tmp_path / "a.n5" / "volumes" / "labels", **group)
    n5_array(volume / "s0", **finest)
    n5_array(volume / "s1", VALUES[:, ::2, ::2].copy(), **coarse)
    (found,) = list_arrays(tmp_path / "a.n5")
    assert (found.name, found.kind) == ("volumes/labels", "labels")
    assert found.levels == ("volumes/labels/s0", "volumes/labels/s1")
    first, second = found.array, open_array(tmp_path / "a.n5", "volumes/labels/s1")
    assert first.physical_voxel_size == (40, 4, 4)
    assert second.physical_voxel_size == (40, 8, 8)
    assert first.physical_offset == second.physical_offset == ((80, 8, 8) if "offset" in group else (0, 0, 0))
    assert open_array(volume).shape == (3, 4, 5)


def test_what_cannot_be_read_is_listed_with_its_reason(tmp_path: Path) -> None:
    n5_group(tmp_path / "a.n5", n5="2.5.1")
    n5_array(tmp_path / "a.n5" / "labels")
    n5_array(tmp_path / "a.n5" / "multiset", isLabelMultiset=True)
    n5_group(tmp_path / "a.n5" / "odd", dimensions=[4, 4], dataType="object", blockSize=[2, 2])
    arrays, unreadable = list_contents(tmp_path / "a.n5")
    assert [array.name for array in arrays] == ["labels"]
    assert {one.name: one.reason for one in unreadable}["multiset"].startswith("it is a label multiset of Paintera")
    assert "dataType" in {one.name: one.reason for one in unreadable}["odd"]


def test_a_damaged_block_is_named(tmp_path: Path) -> None:
    path = n5_array(tmp_path / "a.n5")
    block = path / "1" / "0" / "1"
    block.write_bytes(block.read_bytes()[:18])
    array = open_array(path)
    with pytest.raises(ValueError, match=r"a\.n5/1/0/1 is damaged: "):
        array.numpy()
    np.testing.assert_array_equal(array.data[0:2], VALUES[0:2])
