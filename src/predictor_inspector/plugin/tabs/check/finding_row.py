"""A finding in a list, its cure and what was made of it; and those of one kind."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from typing import Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QCursor
from qtpy.QtWidgets import QApplication, QFrame, QLabel, QPushButton, QToolButton, QToolTip, QWidget

from predictor_inspector.core.text import counted
from predictor_inspector.inspection.findings import Finding, load_checks
from predictor_inspector.inspection.findings.review import State
from predictor_inspector.plugin.forms.layouts import in_column, in_row
from predictor_inspector.plugin.forms.small_widgets import WrappedLabel
from predictor_inspector.plugin.layers.colours import SEVERITY_COLOURS

_LETTERS = {"error": "×", "warning": "!", "info": "i"}
_SHOWN = 2  # remarks of a kind; where there are more, one is shown, and the others unfold beneath it
_CHANNELS = 6  # that are named
_LINK = SEVERITY_COLOURS["info"]  # can be read on dark and on light, which Qt's own can't
_COPY = "copy"
_MARKS = {  # what a person can make of a finding: a button's text, what it means, its colour
    "fine": ("✓", "Fine: no mistake (G)", "#3f8f5a"),
    "to fix": ("⚑", "To fix: a mistake (N)", SEVERITY_COLOURS["warning"]),
}


class FindingRow(QFrame):
    """A finding: severity, message, what it is about, its cure, and how it is checked; when it is open, its advice, too.

    Beneath the severity are buttons for what a person makes of it.
    """

    clicked = Signal()
    judged = Signal(str)  # the state whose button was clicked
    cure_clicked = Signal(object)
    channel_clicked = Signal(str)

    def __init__(self, finding: Finding, place: str, note: str) -> None:
        super().__init__(objectName="finding")
        self.finding = finding
        badge = QLabel(_LETTERS[finding.severity], alignment=Qt.AlignmentFlag.AlignCenter)
        badge.setFixedSize(16, 16)
        colour = SEVERITY_COLOURS[finding.severity]
        badge.setStyleSheet(f"background: {colour}; color: white; border-radius: 8px; font-weight: bold;")
        badge.setAccessibleName(finding.severity)
        badge.setToolTip(finding.severity)
        self._marks = {state: _mark(*words) for state, words in _MARKS.items()}
        for state, mark in self._marks.items():
            mark.setObjectName(f"mark {state}")
            mark.clicked.connect(lambda _checked, state=state: self.judged.emit(state))
        self.state: State = "open"  # set by `show_state`, as is the next
        self.is_new = False
        self._note = note
        self._message = WrappedLabel(finding.message)
        self._about, self._advice, self._how = WrappedLabel(), WrappedLabel(f"→ {finding.advice}"), WrappedLabel()
        self._about.setTextFormat(Qt.TextFormat.RichText)
        self._about.setTextInteractionFlags(Qt.TextInteractionFlag.LinksAccessibleByMouse)
        self._about.setObjectName("about finding")
        self._about.linkActivated.connect(self._on_link)
        self._how.setEnabled(False)
        self._show = QPushButton("Show", objectName="show", checkable=True, toolTip=f"Go to {place} and mark them")
        self._show.clicked.connect(self.clicked)
        self._how_button = QToolButton(objectName="how", checkable=True, autoRaise=True)
        self._how_button.toggled.connect(self._show_how)
        about, buttons = in_row((self._about, 1)), in_row(self._show, None, self._how_button)
        if finding.cure is not None:
            cure = QPushButton(finding.cure.title, objectName="cure", toolTip="Undo takes it back")
            cure.clicked.connect(lambda: self.cure_clicked.emit(finding.cure))
            # Three buttons in a row are wider than a narrow dock.
            about, buttons = in_row((self._about, 1), self._how_button), in_row(cure, self._show, None)
        texts = in_column(self._message, about, self._advice, buttons, self._how, spacing=2)
        marks = in_column(badge, *self._marks.values(), None, spacing=3)
        self.setLayout(in_row(marks, (texts, 1), spacing=6))
        self.setContentsMargins(4, 3, 4, 3)
        self.show_state("open", False)
        self._show_how(False)
        self.open = False

    @property
    def open(self) -> bool:
        """Whether it is marked on the canvas."""
        return self._open

    @open.setter
    def open(self, open_: bool) -> None:
        self._open = open_
        self._show.setChecked(open_)
        # Where a button does it, or nothing is wrong, nobody needs to be told.
        self._advice.setVisible(open_ or (self.finding.cure is None and self.finding.severity != "info"))
        edge = SEVERITY_COLOURS[self.finding.severity] if open_ else "transparent"
        self.setStyleSheet(f"#finding {{ border: 1px solid {edge}; border-radius: 4px; }}")

    def mouseReleaseEvent(self, event: Any) -> None:
        """A click anywhere opens or closes it."""
        if event.button() == Qt.MouseButton.LeftButton and self.rect().contains(event.pos()):
            self.clicked.emit()

    def show_note(self, note: str) -> None:
        """Show this before the number of voxels."""
        self._note = note
        self._show_about()

    def show_state(self, state: State, is_new: bool) -> None:
        """Show what was made of it, and whether it is new; what is fine is dimmed."""
        self.state, self.is_new = state, is_new
        for known, mark in self._marks.items():
            mark.setChecked(known == state)
        self._message.setEnabled(state != "fine")
        self._show_about()

    def _show_about(self) -> None:
        """Show state, voxels, channels and identifier."""
        finding = self.finding
        channels = [_link(f"channel {name}", name) for name in finding.channels[:_CHANNELS]]
        more = len(finding.channels) - _CHANNELS
        named = ", ".join(channels) + (f" and {more} more" if more > 0 else "")
        voxels = f"{escape(self._note)} {counted(finding.where.voxels, 'voxel')}".strip()
        states = ("<b>new</b>" if self.is_new else "", "seen" if self.state == "seen" else "")
        self._about.setText(" · ".join(filter(None, (*states, voxels, named, _link(_COPY, finding.id)))))

    def _show_how(self, shown: bool) -> None:
        self._how_button.setText(f"{'▾' if shown else '▸'} how it is checked")
        if shown and not self._how.text():
            self._how.setText(how_checked(self.finding.id))
        self._how.setVisible(shown)

    def _on_link(self, link: str) -> None:
        if link == _COPY:
            QApplication.clipboard().setText(self.finding.id)
            QToolTip.showText(QCursor.pos(), "copied", self)
        else:
            self.channel_clicked.emit(link.split(" ", 1)[1])


class FindingGroup(QWidget):
    """Findings of one kind and severity. Of many remarks only the first is shown; a button unfolds the others."""

    def __init__(self, rows: Sequence[FindingRow], unfolded: bool) -> None:
        super().__init__()
        self.kind, self.rows = kind_of(rows[0].finding), rows
        self._wanted = rows  # which of them are listed
        self._more = QToolButton(objectName="more", checkable=True, autoRaise=True, checked=unfolded)
        self._more.setStyleSheet("margin-left: 24px;")  # where the texts begin
        self._more.toggled.connect(self._arrange)
        self._column = in_column(*self.rows, spacing=3)
        self.setLayout(self._column)
        self._arrange()

    @property
    def unfolded(self) -> bool:
        """Whether all of many remarks are shown."""
        return bool(self._more.isChecked())

    def unfold_for(self, row: FindingRow) -> None:
        """Show a row that may be folded away."""
        if row in self._folded:
            self._more.setChecked(True)

    def list_only(self, wanted: Callable[[FindingRow], bool]) -> None:
        """List those rows for which `wanted` is true."""
        self._wanted = [row for row in self.rows if wanted(row)]
        self._arrange()

    @property
    def _folded(self) -> Sequence[FindingRow]:
        folds = self.rows[0].finding.severity == "info" and len(self._wanted) > _SHOWN
        return self._wanted[1:] if folds else []

    def _arrange(self) -> None:
        folded = self._folded
        self._more.setText(f"{'▾' if self.unfolded else '▸'} {len(folded)} more of this kind")
        if folded:
            beneath = self.rows.index(self._wanted[0]) + 1
            self._column.insertWidget(beneath, self._more, 0, Qt.AlignmentFlag.AlignLeft)
        self._more.setVisible(bool(folded))
        for row in self.rows:
            row.setVisible(row in self._wanted and (self.unfolded or row not in folded))
        self.setVisible(bool(self._wanted))


def how_checked(kind: str) -> str:
    """What a kind of finding means, and when the checks find it."""
    checks = [check for check in load_checks()[0] if kind in {known.id for known in check.kinds}]
    meanings = [known.meaning for check in checks[:1] for known in check.kinds if known.id == kind]
    return "\n".join([*meanings, *(" ".join(check.when.split()) for check in checks)]).replace("`", "")


def _link(target: str, text: str) -> str:
    return f'<a href="{escape(target)}" style="color: {_LINK}; text-decoration: none;">{escape(text)}</a>'


def kind_of(finding: Finding) -> tuple[str, str]:
    """What findings of one group have in common."""
    return finding.severity, finding.id


def _mark(text: str, tool_tip: str, colour: str) -> QToolButton:
    button = QToolButton(text=text, toolTip=tool_tip, accessibleName=tool_tip, checkable=True, autoRaise=True)
    button.setFixedSize(18, 18)
    button.setStyleSheet(
        "QToolButton { padding: 0; border: none; border-radius: 4px; background: transparent; }"
        f"QToolButton:checked {{ background: {colour}; color: white; }}"
    )
    return button
