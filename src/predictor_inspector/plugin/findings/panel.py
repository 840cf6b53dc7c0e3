"""`FindingsPanel`: the list of what is wrong, what to do about it, and values that would suit better."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from predictor_inspector.inspection.findings import SEVERITIES, Finding
from predictor_inspector.inspection.suggestions import Suggestion
from predictor_inspector.plugin.findings.checker import Checked
from predictor_inspector.plugin.form import readable
from predictor_inspector.plugin.small_widgets import scrolling

SEVERITY_COLOURS = {"error": "#d63a34", "warning": "#b86e00", "info": "#2f7fc1"}
"""Of a white letter's background; each shows on napari's dark and light background alike."""

_LETTERS = {"error": "×", "warning": "!", "info": "i"}


class FindingsPanel(QWidget):
    """Findings, the most severe first, with what to do about each; beneath them suggestions with a button each.

    `finding_chosen` is emitted with a `Finding` when it is clicked, and with None when it is clicked again;
    `check_asked` when all checks are asked for; `suggestion_taken` with a `Suggestion`; `suggestion_undone` when the last
    one is to be taken back; `reasons_wanted` when a layer with the reasons for weight 0 is to be shown, or no longer.
    """

    finding_chosen = Signal(object)
    check_asked = Signal()
    suggestion_taken = Signal(object)
    suggestion_undone = Signal()
    reasons_wanted = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows: list[FindingRow] = []
        self._chosen: tuple[str, tuple[str, ...]] | None = None
        self._summary = QLabel()
        self._summary.setWordWrap(True)
        self._all = QPushButton("Check all")
        self._all.setToolTip("Run the checks that take their time too: is the context enough?")
        self._all.clicked.connect(lambda _c=False: self.check_asked.emit())
        head = QHBoxLayout()
        head.addWidget(self._summary, 1)
        self._reasons = QPushButton("Weight 0")
        self._reasons.setCheckable(True)
        self._reasons.setToolTip("Show which values have no weight, and why, as a layer")
        self._reasons.toggled.connect(self._on_reasons)
        self._legend = _wrapping("")
        self._legend.setTextFormat(Qt.TextFormat.RichText)
        head.addWidget(self._reasons)
        head.addWidget(self._all)
        self._list = QVBoxLayout()
        self._list.setSpacing(3)
        self._suggestions = SuggestionList()
        self._suggestions.taken.connect(self.suggestion_taken)
        self._suggestions.undone.connect(self.suggestion_undone)
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(self._list)
        column.addWidget(self._suggestions)
        column.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(head)
        layout.addWidget(self._legend)
        layout.addWidget(scrolling(inner), 1)
        self._legend.hide()
        self.clear()

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What is listed."""
        return tuple(row.finding for row in self._rows)

    @property
    def chosen(self) -> Finding | None:
        """The finding that was clicked, as long as it is there."""
        return next((row.finding for row in self._rows if row.open), None)

    @property
    def summary(self) -> str:
        """The sentence above the list."""
        return str(self._summary.text())

    @property
    def shows_reasons(self) -> bool:
        """Whether the reasons for weight 0 are to be shown."""
        return bool(self._reasons.isChecked())

    @shows_reasons.setter
    def shows_reasons(self, shown: bool) -> None:
        self._reasons.setChecked(shown)

    def explain_colours(self, colours: Mapping[str, str]) -> None:
        """Say what the colours of the reasons mean."""
        self._legend.setText(
            " &nbsp; ".join(f'<span style="color: {c}">■</span> {name}' for name, c in colours.items())
        )
        self._legend.setVisible(bool(colours) and self.shows_reasons)

    def choose(self, finding: Finding | None) -> None:
        """As if it were clicked; None closes what is open."""
        self._chosen = None if finding is None else _identity(finding)
        for row in self._rows:
            row.open = row.finding is finding
        self.finding_chosen.emit(finding)

    def show_checked(self, checked: Checked) -> None:
        """List what was found; a finding that was chosen stays so if it is found again."""
        had = self._chosen is not None
        self._fill(checked.findings)
        self._suggestions.show_suggestions(checked.suggestions)
        self._summary.setText(summary_of(checked.findings, checked.costly))
        self._all.setEnabled(not checked.costly)
        if had:
            self.choose(next((f for f in checked.findings if _identity(f) == self._chosen), None))

    def show_looking(self, step: str = "", _fraction: float = 0.0) -> None:
        """Say that findings are being looked for."""
        self._summary.setText(f"Looking at {step} …" if step else "Looking …")

    def show_waiting(self) -> None:
        """Say that the region is too large for checks that run by themselves."""
        self._fill(())
        self._suggestions.show_suggestions(())
        self._summary.setText("A large region: press Check all to look for what is wrong.")
        self._all.setEnabled(True)

    def show_failure(self, text: str) -> None:
        """Say why nothing could be found out."""
        self._fill(())
        self._summary.setText(text)
        self._all.setEnabled(True)

    def clear(self) -> None:
        """There is nothing to look at."""
        self._fill(())
        self._suggestions.show_suggestions(())
        self._summary.setText("What is wrong with targets and weights is listed here once there are some.")
        self._all.setEnabled(False)

    def _fill(self, findings: Sequence[Finding]) -> None:
        for row in self._rows:
            self._list.removeWidget(row)
            row.hide()
            row.deleteLater()
        self._rows = [FindingRow(finding) for finding in findings]
        for row in self._rows:
            row.clicked.connect(self._on_clicked)
            self._list.addWidget(row)

    def _on_reasons(self, shown: bool) -> None:
        self._legend.setVisible(shown and bool(self._legend.text()))
        self.reasons_wanted.emit(shown)

    def _on_clicked(self, row: FindingRow) -> None:
        self.choose(None if row.open else row.finding)


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
        message, self._advice = _wrapping(finding.message), _wrapping(f"→ {finding.advice}")
        self._about = _wrapping(about(finding))
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


class SuggestionList(QWidget):
    """Suggestions, each with its reason and a button that applies it; the last one applied can be taken back."""

    taken = Signal(object)
    undone = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._title = QLabel("Suggestions")
        self._rows = QVBoxLayout()
        self._undo = QPushButton("Undo")
        self._undo.clicked.connect(lambda _c=False: self._on_undo())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 6, 0, 0)
        layout.addWidget(self._title)
        layout.addLayout(self._rows)
        layout.addWidget(self._undo, 0, Qt.AlignmentFlag.AlignLeft)
        self._shown: list[QWidget] = []
        self._undo.hide()
        self.hide()

    def show_suggestions(self, suggestions: Sequence[Suggestion]) -> None:
        """List them."""
        for row in self._shown:
            self._rows.removeWidget(row)
            row.hide()
            row.deleteLater()
        self._shown = [self._row(s) for s in suggestions]
        for row in self._shown:
            self._rows.addWidget(row)
        self._title.setVisible(bool(suggestions))
        self.setVisible(bool(suggestions) or not self._undo.isHidden())

    def _row(self, suggestion: Suggestion) -> QWidget:
        row = QWidget()
        layout = QHBoxLayout(row)
        layout.setContentsMargins(4, 2, 4, 2)
        texts = QVBoxLayout()
        texts.setSpacing(2)
        value = _wrapping(f"{readable(suggestion.parameter)}: {value_text(suggestion.value)}")
        font = value.font()
        font.setBold(True)
        value.setFont(font)
        texts.addWidget(value)
        texts.addWidget(_wrapping(suggestion.reason))
        layout.addLayout(texts, 1)
        button = QPushButton("Apply")
        button.setToolTip(f"Set {suggestion.parameter} to {suggestion.value}")
        button.clicked.connect(lambda _c=False: self._on_apply(suggestion))
        layout.addWidget(button, 0, Qt.AlignmentFlag.AlignTop)
        return row

    def _on_apply(self, suggestion: Suggestion) -> None:
        self._undo.setText(f"Undo the change of {suggestion.parameter}")
        self._undo.show()
        self.taken.emit(suggestion)

    def _on_undo(self) -> None:
        self._undo.hide()
        self.setVisible(bool(self._shown))
        self.undone.emit()


def value_text(value: Any) -> str:
    """A parameter's value in a line: offsets side by side, numbers without trailing zeros."""
    if isinstance(value, (list, tuple)):
        inner = ", ".join(value_text(v) for v in value)
        return f"({inner})" if value and not isinstance(value[0], (list, tuple)) else inner
    return f"{value:g}" if isinstance(value, float) else str(value)


def summary_of(findings: Sequence[Finding], costly: bool) -> str:
    """How many findings there are of each severity, in a sentence."""
    if not findings:
        return "Nothing found by any check." if costly else "Nothing found by the quick checks."
    counts = {s: sum(f.severity == s for f in findings) for s in SEVERITIES}
    names = {"error": ("error", "errors"), "warning": ("warning", "warnings"), "info": ("remark", "remarks")}
    return ", ".join(f"{n} {names[s][n != 1]}" for s, n in counts.items() if n)


def about(finding: Finding) -> str:
    """Identifier, channels and number of voxels, in a line."""
    channels = f" · {', '.join(finding.channels)}" if finding.channels else ""
    voxels = finding.where.voxels
    return f"{finding.id}{channels} · {voxels:,} voxel{'s' * (voxels != 1)}"


def _identity(finding: Finding) -> tuple[str, tuple[str, ...]]:
    return finding.id, finding.channels


def _wrapping(text: str) -> QLabel:
    label = QLabel(text)
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
    return label
