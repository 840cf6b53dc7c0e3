"""Opening napari with the dock in place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import napari

# On Windows torch must be loaded before Qt, or Qt's libraries are found in place of torch's own.
import torch  # noqa: F401
from qtpy.QtCore import QTimer

from predictor_inspector.plugin.reader import layers_from_path
from predictor_inspector.plugin.samples import neurite_layers
from predictor_inspector.plugin.widget import InspectorWidget

TITLE = "Predictor Inspector"
_PATIENCE_MS = 120_000


def launch(path: str | None, name: str | None, screenshot: str | None) -> None:
    """Open napari with data, the dock and a target showing; returns when the window is closed.

    Parameters
    ----------
    path : str or None
        A file or container; None for the sample volume.
    name : str or None
        An array in the container, which becomes the ground truth.
    screenshot : str or None
        Where to write a picture of the window once the target shows, as PNG; the window is closed then.

    Raises
    ------
    FileNotFoundError, ValueError
        If the data can't be opened; the message lists what there is.
    TimeoutError
        If nothing shows within two minutes and a picture was asked for.
    """
    layers = layers_from_path(path) if path is not None else neurite_layers()
    viewer = napari.Viewer(title=TITLE)
    for data in layers:
        viewer.add_layer(napari.layers.Layer.create(*data))
    widget = dock(viewer)
    if name is not None:
        widget.gt_layer = _layer_called(viewer, name)
    if path is None:
        # A box in the middle, so that ROI, context and padding are all seen.
        widget.region_mode = "box"
    if screenshot is not None:
        _write_and_close(viewer, widget, Path(screenshot))
    napari.run()


def dock(viewer: Any) -> InspectorWidget:
    """The dock widget in `viewer`, wide enough to read."""
    widget = InspectorWidget(viewer)
    viewer.window.add_dock_widget(widget, name=TITLE, area="right")
    return widget


def _layer_called(viewer: Any, name: str) -> Any:
    wanted = name.strip("/")
    for layer in viewer.layers:
        if layer.name == wanted or layer.name.endswith(f"/{wanted}") or wanted.endswith(f"/{layer.name}"):
            return layer
    raise ValueError(f"there is no array {name!r} among {', '.join(repr(layer.name) for layer in viewer.layers)}")


def _write_and_close(viewer: Any, widget: InspectorWidget, path: Path) -> None:
    """Write a picture of the window as soon as the first result is drawn, and close it."""
    errors: list[BaseException] = []

    def later(action: Callable[[], None], milliseconds: int) -> None:
        QTimer.singleShot(milliseconds, action)

    def write() -> None:
        viewer.screenshot(str(path), canvas_only=False, flash=False)
        viewer.close()

    def give_up() -> None:
        errors.append(TimeoutError(f"no target within {_PATIENCE_MS // 1000} s: {widget.message or 'still computing'}"))
        viewer.close()

    def shown(_inspection: Any) -> None:
        widget.inspected.disconnect(shown)
        # The canvas is drawn after the layers have changed.
        later(write, 1000)

    widget.inspected.connect(shown)
    later(give_up, _PATIENCE_MS)
