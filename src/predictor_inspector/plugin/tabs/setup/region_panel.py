"""Region section: which part of the ground truth is inspected, and how large that is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qtpy.QtWidgets import QPushButton, QSpinBox, QWidget
from superqt import QElidingLabel

from predictor_inspector.core.text import format_shape
from predictor_inspector.inspection import Inspection
from predictor_inspector.plugin.forms.layouts import in_form, in_row
from predictor_inspector.plugin.forms.small_widgets import (
    ErrorLabel,
    MessageLabel,
    guard_wheel,
)
from predictor_inspector.plugin.live.tiling import TiledRun
from predictor_inspector.plugin.model.box import central
from predictor_inspector.plugin.model.resolve import Message, Resolved
from predictor_inspector.plugin.model.tile_plan import affordable, memory_of
from predictor_inspector.plugin.tabs import TabContext
from predictor_inspector.plugin.tabs.bound import bind, bound_combo

MODES = {"view": "follow the view", "box": "pinned box", "layer": "whole layer"}


class RegionPanel(QWidget):
    """How the region is chosen, its size, notes on what is shown of it, and ways out where it is too large."""

    def __init__(self, context: TabContext) -> None:
        super().__init__(windowTitle="Region")
        self._settings, self._controller = context.settings, context.controller
        settings, controller = self._settings, self._controller
        mode = bound_combo(
            settings,
            "region_mode",
            MODES,
            "follow the view: what the canvas shows. pinned box: a box that stays; move and resize it on the canvas. "
            "whole layer: all of the ground truth.",
            characters=8,
        )
        tip = "The resolution of a multiscale layer; a network is usually trained on the finest"
        self._level = bound_combo(settings, "level", {}, tip, characters=8)
        self._thickness = thickness = QSpinBox(minimum=1, maximum=100_000, keyboardTracking=False)
        thickness.setToolTip("How many slices of a volume are inspected at a time, about the one shown")
        guard_wheel(thickness)
        bind(thickness, thickness.valueChanged, thickness.setValue, settings, "thickness")
        self._size, self._note = QElidingLabel("–"), QElidingLabel("–", objectName="note")
        self._about_shown = ""
        self._refusal, self._offer = ErrorLabel(), MessageLabel()
        self._refusal.setObjectName("too_large")
        self._offer.setObjectName("offer")
        self._smaller = QPushButton("Smaller box", objectName="smaller")
        self._smaller.setToolTip("Pin a box in the middle that is small enough")
        self._smaller.clicked.connect(self._make_smaller)
        self._coarser = QPushButton("Coarser level", toolTip="Inspect the next coarser level of the layer")
        self._coarser.clicked.connect(lambda: setattr(settings, "level", settings.level + 1))
        form = in_form(
            ("region", in_row((mode, 1), thickness)),
            ("level", self._level),
            ("size", self._size),
            ("note", self._note),
            (self._refusal,),
            (self._offer,),
            (in_row(self._smaller, self._coarser),),
        )
        self.setLayout(form)
        self._level_label = form.labelForField(self._level)
        self._adapt()
        self._on_message(Message())
        for field in ("gt", "region_mode", "thickness"):
            settings.events[field].connect(self._adapt)
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
        """Fit level and thickness to the ground truth: one level is no choice, nor is the thickness of what is flat."""
        settings = self._settings
        titles = {i: f"{i}: {format_shape(level.shape)}" for i, level in enumerate(self._levels)}
        self._level.offer(titles, settings.level)
        for widget in (self._level, self._level_label):
            widget.setVisible(len(titles) > 1)
        flat = settings.gt is not None and settings.gt.dims < 3
        self._thickness.setEnabled(not flat and settings.region_mode == "view")
        self._thickness.setSuffix(" slice" if settings.thickness == 1 else " slices")

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
        roi, context = (format_shape(r.shape // voxel) for r in (regions.roi, regions.read_region))
        self._size.setText(f"{roi}, with context {context}")
        self._size.setToolTip(f"{roi}, with context {context} voxels")

    def _on_shown(self, inspection: Inspection) -> None:
        self._show_note(" ".join(inspection.notes))

    def _on_advanced(self, run: TiledRun) -> None:
        self._show_note(run.note)

    def _on_cleared(self) -> None:
        self._show_note()
        self._size.setText("–")

    def _on_message(self, message: Message) -> None:
        """Show what is wrong with the region, with ways out, or what it waits for."""
        self._refusal.show_message(message.text if message.kind == "large" else "")
        self._offer.show_message(message.text if message.kind == "tiles" else "")
        too_large = message.kind in ("large", "tiles")
        self._smaller.setVisible(too_large)
        self._coarser.setVisible(too_large and self._settings.level + 1 < len(self._levels))
        if message.kind == "hint":
            self._set_note(message.text)
        else:
            self._show_note(self._about_shown)

    def _show_note(self, note: str = "") -> None:
        """Say something about what the layers show."""
        self._about_shown = note
        hidden = self._controller.results.hidden_in_3d
        self._set_note(f"Too large to be drawn in 3-D; slices show it. {note}" if hidden else note)

    def _set_note(self, note: str) -> None:
        self._note.setText(note or "–")  # its place stays when there is nothing to say
        self._note.setToolTip(note)
