"""List of findings: the most severe first, those of a kind together, one open at a time."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QFrame, QLabel, QToolButton, QWidget

from predictor_inspector.core.text import counted
from predictor_inspector.inspection.findings import Finding
from predictor_inspector.plugin.forms.layouts import in_column, in_row, refill
from predictor_inspector.plugin.forms.small_widgets import wrapping
from predictor_inspector.plugin.layers.colours import SEVERITY_COLOURS

_LETTERS = {"error": "×", "warning": "!", "info": "i"}
_SHOWN = 2  # remarks of a kind; where there are more, one is shown, and the others unfold beneath it


class FindingRow(QFrame):
    """A finding: its severity and message; when it is open, its advice, too."""

    clicked = Signal()

    def __init__(self, finding: Finding) -> None:
        super().__init__()
        self.finding = finding
        badge = QLabel(_LETTERS[finding.severity], alignment=Qt.AlignmentFlag.AlignCenter)
        badge.setFixedSize(16, 16)
        colour = SEVERITY_COLOURS[finding.severity]
        badge.setStyleSheet(f"background: {colour}; color: white; border-radius: 8px; font-weight: bold;")
        badge.setAccessibleName(finding.severity)
        badge.setToolTip(finding.severity)
        about = (finding.id, ", ".join(finding.channels), counted(finding.where.voxels, "voxel"))
        self._details = wrapping(f"→ {finding.advice}"), wrapping(" · ".join(filter(None, about)))
        self._details[1].setEnabled(False)
        texts = in_column(wrapping(finding.message), *self._details, spacing=2)
        self.setLayout(in_row(in_column(badge, None), (texts, 1), spacing=6))
        self.setContentsMargins(4, 3, 4, 3)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setToolTip("Click to see where")
        self.setObjectName("finding")
        self.open = False

    @property
    def open(self) -> bool:
        """Whether the advice is shown."""
        return self._open

    @open.setter
    def open(self, open_: bool) -> None:
        self._open = open_
        for label in self._details:
            label.setVisible(open_)
        edge = SEVERITY_COLOURS[self.finding.severity] if open_ else "transparent"
        self.setStyleSheet(f"#finding {{ border: 1px solid {edge}; border-radius: 4px; }}")

    def mouseReleaseEvent(self, event: Any) -> None:
        """A click opens or closes it."""
        if event.button() == Qt.MouseButton.LeftButton and self.rect().contains(event.pos()):
            self.clicked.emit()


class FindingGroup(QWidget):
    """Findings of one kind and severity. Of many remarks only the first is shown; a button unfolds the others."""

    def __init__(self, findings: Sequence[Finding], unfolded: bool) -> None:
        super().__init__()
        self.kind = _kind(findings[0])
        self.rows = [FindingRow(finding) for finding in findings]
        folds = findings[0].severity == "info" and len(findings) > _SHOWN
        self._others = self.rows[1:] if folds else []
        self._more = QToolButton(objectName="more", checkable=True, autoRaise=True)
        self._more.setStyleSheet("margin-left: 20px;")  # where the texts begin
        self._more.toggled.connect(self._unfold)
        self.setLayout(in_column(self.rows[0], in_row(self._more, None), *self.rows[1:], spacing=3))
        self._more.setVisible(folds)
        self._unfold(False)
        self.unfolded = unfolded

    @property
    def unfolded(self) -> bool:
        """Whether all of many remarks are shown."""
        return bool(self._more.isChecked())

    @unfolded.setter
    def unfolded(self, unfolded: bool) -> None:
        self._more.setChecked(unfolded and bool(self._others))

    def _unfold(self, unfolded: bool) -> None:
        self._more.setText(f"{'▾' if unfolded else '▸'} {len(self._others)} more of this kind")
        for row in self._others:
            row.setVisible(unfolded)


class FindingList(QWidget):
    """Findings in groups; at most one is open."""

    chosen_changed = Signal(object)  # the `Finding` that was opened, or None

    def __init__(self) -> None:
        super().__init__()
        self._groups: list[FindingGroup] = []
        self._wanted: tuple[str, tuple[str, ...]] | None = None
        self._layout = in_column(spacing=3)
        self.setLayout(self._layout)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All findings, folded or not."""
        return tuple(row.finding for row in self._rows)

    @property
    def chosen(self) -> Finding | None:
        """The finding that is open."""
        return next((row.finding for row in self._rows if row.open), None)

    @property
    def _rows(self) -> list[FindingRow]:
        return [row for group in self._groups for row in group.rows]

    def choose(self, finding: Finding | None) -> None:
        """Open a finding as if it were clicked; None closes the one that is open."""
        self._wanted = None if finding is None else _identity(finding)
        for group in self._groups:
            for row in group.rows:
                row.open = row.finding is finding
            group.unfolded = group.unfolded or any(row.open for row in group.rows[1:])
        self.chosen_changed.emit(finding)

    def show_findings(self, findings: Sequence[Finding]) -> None:
        """List these, in the order of their kinds; what was unfolded or open stays so if it is among them."""
        unfolded = {group.kind for group in self._groups if group.unfolded}
        self._groups = [FindingGroup(list(alike), kind in unfolded) for kind, alike in groupby(findings, _kind)]
        for row in self._rows:
            row.clicked.connect(lambda row=row: self.choose(None if row.open else row.finding))
        refill(self._layout, self._groups)
        if self._wanted is not None and findings:
            self.choose(next((f for f in findings if _identity(f) == self._wanted), None))


def _kind(finding: Finding) -> tuple[str, str]:
    return finding.severity, finding.id


def _identity(finding: Finding) -> tuple[str, tuple[str, ...]]:
    return finding.id, finding.channels
