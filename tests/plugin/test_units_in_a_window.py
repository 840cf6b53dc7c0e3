"""Labels in micrometres beside an image in nanometres, by mouse: hover, click, drag the box, fly to a finding."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from qtpy.QtWidgets import QApplication

from .window import LABELS, Window

VOXEL = np.array((40.0, 4.0, 4.0))  # nanometres
SHIFT = np.array((100.0, 2012.0, 80.0))
SHAPE = (12, 60, 80)


class Mixed:
    """The window, and where voxels of the labels are on its canvas."""

    def __init__(self, window: Window) -> None:
        self.window, self.viewer, self.widget = window, window.viewer, window.widget
        z, y, x = np.indices(SHAPE)
        ids = (1 + z + 20 * (y // 10) + 200 * (x // 10)).astype(np.uint16)
        mask = np.ones(SHAPE, np.uint8)
        ids[7:9, 40:50, 60:70], mask[7:9, 40:50, 60:70] = 0, 0  # not annotated: its edge is no boundary
        image = {"scale": VOXEL, "translate": SHIFT, "units": ("nm",) * 3, "axis_labels": LABELS}
        window.viewer.add_image(ids.astype(np.float32), name="em", **image)
        labels = {"scale": VOXEL / 1000, "translate": SHIFT / 1000, "units": ("um",) * 3}
        window.add_labels(ids, **labels)
        annotated = window.add_labels(mask, **labels, name="annotated", visible=False)
        self.settings = window.settings
        window.after(lambda: setattr(self.settings, "mask_layer", annotated))
        window.set_config("affinities", neighborhood=[[1, 0, 0], [0, 1, 0], [0, 0, 1]], lsds=False, mask_pairs=False)

    def settle(self) -> None:
        tabs = self.widget.tabs.values()
        for _ in range(2):
            self.window.settle()
            self.window.qtbot.waitUntil(lambda: not any(tab.busy for tab in tabs))
            QApplication.processEvents()

    def show(self, z: int) -> None:
        """Show a slice and all of its picture."""
        self.viewer.reset_view()
        self.viewer.dims.set_point(self.viewer.dims.ndim - 3, float(SHIFT[0] + VOXEL[0] * z))
        self.settle()

    def pixel(self, y: float, x: float) -> tuple[int, int]:
        """Where a voxel of the slice shown is on the canvas, from its left and top."""
        world, camera = SHIFT[1:] + VOXEL[1:] * (y, x), self.viewer.scene.camera
        size = self.window.canvas.size()
        down, right = (world - np.array(camera.center[-2:])) * camera.zoom
        return round(right + size.width() / 2), round(down + size.height() / 2)


@pytest.fixture
def mixed(window: Window) -> Mixed:
    return Mixed(window)


def test_the_mouse_and_the_dock_mean_the_voxels_that_are_seen(mixed: Mixed) -> None:
    window, settings = mixed.window, mixed.settings
    voxel: Any = mixed.widget.tabs["voxel"]
    mixed.widget.open_tab("Voxel")
    mixed.show(5)
    place = "voxel 5, 33, 47 (z 0.3, y 2.144, x 0.268 um)"
    window.hover(*mixed.pixel(33, 47))
    mixed.settle()
    assert window.control("voxel about").text().endswith(place)
    window.click(*mixed.pixel(33, 47))
    mixed.settle()
    assert (
        [found.title.endswith(f"at {place}") for found in voxel.explanations] == [True] * len(voxel.explanations) != []
    )

    mixed.widget.open_tab("Setup")
    gt = settings.gt
    settings.pin(gt.roi_of((slice(5, 6), slice(10, 30), slice(10, 40))))
    mixed.settle()
    (x, y), (further, _) = mixed.pixel(20, 25), mixed.pixel(20, 41)
    window.click(x, y, drag=further - x)
    mixed.settle()
    assert gt.to_slices(settings.box) == (slice(5, 6), slice(10, 30), slice(26, 56))

    mixed.widget.open_tab("Check")
    settings.region_mode = "layer"
    mixed.settle()
    check: Any = mixed.widget.tabs["check"]
    finding = next(f for f in check.region.findings if f.where.voxels == 20 and f.channels == ("aff y+1",))
    check.region.choose(finding)
    mixed.settle()
    (z, y, x) = (np.array(finding.where.mask.numpy().nonzero()).T + 0.5).mean(0) + np.array(
        [s.start for s in gt.to_slices(finding.where.roi)]
    )
    shown = round((mixed.viewer.dims.point[-3] - SHIFT[0]) / VOXEL[0])
    assert shown in range(7, 9)
    right, down = mixed.pixel(y, x)
    assert right in range(window.canvas.size().width())
    assert down in range(window.canvas.size().height())
    assert z == pytest.approx(8)
