"""Tabs come from a registry: what they are told, and what happens where one is broken."""

from __future__ import annotations

from typing import Any

import pytest
from qtpy.QtWidgets import QTabWidget

from predictor_inspector.plugin.tabs import TABS, Tab, TabContext

from ..window import Window


class Listening(Tab):
    title = "Listening"
    tool_tip = "Writes down what it is told"
    order = 15

    def __init__(self, context: TabContext) -> None:
        super().__init__(context)
        self.told: list[str] = []

    def on_resolved(self, state: Any) -> None:
        self.told.append("resolved")

    def on_shown(self, inspection: Any) -> None:
        self.told.append("shown")

    def on_outdated(self) -> None:
        self.told.append("outdated")

    def on_cleared(self) -> None:
        self.told.append("cleared")

    def on_view_changed(self) -> None:
        self.told.append("view")

    def on_opened(self) -> None:
        self.told.append("opened")

    def shut_down(self) -> None:
        self.told.append("shut down")


class Failing(Tab):
    title = "Failing"

    def __init__(self, context: TabContext) -> None:
        raise RuntimeError("no licence")


@pytest.fixture
def _other_tabs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(TABS.built_in, "listening", f"{__name__}:Listening")
    monkeypatch.setitem(TABS.built_in, "failing", f"{__name__}:Failing")
    monkeypatch.setitem(TABS.built_in, "missing", "no_such_package:Tab")
    monkeypatch.setitem(TABS.built_in, "odd", f"{__name__}:titles")


def titles(window: Window) -> list[str]:
    tabs = window.widget.findChild(QTabWidget)
    return [tabs.tabText(i) for i in range(tabs.count())]


@pytest.mark.usefixtures("_other_tabs")
def test_a_tab_is_told_what_happens(window: Window) -> None:
    tab = window.widget.tabs["listening"]
    assert isinstance(tab, Listening)
    assert titles(window)[:4] == ["Setup", "Voxel", "Listening", "Check"]
    layer = window.add_labels()
    assert tab.told.index("resolved") < tab.told.index("shown")
    tab.told.clear()
    window.widget.open_tab("Listening")
    tab.renamed.emit("Listening (2)")
    assert titles(window)[2] == "Listening (2)"
    window.after(lambda: window.viewer.dims.set_point(window.viewer.dims.ndim - 3, 140.0))
    window.after(lambda: setattr(window.widget, "config", {"kind": "distance", "channels": ["a", "b"]}))
    window.after(lambda: window.viewer.layers.remove(layer))
    assert tab.told[0] == "opened"
    assert {"view", "resolved", "shown", "outdated"} <= set(tab.told)
    assert tab.told[-1] == "cleared"
    window.close()
    window.qtbot.waitUntil(lambda: tab.told[-1] == "shut down")


@pytest.mark.usefixtures("_other_tabs")
def test_a_tab_sets_what_is_inspected(window: Window) -> None:
    window.add_labels()
    context = window.widget.tabs["listening"].context
    context.settings.config = {"kind": "affinities", "neighborhood": [[0, 0, 1]], "lsds": False}
    window.settle()
    assert window.widget.inspection.channel_names == ("aff x+1",)
    roi = window.widget.inspection.gt.roi
    window.after(lambda: context.go_to(roi))
    assert window.widget.region_mode == "box"
    assert window.widget.box == roi


@pytest.mark.usefixtures("_other_tabs")
def test_broken_tabs_are_sentences_and_the_dock_opens(window: Window) -> None:
    window.add_labels()
    window.assert_layers_show_the_inspection()
    assert "Failing" not in titles(window)
    said = window.widget.notice
    assert "The tab 'failing' can't be opened: RuntimeError: no licence." in said
    assert "The tab 'missing' can't be loaded: ModuleNotFoundError" in said
    assert "The tab 'odd' is" in said
