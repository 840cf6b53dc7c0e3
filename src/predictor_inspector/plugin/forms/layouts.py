"""Rows, columns, forms and tables of widgets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QBoxLayout,
    QFormLayout,
    QHBoxLayout,
    QHeaderView,
    QLayout,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)


def in_row(*items: Any, spacing: int = 4) -> QHBoxLayout:
    """Widgets and layouts side by side, without margins; ``(widget, stretch)`` to let one grow, None for empty space."""
    return _filled(QHBoxLayout(), items, spacing)


def in_column(*items: Any, spacing: int = 4) -> QVBoxLayout:
    """As `in_row`, below each other."""
    return _filled(QVBoxLayout(), items, spacing)


def _filled(layout: QBoxLayout, items: Sequence[Any], spacing: int) -> QBoxLayout:
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(spacing)
    for item in items:
        part, stretch = item if isinstance(item, tuple) else (item, 0)
        if part is None:
            layout.addStretch(1)
        elif isinstance(part, QLayout):
            layout.addLayout(part, stretch)
        else:
            layout.addWidget(part, stretch)
    return layout


def refill(layout: QBoxLayout, widgets: Sequence[QWidget]) -> None:
    """Put these widgets into a layout in place of those that are in it, which are deleted."""
    while layout.count():
        old = layout.takeAt(0).widget()
        old.hide()
        old.deleteLater()
    for widget in widgets:
        layout.addWidget(widget)


def in_form(*rows: tuple[Any, ...]) -> QFormLayout:
    """Rows of a label and a field, or of a field alone, without margins."""
    form = QFormLayout(verticalSpacing=4)
    form.setContentsMargins(0, 0, 0, 0)
    for row in rows:
        form.addRow(*row)
    return form


class TreeTable(QTreeWidget):
    """A tree with a column per title; the one at index `wide` takes the room that is left."""

    def __init__(self, titles: Sequence[str], wide: int, **properties: Any) -> None:
        super().__init__(uniformRowHeights=True, **properties)
        self.setHeaderLabels(titles)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.header().setStretchLastSection(False)
        self.header().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.header().setSectionResizeMode(wide, QHeaderView.ResizeMode.Stretch)

    @property
    def top_items(self) -> list[QTreeWidgetItem]:
        """The rows that aren't within others."""
        return [self.topLevelItem(i) for i in range(self.topLevelItemCount())]

    def add_row(self, *cells: str) -> QTreeWidgetItem:
        """Add a row: text at the left, numbers at the right."""
        item = QTreeWidgetItem(self, list(cells))
        for column in range(1, len(cells)):
            item.setTextAlignment(column, Qt.AlignmentFlag.AlignRight)
        return item

    def fit(self, most: int) -> None:
        """Be as high as its rows, up to so many of them; hidden without any."""
        rows = min(len(self.top_items), most)
        self.setVisible(bool(rows))
        height = self.sizeHintForRow(0) if rows else 0
        self.setFixedHeight(self.header().sizeHint().height() + rows * height + 2 * self.frameWidth())
