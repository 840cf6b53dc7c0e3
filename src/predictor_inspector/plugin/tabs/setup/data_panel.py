"""The data part of the dock: which layer is the ground truth, and which says where it is annotated."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from qtpy.QtCore import QSignalBlocker, Signal
from qtpy.QtWidgets import QComboBox, QFileDialog, QFormLayout, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QWidget

from predictor_inspector.data import readable_suffixes
from predictor_inspector.plugin.forms.small_widgets import guard_wheel
from predictor_inspector.plugin.layers.owned import is_owned, layer_kind
from predictor_inspector.plugin.model.axes import Axes, is_telling, possible_axes

EVERYWHERE = "everywhere"
NONE_TITLE = "none"
_ID_BYTES = 4  # intensities come in one or two


class DataPanel(QWidget):
    """Combos of layers that follow the layer list.

    `changed` is emitted when another layer, mask or reading of the axes is chosen, by hand or because a layer went away.
    """

    changed = Signal()

    def __init__(self, layers: Any, open_file: Callable[[str], None], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._layers = layers
        self._open_file = open_file
        self._chosen = False  # whether a person, or code, has chosen the ground truth
        self._gt = _layer_combo("The layer with the ids of objects or classes: labels, or an image of whole numbers")
        self._mask = _layer_combo("Where the ground truth is annotated: non-zero voxels of this layer")
        self._axes = _layer_combo("What the axes of the ground truth are; the time that is shown is inspected")
        self._axes_label = QLabel("axes")
        button = QPushButton("Open…")
        button.setToolTip("Open OME-Zarr, zarr, HDF5 or TIFF; files can be dropped on the window, too")
        button.clicked.connect(lambda _checked=False: self._ask())
        first = QHBoxLayout()
        first.addWidget(self._gt, 1)
        first.addWidget(button)
        form = QFormLayout(self)
        form.setContentsMargins(0, 0, 0, 0)
        form.setVerticalSpacing(4)
        form.addRow("ground truth", first)
        form.addRow("annotated", self._mask)
        form.addRow(self._axes_label, self._axes)
        self.refresh()
        self._gt.activated.connect(self._on_activated)
        self._gt.currentIndexChanged.connect(self._on_gt)
        self._mask.currentIndexChanged.connect(lambda _i: self._changed())
        self._axes.currentIndexChanged.connect(lambda _i: self._changed())

    @property
    def gt_layer(self) -> Any | None:
        """The ground truth, or None."""
        return self._gt.currentData()

    @gt_layer.setter
    def gt_layer(self, layer: Any | None) -> None:
        self._set(self._gt, layer, "gt_layer", ground_truth_layers(self._layers))
        self._chosen = layer is not None

    @property
    def mask_layer(self) -> Any | None:
        """Where the ground truth is annotated, or None for everywhere."""
        return self._mask.currentData()

    @mask_layer.setter
    def mask_layer(self, layer: Any | None) -> None:
        self._set(self._mask, layer, "mask_layer", mask_layers(self._layers))

    @property
    def axes(self) -> Axes | None:
        """How the ground truth's axes are read, or None without one."""
        return self._axes.currentData()

    @axes.setter
    def axes(self, axes: Axes) -> None:
        choices = [self._axes.itemData(i) for i in range(self._axes.count())]
        if axes not in choices:
            raise ValueError(f"axes must be one of {choices}, got {axes}")
        self._axes.setCurrentIndex(choices.index(axes))

    def refresh(self) -> None:
        """Take over the layer list as it is now; emits `changed` if that leads to other ground truth or another mask."""
        gt, mask = self.gt_layer, self.mask_layer
        layers = ground_truth_layers(self._layers)
        self._chosen = self._chosen and gt in layers
        _fill(self._gt, layers, NONE_TITLE, gt if self._chosen else likeliest(layers))
        _fill(self._mask, mask_layers(self._layers), EVERYWHERE, mask)
        if self.gt_layer is not gt:
            self._on_gt()
        elif self.mask_layer is not mask:
            self._changed()

    def _on_activated(self, _index: int) -> None:
        self._chosen = True

    def _on_gt(self, _index: int = 0) -> None:
        layer = self.gt_layer
        with QSignalBlocker(self._axes):
            self._axes.clear()
            if layer is not None:
                for axes in _readings(layer):
                    self._axes.addItem(axes.describe(layer.ndim), axes)
        doubtful = self._axes.count() > 1 and layer is not None and not is_telling(layer)
        self._axes.setVisible(doubtful)
        self._axes_label.setVisible(doubtful)
        self._changed()

    def _changed(self) -> None:
        for combo in (self._gt, self._mask):
            combo.setToolTip(combo.currentText() if combo.currentData() is not None else combo.property("purpose"))
        self.changed.emit()

    def _set(self, combo: QComboBox, layer: Any | None, name: str, choices: list[Any]) -> None:
        if layer is not None and layer not in choices:
            names = ", ".join(repr(choice.name) for choice in choices) or "none yet"
            raise ValueError(
                f"{name} must be a labels layer or an image of whole numbers in this viewer ({names}), got {layer!r}"
            )
        combo.setCurrentIndex(next(i for i in range(combo.count()) if combo.itemData(i) is layer))

    def _ask(self) -> None:
        names = " ".join(f"*{suffix}" for suffix in readable_suffixes())
        filters = f"Volumes ({names} *.zattrs zarr.json .zgroup);;All files (*)"
        path, _ = QFileDialog.getOpenFileName(self, "Open ground truth", "", filters)
        if path:
            self._open_file(path)


def ground_truth_layers(layers: Any) -> list[Any]:
    """Layers that can be ground truth: labels first, then images of whole numbers, the plugin's own left out."""
    labels = [layer for layer in layers if layer_kind(layer) == "labels"]
    images = [layer for layer in layers if layer_kind(layer) == "image" and _whole_numbers(layer)]
    return [layer for layer in (*labels, *images) if not is_owned(layer)]


def mask_layers(layers: Any) -> list[Any]:
    """Layers that can say where ground truth is annotated: those that look like masks first."""
    candidates = ground_truth_layers(layers)
    return sorted(candidates, key=lambda layer: not _sounds_like_mask(layer.name))


def likeliest(layers: list[Any]) -> Any | None:
    """The layer that is ground truth most likely: labels that are seen, rather instances than channels or a mask.

    An image is taken only if its type is one that ids have and intensities haven't; others wait to be chosen.
    """
    labels = [layer for layer in layers if layer_kind(layer) == "labels"]
    if labels:
        return min(labels, key=lambda layer: (_sounds_like_mask(layer.name), not layer.visible, layer.ndim))
    return next((layer for layer in layers if np.dtype(layer.dtype).itemsize >= _ID_BYTES), None)


def _sounds_like_mask(name: str) -> bool:
    return any(word in name.lower() for word in ("mask", "annotated", "annotation"))


def _whole_numbers(layer: Any) -> bool:
    return not layer.rgb and np.dtype(layer.dtype).kind in "biu"


def _readings(layer: Any) -> list[Axes]:
    try:
        return possible_axes(layer)
    except ValueError:
        # What is wrong with the layer is said where it is used; this reading gets it there.
        return [Axes(min(3, int(layer.ndim)), False)]


def _layer_combo(purpose: str) -> QComboBox:
    combo = QComboBox()
    combo.setToolTip(purpose)
    combo.setProperty("purpose", purpose)
    # Long names must not widen the dock; they show in the tool tip.
    combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    combo.setMinimumContentsLength(10)
    combo.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
    guard_wheel(combo)
    return combo


def _fill(combo: QComboBox, layers: list[Any], none: str, chosen: Any | None) -> None:
    """List `layers` after an entry for none of them, and choose one; no signal is emitted."""
    with QSignalBlocker(combo):
        combo.clear()
        combo.addItem(none, None)
        for layer in layers:
            combo.addItem(layer.name, layer)
        combo.setCurrentIndex(next((i for i in range(combo.count()) if combo.itemData(i) is chosen), 0))
