"""`Tools`: what else the dock can do with the inspection shown, a tab each, fed by the live loop."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from qtpy.QtCore import QObject, Signal
from qtpy.QtWidgets import QWidget

from predictor_inspector.core.channels import Channel
from predictor_inspector.inspection import Inspection
from predictor_inspector.inspection.findings import Finding, find_quickly
from predictor_inspector.inspection.findings.suggestions import Suggestion
from predictor_inspector.inspection.findings.weights import REASONS
from predictor_inspector.plugin.layers.colours import REASON_COLOURS
from predictor_inspector.plugin.layers.labels import FindingLayer, ZeroWeightLayer
from predictor_inspector.plugin.layers.navigation import fly_to
from predictor_inspector.plugin.live.controller import LiveController
from predictor_inspector.plugin.live.threads import leave_a_core_to_the_window
from predictor_inspector.plugin.model.resolve import Resolved
from predictor_inspector.plugin.tabs import Derived
from predictor_inspector.plugin.tabs.compare.comparer import Comparer
from predictor_inspector.plugin.tabs.compare.panel import ComparePanel
from predictor_inspector.plugin.tabs.findings.checker import Checked, Checker
from predictor_inspector.plugin.tabs.findings.panel import FindingsPanel

FINDINGS, COMPARE = "Findings", "Compare"


class Tools(QObject):
    """Findings and comparison.

    Parameters
    ----------
    widget : InspectorWidget
        The dock, whose configuration suggestions change.
    viewer : napari.Viewer
        That it is docked in.
    inspector : LiveController
        The live loop.
    blended : callable
        Gives the channels that a predictor's RGB view mixes, and their colours.
    derived : Derived
        Told what was found.
    """

    title_changed = Signal(str, str)
    """Which tab, and what it is called now: how much is in it."""

    def __init__(
        self,
        widget: Any,
        viewer: Any,
        inspector: LiveController,
        blended: Callable[[Sequence[Channel]], list[tuple[int, str]]],
        derived: Derived,
    ) -> None:
        super().__init__(widget)
        self._widget, self._viewer, self._derived = widget, viewer, derived
        self._situation: Resolved | None = None
        self.findings = FindingsPanel()
        self.checker = Checker(leave_a_core_to_the_window)
        self._mark, self._reasons = FindingLayer(inspector.layers), ZeroWeightLayer(inspector.layers)
        self._checked: Checked | None = None
        self.comparer = Comparer(inspector.layers, find_quickly, blended, self._may_zoom)
        self.compare = ComparePanel(self.comparer)
        self._connect(inspector)

    @property
    def tabs(self) -> list[tuple[int, str, str, QWidget]]:
        """Order, title, tooltip and content of each."""
        return [
            (10, FINDINGS, "What is wrong with targets and weights, and where", self.findings),
            (40, COMPARE, "Keep a result, go on tuning, and see what differs", self.compare),
        ]

    def close(self) -> None:
        """Stop for good; layers stay."""
        self.checker.close()
        self.comparer.close()

    def _connect(self, inspector: LiveController) -> None:
        inspector.resolved.connect(self._on_resolved)
        inspector.shown.connect(self._on_shown)
        inspector.outdated.connect(self._withdraw)
        inspector.cleared.connect(self._withdraw)
        self.checker.checked.connect(self._on_checked)
        self.checker.started.connect(self.findings.show_looking)
        self.checker.stepped.connect(self.findings.show_looking)
        self.checker.waiting.connect(self.findings.show_waiting)
        self.checker.failed.connect(self.findings.show_failure)
        self.checker.cleared.connect(self.findings.clear)
        self.findings.check_asked.connect(self.checker.check_all)
        self.findings.finding_chosen.connect(self._on_chosen)
        self.findings.suggestion_taken.connect(self._on_suggestion)
        self.findings.suggestion_undone.connect(self._on_undo)
        self.findings.reasons_wanted.connect(self._show_reasons)

    def _may_zoom(self) -> bool:
        """Whether another view leaves the region as it is."""
        return bool(self._widget.region_mode != "view")

    def _on_resolved(self, situation: Resolved) -> None:
        self._situation = situation

    def _on_shown(self, inspection: Inspection) -> None:
        self.checker.take(inspection)
        self.comparer.set_live(inspection)

    def _withdraw(self) -> None:
        self.checker.forget()
        self._checked = self._derived.findings = None
        self._mark.hide()
        self._reasons.hide()
        self._count(0)

    def _on_checked(self, checked: Checked) -> None:
        self._checked, self._derived.findings = checked, checked.findings
        self.findings.show_checked(checked)
        self._show_reasons()
        self._count(sum(f.severity != "info" for f in checked.findings))

    def _show_reasons(self, _shown: bool = True) -> None:
        """Show why values have weight 0, if that is wanted."""
        if not self.findings.shows_reasons or self._checked is None or self._situation is None:
            self._reasons.hide()
            return
        reasons = self._checked.reasons
        self._reasons.show(reasons, self._situation.place)
        found = [int(code) for code in np.unique(reasons.numpy()) if code]
        self.findings.explain_colours(
            {REASONS[code]: REASON_COLOURS[code] for code in found} or {"none": "transparent"}
        )

    def _count(self, grave: int) -> None:
        """Say on the tab how many errors and warnings there are."""
        self.title_changed.emit(FINDINGS, f"{FINDINGS} ({grave})" if grave else FINDINGS)

    def _on_chosen(self, finding: Finding | None) -> None:
        if finding is None or self._situation is None:
            self._mark.hide()
            return
        self._mark.show(finding, self._situation.place)
        fly_to(self._viewer, finding.where.mask, may_zoom=self._may_zoom())
        if finding.channels:
            self._widget.look_at_channel(finding.channels[0])

    def _on_suggestion(self, suggestion: Suggestion) -> None:
        settings = self._widget.settings
        with settings.together():
            settings.config = {**settings.config, suggestion.parameter: suggestion.value}

    def _on_undo(self) -> None:
        self._widget.undo()
