"""A real napari window with the dock in it, and what tests do with both."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from qtpy.QtCore import QEvent, QPoint, QPointF, Qt
from qtpy.QtGui import QMouseEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QWidget

from predictor_inspector.plugin import InspectorWidget

from .shared_viewer import SIZE, process_deletions
from .stage import LABELS, TRANSLATE, UNITS, VOXEL_SIZE, Stage, blocks

__all__ = ["LABELS", "TRANSLATE", "UNITS", "VOXEL_SIZE", "Window", "blocks"]


class Window(Stage):
    """A viewer and the dock in a real window."""

    def __init__(self, viewer: Any, qtbot: Any) -> None:
        self.viewer, self.qtbot = viewer, qtbot
        viewer.window._qt_window.resize(*SIZE)
        self.widget = InspectorWidget(viewer)
        self.dock = viewer.window.add_dock_widget(self.widget, name="inspector")
        self.settle()

    @property
    def settings(self) -> Any:
        return self.widget.settings

    @property
    def controller(self) -> Any:
        return self.widget.controller

    @property
    def message(self) -> str:
        return self.widget.message

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
        self.qtbot.waitUntil(lambda: not self.widget.busy)
        QApplication.processEvents()
        self.qtbot.waitUntil(lambda: not self.widget.busy)

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
            # napari takes the first place that the mouse moves to for where the drag began.
            self._move(x, y, left, seen)
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

        self.qtbot.waitUntil(arrived)
