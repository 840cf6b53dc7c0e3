"""A real napari window with the dock in it, and what tests do with both."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from qtpy.QtCore import QEvent, QPoint, QPointF, Qt
from qtpy.QtGui import QMouseEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QWidget

from predictor_inspector.core import predictor_from_config
from predictor_inspector.data import array_from_layer
from predictor_inspector.inspection import inspect
from predictor_inspector.plugin import InspectorWidget
from predictor_inspector.plugin.model.axes import array_at
from predictor_inspector.plugin.model.view import view_of

from .shared_viewer import SIZE, process_deletions

VOXEL_SIZE = (40.0, 4.0, 5.24)
TRANSLATE = (100.0, 2013.5, 77.1)
UNITS = ("nm", "nm", "nm")
LABELS = ("z", "y", "x")


def blocks(shape: tuple[int, ...] = (12, 40, 48), seed: int = 0) -> np.ndarray:
    """Ids in blocks of random size, some of them background."""
    rng = np.random.default_rng(seed)
    grid = [np.cumsum(rng.random(n) < 0.12) for n in shape]
    ids = np.zeros(shape, dtype=np.int64)
    for axis, g in enumerate(grid):
        ids = ids * 97 + g.reshape([-1 if a == axis else 1 for a in range(len(shape))])
    _, ids = np.unique(ids, return_inverse=True)
    ids = ids.reshape(shape) + 1
    return np.where(ids % 5 == 0, 0, ids).astype(np.uint16)


class Window:
    """A viewer and the dock, with the waiting done."""

    def __init__(self, viewer: Any, qtbot: Any) -> None:
        self.viewer, self.qtbot = viewer, qtbot
        viewer.window._qt_window.resize(*SIZE)
        self.widget = InspectorWidget(viewer)
        self.dock = viewer.window.add_dock_widget(self.widget, name="inspector")
        self.settle()

    def control(self, name: str) -> Any:
        """A control or a line of text in the dock, by its object name."""
        return self.widget.findChild(QWidget, name)

    def close(self) -> None:
        """Take all docks out of the window, as napari does."""
        for widget in list(self.viewer.window.dock_widgets.values()):
            self.viewer.window.remove_dock_widget(widget)
            widget.deleteLater()
        process_deletions()

    def settle(self) -> None:
        """Wait until nothing is being computed nor about to be."""
        QApplication.processEvents()
        self.qtbot.waitUntil(lambda: not self.widget.busy, timeout=20_000)
        QApplication.processEvents()
        self.qtbot.waitUntil(lambda: not self.widget.busy, timeout=20_000)

    def after(self, action: Callable[[], Any]) -> None:
        """Do something and wait for what comes of it."""
        action()
        self.settle()

    @property
    def canvas(self) -> QWidget:
        return self.viewer.window._qt_viewer.canvas.native

    def hover(self, x: int, y: int) -> None:
        """Move the mouse to a pixel of the canvas; returns once napari has told its callbacks."""
        seen: list[Any] = []

        def note(_viewer: Any, event: Any) -> None:
            seen.append(tuple(event.pos))

        self.viewer.mouse_move_callbacks.append(note)
        self._move(x, y, Qt.MouseButton.NoButton, seen)
        self.viewer.mouse_move_callbacks.remove(note)
        self.settle()

    def click(self, x: int, y: int, drag: int = 0) -> None:
        """Press and release the left button, `drag` pixels further to the right."""
        seen: list[Any] = []

        def note(_viewer: Any, event: Any) -> Iterator[None]:
            yield
            while event.type == "mouse_move":
                seen.append(tuple(event.pos))
                yield

        left, nothing = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
        self.viewer.mouse_drag_callbacks.append(note)
        QTest.mousePress(self.canvas, left, nothing, QPoint(x, y))
        if drag:
            self._move(x + drag, y, left, seen)
        QTest.mouseRelease(self.canvas, left, nothing, QPoint(x + drag, y))
        self.viewer.mouse_drag_callbacks.remove(note)
        self.settle()

    def _move(self, x: int, y: int, buttons: Any, seen: list[Any]) -> None:
        # QTest.mouseMove only warps the pointer: two warps may cancel out. vispy drops what follows within 10 ms.
        place = QPointF(x, y)

        def arrived() -> bool:
            everywhere = (place, self.canvas.mapToGlobal(place), Qt.MouseButton.NoButton, buttons)
            event = QMouseEvent(QEvent.Type.MouseMove, *everywhere, Qt.KeyboardModifier.NoModifier)
            QApplication.sendEvent(self.canvas, event)
            QApplication.processEvents()
            return (x, y) in seen

        self.qtbot.waitUntil(arrived, timeout=5_000)

    def add_labels(self, data: np.ndarray | None = None, **kwargs: Any) -> Any:
        """A volume of labels, lying askew to the pixel grid and wherever it wants."""
        place = {"scale": VOXEL_SIZE, "translate": TRANSLATE, "units": UNITS, "axis_labels": LABELS, "name": "labels"}
        layer = self.viewer.add_labels(blocks() if data is None else data, **{**place, **kwargs})
        self.settle()
        return layer

    def set_config(self, kind: str, **parameters: Any) -> None:
        """Choose a predictor and wait for its target."""
        self.after(lambda: setattr(self.widget, "config", {"kind": kind, **parameters}))

    @property
    def target(self) -> Any:
        return self.viewer.layers["target"]

    @property
    def weight(self) -> Any:
        return self.viewer.layers["weight"]

    def assert_layers_show_the_inspection(self) -> None:
        """The layers hold what `inspect` gives for the region, where the region is."""
        widget = self.widget
        assert widget.message == ""
        shown = widget.inspection
        assert shown is not None
        gt = array_at(widget.gt_layer, widget.axes, widget.settings.level, view_of(self.viewer))
        mask = None if widget.mask_layer is None else array_from_layer(widget.mask_layer)
        expected = inspect(
            predictor_from_config(widget.config),
            gt,
            shown.roi,
            mask,
            outside=widget.outside,
            balance_over=widget.balance_over,
        )
        pairs = (self.target, shown.target, expected.target), (self.weight, shown.weight, expected.weight)
        for layer, array, anew in pairs:
            values = np.asarray(layer.data)
            if widget.axes.time:
                values = values[:, 0]
            np.testing.assert_array_equal(values, array.numpy())
            # torch adds up in another order where it has another number of threads.
            np.testing.assert_allclose(values, anew.numpy(), rtol=0, atol=2e-6)
            corner = np.array(array.offset) / array.subdivision
            centre = corner + np.array(array.physical_voxel_size) / 2
            np.testing.assert_allclose(layer.translate[-gt.dims :], centre, rtol=1e-12)
            np.testing.assert_allclose(layer.scale[-gt.dims :], array.physical_voxel_size, rtol=1e-12)
            assert [str(u) for u in layer.units[-gt.dims :]] == [str(u) for u in widget.gt_layer.units[-gt.dims :]]

    def roi_voxels(self) -> tuple[slice, ...]:
        """The region shown, in voxels of the ground truth."""
        gt = array_at(self.widget.gt_layer, self.widget.axes, self.widget.settings.level, view_of(self.viewer))
        return gt.to_slices(self.widget.inspection.roi)

    def rectangle(self, name: str, index: int = 0) -> tuple[np.ndarray, np.ndarray]:
        """Begin and end, in world units, of a shape in one of the region layers."""
        layer = self.viewer.layers[name]
        corners = np.asarray(layer.data[index]) * layer.scale
        return corners.min(0), corners.max(0)
