"""Layers of all kinds in a real window: masks, channels, time, levels, flat ones, and such as can't be used."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import zarr

from predictor_inspector.plugin.model.axes import Axes

from .window import LABELS, TRANSLATE, UNITS, VOXEL_SIZE, Window, blocks

NEAREST_2D = {"neighborhood": [[1, 0], [0, 1]], "lsds": False}
DISTANCE = {"channels": ["a"], "scale_factor": 15.0, "mask_distances": True}


def test_a_mask_takes_weights_away(window: Window) -> None:
    window.add_labels()
    mask = np.zeros((12, 40, 48), np.uint8)
    mask[:, 10:30, 5:40] = 1
    layer = window.add_labels(mask, name="annotated")
    window.after(lambda: setattr(window.widget, "mask_layer", layer))
    assert window.widget.gt_layer.name == "labels"
    assert window.weight.data[:, :, :10].max() == 0
    assert window.weight.data[:, :, 12:28, 8:38].min() > 0
    window.assert_layers_show_the_inspection()
    window.after(lambda: setattr(window.widget, "mask_layer", None))
    assert window.weight.data[:, :, :10].max() > 0


def test_a_mask_of_other_voxel_size_lies_where_it_belongs(window: Window) -> None:
    window.add_labels()
    coarse = np.zeros((6, 20, 24), np.uint8)
    coarse[:, 5:, :] = 1
    scale = np.array(VOXEL_SIZE) * 2
    layer = window.add_labels(coarse, name="coarse mask", scale=scale, translate=np.array(TRANSLATE) + scale / 4)
    window.after(lambda: setattr(window.widget, "mask_layer", layer))
    assert window.weight.data[0, 0, :10].max() == 0
    assert window.weight.data[0, 0, 11].max() > 0
    window.assert_layers_show_the_inspection()


def test_channels_are_the_predictors_channels(window: Window) -> None:
    data = np.stack([blocks() % 2, blocks(seed=1) % 3 == 0]).astype(np.uint8)
    window.viewer.add_labels(
        data,
        scale=(1, *VOXEL_SIZE),
        translate=(0, *TRANSLATE),
        units=("pixel", *UNITS),
        axis_labels=("channel", *LABELS),
    )
    window.settle()
    window.set_config("distance", channels=["a", "b"], scale_factor=15.0, mask_distances=False)
    assert window.target.data.shape[0] == 2
    assert window.viewer.dims.ndim == 4
    window.assert_layers_show_the_inspection()
    window.set_config("affinities", neighborhood=[[1, 0, 0]], lsds=False)
    assert "channel" in window.widget.message


def test_time_follows_the_slider(window: Window) -> None:
    movie = np.stack([blocks(seed=s) for s in range(3)])
    window.viewer.add_labels(
        movie,
        scale=(2, *VOXEL_SIZE),
        translate=(10, *TRANSLATE),
        units=("pixel", *UNITS),
        axis_labels=("t", *LABELS),
    )
    window.settle()
    assert window.widget.axes == Axes(3, True)
    for t in (0, 2, 1):
        window.after(lambda t=t: window.viewer.dims.set_point(window.viewer.dims.ndim - 4, 10 + 2 * t))
        gt = window.widget.inspection.gt
        region = tuple(
            slice((b - o) // v, (e - o) // v)
            for b, e, o, v in zip(
                gt.roi.begin, gt.roi.end, window.widget.settings.gt.offset, gt.voxel_size, strict=True
            )
        )
        np.testing.assert_array_equal(gt.numpy(), movie[t][region])
        assert window.target.translate[1] == 10 + 2 * t
        window.assert_layers_show_the_inspection()


def test_an_unlabelled_leading_axis_can_be_read_as_time(window: Window) -> None:
    movie = np.stack([blocks(seed=s) for s in range(3)])
    window.viewer.add_labels(movie)
    window.settle()
    assert window.widget.axes == Axes(3, False)
    assert window.control("axes").isVisible()
    window.after(lambda: setattr(window.widget, "axes", Axes(3, True)))
    assert window.widget.message == ""
    window.assert_layers_show_the_inspection()


def test_a_picture_is_inspected_as_one(window: Window) -> None:
    window.viewer.add_labels(blocks((60, 70)))
    window.settle()
    window.set_config("affinities", **NEAREST_2D)
    assert window.target.data.shape == (2, 60, 70)
    window.assert_layers_show_the_inspection()
    window.after(lambda: setattr(window.widget, "region_mode", "box"))
    window.assert_layers_show_the_inspection()


def test_levels_of_a_multiscale_layer_can_be_chosen(window: Window) -> None:
    fine = blocks((12, 80, 96))
    window.viewer.add_labels(
        [fine, fine[:, ::2, ::2]], multiscale=True, scale=VOXEL_SIZE, units=UNITS, axis_labels=LABELS
    )
    window.settle()
    assert window.control("level").isVisible()
    window.assert_layers_show_the_inspection()
    window.after(lambda: window.control("level").setCurrentIndex(1))
    assert window.widget.inspection.gt.physical_voxel_size == (40.0, 8.0, 10.48)
    window.assert_layers_show_the_inspection()


def test_huge_ids_are_kept_apart(window: Window) -> None:
    ids = blocks().astype(np.uint64)
    window.add_labels(np.where(ids > 0, ids + np.uint64(2**33), 0))
    window.assert_layers_show_the_inspection()


def test_an_image_of_whole_numbers_can_be_ground_truth_but_comes_after_labels(window: Window) -> None:
    window.viewer.add_image(blocks().astype(np.int32), name="image ids", scale=VOXEL_SIZE)
    window.viewer.add_image(np.random.default_rng(0).random((12, 40, 48)), name="raw", scale=VOXEL_SIZE)
    window.settle()
    assert window.widget.gt_layer.name == "image ids"
    window.viewer.add_labels(blocks(), name="true labels", scale=VOXEL_SIZE)
    combo = window.control("gt_layer")
    assert [combo.itemText(i) for i in range(combo.count())] == ["none", "true labels", "image ids"]
    with pytest.raises(ValueError, match="gt_layer must be a labels layer"):
        window.widget.gt_layer = window.viewer.layers["raw"]


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (lambda layer: setattr(layer, "rotate", (0, 0, 30)), "rotated"),
        (lambda layer: setattr(layer, "shear", (0.5, 0, 0)), "sheared"),
    ],
)
def test_a_layer_off_the_grid_is_a_sentence_in_the_dock(window: Window, change: object, word: str) -> None:
    layer = window.add_labels()
    window.after(lambda: change(layer))
    assert word in window.widget.message
    assert "'labels'" in window.widget.message


def test_negative_ids_are_a_sentence_in_the_dock(window: Window) -> None:
    window.viewer.add_image(blocks().astype(np.int32) - 1, name="ids", scale=VOXEL_SIZE)
    window.settle()
    assert "negative ids" in window.widget.message
    window.viewer.layers["ids"].data = blocks().astype(np.int32)
    window.settle()
    assert window.widget.message == ""
    window.assert_layers_show_the_inspection()


def test_wrong_parameters_are_a_sentence_in_the_dock(window: Window) -> None:
    window.add_labels()
    window.set_config("distance", channels=["a", "b"], scale_factor=15.0, mask_distances=True)
    assert "2 channels" in window.widget.message
    window.set_config("affinities", **NEAREST_2D)
    assert "2 numbers" in window.widget.message
    window.set_config("distance", **DISTANCE)
    assert window.widget.message == ""
    with pytest.raises(ValueError, match="did you mean 'distance'"):
        window.widget.config = {"kind": "distances"}


@pytest.mark.parametrize(
    "name", ["medulla.ome.zarr", "crop_fractional.ome.zarr", "funlib_anisotropic.zarr", "cremi_style.hdf"]
)
def test_real_volumes_open_in_place(window: Window, real_data: Path, name: str) -> None:
    from predictor_inspector.data import list_arrays
    from predictor_inspector.plugin.reader import get_reader

    path = str(real_data / name)
    for data in get_reader(path)(path):
        window.viewer._add_layer_from_data(*data)
    window.settle()
    infos = {info.name.strip("/") or name.split(".", maxsplit=1)[0]: info for info in list_arrays(path)}
    for layer in window.viewer.layers:
        if layer.name in infos:
            info = infos[layer.name]
            np.testing.assert_allclose(layer.scale, info.array.physical_voxel_size, rtol=1e-12)
            np.testing.assert_allclose(
                layer.translate,
                np.array(info.array.physical_offset) + np.array(info.array.physical_voxel_size) / 2,
                rtol=1e-12,
            )
    window.assert_layers_show_the_inspection()


def test_an_error_takes_the_stale_target_off_the_canvas_until_there_is_a_new_one(window: Window) -> None:
    window.add_labels()
    window.set_config("distance", **DISTANCE)
    assert window.target.visible
    window.set_config("distance", channels=["a", "b"], scale_factor=15.0, mask_distances=True)
    assert not window.target.visible
    assert not window.weight.visible
    assert window.control("channel_table").rowCount() == 0
    window.set_config("distance", **DISTANCE)
    assert window.target.visible
    assert not window.weight.visible
    window.assert_layers_show_the_inspection()


def test_chunked_data_are_read_once_and_anew_after_an_edit(window: Window) -> None:
    store = zarr.create_array(store=zarr.storage.MemoryStore(), shape=(12, 40, 48), chunks=(4, 20, 24), dtype="uint32")
    store[:] = blocks()
    layer = window.add_labels(store)
    window.assert_layers_show_the_inspection()
    window.after(lambda: window.viewer.dims.set_point(window.viewer.dims.ndim - 3, TRANSLATE[0]))
    window.assert_layers_show_the_inspection()
    before = window.target.data.copy()

    def edit() -> None:
        store[:] = blocks(seed=9)
        layer.data = store

    window.after(edit)
    assert not np.array_equal(before, window.target.data)
    np.testing.assert_array_equal(window.widget.inspection.gt.numpy()[0], blocks(seed=9)[0])
    window.assert_layers_show_the_inspection()
