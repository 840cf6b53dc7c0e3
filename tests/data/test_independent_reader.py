"""Geometry agrees with that of an independent reader, worldarray, wherever both understand a store."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr

from predictor_inspector.data import convert_unit, list_arrays, open_array

from .test_encodings import crop
from .test_n5 import n5_array
from .test_precomputed import precomputed

worldarray = pytest.importorskip("worldarray")

NM = ["nm"] * 3
IDS = np.arange(4 * 5 * 6, dtype=np.uint16).reshape(4, 5, 6)


def agrees(path: Path, name: str = "") -> None:
    """Whether both place the voxels of an array alike."""
    ours = convert_unit(open_array(path / name), "nm")
    theirs = worldarray.metadata(str(path / name), units="nanometer")
    spatial = [theirs.axes.index(axis) for axis in ours.spatial_axes]
    assert ours.spatial_shape == tuple(theirs.shape[i] for i in spatial)
    np.testing.assert_allclose(ours.physical_voxel_size, [theirs.voxel_size[i] for i in spatial], rtol=1e-12)
    centre = [o + v / 2 for o, v in zip(ours.physical_offset, ours.physical_voxel_size, strict=True)]
    np.testing.assert_allclose(centre, [theirs.translation[i] for i in spatial], rtol=1e-12, atol=1e-9)


def test_real_volumes_and_their_levels(real_data: Path) -> None:
    for store in ("medulla.ome.zarr", "crop_fractional.ome.zarr", "funlib_anisotropic.zarr"):
        for found in list_arrays(real_data / store):
            for location in found.levels or (found.location,):
                agrees(real_data / store, location)


def test_crops(tmp_path: Path) -> None:
    agrees(crop(tmp_path / "ecs.zarr", IDS, {}), "s0")


@pytest.mark.parametrize(
    "attributes",
    [
        {"voxel_size": [40, 8, 4], "offset": [400, -16, 0], "axis_names": ["z", "y", "x"], "units": NM},
        {"resolution": [0.04, 0.008, 0.004], "offset": [1, 0, 0.5], "units": ["um"] * 3},
        {"transform": {"axes": ["z", "y", "x"], "scale": [5.24, 4.0, 4.0], "translate": [2.62, 2, 6], "units": NM}},
        {"transform": {"axes": [*"xyz"], "scale": [4, 4, 5], "translate": [9, 0, 1], "units": NM, "ordering": "F"}},
    ],
)
@pytest.mark.parametrize("version", [2, 3])
def test_attributes_of_arrays(tmp_path: Path, attributes: dict[str, Any], version: Any) -> None:
    zarr.create_array(tmp_path / "a.zarr", data=IDS, zarr_format=version, attributes=attributes)
    agrees(tmp_path / "a.zarr")


def test_sizes_of_groups(tmp_path: Path) -> None:
    group = zarr.create_group(tmp_path / "a.zarr", attributes={"voxel_size": [40, 8, 4], "offset": [400, 0, 0]})
    group.create_array("gt", data=IDS)
    agrees(tmp_path / "a.zarr", "gt")


@pytest.mark.parametrize("order", ["zyx", "xyz", "czyx", "tzyx"])
def test_axes_in_other_orders(tmp_path: Path, order: str) -> None:
    sizes = {"z": 40.0, "y": 8.0, "x": 4.0}
    kinds = {"t": "time", "c": "channel"}
    axes = [{"name": a, "type": kinds.get(a, "space")} | ({} if a in kinds else {"unit": "nanometer"}) for a in order]
    steps: Any = [
        {"type": "scale", "scale": [sizes.get(a, 1.0) for a in order]},
        {"type": "translation", "translation": [{"x": 100.0, "z": 20.0}.get(a, 0.0) for a in order]},
    ]
    multiscale = {"axes": axes, "datasets": [{"path": "s0", "coordinateTransformations": steps}]}
    group = zarr.create_group(tmp_path / "a.zarr", attributes={"ome": {"version": "0.5", "multiscales": [multiscale]}})
    group.create_array("s0", data=np.zeros([2 + i for i in range(len(order))], np.uint8))
    agrees(tmp_path / "a.zarr", "s0")


@pytest.mark.parametrize(
    "attributes",
    [
        {"resolution": [4, 5, 40], "units": NM, "axes": [*"xyz"]},
        {"resolution": [4, 5, 40], "offset": [8, 10, 80], "units": NM},
        {"pixelResolution": {"unit": "um", "dimensions": [0.1, 0.2, 0.3]}},
        {"pixelResolution": {"unit": "nm", "dimensions": [4, 5, 40]}, "downsamplingFactors": [2, 2, 1]},
        {"transform": {"axes": [*"zyx"], "scale": [40, 5, 4], "translate": [60, 0, 2], "units": NM}},
    ],
)
def test_n5(tmp_path: Path, attributes: dict[str, Any]) -> None:
    agrees(n5_array(tmp_path / "a.n5" / "s0", **attributes))


@pytest.mark.parametrize("offset", [[0, 0, 0], [10, 20, 30]])
def test_precomputed(tmp_path: Path, offset: list[int]) -> None:
    path = precomputed(tmp_path / "a.precomputed", resolution=[4, 5, 40], voxel_offset=offset, key="s0")
    precomputed(path, resolution=[8, 10, 40], voxel_offset=[n // 2 for n in offset[:2]] + offset[2:], key="s1")
    for level in ("s0", "s1"):
        agrees(path, level)
