"""Damage is named with its file and chunk, and never read as if there were nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import tifffile
import zarr
from numcodecs import LZ4, Delta

from predictor_inspector.cli import main
from predictor_inspector.data import open_array

IDS = np.random.default_rng(0).integers(0, 9, (6, 40, 64)).astype(np.uint32)


def stored(path: Path, **options: Any) -> Path:
    array = zarr.create_array(path, shape=IDS.shape, dtype=IDS.dtype, **{"chunks": (3, 20, 32), **options})
    array[...] = IDS
    return path


def cut(file: Path, part: float) -> Path:
    content = file.read_bytes()
    file.write_bytes(content[: int(len(content) * part)])
    return file


@pytest.mark.parametrize(
    ("options", "chunk"),
    [
        ({"zarr_format": 2}, "1.0.1"),
        ({"zarr_format": 3}, "c/1/0/1"),
        ({"zarr_format": 3, "shards": (6, 40, 64)}, "c/0/0/0"),
        ({"zarr_format": 2, "compressors": [LZ4()]}, "1.0.1"),
    ],
    ids=["zarr2", "zarr3", "sharded", "other codec"],
)
@pytest.mark.parametrize("part", [0, 0.5])
def test_a_damaged_chunk_is_named(tmp_path: Path, options: dict[str, Any], chunk: str, part: float) -> None:
    path = stored(tmp_path / "a.zarr", **options)
    cut(path / chunk, part)
    array = open_array(path)
    named = "" if "compressors" in options else f"/{chunk}"
    with pytest.raises(ValueError, match=rf"a\.zarr{named} is damaged: "):
        array.numpy()
    if "shards" not in options:
        np.testing.assert_array_equal(array.data[:3], IDS[:3])


def test_the_command_line_names_it_with_status_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = stored(tmp_path / "a.zarr")
    cut(path / "c" / "0" / "0" / "0", 0.5)
    assert main(["check", str(path), "--predictor", "affinities", "--set", "lsds=false"]) == 2
    told = capsys.readouterr().err
    assert f"error: {path}/c/0/0/0 is damaged: " in told
    assert "unexpected" not in told


def test_chunks_that_were_never_written_hold_the_fill_value(tmp_path: Path) -> None:
    path = stored(tmp_path / "a.zarr", fill_value=7)
    (path / "c" / "0" / "0" / "0").unlink()
    values = open_array(path).numpy()
    assert (values[:3, :20, :32] == 7).all()
    np.testing.assert_array_equal(values[3:], IDS[3:])


def test_a_separator_that_is_not_said_is_found(tmp_path: Path) -> None:
    nested = {"zarr_format": 2, "chunk_key_encoding": {"name": "v2", "separator": "/"}}
    path = stored(tmp_path / "a.zarr", **nested)
    metadata = json.loads((path / ".zarray").read_text())
    del metadata["dimension_separator"]
    (path / ".zarray").write_text(json.dumps(metadata))
    np.testing.assert_array_equal(open_array(path).numpy(), IDS)


@pytest.mark.parametrize(
    ("encoding", "names", "said"),
    [
        ({"name": "v2", "separator": "/"}, "like 0.0, but they are like 0/0", "."),
        ({"name": "v2", "separator": "."}, "like 0/0, but they are like 0.0", "/"),
        ({"name": "default", "separator": "/"}, "like c.0.0, but they are like c/0/0", "."),
        ({"name": "default", "separator": "."}, "like c/0/0, but they are like c.0.0", "/"),
    ],
)
def test_a_wrong_separator_is_damage_and_not_an_array_of_zeros(
    tmp_path: Path, encoding: dict[str, str], names: str, said: str
) -> None:
    version = 2 if encoding["name"] == "v2" else 3
    path = stored(tmp_path / "a.zarr", zarr_format=version, chunk_key_encoding=encoding)
    file = path / (".zarray" if version == 2 else "zarr.json")
    metadata = json.loads(file.read_text())
    if version == 2:
        metadata["dimension_separator"] = said
    else:
        metadata["chunk_key_encoding"]["configuration"]["separator"] = said
    file.write_text(json.dumps(metadata))
    with pytest.raises(ValueError, match=rf"{file.name} is damaged: it says that chunks have names {names}"):
        open_array(path)


def test_codecs_that_only_zarr_python_knows_are_read(tmp_path: Path) -> None:
    path = stored(tmp_path / "a.zarr", zarr_format=2, filters=[Delta("u4")])
    array = open_array(path)
    np.testing.assert_array_equal(array.numpy(), IDS)
    np.testing.assert_array_equal(array.data[2:4, 1], IDS[2:4, 1])


def test_a_codec_that_nobody_knows_is_named(tmp_path: Path) -> None:
    path = stored(tmp_path / "a.zarr")
    metadata = json.loads((path / "zarr.json").read_text())
    metadata["codecs"].append({"name": "nobodys"})
    (path / "zarr.json").write_text(json.dumps(metadata))
    with pytest.raises(ValueError, match=r'a\.zarr/zarr\.json is damaged: .*"nobodys" is not registered'):
        open_array(path)


@pytest.mark.parametrize("options", [{}, {"imagej": True}, {"tile": (32, 32)}, {"ome": True}, {"metadata": None}])
@pytest.mark.parametrize("compression", [None, "zlib"])
@pytest.mark.parametrize("part", [0.3, 0.6, 0.9])
def test_a_cut_tiff_is_named(tmp_path: Path, options: dict[str, Any], compression: str | None, part: float) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, IDS.astype(np.uint16), compression=compression, **options)
    assert open_array(path).numpy().sum() == IDS.sum()
    cut(path, part)
    with pytest.raises(ValueError, match=r"a\.tif (is damaged|can't be opened|can't be read)"):
        open_array(path).numpy()


def test_damage_in_hdf5_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        labels = file.create_dataset("labels", data=IDS, chunks=(3, 20, 32), compression="gzip")
        at = labels.id.get_chunk_info(3).byte_offset
    content = bytearray(path.read_bytes())
    content[at : at + 100] = b"x" * 100
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"a\.h5, dataset labels is damaged: "):
        open_array(path).numpy()
    cut(path, 0.5)
    with pytest.raises(ValueError, match=r"a\.h5 can't be opened as HDF5: .*truncated"):
        open_array(path)
