"""Findings as rows of a list: one each, those of a kind together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QFrame, QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from predictor_inspector.core.text import counted
from predictor_inspector.inspection.findings import Finding
from predictor_inspector.plugin.forms.small_widgets import wrapping
from predictor_inspector.plugin.layers.colours import SEVERITY_COLOURS

"""Of a white letter's background; each shows on napari's dark and light background alike."""

_LETTERS = {"error": "×", "warning": "!", "info": "i"}

_SHOWN = 2
"""So many remarks of a kind are listed; where there are more, one is, and the others unfold beneath it."""


class FindingRow(QFrame):
    """One finding: its severity, what it is, and when it is open what to do."""

    clicked = Signal(object)

    def __init__(self, finding: Finding, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.finding = finding
        badge = QLabel(_LETTERS[finding.severity])
        badge.setFixedSize(16, 16)
        badge.setAlignment(Qt.AlignmentFlag.AlignCenter)
        colour = SEVERITY_COLOURS[finding.severity]
        badge.setStyleSheet(f"background: {colour}; color: white; border-radius: 8px; font-weight: bold;")
        badge.setAccessibleName(finding.severity)
        badge.setToolTip(finding.severity)
        message, self._advice = wrapping(finding.message), wrapping(f"→ {finding.advice}")
        self._about = wrapping(about(finding))
        self._about.setEnabled(False)
        texts = QVBoxLayout()
        texts.setSpacing(2)
        for label in (message, self._advice, self._about):
            texts.addWidget(label)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(4, 3, 4, 3)
        layout.setSpacing(6)
        layout.addWidget(badge, 0, Qt.AlignmentFlag.AlignTop)
        layout.addLayout(texts, 1)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setToolTip("Click to see where")
        self.setObjectName("finding")
        self.open = False

    @property
    def open(self) -> bool:
        """Whether what to do is said, and where it is shown."""
        return self._open

    @open.setter
    def open(self, open_: bool) -> None:
        self._open = open_
        self._advice.setVisible(open_)
        self._about.setVisible(open_)
        edge = SEVERITY_COLOURS[self.finding.severity] if open_ else "transparent"
        self.setStyleSheet(f"#finding {{ border: 1px solid {edge}; border-radius: 4px; }}")

    def mouseReleaseEvent(self, event: Any) -> None:
        """A click opens or closes it."""
        if event.button() == Qt.MouseButton.LeftButton and self.rect().contains(event.pos()):
            self.clicked.emit(self)


class FindingGroup(QWidget):
    """Findings of one kind and severity. Of many remarks only the first, and a line that unfolds the others."""

    clicked = Signal(object)
    """A `FindingRow`."""

    def __init__(self, findings: Sequence[Finding], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.kind = kind_of(findings[0])
        self.rows = [FindingRow(finding) for finding in findings]
        folds = findings[0].severity == "info" and len(findings) > _SHOWN
        self._others = self.rows[1:] if folds else []
        self._more = QToolButton()
        self._more.setCheckable(True)
        self._more.setAutoRaise(True)
        self._more.setStyleSheet("margin-left: 20px;")  # where the texts begin
        self._more.toggled.connect(self._unfold)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(3)
        for row in self.rows:
            row.clicked.connect(self.clicked)
            layout.addWidget(row)
        layout.insertWidget(1, self._more)
        layout.setAlignment(self._more, Qt.AlignmentFlag.AlignLeft)
        self._more.setVisible(bool(self._others))
        self._unfold(False)

    @property
    def unfolded(self) -> bool:
        """Whether all are listed that are many."""
        return bool(self._more.isChecked())

    @unfolded.setter
    def unfolded(self, unfolded: bool) -> None:
        self._more.setChecked(unfolded and bool(self._others))

    def _unfold(self, unfolded: bool) -> None:
        self._more.setText(f"{'▾' if unfolded else '▸'} {len(self._others)} more of this kind")
        for row in self._others:
            row.setVisible(unfolded)


def grouped(findings: Sequence[Finding]) -> list[list[Finding]]:
    """Findings of a kind together, in the order in which the first of each comes."""
    kinds: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings:
        kinds.setdefault(kind_of(finding), []).append(finding)
    return list(kinds.values())


def kind_of(finding: Finding) -> tuple[str, str]:
    """What findings of a kind have in common."""
    return finding.severity, finding.id


def about(finding: Finding) -> str:
    """Identifier, channels and number of voxels, in a line."""
    channels = f" · {', '.join(finding.channels)}" if finding.channels else ""
    return f"{finding.id}{channels} · {counted(finding.where.voxels, 'voxel')}"
