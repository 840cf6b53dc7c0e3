"""Regions that are more than is computed at once come tile by tile, and are the same in the end."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch

from predictor_inspector.core import predictor_from_config
from predictor_inspector.data.chunk_cache import DEFAULT_BUDGET, SHARED
from predictor_inspector.data.scratch import ScratchArray
from predictor_inspector.inspection import inspect
from predictor_inspector.inspection.engine.held_results import HeldResults
from predictor_inspector.inspection.engine.tiles import Tile
from predictor_inspector.plugin.layers import pictures as layer_pictures
from predictor_inspector.plugin.layers import results as result_layers
from predictor_inspector.plugin.live import tiling
from predictor_inspector.plugin.live.tiling import TiledRun
from predictor_inspector.plugin.model import tile_plan as budget

from ..gate import Gate
from ..window import VOXEL_SIZE, Window, blocks

AFFINITIES: dict[str, Any] = {
    "kind": "affinities",
    "neighborhood": [[1, 0, 0], [0, 1, 0], [0, -3, 1]],
    "lsds": False,
}
DISTANCE: dict[str, Any] = {"kind": "distance", "channels": ["a"], "scale_factor": 5.0, "mask_distances": True}


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Next to nothing is computed at once, and nothing large begins by itself."""
    monkeypatch.setattr(budget, "MAX_VALUES", 20_000)
    monkeypatch.setattr(budget, "TILE", 500_000)
    monkeypatch.setattr(tiling, "_PER_TILE", 1000.0)


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    """Each tile waits here until the test lets it be written."""
    gate, at_once = Gate(), HeldResults.write

    def write(held: HeldResults, tile: Tile) -> None:
        gate.wait()
        at_once(held, tile)

    monkeypatch.setattr(HeldResults, "write", write)
    yield gate
    gate.open()


@pytest.fixture
def on_disk(small: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """As `small`, and there is no memory to hold results in."""
    monkeypatch.setattr(budget, "results_size", lambda channels, shape: 10**10)
    monkeypatch.setattr(budget, "scratch_room", lambda: 10**12)


class Steps:
    """What a window went through."""

    def __init__(self, window: Window) -> None:
        self.done: list[tuple[int, int]] = []
        self.notes: list[str] = []
        self.words: list[str] = []
        self.inspected: list[Any] = []
        self._window = window
        window.widget.controller.tiling.advanced.connect(self._on_advanced)
        window.widget.controller.stepped.connect(lambda step, _fraction: self.words.append(step))
        window.widget.inspected.connect(self.inspected.append)

    def _on_advanced(self, run: TiledRun) -> None:
        self.done.append((run.so_far.targets, run.so_far.weights))
        self.notes.append(self._window.control("note").toolTip())


def offered(window: Window) -> str:
    offer = window.control("offer")
    return offer.text() if offer.isVisible() else ""


def whole_layer(window: Window, config: dict[str, Any] = AFFINITIES) -> Steps:
    window.add_labels()
    window.set_config(**config)
    window.after(lambda: setattr(window.widget, "region_mode", "layer"))
    return Steps(window)


def begin(window: Window, gate: Gate, tiles: int) -> TiledRun:
    """Begin a run, and hold it once so many tiles are shown."""
    gate.allow(tiles)
    window.control("compute").click()
    run = window.widget.controller.tiling.run
    window.qtbot.waitUntil(lambda: run.so_far.targets == tiles, timeout=20_000)
    return run


def cancel(window: Window, gate: Gate) -> None:
    window.widget.cancel()
    gate.open()
    window.settle()


def wait_until_left(window: Window, gate: Gate) -> None:
    """Let the run go on only when nobody waits for it any more."""
    window.qtbot.waitUntil(lambda: window.widget.controller.tiling.run is None, timeout=20_000)
    gate.open()
    window.settle()


def assert_whole(window: Window, tolerance: float = 0) -> None:
    """The layers show what `inspect` gives for the region at once."""
    shown = window.widget.inspection
    gt = window.widget.settings.gt
    expected = inspect(predictor_from_config(window.widget.config), gt, shown.roi)
    for name, array, mine in (("target", expected.target, shown.target), ("weight", expected.weight, shown.weight)):
        values = np.asarray(window.viewer.layers[name].data)
        np.testing.assert_allclose(values.reshape(array.shape), array.numpy(), rtol=0, atol=tolerance)
        np.testing.assert_array_equal(np.asarray(mine.data[...]), values.reshape(array.shape))
        assert mine.roi == array.roi


@pytest.mark.usefixtures("small")
def test_a_large_region_is_offered_with_its_tiles_and_other_ways_out(window: Window) -> None:
    whole_layer(window)
    assert "69,120 target values, more than the 20,000" in offered(window)
    assert "Press Compute for " in offered(window)
    assert "disk" not in offered(window)
    assert not window.target.visible
    assert window.control("compute").isEnabled()
    assert window.control("smaller").isVisible()
    window.after(window.control("smaller").click)
    assert offered(window) == ""
    assert not window.control("compute").isEnabled()
    assert window.widget.region_mode == "box"
    window.assert_layers_show_the_inspection()


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(("config", "tolerance"), [(AFFINITIES, 0), (DISTANCE, 1e-5)], ids=["affinities", "distance"])
def test_asked_for_it_comes_tile_by_tile_and_is_the_whole(
    window: Window, config: dict[str, Any], tolerance: float
) -> None:
    steps = whole_layer(window, config)
    window.after(window.control("compute").click)
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
    assert steps.notes[4] == f"Partial: 3 of {tiles} tiles so far, weights of 0."
    assert [i.roi for i in steps.inspected] == [window.widget.settings.gt.roi]
    assert "Partial" not in window.control("note").toolTip()
    assert isinstance(window.widget.inspection.target.data, torch.Tensor)
    assert window.control("channel_table").rowCount() == len(window.widget.inspection.channel_names)
    assert offered(window) == ""
    assert_whole(window, tolerance)


@pytest.mark.usefixtures("on_disk")
def test_what_does_not_fit_into_memory_is_held_on_disk(window: Window, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layer_pictures, "_LARGE", 0)
    whole_layer(window)
    assert "held on disk (up to 10 GB)" in offered(window)
    window.after(window.control("compute").click)
    assert isinstance(window.widget.inspection.target.data, ScratchArray)
    assert_whole(window)
    target = np.asarray(window.target.data)
    rgb = np.asarray(window.viewer.layers["target RGB"].data)
    np.testing.assert_array_equal(rgb[..., :3], np.moveaxis(target, 0, -1).astype(np.uint8) * 255)
    assert (rgb[..., 3] == 255).all()
    # Back to what is computed at once, in the same layers.
    layer = window.target
    window.after(lambda: setattr(window.widget, "region_mode", "view"))
    assert window.target is layer
    window.assert_layers_show_the_inspection()


@pytest.mark.usefixtures("on_disk")
def test_without_room_on_the_disk_it_is_refused_with_the_numbers(
    window: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(budget, "scratch_room", lambda: 3 * 2**30)
    whole_layer(window)
    text = window.control("too_large").text()
    assert "Target and weights take 10 GB, but there is room for 2.15 GB" in text
    assert offered(window) == ""
    assert window.control("smaller").isVisible()
    assert not window.control("compute").isEnabled()


@pytest.mark.usefixtures("small")
def test_a_cancelled_run_stays_as_the_part_that_it_is(window: Window, gate: Gate) -> None:
    steps = whole_layer(window)
    run = begin(window, gate, 3)
    cancel(window, gate)
    shown, tiles = run.so_far.targets, run.so_far.tiles
    # The tile that was held may come, too.
    assert 3 <= shown <= 4 < tiles
    assert steps.inspected == []
    assert window.widget.inspection is None
    assert window.widget.message == ""
    assert window.control("note").toolTip() == f"Partial, as it was cancelled: {shown} of {tiles} tiles, weights of 0."
    assert window.viewer.layers["target RGB"].visible
    known = ~np.isnan(window.target.data)
    assert 0 < known.mean() < 1
    gt = window.widget.settings.gt
    expected = inspect(predictor_from_config(AFFINITIES), gt).target.numpy()
    np.testing.assert_array_equal(window.target.data[known], expected[known])
    # Nothing begins anew by itself; asked for, all of it is computed.
    assert "Press Compute" in offered(window)
    window.after(lambda: window.viewer.dims.set_point(window.viewer.dims.ndim - 3, 140.0))
    assert window.widget.inspection is None
    window.after(window.control("compute").click)
    assert len(steps.inspected) == 1
    assert_whole(window)


def test_what_a_person_chose_begins_by_itself_if_it_is_soon_done(
    window: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(budget, "MAX_VALUES", 20_000)
    monkeypatch.setattr(budget, "TILE", 500_000)
    steps = whole_layer(window)
    assert steps.done == []  # it was done before anybody looked
    assert_whole(window)
    window.after(lambda: setattr(window.widget, "config", {**AFFINITIES, "grow_boundary_iterations": 1}))
    assert len(steps.inspected) == 1
    assert_whole(window)


def test_what_is_merely_looked_at_waits_to_be_asked_for(window: Window, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget, "MAX_VALUES", 20_000)
    monkeypatch.setattr(budget, "TILE", 500_000)
    window.add_labels()
    window.set_config(**AFFINITIES)
    window.after(lambda: setattr(window.widget, "thickness", 12))
    assert "Press Compute" in offered(window)
    steps = Steps(window)
    window.after(window.control("compute").click)
    assert len(steps.inspected) == 1
    assert_whole(window)


@pytest.mark.usefixtures("small")
def test_a_run_is_left_when_something_else_is_looked_at(window: Window, gate: Gate) -> None:
    steps = whole_layer(window)
    begin(window, gate, 2)
    window.widget.region_mode = "view"
    wait_until_left(window, gate)
    assert [i.roi.shape[0] for i in steps.inspected] == [steps.inspected[0].gt.voxel_size[0]]
    window.assert_layers_show_the_inspection()


@pytest.mark.usefixtures("small")
def test_painting_ends_a_run_over_what_was_there_before(window: Window, gate: Gate) -> None:
    steps = whole_layer(window)
    begin(window, gate, 2)
    layer = window.viewer.layers["labels"]
    layer.selected_label = 999
    layer.paint((5, 20, 20), 999)
    wait_until_left(window, gate)
    assert steps.inspected == []
    assert "Press Compute" in offered(window)
    assert not window.target.visible


@pytest.mark.usefixtures("small")
def test_channels_may_be_mixed_otherwise_while_tiles_come(window: Window, gate: Gate) -> None:
    whole_layer(window)
    begin(window, gate, 3)
    names, mix = predictor_from_config(AFFINITIES).channel_names, window.widget.context.rgb_mix
    mix.set_colour(names, 0, "#ff0000")
    for index in range(3):
        mix.mix(names, index, index == 0)
    cancel(window, gate)
    known = ~np.isnan(window.target.data).any(0)
    rgb = np.asarray(window.viewer.layers["target RGB"].data)
    np.testing.assert_array_equal(rgb[..., 0][known], window.target.data[0][known] * 255)
    np.testing.assert_array_equal(rgb[..., 3] > 0, ~np.isnan(window.target.data[0]))
    assert rgb[..., 1:3].max() == 0


@pytest.mark.usefixtures("on_disk")
def test_a_time_series_is_held_on_disk_too(window: Window) -> None:
    data = np.stack([blocks(seed=1), blocks(seed=2)])
    place = {"scale": (2.0, *VOXEL_SIZE), "units": ("s", "nm", "nm", "nm"), "axis_labels": ("t", "z", "y", "x")}
    window.viewer.add_labels(data, name="series", **place)
    window.settle()
    window.set_config(**AFFINITIES)
    window.after(lambda: setattr(window.widget, "region_mode", "layer"))
    window.after(window.control("compute").click)
    assert window.target.data.shape == (3, 1, 12, 40, 48)
    assert np.asarray(window.viewer.layers["target RGB"].data).shape[:-1] == (1, 12, 40, 48)
    assert_whole(window)


@pytest.mark.usefixtures("on_disk")
def test_a_dock_that_is_closed_amid_tiles_stops_and_leaves_its_layers(window: Window, gate: Gate) -> None:
    steps = whole_layer(window)
    begin(window, gate, 2)
    window.close()
    gate.open()
    window.qtbot.waitUntil(
        lambda: not any(t.name.startswith("predictor-inspector_") for t in threading.enumerate()), timeout=20_000
    )
    assert steps.done[-1][0] == 2
    assert 0 < np.isnan(np.asarray(window.target.data)).mean() < 1


@pytest.mark.usefixtures("small")
def test_the_weights_contrast_follows_until_the_person_sets_it(window: Window) -> None:
    window.widget.live = False
    window.widget.region_mode = "layer"
    window.add_labels()
    window.set_config(**AFFINITIES)
    window.after(window.control("compute").click)
    heaviest = float(np.nanmax(window.weight.data))
    assert heaviest > 1
    assert window.weight.contrast_limits == [0, heaviest]
    window.weight.contrast_limits = (0, 0.5)
    window.after(window.control("compute").click)
    assert window.weight.contrast_limits == [0, 0.5]


@pytest.mark.usefixtures("small")
def test_what_is_too_large_for_3d_is_hidden_there(window: Window, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(result_layers, "_LARGE_IN_3D", 20_000)
    whole_layer(window)
    window.after(window.control("compute").click)
    assert window.viewer.layers["target RGB"].visible
    window.after(lambda: setattr(window.viewer.dims, "ndisplay", 3))
    assert not any(window.viewer.layers[name].visible for name in ("target", "weight", "target RGB"))
    assert "3-D" in window.control("note").toolTip()
    window.after(lambda: window.widget.look_at("weight"))
    assert not window.weight.visible
    window.after(lambda: setattr(window.viewer.dims, "ndisplay", 2))
    assert window.weight.visible
    assert "3-D" not in window.control("note").toolTip()


def test_memory_bounds_what_is_computed_at_once(window: Window) -> None:
    whole_layer(window)
    assert_whole(window)
    try:
        window.after(lambda: setattr(window.widget, "memory", "2 MB"))
        assert window.widget.memory == "2 MB"
        assert SHARED.budget == 250_000
        window.after(lambda: setattr(window.widget, "config", {**AFFINITIES, "mask_pairs": False}))
        assert_whole(window)
        with pytest.raises(ValueError, match="positive number of bytes"):
            window.widget.memory = "plenty"
        window.after(lambda: setattr(window.widget, "memory", "1 kB"))
        window.after(lambda: setattr(window.widget, "config", AFFINITIES))
        assert "too little" in window.widget.message
    finally:
        window.after(lambda: setattr(window.widget, "memory", "auto"))
    assert SHARED.budget == DEFAULT_BUDGET
