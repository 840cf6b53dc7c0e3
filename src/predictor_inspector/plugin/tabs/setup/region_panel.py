"""Region section: which part of the ground truth is inspected, and how large that is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qtpy.QtWidgets import QPushButton, QSpinBox, QWidget

from predictor_inspector.core.text import format_shape
from predictor_inspector.inspection import Inspection
from predictor_inspector.plugin.forms.layouts import in_form, in_row
from predictor_inspector.plugin.forms.small_widgets import ErrorLabel, MessageLabel, WrappedLabel, guard_wheel
from predictor_inspector.plugin.live.tiling import TiledRun
from predictor_inspector.plugin.model.box import central
from predictor_inspector.plugin.model.messages import Message
from predictor_inspector.plugin.model.resolve import Resolved
from predictor_inspector.plugin.model.tile_plan import affordable, memory_of
from predictor_inspector.plugin.tabs import TabContext
from predictor_inspector.plugin.tabs.bound import BoundButtons, bound_combo
from predictor_inspector.plugin.tabs.setup.box_panel import BoxPanel

MODES = {
    "view": ("View", "What the canvas shows, with room around it for context and padding"),
    "box": ("Box", "A box that stays; move and resize it on the canvas, or type its numbers"),
    "layer": ("Whole volume", "All of the ground truth"),
}


class RegionPanel(QWidget):
    """How the region is chosen, its size, notes on what is shown of it, and ways out where it is too large."""

    def __init__(self, context: TabContext) -> None:
        super().__init__(windowTitle="Region")
        self._settings, self._controller = context.settings, context.controller
        settings, controller = self._settings, self._controller
        mode = BoundButtons(settings, "region_mode", MODES)
        tip = "The resolution of a multiscale layer; a network is usually trained on the finest"
        self._level = bound_combo(settings, "level", {}, tip, characters=8)
        self._thickness = thickness = QSpinBox(minimum=1, maximum=100_000, keyboardTracking=False)
        thickness.setObjectName("thickness")
        guard_wheel(thickness)
        thickness.valueChanged.connect(self._on_thickness)
        self._size = WrappedLabel()
        self._size.setObjectName("size")
        self._box = BoxPanel(settings, controller)
        self._note, self._refusal, self._offer = MessageLabel(), ErrorLabel(), MessageLabel()
        self._about_shown = ""
        for label, name in ((self._note, "note"), (self._refusal, "too_large"), (self._offer, "offer")):
            label.setObjectName(name)
        self._smaller = QPushButton("Smaller box", objectName="smaller")
        self._smaller.setToolTip("Pin a box in the middle that is small enough")
        self._smaller.clicked.connect(self._make_smaller)
        self._coarser = QPushButton("Coarser level", toolTip="Inspect the next coarser level of the layer")
        self._coarser.clicked.connect(lambda: setattr(settings, "level", settings.level + 1))
        self._form = in_form(
            (mode,),
            ("level", self._level),
            (in_row((self._size, 1), thickness),),
            (self._box,),
            (self._note,),
            (self._refusal,),
            (self._offer,),
            (in_row(self._smaller, self._coarser),),
        )
        self.setLayout(self._form)
        self._thickness_shown: tuple[int, bool] | None = None  # and whether it is the box's
        self._adapt()
        self._on_message(Message())
        for field in ("gt", "region_mode"):
            settings.events[field].connect(self._adapt)
        for field in ("thickness", "box"):
            settings.events[field].connect(self._show_thickness)
        controller.view_changed.connect(self._show_thickness)
        controller.resolved.connect(self._on_resolved)
        controller.shown.connect(self._on_shown)
        controller.previewed.connect(self._on_shown)
        controller.tiling.advanced.connect(self._on_advanced)
        controller.outdated.connect(self._show_note)
        controller.cleared.connect(self._on_cleared)
        controller.message.connect(self._on_message)

    @property
    def _levels(self) -> Sequence[Any]:
        layer = self._settings.gt_layer
        return layer.data if layer is not None and layer.multiscale else ()

    def _adapt(self) -> None:
        """Fit level, thickness and box to the ground truth: one level is no choice, nor is the thickness of what is flat."""
        settings = self._settings
        titles = {i: f"{i}: {format_shape(level.shape)}" for i, level in enumerate(self._levels)}
        self._level.offer(titles, settings.level)
        self._form.setRowVisible(self._level, len(titles) > 1)
        flat = settings.gt is not None and settings.gt.dims < 3
        self._thickness.setVisible(not flat and settings.region_mode != "layer")
        self._box.setVisible(settings.region_mode == "box")
        self._show_thickness()

    def _show_thickness(self) -> None:
        """Show how deep the box is, or what follows the view."""
        settings, boxed = self._settings, self._settings.region_mode == "box"
        thickness = (self._controller.pinned.thickness if boxed else None) or settings.thickness
        # To set them lays the dock out and paints it, changed or not.
        if (thickness, boxed) == self._thickness_shown:
            return
        self._thickness_shown = thickness, boxed
        self._thickness.blockSignals(True)
        self._thickness.setValue(thickness)
        self._thickness.blockSignals(False)
        self._thickness.setSuffix(" slice" if thickness == 1 else " slices")
        about = (
            "How many slices the box has" if boxed else "How many slices are inspected at a time, about the one shown"
        )
        self._thickness.setToolTip(about)

    def _on_thickness(self, thickness: int) -> None:
        if self._settings.region_mode == "box":
            self._controller.pinned.thicken(thickness)
        else:
            self._settings.thickness = thickness
        self._thickness_shown = None  # it may not have become so deep
        self._show_thickness()

    def _make_smaller(self) -> None:
        settings = self._settings
        gt, box = settings.gt, settings.box
        if gt is None:
            return
        side = affordable(settings.predictor(), gt, memory_of(settings.memory))
        within = box if settings.region_mode == "box" and box is not None else gt.roi
        settings.pin(central(gt, within, (side,) * gt.dims))

    def _on_resolved(self, state: Resolved) -> None:
        """Show how many voxels the region and its context are."""
        voxel, regions = state.gt.voxel_size, state.regions
        # A line breaks between the two sizes, not within one.
        roi, read = (
            format_shape(r.shape // voxel).replace(" ", "\N{NO-BREAK SPACE}")
            for r in (regions.roi, regions.read_region)
        )
        self._size.setText(f"{roi} → reads {read}" if read != roi else roi)
        self._size.setToolTip(f"The region has {roi} voxels; of the ground truth {read} are read, with context")

    def _on_shown(self, inspection: Inspection) -> None:
        self._show_note(" ".join(inspection.notes))

    def _on_advanced(self, run: TiledRun) -> None:
        self._show_note(run.note)

    def _on_cleared(self) -> None:
        self._show_note()
        self._size.setText("")

    def _on_message(self, message: Message) -> None:
        """Show what is wrong with the region, with ways out, or what it waits for."""
        self._refusal.show_message(message.text if message.kind == "large" else "")
        self._offer.show_message(message.text if message.kind == "tiles" else "")
        too_large = message.kind in ("large", "tiles")
        self._smaller.setVisible(too_large)
        self._coarser.setVisible(too_large and self._settings.level + 1 < len(self._levels))
        if message.kind == "hint" and not message.actions:  # those are said where the buttons are
            self._note.show_message(message.text)
        else:
            self._show_note(self._about_shown)

    def _show_note(self, note: str = "") -> None:
        """Say something about what the layers show."""
        self._about_shown = note
        hidden = self._controller.results.hidden_in_3d
        self._note.show_message(f"Too large to be drawn in 3-D; slices show it. {note}".strip() if hidden else note)
