"""Table of what is different between two results."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QHeaderView, QTreeWidgetItem

from predictor_inspector.core.text import format_value
from predictor_inspector.inspection.comparison import Comparison
from predictor_inspector.inspection.comparison.changes import Change
from predictor_inspector.plugin.forms.layouts import TreeTable

Row = tuple[str, str, str]  # what is different, and its values in A and in B; without values it takes their room

_MOST = 60  # rows of a part: more than anyone reads would only slow the dock down


class DifferenceTable(TreeTable):
    """Parameters, values, statistics and findings that differ, in parts that can be folded."""

    def __init__(self) -> None:
        super().__init__(("what is different", "A", "B"), wide=0, indentation=12, minimumHeight=150)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        for column in (1, 2):
            self.header().setSectionResizeMode(column, QHeaderView.ResizeMode.Interactive)
            self.header().resizeSection(column, 92)

    def show_comparison(self, comparison: Comparison | None, parameters: Sequence[Change]) -> None:
        """Show what is different; only the parameters where there is no comparison."""
        if comparison is not None:
            parts = _parts(comparison)
        else:
            parts = {"Parameters": [_changed(change) for change in parameters]} if parameters else {}
        opened = {item.text(0).partition(" (")[0]: item.isExpanded() for item in self.top_items}
        self.clear()
        for title, rows in parts.items():
            top = QTreeWidgetItem(self, [f"{title} ({len(rows)})" if rows else f"{title}: no change"])
            top.setFirstColumnSpanned(True)
            more = [(f"… and {len(rows) - _MOST} more; Copy gives all", "", "")] if len(rows) > _MOST else []
            for name, a, b in (*rows[:_MOST], *more):
                item = QTreeWidgetItem(top, [name, a, b])
                item.setFirstColumnSpanned(not a and not b)
                for column in range(3):
                    item.setToolTip(column, f"{name}\nA: {a}\nB: {b}" if a or b else name)
            top.setExpanded(opened.get(title, True))


def _parts(comparison: Comparison) -> dict[str, list[Row]]:
    several = len(comparison.channels) > 1
    values = [
        (f"{f'{d.name}, ' if several else ''}{what}: {changed:.1%} of voxels, by up to {size:.3g}", "", "")
        for d in comparison.differences
        for what, size, changed in (("target", d.target, d.target_changed), ("weight", d.weight, d.weight_changed))
        if changed > 0
    ]
    for side, names in (("A", comparison.only_a), ("B", comparison.only_b)):
        values += [(f"only in {side}: {name}", "", "") for name in names]
    parts = {
        "Parameters": [_changed(change) for change in comparison.parameters],
        "Voxel by voxel": values,
        "Statistics": [_changed(change, several) for change in comparison.statistics],
        "Findings": [
            *((f.message, "–", f.severity) for f in comparison.findings.appeared),
            *((f.message, f.severity, "–") for f in comparison.findings.gone),
        ],
    }
    return {**parts, **({"Notes": [(note, "", "") for note in comparison.notes]} if comparison.notes else {})}


def _changed(change: Change, channel: bool = False) -> Row:
    if change.is_table:
        return change.describe(), "", ""
    name = f"{change.channel}, {change.name}" if channel else change.name
    return name, format_value(change.a), format_value(change.b)
