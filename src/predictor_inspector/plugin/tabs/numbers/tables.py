"""Tables of values: a voxel's in every channel, and sums per object."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from qtpy.QtCore import QAbstractTableModel, QModelIndex, QSortFilterProxyModel, Qt
from qtpy.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QSizePolicy,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from predictor_inspector.core.text import amount, counted
from predictor_inspector.inspection.numbers.histograms import ObjectSums
from predictor_inspector.inspection.numbers.probe import Probe

_SORTED_BY = int(Qt.ItemDataRole.UserRole)
_ROW = 20  # pixels
_MOST_ROWS = 6


class _Columns(QAbstractTableModel):
    """Columns of equal length: text at the left, numbers at the right."""

    def __init__(self, titles: Sequence[str], columns: Sequence[Sequence[Any] | np.ndarray] | None = None) -> None:
        super().__init__()
        self.titles, self.columns = titles, columns or [()] * len(titles)

    def show(self, columns: Sequence[Sequence[Any]]) -> None:
        """Take over other values; the table is built anew only if the first column differs."""
        same = list(self.columns[0]) == list(columns[0])
        self.columns = columns
        if not same:
            self.beginResetModel()
            self.endResetModel()
        elif columns[0]:
            self.dataChanged.emit(self.index(0, 1), self.index(len(columns[0]) - 1, len(columns) - 1))

    def rowCount(self, parent: QModelIndex | None = None) -> int:
        return len(self.columns[0])

    def columnCount(self, parent: QModelIndex | None = None) -> int:
        return len(self.titles)

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        value = self.columns[index.column()][index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return value if isinstance(value, str) else f"{value}" if _is_whole(value) else amount(float(value), 5)
        if role == _SORTED_BY:
            return float(value)
        if role == Qt.ItemDataRole.TextAlignmentRole and not isinstance(value, str):
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role == Qt.ItemDataRole.DisplayRole and orientation == Qt.Orientation.Horizontal:
            return self.titles[section]
        return None

    def as_text(self) -> str:
        """The table with tabs between its columns, as spreadsheets take it."""
        rows = [[f"{v}" if _is_whole(v) else f"{v:.9g}" for v in row] for row in zip(*self.columns, strict=True)]
        return "\n".join("\t".join(row) for row in (self.titles, *rows))


def _is_whole(value: Any) -> bool:
    return isinstance(value, (int, np.integer))


class ProbeTable(QWidget):
    """The values of one voxel: a line with its id, and a row per channel."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = _Columns(("channel", "target", "weight"))
        self._head = QLabel()
        self._head.setTextFormat(Qt.TextFormat.PlainText)
        self._head.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        table = QTableView()
        table.setModel(self._model)
        table.verticalHeader().hide()
        table.verticalHeader().setDefaultSectionSize(_ROW)
        table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        table.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        table.setFixedHeight((_MOST_ROWS + 1) * _ROW + 8)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self._head)
        layout.addWidget(table)
        self.show_probe(None)

    @property
    def text(self) -> str:
        """What the line above the table says."""
        return str(self._head.text())

    @property
    def rows(self) -> list[tuple[str, ...]]:
        """What the table shows."""
        model = self._model
        return [tuple(str(model.index(row, c).data()) for c in range(3)) for row in range(model.rowCount())]

    def show_probe(self, found: Probe | None) -> None:
        """Show a voxel, or that there is none."""
        if found is None:
            self._model.show([(), (), ()])
            self._head.setText("Move the mouse over the region.")
            return
        self._model.show([found.names, found.values, found.weights])
        ids, index = ", ".join(map(str, found.ids)), ", ".join(map(str, found.index))
        known = "" if found.annotated else ", not annotated"
        self._head.setText(f"{'id' if len(found.ids) == 1 else 'ids'} {ids}{known}; voxel {index}")


class ObjectTable(QDialog):
    """Sums of target and weight per id of the region, in a window of its own; a click on a title sorts."""

    def __init__(self, sums: ObjectSums, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Sums per object")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        titles = ["id", "voxels"] + [f"{name}: {what}" for name in sums.names for what in ("target", "weight")]
        channels = np.stack([sums.targets, sums.weights], axis=2).reshape(len(sums.ids), -1)
        self._model = _Columns(titles, [sums.ids, sums.voxels, *channels.T])
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
        foot.addWidget(QLabel(f"{counted(len(sums.ids), 'id')} in the region; sums over their voxels in it"), 1)
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
