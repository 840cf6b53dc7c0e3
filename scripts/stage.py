"""`Stage`: a napari window with the dock in it, driven as by hand, and photographed."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import napari
import numpy as np
import torch  # noqa: F401 (before Qt, as in the launcher)
from funlib.geometry import Roi
from PIL import Image
from qtpy.QtCore import QEvent, QPoint, QPointF, QRect, Qt
from qtpy.QtGui import QImage, QMouseEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QWidget

from predictor_inspector.plugin.forms.collapsible import Collapsible
from predictor_inspector.plugin.launch import dock

IMAGES = Path(__file__).parents[1] / "docs" / "images"
WINDOW, WITHOUT_LAYER_LIST, DOCK_WIDTH = (1400, 950), (1160, 910), 460
MOST_BYTES = 200_000
PATIENCE, CALM = 120.0, 0.4  # seconds until giving up, and without anything happening until all has been drawn

SPATIAL_DIMS = 3
MARGIN = 6  # pixels


class Stage:
    """A napari window with the dock, set up and photographed."""

    def __init__(self, layers: list[Any], ground_truth: str = "labels", mask: str | None = None) -> None:
        self.viewer = napari.Viewer(title="napari")
        for layer in layers:
            self.viewer.add_layer(napari.layers.Layer.create(*layer))
        self.widget = dock(self.viewer)
        self.widget.gt_layer = self.viewer.layers[ground_truth]
        self.widget.mask_layer = None if mask is None else self.viewer.layers[mask]
        self.frame(layer_list=False)

    @property
    def window(self) -> QWidget:
        return self.viewer.window._qt_window

    @property
    def busy(self) -> bool:
        """Whether anything in the dock is still under way."""
        return any(part.busy for part in (self.widget, *self.widget.tabs.values()))

    def frame(self, layer_list: bool) -> None:
        """Give the window its size, with or without napari's own docks at the left."""
        docks = self.viewer.window._qt_viewer
        for left in (docks.dockLayerList, docks.dockLayerControls):
            left.setVisible(layer_list)
        QApplication.processEvents()
        self.window.resize(*(WINDOW if layer_list else WITHOUT_LAYER_LIST))
        # Wide enough for the channels' names.
        self.window.resizeDocks([self.widget.parent()], [DOCK_WIDTH], Qt.Orientation.Horizontal)
        self.settle()

    def settle(self) -> None:
        """Wait until the dock has nothing to do and the canvas has been drawn."""
        end, calm_since = time.monotonic() + PATIENCE, time.monotonic()
        while time.monotonic() - calm_since < CALM:
            QApplication.processEvents()
            time.sleep(0.01)
            if self.busy:
                calm_since = time.monotonic()
            if time.monotonic() > end:
                raise TimeoutError(f"the window does not come to rest: {self.widget.message or 'still computing'}")

    def look(self, centre: tuple[float, ...], zoom: float, z: float | None = None) -> None:
        """Move the view; in the data's unit of length, and pixels of the canvas per unit."""
        if z is not None:
            self.viewer.dims.set_point(self.viewer.dims.ndim - 3, z)
        self.viewer.scene.camera.center = centre
        self.viewer.scene.camera.zoom = zoom
        self.settle()

    def box(self, roi: Roi) -> None:
        """Pin a box."""
        self.widget.box = roi
        self.settle()

    def predict(self, kind: str, ground_truth: str = "labels", view: str = "target", **parameters: Any) -> None:
        """Choose a predictor, its ground truth and what to look at."""
        self.widget.live = False
        self.widget.gt_layer = self.viewer.layers[ground_truth]
        self.widget.config = {"kind": kind, **parameters}
        self.widget.live = True
        self.settle()
        if self.viewer.dims.ndim > SPATIAL_DIMS:
            self.viewer.dims.set_point(0, 0)
        self.widget.look_at(view)
        self.settle()

    def channel(self, index: int) -> None:
        """Move to a channel of the target."""
        self.viewer.dims.set_point(0, index)
        self.settle()

    def tab(self, title: str) -> None:
        """Open a tab of the dock."""
        self.widget.open_tab(title)
        self.settle()

    def wait_until(self, true: Callable[[], bool]) -> None:
        """Let the window work until something has happened."""
        end = time.monotonic() + PATIENCE
        while not true():
            QApplication.processEvents()
            time.sleep(0.005)
            if time.monotonic() > end:
                raise TimeoutError("what was to be photographed never happened")

    def mouse_at(self, point: tuple[float, ...]) -> QPoint:
        """Move the mouse over a point of the slice shown, given as the two displayed coordinates of the world."""
        camera, canvas = self.viewer.scene.camera, self.viewer.window._qt_viewer.canvas.native
        middle = (canvas.height() / 2, canvas.width() / 2)
        y, x = (m + (p - c) * camera.zoom for m, p, c in zip(middle, point, camera.center[-2:], strict=True))
        place = QPoint(round(x), round(y))
        # QTest.mouseMove only warps the pointer, which may come to nothing.
        at, none = QPointF(place), Qt.MouseButton.NoButton
        move = (QEvent.Type.MouseMove, at, canvas.mapToGlobal(at), none, none, Qt.KeyboardModifier.NoModifier)
        QApplication.sendEvent(canvas, QMouseEvent(*move))
        self.settle()
        return place

    def click_on(self, point: tuple[float, ...]) -> None:
        """Click on a point of the slice shown."""
        canvas = self.viewer.window._qt_viewer.canvas.native
        QTest.mouseClick(canvas, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, self.mouse_at(point))
        self.settle()

    def section(self, title: str) -> Collapsible:
        """A part of the dock by its title."""
        return next(s for s in self.widget.findChildren(Collapsible) if s.button.text().startswith(title))

    def photograph(self, name: str, crop: QRect | None = None, at_rest: bool = True) -> None:
        """Write the window, or a part of it, to docs/images."""
        if at_rest:
            self.settle()
        # The mouse isn't there, so what it would point at is no news.
        self.viewer.status = self.viewer.help = ""
        QApplication.processEvents()
        pixels = self.viewer.screenshot(canvas_only=False, flash=False)
        image = Image.fromarray(pixels).convert("RGB")
        if crop is not None:
            image = image.crop((crop.left(), crop.top(), crop.right() + 1, crop.bottom() + 1))
        save(image, name)

    def photograph_dock(self, name: str, *titles: str) -> None:
        """Write some sections of the dock, unfolded, whether they are scrolled into view or not."""
        sections = [self.section(title) for title in titles]
        folded = [section for section in sections if not section.button.isChecked()]
        for section in folded:
            section.button.setChecked(True)
        self.settle()
        parts = [qt_image(section.grab().toImage()) for section in sections]
        for section in folded:
            section.button.setChecked(False)
        sheet = Image.new("RGB", (max(p.width for p in parts), sum(p.height for p in parts)))
        top = 0
        for part in parts:
            sheet.paste(part, (0, top))
            top += part.height
        save(sheet, name)

    def photograph_tab(self, name: str, title: str, height: int = WITHOUT_LAYER_LIST[1]) -> None:
        """Write a tab of the dock in a window so high, without the empty room beneath."""
        self.window.resize(WITHOUT_LAYER_LIST[0], height)
        self.tab(title)
        image = qt_image(self.widget.grab().toImage())
        # What has the colour of the last line from edge to edge is room.
        rows = np.asarray(image.crop((MARGIN, 0, image.width - MARGIN, image.height)))
        full = np.flatnonzero((rows != rows[-1, 0]).any(axis=(1, 2)))
        save(image.crop((0, 0, image.width, min(image.height, int(full[-1]) + 2 * MARGIN))), name)
        self.frame(layer_list=False)

    def canvas(self) -> QRect:
        """Where the canvas lies in the window."""
        canvas = self.viewer.window._qt_viewer.canvas.native
        return QRect(canvas.mapTo(self.window, QPoint(0, 0)), canvas.size())

    def close(self) -> None:
        self.settle()
        self.viewer.close()
        QApplication.processEvents()


def qt_image(picture: QImage) -> Image.Image:
    rgb = picture.convertToFormat(QImage.Format.Format_RGB888)
    bits = rgb.constBits()
    bits.setsize(rgb.sizeInBytes())
    return Image.frombuffer("RGB", (rgb.width(), rgb.height()), bytes(bits), "raw", "RGB", rgb.bytesPerLine(), 1)


def save(image: Image.Image, name: str) -> None:
    """Write a picture; refuses one that is too large for a page."""
    path = IMAGES / f"{name}.png"
    # 64 levels of each colour, or fewer, compress twice as well as 256 and look the same; a palette would show bands.
    for kept in (0xFC, 0xF8, 0xF0):
        image.point([level & kept for level in range(256)] * 3).save(path, optimize=True)
        size = path.stat().st_size
        if size <= MOST_BYTES:
            print(f"{path.name:24} {image.width} x {image.height}, {size / 1000:.0f} kB", flush=True)
            return
    raise ValueError(f"{path} has {size} bytes, more than {MOST_BYTES}: show less")
