"""A napari viewer for all tests: opened once, set back to how it started, and searched for what tests leave."""

from __future__ import annotations

import gc
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial, reduce
from typing import Any
from unittest.mock import patch

import napari
from app_model import Application
from napari._app_model._app import NapariApplication, _napari_names
from napari._qt._qapp_model.qactions import init_qactions
from napari._qt.qt_viewer import QtViewer
from napari._qt.threads.status_checker import StatusChecker
from napari.plugins import _initialize_plugins
from napari.settings import get_plugin_settings, get_settings
from napari.utils.events import EmitterGroup
from qtpy.compat import isalive
from qtpy.QtCore import QEvent, QObject
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from predictor_inspector.plugin import resume

SIZE = (1100, 900)


@contextmanager
def shared_viewer() -> Iterator[Any]:
    """A shown viewer in an application of its own, as napari's fixture `make_napari_viewer` makes them for one test."""
    get_settings().reset()
    _forget_application()
    app = NapariApplication("shared viewer")
    app.injection_store.namespace = _napari_names
    try:
        with (
            patch.object(NapariApplication, "get_app_model", return_value=app),
            # A thread that asks layers for what the status bar says, out of step with the tests.
            patch.object(StatusChecker, "start", lambda *_: None),
        ):
            viewer = napari.Viewer(show=True, show_welcome_screen=False)
            assert QTest.qWaitForWindowExposed(viewer.window._qt_window)
            # It hides and shows the menu bar at a person's wish, and is asked about every event of every widget.
            QApplication.instance().removeEventFilter(viewer.window._qt_window)
            fresh(viewer)
            yield viewer
            with patch.object(viewer.window._qt_window, "_save_current_window_settings"):
                viewer.close()
    finally:
        Application.destroy("shared viewer")
        _forget_application()
    del viewer
    gc.collect()
    left = len(QtViewer._instances)
    QtViewer._instances.clear()
    assert left == 0, "something keeps the closed window"


class KeptViewer:
    """The viewer that tests share, open from when it is first asked for until it has to make way for another napari."""

    def __init__(self) -> None:
        self._open = ExitStack()
        self._viewer: Any = None

    def get(self) -> Any:
        """The viewer as it was opened."""
        if self._viewer is None:
            self._viewer = self._open.enter_context(shared_viewer())
        fresh(self._viewer)
        # napari collects garbage whenever a layer is removed: not in what stays until the viewer is closed.
        gc.collect()
        gc.freeze()
        return self._viewer

    def close(self) -> None:
        """Close the viewer; nothing may be left of it."""
        self._viewer = None
        gc.unfreeze()
        self._open.close()


def _forget_application() -> None:
    """Let the next window register its actions and plugins with the application of its own."""
    for cached in (_initialize_plugins, init_qactions):
        cached.cache_clear()


def fresh(viewer: Any) -> None:
    """Set a viewer back to how it was opened, and a person's preferences to napari's."""
    viewer.layers.clear()
    resume.forget(viewer)
    viewer.dims.ndisplay = 2
    for part in (viewer.dims, viewer.scene.camera, viewer.cursor, viewer.canvas.grid, viewer.tooltip):
        part.reset()
    for overlay in viewer.canvas.overlays.values():
        overlay.visible = False
    viewer.title, viewer.status, viewer.help, viewer.theme = "napari", "Ready", "", "dark"
    get_settings().reset()
    for settings in get_plugin_settings().values():
        settings.reset()
    window = viewer.window._qt_window
    window.showNormal()
    window.resize(*SIZE)
    process_deletions()


def process_deletions() -> None:
    """Process events, and delete what is to be deleted later."""
    QApplication.processEvents()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    QApplication.processEvents()


def traces(viewer: Any) -> list[str]:
    """What of this package is still at work though no dock is open: threads, and callbacks of the viewer."""
    process_deletions()
    frames = sys._current_frames()
    threads = [
        f"{t.name}: {traceback.format_stack(frames[t.ident])[-3:]}"
        for t in threading.enumerate()
        if t.name.startswith("predictor-inspector_") and t.ident in frames
    ]
    callbacks = {
        f"mouse {n}": getattr(viewer, f"mouse_{n}_callbacks") for n in ("move", "drag", "wheel", "double_click")
    }
    callbacks["keys"] = list(viewer.keymap.values())
    for part in ("", "dims", "layers", "layers.selection", "scene.camera", "canvas", "canvas.grid", "cursor"):
        group: EmitterGroup = reduce(getattr, filter(None, part.split(".")), viewer).events
        for name, emitter in (("*", group), *group.emitters.items()):
            callbacks[f"{part} {name}"] = emitter.callbacks
    return threads + [f"{name}: {c}" for name, found in callbacks.items() for c in found if _is_ours(c)]


def _is_ours(callback: Any) -> bool:
    """Whether a callback leads into this package; napari connects docks itself, and forgets them once collected."""
    owner = callback[0]() if isinstance(callback, tuple) else callback
    while isinstance(owner, partial):
        owner = owner.func
    if owner is None or (isinstance(owner, QObject) and not isalive(owner)):
        return False
    home = owner.__module__ if hasattr(owner, "__qualname__") else type(owner).__module__
    return home.startswith("predictor_inspector")
