"""`SetupTab`: data, predictor, region, computation and channels."""

from __future__ import annotations

from qtpy.QtWidgets import QVBoxLayout, QWidget

from predictor_inspector.inspection import Inspection
from predictor_inspector.plugin.forms.collapsible import Collapsible
from predictor_inspector.plugin.forms.small_widgets import scrolling
from predictor_inspector.plugin.layers.results import RGB
from predictor_inspector.plugin.live.tiling import TiledRun
from predictor_inspector.plugin.model.box import central
from predictor_inspector.plugin.model.resolve import Message, Resolved
from predictor_inspector.plugin.model.tile_plan import affordable, memory_of
from predictor_inspector.plugin.tabs import Tab, TabContext
from predictor_inspector.plugin.tabs.setup.channel_table import ChannelTable
from predictor_inspector.plugin.tabs.setup.compute_panel import ComputePanel
from predictor_inspector.plugin.tabs.setup.data_panel import DataPanel
from predictor_inspector.plugin.tabs.setup.predictor_panel import PredictorPanel
from predictor_inspector.plugin.tabs.setup.region_panel import RegionPanel


class SetupTab(Tab):
    """What is inspected and how, and what comes of it per channel."""

    title = "Inspect"
    order = 0

    def __init__(self, context: TabContext) -> None:
        super().__init__(context)
        settings, controller = context.settings, context.controller
        self._note = ""
        self._region = RegionPanel(settings)
        self._compute = ComputePanel(settings)
        self._channels = ChannelTable(context.rgb_mix)
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(6, 4, 6, 4)
        column.setSpacing(3)
        for title, panel in (
            ("Data", DataPanel(settings, context.open_file)),
            ("Predictor", PredictorPanel(settings)),
            ("Region", self._region),
            ("Compute", self._compute),
        ):
            column.addWidget(Collapsible(title, panel, expanded=True))
        self._channel_section = Collapsible("Channels", self._channels, expanded=True)
        column.addWidget(self._channel_section, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(scrolling(inner))
        self.setContentsMargins(0, 0, 0, 0)
        self._region.smaller_asked.connect(self._make_smaller)
        self._compute.compute_asked.connect(controller.compute)
        self._compute.cancel_asked.connect(controller.cancel)
        self._channels.channel_chosen.connect(context.look_at_channel)
        self._channels.view_chosen.connect(context.look_at)
        controller.previewed.connect(self.on_shown)
        controller.message.connect(self._on_message)
        controller.tiling.advanced.connect(self._on_advanced)
        controller.stepped.connect(self._compute.set_step)
        controller.busy_changed.connect(self._compute.set_busy)

    def on_resolved(self, state: Resolved) -> None:
        """Show how large the region is."""
        voxel, regions = state.gt.voxel_size, state.regions
        self._region.set_size(regions.roi.shape // voxel, regions.read_region.shape // voxel)

    def on_shown(self, inspection: Inspection) -> None:
        """Show statistics and timings."""
        self._compute.show_run(inspection)
        self._channels.show_statistics(inspection.statistics)
        self._channel_section.title = f"Channels ({len(inspection.statistics)})"
        self._show_note(" ".join(inspection.notes))
        self.on_view_changed()

    def on_outdated(self) -> None:
        """Show no channels."""
        self._show_note("")
        self._channels.clear()
        self._channel_section.title = "Channels"

    def on_cleared(self) -> None:
        """Show no region either."""
        self.on_outdated()
        self._region.set_no_size()

    def on_view_changed(self) -> None:
        """Mark in the table which channel and which view are on the canvas."""
        controller = self.context.controller
        channel = controller.results.channel
        if channel is not None:
            self._channels.set_channel(channel)
        self._channels.set_view(controller.results.looked_at())
        self._channels.set_rgb_available(controller.results.get(RGB) is not None)

    def _on_advanced(self, run: TiledRun) -> None:
        self._show_note(run.note)
        self.on_view_changed()

    def _on_message(self, message: Message) -> None:
        too_large = message.text if message.kind in ("large", "tiles") else ""
        self._region.set_excess(too_large, refused=message.kind == "large")
        self._compute.set_waiting(message.kind == "tiles")
        if message.kind == "hint":
            self._region.set_note(message.text)
        else:
            self._show_note(self._note)

    def _show_note(self, note: str) -> None:
        """Say something about what the layers show."""
        self._note = note
        unseen = (
            "Too large to be drawn in 3-D; slices show it. " if self.context.controller.results.hidden_in_3d else ""
        )
        self._region.set_note(f"{unseen}{note}")

    def _make_smaller(self) -> None:
        settings = self.context.settings
        gt, box = settings.gt, settings.box
        if gt is None:
            return
        side = affordable(settings.predictor(), gt, memory_of(settings.memory))
        within = box if settings.region_mode == "box" and box is not None else gt.roi
        settings.pin(central(gt, within, (side,) * gt.dims))
