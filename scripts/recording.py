"""Record the animation at the top of the README: menu, dock, sample, a slider, and a finding that is mended.

Drives a real napari window with mouse and menus on whatever screen there is, and writes docs/images/demo.gif:

    scripts/with-screen --fresh-settings .venv/bin/python scripts/recording.py [FOLDER]      and its frames there as PNG
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

import napari
import torch  # noqa: F401 (before Qt, as in the launcher)
from PIL import Image, ImageDraw
from qtpy.QtCore import QEvent, QPoint, QPointF, Qt
from qtpy.QtGui import QMouseEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QComboBox, QDoubleSpinBox, QMenu, QPushButton, QSlider, QTabBar, QWidget
from stage import DOCK_WIDTH, IMAGES, PATIENCE, qt_image

from predictor_inspector.core.ops import backend
from predictor_inspector.plugin.launch import TITLE
from predictor_inspector.plugin.widget import InspectorWidget

SIZE = (1040, 680)  # of the window in pixels
COLOURS = 96  # in the animation; more look the same here, and take more room
MOST_BYTES = 3_000_000
POINTER = ((0, 0), (0, 17), (4, 13), (7, 20), (10, 19), (7, 12), (12, 12))
LEFT, NONE = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


class Recording:
    """Frames of a window, each with the time that it is shown, and a pointer where the mouse is."""

    def __init__(self, viewer: napari.Viewer) -> None:
        self.viewer, self.frames = viewer, list[tuple[Image.Image, int]]()
        self.at = QPoint(SIZE[0] // 2, SIZE[1] // 2)

    @property
    def window(self) -> QWidget:
        return self.viewer.window._qt_window

    def shoot(self, milliseconds: int) -> None:
        """Take a frame: what the screen shows of the window, menus included."""
        self.viewer.status = ""
        for _ in range(3):
            QApplication.processEvents()
        corner = self.window.mapToGlobal(QPoint(0, 0))
        shown = QApplication.primaryScreen().grabWindow(0, corner.x(), corner.y(), *SIZE)
        frame = qt_image(shown.toImage())
        points = [(self.at.x() + x, self.at.y() + y) for x, y in POINTER]
        ImageDraw.Draw(frame).polygon(points, fill="white", outline="black")
        self.frames.append((frame, milliseconds))

    def point_at(self, widget: QWidget, place: QPoint | None = None, steps: int = 4) -> QPoint:
        """Move the pointer to a place of a widget, its middle by default, which is returned."""
        place = widget.rect().center() if place is None else place
        goal, start = self.window.mapFromGlobal(widget.mapToGlobal(place)), self.at
        for step in range(1, steps + 1):
            self.at = start + (goal - start) * step / steps
            self.shoot(60)
        return place

    def click(self, widget: QWidget, place: QPoint | None = None) -> None:
        QTest.mouseClick(widget, LEFT, NONE, self.point_at(widget, place))

    def drag(self, slider: QSlider, shares: list[float], steps: int = 9) -> None:
        """Take the slider's handle through places along it, in shares of its length, and look after each step."""

        def place(share: float) -> QPoint:
            return QPoint(round(8 + share * (slider.width() - 16)), slider.height() // 2)

        share = (slider.value() - slider.minimum()) / (slider.maximum() - slider.minimum())
        QTest.mousePress(slider, LEFT, NONE, self.point_at(slider, place(share)))
        for goal in shares:
            for step in range(1, steps + 1):
                where = place(share + (goal - share) * step / steps)
                point = QPointF(where)
                move = QMouseEvent(QEvent.Type.MouseMove, point, QPointF(slider.mapToGlobal(where)), LEFT, LEFT, NONE)
                QApplication.sendEvent(slider, move)
                self.at = self.window.mapFromGlobal(slider.mapToGlobal(where))
                self.settle(0.05)
                self.shoot(110)
            share = goal
        QTest.mouseRelease(slider, LEFT, NONE, place(share))

    def choose(self, menu: QMenu, text: str) -> None:
        """Choose an action of an open menu."""
        action = next(a for a in menu.actions() if a.text().replace("&", "").startswith(text))
        place = self.point_at(menu, menu.actionGeometry(action).center())
        menu.setActiveAction(action)
        self.shoot(500)
        QTest.mouseClick(menu, LEFT, NONE, place)

    def settle(self, calm: float = 0.4) -> None:
        """Wait until nothing has happened for some seconds."""
        dock = next(iter(self.viewer.window._qt_window.findChildren(InspectorWidget)), None)
        parts = [] if dock is None else [dock, *dock.tabs.values()]
        end, since = time.monotonic() + PATIENCE, time.monotonic()
        while time.monotonic() - since < calm:
            QApplication.processEvents()
            time.sleep(0.005)
            if any(part.busy for part in parts):
                since = time.monotonic()
            if time.monotonic() > end:
                raise TimeoutError("the window does not come to rest")

    def wait_until(self, true: Callable[[], bool]) -> None:
        end = time.monotonic() + PATIENCE
        while not true():
            self.settle(0.05)
            if time.monotonic() > end:
                raise TimeoutError("what was to be recorded never happened")

    def save(self, path: Path) -> None:
        """Write the frames as an animation that runs for ever; refuses one that is too large for a page."""
        sheet = Image.new("RGB", (SIZE[0], SIZE[1] * len(self.frames)))
        for i, (frame, _) in enumerate(self.frames):
            sheet.paste(frame, (0, SIZE[1] * i))
        palette = sheet.quantize(COLOURS, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
        shown = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame, _ in self.frames]
        times = [milliseconds for _, milliseconds in self.frames]
        shown[0].save(path, save_all=True, append_images=shown[1:], duration=times, loop=0, optimize=True)
        size = path.stat().st_size
        print(f"{path.name}: {len(shown)} frames, {sum(times) / 1000:.0f} s, {size / 1e6:.1f} MB")
        if size > MOST_BYTES:
            raise ValueError(f"{path} has {size} bytes, more than {MOST_BYTES}: show less")


def record(recording: Recording) -> None:
    viewer, window = recording.viewer, recording.window
    # The menu, and the dock.
    bar = window.menuBar()
    plugins = next(action for action in bar.actions() if action.text().replace("&", "") == "Plugins")
    recording.point_at(bar, bar.actionGeometry(plugins).center())
    recording.shoot(400)
    menu = plugins.menu()
    menu.popup(bar.mapToGlobal(bar.actionGeometry(plugins).bottomLeft()))
    recording.settle()
    recording.shoot(500)
    recording.choose(menu, TITLE)
    recording.wait_until(lambda: bool(window.findChildren(InspectorWidget)))
    dock = window.findChildren(InspectorWidget)[0]
    window.resizeDocks([dock.parent()], [DOCK_WIDTH], Qt.Orientation.Horizontal)
    recording.settle()
    recording.shoot(900)
    # The sample.
    recording.click(dock.findChild(QPushButton, "start sample"))
    recording.wait_until(lambda: dock.inspection is not None and not backend.waiting_for())
    viewer.reset_view()
    recording.settle()
    recording.shoot(1800)
    # Another predictor.
    kinds = dock.findChild(QComboBox, "kind")
    place = recording.point_at(kinds)
    recording.shoot(300)
    QTest.mousePress(kinds, LEFT, NONE, place)
    recording.settle()
    recording.shoot(600)
    view = kinds.view()
    wanted = view.visualRect(view.model().index(kinds.findText("Signed distance"), 0)).center()
    recording.point_at(view.viewport(), wanted)
    QTest.mouseMove(view.viewport(), wanted)
    QTest.mouseClick(view.viewport(), LEFT, NONE, wanted)
    recording.wait_until(lambda: dock.config["kind"] == "distance")
    recording.settle()
    recording.shoot(1500)
    # A slider: the target changes while it moves.
    number = dock.findChild(QDoubleSpinBox, "scale_factor")
    slider = number.parent().findChild(QSlider)
    recording.drag(slider, [0.25, 1.0])
    recording.settle()
    recording.shoot(1200)
    # What is found, and mended.
    recording.shoot(900)
    tabs = next(bar for bar in dock.findChildren(QTabBar) if bar.isVisible() and bar.count() > 5)
    checks = next(i for i in range(tabs.count()) if tabs.tabText(i).startswith("Check"))
    recording.click(tabs, tabs.tabRect(checks).center())
    recording.settle()
    recording.shoot(1600)
    mend = next(b for b in dock.findChildren(QPushButton) if b.isVisible() and b.text().startswith("Set scale factor"))
    recording.click(mend)
    recording.settle()
    recording.shoot(2500)


if __name__ == "__main__":
    made = Recording(napari.Viewer(title="napari"))
    made.window.resize(*SIZE)
    made.window.move(0, 0)
    for left in (made.viewer.window._qt_viewer.dockLayerList, made.viewer.window._qt_viewer.dockLayerControls):
        left.setVisible(False)
    made.settle()
    made.shoot(700)
    try:
        record(made)
    finally:
        if len(sys.argv) > 1:
            folder = Path(sys.argv[1])
            folder.mkdir(parents=True, exist_ok=True)
            for number, (frame, _) in enumerate(made.frames):
                frame.save(folder / f"{number:03}.png")
    made.save(IMAGES / "demo.gif")
    made.viewer.close()
