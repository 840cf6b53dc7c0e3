"""The dock through its life: layers that come and go, hiding, closing, and nothing left behind."""

from __future__ import annotations

import gc
import subprocess
import sys
import threading
import weakref
from collections.abc import Iterator
from typing import Any

import pytest
from qtpy.compat import isalive
from qtpy.QtCore import QEvent
from qtpy.QtWidgets import QApplication

from predictor_inspector.inspection import Inspection
from predictor_inspector.plugin import InspectorWidget
from predictor_inspector.plugin.layers.owned import layer_name
from predictor_inspector.plugin.live import controller

from .gate import Gate
from .window import VOXEL_SIZE, Window, blocks


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    """Each inspection waits here until the test lets it be computed."""
    gate, at_once = Gate(), controller.run

    def run(*args: Any) -> Inspection:
        gate.wait()
        return at_once(*args)

    monkeypatch.setattr(controller, "run", run)
    yield gate
    gate.open()


def workers() -> list[threading.Thread]:
    return [t for t in threading.enumerate() if t.name.startswith("predictor-inspector_")]


def under_way(window: Window, gate: Gate) -> Any:
    """A layer whose inspection has begun when this returns."""
    layer = window.viewer.add_labels(blocks((6, 20, 30)), name="first", scale=VOXEL_SIZE)
    window.qtbot.waitUntil(lambda: gate.reached == 1)
    return layer


def go_on(window: Window, gate: Gate) -> None:
    gate.open()
    window.settle()


def test_the_layer_may_be_deleted_while_it_is_computed(window: Window, gate: Gate) -> None:
    layer = under_way(window, gate)
    window.viewer.layers.remove(layer)
    go_on(window, gate)
    assert window.widget.gt_layer is None
    assert window.widget.inspection is None
    assert [layer.name for layer in window.viewer.layers] == []
    assert window.widget.message == ""


def test_a_computation_can_be_cancelled(window: Window, gate: Gate) -> None:
    under_way(window, gate)
    seen = []
    window.widget.inspected.connect(seen.append)
    window.widget.cancel()
    go_on(window, gate)
    assert seen == []
    assert window.widget.message == ""
    # The next change computes again.
    window.after(lambda: setattr(window.widget, "region_mode", "layer"))
    assert len(seen) == 1


def test_a_hidden_dock_rests_and_catches_up(window: Window) -> None:
    window.add_labels()
    seen = []
    window.widget.inspected.connect(seen.append)
    window.dock.hide()
    window.viewer.dims.set_point(window.viewer.dims.ndim - 3, 100.0)
    window.settle()
    assert seen == []
    window.dock.show()
    window.settle()
    assert len(seen) == 1
    window.assert_layers_show_the_inspection()


def test_a_dock_that_is_closed_and_opened_anew_goes_on_with_one_set_of_layers(window: Window) -> None:
    window.add_labels()
    window.viewer.window.remove_dock_widget(window.dock)
    QApplication.processEvents()
    window.widget = InspectorWidget(window.viewer)
    window.dock = window.viewer.window.add_dock_widget(window.widget, name="again")
    window.settle()
    names = [layer.name for layer in window.viewer.layers]
    assert sorted(names) == sorted(set(names))
    window.assert_layers_show_the_inspection()


def test_a_closed_dock_leaves_no_thread_no_callback_and_no_widget(window: Window) -> None:
    layer = window.add_labels()
    emitters = [
        window.viewer.scene.camera.events.zoom,
        window.viewer.dims.events.point,
        window.viewer.layers.events.inserted,
        layer.events.data,
    ]
    assert workers()

    moves = window.viewer.mouse_move_callbacks
    before = [len(e.callbacks) for e in emitters]
    gone = weakref.ref(window.widget)
    inspector = weakref.ref(window.widget.controller)
    window.viewer.window.remove_dock_widget(window.dock)
    window.dock.deleteLater()
    window.widget = window.dock = None
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)

    def nothing_is_left() -> bool:
        QApplication.processEvents()
        gc.collect()
        return not workers() and inspector() is None and gone() is None

    window.qtbot.waitUntil(nothing_is_left)
    # The comparison and the order of our layers watch the list, too; napari forgets what it has connected at its leisure.
    now = [len(e.callbacks) for e in emitters]
    assert all(n <= old - ours for n, old, ours in zip(now, before, (1, 1, 3, 1), strict=True))
    assert not any("predictor_inspector" in str(callback.__module__) for callback in moves)
    # Nobody minds what happens now.
    window.viewer.dims.set_point(window.viewer.dims.ndim - 3, 140.0)
    layer.data = blocks(seed=5)
    window.viewer.layers.clear()
    QApplication.processEvents()


def test_layers_may_change_once_the_dock_is_removed(window: Window) -> None:
    layer = window.add_labels()
    window.viewer.window.remove_dock_widget(window.dock)
    window.widget.deleteLater()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    assert not isalive(window.widget)
    layer.name = "renamed"
    window.viewer.add_labels(blocks(seed=1))
    window.viewer.layers.remove(layer)
    assert window.widget.settings.gt_layer is layer


def test_clicking_a_channel_shows_it(window: Window) -> None:
    window.add_labels()
    window.set_config("affinities", neighborhood=[[1, 0, 0], [0, 1, 0], [0, 0, 1]], lsds=False)
    assert window.viewer.layers[layer_name("target RGB")].visible
    window.after(lambda: window.control("channel_table").cellClicked.emit(2, 0))
    assert window.viewer.dims.point[0] == 2
    assert window.target.visible
    assert not window.viewer.layers[layer_name("target RGB")].visible
    window.after(lambda: window.widget.look_at("weight"))
    assert window.weight.visible
    assert not window.target.visible


def test_a_preview_is_called_one_until_the_result_comes(window: Window, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(controller, "PREVIEW_AFTER", 1e-9)
    window.add_labels()
    notes = []
    window.widget.controller.previewed.connect(lambda _i: notes.append(window.control("note").text()))
    window.set_config("affinities", neighborhood=[[1, 0, 0]], lsds=True, num_voxels=2)
    assert len(notes) == 1
    assert "Preview" in notes[0]
    assert "Preview" not in window.control("note").text()
    window.assert_layers_show_the_inspection()


SCRIPT = """
import time
import napari
from qtpy.QtWidgets import QApplication
from predictor_inspector.plugin.launch import dock
from predictor_inspector.plugin.samples import cell_layers

def inspected():
    viewer = napari.Viewer()
    for layer in cell_layers():
        viewer.add_layer(napari.layers.Layer.create(*layer))
    widget = dock(viewer)
    wait(lambda: widget.inspection is not None and not widget.busy)
    return viewer, widget

def wait(true):
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end
        QApplication.processEvents()

def go_on():
    end = time.monotonic() + 1
    wait(lambda: time.monotonic() > end)

viewer, widget = inspected()
# napari flushes the first window's commands to whichever OpenGL context the second one has left.
inspected()[0].close()
go_on()
layer = widget.gt_layer
viewer.layers.remove(layer)
go_on()
viewer.reset_view()
go_on()
viewer.add_layer(layer)
wait(lambda: widget.inspection is not None and not widget.busy)
"""


def test_a_script_with_two_windows_ends_well() -> None:
    done = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-c", SCRIPT], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
