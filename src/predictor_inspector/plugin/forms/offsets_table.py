"""Table of affinity offsets: a row per offset, a column per axis."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import count
from typing import Any

from qtpy.QtCore import QModelIndex, QSignalBlocker, Qt, Signal
from qtpy.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QMenu,
    QPushButton,
    QSpinBox,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableWidget,
    QTableWidgetItem,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from predictor_inspector.core.array import spatial_axis_names
from predictor_inspector.plugin.forms.small_widgets import NO_MENU_ARROW, flat_button

Offsets = tuple[tuple[int, ...], ...]

LARGEST = 9999  # voxels; far beyond any volume's extent in practice
VISIBLE_ROWS = 6  # a longer table scrolls
ROW_HEIGHT = 22  # pixels

PRESETS: dict[str, tuple[int, ...]] = {
    "Nearest neighbours": (1,),
    "Nearest neighbours and 3": (1, 3),
    "Long range: 1, 3, 9": (1, 3, 9),
    "Long range: 1, 3, 9, 27": (1, 3, 9, 27),
}


def axis_offsets(dims: int, distances: Iterable[int] = (1,)) -> Offsets:
    """Offsets along each of `dims` axes, slowest first, for each distance in voxels."""
    return tuple(tuple(d if axis == a else 0 for a in range(dims)) for d in distances for axis in range(dims))


def offsets_in(offsets: Iterable[Iterable[int]], dims: int) -> Offsets:
    """Offsets in `dims` axes: slower axes are dropped, or added as 0; then zeros and repetitions are left out."""
    fitted = ((0,) * (dims - len(o)) + o[max(len(o) - dims, 0) :] for o in map(tuple, offsets))
    return tuple(dict.fromkeys(o for o in fitted if any(o)))


class OffsetsTable(QWidget):
    """A row of whole numbers per offset, in voxels, negative ones too, with buttons to add, copy and remove rows.

    `toolbar` holds the buttons; the form puts it beside the table's label.
    """

    edited = Signal()

    def __init__(self, name: str, dims: int = 3, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name, self._dims = name, dims
        self._value: Offsets = ()
        self._table = QTableWidget()
        self._table.setObjectName(name)
        self._table.setItemDelegate(_SpinDelegate(self._table))
        self._table.setEditTriggers(QAbstractItemView.EditTrigger.AllEditTriggers)
        self._table.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self._table.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self._table.horizontalHeader().setFixedHeight(ROW_HEIGHT)
        rows = self._table.verticalHeader()
        rows.setDefaultSectionSize(ROW_HEIGHT)
        rows.setMinimumSectionSize(ROW_HEIGHT)
        rows.setDefaultAlignment(Qt.AlignmentFlag.AlignCenter)
        rows.setToolTip("The channel that the offset makes")
        self._fit = QPushButton()
        self._fit.clicked.connect(lambda _checked=False: self._edit(offsets_in(self._value, self._dims)))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self._table)
        layout.addWidget(self._fit)
        self._remove = flat_button("−", "Remove the selected offsets, or the last one", self.remove_rows)
        self._copy = flat_button("Copy", "Duplicate the selected offsets, or the last one", self.duplicate_rows)
        self.toolbar = QWidget()
        bar = QHBoxLayout(self.toolbar)
        bar.setContentsMargins(0, 0, 0, 0)
        bar.setSpacing(2)
        bar.addStretch(1)
        for button in (self._make_presets(), flat_button("+", "Add an offset", self.add_row), self._copy, self._remove):
            bar.addWidget(button)
        self._table.itemChanged.connect(lambda _item: self._edit(self._read()))
        self._table.itemSelectionChanged.connect(self._update_buttons)
        self._show()

    def _make_presets(self) -> QToolButton:
        button = QToolButton()
        button.setText("Set to ▾")
        button.setStyleSheet(NO_MENU_ARROW)
        button.setToolTip("Replace all offsets")
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(button)
        for title, distances in PRESETS.items():
            action = menu.addAction(title)
            action.triggered.connect(lambda _c=False, d=distances: self._edit(axis_offsets(self._dims, d)))
        menu.addSeparator()
        action = menu.addAction("Turn every offset around")
        action.triggered.connect(lambda _c=False: self._edit(tuple(tuple(-n for n in o) for o in self._value)))
        button.setMenu(menu)
        return button

    def value(self) -> Offsets:
        """The offsets, in voxels, slowest axis first."""
        return self._value

    def check(self, value: Iterable[Iterable[int]]) -> None:
        """Raise a ``ValueError`` unless every offset has as many numbers, within what the table can show."""
        offsets = [tuple(offset) for offset in value]
        for offset in offsets:
            if any(abs(n) > LARGEST for n in offset):
                raise ValueError(f"{self._name} must hold whole numbers of voxels between ±{LARGEST}, got {offset}")
            if not offset or len(offset) != len(offsets[0]):
                raise ValueError(f"{self._name} needs as many numbers in every offset, got {offsets[0]} and {offset}")

    def set_value(self, value: Iterable[Iterable[int]]) -> None:
        """Show `value`, which passes `check`, without a signal."""
        self._value = tuple(tuple(offset) for offset in value)
        self._show()

    def set_dims(self, dims: int) -> None:
        """Say how many axes the data have; offsets of another number stay, with a button beneath that fits them."""
        self._dims = dims
        self._show()

    def add_row(self) -> None:
        """Append the first offset along an axis that isn't there yet, at distance 1, 3, 9 and so on."""
        candidates = (o for power in count() for o in axis_offsets(self._columns, (3**power,)))
        self._edit((*self._value, next(o for o in candidates if o not in self._value)))
        self._table.scrollToBottom()

    def duplicate_rows(self) -> None:
        """Put a copy of each selected offset (or the last) beneath it."""
        rows = self._selected()
        self._edit(tuple(o for row, offset in enumerate(self._value) for o in (offset,) * (1 + (row in rows))))

    def remove_rows(self) -> None:
        """Remove the selected offsets (or the last); one always stays."""
        rows = self._selected()
        self._edit(tuple(o for row, o in enumerate(self._value) if row not in rows))

    @property
    def _columns(self) -> int:
        return len(self._value[0]) if self._value else self._dims

    def _selected(self) -> set[int]:
        return {index.row() for index in self._table.selectedIndexes()} or {len(self._value) - 1}

    def _read(self) -> Offsets:
        table = self._table
        return tuple(
            tuple(int(table.item(row, column).data(Qt.ItemDataRole.EditRole)) for column in range(table.columnCount()))
            for row in range(table.rowCount())
        )

    def _edit(self, value: Offsets) -> None:
        if value and value != self._value:
            self.set_value(value)
            self.edited.emit()

    def _show(self) -> None:
        table, columns = self._table, self._columns
        if self._value != self._read() or table.columnCount() != columns:
            with QSignalBlocker(table):
                table.setColumnCount(columns)
                table.setRowCount(len(self._value))
                table.setHorizontalHeaderLabels(spatial_axis_names(columns))
                table.setVerticalHeaderLabels([str(row) for row in range(len(self._value))])
                for row, offset in enumerate(self._value):
                    for column, number in enumerate(offset):
                        table.setItem(row, column, _item(number))
        rows = min(max(len(self._value), 1), VISIBLE_ROWS)
        table.setFixedHeight(ROW_HEIGHT * (rows + 1) + 2 * table.frameWidth())
        self._fit.setVisible(columns != self._dims)
        self._fit.setText(f"Fit to the data's {self._dims} axes: {', '.join(spatial_axis_names(self._dims))}")
        self._update_buttons()

    def _update_buttons(self) -> None:
        self._remove.setEnabled(len(self._selected()) < len(self._value))
        self._copy.setEnabled(bool(self._value))


class _SpinDelegate(QStyledItemDelegate):
    """Edits a cell with a spin box whose arrows act at once."""

    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index: QModelIndex) -> QWidget:
        spin = QSpinBox(parent)
        spin.setRange(-LARGEST, LARGEST)
        spin.setKeyboardTracking(False)
        spin.setFrame(False)
        spin.setAlignment(Qt.AlignmentFlag.AlignCenter)
        spin.valueChanged.connect(lambda _value: self.commitData.emit(spin))
        return spin


def _item(number: int) -> Any:
    item = QTableWidgetItem()
    item.setData(Qt.ItemDataRole.EditRole, number)
    item.setTextAlignment(Qt.AlignmentFlag.AlignCenter)
    return item
