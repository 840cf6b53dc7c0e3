"""Layers saved as OME-Zarr, as napari's File menu saves them, and read back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr
from napari.layers import Image, Labels
from npe2 import PluginManager

from predictor_inspector.data import open_array
from predictor_inspector.plugin.writer import write

from .test_manifest import MANIFEST
from .window import LABELS, TRANSLATE, UNITS, VOXEL_SIZE, Window, blocks

PLACE = {"scale": VOXEL_SIZE, "translate": TRANSLATE, "units": UNITS, "axis_labels": LABELS}


def tuples(*layers: Any) -> list[tuple[Any, dict[str, Any], str]]:
    return [layer.as_layer_data_tuple() for layer in layers]


def test_target_and_weight_of_a_window_are_saved_where_they_lie_with_their_channels(
    window: Window, tmp_path: Path, npe2pm: Any
) -> None:
    npe2pm.register(MANIFEST)
    window.add_labels(blocks())
    window.set_config("affinities", neighborhood=[[1, 0, 0], [0, 0, 1]], lsds=False)
    saved = tmp_path / "results.zarr"
    window.viewer.layers.selection = {window.target, window.weight}
    assert window.viewer.layers.save(str(saved), selected=True) == [str(saved)]
    for layer, array, folder in zip(
        (window.target, window.weight),
        (window.inspection.target, window.inspection.weight),
        sorted(saved.iterdir()),
        strict=True,
    ):
        assert folder.name == layer.name.removeprefix("▸ ")
        opened = open_array(folder)
        np.testing.assert_array_equal(np.asarray(opened.data), array.numpy())
        assert (opened.roi, opened.subdivision, opened.unit) == (array.roi, array.subdivision, array.unit)
        metadata = zarr.open_group(folder, mode="r").attrs
        channels = dict(metadata).get("ome", metadata)["omero"]["channels"]
        assert [channel["label"] for channel in channels] == ["aff z+1", "aff x+1"]


def test_one_layer_is_the_container_itself_and_replaces_an_earlier_one(tmp_path: Path) -> None:
    saved = tmp_path / "ids.zarr"
    for seed in (0, 1):
        labels = Labels(blocks(seed=seed), name="ids", **PLACE)
        assert write(str(saved), tuples(labels)) == [str(saved)]
        opened = open_array(saved)
        np.testing.assert_array_equal(np.asarray(opened.data), labels.data)
        assert opened.physical_voxel_size == VOXEL_SIZE
    assert [path.name for path in tmp_path.iterdir()] == ["ids.zarr"]


def test_layers_of_one_name_lie_beside_each_other(tmp_path: Path) -> None:
    write(str(tmp_path / "two.zarr"), tuples(Labels(blocks(), name="a/b"), Labels(blocks(), name="a b")))
    assert sorted(path.name for path in (tmp_path / "two.zarr").iterdir()) == ["a_b", "a_b_2"]


def test_all_are_written_or_none_and_nothing_else_is_replaced(tmp_path: Path) -> None:
    good = Labels(blocks(), name="good")
    colours = Image(np.zeros((8, 8, 3), np.uint8), rgb=True, name="colours")
    with pytest.raises(ValueError, match="layer 'colours' shows colours"):
        write(str(tmp_path / "some.zarr"), tuples(good, colours))
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "notes.zarr").mkdir()
    (tmp_path / "notes.zarr" / "thesis.txt").write_text("mine")
    for layers in ([good], [good, good]):
        with pytest.raises(FileExistsError, match=r"notes\.zarr"):
            write(str(tmp_path / "notes.zarr"), tuples(*layers))
    assert (tmp_path / "notes.zarr" / "thesis.txt").read_text() == "mine"


def test_napari_finds_the_writer_by_the_files_ending(tmp_path: Path, npe2pm: Any) -> None:
    npe2pm.register(MANIFEST)
    for types in (["labels"], ["image"], ["image", "image"], ["image", "labels"]):
        writer, path = PluginManager.instance().get_writer(str(tmp_path / "x.zarr"), types)
        assert writer is not None
        assert writer.command == "napari-predictor-inspector.write"
        assert path.endswith("x.zarr")
    assert PluginManager.instance().get_writer(str(tmp_path / "x.tif"), ["labels"])[0] is None
