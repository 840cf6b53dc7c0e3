"""The head of the dock in a window: what is shown, status, findings, messages, keys."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QComboBox, QPushButton

from predictor_inspector.inspection.findings import Cure
from predictor_inspector.plugin.model.actions import Action

from ...inspection.stand_ins import stand_in
from ..window import Window

NEAREST = {"neighborhood": [[1, 0, 0], [0, 1, 0], [0, 0, 1]], "lsds": False}


def prepare(window: Window) -> None:
    window.add_labels()
    window.set_config("affinities", **NEAREST)


@pytest.fixture
def affinities(shared: Callable[[Any], Window]) -> Window:
    return shared(prepare)


def channel_shown(window: Window) -> Any:
    return window.controller.results.channel


def press(window: Window, key: Qt.Key, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    window.after(lambda: QTest.keyClick(window.canvas, key, modifiers))


def test_channels_are_stepped_through_by_button_and_key(affinities: Window) -> None:
    combo = affinities.control("channel")
    assert [combo.itemText(i) for i in range(combo.count())] == list(affinities.inspection.channel_names)
    views = affinities.widget.head.views
    affinities.after(lambda: views.step(1))
    assert (channel_shown(affinities), combo.currentText()) == (1, affinities.inspection.channel_names[1])
    press(affinities, Qt.Key.Key_K)
    assert channel_shown(affinities) == 2
    press(affinities, Qt.Key.Key_K)
    press(affinities, Qt.Key.Key_J)
    assert channel_shown(affinities) == 2
    affinities.after(lambda: combo.setCurrentIndex(1))
    assert channel_shown(affinities) == 1


def test_undo_in_the_dock_takes_back_settings_and_leaves_the_layer(affinities: Window) -> None:
    before = affinities.settings.config
    affinities.after(lambda: affinities.control("kind").chosen.emit("distance"))
    combo = affinities.widget.findChild(QComboBox, "kind")
    affinities.widget.window().activateWindow()
    combo.setFocus()
    affinities.qtbot.waitUntil(combo.hasFocus)
    control = Qt.KeyboardModifier.ControlModifier
    affinities.after(lambda: QTest.keyClick(combo, Qt.Key.Key_Z, control))
    assert affinities.settings.config == before
    affinities.after(lambda: QTest.keyClick(combo, Qt.Key.Key_Z, control | Qt.KeyboardModifier.ShiftModifier))
    assert affinities.settings.kind == "distance"


def test_the_head_says_what_is_inspected_and_whether_it_is_current(affinities: Window) -> None:
    assert affinities.control("subject").text() == "labels · mask: none (everything is annotated) · Affinities"
    assert affinities.control("status").text().startswith("up to date")
    compute = affinities.control("compute")
    assert not compute.isVisible()
    affinities.after(lambda: setattr(affinities.widget, "live", False))
    assert affinities.control("status").text().startswith("auto-update is off")
    assert compute.isVisible()


def test_the_worst_finding_is_shown_and_mended_from_the_head(affinities: Window) -> None:
    derived = affinities.widget.context.derived
    affinities.qtbot.waitUntil(lambda: derived.findings is not None)
    cure = Cure("Turn LSDs on", parameters={"lsds": True})
    derived.findings = (stand_in(severity="error", cure=cure),)
    line = affinities.control("findings line")
    assert line.isVisible()
    affinities.after(line.findChild(QPushButton, "fix finding").click)
    assert affinities.settings.config["lsds"] is True
    affinities.widget.history.undo()
    assert affinities.settings.config["lsds"] is False
    affinities.settle()
    derived.findings = ()
    assert not line.isVisible()


def test_a_presenter_gets_larger_letters_in_dock_and_canvas(affinities: Window) -> None:
    subject, regions = affinities.control("subject"), affinities.controller.layers.find("regions")
    before = subject.fontMetrics().height(), regions.text.size
    affinities.after(affinities.control("presenter").click)
    assert subject.fontMetrics().height() > before[0]
    assert regions.text.size > before[1]
    affinities.after(affinities.control("presenter").click)
    assert (subject.fontMetrics().height(), regions.text.size) == before


def test_keys_of_a_dock_that_is_gone_do_nothing(window: Window) -> None:
    prepare(window)
    window.close()
    QTest.keyClick(window.canvas, Qt.Key.Key_K)
    QApplication.processEvents()


def test_a_message_offers_its_ways_out_as_buttons(window: Window) -> None:
    def convert(desk: Any) -> None:
        desk.settings.thickness = 3

    window.widget.head.show_problem("Something is wrong.", [Action("Mend it", convert)])
    assert window.control("message").text() == "Something is wrong."
    window.control("action").click()
    assert window.settings.thickness == 3
    window.widget.head.show_problem("")
    assert not window.control("message").isVisible()
