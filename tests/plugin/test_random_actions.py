"""Anything that a person can do, in any order: no exception, no trace, and what is shown is what `inspect` gives.

`RANDOM_ACTIONS=1000 RANDOM_SEEDS=1,2,3` does more of it. A failure lists the actions that led to it, which a seed repeats.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from funlib.geometry import Roi
from napari.layers import Labels
from qtpy.QtCore import QEvent, QPointF, Qt
from qtpy.QtGui import QMouseEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import (
    QAbstractButton,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QDialog,
    QFileDialog,
    QLineEdit,
    QTabBar,
    QWidget,
)

from predictor_inspector.core.config import predictor_kinds
from predictor_inspector.plugin.layers.owned import is_owned
from predictor_inspector.plugin.model.predictor_choice import presets_for
from predictor_inspector.plugin.model.setting_checks import DRAWN_AS, REGION_MODES, SHOWN
from predictor_inspector.plugin.tabs.compare.comparer import MODES

from .window import TRANSLATE, UNITS, VOXEL_SIZE, Window, blocks

_TEXTS = ("", "0", "1", "2.5", "1e5", "-3", "100 um", "2:8, 4:20, 4:30", "what", "[1, 2]")
_KEYS = "JKUHQW,.GN"


class Person:
    """Somebody who tries everything."""

    def __init__(self, window: Window, seed: int) -> None:
        self.window, self.viewer, self.widget = window, window.viewer, window.widget
        self.settings, self.any = window.settings, random.Random(seed)
        self.done: list[str] = []

    def act(self) -> None:
        """Do one thing that can be done now."""
        action = self.any.choices(list(ACTIONS), list(ACTIONS.values()))[0]
        self.done.append(action.__name__)
        detail = action(self)
        if detail is not None:
            self.done[-1] += f" {detail}"

    @property
    def own(self) -> list[Any]:
        """The layers that the dock hasn't made."""
        return [layer for layer in self.viewer.layers if not is_owned(layer)]

    # The dock

    def set_a_field(self) -> str:
        name, values = self.any.choice(
            [
                ("shown", SHOWN),
                ("drawn_as", DRAWN_AS),
                ("region_mode", REGION_MODES),
                ("thickness", (1, 2, 5)),
                ("opacity", (0, 0.3, 1)),
                ("outside", ("clip", "zero")),
                ("balance_over", ("roi", "context")),
                *((flag, (True, False)) for flag in ("colour_bars", "panes", "presenter", "box_follows_slice")),
                ("live", (True, True, False)),
            ]
        )
        value = self.any.choice(values)
        setattr(self.settings, name, value)
        return f"{name} = {value}"

    def choose_a_layer(self) -> str:
        name = self.any.choice(("gt_layer", "mask_layer"))
        layer = self.any.choice((None, *getattr(self.settings.layers, name)))
        setattr(self.settings, name, layer)
        return f"{name} = {layer}"

    def choose_a_kind(self) -> str:
        self.settings.kind = self.any.choice(predictor_kinds())
        return str(self.settings.kind)

    def change_a_parameter(self) -> str | None:
        name, value = self.any.choice([item for item in self.settings.config.items() if item[0] != "kind"] or [("", 0)])
        if isinstance(value, bool):
            value = not value
        elif isinstance(value, int | float):
            value = type(value)(value * self.any.choice((0, 0.5, 2, -1)))
        elif name == "neighborhood":
            value = self.any.choice(([[1, 0, 0]], [[0, 1, 0], [0, 0, -9]], [[1, 0], [0, 1]], [[99, 0, 0]], []))
        else:
            return None
        self.settings.choose_parameters({**self.settings.predictor_choice.chosen, name: value})
        return f"{name} = {value}"

    def apply_a_preset(self) -> str | None:
        names = list(presets_for(self.settings.kind, self.settings.gt))
        if not names:
            return None
        self.settings.apply_preset(name := self.any.choice(names))
        return name

    def undo(self) -> None:
        self.widget.history.undo()

    def redo(self) -> None:
        self.widget.history.redo()

    def pin_a_box(self) -> None:
        gt = self.settings.gt
        if gt is not None:
            begin = [self.any.randint(-3, n) for n in gt.spatial_shape]
            size = [self.any.randint(1, 12) for _ in begin]
            # Not always of whole voxels.
            corner = [self.any.choice((0, 0, 3)) + b * v for b, v in zip(begin, gt.voxel_size, strict=True)]
            size = [max(1, s * v // self.any.choice((1, 1, 99))) for s, v in zip(size, gt.voxel_size, strict=True)]
            self.settings.pin(Roi(corner, size) + gt.offset)

    def move_the_box(self) -> str:
        pinned = self.widget.controller.pinned
        move = self.any.choice((pinned.bring_here, pinned.go_to, pinned.go_back, lambda: pinned.thicken(3)))
        move()
        return str(getattr(move, "__name__", "thicken"))

    def open_a_tab(self) -> str:
        self.widget.open_tab(title := self.any.choice([tab.title for tab in self.widget.tabs.values()]))
        return title

    def use_a_control(self) -> str | None:
        """Press a button, choose an entry, move a slider or type into a field that is seen."""
        kinds = QAbstractButton, QComboBox, QAbstractSlider, QAbstractSpinBox, QLineEdit
        found = [
            w for w in self.widget.findChildren(QWidget) if isinstance(w, kinds) and w.isVisible() and w.isEnabled()
        ]
        found = [w for w in found if not isinstance(w.parent(), QTabBar) and not getattr(w, "menu", lambda: None)()]
        if not found:
            return None
        control = self.any.choice(found)
        about = f"{type(control).__name__} {control.objectName()!r}"
        if isinstance(control, QAbstractButton):
            about += f" {control.text()!r}"
            control.click()
        elif isinstance(control, QComboBox):
            control.setCurrentIndex(self.any.randrange(max(control.count(), 1)))
        elif isinstance(control, QAbstractSlider):
            control.setValue(self.any.randint(control.minimum(), control.maximum()))
        else:
            line = control if isinstance(control, QLineEdit) else control.findChild(QLineEdit)
            if not line.isReadOnly():
                line.setText(text := self.any.choice(_TEXTS))
                QTest.keyClick(line, Qt.Key.Key_Return)
                about += f" {text!r}"
        return about

    def choose_a_finding(self) -> None:
        region = self.widget.tabs["check"].region
        self.widget.open_tab("Check")
        region.choose(self.any.choice((None, *region.findings)))

    def compare(self) -> str:
        comparer = self.widget.tabs["compare"].comparer
        match self.any.randrange(6):
            case 0:
                comparer.drop()
                return "drop"
            case 1 | 2:
                comparer.keep()
                return "keep"
        comparer.mode = self.any.choice(MODES)
        return str(comparer.mode)

    def hide_the_dock_and_show_it(self) -> None:
        self.window.dock.hide()
        QApplication.processEvents()
        self.window.dock.show()

    def try_the_sample(self) -> None:
        if len(self.own) < 12:
            self.widget.open_sample()

    def take_the_tour(self) -> None:
        if self.own:
            self.widget.take_tour()

    # The viewer

    def move_a_slider(self) -> None:
        dims = self.viewer.dims
        axis = self.any.randrange(dims.ndim)
        dims.set_current_step(axis, self.any.randint(0, max(int(dims.nsteps[axis]) - 1, 0)))

    def move_the_camera(self) -> None:
        camera = self.viewer.scene.camera
        if self.any.random() < 0.4:
            self.viewer.reset_view()
        else:
            camera.zoom *= self.any.choice((0.5, 0.8, 1.3, 2))
            camera.center = tuple(c + self.any.uniform(-20, 20) for c in camera.center)

    def change_the_dimensions(self) -> int:
        self.viewer.dims.ndisplay = self.any.choice((2, 2, 3))
        return int(self.viewer.dims.ndisplay)

    def turn_the_axes(self) -> None:
        dims = self.viewer.dims
        self.any.choice((dims.roll, dims.transpose, lambda: setattr(dims, "order", tuple(range(dims.ndim)))))()

    def press_a_key(self) -> str:
        key = self.any.choice(_KEYS)
        QTest.keyClick(self.window.canvas, key)
        return key

    def use_the_mouse(self) -> str:
        """Hover, click or drag, on the canvas."""
        width, height = self.window.canvas.width(), self.window.canvas.height()
        x, y = self.any.randint(5, width - 45), self.any.randint(5, height - 5)
        left, none, drag = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton, self.any.choice((0, 0, 30))
        self._send(QEvent.Type.MouseMove, x, y, none, none)
        if self.any.random() < 0.3:
            return f"hover {x} {y}"
        self._send(QEvent.Type.MouseButtonPress, x, y, left, left)
        if drag:
            for step in (0, drag // 2, drag):
                self._send(QEvent.Type.MouseMove, x + step, y, none, left)
        self._send(QEvent.Type.MouseButtonRelease, x + drag, y, left, none)
        return f"click {x} {y} {drag}"

    def _send(self, kind: QEvent.Type, x: int, y: int, button: Qt.MouseButton, buttons: Qt.MouseButton) -> None:
        # Between panes napari hears nothing of the mouse: nothing is waited for.
        canvas, place = self.window.canvas, QPointF(x, y)
        where = place, canvas.mapToGlobal(place), button, buttons, Qt.KeyboardModifier.NoModifier
        QApplication.sendEvent(canvas, QMouseEvent(kind, *where))
        QApplication.processEvents()

    # Layers

    def add_a_layer(self) -> str | None:
        if len(self.own) > 8:
            return None
        place = {"scale": VOXEL_SIZE, "translate": TRANSLATE, "units": UNITS}
        match self.any.randrange(6):
            case 0:
                self.viewer.add_labels(blocks((30, 36), 1), name="picture")
            case 1:
                self.viewer.add_image(np.random.default_rng(0).random((12, 40, 48)).astype("f4"), **place, name="em")
            case 2:
                self.viewer.add_labels((blocks() % 7 > 0).astype("u1"), **place, name="annotated")
            case 3:
                self.viewer.add_labels(np.stack([blocks((5, 20, 24), n) for n in range(2)]), name="series")
            case 4:
                micrometres = {"scale": [v / 1000 for v in VOXEL_SIZE], "units": ["um"] * 3}
                self.viewer.add_labels(blocks(seed=2), **micrometres, name="in µm")
            case _:
                self.viewer.add_points(np.zeros((1, 3)), name="points")
        return str(self.viewer.layers[-1])

    def remove_a_layer(self) -> str | None:
        if not self.viewer.layers:
            return None
        layer = self.any.choice(list(self.viewer.layers))
        self.viewer.layers.remove(layer)
        return str(layer)

    def change_a_layer(self) -> str | None:
        """Rename, paint, hide, move, select, or give other units or another place."""
        if not self.viewer.layers:
            return None
        layers, layer = self.viewer.layers, self.any.choice(list(self.viewer.layers))
        about = f"{layer}: "
        match self.any.randrange(7):
            case 0:
                layer.name = self.any.choice(("x", "a name that is far too long for any dock " * 3))
                about += "name"
            case 1:
                layer.visible = not layer.visible
                about += f"visible {layer.visible}"
            case 2:
                layers.move(layers.index(layer), self.any.randrange(len(layers)))
                about += "moved"
            case 3:
                layers.selection.active = layer
                about += "selected"
            case 4 if layer.ndim == 3 and not is_owned(layer):
                layer.units = [unit := self.any.choice(("nm", "um", "pixel"))] * 3
                about += unit
            case 5 if not is_owned(layer):
                layer.translate = [self.any.choice((0, 4, 7.5)) for _ in layer.translate]
                about += "placed"
            case _:
                layer.opacity = self.any.random()
        return about

    def paint(self) -> str | None:
        # Nobody paints on what isn't seen: napari keeps of it what it showed last, or nothing.
        seen = [layer for layer in self.own if layer.visible and isinstance(layer, Labels)]
        labels = [layer for layer in seen if not layer._slice.empty]
        if not labels:
            return None
        layer = self.any.choice(labels)
        layer.data_setitem(tuple(np.array([self.any.randrange(n)]) for n in layer.data.shape), self.any.randint(0, 9))
        return str(layer)

    # What has come of it

    def look(self) -> None:
        """What is shown, where nothing is in the way of showing it, is what `inspect` gives."""
        self.window.settle()
        controller, settings = self.widget.controller, self.settings
        fresh = settings.live and not controller.results.outdated and controller.tiling.run is None
        there = self.window.inspection is not None and self.window.target is not None and self.window.weight is not None
        if fresh and there and not self.window.message and settings.gt_layer is not None:
            self.window.assert_layers_show_the_inspection()


ACTIONS: dict[Callable[[Person], Any], float] = {
    Person.set_a_field: 4,
    Person.choose_a_layer: 2,
    Person.choose_a_kind: 2,
    Person.change_a_parameter: 3,
    Person.apply_a_preset: 1,
    Person.undo: 3,
    Person.redo: 1,
    Person.pin_a_box: 2,
    Person.move_the_box: 2,
    Person.open_a_tab: 2,
    Person.use_a_control: 8,
    Person.choose_a_finding: 1,
    Person.compare: 2,
    Person.hide_the_dock_and_show_it: 0.5,
    Person.try_the_sample: 0.2,
    Person.take_the_tour: 0.3,
    Person.move_a_slider: 3,
    Person.move_the_camera: 2,
    Person.change_the_dimensions: 1,
    Person.turn_the_axes: 1,
    Person.press_a_key: 2,
    Person.use_the_mouse: 2,
    Person.add_a_layer: 2,
    Person.remove_a_layer: 1,
    Person.change_a_layer: 4,
    Person.paint: 2,
}

_SEEDS = [int(seed) for seed in os.environ.get("RANDOM_SEEDS", "1").split(",")]


@pytest.fixture
def no_dialogs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Dialogs are left at once."""
    monkeypatch.setattr(QDialog, "exec", lambda _self: 0)
    for ask in ("getOpenFileName", "getSaveFileName"):
        monkeypatch.setattr(QFileDialog, ask, lambda *_args, **_kwargs: ("", ""))
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_args, **_kwargs: "")


@pytest.mark.timeout(3000)
@pytest.mark.usefixtures("no_dialogs")
@pytest.mark.parametrize("seed", _SEEDS)
def test_whatever_is_done_nothing_breaks(window: Window, seed: int) -> None:
    window.add_labels()
    person = Person(window, seed)
    for _ in range(int(os.environ.get("RANDOM_ACTIONS", "80"))):
        with window.qtbot.capture_exceptions() as exceptions:
            try:
                person.act()
                person.look()
            except Exception as error:
                raise AssertionError("\n".join(person.done[-40:])) from error
        assert not exceptions, "\n".join([*person.done[-40:], *map(str, exceptions)])
