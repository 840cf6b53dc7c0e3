"""`InspectorWidget`: the dock widget, driven by hand or from code."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from funlib.geometry import Roi
from qtpy.compat import isalive
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QTabWidget, QVBoxLayout, QWidget

from predictor_inspector.data.chunk_cache import SHARED
from predictor_inspector.inspection import Inspection
from predictor_inspector.plugin.driven import Driven
from predictor_inspector.plugin.forms.collapsible import Collapsible
from predictor_inspector.plugin.forms.small_widgets import ErrorLabel, padded, scrolling
from predictor_inspector.plugin.layers.navigation import go_to_region
from predictor_inspector.plugin.layers.results import RGB, TARGET, WEIGHT
from predictor_inspector.plugin.live.controller import Inspector
from predictor_inspector.plugin.live.shutdown import Ending
from predictor_inspector.plugin.live.tiled_run import TiledRun
from predictor_inspector.plugin.memory_setting import MemorySetting
from predictor_inspector.plugin.model.resolve import Intention, Situation
from predictor_inspector.plugin.model.tile_plan import affordable, memory_for_chunks, memory_of
from predictor_inspector.plugin.model.view import central
from predictor_inspector.plugin.reader import add_layers
from predictor_inspector.plugin.tabs import TabContext, make_tabs
from predictor_inspector.plugin.tabs.setup.channel_table import ChannelTable
from predictor_inspector.plugin.tabs.setup.compute_panel import ComputePanel
from predictor_inspector.plugin.tabs.setup.data_panel import DataPanel
from predictor_inspector.plugin.tabs.setup.predictor_panel import PredictorPanel
from predictor_inspector.plugin.tabs.setup.region_panel import RegionPanel
from predictor_inspector.plugin.tabs.tools import Tools

if TYPE_CHECKING:
    import napari.viewer


class InspectorWidget(Driven, QWidget):
    """Pick a predictor and a layer of ground truth; see its target and weights for the region in view.

    Parameters
    ----------
    viewer : napari.Viewer
        Whose layers are inspected, and which shows the result.
    """

    inspected = Signal(object)
    """An `Inspection`, after the layers have been given its target and weights."""

    # napari hands itself to a parameter with exactly this annotation, as a string: the menu depends on it.
    def __init__(self, viewer: napari.viewer.Viewer, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._data = DataPanel(viewer.layers, self._open_file)
        self._predictor = PredictorPanel()
        self._region = RegionPanel()
        self._compute = ComputePanel()
        self._channels = ChannelTable()
        self._error = ErrorLabel()
        self._tabs = QTabWidget()
        self._message, self._note = "", ""
        self._inspector = Inspector(viewer, self._intention, self._channels.blended)
        self.tools = Tools(self, viewer, self._inspector, self._channels.blended)
        context = TabContext(
            viewer=viewer,
            settings=self,
            controller=self._inspector,
            blended=self._channels.blended,
            look_at=self.look_at,
            look_at_channel=self.look_at_channel,
            go_to=self.go_to,
        )
        self.tabs, failures = make_tabs(context)
        self.notice = " ".join(failures)
        """What is wrong with the dock itself: a sentence for each tab that can't be opened."""
        self._watched = False
        self._memory_setting = MemorySetting()
        self._lay_out()
        self._connect()
        self._compute.memory = self._memory_setting.value
        self._adapt()
        self._inspector.request_update()

    @property
    def busy(self) -> bool:
        """Whether something is being computed, or about to be."""
        return self._inspector.busy

    @property
    def inspection(self) -> Inspection | None:
        """What the layers show, or None."""
        return self._inspector.inspection

    @property
    def message(self) -> str:
        """The sentence that the dock shows about what is wrong; empty if all is well."""
        return self._message

    def compute(self) -> None:
        """Compute now, live or not."""
        self._inspector.compute()

    def cancel(self) -> None:
        """Stop computing."""
        self._inspector.cancel()

    def look_at(self, view: str) -> None:
        """Show ``"target"``, ``"weight"`` or ``"target RGB"`` and hide the others."""
        if view not in (TARGET, WEIGHT, RGB):
            raise ValueError(f"view must be one of {TARGET!r}, {WEIGHT!r} or {RGB!r}, got {view!r}")
        self._inspector.results.look_at(view)
        self._follow_view()

    def look_at_channel(self, name: str) -> None:
        """Move the viewer to the channel of this name."""
        names = [] if self.inspection is None else list(self.inspection.channel_names)
        if name not in names:
            raise ValueError(f"there is no channel {name!r}; there are {', '.join(names) or 'none'}")
        self._go_to_channel(names.index(name))

    def go_to(self, roi: Roi) -> None:
        """Pin the box at a region, in the counts of the ground truth, and move the view there."""
        gt = self._inspector.gt_array()
        if gt is not None:
            self.box = roi
            go_to_region(self._viewer, roi, gt)

    def open_tab(self, title: str) -> None:
        """Show the tab of this title: ``"Inspect"``, ``"Findings"``, ``"Explain"`` and so on."""
        if title not in self._titles:
            raise ValueError(f"there is no tab {title!r}; there are {', '.join(self._titles)}")
        self._tabs.setCurrentIndex(self._titles.index(title))

    def reset_choices(self, event: Any = None) -> None:
        """Take over the viewer's layers as they are."""
        self._data.refresh()

    def showEvent(self, event: Any) -> None:
        """Go on when the dock is shown."""
        super().showEvent(event)
        if not self._watched and self.parent() is not None:
            # The dock is destroyed with the window, or by napari; hiding it is not the end.
            self._watched = True
            self._ending.comes_with(self.parent())
        if self._inspector.paused:
            self._inspector.resume()

    def hideEvent(self, event: Any) -> None:
        """Rest while nobody looks."""
        super().hideEvent(event)
        # When Python ends before the window is closed, Qt hides what has lost its other half; a minimised window works on.
        if isalive(self._inspector) and not event.spontaneous():
            self._inspector.pause()

    def _lay_out(self) -> None:
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(6, 4, 6, 4)
        column.setSpacing(3)
        for title, panel in (
            ("Data", self._data),
            ("Predictor", self._predictor),
            ("Region", self._region),
            ("Compute", self._compute),
        ):
            column.addWidget(Collapsible(title, panel, expanded=True))
        self._channel_section = Collapsible("Channels", self._channels, expanded=True)
        column.addWidget(self._channel_section, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        # What is wrong is said above all else, where it can't be scrolled away.
        self._error.setContentsMargins(8, 2, 8, 2)
        layout.addWidget(self._error)
        layout.addWidget(self._tabs, 1)
        self._tabs.setDocumentMode(True)
        self._tabs.tabBar().setDrawBase(False)
        self._tabs.setUsesScrollButtons(True)
        pages = [(0, "Inspect", "", scrolling(inner))]
        pages += [(tab.order, tab.title, tab.tool_tip, padded(tab)) for tab in self.tabs.values()]
        pages += [(order, title, tip, padded(tool)) for order, title, tip, tool in self.tools.tabs]
        pages.sort(key=lambda page: page[0])
        self._titles = [title for _, title, _, _ in pages]
        for _, title, tip, page in pages:
            self._tabs.setTabToolTip(self._tabs.addTab(page, title), tip)
        for tab in self.tabs.values():
            tab.renamed.connect(partial(self._on_title, tab.title))
        self.tools.title_changed.connect(self._on_title)
        self._tabs.currentChanged.connect(self._on_tab)
        self.setMinimumWidth(340)

    def _connect(self) -> None:
        inspector = self._inspector
        tabs = self.tabs.values()
        self._ending = Ending(
            inspector.close, self.tools.close, self._memory_setting.close, *(t.shut_down for t in tabs)
        )
        self._ending.comes_with(self)
        self._memory_setting.changed.connect(partial(setattr, self._compute, "memory"))
        inspector.layers_changed.connect(self.reset_choices)
        self._data.changed.connect(self._on_data)
        self._predictor.config_changed.connect(inspector.request_update)
        self._region.changed.connect(inspector.request_update)
        self._region.smaller_asked.connect(self._make_smaller)
        self._compute.changed.connect(self._on_compute)
        self._compute.compute_asked.connect(inspector.compute)
        self._compute.cancel_asked.connect(inspector.cancel)
        self._channels.channel_chosen.connect(self._go_to_channel)
        self._channels.view_chosen.connect(self.look_at)
        self._channels.blend_changed.connect(inspector.restyle)
        inspector.previewed.connect(self._show)
        inspector.shown.connect(self._on_shown)
        inspector.resolved.connect(self._on_resolved)
        inspector.withdrawn.connect(self._clear_channels)
        inspector.cleared.connect(self._on_cleared)
        inspector.message.connect(self._on_message)
        inspector.tiling.advanced.connect(self._on_advanced)
        inspector.stepped.connect(self._compute.set_step)
        inspector.busy_changed.connect(self._compute.set_busy)
        inspector.view_changed.connect(self._follow_view)
        inspector.gt_changed.connect(self._adapt)
        for tab in tabs:
            inspector.resolved.connect(tab.on_resolved)
            inspector.shown.connect(tab.on_shown)
            inspector.withdrawn.connect(tab.on_outdated)
            inspector.cleared.connect(tab.on_cleared)
            inspector.view_changed.connect(tab.on_view_changed)

    def _on_title(self, title: str, shown: str) -> None:
        self._tabs.setTabText(self._titles.index(title), shown)

    def _on_tab(self, index: int) -> None:
        self.tools.on_opened(self._titles[index])
        for tab in self.tabs.values():
            if tab.title == self._titles[index]:
                tab.on_opened()

    def _intention(self) -> Intention:
        return Intention(
            gt_layer=self._data.gt_layer,
            mask_layer=self._data.mask_layer,
            axes=self._data.axes,
            level=self._region.level,
            predictor=self._predictor.predictor,
            mode=self._region.mode,
            thickness=self._region.thickness,
            device=self._compute.device,
            outside=self._compute.outside,
            balance_over=self._compute.balance_over,
        )

    def _on_data(self) -> None:
        self._adapt()
        self._inspector.request_update()

    def _adapt(self) -> None:
        """Fit panels to the ground truth."""
        layer = self._data.gt_layer
        levels = layer.data if layer is not None and layer.multiscale else []
        self._region.set_levels([level.shape for level in levels])
        gt = self._inspector.gt_array()
        self._region.set_flat(gt is not None and gt.dims < 3)
        self._predictor.set_context(gt)

    def _on_compute(self) -> None:
        self._inspector.live = self._compute.live
        self._inspector.memory = memory_of(self._compute.memory)
        SHARED.budget = memory_for_chunks(self._inspector.memory)
        self._memory_setting.value = self._compute.memory
        self._inspector.request_update()

    def _on_resolved(self, situation: Situation) -> None:
        gt, regions = situation.gt, situation.regions
        self._region.set_size(regions.roi.shape // gt.voxel_size, regions.read_region.shape // gt.voxel_size)

    def _on_shown(self, inspection: Inspection) -> None:
        self._show(inspection)
        self.inspected.emit(inspection)

    def _show(self, inspection: Inspection) -> None:
        self._compute.show_run(inspection.timings, inspection.device, inspection.memory)
        self._channels.show_statistics(inspection.statistics)
        self._channel_section.title = f"Channels ({len(inspection.statistics)})"
        self._note_result(" ".join(inspection.notes))
        self._stay_within(len(inspection.statistics))

    def _on_advanced(self, run: TiledRun) -> None:
        self._note_result(run.note)
        self._stay_within(len(run.situation.request.predictor.channel_names))

    def _stay_within(self, channels: int) -> None:
        """Look at a channel that there is: a predictor of fewer channels would show none of them."""
        dim = self._channel_dim()
        if dim is not None and self._viewer.dims.point[dim] > channels - 1:
            self._viewer.dims.set_point(dim, 0.0)
        self._follow_view()

    def _clear_channels(self) -> None:
        self._note_result("")
        self._channels.clear()
        self._channel_section.title = "Channels"

    def _on_cleared(self) -> None:
        self._clear_channels()
        self._region.set_no_size()

    def _on_message(self, text: str, kind: str) -> None:
        self._message = text if kind in ("error", "parameters") else ""
        said_in_form = kind == "parameters" and self._predictor.isVisible()
        shown = "" if said_in_form else self._message
        self._error.show_message(" ".join(text for text in (shown, self.notice) if text))
        self._region.set_excess(text if kind in ("large", "tiles") else "", refused=kind == "large")
        self._compute.set_waiting(kind == "tiles")
        if kind == "hint":
            self._region.set_note(text)
        else:
            self._note_result(self._note)

    def _note_result(self, note: str) -> None:
        """Say something about what the layers show."""
        self._note = note
        unseen = "Too large to be drawn in 3-D; slices show it. " if self._inspector.results.hidden_in_3d else ""
        self._region.set_note(f"{unseen}{note}")

    def _make_smaller(self) -> None:
        gt = self._inspector.gt_array()
        if gt is None:
            return
        side = affordable(self._predictor.predictor(), gt, self._inspector.memory)
        roi = self._inspector.box.roi if self.region_mode == "box" else None
        self.box = central(gt, gt.roi if roi is None else roi, (side,) * gt.dims)

    def _go_to_channel(self, index: int) -> None:
        """Move the viewer to a channel of the target."""
        if self._inspector.results.looked_at() == RGB:
            self.look_at(TARGET)
        dim = self._channel_dim()
        if dim is not None:
            self._viewer.dims.set_point(dim, float(index))

    def _channel_dim(self) -> int | None:
        layer = self._inspector.results.get(TARGET)
        return None if layer is None else int(self._viewer.dims.ndim - layer.ndim)

    def _follow_view(self, _event: Any = None) -> None:
        """Mark in the table which channel and which view are on the canvas."""
        dim = self._channel_dim()
        if dim is not None:
            self._channels.set_channel(round(self._viewer.dims.point[dim]))
        self._channels.set_view(self._inspector.results.looked_at())
        self._channels.set_rgb_available(self._inspector.results.get(RGB) is not None)

    def _open_file(self, path: str) -> None:
        try:
            add_layers(self._viewer, path)
        except (ValueError, OSError, ImportError) as error:
            self._on_message(str(error), "error")
