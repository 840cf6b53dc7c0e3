"""Take the documentation's pictures of the window: `make screenshots`.

Drives the plugin as a person would, in a real napari window on whatever screen there is, and writes PNGs to
docs/images. The sample data are the same every time, and so are the pictures, but for the timings in the dock.

    python scripts/screenshots.py [NAME …]      only these: window, affinities, lsds, distances, …
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import napari
import numpy as np
import torch  # noqa: F401 (before Qt, as in the launcher)
from funlib.geometry import Coordinate, Roi
from PIL import Image
from qtpy.QtCore import QPoint, QRect, Qt
from qtpy.QtGui import QImage
from qtpy.QtWidgets import QApplication, QWidget

from predictor_inspector.plugin.collapsible import Collapsible
from predictor_inspector.plugin.launch import DEMO_CONFIG, dock
from predictor_inspector.plugin.samples import cell_layers, neurite_layers

IMAGES = Path(__file__).parents[1] / "docs" / "images"
WINDOW, WITHOUT_LAYER_LIST, DOCK_WIDTH = (1400, 910), (1160, 910), 460
MOST_BYTES = 200_000
PATIENCE, CALM = 60.0, 0.4  # seconds until giving up, and without anything happening until all has been drawn

SPATIAL_DIMS = 3
SLICE = 30
MIDDLE = Roi((SLICE * 20, 64 * 8, 40 * 8), (20, 128 * 8, 128 * 8))
NEAREST = [[1, 0, 0], [0, 1, 0], [0, 0, 1]]


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
            if self.widget.busy:
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

    def section(self, title: str) -> Collapsible:
        """A part of the dock by its title."""
        return next(s for s in self.widget.findChildren(Collapsible) if s.title.startswith(title))

    def photograph(self, name: str, crop: QRect | None = None) -> None:
        """Write the window, or a part of it, to docs/images."""
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
        """Write some sections of the dock as they are, whether they are scrolled into view or not."""
        parts = [_image(self.section(title).grab().toImage()) for title in titles]
        sheet = Image.new("RGB", (max(p.width for p in parts), sum(p.height for p in parts)))
        top = 0
        for part in parts:
            sheet.paste(part, (0, top))
            top += part.height
        save(sheet, name)

    def canvas(self) -> QRect:
        """Where the canvas lies in the window."""
        canvas = self.viewer.window._qt_viewer.canvas.native
        return QRect(canvas.mapTo(self.window, QPoint(0, 0)), canvas.size())

    def close(self) -> None:
        self.settle()
        self.viewer.close()
        QApplication.processEvents()


def _image(picture: QImage) -> Image.Image:
    rgb = picture.convertToFormat(QImage.Format.Format_RGB888)
    bits = rgb.constBits()
    bits.setsize(rgb.sizeInBytes())
    return Image.frombuffer("RGB", (rgb.width(), rgb.height()), bytes(bits), "raw", "RGB", rgb.bytesPerLine(), 1)


def save(image: Image.Image, name: str) -> None:
    """Write a picture; refuses one that is too large for a page."""
    path = IMAGES / f"{name}.png"
    # 64 levels of each colour compress twice as well as 256 and look the same; a palette would show bands in gradients.
    for kept in (0xFC, 0xF8):
        image.point([level & kept for level in range(256)] * 3).save(path, optimize=True)
        size = path.stat().st_size
        if size <= MOST_BYTES:
            print(f"{path.name:24} {image.width} x {image.height}, {size / 1000:.0f} kB", flush=True)
            return
    raise ValueError(f"{path} has {size} bytes, more than {MOST_BYTES}: show less")


def take_window(stage: Stage) -> None:
    """The whole window, with what the demo shows: affinities in a pinned box."""
    stage.frame(layer_list=True)
    stage.predict(view="target RGB", **DEMO_CONFIG)
    stage.photograph("window")
    stage.frame(layer_list=False)


def take_affinities(stage: Stage) -> None:
    stage.predict("affinities", view="target RGB", neighborhood=NEAREST, lsds=False)
    stage.photograph("affinities")
    stage.photograph_dock("dock_data", "Data")
    stage.photograph_dock("dock_predictor", "Predictor")
    stage.photograph_dock("dock_region", "Region")
    stage.photograph_dock("dock_compute", "Compute")
    stage.photograph_dock("dock_channels", "Channels")


def take_lsds(stage: Stage) -> None:
    stage.predict("affinities", neighborhood=NEAREST, lsds=True, num_voxels=5)
    stage.channel(5)
    stage.photograph("lsds")


def take_distances(stage: Stage) -> None:
    stage.predict("distance", channels=["neurites"], scale_factor=60, mask_distances=True)
    stage.photograph("distance")
    stage.predict(
        "hot_distance", "organelles", channels=["mitochondria", "vesicles"], scale_factor=60, mask_distances=True
    )
    stage.channel(2)
    stage.photograph("hot_distance")
    stage.predict("inner_distance", channels=["neurites"], scale_factor=60)
    stage.photograph("inner_distance")


def take_weights(stage: Stage) -> None:
    """Weights at the border of what is annotated: the distance mask."""
    stage.box(Roi(MIDDLE.begin + Coordinate(0, 0, 50 * 8), MIDDLE.shape))
    stage.predict("distance", view="weight", channels=["neurites"], scale_factor=60, mask_distances=True)
    stage.photograph("weights")
    stage.box(MIDDLE)


def take_one_hot(stage: Stage) -> None:
    """A semantic segmentation, made of what the sample has: ids are classes."""
    neurites, organelles = (stage.viewer.layers[name] for name in ("labels", "organelles"))
    classes = np.where(organelles.data[0] > 0, 2, np.where(organelles.data[1] > 0, 3, neurites.data > 0)).astype(
        np.uint8
    )
    stage.viewer.add_labels(
        classes,
        name="classes",
        scale=neurites.scale,
        translate=neurites.translate,
        units=neurites.units,
        axis_labels=neurites.axis_labels,
        visible=False,
    )
    stage.predict("one_hot", "classes", "target RGB", classes=["outside", "cytoplasm", "mitochondrion", "vesicle"])
    stage.photograph("one_hot")


def take_beyond(stage: Stage) -> None:
    """Context that reaches beyond the data."""
    stage.box(Roi((SLICE * 20, 0, 40 * 8), (20, 96 * 8, 96 * 8)))
    stage.look((SLICE * 20.0, 420.0, 760.0), 0.42)
    stage.predict("affinities", view="target RGB", neighborhood=NEAREST, lsds=True, num_voxels=3)
    stage.photograph("beyond")
    stage.look((SLICE * 20.0, 1024.0, 900.0), 0.4)
    stage.box(MIDDLE)


def take_too_large(stage: Stage) -> None:
    """A region that is more than can be computed at once."""
    stage.widget.region_mode = "layer"
    long_range = [[d * n for n in offset] for d in (1, 3, 9) for offset in NEAREST]
    stage.predict("affinities", view="target RGB", neighborhood=long_range, lsds=True, num_voxels=5)
    stage.photograph_dock("too_large", "Region")
    stage.box(MIDDLE)


def take_error(stage: Stage) -> None:
    """Something is wrong, and the dock says what."""
    stage.predict("affinities", "organelles", neighborhood=NEAREST, lsds=False)
    stage.photograph("error")


def take_light(stage: Stage) -> None:
    stage.viewer.theme = "light"
    stage.predict("affinities", view="target RGB", neighborhood=NEAREST, lsds=False)
    stage.photograph("light")
    stage.viewer.theme = "dark"


def take_three_d(stage: Stage) -> None:
    """The box and its context as volumes."""
    stage.box(Roi((20 * 20, 64 * 8, 40 * 8), (24 * 20, 96 * 8, 96 * 8)))
    stage.predict("affinities", view="target RGB", neighborhood=NEAREST, lsds=True, num_voxels=3)
    for name in ("labels", "raw"):
        stage.viewer.layers[name].visible = False
    stage.viewer.dims.ndisplay = 3
    stage.viewer.scene.camera.angles = (12, 32, 62)
    stage.look((640.0, 896.0, 704.0), 0.42)
    stage.photograph("three_d")


def take_nuclei(stage: Stage) -> None:
    stage.look((256.0, 256.0), 2.2)
    stage.predict("distance", channels=["nuclei"], scale_factor=6, mask_distances=True)
    stage.photograph("nuclei")


NEURITES: tuple[Callable[[Stage], None], ...] = (
    take_window,
    take_affinities,
    take_lsds,
    take_distances,
    take_weights,
    take_one_hot,
    take_beyond,
    take_too_large,
    take_error,
    take_light,
    take_three_d,  # last, since it leaves the view turned
)


def main(wanted: list[str]) -> None:
    IMAGES.mkdir(parents=True, exist_ok=True)

    def chosen(takes: tuple[Callable[[Stage], None], ...]) -> list[Callable[[Stage], None]]:
        return [take for take in takes if not wanted or take.__name__.removeprefix("take_") in wanted]

    if chosen(NEURITES):
        stage = Stage(neurite_layers(), mask="annotated")
        stage.look((SLICE * 20.0, 1024.0, 900.0), 0.4, z=SLICE * 20 + 10)
        stage.box(MIDDLE)
        for take in chosen(NEURITES):
            take(stage)
        stage.close()
    if chosen((take_nuclei,)):
        stage = Stage(cell_layers())
        take_nuclei(stage)
        stage.close()


if __name__ == "__main__":
    main(sys.argv[1:])
