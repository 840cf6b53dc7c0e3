"""What the dock says of regions that come tile by tile, and its buttons."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from predictor_inspector.inspection.engine.held_results import HeldResults
from predictor_inspector.inspection.engine.tiles import Tile
from predictor_inspector.plugin.layers import results
from predictor_inspector.plugin.live.tiling import TiledRun
from predictor_inspector.plugin.model import tile_plan

from .gate import Gate
from .tiles import AFFINITIES, assert_whole, whole_layer
from .window import Window


def prepare(window: Window) -> None:
    window.add_labels()
    window.set_config(**AFFINITIES)


@pytest.fixture
def window(shared: Callable[[Any], Window]) -> Window:
    """The dock is shared."""
    return shared(prepare)


def show_all(window: Window) -> None:
    window.after(lambda: setattr(window.settings, "region_mode", "layer"))


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


def offered(window: Window) -> str:
    offer = window.control("offer")
    return offer.text() if offer.isVisible() else ""


def begin(window: Window, gate: Gate, tiles: int) -> TiledRun:
    """Begin a run, and hold it once so many tiles are shown."""
    gate.allow(tiles)
    window.control("compute").click()
    run = window.widget.controller.tiling.run
    window.qtbot.waitUntil(lambda: run.so_far.targets == tiles)
    return run


@pytest.mark.usefixtures("small")
def test_a_large_region_is_offered_with_its_tiles_and_other_ways_out(window: Window) -> None:
    show_all(window)
    assert "69,120 target values, more than the 20,000" in offered(window)
    assert "Press Compute for " in offered(window)
    assert "disk" not in offered(window)
    assert not window.target.visible
    assert window.control("compute").isVisible()
    assert window.control("smaller").isVisible()
    window.after(window.control("smaller").click)
    assert offered(window) == ""
    assert not window.control("compute").isVisible()
    assert window.widget.region_mode == "box"
    window.assert_layers_show_the_inspection()


@pytest.mark.usefixtures("small")
def test_the_note_says_how_much_has_come(window: Window) -> None:
    show_all(window)
    notes = []
    window.widget.controller.tiling.advanced.connect(lambda _run: notes.append(window.control("note").text()))
    window.after(window.control("compute").click)
    tiles = (len(notes) - 2) // 2
    assert notes[4] == f"Partial: 3 of {tiles} tiles so far, weights of 0."
    assert "Partial" not in window.control("note").text()
    window.widget.open_tab("Statistics")
    assert window.control("channel_table").rowCount() == len(window.widget.inspection.channel_names)
    assert offered(window) == ""
    assert_whole(window)


@pytest.mark.usefixtures("on_disk")
def test_without_room_on_the_disk_it_is_refused_with_the_numbers(
    window: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tile_plan, "temporary_room", lambda: 3 * 2**30)
    show_all(window)
    text = window.control("too_large").text()
    assert "Target and weights take 10 GB, but there is room for 2.15 GB" in text
    assert offered(window) == ""
    assert window.control("smaller").isVisible()
    assert not window.control("compute").isVisible()


@pytest.mark.usefixtures("small")
def test_a_cancelled_run_is_called_so_and_offered_again(window: Window, gate: Gate) -> None:
    show_all(window)
    run = begin(window, gate, 3)
    window.widget.cancel()
    gate.open()
    window.settle()
    shown, tiles = run.so_far.targets, run.so_far.tiles
    # The tile that was held may come, too.
    assert 3 <= shown <= 4 < tiles
    assert window.control("note").text() == f"Partial, as it was cancelled: {shown} of {tiles} tiles, weights of 0."
    assert "Press Compute" in offered(window)


@pytest.mark.usefixtures("small")
def test_what_is_hidden_in_3d_is_told(window: Window, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results, "_LARGE_IN_3D", 20_000)
    show_all(window)
    window.after(window.control("compute").click)
    window.after(lambda: setattr(window.viewer.dims, "ndisplay", 3))
    assert "3-D" in window.control("note").text()
    window.after(lambda: setattr(window.viewer.dims, "ndisplay", 2))
    assert "3-D" not in window.control("note").text()


@pytest.mark.usefixtures("on_disk")
def test_a_dock_that_is_closed_amid_tiles_stops_and_leaves_its_layers(new_dock: Window, gate: Gate) -> None:
    whole_layer(new_dock)
    run = begin(new_dock, gate, 2)
    new_dock.close()
    gate.open()
    new_dock.qtbot.waitUntil(lambda: not any(t.name.startswith("predictor-inspector_") for t in threading.enumerate()))
    assert run.so_far.targets == 2
    assert 0 < np.isnan(np.asarray(new_dock.target.data)).mean() < 1
