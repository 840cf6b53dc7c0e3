"""Table of affinity offsets: a row per offset, a column per axis."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import count
from typing import Any

from qtpy.QtCore import QModelIndex, QSignalBlocker, Qt
from qtpy.QtWidgets import (
    QAbstractItemView,
    QBoxLayout,
    QHeaderView,
    QMenu,
    QPushButton,
    QSpinBox,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableWidget,
    QTableWidgetItem,
    QToolButton,
    QWidget,
)

from predictor_inspector.core.array import spatial_axis_names
from predictor_inspector.core.parameters import Parameter
from predictor_inspector.plugin.forms.editors import Editor
from predictor_inspector.plugin.forms.layouts import in_row
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


class OffsetsTable(Editor):
    """A row of whole numbers per offset, in voxels, negative ones too, with buttons to add, copy and remove rows.

    `toolbar` holds the buttons; the form puts it beside the table's label. `value` are the offsets, slowest axis first.
    """

    def __init__(self, parameter: Parameter) -> None:
        super().__init__()
        self._dims = 3
        self.value: Offsets = ()
        self._table = table = QTableWidget(objectName=parameter.name)
        table.setItemDelegate(_SpinDelegate(table))
        table.setEditTriggers(QAbstractItemView.EditTrigger.AllEditTriggers)
        table.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        table.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        table.horizontalHeader().setFixedHeight(ROW_HEIGHT)
        rows = table.verticalHeader()
        rows.setDefaultSectionSize(ROW_HEIGHT)
        rows.setMinimumSectionSize(ROW_HEIGHT)
        rows.setDefaultAlignment(Qt.AlignmentFlag.AlignCenter)
        rows.setToolTip("The channel that the offset makes")
        self._fit = QPushButton()
        self._fit.clicked.connect(lambda: self._edit(offsets_in(self.value, self._dims)))
        self.row.setDirection(QBoxLayout.Direction.TopToBottom)
        self.row.setSpacing(2)
        self.row.addWidget(table)
        self.row.addWidget(self._fit)
        self._remove = flat_button("−", "Remove the selected offsets, or the last one", self.remove_rows)
        self._copy = flat_button("Copy", "Duplicate the selected offsets, or the last one", self.duplicate_rows)
        add = flat_button("+", "Add an offset", self.add_row)
        self.toolbar = QWidget()
        self.toolbar.setLayout(in_row(None, self._make_presets(), add, self._copy, self._remove, spacing=2))
        table.itemChanged.connect(lambda: self._edit(self._read()))
        table.itemSelectionChanged.connect(self._update_buttons)

    def _make_presets(self) -> QToolButton:
        button = QToolButton(text="Set to ▾", toolTip="Replace all offsets", styleSheet=NO_MENU_ARROW)
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(button)
        for title, distances in PRESETS.items():
            menu.addAction(title, lambda _c=False, d=distances: self._edit(axis_offsets(self._dims, d)))
        menu.addSeparator()
        menu.addAction("Turn every offset around", lambda: self._edit(tuple(tuple(-n for n in o) for o in self.value)))
        button.setMenu(menu)
        return button

    def set_data(self, unit: str, dims: int) -> None:
        """Offer to fit offsets of another number of axes than the data's; until then they stay."""
        self._dims = dims
        self._show(self.value)

    def add_row(self) -> None:
        """Append the first offset along an axis that isn't there yet, at distance 1, 3, 9 and so on."""
        candidates = (o for power in count() for o in axis_offsets(self._columns, (3**power,)))
        self._edit((*self.value, next(o for o in candidates if o not in self.value)))
        self._table.scrollToBottom()

    def duplicate_rows(self) -> None:
        """Put a copy of each selected offset (or the last) beneath it."""
        rows = self._selected()
        self._edit(tuple(o for row, offset in enumerate(self.value) for o in (offset,) * (1 + (row in rows))))

    def remove_rows(self) -> None:
        """Remove the selected offsets (or the last); one always stays."""
        rows = self._selected()
        self._edit(tuple(o for row, o in enumerate(self.value) if row not in rows))

    @property
    def _columns(self) -> int:
        return len(self.value[0]) if self.value else self._dims

    def _selected(self) -> set[int]:
        return {index.row() for index in self._table.selectedIndexes()} or {len(self.value) - 1}

    def _read(self) -> Offsets:
        table = self._table
        return tuple(
            tuple(int(table.item(row, column).data(Qt.ItemDataRole.EditRole)) for column in range(table.columnCount()))
            for row in range(table.rowCount())
        )

    def _edit(self, value: Offsets) -> None:
        if value and value != self.value:
            self.set_value(value)
            self.edited.emit(value)

    def _show(self, value: Offsets) -> None:
        longest = max(map(len, value), default=0)
        self.value = tuple((*offset, *[0] * (longest - len(offset))) for offset in value)
        table, columns = self._table, self._columns
        if self.value != self._read() or table.columnCount() != columns:
            with QSignalBlocker(table):
                table.setColumnCount(columns)
                table.setRowCount(len(self.value))
                table.setHorizontalHeaderLabels(spatial_axis_names(columns))
                table.setVerticalHeaderLabels([str(row) for row in range(len(self.value))])
                for row, offset in enumerate(self.value):
                    for column, number in enumerate(offset):
                        table.setItem(row, column, _item(number))
        rows = min(max(len(self.value), 1), VISIBLE_ROWS)
        table.setFixedHeight(ROW_HEIGHT * (rows + 1) + 2 * table.frameWidth())
        self._fit.setVisible(columns != self._dims)
        self._fit.setText(f"Fit to the data's {self._dims} axes: {', '.join(spatial_axis_names(self._dims))}")
        self._update_buttons()

    def _update_buttons(self) -> None:
        self._remove.setEnabled(len(self._selected()) < len(self.value))
        self._copy.setEnabled(bool(self.value))


class _SpinDelegate(QStyledItemDelegate):
    """Edits a cell with a spin box whose arrows act at once."""

    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index: QModelIndex) -> QWidget:
        spin = QSpinBox(parent, minimum=-LARGEST, maximum=LARGEST, keyboardTracking=False, frame=False)
        spin.setAlignment(Qt.AlignmentFlag.AlignCenter)
        spin.valueChanged.connect(lambda: self.commitData.emit(spin))
        return spin


def _item(number: int) -> Any:
    item = QTableWidgetItem()
    item.setData(Qt.ItemDataRole.EditRole, number)
    item.setTextAlignment(Qt.AlignmentFlag.AlignCenter)
    return item
