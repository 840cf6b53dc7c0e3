"""`CompareTab`: keep a result as A, go on as B, and see what has changed."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QSignalBlocker, Qt
from qtpy.QtGui import QGuiApplication
from qtpy.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QDoubleSpinBox,
    QHBoxLayout,
    QHeaderView,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
)
from superqt import QElidingLabel

from predictor_inspector.core.text import format_value
from predictor_inspector.inspection import Inspection
from predictor_inspector.inspection.comparison import Comparison
from predictor_inspector.inspection.comparison.changes import Change, parameter_changes
from predictor_inspector.inspection.output.text import name_of, parameters_text
from predictor_inspector.plugin.forms.small_widgets import ErrorLabel, guard_wheel
from predictor_inspector.plugin.tabs import Tab, TabContext
from predictor_inspector.plugin.tabs.compare.comparer import Comparer

_MODES = {
    "b": ("B", "Show the live result"),
    "a": ("A", "Show the kept result"),
    "side": ("B | A", "Show both at once: B left, A right, with one camera"),
    "flicker": ("Flicker", "Show both in turns: what differs moves"),
    "difference": ("B − A", "Show the difference; dark is the same"),
}
Row = tuple[str, str, str]
"""What is different, and its values in A and in B; empty ones leave their room to the first."""

_NOTHING = "Keep a result to compare those that follow with it."
_MOST_CHANGES = 60  # of statistics: more rows than anyone reads would only slow the dock down


class CompareTab(Tab):
    """Buttons for A and for ways to look at A and B, and a table of what is different."""

    title = "Compare"
    tool_tip = "Keep a result, go on tuning, and see what differs"
    order = 40

    def __init__(self, context: TabContext) -> None:
        super().__init__(context)
        comparer = self.comparer = Comparer(context)
        self._keep = QPushButton("Keep as A")
        self._keep.setToolTip("Keep the present result, and compare all that follow with it")
        self._drop = QPushButton("Drop A")
        self._drop.setToolTip("Forget what was kept, and remove its layers")
        self._about = QElidingLabel(_NOTHING)
        self._modes = QButtonGroup(self)
        views = QHBoxLayout()
        views.setSpacing(2)
        for mode, (title, tooltip) in _MODES.items():
            button = QPushButton(title)
            button.setCheckable(True)
            button.setProperty("mode", mode)
            button.setObjectName(f"compare {mode}")
            button.setToolTip(tooltip)
            self._modes.addButton(button)
            views.addWidget(button)
        self._follow = QCheckBox("A follows the region")
        self._follow.setToolTip("Compute A anew wherever B is looked at; off, A stays where it was kept")
        self._follow.setChecked(comparer.follows)
        self._rate = QDoubleSpinBox()
        self._rate.setRange(1, 4)
        self._rate.setSingleStep(0.5)
        self._rate.setDecimals(1)
        self._rate.setSuffix(" Hz")
        self._rate.setValue(comparer.rate)
        self._rate.setToolTip("How often A and B take turns")
        guard_wheel(self._rate)
        self._copy = QPushButton("Copy")
        self._copy.setToolTip("Put everything that is different on the clipboard, as text")
        self._error = ErrorLabel()
        self._tree = _tree()
        for name in ("keep", "drop", "about", "follow", "rate", "copy", "error", "tree"):
            getattr(self, f"_{name}").setObjectName(f"compare {name}")
        self._lay_out(views)
        self._connect()
        self._on_kept(None)
        self._on_mode(comparer.mode)
        self._show(None)

    @property
    def busy(self) -> bool:
        """Whether a comparison is being computed."""
        return self.comparer.busy

    def on_shown(self, inspection: Inspection) -> None:
        """Compare this with what was kept."""
        self.comparer.set_live(inspection)

    def shut_down(self) -> None:
        """Stop for good; layers stay."""
        self.comparer.close()

    def _lay_out(self, views: QHBoxLayout) -> None:
        first, options = QHBoxLayout(), QHBoxLayout()
        first.addWidget(self._keep)
        first.addWidget(self._drop)
        first.addWidget(self._about, 1)
        options.addWidget(self._follow, 1)
        options.addWidget(self._rate)
        options.addWidget(self._copy)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(first)
        column.addLayout(views)
        column.addLayout(options)
        column.addWidget(self._error)
        column.addWidget(self._tree, 1)

    def _connect(self) -> None:
        comparer = self.comparer
        self._keep.clicked.connect(lambda _c=False: self._on_keep())
        self._drop.clicked.connect(lambda _c=False: comparer.drop())
        self._copy.clicked.connect(lambda _c=False: self._on_copy())
        self._modes.buttonClicked.connect(lambda button: setattr(comparer, "mode", button.property("mode")))
        self._rate.valueChanged.connect(lambda rate: setattr(comparer, "rate", rate))
        self._follow.toggled.connect(self._on_follow)
        comparer.kept.connect(self._on_kept)
        comparer.mode_changed.connect(self._on_mode)
        comparer.compared.connect(self._show)
        comparer.message.connect(self._error.show_message)

    def _on_keep(self) -> None:
        try:
            self.comparer.keep()
        except ValueError as error:
            self._error.show_message(str(error))

    def _on_follow(self, follows: bool) -> None:
        self.comparer.follows = follows
        self.comparer.compare_again()

    def _on_copy(self) -> None:
        if self.comparer.comparison is not None:
            QGuiApplication.clipboard().setText(self.comparer.comparison.describe())

    def _on_kept(self, a: Inspection | None) -> None:
        text = _NOTHING
        if a is not None:
            predictor = a.request.predictor
            text = f"{name_of(predictor)}: {parameters_text(predictor)}"
        self._about.setText(text)
        self._about.setToolTip(text)
        for widget in (self._drop, self._follow, *self._modes.buttons()):
            widget.setEnabled(a is not None)
        self._keep.setText("Keep as A" if a is None else "Keep B as A")

    def _on_mode(self, mode: str) -> None:
        for button in self._modes.buttons():
            with QSignalBlocker(button):
                self._modes.setExclusive(False)
                button.setChecked(button.property("mode") == mode)
                self._modes.setExclusive(True)
        self._rate.setVisible(mode == "flicker")

    def _show(self, comparison: Comparison | None) -> None:
        self._copy.setEnabled(comparison is not None)
        opened = {item.text(0).partition(" (")[0]: item.isExpanded() for item in _tops(self._tree)}
        self._tree.clear()
        for title, rows in self._parts(comparison):
            count = f" ({len(rows)})" if rows else ": no change"
            top = QTreeWidgetItem(self._tree, [f"{title}{count}", "", ""])
            top.setFirstColumnSpanned(True)
            for row in rows[:_MOST_CHANGES]:
                _add(top, row)
            if len(rows) > _MOST_CHANGES:
                _add(top, (f"… and {len(rows) - _MOST_CHANGES} more; Copy gives all", "", ""))
            top.setExpanded(opened.get(title, True))

    def _parts(self, comparison: Comparison | None) -> list[tuple[str, list[Row]]]:
        """What the table shows; parameters even of results that can't be compared."""
        a, b = self.comparer.a, self.comparer.b
        if comparison is not None:
            return _rows(comparison)
        if a is None or b is None:
            return []
        return [("Parameters", [_of_change(c) for c in parameter_changes(a, b)])]


def _tree() -> QTreeWidget:
    tree = QTreeWidget()
    tree.setColumnCount(3)
    tree.setHeaderLabels(["what is different", "A", "B"])
    tree.setTextElideMode(Qt.TextElideMode.ElideMiddle)
    tree.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    tree.setIndentation(12)
    tree.setUniformRowHeights(True)
    tree.setMinimumHeight(150)
    header = tree.header()
    header.setStretchLastSection(False)
    header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
    for column in (1, 2):
        header.setSectionResizeMode(column, QHeaderView.ResizeMode.Interactive)
        header.resizeSection(column, 92)
    return tree


def _rows(comparison: Comparison) -> list[tuple[str, list[Row]]]:
    """The table's parts: titles, and what each row says in its three columns."""
    several = len(comparison.channels) > 1
    largest = [
        (f"{f'{d.name}, ' if several else ''}{what}: {changed:.1%} of voxels, by up to {size:.3g}", "", "")
        for d in comparison.differences
        for what, size, changed in (("target", d.target, d.target_changed), ("weight", d.weight, d.weight_changed))
        if changed > 0
    ]
    for side, names in (("A", comparison.only_a), ("B", comparison.only_b)):
        largest += [(f"only in {side}: {name}", "", "") for name in names]
    found = [
        *((f.message, "–", f.severity) for f in comparison.findings.appeared),
        *((f.message, f.severity, "–") for f in comparison.findings.gone),
    ]
    return [
        ("Parameters", [_of_change(c) for c in comparison.parameters]),
        ("Voxel by voxel", largest),
        ("Statistics", [_of_change(c, several) for c in comparison.statistics]),
        ("Findings", found),
        *([("Notes", [(note, "", "") for note in comparison.notes])] if comparison.notes else []),
    ]


def _of_change(change: Change, channel: bool = False) -> Row:
    if change.is_table:
        return change.describe(), "", ""
    name = f"{change.channel}, {change.name}" if channel else change.name
    return name, format_value(change.a), format_value(change.b)


def _add(top: QTreeWidgetItem, row: Row) -> None:
    item = QTreeWidgetItem(top, list(row))
    full = "\n".join(
        part for part in (row[0], f"A: {row[1]}" if row[1] else "", f"B: {row[2]}" if row[2] else "") if part
    )
    for column in range(3):
        item.setToolTip(column, full)
    if not row[1] and not row[2]:
        item.setFirstColumnSpanned(True)


def _tops(tree: Any) -> list[QTreeWidgetItem]:
    return [tree.topLevelItem(i) for i in range(tree.topLevelItemCount())]
