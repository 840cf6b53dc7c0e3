"""Table of all channels of one voxel, beneath its ids and its place."""

from __future__ import annotations

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QHeaderView, QWidget

from predictor_inspector.inspection.numbers.probe import Probe
from predictor_inspector.plugin.forms.column_table import ColumnTable
from predictor_inspector.plugin.forms.layouts import in_column
from predictor_inspector.plugin.forms.small_widgets import wrapping

_ROW, _MOST_ROWS = 20, 6  # pixels, and rows that are seen at once


class VoxelTable(QWidget):
    """Where a voxel lies and its ids; beneath, target and weight of each channel."""

    channel_clicked = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self._about = wrapping("")
        self._values = table = ColumnTable(("channel", "target", "weight"))
        table.verticalHeader().setDefaultSectionSize(_ROW)
        header = table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        table.setSelectionMode(ColumnTable.SelectionMode.NoSelection)
        table.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        table.setTextElideMode(Qt.TextElideMode.ElideMiddle)
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
            self._about.setText("Move the mouse over the region, and click a voxel to see where its numbers come from.")
        else:
            columns = found.names, found.values, found.weights
            ids = ", ".join(map(str, found.ids))
            known = "" if found.annotated else ", not annotated"
            self._about.setText(f"{'id' if len(found.ids) == 1 else 'ids'} {ids}{known}; {found.place}")
        self._values.show_columns(columns)
        self._values.setVisible(found is not None)
        for column in (1, 2):
            self._values.setColumnWidth(column, 11 * self.fontMetrics().averageCharWidth())
        self._values.setFixedHeight((min(len(columns[0]), _MOST_ROWS) + 1) * _ROW + 8)
