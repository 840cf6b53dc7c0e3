"""The tour: six steps that a person takes, and that can be skipped."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from funlib.geometry import Coordinate
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QWidget

from predictor_inspector.plugin.tour import CANVAS, STEPS

from .window import Window


def press(window: Window, name: str) -> None:
    button = window.viewer.window._qt_window.findChild(QWidget, name)
    assert button.isVisible()
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def move_box(window: Window) -> None:
    settings = window.settings
    settings.box = settings.gt.roi.intersect(settings.box.shift(Coordinate(0, *settings.gt.voxel_size[1:])))


def choose_a_finding(window: Window) -> None:
    region = window.widget.tabs["check"].region
    window.qtbot.waitUntil(lambda: bool(region.findings), timeout=20_000)
    region.chosen = region.findings[0]


DEEDS: dict[str, Callable[[Window], Any]] = {
    "The region": move_box,
    "Target and weight": lambda window: press(window, "show weight"),
    "The predictor": lambda window: setattr(window.settings, "config", {**window.settings.config, "mask_pairs": False}),
    "Any voxel, explained": lambda window: window.click(300, 300),
    "What is wrong": choose_a_finding,
    "Before and after": lambda window: press(window, "compare keep"),
}


def test_every_step_stands_by_its_control_and_goes_on_when_it_is_done(window: Window) -> None:
    press(window, "start tour")
    window.settle()
    tour, seen = window.widget.tour, []
    assert window.widget.gt_layer.name == "labels"
    for index, step in enumerate(STEPS):
        seen.append(step.title)
        assert tour.step is step
        window.qtbot.waitUntil(lambda: tour.waits, timeout=20_000)
        target = tour.target
        assert target.isVisible()
        assert step.target in (CANVAS, "", target.objectName())
        ring = window.viewer.window._qt_window.findChild(QWidget, "tour ring")
        assert ring.geometry().intersects(
            target.rect().translated(target.mapTo(target.window(), target.rect().topLeft()))
        )
        DEEDS[step.title](window)
        window.qtbot.waitUntil(lambda i=index: tour.index > i or window.widget.tour is None, timeout=20_000)
    assert seen == list(DEEDS)
    assert window.widget.tour is None


def test_steps_can_be_passed_by_gone_back_to_and_skipped(window: Window) -> None:
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
    window.settle()
