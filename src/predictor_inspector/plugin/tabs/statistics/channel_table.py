"""Table with a row per channel: statistics of its target and weights."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QSignalBlocker, Qt
from qtpy.QtGui import QBrush, QColor
from qtpy.QtWidgets import (
    QAbstractItemView,
    QColorDialog,
    QHeaderView,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

from predictor_inspector.core.text import amount
from predictor_inspector.inspection import Inspection
from predictor_inspector.plugin.forms.layouts import in_column
from predictor_inspector.plugin.tabs import TabContext

_COLUMNS = (
    ("channel", "Tick to mix the channel into the RGB view; double-click to change its colour there"),
    ("min", "Smallest target value"),
    ("mean", "Mean target value"),
    ("max", "Largest target value"),
    ("%\npositive", "Share of the voxels that are of the positive class"),
    ("weight\nof 0", "Weight of a voxel of the negative class"),
    ("weight\nof 1", "Weight of a voxel of the positive class"),
)
_VALUES = (1, 2, 3)  # columns of target values
_ROOMY = 440  # pixels of width from which there is room for them, too
_MOST_ROWS = 10  # that are seen at once


class ChannelTable(QWidget):
    """Rows of channels."""

    def __init__(self, context: TabContext) -> None:
        super().__init__()
        self._mix, self._controller = context.rgb_mix, context.controller
        self._names: tuple[str, ...] = ()
        self._unshown: Inspection | None = None  # what waits for the table to be seen
        self._table = table = QTableWidget(0, len(_COLUMNS), objectName="channel_table")
        for column, (title, tooltip) in enumerate(_COLUMNS):
            item = QTableWidgetItem(title)
            item.setToolTip(tooltip)
            if column == 0:
                item.setTextAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
            table.setHorizontalHeaderItem(column, item)
        table.verticalHeader().hide()
        header = table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setMinimumSectionSize(30)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        header.sectionResized.connect(lambda column, *_sizes: self._fit() if column == 0 else None)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        table.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setLayout(in_column(table))
        table.itemChanged.connect(self._on_item)
        table.cellClicked.connect(lambda row, _column: self._controller.look_at_channel(row))
        table.cellDoubleClicked.connect(lambda row, _column: self._ask_colour(row))
        self._mix.changed.connect(self._show_colours)
        self._controller.shown.connect(self._on_shown)
        self._controller.previewed.connect(self._on_shown)
        self._controller.outdated.connect(self._clear)
        self._controller.cleared.connect(self._clear)
        self._controller.tiling.advanced.connect(self._mark_shown)
        self._controller.view_changed.connect(self._mark_shown)

    def _on_shown(self, inspection: Inspection) -> None:
        """Fill the table, or wait until it is seen."""
        self._unshown = inspection
        if self.isVisible():
            self._fill()

    def showEvent(self, event: Any) -> None:
        """Fill the table with what came while it was hidden."""
        super().showEvent(event)
        self._fill()

    def _fill(self) -> None:
        inspection, self._unshown = self._unshown, None
        if inspection is None:
            return
        statistics = inspection.statistics
        self._names = tuple(s.name for s in statistics)
        with QSignalBlocker(self._table):
            self._table.setRowCount(len(statistics))
            for row, s in enumerate(statistics):
                name = self._item(row, 0, s.name)
                name.setForeground(QBrush())
                name.setData(Qt.ItemDataRole.DecorationRole, QColor(self._mix.colour(self._names, row)))
                if len(statistics) > 1:
                    name.setFlags(name.flags() | Qt.ItemFlag.ItemIsUserCheckable)
                    mixed = self._mix.has(self._names, row)
                    name.setCheckState(Qt.CheckState.Checked if mixed else Qt.CheckState.Unchecked)
                else:
                    name.setData(Qt.ItemDataRole.CheckStateRole, None)
                name.setToolTip(
                    f"{s.name}: {s.counts[1]:,} positive and {s.counts[0]:,} negative voxels with weight, "
                    f"{100 * s.unweighted:.1f} % without; {100 * s.positive_share:.1f} % of the weight is positive"
                )
                values = s.minimum, s.mean, s.maximum, 100 * s.positive, s.negative_weight, s.positive_weight
                for column, value in enumerate(values, 1):
                    item = self._item(row, column, amount(value, 3))
                    item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._fit()
        self._mark_shown()

    def _clear(self) -> None:
        self._names, self._unshown = (), None
        self._table.setRowCount(0)
        self._fit()

    def resizeEvent(self, event: Any) -> None:
        """Show as many columns as there is room for; names take several lines."""
        super().resizeEvent(event)
        for column in _VALUES:
            self._table.setColumnHidden(column, self.width() < _ROOMY)
        self._fit()

    def _fit(self) -> None:
        """Make rows as high as their names need, and the table as high as some of them."""
        table = self._table
        table.resizeRowsToContents()
        rows = [table.rowHeight(row) for row in range(table.rowCount())]
        height = sum(rows[:_MOST_ROWS]) + table.horizontalHeader().height() + 2 * table.frameWidth()
        if height != table.height():
            table.setFixedHeight(height)

    def _mark_shown(self) -> None:
        """Mark the channel that the viewer's slider is at."""
        index = self._controller.results.channel
        if index is not None and 0 <= index < self._table.rowCount() and self._table.currentRow() != index:
            with QSignalBlocker(self._table):
                self._table.selectRow(index)

    def _item(self, row: int, column: int, text: str) -> QTableWidgetItem:
        item = self._table.item(row, column)
        if item is None:
            item = QTableWidgetItem()
            item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable)
            self._table.setItem(row, column, item)
        item.setText(text)
        return item

    def _on_item(self, item: QTableWidgetItem) -> None:
        if item.column() == 0 and len(self._names) > 1:
            self._mix.mix(self._names, item.row(), item.checkState() == Qt.CheckState.Checked)

    def _ask_colour(self, row: int) -> None:
        before = QColor(self._mix.colour(self._names, row))
        colour = QColorDialog.getColor(before, self, f"Colour of {self._names[row]}")
        if colour.isValid():
            self._mix.set_colour(self._names, row, colour.name())

    def _show_colours(self) -> None:
        with QSignalBlocker(self._table):
            for row in range(len(self._names)):
                colour = QColor(self._mix.colour(self._names, row))
                self._table.item(row, 0).setData(Qt.ItemDataRole.DecorationRole, colour)
