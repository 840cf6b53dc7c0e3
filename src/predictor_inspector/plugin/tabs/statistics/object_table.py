"""Window with sums of target and weight per object."""

from __future__ import annotations

import numpy as np
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QApplication, QDialog, QLabel, QPushButton, QWidget

from predictor_inspector.core.text import counted
from predictor_inspector.inspection.numbers.histograms import ObjectSums
from predictor_inspector.plugin.forms.column_table import ColumnTable
from predictor_inspector.plugin.forms.layouts import in_column, in_row


class ObjectTable(QDialog):
    """Sums of target and weight per id of the region, in a window of its own; a click on a title sorts."""

    def __init__(self, sums: ObjectSums, parent: QWidget | None = None) -> None:
        super().__init__(parent, windowTitle="Sums per object")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        titles = ["id", "voxels", *(f"{name}: {what}" for name in sums.names for what in ("target", "weight"))]
        channels = np.stack([sums.targets, sums.weights], axis=2).reshape(len(sums.ids), -1)
        table = ColumnTable(titles, [sums.ids, sums.voxels, *channels.T])
        table.setSortingEnabled(True)
        table.sortByColumn(1, Qt.SortOrder.DescendingOrder)
        table.resizeColumnsToContents()
        copy = QPushButton("Copy", toolTip="Put the table on the clipboard, for a spreadsheet")
        copy.clicked.connect(lambda: QApplication.clipboard().setText(table.as_text()))
        about = QLabel(f"{counted(len(sums.ids), 'id')} in the region; sums over their voxels in it")
        self.setLayout(in_column(table, in_row((about, 1), copy)))
        self.layout().setContentsMargins(6, 6, 6, 6)
        self.resize(720, 480)
