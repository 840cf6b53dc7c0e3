"""Table of all channels of one voxel, beneath its ids and its place."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QHeaderView, QWidget

from predictor_inspector.inspection.numbers.probe import Probe
from predictor_inspector.plugin.forms.column_table import ColumnTable
from predictor_inspector.plugin.forms.layouts import in_column
from predictor_inspector.plugin.forms.small_widgets import WrappedLabel

_MOST_ROWS = 6  # that are seen at once
_WIDEST = "−0.000000"  # of the numbers


class VoxelTable(QWidget):
    """Where a voxel lies and its ids; beneath, target and weight of each channel."""

    channel_clicked = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self._about = WrappedLabel()
        self._fitted: tuple[tuple[str, ...], int] = ((), 0)  # channels and width that the table's size suits
        self._values = table = ColumnTable(("channel", "target", "weight"))
        header = table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        table.setSelectionMode(ColumnTable.SelectionMode.NoSelection)
        table.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        table.setToolTip("Click a channel to see where its numbers come from")
        table.clicked.connect(lambda index: self.channel_clicked.emit(index.row()))
        self._about.setObjectName("voxel about")
        table.setObjectName("voxel values")
        self.setLayout(in_column(self._about, table, spacing=2))
        self.show_probe(None)

    def show_probe(self, found: Probe | None) -> None:
        """Show a voxel, or say how to get one."""
        if found is None:
            columns: tuple[tuple, ...] = ((), (), ())
            self._about.setText("Move the mouse over the region.")
        else:
            columns = found.names, found.values, found.weights
            ids = ", ".join(map(str, found.ids))
            known = "" if found.annotated else ", not annotated"
            self._about.setText(f"{'id' if len(found.ids) == 1 else 'ids'} {ids}{known}; {found.place}")
        self._values.show_columns(columns)
        self._values.setVisible(found is not None)
        if self._fitted != (columns[0], self.width()):
            self._fitted = columns[0], self.width()
            self._fit(len(columns[0]))

    def resizeEvent(self, event: Any) -> None:
        """Long names take several lines."""
        super().resizeEvent(event)
        self._fit(len(self._fitted[0]))

    def _fit(self, rows: int) -> None:
        """Make columns as wide as numbers, rows as high as names, and the table as high as some rows."""
        table = self._values
        for column in (1, 2):
            table.setColumnWidth(column, table.fontMetrics().horizontalAdvance(_WIDEST) + 14)
        table.resizeRowsToContents()
        heights = sum(table.rowHeight(row) for row in range(min(rows, _MOST_ROWS)))
        table.setFixedHeight(heights + table.horizontalHeader().sizeHint().height() + 2 * table.frameWidth())
