"""`FindingsPanel`: the list of what is wrong, what to do about it, and values that would suit better."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from predictor_inspector.inspection.findings import SEVERITIES, Finding
from predictor_inspector.plugin.forms.small_widgets import scrolling, wrapping
from predictor_inspector.plugin.tabs.findings.checker import Checked
from predictor_inspector.plugin.tabs.findings.rows import FindingGroup, FindingRow, grouped
from predictor_inspector.plugin.tabs.findings.suggestion_list import SuggestionList


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
        self._groups: list[FindingGroup] = []
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
        self._legend = wrapping("")
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
        """What is listed, folded or not."""
        return tuple(row.finding for row in self._rows())

    @property
    def chosen(self) -> Finding | None:
        """The finding that was clicked, as long as it is there."""
        return next((row.finding for row in self._rows() if row.open), None)

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
        for group in self._groups:
            for place, row in enumerate(group.rows):
                row.open = row.finding is finding
                if row.open and place:
                    group.unfolded = True
        self.finding_chosen.emit(finding)

    def show_checked(self, checked: Checked) -> None:
        """List what was found; a finding that was chosen stays so if it is found again."""
        had = self._chosen is not None
        self._fill(checked.findings)
        self._suggestions.show_suggestions(checked.suggestions)
        self._summary.setText(summary_of(checked.findings, checked.slow))
        self._all.setEnabled(not checked.slow)
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

    def _rows(self) -> Iterator[FindingRow]:
        return (row for group in self._groups for row in group.rows)

    def _fill(self, findings: Sequence[Finding]) -> None:
        unfolded = {group.kind for group in self._groups if group.unfolded}
        for group in self._groups:
            self._list.removeWidget(group)
            group.hide()
            group.deleteLater()
        self._groups = [FindingGroup(alike) for alike in grouped(findings)]
        for group in self._groups:
            group.unfolded = group.kind in unfolded
            group.clicked.connect(self._on_clicked)
            self._list.addWidget(group)

    def _on_reasons(self, shown: bool) -> None:
        self._legend.setVisible(shown and bool(self._legend.text()))
        self.reasons_wanted.emit(shown)

    def _on_clicked(self, row: FindingRow) -> None:
        self.choose(None if row.open else row.finding)


def summary_of(findings: Sequence[Finding], slow: bool) -> str:
    """How many findings there are of each severity, in a sentence."""
    if not findings:
        return "Nothing found by any check." if slow else "Nothing found by the quick checks."
    counts = {s: sum(f.severity == s for f in findings) for s in SEVERITIES}
    names = {"error": ("error", "errors"), "warning": ("warning", "warnings"), "info": ("remark", "remarks")}
    return ", ".join(f"{n} {names[s][n != 1]}" for s, n in counts.items() if n)


def _identity(finding: Finding) -> tuple[str, tuple[str, ...]]:
    return finding.id, finding.channels
