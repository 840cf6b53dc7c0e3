"""URLs stay what they are, zip files are folders, and credentials are never shown."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from predictor_inspector.data import list_arrays, open_array
from predictor_inspector.data.source import open_input
from predictor_inspector.data.stores.engine import plain_error, without_secrets
from predictor_inspector.data.stores.path import StorePath, below, is_url, place_of, shown_path


@pytest.mark.parametrize(
    "url",
    [
        "https://host/path/data.zarr",
        "http://host:8000/a%20b/data.zarr/labels?version=3",
        "https://host/a%2Fb/data.n5",
        "s3://bucket/path/data.zarr",
        "gs://bucket/neurons",
    ],
)
def test_a_url_is_never_mangled(url: str) -> None:
    assert is_url(url)
    assert str(place_of(url)) == shown_path(url) == url
    assert str(place_of(f"{url}")) == str(place_of(place_of(url)))


@pytest.mark.parametrize("prefix", ["zarr", "zarr2", "zarr3", "n5", "precomputed"])
def test_what_viewers_put_before_a_url_is_left_out(prefix: str) -> None:
    assert shown_path(f"{prefix}://https://host/data") == "https://host/data"


def test_paths_are_no_urls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    for text in ("a.zarr", "~/a.zarr", tmp_path / "a.zarr", f"file://{tmp_path}/a.zarr"):
        assert not is_url(text)
        assert place_of(text) == tmp_path / "a.zarr"


def test_the_way_from_one_place_to_another() -> None:
    assert below(Path("/a/.b/c"), Path("/a")) == ".b/c"
    assert below(Path("/a"), Path("/a")) == ""
    assert below(place_of("https://host/a/b"), place_of("https://host/a")) == "b"


def test_parts_of_a_url() -> None:
    place = place_of("https://host/data/a%20b.zarr/labels/s0?version=3")
    assert isinstance(place, StorePath)
    assert (place.name, place.suffix, place.parent.name) == ("s0", "", "labels")
    store = place.parents[1]
    assert (store.name, store.stem, store.suffix) == ("a b.zarr", "a b", ".zarr")
    assert str(store) == "https://host/data/a%20b.zarr?version=3"
    assert below(place, store) == "labels/s0"
    assert str(store / "labels/my cells") == "https://host/data/a%20b.zarr/labels/my%20cells?version=3"
    assert store / "labels/s0" == place
    assert place.spec == {"driver": "http", "base_url": str(place)}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://me:secret@host/a.zarr", "https://host/a.zarr"),
        ("https://host/a.zarr?token=secret&v=1", "https://host/a.zarr?token=…&v=1"),
        ("https://host/a?X-Amz-Signature=secret&X-Amz-Date=1", "https://host/a?X-Amz-Signature=…&X-Amz-Date=1"),
        ("https://host/a?AWSAccessKeyId=secret&api_key=secret", "https://host/a?AWSAccessKeyId=…&api_key=…"),
        ("https://host/a?sv=2022&sig=secret", "https://host/a?sv=2022&sig=…"),
        ("s3://secret:secret@bucket/a.zarr", "s3://bucket/a.zarr"),
        ("GET https://me:secret@host/a failed, see http://you:secret@b", "GET https://host/a failed, see http://b"),
    ],
)
def test_credentials_are_not_shown(text: str, shown: str) -> None:
    assert without_secrets(text) == shown
    if is_url(text):
        assert shown_path(text) == shown
        assert "secret" not in repr(place_of(text))


def test_credentials_go_to_their_server_only() -> None:
    place_of("https://me:password@host/data.zarr/")
    place_of("https://me:password@host/my data.zarr//labels/")
    assert place_of("https://host/my data.zarr/labels/s0").spec["base_url"] == (  # type: ignore[union-attr]
        "https://me:password@host/my%20data.zarr/labels/s0"
    )
    assert place_of("https://host/data.zarr/labels").spec["base_url"] == "https://me:password@host/data.zarr/labels"  # type: ignore[union-attr]
    assert place_of("https://other/data.zarr").spec["base_url"] == "https://other/data.zarr"  # type: ignore[union-attr]
    place_of("https://signed/data.zarr?token=abc&v=1")
    inner = place_of("https://signed/data.zarr?token=…&v=1") / "labels"
    assert inner.spec["base_url"] == "https://signed/data.zarr/labels?token=abc&v=1"  # type: ignore[union-attr]


def test_what_tensorstore_knows_of_credentials_is_not_told() -> None:
    text = (
        'PERMISSION_DENIED: Error opening "zarr" driver: Error reading https://me:secret@host/a.zarr/.zarray?token=secret: '
        'Forbidden [HTTP code 403] [tensorstore_spec=\'{"kvstore":{"base_url":"https://me:secret@host"}}\']'
    )
    error = plain_error(text, "https://host/a.zarr")
    assert isinstance(error, PermissionError)
    assert (
        str(error) == "https://host/a.zarr/.zarray?token=… can't be read, access is denied: Forbidden [HTTP code 403]"
    )


@pytest.fixture
def zipped(real_data: Path, tmp_path: Path) -> Path:
    """A store in a zip file, at its root."""
    made = shutil.make_archive(str(tmp_path / "medulla.zarr"), "zip", real_data / "medulla.ome.zarr")
    return Path(made)


def test_a_zip_file_is_read_like_its_folder(real_data: Path, zipped: Path) -> None:
    folder = real_data / "medulla.ome.zarr"
    assert zipped.name == "medulla.zarr.zip"
    assert [(a.location, a.kind, a.levels) for a in list_arrays(zipped)] == [
        (a.location, a.kind, a.levels) for a in list_arrays(folder)
    ]
    for path, name in ((zipped, "labels/neurons"), (zipped / "labels" / "neurons", None)):
        array, expected = open_input(path, name), open_array(folder, "labels/neurons")
        assert repr(array) == repr(expected)
        np.testing.assert_array_equal(array.numpy(), expected.numpy())
    assert open_array(zipped).shape == expected.shape
    with pytest.raises(ValueError, match=r"has no array 'labels/nurons'; medulla\.zarr\.zip holds 'labels/neurons'"):
        open_array(zipped, "labels/nurons")


def test_a_store_may_lie_in_a_folder_of_a_zip_file(real_data: Path, tmp_path: Path) -> None:
    made = shutil.make_archive(str(tmp_path / "data"), "zip", real_data, "medulla.ome.zarr")
    assert [a.name for a in list_arrays(made)] == ["medulla.ome.zarr", "medulla.ome.zarr/labels/neurons"]
    assert open_array(Path(made) / "medulla.ome.zarr" / "labels" / "neurons").shape == (80, 112, 112)


def test_a_damaged_zip_file_is_named(zipped: Path, tmp_path: Path) -> None:
    os.truncate(zipped, zipped.stat().st_size - 30)
    with pytest.raises(ValueError, match=r"medulla\.zarr\.zip can't be read: Failed to find valid ZIP"):
        open_array(zipped)
    empty = shutil.make_archive(str(tmp_path / "empty"), "zip", zipped.parent, "medulla.zarr.zip")
    with pytest.raises(FileNotFoundError, match=r"empty\.zip holds no zarr, N5 or precomputed volume"):
        open_array(empty)
