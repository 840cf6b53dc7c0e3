"""`SetupTab`: data, predictor, network, region and computation."""

from __future__ import annotations

from qtpy.QtWidgets import QVBoxLayout, QWidget

from predictor_inspector.plugin.forms.collapsible import Collapsible
from predictor_inspector.plugin.forms.layouts import in_column
from predictor_inspector.plugin.forms.small_widgets import scrolling
from predictor_inspector.plugin.tabs import Tab, TabContext
from predictor_inspector.plugin.tabs.setup.compute_panel import ComputationPanel, TrainerPanel
from predictor_inspector.plugin.tabs.setup.data_panel import DataPanel
from predictor_inspector.plugin.tabs.setup.network_panel import NetworkPanel
from predictor_inspector.plugin.tabs.setup.predictor_panel import PredictorPanel
from predictor_inspector.plugin.tabs.setup.region_panel import RegionPanel


class SetupTab(Tab):
    """What is inspected and how: a foldable section each."""

    title = "Setup"
    order = 0

    def __init__(self, context: TabContext) -> None:
        super().__init__(context)
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(6, 4, 6, 4)
        column.setSpacing(3)
        column.addWidget(Collapsible(DataPanel(context)))
        column.addWidget(Collapsible(PredictorPanel(context.settings)))
        column.addWidget(Collapsible(NetworkPanel(context, self.new_runner()), expanded=False))
        column.addWidget(Collapsible(RegionPanel(context)))
        column.addWidget(Collapsible(TrainerPanel(context.settings), expanded=False))
        column.addWidget(Collapsible(ComputationPanel(context.settings), expanded=False))
        column.addStretch(1)
        self.setLayout(in_column(scrolling(inner)))
        self.setContentsMargins(0, 0, 0, 0)
