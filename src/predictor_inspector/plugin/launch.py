"""Open napari with the dock in place."""

from __future__ import annotations

from typing import Any

import napari

# On Windows torch must be loaded before Qt, or Qt's libraries are found in place of torch's own.
import torch  # noqa: F401
from qtpy.QtCore import QEventLoop, Qt, QTimer
from qtpy.QtGui import QGuiApplication

from predictor_inspector.data.source import open_input
from predictor_inspector.plugin.layers.layer_data import layer_data
from predictor_inspector.plugin.model.messages import Message
from predictor_inspector.plugin.reader import layer_read_as, notify_of, shown_of
from predictor_inspector.plugin.widget import InspectorWidget

TITLE = "Predictor Inspector"
_PATIENCE_MS, _LASTING_MS, _UNTIL_DRAWN_MS = 120_000, 3000, 1000
_SIZE = (1480, 940)  # of the window in pixels, if the screen allows, so that all of the dock is seen without scrolling
_DOCK_WIDTH = 450  # the longest names of channels fit


def launch(path: str | None, name: str | None, screenshot: str | None, axes: str | None = None) -> None:
    """Open napari with data, the dock and a target showing; returns when the window is closed.

    `path` is a file or container, None for the sample volume; the array `name` in it becomes the ground truth. With
    `screenshot`, a picture of the window is written there as PNG once the target shows, and the window is closed. With `axes`,
    a letter for each, only that array is opened, and read so.

    Raises ``FileNotFoundError`` or ``ValueError`` if the data can't be opened (the message lists the arrays); if a picture was
    asked for, also a ``ValueError`` if there is no target, and a ``TimeoutError`` if nothing shows within two minutes.
    """
    shown = None if path is None or axes else shown_of(path)
    layers = [] if shown is None else shown.layers
    if path is not None and axes:
        layers = [layer_read_as(path, name, axes)]
    viewer = napari.Viewer(title=TITLE)
    screen = QGuiApplication.primaryScreen().availableGeometry()
    viewer.window.resize(min(_SIZE[0], screen.width()), min(_SIZE[1], screen.height()))
    for data in layers:
        viewer.add_layer(napari.layers.Layer.create(*data))
    if shown is not None:
        notify_of([shown])
    widget = dock(viewer)
    if name is not None and not axes:
        widget.gt_layer = _layer_called(viewer, path, name)
    if path is None:
        widget.open_sample()
    if screenshot is None:
        napari.run()
        return
    try:
        if widget.gt_layer is None:
            raise ValueError(f"{path} holds no labels to inspect; give the name of an array of whole numbers")
        _wait_for_target(widget)
        viewer.screenshot(screenshot, canvas_only=False, flash=False)
    finally:
        viewer.close()


def dock(viewer: Any) -> InspectorWidget:
    """The dock widget in `viewer`, wide enough to read."""
    widget = InspectorWidget(viewer)
    added = viewer.window.add_dock_widget(widget, name=TITLE, area="right")
    added.window().resizeDocks([added], [_DOCK_WIDTH], Qt.Orientation.Horizontal)
    return widget


def _layer_called(viewer: Any, path: str | None, name: str) -> Any:
    """The layer of an array in the opened file; an array with a path of its own is added as a layer."""
    wanted = name.strip("/")
    for layer in viewer.layers:
        if layer.name == wanted or layer.name.endswith(f"/{wanted}") or wanted.endswith(f"/{layer.name}"):
            return layer
    array = open_input(path or name, name if path else None)
    return viewer.add_layer(napari.layers.Layer.create(*layer_data(array, wanted, "labels")))


class _Waiting(QEventLoop):
    """Runs until the first result shows, or the dock has kept saying for some seconds why there is none: `reason`."""

    def __init__(self, widget: InspectorWidget) -> None:
        super().__init__()
        self.reason = ""
        # A first message may be about a window that hasn't got its size yet.
        self._lasting = QTimer(self, singleShot=True, interval=_LASTING_MS, timeout=self.quit)
        widget.inspected.connect(self.quit)
        widget.controller.message.connect(self._on_message)
        QTimer.singleShot(_PATIENCE_MS, self.quit)

    def _on_message(self, message: Message) -> None:
        self.reason = message.text
        if not self.reason:
            self._lasting.stop()
        elif not self._lasting.isActive():
            self._lasting.start()


def _wait_for_target(widget: InspectorWidget) -> None:
    """Return once the first result is drawn."""
    waiting = _Waiting(widget)
    waiting.exec()
    if widget.inspection is None and waiting.reason:
        raise ValueError(f"no target: {waiting.reason}")
    if widget.inspection is None:
        raise TimeoutError(f"no target within {_PATIENCE_MS // 1000} s: still computing")
    # The canvas is drawn after the layers have changed.
    QTimer.singleShot(_UNTIL_DRAWN_MS, waiting.quit)
    waiting.exec()
