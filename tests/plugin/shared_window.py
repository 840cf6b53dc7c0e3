"""`SharedWindow`: a dock that is opened and prepared once for the tests of a module, and set back in between."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
from pytestqt.qtbot import QtBot

from predictor_inspector.plugin import recent
from predictor_inspector.plugin.layers.owned import is_owned
from predictor_inspector.plugin.tabs import JUDGED_BY

from .shared_viewer import SIZE, fresh, traces
from .window import Window

Prepare = Callable[[Window], Any]

_DERIVED = ("compared_with", "position", "survey", *JUDGED_BY)
_PLACE = ("scale", "translate", "units", "axis_labels", "name", "visible", "opacity")


class SharedWindow:
    """A dock in the viewer of a module of tests; open from the first test that shares it on."""

    def __init__(self, viewer: Any, list_of_sessions: Path) -> None:
        self._viewer, self._list_of_sessions = viewer, list_of_sessions
        self._window: Window | None = None
        self._prepare: Prepare | None = None
        self._empty: _Start | None = None
        self._start: _Start | None = None

    def open(self, qtbot: QtBot, prepare: Prepare) -> Window:
        """A window as `prepare`, a function of the module, makes it of an empty one: made now, or set back to that."""
        if self._window is None or self._empty is None:
            self._window = Window(self._viewer, qtbot)
            self._empty = self._start = _Start(self._window)
            self._prepare = None
        self._window.qtbot = qtbot
        if self._start is not None and self._prepare is prepare:
            self._start.restore()
        else:
            if self._prepare is not None:
                self._empty.restore()
            self._prepare, self._start = prepare, None
            prepare(self._window)
            self._start = _Start(self._window)
        return self._window

    def close(self, qtbot: QtBot | None) -> None:
        """Close the dock; nothing may be left of it, unless there is no `qtbot`: a test has failed."""
        window, self._window, self._empty, self._start = self._window, None, None, None
        if window is None:
            return
        # Neither in a person's list nor in that of the test that runs now.
        with patch.object(recent, "list_file", lambda: self._list_of_sessions):
            window.close()
            fresh(self._viewer)
        if qtbot is not None:

            def nothing_is_left() -> None:
                assert traces(self._viewer) == []

            qtbot.waitUntil(nothing_is_left)


class _Start:
    """What is to come back: layers with their data, what is set in the dock, and the view."""

    def __init__(self, window: Window) -> None:
        self._window, viewer = window, window.viewer
        own = [layer for layer in viewer.layers if not is_owned(layer)]
        self._layers = {
            layer: {name: getattr(layer, name) for name in _PLACE} | {"data": np.array(layer.data)} for layer in own
        }
        self._settings, derived = window.settings.snapshot(), window.widget.context.derived
        self._derived = {name: getattr(derived, name) for name in _DERIVED}
        self._tab = next((tab.title for tab in window.widget.tabs.values() if tab.in_front), "Setup")
        self._point, self._camera = viewer.dims.point, viewer.scene.camera.model_dump()

    def restore(self) -> None:
        window, widget, viewer = self._window, self._window.widget, self._window.viewer
        window.dock.show()
        window.settle()
        widget.open_tab("Setup")
        viewer.window._qt_window.resize(*SIZE)
        viewer.dims.ndisplay, viewer.dims.order = 2, tuple(range(viewer.dims.ndim))
        widget.tabs["compare"].comparer.drop()
        for layer in [layer for layer in viewer.layers if not is_owned(layer) and layer not in self._layers]:
            viewer.layers.remove(layer)
        for layer, look in self._layers.items():
            if layer not in viewer.layers:
                viewer.layers.append(layer)
            for name, value in look.items():
                if not np.array_equal(getattr(layer, name), value):
                    setattr(layer, name, np.array(value) if name == "data" else value)
        for name, value in self._derived.items():
            setattr(widget.context.derived, name, value)
        window.settings.restore(self._settings)
        widget.head.tell("", False)
        window.settle()
        viewer.dims.point = self._point
        viewer.scene.camera.update(self._camera)
        window.settle()
        widget.open_tab(self._tab)
        window.settle()
