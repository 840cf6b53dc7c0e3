"""`ObjectTable`: what each object adds to each channel, in a window of its own."""

from __future__ import annotations

from typing import Any

import numpy as np
from qtpy.QtCore import QAbstractTableModel, QModelIndex, QSortFilterProxyModel, Qt
from qtpy.QtWidgets import QApplication, QDialog, QHBoxLayout, QLabel, QPushButton, QTableView, QVBoxLayout, QWidget

from predictor_inspector.core.text import amount
from predictor_inspector.inspection.numbers.histograms import ObjectSums

_SORTED_BY = int(Qt.ItemDataRole.UserRole)


class _Sums(QAbstractTableModel):
    """Ids as rows; voxels, then target and weight of every channel as columns."""

    def __init__(self, sums: ObjectSums) -> None:
        super().__init__()
        self.titles = ["id", "voxels"] + [f"{name}: {what}" for name in sums.names for what in ("target", "weight")]
        channels = np.stack([sums.targets, sums.weights], axis=2).reshape(len(sums.ids), -1)
        self.columns: list[np.ndarray] = [sums.ids, sums.voxels, *channels.T]

    def rowCount(self, parent: QModelIndex | None = None) -> int:
        return len(self.columns[0])

    def columnCount(self, parent: QModelIndex | None = None) -> int:
        return len(self.columns)

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        value = self.columns[index.column()][index.row()]
        if role == _SORTED_BY:
            return float(value)
        if role == Qt.ItemDataRole.DisplayRole:
            return str(int(value)) if index.column() < 2 else amount(float(value), 6)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role == Qt.ItemDataRole.DisplayRole and orientation == Qt.Orientation.Horizontal:
            return self.titles[section]
        return None

    def as_text(self) -> str:
        """The table with tabs between its columns, as spreadsheets take it."""
        rows = ["\t".join(self.titles)]
        for values in zip(*self.columns, strict=True):
            rows.append("\t".join([str(int(v)) for v in values[:2]] + [f"{v:.9g}" for v in values[2:]]))
        return "\n".join(rows)


class ObjectTable(QDialog):
    """Sums of target and weight per id of the region; a click on a title sorts."""

    def __init__(self, sums: ObjectSums, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Sums per object")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._model = _Sums(sums)
        self._sorted = QSortFilterProxyModel(self)
        self._sorted.setSourceModel(self._model)
        self._sorted.setSortRole(_SORTED_BY)
        table = QTableView()
        table.setModel(self._sorted)
        table.setSortingEnabled(True)
        table.sortByColumn(1, Qt.SortOrder.DescendingOrder)
        table.verticalHeader().hide()
        table.resizeColumnsToContents()
        copy = QPushButton("Copy")
        copy.setToolTip("Put the table on the clipboard, for a spreadsheet")
        copy.clicked.connect(lambda _checked=False: QApplication.clipboard().setText(self._model.as_text()))
        foot = QHBoxLayout()
        foot.addWidget(QLabel(f"{len(sums.ids):,} ids in the region; sums over their voxels in it"), 1)
        foot.addWidget(copy)
        layout = QVBoxLayout(self)
        layout.addWidget(table)
        layout.addLayout(foot)
        self.resize(720, 480)

    @property
    def first_row(self) -> list[str]:
        """What the topmost row shows."""
        shown = self._sorted
        return [str(shown.index(0, column).data()) for column in range(shown.columnCount())]
