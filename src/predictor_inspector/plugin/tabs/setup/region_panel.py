"""The region part of the dock: what is inspected, and how large that is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qtpy.QtCore import QSignalBlocker, Qt, Signal
from qtpy.QtWidgets import QComboBox, QFormLayout, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QSpinBox, QWidget
from superqt import QElidingLabel

from predictor_inspector.core.text import format_shape
from predictor_inspector.plugin.forms.small_widgets import ErrorLabel, guard_wheel

MODES = {"view": "follow the view", "box": "pinned box", "layer": "whole layer"}


class RegionPanel(QWidget):
    """How the region is chosen.

    `changed` is emitted when the person changes it; `smaller_asked` when they accept a smaller region than they wanted.
    """

    changed = Signal()
    smaller_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._mode = QComboBox()
        for mode, title in MODES.items():
            self._mode.addItem(title, mode)
        self._mode.setToolTip(
            "follow the view: what the canvas shows. pinned box: a box that stays; move and resize it on the canvas. "
            "whole layer: all of the ground truth."
        )
        self._thickness = QSpinBox()
        self._thickness.setRange(1, 100_000)
        self._thickness.setSuffix(" slice")
        self._thickness.setToolTip("How many slices of a volume are inspected at a time, about the one shown")
        self._thickness.setKeyboardTracking(False)
        self._level = QComboBox()
        self._level.setToolTip("The resolution of a multiscale layer; a network is usually trained on the finest")
        for combo in (self._mode, self._level):
            combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            combo.setMinimumContentsLength(8)
        for widget in (self._mode, self._thickness, self._level):
            guard_wheel(widget)
        self._level_label = QLabel("level")
        self._size = QElidingLabel("–")
        self._note = QElidingLabel()
        self._warning = ErrorLabel()
        self._offer = QLabel()
        self._offer.setWordWrap(True)
        self._offer.setTextFormat(Qt.TextFormat.PlainText)
        self._offer.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        self._smaller = QPushButton("Smaller box")
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
        first.addWidget(self._mode, 1)
        first.addWidget(self._thickness)
        form.addRow("region", first)
        form.addRow(self._level_label, self._level)
        form.addRow("size", self._size)
        form.addRow("note", self._note)
        form.addRow(self._warning)
        form.addRow(self._offer)
        form.addRow(buttons)
        self.set_levels([])
        self.set_note("")
        self.set_excess("")
        self._mode.currentIndexChanged.connect(lambda _i: self._on_mode())
        self._thickness.valueChanged.connect(self._on_thickness)
        self._level.currentIndexChanged.connect(lambda _i: self.changed.emit())
        self._smaller.clicked.connect(lambda _c=False: self.smaller_asked.emit())
        self._coarser.clicked.connect(lambda _c=False: self._level.setCurrentIndex(self._level.currentIndex() + 1))

    @property
    def mode(self) -> str:
        """``"view"``, ``"box"`` or ``"layer"``."""
        return str(self._mode.currentData())

    @mode.setter
    def mode(self, mode: str) -> None:
        if mode not in MODES:
            raise ValueError(f"region_mode must be one of {', '.join(map(repr, MODES))}, got {mode!r}")
        self._mode.setCurrentIndex(list(MODES).index(mode))

    @property
    def thickness(self) -> int:
        """In voxels, along the axes that aren't displayed."""
        return int(self._thickness.value())

    @thickness.setter
    def thickness(self, thickness: int) -> None:
        if thickness != int(thickness) or thickness < 1:
            raise ValueError(f"thickness must be a whole number of at least 1, got {thickness!r}")
        self._thickness.setValue(int(thickness))

    @property
    def level(self) -> int:
        """Of a multiscale layer; 0 is the finest."""
        return max(0, int(self._level.currentIndex()))

    def set_levels(self, shapes: Sequence[Sequence[int]]) -> None:
        """Offer these levels, given by their shapes; the choice is hidden if there is only one."""
        titles = [f"{i}: {format_shape(shape)}" for i, shape in enumerate(shapes)]
        if titles != [self._level.itemText(i) for i in range(self._level.count())]:
            with QSignalBlocker(self._level):
                self._level.clear()
                self._level.addItems(titles)
        self._level.setVisible(len(titles) > 1)
        self._level_label.setVisible(len(titles) > 1)

    def set_size(self, roi: Sequence[int], context: Sequence[int]) -> None:
        """Show how many voxels the region and its context are."""
        text = f"{_product(roi)}, with context {_product(context)}"
        self._size.setText(text)
        self._size.setToolTip(f"{text} voxels")

    def set_note(self, note: str) -> None:
        """Say something about the region in one line, whose place stays when there is nothing to say."""
        self._note.setText(note or "–")
        self._note.setToolTip(note)

    def set_no_size(self) -> None:
        """Show that there is no region."""
        self._size.setText("–")

    def set_excess(self, message: str, refused: bool = True) -> None:
        """Say that the region is too large, or only for doing it at once, with buttons for ways out.

        An empty message takes both away.
        """
        self._warning.show_message(message if refused else "")
        self._offer.setText("" if refused else message)
        self._offer.setVisible(bool(message) and not refused)
        self._smaller.setVisible(bool(message))
        self._coarser.setVisible(bool(message) and self._level.currentIndex() + 1 < self._level.count())

    def set_flat(self, flat: bool) -> None:
        """Whether the ground truth has no axis along which to choose a thickness."""
        self._thickness.setEnabled(not flat and self.mode != "layer")

    def _on_thickness(self, thickness: int) -> None:
        self._thickness.setSuffix(" slice" if thickness == 1 else " slices")
        self.changed.emit()

    def _on_mode(self) -> None:
        self._thickness.setEnabled(self.mode != "layer")
        self.changed.emit()


def _product(shape: Sequence[Any]) -> str:
    return format_shape(shape)
