"""What napari's reader takes, and what it opens."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import zarr

from predictor_inspector.core import Array
from predictor_inspector.data import write_ome_zarr
from predictor_inspector.data.layers import SOURCE
from predictor_inspector.plugin import reader
from predictor_inspector.plugin.reader import get_reader, layers_from_path

from .stage import blocks


def names(path: Path) -> list[str]:
    read = get_reader(str(path))
    assert read is not None
    return [data[1]["name"] for data in read(str(path))]


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A store whose name doesn't say that it is one."""
    zarr.open_group(tmp_path / "volume", mode="w")
    for name in ("first", "second"):
        write_ome_zarr(tmp_path / "volume" / name, Array(blocks(), (40, 4, 4)), name)
    return tmp_path / "volume"


def test_a_zarr_folder_by_any_name_is_read(store: Path) -> None:
    assert names(store) == ["first", "second"]
    assert names(store / "second") == ["second"]


def test_every_metadata_file_opens_its_store(store: Path) -> None:
    files = [path for path in store.rglob("*") if path.name in ("zarr.json", ".zgroup", ".zarray", ".zattrs")]
    assert {len(path.relative_to(store).parts) for path in files} >= {1, 2, 3}
    for path in files:
        assert names(path) == ["first", "second"]
        (data, *_) = layers_from_path(str(path))
        assert data[1]["metadata"][SOURCE]["path"] == str(store)


def test_a_metadata_file_in_a_large_collection_opens_what_it_describes(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "_MOST", 1)
    (file,) = (path for path in (store / "second").iterdir() if path.name in ("zarr.json", ".zattrs"))
    assert names(file) == ["second"]


def test_what_holds_no_ground_truth_is_left_to_others(store: Path, tmp_path: Path) -> None:
    assert get_reader(str(tmp_path)) is None
    assert get_reader(str(tmp_path / "picture.png")) is None
    assert get_reader(str(tmp_path / "gone.zarr")) is not None
    shutil.rmtree(store / "second")
    assert get_reader([str(store), str(tmp_path)]) is None
