"""Table made of columns: text at the left, numbers at the right, sortable."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from qtpy.QtCore import QAbstractTableModel, QModelIndex, Qt
from qtpy.QtWidgets import QTableView

from predictor_inspector.core.text import amount

Columns = Sequence[Sequence[Any] | np.ndarray]


class _Model(QAbstractTableModel):
    def __init__(self, titles: Sequence[str], columns: Columns) -> None:
        super().__init__()
        self.titles, self.columns = titles, columns

    def rowCount(self, _parent: QModelIndex | None = None) -> int:
        return len(self.columns[0])

    def columnCount(self, _parent: QModelIndex | None = None) -> int:
        return len(self.titles)

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        value = self.columns[index.column()][index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return f"{value}" if isinstance(value, (str, int, np.integer)) else amount(float(value), 5)
        if role == Qt.ItemDataRole.TextAlignmentRole and not isinstance(value, str):
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role == Qt.ItemDataRole.DisplayRole and orientation == Qt.Orientation.Horizontal:
            return self.titles[section]
        return None

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        places = np.argsort(self.columns[column], kind="stable")
        if order == Qt.SortOrder.DescendingOrder:
            places = places[::-1]
        self.layoutAboutToBeChanged.emit()
        self.columns = [np.asarray(values)[places] for values in self.columns]
        self.layoutChanged.emit()


class ColumnTable(QTableView):
    """Columns of equal length, one per title: text at the left, numbers at the right."""

    def __init__(self, titles: Sequence[str], columns: Columns | None = None) -> None:
        super().__init__()
        self._model = _Model(titles, columns or [()] * len(titles))
        self.setModel(self._model)
        self.verticalHeader().hide()

    def show_columns(self, columns: Columns) -> None:
        """Show other values; the view is built anew only if the first column differs."""
        model = self._model
        same = list(model.columns[0]) == list(columns[0])
        model.columns = columns
        if not same:
            model.beginResetModel()
            model.endResetModel()
        elif columns[0]:
            model.dataChanged.emit(model.index(0, 1), model.index(model.rowCount() - 1, len(columns) - 1))

    def as_text(self) -> str:
        """The rows with tabs between their values, as spreadsheets take them."""
        lines = [self._model.titles]
        for values in zip(*self._model.columns, strict=True):
            lines.append([f"{v}" if isinstance(v, (int, np.integer)) else f"{v:.9g}" for v in values])
        return "\n".join("\t".join(line) for line in lines)
