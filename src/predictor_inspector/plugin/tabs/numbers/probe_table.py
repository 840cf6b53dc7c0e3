"""`ProbeTable` and `Prober`: id, values and weights of the voxel under the mouse."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QAbstractTableModel, QModelIndex, QObject, Qt, QTimer
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QLabel, QSizePolicy, QTableView, QVBoxLayout, QWidget

from predictor_inspector.core.text import amount
from predictor_inspector.inspection import Inspection
from predictor_inspector.inspection.numbers.probe import Probe, probe
from predictor_inspector.plugin.tabs.explain.spot import Spot

_COLUMNS = ("channel", "target", "weight")
_EVERY = 33
"""Milliseconds between two looks: as often as a picture moves."""

_ROW = 20
_MOST_ROWS = 6


class _Values(QAbstractTableModel):
    """A probe's channels as rows."""

    def __init__(self) -> None:
        super().__init__()
        self.probe: Probe | None = None

    def show(self, found: Probe | None) -> None:
        """Take over other values; the table is built anew only for other channels."""
        before, self.probe = self.probe, found
        if (before.names if before else ()) != (found.names if found else ()):
            self.beginResetModel()
            self.endResetModel()
        elif found is not None:
            self.dataChanged.emit(self.index(0, 1), self.index(len(found.names) - 1, 2))

    def rowCount(self, parent: QModelIndex | None = None) -> int:
        return 0 if self.probe is None else len(self.probe.names)

    def columnCount(self, parent: QModelIndex | None = None) -> int:
        return len(_COLUMNS)

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if self.probe is None:
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole and index.column():
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        columns = self.probe.names, self.probe.values, self.probe.weights
        cell = columns[index.column()][index.row()]
        return cell if isinstance(cell, str) else amount(cell)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role == Qt.ItemDataRole.DisplayRole and orientation == Qt.Orientation.Horizontal:
            return _COLUMNS[section]
        return None


class ProbeTable(QWidget):
    """A line with the id, and a row per channel."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = _Values()
        self._head = QLabel()
        self._head.setTextFormat(Qt.TextFormat.PlainText)
        self._head.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._table = QTableView()
        self._table.setModel(self._model)
        self._table.verticalHeader().hide()
        self._table.verticalHeader().setDefaultSectionSize(_ROW)
        self._table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self._table.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self._table.setFixedHeight((_MOST_ROWS + 1) * _ROW + 8)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self._head)
        layout.addWidget(self._table)
        self.show_probe(None)

    @property
    def text(self) -> str:
        """What the line above the table says."""
        return str(self._head.text())

    @property
    def rows(self) -> list[tuple[str, str, str]]:
        """What the table shows."""
        model = self._model
        cells = [[str(model.data(model.index(r, c))) for c in range(3)] for r in range(model.rowCount())]
        return [(a, b, c) for a, b, c in cells]

    def show_probe(self, found: Probe | None) -> None:
        """Show a voxel, or that there is none."""
        self._model.show(found)
        if found is None:
            self._head.setText("Move the mouse over the region.")
            return
        ids = ", ".join(map(str, found.ids))
        known = "" if found.annotated else ", not annotated"
        self._head.setText(
            f"id{'s' if len(found.ids) > 1 else ''} {ids}{known}; voxel {', '.join(map(str, found.index))}"
        )


class Prober(QObject):
    """Follows the mouse with a probe, no more often than is seen, and only while the table is."""

    def __init__(self, viewer: Any, table: ProbeTable) -> None:
        super().__init__()
        self._viewer, self._table = viewer, table
        self._inspection: Inspection | None = None
        self._spot: Spot | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_EVERY)
        self._timer.timeout.connect(self._look)
        viewer.mouse_move_callbacks.append(self._on_move)

    def show_inspection(self, inspection: Inspection) -> None:
        """Probe another inspection."""
        self._inspection = inspection
        self._look()

    def forget(self) -> None:
        """There is nothing to probe any more."""
        self._inspection = None
        self._look()

    def close(self) -> None:
        """Follow the mouse no more."""
        self._timer.stop()
        if self._on_move in self._viewer.mouse_move_callbacks:
            self._viewer.mouse_move_callbacks.remove(self._on_move)

    def _on_move(self, _viewer: Any, event: Any) -> None:
        if not self._table.isVisible():
            return
        self._spot = Spot.of(event)
        if not self._timer.isActive():
            self._timer.start()

    def _look(self) -> None:
        found: Probe | None = None
        if self._inspection is not None and self._spot is not None:
            position = self._spot.in_region(self._inspection)
            found = None if position is None else probe(self._inspection, position)
        self._table.show_probe(found)
