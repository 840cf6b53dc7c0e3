"""Regions that are more than is computed at once come tile by tile, and are the same in the end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from qtpy.QtWidgets import QApplication

from predictor_inspector.core import predictor_from_config
from predictor_inspector.data.stores import engine
from predictor_inspector.data.stores.temporary import TemporaryArray
from predictor_inspector.inspection import inspect
from predictor_inspector.plugin.layers import pictures as layer_pictures
from predictor_inspector.plugin.layers import results as result_layers
from predictor_inspector.plugin.layers.owned import layer_name
from predictor_inspector.plugin.live.tiling import TiledRun
from predictor_inspector.plugin.model import tile_plan

from ..loop import Loop
from ..stage import VOXEL_SIZE, blocks
from ..tiles import AFFINITIES, Steps, assert_whole, whole_layer

DISTANCE: dict[str, Any] = {"kind": "distance", "channels": ["a"], "scale_factor": 5.0, "mask_distances": True}


def offered(loop: Loop) -> str:
    text, kind = loop.messages[-1]
    return text if kind == "tiles" else ""


def compute_until(loop: Loop, tiles: int, action: Callable[[], object]) -> None:
    """Compute a region in tiles, and do something, once, when so many are shown."""

    def on_advanced(run: TiledRun) -> None:
        if run.so_far.targets == tiles:
            loop.controller.tiling.advanced.disconnect(on_advanced)
            action()
            QApplication.processEvents()

    loop.controller.tiling.advanced.connect(on_advanced)
    loop.after(loop.controller.compute)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(("config", "tolerance"), [(AFFINITIES, 0), (DISTANCE, 1e-5)], ids=["affinities", "distance"])
def test_asked_for_it_comes_tile_by_tile_and_is_the_whole(loop: Loop, config: dict[str, Any], tolerance: float) -> None:
    steps = whole_layer(loop, config)
    loop.after(loop.controller.compute)
    tiles = max(targets for targets, _ in steps.done)
    assert tiles > 4
    assert steps.done == [
        (0, 0),
        (0, 0),
        *((n, 0) for n in range(1, tiles + 1)),
        *((tiles, n) for n in range(1, tiles + 1)),
    ]
    assert next(w for w in steps.words if w.startswith("tile")) == f"tile 1 of {tiles}"
    assert f"weights of tile {tiles} of {tiles}" in steps.words
    assert [i.roi for i in steps.inspected] == [loop.settings.gt.roi]
    assert isinstance(loop.inspection.target.data, torch.Tensor)
    assert offered(loop) == ""
    assert_whole(loop, tolerance)


@pytest.mark.usefixtures("on_disk")
def test_what_does_not_fit_into_memory_is_held_on_disk(loop: Loop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layer_pictures, "_LARGE", 0)
    loop.settings.drawn_as = "loss"
    whole_layer(loop)
    assert "held on disk (up to 10 GB)" in offered(loop)
    loop.after(loop.controller.compute)
    assert isinstance(loop.inspection.target.data, TemporaryArray)
    assert_whole(loop)
    target = np.asarray(loop.target.data)
    rgb = np.asarray(loop.viewer.layers[layer_name("target RGB")].data)
    np.testing.assert_array_equal(rgb[..., :3], np.moveaxis(target, 0, -1).astype(np.uint8) * 255)
    assert (rgb[..., 3] == 255).all()
    # Back to what is computed at once, in the same layers.
    layer = loop.target
    loop.after(lambda: setattr(loop.settings, "region_mode", "view"))
    assert loop.target is layer
    loop.assert_layers_show_the_inspection()


@pytest.mark.usefixtures("small")
def test_a_cancelled_run_stays_as_the_part_that_it_is(loop: Loop) -> None:
    steps = whole_layer(loop)
    compute_until(loop, 3, loop.controller.cancel)
    assert steps.done[-1] == (3, 0)
    assert steps.inspected == []
    assert loop.inspection is None
    assert loop.message == ""
    assert "as it was cancelled: 3 of" in loop.controller.tiling.run.note
    assert loop.viewer.layers[layer_name("target RGB")].visible
    known = ~np.isnan(loop.target.data)
    assert 0 < known.mean() < 1
    gt = loop.settings.gt
    expected = inspect(predictor_from_config(AFFINITIES), gt).target.numpy()
    np.testing.assert_array_equal(loop.target.data[known], expected[known])
    # Nothing begins anew by itself; asked for, all of it is computed.
    assert "Press Compute" in offered(loop)
    loop.after(lambda: loop.viewer.dims.set_point(loop.viewer.dims.ndim - 3, 140.0))
    assert loop.inspection is None
    loop.after(loop.controller.compute)
    assert len(steps.inspected) == 1
    assert_whole(loop)


def test_what_a_person_chose_begins_by_itself_if_it_is_soon_done(loop: Loop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tile_plan, "MAX_VALUES", 20_000)
    monkeypatch.setattr(tile_plan, "TILE", 500_000)
    steps = whole_layer(loop)
    assert steps.done == []  # it was done before anybody looked
    assert_whole(loop)
    loop.after(lambda: setattr(loop.settings, "config", {**AFFINITIES, "grow_boundary_iterations": 1}))
    assert len(steps.inspected) == 1
    assert_whole(loop)


def test_what_is_merely_looked_at_waits_to_be_asked_for(loop: Loop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tile_plan, "MAX_VALUES", 20_000)
    monkeypatch.setattr(tile_plan, "TILE", 500_000)
    loop.add_labels()
    loop.set_config(**AFFINITIES)
    loop.after(lambda: setattr(loop.settings, "thickness", 12))
    assert "Press Compute" in offered(loop)
    steps = Steps(loop)
    loop.after(loop.controller.compute)
    assert len(steps.inspected) == 1
    assert_whole(loop)


@pytest.mark.usefixtures("small")
def test_a_run_is_left_when_something_else_is_looked_at(loop: Loop) -> None:
    steps = whole_layer(loop)
    compute_until(loop, 2, lambda: setattr(loop.settings, "region_mode", "view"))
    assert [i.roi.shape[0] for i in steps.inspected] == [steps.inspected[0].gt.voxel_size[0]]
    loop.assert_layers_show_the_inspection()


@pytest.mark.usefixtures("small")
def test_painting_ends_a_run_over_what_was_there_before(loop: Loop) -> None:
    steps = whole_layer(loop)
    compute_until(loop, 2, lambda: loop.viewer.layers["labels"].paint((5, 20, 20), 999))
    assert steps.inspected == []
    assert "Press Compute" in offered(loop)
    assert not loop.target.visible


@pytest.mark.usefixtures("small")
def test_channels_may_be_mixed_otherwise_while_tiles_come(loop: Loop) -> None:
    loop.settings.drawn_as = "loss"
    whole_layer(loop)
    names, mix = predictor_from_config(AFFINITIES).channel_names, loop.mix

    def mix_otherwise() -> None:
        mix.set_colour(names, 0, "#ff0000")
        for index in range(3):
            mix.mix(names, index, index == 0)
        loop.controller.cancel()

    compute_until(loop, 3, mix_otherwise)
    known = ~np.isnan(loop.target.data).any(0)
    rgb = np.asarray(loop.viewer.layers[layer_name("target RGB")].data)
    np.testing.assert_array_equal(rgb[..., 0][known], loop.target.data[0][known] * 255)
    np.testing.assert_array_equal(rgb[..., 3] > 0, ~np.isnan(loop.target.data[0]))
    assert rgb[..., 1:3].max() == 0


@pytest.mark.usefixtures("on_disk")
def test_a_time_series_is_held_on_disk_too(loop: Loop) -> None:
    data = np.stack([blocks(seed=1), blocks(seed=2)])
    place = {"scale": (2.0, *VOXEL_SIZE), "units": ("s", "nm", "nm", "nm"), "axis_labels": ("t", "z", "y", "x")}
    loop.viewer.add_labels(data, name="series", **place)
    loop.settle()
    loop.set_config(**AFFINITIES)
    loop.after(lambda: setattr(loop.settings, "region_mode", "layer"))
    loop.after(loop.controller.compute)
    assert loop.target.data.shape == (3, 1, 12, 40, 48)
    assert np.asarray(loop.viewer.layers[layer_name("target RGB")].data).shape[:-1] == (1, 12, 40, 48)
    assert_whole(loop)


@pytest.mark.usefixtures("small")
def test_the_weights_contrast_follows_until_the_person_sets_it(loop: Loop) -> None:
    loop.settings.live = False
    loop.settings.region_mode = "layer"
    loop.add_labels()
    loop.set_config(**AFFINITIES)
    loop.after(loop.controller.compute)
    heaviest = float(np.nanmax(loop.weight.data))
    assert 1 < heaviest < 2
    assert loop.weight.contrast_limits == [0, 2]
    loop.weight.contrast_limits = (0, 0.5)
    loop.after(loop.controller.compute)
    assert loop.weight.contrast_limits == [0, 0.5]


@pytest.mark.usefixtures("small")
def test_what_is_too_large_for_3d_is_hidden_there(loop: Loop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(result_layers, "_LARGE_IN_3D", 20_000)
    whole_layer(loop)
    loop.after(loop.controller.compute)
    assert loop.viewer.layers[layer_name("target RGB")].visible
    loop.after(lambda: setattr(loop.viewer.dims, "ndisplay", 3))
    assert not any(loop.viewer.layers[layer_name(name)].visible for name in ("target", "weight", "target RGB"))
    loop.after(lambda: setattr(loop.settings, "shown", "weight"))
    assert not loop.weight.visible
    loop.after(lambda: setattr(loop.viewer.dims, "ndisplay", 2))
    assert loop.weight.visible


def test_memory_bounds_what_is_computed_at_once(loop: Loop) -> None:
    whole_layer(loop)
    assert_whole(loop)
    try:
        loop.after(lambda: setattr(loop.settings, "memory", "2 MB"))
        assert loop.settings.memory == "2 MB"
        assert engine.limit() == 250_000
        loop.after(lambda: setattr(loop.settings, "config", {**AFFINITIES, "mask_pairs": False}))
        assert_whole(loop)
        with pytest.raises(ValueError, match="positive number of bytes"):
            loop.settings.memory = "plenty"
        loop.after(lambda: setattr(loop.settings, "memory", "1 kB"))
        loop.after(lambda: setattr(loop.settings, "config", AFFINITIES))
        assert "too little" in loop.message
    finally:
        loop.after(lambda: setattr(loop.settings, "memory", "auto"))
    assert engine.limit() == engine.DEFAULT_LIMIT
