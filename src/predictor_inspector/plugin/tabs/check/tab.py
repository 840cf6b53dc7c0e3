"""Check tab: findings in the region shown, training samples, a data set or a pipeline."""

from __future__ import annotations

from qtpy.QtWidgets import QButtonGroup, QPushButton, QWidget

from predictor_inspector.inspection import Inspection
from predictor_inspector.inspection.findings import Cure, Finding
from predictor_inspector.plugin.forms.layouts import in_column, in_row
from predictor_inspector.plugin.layers.labels import FindingLayer
from predictor_inspector.plugin.layers.navigation import fly_to
from predictor_inspector.plugin.model.actions import action_of
from predictor_inspector.plugin.model.resolve import Resolved
from predictor_inspector.plugin.tabs import Tab, TabContext
from predictor_inspector.plugin.tabs.check.dataset_findings import DatasetFindings
from predictor_inspector.plugin.tabs.check.finding_list import CheckPanel, FindingList
from predictor_inspector.plugin.tabs.check.pipeline_findings import PipelineFindings
from predictor_inspector.plugin.tabs.check.region_findings import RegionFindings
from predictor_inspector.plugin.tabs.check.sample_findings import SampleFindings

_SCOPES = {
    "region": "What is wrong with the region shown",
    "samples": "What is wrong where training goes",
    "dataset": "All crops of a data set, and what is wrong with them",
    "pipeline": "What a training pipeline gives the network, and what is wrong with it",
}


class CheckTab(Tab):
    """A choice of scope, and what is found there; the title counts errors and warnings of the region shown.

    Layers that mark something are in the viewer only while the tab is in front.
    """

    title = "Check"
    tool_tip = "What is wrong with targets and weights, where, and what mends it"
    order = 20

    def __init__(self, context: TabContext) -> None:
        super().__init__(context)
        self._mark = FindingLayer(context.layers)
        self.region, self.samples = RegionFindings(self), SampleFindings(self)
        self.dataset, self.pipeline = DatasetFindings(self), PipelineFindings(self)
        self._panels: dict[str, CheckPanel] = {
            "region": self.region,
            "samples": self.samples,
            "dataset": self.dataset,
            "pipeline": self.pipeline,
        }
        group, self._buttons = QButtonGroup(self), {}
        for scope, tool_tip in _SCOPES.items():
            button = QPushButton(checkable=True, toolTip=tool_tip, objectName=f"scope {scope}")
            button.clicked.connect(lambda _checked, scope=scope: setattr(self, "scope", scope))
            group.addButton(button)
            self._buttons[scope] = button
        self._buttons["region"].setText("Region")
        self._buttons["dataset"].setText("Data set")
        self._buttons["pipeline"].setText("Pipeline")
        for panel in (self.region, self.samples, self.pipeline):
            panel.chosen_changed.connect(lambda finding, panel=panel: self._on_chosen(finding, panel))
            panel.cure_clicked.connect(self._on_cure)
            panel.channel_clicked.connect(self._on_channel)
        self.region.counted.connect(self._count)
        self.samples.count_changed.connect(self._name_samples)
        self._name_samples()
        buttons = in_row(*((button, 1) for button in self._buttons.values()), spacing=0)
        self.setLayout(in_column(buttons, *((panel, 1) for panel in self._panels.values())))
        self.scope = "region"

    @property
    def scope(self) -> str:
        """Where findings are looked for: ``"region"``, ``"samples"``, ``"dataset"`` or ``"pipeline"``."""
        return self._scope

    @scope.setter
    def scope(self, scope: str) -> None:
        self._scope = scope
        for name, panel in self._panels.items():
            self._buttons[name].setChecked(name == scope)
            panel.setVisible(name == scope)
        self._mark.hide()

    @property
    def finding_list(self) -> FindingList | None:
        """The list of the scope that is chosen."""
        return self._panels[self.scope].list

    def open(self, scope: str, path: str) -> None:
        """Look at a data set or a pipeline; without a path, let a person name one."""
        self.scope = scope
        if scope == "pipeline":
            self.pipeline.start(path)
        else:
            self.dataset.load(path, open_first=True)

    def on_resolved(self, state: Resolved) -> None:
        self.samples.on_resolved(state)
        self.pipeline.on_resolved(state)

    def on_shown(self, inspection: Inspection) -> None:
        self.region.on_shown(inspection)

    def on_outdated(self) -> None:
        self.region.on_outdated()

    def on_cleared(self) -> None:
        self.region.on_outdated()
        self.samples.on_cleared()

    def on_opened(self) -> None:
        """Mark again what was marked."""
        self.region.fill()
        self.region.update_reasons()
        self._show_mark(self._panels[self.scope].chosen)

    def on_left(self) -> None:
        self.region.update_reasons()
        self._mark.remove()

    def shut_down(self) -> None:
        self.pipeline.stop()
        super().shut_down()

    def _name_samples(self) -> None:
        self._buttons["samples"].setText(f"{self.samples.count:,} training samples")

    def _count(self, number: int) -> None:
        self.renamed.emit(f"{self.title} ▲{number}" if number else self.title)

    def _on_chosen(self, finding: Finding | None, panel: QWidget) -> None:
        if panel is not self._panels[self.scope]:
            return
        self._show_mark(finding)
        if finding is not None:
            # A region that follows the view must not become smaller.
            may_zoom = self.context.settings.region_mode == "box" and panel is self.region
            fly_to(self.context.viewer, finding.where.mask, may_zoom)
            self._on_channel(*finding.channels[:1])

    def _show_mark(self, finding: Finding | None) -> None:
        place = self.context.controller.place
        if finding is not None and place is not None and self.in_front:
            self._mark.show(finding, place)
        else:
            self._mark.hide()

    def _on_cure(self, cure: Cure) -> None:
        self.context.perform(action_of(cure))

    def _on_channel(self, *names: str) -> None:
        inspection = self.context.controller.inspection
        for name in names:
            if inspection is not None and name in inspection.channel_names:
                self.context.look_at_channel(name)
