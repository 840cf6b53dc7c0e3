"""Region section: which part of the ground truth is inspected, and how large that is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QFormLayout, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QSpinBox, QWidget
from superqt import QElidingLabel

from predictor_inspector.core.text import format_shape
from predictor_inspector.plugin.forms.small_widgets import ErrorLabel, guard_wheel
from predictor_inspector.plugin.model.settings import Settings
from predictor_inspector.plugin.tabs.setup.bound import BoundCombo, bind

MODES = {"view": "follow the view", "box": "pinned box", "layer": "whole layer"}


class RegionPanel(QWidget):
    """How the region is chosen.

    `smaller_asked` is emitted when a person accepts a smaller region than they wanted.
    """

    smaller_asked = Signal()

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self._settings = settings
        mode = BoundCombo(
            settings,
            "region_mode",
            MODES,
            "follow the view: what the canvas shows. pinned box: a box that stays; move and resize it on the canvas. "
            "whole layer: all of the ground truth.",
            characters=8,
        )
        tip = "The resolution of a multiscale layer; a network is usually trained on the finest"
        self._level = BoundCombo(settings, "level", {0: ""}, tip, characters=8)
        self._thickness = QSpinBox()
        self._thickness.setRange(1, 100_000)
        self._thickness.setToolTip("How many slices of a volume are inspected at a time, about the one shown")
        self._thickness.setKeyboardTracking(False)
        guard_wheel(self._thickness)
        spin = self._thickness
        bind(spin, spin.valueChanged, spin.setValue, settings, "thickness")
        self._level_label = QLabel("level")
        self._size, self._note = QElidingLabel("–"), QElidingLabel()
        self._note.setObjectName("note")
        self._warning = ErrorLabel()
        self._warning.setObjectName("too_large")
        self._offer = QLabel()
        self._offer.setObjectName("offer")
        self._offer.setWordWrap(True)
        self._offer.setTextFormat(Qt.TextFormat.PlainText)
        self._offer.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        self._smaller = QPushButton("Smaller box")
        self._smaller.setObjectName("smaller")
        self._smaller.setToolTip("Pin a box in the middle that is small enough")
        self._coarser = QPushButton("Coarser level")
        self._coarser.setToolTip("Inspect the next coarser level of the layer")
        buttons = QHBoxLayout()
        buttons.addWidget(self._smaller)
        buttons.addWidget(self._coarser)
        form = QFormLayout(self)
        form.setContentsMargins(0, 0, 0, 0)
        form.setVerticalSpacing(4)
        first = QHBoxLayout()
        first.addWidget(mode, 1)
        first.addWidget(self._thickness)
        form.addRow("region", first)
        form.addRow(self._level_label, self._level)
        form.addRow("size", self._size)
        form.addRow("note", self._note)
        form.addRow(self._warning)
        form.addRow(self._offer)
        form.addRow(buttons)
        self.set_note("")
        self.set_excess("")
        self._adapt()
        for field in ("gt", "region_mode", "thickness"):
            settings.events[field].connect(self._adapt)
        self._smaller.clicked.connect(lambda _c=False: self.smaller_asked.emit())
        self._coarser.clicked.connect(lambda _c=False: setattr(settings, "level", settings.level + 1))

    def set_size(self, roi: Sequence[int], context: Sequence[int]) -> None:
        """Show how many voxels the region and its context are."""
        text = f"{format_shape(roi)}, with context {format_shape(context)}"
        self._size.setText(text)
        self._size.setToolTip(f"{text} voxels")

    def set_no_size(self) -> None:
        """Show that there is no region."""
        self._size.setText("–")

    def set_note(self, note: str) -> None:
        """Say something about the region in one line, whose place stays when there is nothing to say."""
        self._note.setText(note or "–")
        self._note.setToolTip(note)

    def set_excess(self, message: str, refused: bool = True) -> None:
        """Say that the region is too large, or only for doing it at once, with buttons for ways out.

        An empty message takes both away.
        """
        self._warning.show_message(message if refused else "")
        self._offer.setText("" if refused else message)
        self._offer.setVisible(bool(message) and not refused)
        self._smaller.setVisible(bool(message))
        self._coarser.setVisible(bool(message) and self._settings.level + 1 < len(self._levels))

    @property
    def _levels(self) -> Sequence[Any]:
        layer = self._settings.gt_layer
        return layer.data if layer is not None and layer.multiscale else ()

    def _adapt(self) -> None:
        """Fit level and thickness to the ground truth: one level is no choice, nor is the thickness of what is flat."""
        settings = self._settings
        titles = {i: f"{i}: {format_shape(level.shape)}" for i, level in enumerate(self._levels)}
        self._level.offer(titles or {0: ""})
        for widget in (self._level, self._level_label):
            widget.setVisible(len(titles) > 1)
        flat = settings.gt is not None and settings.gt.dims < 3
        self._thickness.setEnabled(not flat and settings.region_mode != "layer")
        self._thickness.setSuffix(" slice" if settings.thickness == 1 else " slices")
