"""Findings in the region shown: what is wrong, where, and better parameters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
import torch
from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QPushButton

from predictor_inspector.core.array import Array
from predictor_inspector.core.text import capitalised, counted, format_error
from predictor_inspector.inspection import Inspection
from predictor_inspector.inspection.findings import SEVERITIES, Finding, Subject, find_in, load_checks
from predictor_inspector.inspection.findings.suggestions import Suggestion, suggest_for
from predictor_inspector.inspection.findings.weights import REASONS, zero_weight_reasons
from predictor_inspector.plugin.forms.layouts import in_column, in_row
from predictor_inspector.plugin.forms.small_widgets import WrappedLabel
from predictor_inspector.plugin.layers.colours import REASON_COLOURS
from predictor_inspector.plugin.layers.labels import ZeroWeightLayer
from predictor_inspector.plugin.live.worker import Job
from predictor_inspector.plugin.tabs import Tab
from predictor_inspector.plugin.tabs.check.finding_list import FindingPanel
from predictor_inspector.plugin.tabs.check.judged_elsewhere import JudgedElsewhere
from predictor_inspector.plugin.tabs.check.suggestion_list import SuggestionList

_REST = 250  # milliseconds without a result before quick checks run: nobody reads a list that changes all the time
_LIVE_VALUES = 1 << 24  # values of a target up to which quick checks run by themselves

_NOTHING = "What is wrong with targets and weights is listed here once there are some."
_LARGE = "A large region: press Run slow checks to look for what is wrong."
_ON_DISK = "These results are too large for memory. Pin a smaller box to check it, or survey many small regions."


@dataclass(frozen=True, eq=False)
class _Checked:
    """What checks found in an inspection, and a sentence for each check that can't be loaded or failed."""

    findings: tuple[Finding, ...] = ()
    suggestions: tuple[Suggestion, ...] = ()
    reasons: Array | None = None
    slow: bool = False
    failures: Sequence[str] = ()


class RegionFindings(FindingPanel):
    """Findings, the most severe first; beneath them suggestions. Quick checks run with every result."""

    counted = Signal(int)  # how many errors and warnings there are

    def __init__(self, tab: Tab) -> None:
        super().__init__(tab)
        self._tab = tab
        self._inspection: Inspection | None = None
        self._reasons: Array | None = None
        self._checked: _Checked | None = None  # of the inspection shown
        self._unlisted: _Checked | None = None  # what waits to be listed until the tab is in front
        self._zero_weight = ZeroWeightLayer(tab.context.layers)
        self._legend, self._failures = WrappedLabel(), WrappedLabel()
        self._runner.finished.connect(self._on_checked)
        self._runner.stepped.connect(self._on_step)
        self._rest = tab.new_timer(_REST, self._check)
        tab.context.settings.events.review.connect(self._on_review)
        self._legend.setTextFormat(Qt.TextFormat.RichText)
        self._show_reasons = QPushButton("Show zero-weight voxels", checkable=True)
        self._show_reasons.setToolTip("Show which values have no weight, and why, as a layer")
        self._show_reasons.toggled.connect(self.update_reasons)
        self._all = QPushButton(
            "Run slow checks", toolTip="Run those checks too that take long: is the context enough?"
        )
        self._all.clicked.connect(self.check_all)
        self._suggestions = SuggestionList()
        self._suggestions.cure_clicked.connect(self.cure_clicked)
        self._name("check", "summary", "legend", "failures", "all")
        self._elsewhere = JudgedElsewhere(tab.context)
        found = self._scrolling_list(self._failures, below=(self._elsewhere, self._suggestions))
        buttons = in_row((self._show_reasons, 1), (self._all, 1))
        self.setLayout(in_column(self._summary, buttons, self._legend, (found, 1)))
        self.on_outdated()

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What is listed, folded or not."""
        self.fill()
        return self.list.findings

    @property
    def summary(self) -> str:
        """The sentence above the list."""
        return str(self._summary.text())

    def choose(self, finding: Finding | None) -> None:
        """Open a finding, and mark it in the viewer; None closes the one that is open."""
        self.fill()
        self.list.choose(finding)

    @property
    def shows_reasons(self) -> bool:
        """Whether a layer shows which values have no weight, and why."""
        return bool(self._show_reasons.isChecked())

    @shows_reasons.setter
    def shows_reasons(self, shown: bool) -> None:
        self._show_reasons.setChecked(shown)

    def check_all(self) -> None:
        """Run all checks now, slow ones too."""
        self._rest.stop()
        if self._inspection is not None and not isinstance(self._inspection.target.data, torch.Tensor):
            self._show_nothing(_ON_DISK)
        else:
            self._check(slow=True)

    def on_shown(self, inspection: Inspection) -> None:
        """Check this inspection once no newer one comes, unless it is large."""
        self._inspection = inspection
        self._runner.cancel()
        if prod(inspection.target.shape) > _LIVE_VALUES:
            self._rest.stop()
            self._show_nothing(_LARGE)
        else:
            self._rest.start()

    def on_outdated(self) -> None:
        self._rest.stop()
        self._runner.cancel()
        self._inspection = None
        self._show_nothing(_NOTHING)
        self._all.setEnabled(False)

    def _check(self, slow: bool = False) -> None:
        inspection = self._inspection
        if inspection is None:
            return

        def work(step: Any) -> _Checked:
            # What one check derives from the inspection, the others share.
            subject, failures = Subject(inspection, step), list(load_checks()[1])
            found = find_in(subject, slow, failures=failures)
            return _Checked(found, suggest_for(subject), zero_weight_reasons(subject), slow, failures)

        self._runner.submit(Job(work, inspection))

    def _on_step(self, step: str, _fraction: float) -> None:
        if self._inspection is not None:
            self._summary.setText(f"Looking at {step} …")

    def _on_checked(self, job: Job, checked: _Checked) -> None:
        if job.about is self._inspection:
            self._checked = checked
            self._show(checked)
            self._on_review()

    def _on_failed(self, job: Job, error: BaseException) -> None:
        if job.about is self._inspection:
            self._show_nothing(f"The checks failed: {format_error(error)}")

    def _show_nothing(self, why: str) -> None:
        """List and mark no findings, and say why."""
        self._checked = None
        self._show(_Checked())
        self.chosen_changed.emit(None)
        self._summary.setText(why)
        self._on_review()

    def _on_review(self) -> None:
        """Tell others what was found, but for what is fine."""
        review, checked = self.context.settings.review, self._checked
        found = None if checked is None else review.remaining(checked.findings)
        self.context.derived.findings = found
        self.counted.emit(sum(finding.severity != "info" for finding in found or ()))
        self._elsewhere.show_judged(() if checked is None else review.elsewhere(checked.findings))

    def _show(self, checked: _Checked) -> None:
        self._reasons, self._unlisted = checked.reasons, checked
        if self._tab.in_front:
            self.fill()
        self._all.setEnabled(not checked.slow)
        self.update_reasons()
        counts = {s: sum(f.severity == s for f in checked.findings) for s in SEVERITIES}
        told = [counted(n, "remark" if s == "info" else s) for s, n in counts.items() if n]
        nothing = f"Nothing found by {'any check' if checked.slow else 'the quick checks'}."
        self._summary.setText(", ".join(told) or nothing)

    def fill(self) -> None:
        """List what was found since the tab was last in front."""
        checked, self._unlisted = self._unlisted, None
        if checked is not None:
            self.list.show_findings(checked.findings, self.context.settings.gt)
            self._suggestions.show_suggestions(checked.suggestions)
            self._failures.setText("\n".join(map(capitalised, checked.failures)))
            self._failures.setVisible(bool(checked.failures))

    def update_reasons(self) -> None:
        """Show why values have weight 0, if that is wanted and the tab is in front."""
        if not self._tab.in_front:
            self._zero_weight.remove()
            return
        reasons, place = self._reasons if self.shows_reasons else None, self.context.controller.place
        self._legend.setVisible(reasons is not None)
        if reasons is None or place is None:
            self._zero_weight.hide()
            return
        self._zero_weight.show(reasons, place)
        found = [int(code) for code in np.unique(reasons.numpy()) if code]
        legend = [f'<span style="color: {REASON_COLOURS[code]}">■</span> {REASONS[code]}' for code in found]
        self._legend.setText(" &nbsp; ".join(legend) or "Every value has weight.")
