"""Neuroglancer's precomputed volumes lie where their info says, sharded or not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorstore as ts

from predictor_inspector.data import list_arrays, open_array

VALUES = np.arange(6 * 5 * 4, dtype=np.uint64).reshape(6, 5, 4) + np.uint64(2**40)  # z y x
SHARDED = {
    "@type": "neuroglancer_uint64_sharded_v1",
    "preshift_bits": 1,
    "hash": "identity",
    "minishard_bits": 1,
    "shard_bits": 1,
    "minishard_index_encoding": "gzip",
    "data_encoding": "gzip",
}


def precomputed(path: Path, values: np.ndarray = VALUES, kind: str = "segmentation", **scale: Any) -> Path:
    """Add a scale to a volume."""
    channels = values.shape[3] if values.ndim == 4 else 1
    spec = {
        "driver": "neuroglancer_precomputed",
        "kvstore": {"driver": "file", "path": f"{path}/"},
        "multiscale_metadata": {"type": kind, "data_type": values.dtype.name, "num_channels": channels},
        "scale_metadata": {"size": values.shape[2::-1], "chunk_size": [2, 3, 2], "encoding": "raw", **scale},
    }
    store = ts.open(spec, create=True).result()
    turned = values.transpose(2, 1, 0, 3) if values.ndim == 4 else values.transpose(2, 1, 0)[..., None]
    store.write(turned).result()
    return path


@pytest.mark.parametrize(
    "scale",
    [
        {},
        {"sharding": SHARDED},
        {"encoding": "compressed_segmentation", "compressed_segmentation_block_size": [2, 2, 2]},
    ],
    ids=["plain", "sharded", "compressed segmentation"],
)
def test_a_volume_is_opened_with_its_place(tmp_path: Path, scale: dict[str, Any]) -> None:
    path = precomputed(tmp_path / "neurons", resolution=[4, 4, 40.5], voxel_offset=[10, 20, 30], **scale)
    array = open_array(path)
    assert (array.axis_names, array.dtype, array.unit) == (("z", "y", "x"), np.uint64, "nm")
    assert (array.physical_voxel_size, array.physical_offset) == ((40.5, 4, 4), (1215, 80, 40))
    np.testing.assert_array_equal(array.numpy(), VALUES)
    part = array.roi_of([slice(1, 3), slice(4, 5), slice(0, 2)])
    np.testing.assert_array_equal(array[part].data, VALUES[1:3, 4:5, :2])
    (found,) = list_arrays(path)
    assert (found.name, found.kind) == ("/", "labels")


def test_scales_are_opened_by_their_keys(tmp_path: Path) -> None:
    path = precomputed(tmp_path / "neurons", resolution=[4, 4, 40], voxel_offset=[2, 4, 6])
    precomputed(path, VALUES[:, ::2, ::2], resolution=[8, 8, 40], voxel_offset=[1, 2, 6])
    (found,) = list_arrays(path)
    assert found.levels == ("4_4_40", "8_8_40")
    coarse = open_array(path, "8_8_40")
    assert (coarse.physical_voxel_size, coarse.physical_offset) == ((40, 8, 8), (240, 16, 8))
    np.testing.assert_array_equal(coarse.numpy(), VALUES[:, ::2, ::2])
    assert open_array(path / "8_8_40").shape == coarse.shape
    assert open_array(path / "info").shape == VALUES.shape
    with pytest.raises(ValueError, match=r"has no array '9_9_9'; neurons holds '/', '4_4_40', '8_8_40'"):
        open_array(path, "9_9_9")


def test_channels_come_first(tmp_path: Path) -> None:
    values = np.arange(6 * 5 * 4 * 2, dtype=np.uint8).reshape(6, 5, 4, 2)
    array = open_array(precomputed(tmp_path / "raw", values, "image", resolution=[4, 4, 40]))
    assert (array.axis_names, array.shape) == (("c^", "z", "y", "x"), (2, 6, 5, 4))
    np.testing.assert_array_equal(array.numpy(), np.moveaxis(values, 3, 0))
    assert [found.kind for found in list_arrays(tmp_path / "raw")] == ["image"]


def test_damage_is_named(tmp_path: Path) -> None:
    path = precomputed(tmp_path / "neurons", resolution=[4, 4, 40])
    chunk = path / "4_4_40" / "0-2_0-3_2-4"
    chunk.write_bytes(chunk.read_bytes()[:-7])
    with pytest.raises(ValueError, match=r"4_4_40/0-2_0-3_2-4 is damaged: "):
        open_array(path).numpy()
    info = json.loads((path / "info").read_text())
    del info["scales"][0]["resolution"]
    (path / "info").write_text(json.dumps(info))
    with pytest.raises(ValueError, match=r"neurons"):
        open_array(path)
    (path / "info").write_text('{"scales": []}')
    with pytest.raises(ValueError, match=r"info is damaged: it needs a list of scales"):
        open_array(path)
