"""List of findings, the most severe first, and a panel for those of one scope."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QScrollArea, QWidget

from predictor_inspector.core.array import Array
from predictor_inspector.core.text import capitalised, counted, format_error
from predictor_inspector.inspection.findings import Finding
from predictor_inspector.inspection.findings.review import JUDGED, State, Verdict, open_verdict
from predictor_inspector.plugin.forms.layouts import in_column, in_row, refill
from predictor_inspector.plugin.forms.small_widgets import ErrorLabel, ValueCombo, WrappedLabel, scrolling, thin_bar
from predictor_inspector.plugin.live.worker import Job
from predictor_inspector.plugin.model.settings import Settings
from predictor_inspector.plugin.tabs import Tab
from predictor_inspector.plugin.tabs.check.finding_row import FindingGroup, FindingRow, kind_of


class FindingList(QWidget):
    """Findings in groups, of which at most one is open, and what was made of them: the settings' review.

    Two filters choose what is listed, by kind and by state; what is open is listed until another one is opened.
    """

    chosen_changed = Signal(object)  # the `Finding` that was opened, or None
    cure_clicked = Signal(object)  # a `Cure`
    channel_clicked = Signal(str)

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self._settings = settings
        self._groups: list[FindingGroup] = []
        self._wanted: Verdict | None = None
        self._kind = ValueCombo({"": "All kinds"}, "List findings of one kind")
        self._state = ValueCombo({"": "All"}, "List findings of one state; open: neither fine nor to be fixed yet")
        for combo, name in ((self._kind, "kind"), (self._state, "state")):
            combo.setObjectName(f"list {name}")
            combo.chosen.connect(self._filter)
        self._filters, self._counts = QWidget(), WrappedLabel()
        self._filters.setLayout(in_row((self._kind, 3), (self._state, 2)))
        self._counts.setObjectName("review")
        self._layout = in_column(spacing=3)
        self.setLayout(in_column(self._filters, self._counts, self._layout, spacing=3))
        settings.events.review.connect(self._show_review)
        self._show_review()

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All findings, listed, folded or not."""
        return tuple(row.finding for row in self._rows)

    @property
    def listed(self) -> tuple[Finding, ...]:
        """Those that the filters let through, folded or not."""
        return tuple(row.finding for row in self._rows if self._is_listed(row))

    @property
    def chosen(self) -> Finding | None:
        """The finding that is open."""
        return next((row.finding for row in self._rows if row.open), None)

    @property
    def _rows(self) -> list[FindingRow]:
        return [row for group in self._groups for row in group.rows]

    def choose(self, finding: Finding | None) -> None:
        """Open a finding as if it were clicked, which is seen then; None closes the one that is open."""
        self._wanted = None if finding is None else open_verdict(finding)
        self._open(finding)
        if finding is not None:
            with self._settings.together(automatic=True):
                self._settings.review = self._settings.review.see(finding)

    def step(self, by: int) -> None:
        """Open the next finding of those listed, or the one before; from the last or the first one goes nowhere."""
        listed, chosen = self.listed, self.chosen
        here = listed.index(chosen) + by if chosen is not None else (0 if by > 0 else len(listed) - 1)
        if 0 <= here < len(listed):
            self.choose(listed[here])
            row = next(row for row in self._rows if row.open)
            area: Any = self.parentWidget()
            while area is not None and not isinstance(area, QScrollArea):
                area = area.parentWidget()
            if area is not None:
                area.widget().layout().activate()
                area.ensureWidgetVisible(row, 0, 0)

    def judge(self, finding: Finding | None, state: State) -> None:
        """Say that a finding is fine, or to be fixed, in a step of its own; said again, it is only seen. None: nothing."""
        if finding is not None:
            review = self._settings.review
            with self._settings.together():
                self._settings.review = review.judge(finding, "seen" if review.state_of(finding) == state else state)

    def show_findings(self, findings: Sequence[Finding], gt: Array | None, notes: Sequence[str] = ()) -> None:
        """List these, each with a note, in the order of their kinds; what was unfolded or open stays so if it is among them.

        `gt` is all of the ground truth, in whose voxels places are told; needed where there are findings.
        """
        notes = notes or [""] * len(findings)
        if list(self.findings) == list(findings):
            for row, note in zip(self._rows, notes, strict=True):
                row.show_note(note)
            return
        unfolded = {group.kind for group in self._groups if group.unfolded}
        places = ["" if gt is None else finding.where.place(gt) for finding in findings]
        rows = [FindingRow(*each) for each in zip(findings, places, notes, strict=True)]
        for row in rows:
            row.clicked.connect(lambda row=row: self.choose(None if row.open else row.finding))
            row.judged.connect(lambda state, row=row: self.judge(row.finding, state))
            row.cure_clicked.connect(self.cure_clicked)
            row.channel_clicked.connect(self.channel_clicked)
        groups = groupby(rows, lambda row: kind_of(row.finding))
        self._groups = [FindingGroup(list(alike), kind in unfolded) for kind, alike in groups]
        refill(self._layout, self._groups)
        kinds = dict.fromkeys(finding.id for finding in findings)
        kept = self._kind.currentData()
        self._kind.offer({"": "All kinds", **dict(zip(kinds, kinds, strict=True))}, kept if kept in kinds else "")
        self._show_review()
        if self._wanted is not None and findings:
            self._open(_again(self._wanted, findings))

    def _open(self, finding: Finding | None) -> None:
        for row in self._rows:
            row.open = row.finding is finding
        self._filter()
        for group in self._groups:
            for row in group.rows:
                if row.open:
                    group.unfold_for(row)
        self.chosen_changed.emit(finding)

    def _show_review(self) -> None:
        """Show what was made of the findings, and how many are in which state."""
        review, findings = self._settings.review, self.findings
        for row in self._rows:
            row.show_state(review.state_of(row.finding), review.is_new(row.finding))
        counts = {state: sum(_is_in(row, state) for row in self._rows) for state in ("open", "new", *JUDGED)}
        titles = {state: f"{capitalised(state)} ({number:,})" for state, number in counts.items()}
        self._state.offer({"": f"All ({len(findings):,})", **titles}, self._state.currentData())
        self._filters.setVisible(bool(findings))
        told = review.summary(findings)
        self._counts.setText(f"{counted(len(findings), 'finding')}: {told}" if told else "")
        self._counts.setVisible(bool(told))
        self._filter()

    def _filter(self) -> None:
        for group in self._groups:
            group.list_only(self._is_listed)

    def _is_listed(self, row: FindingRow) -> bool:
        kind, state = self._kind.currentData(), self._state.currentData()
        return row.open or (kind in ("", row.finding.id) and (not state or _is_in(row, state)))


class CheckPanel(QWidget):
    """A scope of the tab: what is worked out in the background, how far that is, and what went wrong."""

    def __init__(self, tab: Tab) -> None:
        super().__init__()
        self.context, self._runner = tab.context, tab.new_runner()
        self._bar, self._error, self._summary = thin_bar(), ErrorLabel(), WrappedLabel()
        # No lambdas: PySide6 would keep them, and with them this, as long as the runner.
        self._runner.failed.connect(self._on_failed)

    @property
    def list(self) -> FindingList | None:
        """The list of findings that keys go through; None where there is none."""
        return None

    @property
    def chosen(self) -> Finding | None:
        """The finding that is marked in the viewer."""
        return None if self.list is None else self.list.chosen

    def _name(self, scope: str, *names: str) -> None:
        """Give parts the names by which they are found in the window."""
        for name in names:
            getattr(self, f"_{name}").setObjectName(f"{scope} {name}")

    def _on_failed(self, _job: Job, error: BaseException) -> None:
        self._tell(error)

    def _tell(self, error: BaseException) -> None:
        self._error.show_message(f"{capitalised(format_error(error))}.")


class FindingPanel(CheckPanel):
    """What was found in one scope: a list of findings, and what is clicked in it. The rest of the panel is a subclass's."""

    chosen_changed = Signal(object)  # the `Finding` that is to be marked, or None
    cure_clicked = Signal(object)  # a `Cure`
    channel_clicked = Signal(str)

    def __init__(self, tab: Tab) -> None:
        super().__init__(tab)
        self._list = FindingList(self.context.settings)
        self.list.chosen_changed.connect(self._on_chosen)
        self.list.cure_clicked.connect(self.cure_clicked)
        self.list.channel_clicked.connect(self.channel_clicked)

    @property
    def list(self) -> FindingList:
        """The list of findings."""
        return self._list

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What is listed, folded or not."""
        return self.list.findings

    def _scrolling_list(self, *above: QWidget, below: Sequence[QWidget] = ()) -> QScrollArea:
        """The list, with what scrolls with it."""
        inner = QWidget()
        inner.setLayout(in_column(*above, self.list, *below, None))
        return scrolling(inner)

    def _on_chosen(self, finding: Finding | None) -> None:
        self.chosen_changed.emit(finding)


def _is_in(row: FindingRow, state: str) -> bool:
    """Whether a row is listed by a choice of the filter: a state, ``"new"``, or ``"open"`` for what isn't judged."""
    if state == "new":
        return row.is_new
    return row.state == state or (state == "open" and row.state not in JUDGED)


def _again(wanted: Verdict, findings: Sequence[Finding]) -> Finding | None:
    """What was open, among what is found now: about the same objects, or at the same place; else, without objects, alike."""
    alike = [(f, j) for f, j in zip(findings, map(open_verdict, findings), strict=True) if j.finding == wanted.finding]
    same = (f for f, j in alike if wanted.covers(j) or j.covers(wanted))
    return next(same, None) or (
        None if wanted.ids else next((f for f, j in alike if j.channels == wanted.channels), None)
    )
