"""Check tab: findings of a scope, the region shown or training samples."""

from __future__ import annotations

from predictor_inspector.inspection import Inspection
from predictor_inspector.plugin.forms.layouts import in_column
from predictor_inspector.plugin.forms.small_widgets import ValueCombo
from predictor_inspector.plugin.model.resolve import Resolved
from predictor_inspector.plugin.tabs import Tab, TabContext
from predictor_inspector.plugin.tabs.check.region_findings import RegionFindings
from predictor_inspector.plugin.tabs.check.sample_findings import SampleFindings


class CheckTab(Tab):
    """A choice of scope, and what is found there; the title counts errors and warnings of the region shown."""

    title = "Check"
    tool_tip = "What is wrong with targets and weights, where, and what mends it"
    order = 20

    def __init__(self, context: TabContext) -> None:
        super().__init__(context)
        self.region, self.samples = RegionFindings(self), SampleFindings(self)
        self._scope = ValueCombo({"region": "This region", "samples": "Training samples"}, "Where to look", 10)
        self._scope.setObjectName("check scope")
        self._scope.chosen.connect(self._show_scope)
        self.region.counted.connect(self._count)
        self.setLayout(in_column(self._scope, (self.region, 1), (self.samples, 1)))
        self._show_scope()

    @property
    def scope(self) -> str:
        """Where findings are looked for: ``"region"`` or ``"samples"``."""
        return str(self._scope.currentData())

    @scope.setter
    def scope(self, scope: str) -> None:
        self._scope.set_value(scope)
        self._show_scope()

    def on_resolved(self, state: Resolved) -> None:
        self.samples.on_resolved(state)

    def on_shown(self, inspection: Inspection) -> None:
        self.region.on_shown(inspection)

    def on_outdated(self) -> None:
        self.region.on_outdated()

    def on_cleared(self) -> None:
        self.region.on_outdated()
        self.samples.on_cleared()

    def _show_scope(self) -> None:
        self.region.setVisible(self.scope == "region")
        self.samples.setVisible(self.scope == "samples")

    def _count(self, number: int) -> None:
        self.renamed.emit(f"{self.title} ▲{number}" if number else self.title)
