"""Channels section: a row per channel with statistics of its target and weights."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import QSignalBlocker, Qt, Signal
from qtpy.QtGui import QBrush, QColor
from qtpy.QtWidgets import (
    QAbstractItemView,
    QButtonGroup,
    QColorDialog,
    QHBoxLayout,
    QHeaderView,
    QPushButton,
    QSizePolicy,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from predictor_inspector.core.text import amount
from predictor_inspector.inspection.engine.statistics import ChannelStatistics
from predictor_inspector.plugin.layers.colours import RgbMix

_COLUMNS = (
    ("channel", "Tick to mix the channel into the RGB view; double-click to change its colour there"),
    ("min", "Smallest target value"),
    ("mean", "Mean target value"),
    ("max", "Largest target value"),
    ("+ %", "Share of the voxels that are of the positive class"),
    ("w −", "Weight of a voxel of the negative class"),
    ("w +", "Weight of a voxel of the positive class"),
)
_PERCENT = 4


class ChannelTable(QWidget):
    """Rows of channels, and which of the views is on the canvas.

    `channel_chosen` is emitted with a channel's index when its row is clicked, `view_chosen` with ``"target"``,
    ``"weight"`` or ``"target RGB"``.

    Parameters
    ----------
    mix : RgbMix
        What is ticked and coloured.
    """

    channel_chosen = Signal(int)
    view_chosen = Signal(str)

    def __init__(self, mix: RgbMix) -> None:
        super().__init__()
        self._mix = mix
        self._names: tuple[str, ...] = ()
        self._table = QTableWidget(0, len(_COLUMNS))
        self._table.setObjectName("channel_table")
        for column, (title, tooltip) in enumerate(_COLUMNS):
            item = QTableWidgetItem(title)
            item.setToolTip(tooltip)
            self._table.setHorizontalHeaderItem(column, item)
        self._table.verticalHeader().hide()
        self._table.verticalHeader().setDefaultSectionSize(20)
        header = self._table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setMinimumSectionSize(30)
        self._table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self._table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self._table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self._table.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._table.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self._table.setMinimumHeight(86)  # the header and three rows
        self._table.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)
        self._views = QButtonGroup(self)
        row = QHBoxLayout()
        row.setSpacing(2)
        for title, name in (("Target", "target"), ("Weight", "weight"), ("RGB", "target RGB")):
            button = QPushButton(title)
            button.setCheckable(True)
            button.setObjectName(name)
            button.setToolTip(f"Show the layer {name!r} and hide the others")
            self._views.addButton(button)
            row.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(row)
        layout.addWidget(self._table, 1)
        self._table.itemChanged.connect(self._on_item)
        self._table.cellClicked.connect(lambda row, _column: self.channel_chosen.emit(row))
        self._table.cellDoubleClicked.connect(lambda row, _column: self._ask_colour(row))
        mix.changed.connect(self._show_colours)
        self._views.buttonClicked.connect(lambda button: self.view_chosen.emit(button.objectName()))

    def show_statistics(self, statistics: Sequence[ChannelStatistics]) -> None:
        """Fill the table."""
        self._names = tuple(s.name for s in statistics)
        with QSignalBlocker(self._table):
            self._table.setRowCount(len(statistics))
            for row, s in enumerate(statistics):
                values = [s.minimum, s.mean, s.maximum, 100 * s.positive, s.negative_weight, s.positive_weight]
                name = self._item(row, 0, s.name)
                name.setForeground(QBrush())
                name.setData(Qt.ItemDataRole.DecorationRole, QColor(self._mix.colour(self._names, row)))
                if len(statistics) > 1:
                    name.setFlags(name.flags() | Qt.ItemFlag.ItemIsUserCheckable)
                    name.setCheckState(
                        Qt.CheckState.Checked if self._mix.has(self._names, row) else Qt.CheckState.Unchecked
                    )
                else:
                    name.setData(Qt.ItemDataRole.CheckStateRole, None)
                name.setToolTip(
                    f"{s.name}: {s.counts[1]:,} positive and {s.counts[0]:,} negative voxels with weight, "
                    f"{100 * s.unweighted:.1f} % without; {100 * s.positive_share:.1f} % of the weight is positive"
                )
                for column, value in enumerate(values, 1):
                    item = self._item(row, column, amount(value, 3))
                    item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)

    def clear(self) -> None:
        """Show no channels."""
        self._names = ()
        self._table.setRowCount(0)

    def set_channel(self, index: int) -> None:
        """Mark the channel that the viewer's slider is at."""
        if 0 <= index < self._table.rowCount() and self._table.currentRow() != index:
            with QSignalBlocker(self._table):
                self._table.selectRow(index)

    def set_view(self, name: str | None) -> None:
        """Mark the view that is on the canvas."""
        for button in self._views.buttons():
            with QSignalBlocker(button):
                self._views.setExclusive(False)
                button.setChecked(button.objectName() == name)
                self._views.setExclusive(True)

    def set_rgb_available(self, available: bool) -> None:
        """Whether there is an RGB view."""
        for button in self._views.buttons():
            if button.objectName() == "target RGB":
                button.setEnabled(available)

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
