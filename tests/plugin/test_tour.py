"""The tour: six steps that a person takes, and that can be skipped."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from funlib.geometry import Coordinate
from qtpy.QtCore import QPoint, QRect, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QWidget

from predictor_inspector.plugin import tour as tour_module
from predictor_inspector.plugin import widget
from predictor_inspector.plugin.tour import CANVAS, STEPS

from .shared_viewer import process_deletions
from .window import LABELS, UNITS, VOXEL_SIZE, Window, blocks


def press(window: Window, name: str) -> None:
    button = window.viewer.window._qt_window.findChild(QWidget, name)
    assert button.isVisible()
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def move_box(window: Window) -> None:
    settings = window.settings
    settings.box = settings.gt.roi.intersect(settings.box.shift(Coordinate(0, *settings.gt.voxel_size[1:])))


def choose_a_finding(window: Window) -> None:
    region = window.widget.tabs["check"].region
    window.qtbot.waitUntil(lambda: bool(region.findings))
    region.choose(region.findings[0])


DEEDS: dict[str, Callable[[Window], Any]] = {
    "The region": move_box,
    "Target and weight": lambda window: press(window, "show weight"),
    "The predictor": lambda window: setattr(window.settings, "config", {**window.settings.config, "mask_pairs": False}),
    "Any voxel, explained": lambda window: window.click(window.canvas.width() // 2, window.canvas.height() // 2),
    "What is wrong": choose_a_finding,
    "Before and after": lambda window: press(window, "compare keep"),
}


@pytest.fixture(autouse=True)
def small_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sample takes seconds to make, and a step that is done stays for as long as a person reads."""
    place = {"scale": VOXEL_SIZE, "units": UNITS, "axis_labels": LABELS, "name": "labels"}
    monkeypatch.setattr(widget, "neurite_layers", lambda: [(blocks(), place, "labels")])
    monkeypatch.setattr(tour_module, "PRAISE", 0)
    monkeypatch.setattr(tour_module, "LOOK_EVERY", 10)


def parts(window: Window) -> list[QWidget]:
    """What of a tour is in napari's window."""
    main = window.viewer.window._qt_window
    return [main.findChild(QWidget, name) for name in ("tour", "tour ring")]


def test_every_step_stands_by_its_control_and_goes_on_when_it_is_done(window: Window) -> None:
    # The dock is as wide as the one before it was made: there shall be room for the panel beside it.
    window.viewer.window._qt_window.resize(1400, 900)
    press(window, "start tour")
    window.settle()
    tour, seen = window.widget.tour, []
    assert window.widget.gt_layer.name == "labels"
    panel, ring = parts(window)
    canvas = panel.parentWidget().centralWidget().geometry()
    for index, step in enumerate(STEPS):
        seen.append(step.title)
        assert tour.step is step
        window.qtbot.waitUntil(lambda: tour.waits)
        target = tour.target
        assert target.isVisible()
        assert step.target in (CANVAS, "", target.objectName())
        assert ring.geometry().intersects(QRect(target.mapTo(target.window(), QPoint(0, 0)), target.size()))
        assert canvas.contains(panel.geometry())
        assert panel.geometry().bottom() < canvas.center().y()
        DEEDS[step.title](window)
        window.qtbot.waitUntil(lambda i=index: tour.index > i or window.widget.tour is None)
    assert seen == list(DEEDS)
    assert window.widget.tour is None


def test_steps_can_be_passed_by_gone_back_to_and_ended(window: Window) -> None:
    window.widget.take_tour()
    tour = window.widget.tour
    window.widget.take_tour()
    assert window.widget.tour is tour
    press(window, "tour next")
    press(window, "tour next")
    assert tour.index == 2
    press(window, "tour back")
    assert tour.index == 1
    press(window, "tour skip")
    assert window.widget.tour is None
    process_deletions()
    assert parts(window) == [None, None]
    # A dock that is closed takes its tour along.
    window.dock.setFloating(True)
    window.widget.take_tour()
    assert all(part.isVisible() for part in parts(window))
    window.dock.hide()
    assert window.widget.tour is None
    process_deletions()
    assert parts(window) == [None, None]
