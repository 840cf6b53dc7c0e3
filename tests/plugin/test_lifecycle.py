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
def window(empty_dock: Window) -> Window:
    """The dock is shared."""
    return empty_dock


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


def test_a_hidden_dock_rests_and_catches_up(labelled: Window) -> None:
    seen = []
    labelled.widget.inspected.connect(seen.append)
    labelled.dock.hide()
    labelled.viewer.dims.set_point(labelled.viewer.dims.ndim - 3, 100.0)
    labelled.settle()
    assert seen == []
    labelled.dock.show()
    labelled.settle()
    assert len(seen) == 1
    labelled.assert_layers_show_the_inspection()


def test_clicking_a_channel_shows_it(labelled: Window) -> None:
    labelled.set_config("affinities", neighborhood=[[1, 0, 0], [0, 1, 0], [0, 0, 1]], lsds=False)
    assert labelled.viewer.layers[layer_name("target RGB")].visible
    labelled.after(lambda: labelled.control("channel_table").cellClicked.emit(2, 0))
    assert labelled.viewer.dims.point[0] == 2
    assert labelled.target.visible
    assert not labelled.viewer.layers[layer_name("target RGB")].visible
    labelled.after(lambda: labelled.widget.look_at("weight"))
    assert labelled.weight.visible
    assert not labelled.target.visible


def test_a_preview_is_called_one_until_the_result_comes(labelled: Window, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(controller, "PREVIEW_AFTER", 1e-9)
    notes = []
    labelled.widget.controller.previewed.connect(lambda _i: notes.append(labelled.control("note").text()))
    labelled.set_config("affinities", neighborhood=[[1, 0, 0]], lsds=True, num_voxels=2)
    assert len(notes) == 1
    assert "Preview" in notes[0]
    assert "Preview" not in labelled.control("note").text()
    labelled.assert_layers_show_the_inspection()


def test_a_dock_that_is_closed_and_opened_anew_goes_on_with_one_set_of_layers(new_dock: Window) -> None:
    new_dock.add_labels()
    new_dock.viewer.window.remove_dock_widget(new_dock.dock)
    QApplication.processEvents()
    new_dock.widget = InspectorWidget(new_dock.viewer)
    new_dock.dock = new_dock.viewer.window.add_dock_widget(new_dock.widget, name="again")
    new_dock.settle()
    names = [layer.name for layer in new_dock.viewer.layers]
    assert sorted(names) == sorted(set(names))
    new_dock.assert_layers_show_the_inspection()


def test_a_closed_dock_leaves_no_thread_no_callback_and_no_widget(new_dock: Window) -> None:
    layer = new_dock.add_labels()
    emitters = [
        new_dock.viewer.scene.camera.events.zoom,
        new_dock.viewer.dims.events.point,
        new_dock.viewer.layers.events.inserted,
        layer.events.data,
    ]
    assert workers()

    moves = new_dock.viewer.mouse_move_callbacks
    before = [len(e.callbacks) for e in emitters]
    gone = weakref.ref(new_dock.widget)
    inspector = weakref.ref(new_dock.widget.controller)
    new_dock.viewer.window.remove_dock_widget(new_dock.dock)
    new_dock.dock.deleteLater()
    new_dock.widget = new_dock.dock = None
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)

    def nothing_is_left() -> bool:
        QApplication.processEvents()
        gc.collect()
        return not workers() and inspector() is None and gone() is None

    new_dock.qtbot.waitUntil(nothing_is_left)
    # The comparison and the order of our layers watch the list, too; napari forgets what it has connected at its leisure.
    now = [len(e.callbacks) for e in emitters]
    assert all(n <= old - ours for n, old, ours in zip(now, before, (1, 1, 3, 1), strict=True))
    assert not any("predictor_inspector" in str(callback.__module__) for callback in moves)
    # Nobody minds what happens now.
    new_dock.viewer.dims.set_point(new_dock.viewer.dims.ndim - 3, 140.0)
    layer.data = blocks(seed=5)
    new_dock.viewer.layers.clear()
    QApplication.processEvents()


def test_layers_may_change_once_the_dock_is_removed(new_dock: Window) -> None:
    layer = new_dock.add_labels()
    new_dock.viewer.window.remove_dock_widget(new_dock.dock)
    new_dock.widget.deleteLater()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    assert not isalive(new_dock.widget)
    layer.name = "renamed"
    new_dock.viewer.add_labels(blocks(seed=1))
    new_dock.viewer.layers.remove(layer)
    assert new_dock.widget.settings.gt_layer is layer


SCRIPT = """
import time
import napari
import numpy as np
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication
from predictor_inspector.plugin.launch import dock

def inspected():
    viewer = napari.Viewer()
    viewer.add_labels(np.repeat(np.arange(1, 5), 16).reshape(8, 8))
    widget = dock(viewer)
    wait(lambda: widget.inspection is not None and not widget.busy)
    return viewer, widget

def wait(true):
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end
        QTest.qWait(5)

def go_on():
    QApplication.processEvents()
    viewer.window._qt_viewer.canvas.native.repaint()
    QApplication.processEvents()

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
