"""`Pages`: the dock's tabs, one of them in front."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import TypeVar

from qtpy.QtWidgets import QTabWidget

from predictor_inspector.plugin.tabs import Tab

T = TypeVar("T", bound=Tab)


class Pages(QTabWidget):
    """Tabs in their order; each is told when it comes to the front and when another one does."""

    def __init__(self, tabs: Iterable[Tab]) -> None:
        super().__init__()
        self._tabs = tuple(tabs)
        self.setDocumentMode(True)
        self.tabBar().setDrawBase(False)
        self.setUsesScrollButtons(True)
        self.tabBar().setStyleSheet("QTabBar::tab { padding: 3px 1px; }")  # all of them in a narrow dock
        for tab in self._tabs:
            index = self.addTab(tab, tab.title)
            self.setTabToolTip(index, tab.tool_tip)
            tab.renamed.connect(partial(self._rename, index))
        self.front: Tab = self.currentWidget()
        self.currentChanged.connect(self._on_changed)

    def open(self, title: str) -> None:
        """Bring the tab of this title to the front; a ``ValueError`` if there is none."""
        tabs = {tab.title: tab for tab in self._tabs}
        if title not in tabs:
            raise ValueError(f"there is no tab {title!r}; there are {', '.join(tabs)}")
        self.setCurrentWidget(tabs[title])

    def of(self, cls: type[T]) -> T | None:
        """The tab of a class; None where it couldn't be opened."""
        return next((tab for tab in self._tabs if isinstance(tab, cls)), None)

    def _rename(self, index: int, title: str) -> None:
        # To set it lays the tabs out, changed or not.
        if title != self.tabText(index):
            self.setTabText(index, title)

    def _on_changed(self, index: int) -> None:
        left, self.front = self.front, self.widget(index)
        left.in_front, self.front.in_front = False, True
        left.on_left()
        self.front.on_opened()
