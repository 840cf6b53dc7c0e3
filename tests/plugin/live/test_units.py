"""Layers of different units in one world: view, box, mouse and navigation mean the voxels that napari shows."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from predictor_inspector.inspection.numbers.probe import probe
from predictor_inspector.plugin.layers.navigation import fly_to, go_to_region, zoom_out_to
from predictor_inspector.plugin.live.mouse import CanvasPoint

from ..loop import Loop

VOXEL = {"nm": (40, 4, 4), "um": (0.04, 0.004, 0.004), "mm": (4e-5, 4e-6, 4e-6), None: (10, 1, 1)}
NANOMETRES = {"nanometer": 1, "micrometer": 1e3, "millimeter": 1e6}
SHIFT = np.array([3, 5, 7])  # of all layers, in voxels
SHAPE = (12, 40, 48)
AXES = ("z", "y", "x")

MIXES = [
    *[(gt, other, first) for gt, other in (("um", "nm"), ("nm", "um")) for first in ("gt", "other")],
    *[(gt, other, "other") for gt, other in (("nm", "nm"), ("mm", "nm"), ("um", "mm"))],
    *[(gt, other, "other") for gt, other in ((None, None), ("um", None), (None, "nm"))],
    *[(gt, "nothing", "gt") for gt in ("mm", None)],
]


def ids() -> np.ndarray:
    """Every slice, row and column differs from its neighbours."""
    z, y, x = np.indices(SHAPE)
    return (1 + z + 100 * (y // 8) + 1000 * (x // 8)).astype(np.uint16)


class Mix(Loop):
    """Labels in one unit, and an image of the same grid in another."""

    def __init__(self, gt: str | None, other: str | None, first: str = "other") -> None:
        super().__init__()
        self.gt_unit = gt
        # Where units can't be converted, numbers count as they are.
        self.other_unit, numbers = other, VOXEL[gt] if None in (gt, other) else VOXEL.get(other)
        makers = [lambda: self.add_labels(ids(), **grid(gt)), lambda: self.add_image(numbers)]
        for make in makers if first == "gt" else makers[::-1]:
            make()
        self.set_config("one_hot", classes=["a", "b"])

    def add_image(self, voxel: Any) -> None:
        if self.other_unit != "nothing":
            data = np.zeros(SHAPE, np.float32)
            self.after(lambda: self.viewer.add_image(data, **grid(self.other_unit, voxel), name="em"))

    @property
    def labels(self) -> Any:
        return self.viewer.layers["labels"]

    def world(self, *voxels: Any) -> np.ndarray:
        """Where napari draws voxels of the labels, one number per axis."""
        return (SHIFT + voxels) * self.step

    @property
    def step(self) -> np.ndarray:
        """How large napari draws a voxel of the labels."""
        units = self.viewer.dims.units
        if units is None or self.gt_unit is None:
            return np.array(VOXEL[self.gt_unit], dtype=float)
        return np.array(VOXEL["nm"]) / NANOMETRES[str(units[-1])]

    def look_at(self, z: int, y: slice, x: slice) -> None:
        """Show a slice and a part of the picture, in voxels."""
        viewer, first = self.viewer, self.viewer.dims.ndim - 3
        viewer.dims.set_point(first, float(self.world(z, 0, 0)[0]))
        low, high = self.world(z, y.start - 0.5, x.start - 0.5), self.world(z, y.stop - 0.5, x.stop - 0.5)
        viewer.scene.camera.center = (0.0, *((low + high) / 2)[1:].tolist())
        viewer.canvas.size = (480, round(480 * (x.stop - x.start) / (y.stop - y.start)))
        viewer.scene.camera.zoom = 480 / (high - low)[1]
        self.settle()

    def shown(self) -> tuple[int, list[float], list[float]]:
        """The slice shown, and begin and end of what the canvas shows, in voxels."""
        viewer = self.viewer
        half = np.array(viewer.canvas.size) / viewer.scene.camera.zoom / 2
        middle = np.array(viewer.scene.camera.center[-2:])
        z = round(viewer.dims.point[-3] / self.step[0] - SHIFT[0])
        low, high = ((middle + side * half) / self.step[1:] - SHIFT[1:] + 0.5 for side in (-1, 1))
        return z, low.tolist(), high.tolist()

    def hover(self, *voxel: float) -> CanvasPoint:
        """The point under a mouse over a voxel."""
        dims = self.viewer.dims
        position = (*dims.point[:-3], *self.world(*voxel).tolist())
        event = SimpleNamespace(position=position, dims_displayed=list(dims.displayed), view_direction=None)
        return CanvasPoint.of(self.viewer, event)


def grid(unit: str | None, voxel: Any = None) -> dict[str, Any]:
    scale = np.array(VOXEL[unit] if voxel is None else voxel)
    units = None if unit is None else (unit,) * 3
    return {"scale": scale, "translate": scale * SHIFT, "units": units, "axis_labels": AXES}


@pytest.fixture(scope="module", params=MIXES, ids=lambda mix: "-".join(map(str, mix)))
def made(request: pytest.FixtureRequest, qapp: Any) -> Any:
    loop = Mix(*request.param)
    yield loop
    loop.controller.close()


@pytest.fixture
def mix(made: Mix) -> Mix:
    made.after(lambda: setattr(made.settings, "region_mode", "view"))
    return made


def test_the_target_is_of_what_napari_shows(mix: Mix) -> None:
    for z in (0, 3, 9):
        mix.look_at(z, slice(8, 32), slice(16, 40))
        assert mix.roi_voxels() == (slice(z, z + 1), slice(8, 32), slice(16, 40))
        mix.assert_layers_show_the_inspection()


def test_the_mouse_finds_the_voxel_that_it_is_over(mix: Mix) -> None:
    mix.look_at(3, slice(0, 40), slice(0, 48))
    point = mix.hover(3, 17, 30).in_region(mix.inspection)
    assert point is not None
    found = probe(mix.inspection, point)
    assert found is not None
    assert found.ids == (int(ids()[3, 17, 30]),)
    assert found.place.startswith("voxel 3, 17, 30 (")
    assert mix.hover(4, 17, 30).in_region(mix.inspection) is None
    # napari's own status bar finds it on our layers, too.
    mix.after(lambda: setattr(mix.settings, "shown", "target"))
    value = mix.target.get_value(mix.hover(3, 17, 30).position, world=True)
    assert value == float(mix.inspection.target.data[(round(mix.viewer.dims.point[0]), *found.index)])


def test_navigation_shows_voxels_where_they_are(mix: Mix) -> None:
    mix.look_at(0, slice(0, 6), slice(0, 6))
    gt = mix.settings.gt
    box = gt.roi_of((slice(4, 9), slice(10, 20), slice(24, 36)))
    go_to_region(mix.viewer, box, gt)
    z, low, high = mix.shown()
    assert z == 6
    assert_allclose((np.array(low) + high) / 2, (15, 30))
    assert max(12 / (high[1] - low[1]), 10 / (high[0] - low[0])) == pytest.approx(0.8)
    mix.look_at(0, slice(0, 6), slice(0, 6))
    flags = np.zeros((1, 2, 2), bool)
    flags[0, 1, 1] = True
    fly_to(
        mix.viewer, gt.like(flags, gt.axis_names, gt.roi_of((slice(8, 9), slice(30, 32), slice(40, 42))).begin), True
    )
    z, low, high = mix.shown()
    assert z == 8
    assert_allclose((np.array(low) + high) / 2, (31, 41))
    mix.look_at(5, slice(20, 26), slice(20, 26))
    zoom_out_to(mix.viewer, gt.roi, gt)
    z, low, high = mix.shown()
    assert z == 5
    assert low[0] <= 0 <= 40 <= high[0]
    assert low[1] <= 0 <= 48 <= high[1]


def test_the_box_is_drawn_and_dragged_where_it_is(mix: Mix) -> None:
    mix.look_at(3, slice(0, 40), slice(0, 48))
    gt = mix.settings.gt
    box = gt.roi_of((slice(3, 4), slice(8, 16), slice(8, 24)))
    mix.after(lambda: mix.settings.pin(box))
    layer = next(layer for layer in mix.viewer.layers if getattr(layer, "mode", None) == "select")
    corners = [mix.world(3, y - 0.5, x - 0.5) for y, x in ((8, 8), (16, 24))]
    first, last = (layer.world_to_data(corner) for corner in corners)
    rectangle = np.asarray(layer.data[0])
    assert_allclose(rectangle.min(0)[1:], first[1:], atol=1e-6)
    assert_allclose(rectangle.max(0)[1:], last[1:], atol=1e-6)
    moved = layer.world_to_data(mix.world(3, 12.5, 20.5)) - first
    moved[0] = 0
    mix.after(lambda: setattr(layer, "data", [rectangle + moved, *layer.data[1:]]))
    assert mix.settings.box == gt.roi_of((slice(3, 4), slice(13, 21), slice(21, 37)))


def test_another_unit_of_the_world_moves_neither_view_nor_box(qapp: Any) -> None:
    mix = Mix("um", "nothing")
    gt = mix.settings.gt
    box = gt.roi_of((slice(3, 4), slice(8, 16), slice(8, 24)))
    mix.look_at(3, slice(8, 32), slice(8, 32))
    seen = mix.shown()
    mix.other_unit = "nm"
    for _ in range(2):
        mix.add_image(VOXEL["nm"])
        assert str(mix.viewer.dims.units[-1]) == "nanometer"
        assert_allclose(np.hstack(mix.shown()), np.hstack(seen), atol=1e-6)
        assert mix.roi_voxels() == (slice(3, 4), slice(8, 32), slice(8, 32))
        mix.after(lambda: mix.settings.pin(box))
        mix.after(lambda: mix.viewer.layers.remove("em"))
        assert str(mix.viewer.dims.units[-1]) == "micrometer"
        assert mix.settings.box == mix.inspection.roi == box
        assert_allclose(np.hstack(mix.shown()), np.hstack(seen), atol=1e-6)
        mix.after(lambda: setattr(mix.settings, "region_mode", "view"))
        assert mix.roi_voxels() == (slice(3, 4), slice(8, 32), slice(8, 32))
    mix.controller.close()


def test_labels_that_are_given_another_unit_stay_where_they_are_seen(qapp: Any) -> None:
    mix = Mix("um", "nothing")
    mix.look_at(3, slice(8, 32), slice(8, 32))
    mix.after(lambda: setattr(mix.labels, "units", ("mm",) * 3))
    assert mix.roi_voxels() == (slice(3, 4), slice(8, 32), slice(8, 32))
    assert [str(unit) for unit in mix.target.units] == ["pixel", *["millimeter"] * 3]
    mix.controller.close()


def test_of_a_series_the_moment_is_shown_that_napari_shows(loop: Loop) -> None:
    series = np.stack([ids() + 1000 * t for t in range(4)])
    scale, units = (0.5, *VOXEL["um"]), ("s", "um", "um", "um")
    labels = ("t", *AXES)
    loop.add_labels(series, scale=scale, translate=(0.0,) * 4, units=units, axis_labels=labels)
    image = {"scale": (500, *VOXEL["nm"]), "units": ("ms", "nm", "nm", "nm"), "axis_labels": labels}
    loop.after(lambda: loop.viewer.add_image(series.astype(np.float32), name="em", **image))
    loop.set_config("one_hot", classes=["a", "b"])
    loop.settings.region_mode = "layer"
    for t in (3, 1):
        loop.after(lambda t=t: loop.viewer.dims.set_point(loop.viewer.dims.ndim - 4, 500.0 * t))
        np.testing.assert_array_equal(loop.inspection.gt.numpy(), series[t])
        loop.assert_layers_show_the_inspection()
        assert [str(unit) for unit in loop.target.units] == ["pixel", "second", *["micrometer"] * 3]
        assert loop.target.translate[1] == 0.5 * t


def test_the_first_target_leaves_the_camera_alone(loop: Loop) -> None:
    loop.settings.live = False
    loop.add_labels(ids(), **grid("nm"))
    camera = loop.viewer.scene.camera
    camera.center, camera.zoom = (0.0, 60.0, 80.0), 7.5
    loop.controller.compute()
    loop.settle()
    assert loop.target.ndim == 4
    assert (camera.center, camera.zoom) == ((0.0, 60.0, 80.0), 7.5)
