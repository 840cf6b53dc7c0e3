"""List of findings, the most severe first, each with its cure."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from itertools import groupby
from typing import Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QCursor
from qtpy.QtWidgets import QApplication, QFrame, QLabel, QPushButton, QToolButton, QToolTip, QWidget

from predictor_inspector.core.array import Array
from predictor_inspector.core.text import counted
from predictor_inspector.inspection.findings import Finding, load_checks
from predictor_inspector.plugin.forms.layouts import in_column, in_row, refill
from predictor_inspector.plugin.forms.small_widgets import WrappedLabel
from predictor_inspector.plugin.layers.colours import SEVERITY_COLOURS
from predictor_inspector.plugin.tabs import Tab

_LETTERS = {"error": "×", "warning": "!", "info": "i"}
_SHOWN = 2  # remarks of a kind; where there are more, one is shown, and the others unfold beneath it
_CHANNELS = 6  # that are named
_LINK = SEVERITY_COLOURS["info"]  # can be read on dark and on light, which Qt's own can't
_COPY = "copy"


class FindingRow(QFrame):
    """A finding: severity, message, what it is about, its cure, and how it is checked; when it is open, its advice, too."""

    clicked = Signal()
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
        buttons: list[Any] = [self._show]
        if finding.cure is not None:
            cure = QPushButton(finding.cure.title, objectName="cure", toolTip="Undo takes it back")
            cure.clicked.connect(lambda: self.cure_clicked.emit(finding.cure))
            buttons = [cure, self._show]
        # How it is checked stands above: three buttons in a row are wider than a narrow dock.
        about = in_row((self._about, 1), self._how_button)
        texts = in_column(
            WrappedLabel(finding.message), about, self._advice, in_row(*buttons, None), self._how, spacing=2
        )
        self.setLayout(in_row(in_column(badge, None), (texts, 1), spacing=6))
        self.setContentsMargins(4, 3, 4, 3)
        self.show_note(note)
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
        """Show voxels, channels and identifier, and `note` before them."""
        finding = self.finding
        channels = [_link(f"channel {name}", name) for name in finding.channels[:_CHANNELS]]
        more = len(finding.channels) - _CHANNELS
        named = ", ".join(channels) + (f" and {more} more" if more > 0 else "")
        voxels = f"{escape(note)} {counted(finding.where.voxels, 'voxel')}".strip()
        about = voxels, named, _link(_COPY, finding.id)
        self._about.setText(" · ".join(filter(None, about)))

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
        self.kind, self.rows = _kind(rows[0].finding), rows
        folds = rows[0].finding.severity == "info" and len(rows) > _SHOWN
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
    cure_clicked = Signal(object)  # a `Cure`
    channel_clicked = Signal(str)

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
            row.cure_clicked.connect(self.cure_clicked)
            row.channel_clicked.connect(self.channel_clicked)
        groups = groupby(rows, lambda row: _kind(row.finding))
        self._groups = [FindingGroup(list(alike), kind in unfolded) for kind, alike in groups]
        refill(self._layout, self._groups)
        if self._wanted is not None and findings:
            self.choose(next((f for f in findings if _identity(f) == self._wanted), None))


class FindingPanel(QWidget):
    """What was found in one scope: a list of findings, and what is clicked in it. The rest of the panel is a subclass's."""

    chosen_changed = Signal(object)  # the `Finding` that is to be marked, or None
    cure_clicked = Signal(object)  # a `Cure`
    channel_clicked = Signal(str)

    def __init__(self, tab: Tab) -> None:
        super().__init__()
        self.context, self._runner = tab.context, tab.new_runner()
        self._summary, self._list = WrappedLabel(), FindingList()
        self._list.chosen_changed.connect(self._on_chosen)
        self._list.cure_clicked.connect(self.cure_clicked)
        self._list.channel_clicked.connect(self.channel_clicked)

    @property
    def chosen(self) -> Finding | None:
        """The finding that is open, and marked in the viewer."""
        return self._list.chosen

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What is listed, folded or not."""
        return self._list.findings

    def _on_chosen(self, finding: Finding | None) -> None:
        self.chosen_changed.emit(finding)


def how_checked(kind: str) -> str:
    """What a kind of finding means, and when the checks find it."""
    checks = [check for check in load_checks()[0] if kind in {known.id for known in check.kinds}]
    meanings = [known.meaning for check in checks[:1] for known in check.kinds if known.id == kind]
    return "\n".join([*meanings, *(" ".join(check.when.split()) for check in checks)]).replace("`", "")


def _link(target: str, text: str) -> str:
    return f'<a href="{escape(target)}" style="color: {_LINK}; text-decoration: none;">{escape(text)}</a>'


def _kind(finding: Finding) -> tuple[str, str]:
    return finding.severity, finding.id


def _identity(finding: Finding) -> tuple[str, tuple[str, ...]]:
    return finding.id, finding.channels
