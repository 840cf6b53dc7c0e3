"""What napari's reader takes, and what it opens."""

from __future__ import annotations

import json
import shutil
from datetime import datetime
from pathlib import Path

import dask.array
import numpy as np
import pytest
import zarr
from napari.layers import Labels, Layer

from predictor_inspector.cli import main
from predictor_inspector.core import Array
from predictor_inspector.data import array_from_layer, open_array, write_ome_zarr
from predictor_inspector.data.layers import SOURCE
from predictor_inspector.inspection.output.session import Data, Origin, Session
from predictor_inspector.plugin import reader
from predictor_inspector.plugin.head.sessions import _is_from, origin_of
from predictor_inspector.plugin.reader import get_reader, layer_read_as, read
from predictor_inspector.plugin.recent import RecentSession

from ..data.containers import CONTAINERS, zarr_array, zarr_group
from ..data.server import serving
from .stage import blocks


def names(path: Path) -> list[str]:
    opener = get_reader(str(path))
    assert opener is not None
    return [data[1]["name"] for data in opener(str(path))]


def test_a_url_is_read_lazily_and_written_to_sessions_without_credentials(
    real_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("predictor_inspector.plugin.layers.layer_data._IN_MEMORY_REMOTE", 1000)
    with serving(real_data) as server:
        server.user = "me:opensesame"
        url = f"{server.url}/crop_fractional.ome.zarr"
        opener = get_reader(url.replace("://", "://me:opensesame@"))
        assert opener is not None
        layers = [Layer.create(*data) for data in opener(url.replace("://", "://me:opensesame@"))]
        folder = str(real_data / "crop_fractional.ome.zarr")
        expected = [Layer.create(*data) for data in read(folder)]
        assert [layer.name for layer in layers[1:]] == [layer.name for layer in expected[1:]]
        assert all(isinstance(layer.data, dask.array.Array) for layer in layers)
        for layer, same in zip(layers, expected, strict=True):
            np.testing.assert_array_equal(layer.data[3:5, 7], same.data[3:5, 7])
            assert layer.metadata[SOURCE] == {"path": url, "name": same.metadata[SOURCE]["name"]}
        labels = layers[1]
        origin = origin_of(labels)
        assert (origin.path, origin.name) == (url, "labels/neurons")
        assert _is_from(labels, Origin(path=url, name="labels/neurons"))
        assert not _is_from(labels, Origin(path=folder, name="labels/neurons"))
        session = Session(data=Data(ground_truth=origin), predictor={"kind": "dummy", "out_channels": 1})
        recent = RecentSession(session, datetime.now())
        assert recent.is_there
        assert recent.title == "crop_fractional.ome.zarr · labels/neurons"


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
        (data, *_) = read(str(path))
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


@pytest.mark.parametrize("name", CONTAINERS)
def test_what_is_listed_is_shown_and_what_is_left_out_told_once(
    tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    container = CONTAINERS[name]
    path = tmp_path / f"data{container.ending}"
    container.make(path)
    assert main(["list", str(path), "--format", "json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    told: list[str] = []
    monkeypatch.setattr(reader, "show_warning", told.append)
    layers = [Layer.create(*data) for data in read(str(path))]
    assert {layer.metadata[SOURCE]["name"] for layer in layers} == {one["name"] for one in listed["arrays"]}
    assert len(told) == bool(listed["unreadable"])
    for one in listed["unreadable"][:5]:
        assert f"{one['name']}: {one['reason']}" in told[0]
    for one in listed["unreadable"]:
        assert main(["check", str(path), one["name"], "--predictor", "affinities"]) == 2
        assert one["reason"] in capsys.readouterr().err


def test_an_array_whose_values_are_damaged_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    zarr_group(tmp_path / "a.zarr", 2)
    for name in ("first", "second"):
        zarr_array(tmp_path / "a.zarr" / name, 2)
    (tmp_path / "a.zarr/second/0.0.0").write_bytes(b"cut")
    told: list[str] = []
    monkeypatch.setattr(reader, "show_warning", told.append)
    assert names(tmp_path / "a.zarr") == ["first"]
    assert told[0].startswith("Not shown of a.zarr: second: ")
    with pytest.raises(ValueError, match=r"second holds no arrays that can be shown: "):
        read(str(tmp_path / "a.zarr/second"))


def test_layers_carry_along_what_their_file_says(tmp_path: Path) -> None:
    ids = blocks()
    said = {"voxel_size": [40, 4, 4], "units": ["", "", ""], "ignore_label": int(ids.max())}
    zarr.create_array(tmp_path / "labels.zarr", data=ids, attributes=said)
    ((data, meta, _),) = (data for data in reader.read(str(tmp_path / "labels.zarr")))
    layer = Labels(data, **meta)
    array = array_from_layer(layer)
    assert array.about == open_array(tmp_path / "labels.zarr").about
    assert array.about.unknown == (ids.max(),)
    assert array.about.doubts == ("voxel sizes without a unit, read as pixels",)
    layer.scale = (40, 4, 8)  # a person knows better
    assert array_from_layer(layer).about.doubts == ()
    assert array_from_layer(layer).about.unknown == (ids.max(),)


def test_ids_in_another_order_of_axes_are_labels_and_floats_an_image(tmp_path: Path) -> None:
    for values, kind in ((blocks(), "labels"), (blocks().astype(np.float32), "image")):
        zarr.create_array(tmp_path / f"{kind}.zarr", data=values)
        data, meta, found = layer_read_as(str(tmp_path / f"{kind}.zarr"), None, "xyz")
        assert (found, meta["name"]) == (kind, kind)
        np.testing.assert_array_equal(data, values.transpose())
