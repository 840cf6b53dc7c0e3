"""Stores behind URLs are read like folders, and whatever a server does ends with a message that has the URL."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import zarr

from predictor_inspector.cli import main
from predictor_inspector.data import list_arrays, open_array
from predictor_inspector.data.masks import find_mask
from predictor_inspector.data.stores import engine
from predictor_inspector.inspection.output.session import Data, Origin, Session, load_session, save_session

from .server import Server, serving
from .test_n5 import n5_array, n5_group
from .test_precomputed import SHARDED, precomputed

NAME = "labels/neurons"
CHUNK = "labels/neurons/s0/1/0/1"


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Try again at once."""
    monkeypatch.setattr(engine, "_RETRIES", {"max_retries": 3, "initial_delay": "10ms", "max_delay": "10ms"})
    engine.set_limit(10**8)
    yield
    engine.set_limit(engine.DEFAULT_LIMIT)


@pytest.fixture
def folder(real_data: Path, tmp_path: Path) -> Path:
    """What is served: a store whose name has a space, and one of several chunks."""
    shutil.copytree(real_data / "crop_fractional.ome.zarr", tmp_path / "served" / "data" / "my crop.zarr")
    shutil.copytree(real_data / "medulla.ome.zarr", tmp_path / "served" / "data" / "medulla.zarr")
    return tmp_path / "served"


@pytest.fixture
def server(folder: Path) -> Iterator[Server]:
    with serving(folder) as served:
        yield served


@pytest.fixture
def url(server: Server) -> str:
    return f"{server.url}/data/my%20crop.zarr"


@pytest.fixture
def medulla(server: Server) -> str:
    return f"{server.url}/data/medulla.zarr"


@pytest.fixture
def stored(folder: Path) -> Path:
    return folder / "data" / "my crop.zarr"


@pytest.mark.parametrize("lists", [True, False], ids=["listing", "no listing"])
def test_a_store_behind_a_url_is_read_like_its_folder(server: Server, url: str, stored: Path, lists: bool) -> None:
    server.lists = lists
    assert [(a.location, a.kind, a.levels) for a in list_arrays(url)] == [
        (a.location, a.kind, a.levels) for a in list_arrays(stored)
    ]
    expected = open_array(stored, NAME)
    for array in (open_array(url), open_array(url, NAME), open_array(f"{url}/{NAME}")):
        assert repr(array) == repr(expected)
    np.testing.assert_array_equal(array.numpy(), expected.numpy())
    assert open_array(f"{url}/{NAME}/s1").physical_voxel_size == (10.48, 8, 8)
    mask = find_mask(url, NAME, array)
    assert mask is not None
    assert mask.location == "labels/annotated"
    with pytest.raises(
        ValueError, match=r"my%20crop\.zarr has no array 'labels/nurons'; my crop\.zarr holds 'labels/neur"
    ):
        open_array(url, "labels/nurons")
    assert not any("http:/" in path or "//" in path for path in server.asked)


def test_only_the_chunks_of_a_region_are_asked_for_and_only_once(server: Server, medulla: str) -> None:
    array = open_array(medulla, NAME)
    chunks = array.data.chunks
    server.asked.clear()
    for _ in range(2):
        array.data[0:1, 0:1, 0 : chunks[2] + 1]
    assert sorted(path.rpartition("s0/")[2] for path in server.asked) == ["0/0/0", "0/0/1"]


@pytest.mark.filterwarnings("ignore:Consolidated metadata")
@pytest.mark.parametrize("version", [2, 3])
def test_metadata_that_are_kept_together_are_read_once(tmp_path: Path, version: int) -> None:
    group = zarr.create_group(tmp_path / "a.zarr", zarr_format=version)
    for name in ("volumes/labels", "volumes/raw"):
        array = group.create_array(name, shape=(4, 4, 4), dtype="u4")
        array[...] = 3
        array.attrs["resolution"] = [40, 4, 4]
    zarr.consolidate_metadata(str(tmp_path / "a.zarr"), zarr_format=version)
    with serving(tmp_path) as server:
        server.lists = False
        assert [a.name for a in list_arrays(f"{server.url}/a.zarr")] == ["volumes/labels", "volumes/raw"]
        assert not [path for path in server.asked if "volumes" in path]
        assert open_array(f"{server.url}/a.zarr", "volumes/labels").numpy().sum() == 3 * 64


def test_each_file_of_metadata_is_asked_for_once_and_no_folder_of_chunks(tmp_path: Path) -> None:
    for version in (2, 3):
        group = zarr.create_group(tmp_path / f"{version}.zarr", zarr_format=version)
        for name in ("labels/neurons", "labels/axons"):
            group.create_array(name, shape=(4, 4, 4), dtype="u4")[...] = 3
        with serving(tmp_path) as server:
            assert len(list_arrays(f"{server.url}/{version}.zarr")) == 2
            assert len(server.asked) == len(set(server.asked))
            assert not any(path.endswith(("neurons/", "axons/")) for path in server.asked)


def test_n5_and_precomputed_and_zip_files_behind_a_url(tmp_path: Path, stored: Path) -> None:
    values = np.arange(3 * 4 * 5, dtype=np.uint64).reshape(3, 4, 5)
    n5_group(tmp_path / "a.n5", n5="2.5.1")
    n5_array(n5_group(tmp_path / "a.n5" / "labels", resolution=[4, 4, 40]) / "s0", values)
    precomputed(tmp_path / "neurons", values, resolution=[4, 4, 40], sharding=SHARDED)
    shutil.make_archive(str(tmp_path / "b.zarr"), "zip", stored)
    with serving(tmp_path) as server:
        for lists in (True, False):
            server.lists = lists
            for place in ("a.n5/labels", "a.n5/labels/s0", "neurons"):
                array = open_array(f"{server.url}/{place}")
                assert array.physical_voxel_size == (40, 4, 4)
                np.testing.assert_array_equal(array.numpy(), values)
        server.ranges = False
        with pytest.raises(ConnectionError, match=r"neurons/4_4_40/.\.shard can't be read: .*ignored by server"):
            open_array(f"{server.url}/neurons").numpy()
        server.ranges = True
        array = open_array(f"{server.url}/b.zarr.zip", NAME)
        np.testing.assert_array_equal(array.numpy(), open_array(stored, NAME).numpy())


def test_a_bucket_is_listed_and_read(folder: Path, stored: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(folder) as server:
        server.etags, server.missing = True, 403  # so does S3, unless one may list
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
        monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(folder / "none"))
        monkeypatch.setenv("AWS_CONFIG_FILE", str(folder / "none"))
        monkeypatch.delenv("AWS_ACCESS_KEY_ID", raising=False)
        shutil.move(stored, folder / "data" / "crop.zarr")
        assert [a.name for a in list_arrays("s3://data/crop.zarr")] == ["/", "labels/annotated", NAME]
        array = open_array("s3://data/crop.zarr", NAME)
        np.testing.assert_array_equal(array.numpy(), open_array(folder / "data" / "crop.zarr", NAME).numpy())


@pytest.mark.parametrize("fault", ["503:2", "cut:2", "close:1"])
def test_a_passing_fault_is_tried_again(server: Server, medulla: str, folder: Path, fault: str) -> None:
    array = open_array(medulla, NAME)
    server.faults = {CHUNK: fault}
    np.testing.assert_array_equal(array.numpy(), open_array(folder / "data" / "medulla.zarr", NAME).numpy())


@pytest.mark.parametrize(
    ("fault", "error", "told"),
    [
        ("503", ConnectionError, "HTTP code 503"),
        ("cut", ConnectionError, "partial file"),
        ("close", ConnectionError, "no data"),
        ("403", PermissionError, "access is denied: Forbidden"),
        ("301", PermissionError, "leads elsewhere"),
    ],
)
def test_a_lasting_fault_in_the_middle_of_a_read_is_told_with_its_chunk(
    server: Server, medulla: str, fault: str, error: type[Exception], told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    array = open_array(medulla, NAME)
    server.faults = {CHUNK: fault}
    with pytest.raises(error, match=rf"medulla\.zarr/{CHUNK} can't be read.*{told}"):
        array.numpy()
    # The rest is there.
    assert array.data[0:1, 0:1, 0:1].shape == (1, 1, 1)
    server.faults = {}
    assert array.numpy().any()


def test_damaged_and_missing_chunks(server: Server, medulla: str, folder: Path) -> None:
    chunk = folder / "data" / "medulla.zarr" / CHUNK
    content = chunk.read_bytes()
    chunk.write_bytes(content[:20])
    with pytest.raises(ValueError, match=rf"medulla\.zarr/{CHUNK} is damaged: "):
        open_array(medulla, NAME).numpy()
    chunk.unlink()  # which zarr defines to hold the fill value
    np.testing.assert_array_equal(
        open_array(medulla, NAME).numpy(), open_array(folder / "data" / "medulla.zarr", NAME).numpy()
    )


def test_a_dead_host_and_one_that_does_not_answer(
    server: Server, url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    dead = "http://127.0.0.1:9/data.zarr"
    assert main(["list", dead]) == 2
    assert f"error: {dead}/zarr.json can't be read: Could not connect" in capsys.readouterr().err
    array = open_array(url, NAME)
    server.faults = {"": "stall"}
    monkeypatch.setattr(engine, "TIMEOUT", 0.3)
    for ask in (array.numpy, lambda: open_array(url)):
        begin = time.monotonic()
        with pytest.raises(
            TimeoutError, match=r"my%20crop\.zarr.* doesn't answer: nothing has arrived for 0.3 seconds"
        ):
            ask()
        assert time.monotonic() - begin < 5
    server.stalled.set()


def test_what_is_not_there_is_told(server: Server) -> None:
    for path in ("nothing.zarr", "data", "a.tif"):
        with pytest.raises(
            FileNotFoundError, match=rf"/{path} holds no zarr, N5 or precomputed volume, or isn't there"
        ):
            open_array(f"{server.url}/{path}")
    server.faults = {"": "401"}
    with pytest.raises(PermissionError, match=r"zarr\.json can't be read, access is denied: Unauthorized"):
        open_array(f"{server.url}/data.zarr")


@pytest.mark.parametrize("kind", ["user", "token"])
def test_credentials_are_used_and_appear_nowhere(
    server: Server, medulla: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    if kind == "user":
        server.user, given = "me:opensesame", medulla.replace("://", "://me:opensesame@")
    else:
        server.token, given = "opensesame", f"{medulla}?token=opensesame"
    assert main(["list", given]) == 0
    options = ["--predictor", "affinities", "--set", "lsds=false", "--roi", "0:8,0:16,0:16"]
    assert main(["render", given, NAME, *options, "--out", str(tmp_path / "result")]) == 0
    assert main(["check", given, "labels/nurons", *options]) == 2
    session = Session(
        data=Data(ground_truth=Origin(path=given, name=NAME)),
        predictor={"kind": "affinities", "neighborhood": [[1, 0, 0]]},
    )
    loaded = load_session(save_session(tmp_path / "s.yaml", session))
    assert loaded.opened().gt.shape == open_array(given, NAME).shape
    assert loaded.data.ground_truth.path == (medulla if kind == "user" else f"{medulla}?token=…")
    server.faults = {CHUNK: "403"}
    with pytest.raises(PermissionError) as error:
        open_array(given, NAME).numpy()
    assert "opensesame" not in str(error.value)
    told = "".join(capsys.readouterr())
    assert medulla in told
    assert "opensesame" not in told
    written = [file for file in tmp_path.rglob("*") if file.is_file() and "served" not in file.parts]
    assert len(written) > 5
    assert not [file for file in written if b"opensesame" in file.read_bytes()]
    inputs = json.loads((tmp_path / "result" / "report.json").read_text())["inputs"]
    assert inputs["gt"]["path"].startswith(medulla)


def test_a_process_of_its_own_starts_without_the_package() -> None:
    code = (
        "import runpy, sys; runpy.run_path(sys.argv[1]); print([m for m in sys.modules if m.startswith('predictor')])"
    )
    done = subprocess.run([sys.executable, "-c", code, engine.__file__], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
