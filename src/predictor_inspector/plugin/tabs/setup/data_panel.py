"""Data section: the ground-truth layer, the layer that says where it is annotated, and how axes are read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qtpy.QtWidgets import QFileDialog, QFormLayout, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QWidget

from predictor_inspector.data import readable_suffixes
from predictor_inspector.plugin.model.axes import Axes, is_telling, readings_of
from predictor_inspector.plugin.model.settings import LayerChoices, Settings
from predictor_inspector.plugin.tabs.setup.bound import BoundCombo


class DataPanel(QWidget):
    """Combos of layers that follow the layers on offer.

    Parameters
    ----------
    open_file : callable
        Called with the path of a file that a person has picked.
    """

    def __init__(self, settings: Settings, open_file: Callable[[str], None]) -> None:
        super().__init__()
        self._settings, self._open_file = settings, open_file
        self._gt = _LayerCombo(
            settings,
            "gt_layer",
            "none",
            "The layer with the ids of objects or classes: labels, or an image of whole numbers",
        )
        self._mask = _LayerCombo(
            settings, "mask_layer", "everywhere", "Where the ground truth is annotated: non-zero voxels of this layer"
        )
        tip = "What the axes of the ground truth are; the time that is shown is inspected"
        self._axes = BoundCombo(settings, "axes", {}, tip, self._axes_title, 10)
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
        settings.events.gt_layer.connect(self._offer_axes)
        self._offer_axes()

    def _offer_axes(self) -> None:
        layer = self._settings.gt_layer
        readings = [] if layer is None else readings_of(layer)
        self._axes.offer({axes: self._axes_title(axes) for axes in readings})
        doubtful = len(readings) > 1 and not is_telling(layer)
        self._axes.setVisible(doubtful)
        self._axes_label.setVisible(doubtful)

    def _axes_title(self, axes: Axes | None) -> str:
        return "" if axes is None else axes.describe(self._settings.gt_layer.ndim)

    def _ask(self) -> None:
        names = " ".join(f"*{suffix}" for suffix in readable_suffixes())
        filters = f"Volumes ({names} *.zattrs zarr.json .zgroup);;All files (*)"
        path, _ = QFileDialog.getOpenFileName(self, "Open ground truth", "", filters)
        if path:
            self._open_file(path)


class _LayerCombo(BoundCombo):
    """The layers on offer for a setting, after an entry for none; long names show in the tool tip."""

    def __init__(self, settings: Settings, name: str, none: str, purpose: str) -> None:
        super().__init__(settings, name, {}, purpose, lambda layer: none if layer is None else layer.name, 10)
        self._none, self._purpose = none, purpose
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        settings.events.layers.connect(self._on_layers)
        settings.events[name].connect(self._on_chosen)
        self._on_layers(settings.layers)
        self._on_chosen(getattr(settings, name))

    def _on_layers(self, choices: LayerChoices) -> None:
        layers: tuple[Any, ...] = getattr(choices, self.objectName())
        self.offer({None: self._none} | {layer: layer.name for layer in layers})

    def _on_chosen(self, layer: Any | None) -> None:
        self.setToolTip(self._purpose if layer is None else layer.name)
