"""Layers of all kinds: masks, channels, time, levels, flat ones, and such as can't be used."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import zarr
from napari.layers import Layer

from predictor_inspector.plugin.model.axes import Axes

from ..loop import Loop
from ..stage import LABELS, TRANSLATE, UNITS, VOXEL_SIZE, blocks

NEAREST_2D = {"neighborhood": [[1, 0], [0, 1]], "lsds": False}
DISTANCE = {"channels": ["a"], "scale_factor": 15.0, "mask_distances": True}


def test_a_mask_takes_weights_away(loop: Loop) -> None:
    loop.add_labels()
    mask = np.zeros((12, 40, 48), np.uint8)
    mask[:, 10:30, 5:40] = 1
    layer = loop.add_labels(mask, name="annotated")
    loop.settings.region_mode = "layer"
    loop.after(lambda: setattr(loop.settings, "mask_layer", layer))
    assert loop.settings.gt_layer.name == "labels"
    assert loop.weight.data[:, :, :10].max() == 0
    assert loop.weight.data[:, :-1, 12:28, 8:38].min() > 0
    loop.assert_layers_show_the_inspection()
    loop.after(lambda: setattr(loop.settings, "mask_layer", None))
    assert loop.weight.data[:, :, :10].max() > 0


def test_a_mask_of_other_voxel_size_lies_where_it_belongs(loop: Loop) -> None:
    loop.add_labels()
    coarse = np.zeros((6, 20, 24), np.uint8)
    coarse[:, 5:, :] = 1
    scale = np.array(VOXEL_SIZE) * 2
    layer = loop.add_labels(coarse, name="coarse mask", scale=scale, translate=np.array(TRANSLATE) + scale / 4)
    loop.after(lambda: setattr(loop.settings, "mask_layer", layer))
    assert loop.weight.data[0, 0, :10].max() == 0
    assert loop.weight.data[0, 0, 11].max() > 0
    loop.assert_layers_show_the_inspection()


def test_channels_are_the_predictors_channels(loop: Loop) -> None:
    data = np.stack([blocks() % 2, blocks(seed=1) % 3 == 0]).astype(np.uint8)
    loop.viewer.add_labels(
        data,
        scale=(1, *VOXEL_SIZE),
        translate=(0, *TRANSLATE),
        units=("pixel", *UNITS),
        axis_labels=("channel", *LABELS),
    )
    loop.settle()
    loop.set_config("distance", channels=["a", "b"], scale_factor=15.0, mask_distances=False)
    assert loop.target.data.shape[0] == 2
    assert loop.viewer.dims.ndim == 4
    loop.assert_layers_show_the_inspection()
    loop.set_config("affinities", neighborhood=[[1, 0, 0]], lsds=False)
    assert "channel" in loop.message


def test_time_follows_the_slider(loop: Loop) -> None:
    movie = np.stack([blocks(seed=s) for s in range(3)])
    loop.viewer.add_labels(
        movie,
        scale=(2, *VOXEL_SIZE),
        translate=(10, *TRANSLATE),
        units=("pixel", *UNITS),
        axis_labels=("t", *LABELS),
    )
    loop.settle()
    assert loop.settings.axes == Axes(3, True)
    for t in (0, 2, 1):
        loop.after(lambda t=t: loop.viewer.dims.set_point(loop.viewer.dims.ndim - 4, 10 + 2 * t))
        gt = loop.inspection.gt
        region = tuple(
            slice((b - o) // v, (e - o) // v)
            for b, e, o, v in zip(gt.roi.begin, gt.roi.end, loop.settings.gt.offset, gt.voxel_size, strict=True)
        )
        np.testing.assert_array_equal(gt.numpy(), movie[t][region])
        assert loop.target.translate[1] == 10 + 2 * t
        loop.assert_layers_show_the_inspection()


def test_an_unlabelled_leading_axis_can_be_read_as_time(loop: Loop) -> None:
    movie = np.stack([blocks(seed=s) for s in range(3)])
    loop.viewer.add_labels(movie)
    loop.settle()
    assert loop.settings.axes == Axes(3, False)
    loop.after(lambda: setattr(loop.settings, "axes", Axes(3, True)))
    assert loop.message == ""
    loop.assert_layers_show_the_inspection()


def test_a_picture_is_inspected_as_one(loop: Loop) -> None:
    loop.viewer.add_labels(blocks((60, 70)))
    loop.settle()
    loop.set_config("affinities", **NEAREST_2D)
    assert len(loop.target.data) == 2
    loop.assert_layers_show_the_inspection()
    loop.after(lambda: setattr(loop.settings, "region_mode", "box"))
    loop.assert_layers_show_the_inspection()


def test_huge_ids_are_kept_apart(loop: Loop) -> None:
    ids = blocks().astype(np.uint64)
    loop.add_labels(np.where(ids > 0, ids + np.uint64(2**33), 0))
    loop.assert_layers_show_the_inspection()


def test_an_image_of_whole_numbers_can_be_ground_truth_but_comes_after_labels(loop: Loop) -> None:
    loop.viewer.add_image(blocks().astype(np.int32), name="image ids", scale=VOXEL_SIZE)
    loop.viewer.add_image(np.random.default_rng(0).random((12, 40, 48)), name="raw", scale=VOXEL_SIZE)
    loop.settle()
    assert loop.settings.gt_layer.name == "image ids"
    loop.viewer.add_labels(blocks(), name="true labels", scale=VOXEL_SIZE)
    assert [layer.name for layer in loop.settings.layers.gt_layer] == ["true labels", "image ids"]
    with pytest.raises(ValueError, match="gt_layer must be a labels layer"):
        loop.settings.gt_layer = loop.viewer.layers["raw"]


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (lambda layer: setattr(layer, "rotate", (0, 0, 30)), "rotated"),
        (lambda layer: setattr(layer, "shear", (0.5, 0, 0)), "sheared"),
    ],
)
def test_a_layer_off_the_grid_is_a_sentence_in_the_dock(loop: Loop, change: object, word: str) -> None:
    layer = loop.add_labels()
    loop.after(lambda: change(layer))
    assert word in loop.message
    assert "'labels'" in loop.message


def test_negative_ids_are_a_sentence_in_the_dock(loop: Loop) -> None:
    loop.viewer.add_image(blocks().astype(np.int32) - 1, name="ids", scale=VOXEL_SIZE)
    loop.settle()
    assert "negative ids" in loop.message
    loop.viewer.layers["ids"].data = blocks().astype(np.int32)
    loop.settle()
    assert loop.message == ""
    loop.assert_layers_show_the_inspection()


def test_wrong_parameters_are_a_sentence_in_the_dock(loop: Loop) -> None:
    loop.add_labels()
    loop.set_config("distance", channels=["a", "b"], scale_factor=15.0, mask_distances=True)
    assert "2 channels" in loop.message
    loop.set_config("affinities", **NEAREST_2D)
    assert "2 numbers" in loop.message
    loop.set_config("distance", **DISTANCE)
    assert loop.message == ""
    with pytest.raises(ValueError, match="did you mean 'distance'"):
        loop.settings.config = {"kind": "distances"}


@pytest.mark.parametrize(
    "name", ["medulla.ome.zarr", "crop_fractional.ome.zarr", "funlib_anisotropic.zarr", "cremi_style.hdf"]
)
def test_real_volumes_open_in_place(loop: Loop, real_data: Path, name: str) -> None:
    from predictor_inspector.data import list_arrays
    from predictor_inspector.plugin.reader import get_reader

    path = str(real_data / name)
    for data in get_reader(path)(path):
        loop.viewer.add_layer(Layer.create(*data))
    loop.settle()
    infos = {info.name.strip("/") or name.split(".", maxsplit=1)[0]: info for info in list_arrays(path)}
    for layer in loop.viewer.layers:
        if layer.name in infos:
            info = infos[layer.name]
            np.testing.assert_allclose(layer.scale, info.array.physical_voxel_size, rtol=1e-12)
            np.testing.assert_allclose(
                layer.translate,
                np.array(info.array.physical_offset) + np.array(info.array.physical_voxel_size) / 2,
                rtol=1e-12,
            )
    loop.assert_layers_show_the_inspection()


def test_an_error_takes_the_stale_target_off_the_canvas_until_there_is_a_new_one(loop: Loop) -> None:
    loop.add_labels()
    loop.set_config("distance", **DISTANCE)
    assert loop.target.visible
    loop.set_config("distance", channels=["a", "b"], scale_factor=15.0, mask_distances=True)
    assert not loop.target.visible
    assert not loop.weight.visible
    loop.set_config("distance", **DISTANCE)
    assert loop.target.visible
    assert not loop.weight.visible
    loop.assert_layers_show_the_inspection()


def test_chunked_data_are_read_once_and_anew_after_an_edit(loop: Loop) -> None:
    store = zarr.create_array(store=zarr.storage.MemoryStore(), shape=(12, 40, 48), chunks=(4, 20, 24), dtype="uint32")
    store[:] = blocks()
    layer = loop.add_labels(store)
    loop.assert_layers_show_the_inspection()
    loop.after(lambda: loop.viewer.dims.set_point(loop.viewer.dims.ndim - 3, TRANSLATE[0]))
    loop.assert_layers_show_the_inspection()
    before = loop.target.data.copy()

    def edit() -> None:
        store[:] = blocks(seed=9)
        layer.data = store

    loop.after(edit)
    assert not np.array_equal(before, loop.target.data)
    inspected = loop.settings.gt.to_slices(loop.inspection.gt.roi)
    np.testing.assert_array_equal(loop.inspection.gt.numpy(), blocks(seed=9)[inspected])
    loop.assert_layers_show_the_inspection()
