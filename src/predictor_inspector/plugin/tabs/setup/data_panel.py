"""Data section: the ground-truth layer, its mask, and how its axes are read."""

from __future__ import annotations

from typing import Any

from qtpy.QtWidgets import QPushButton, QWidget

from predictor_inspector.plugin.forms.layouts import in_form, in_row
from predictor_inspector.plugin.forms.open_dialog import open_menu
from predictor_inspector.plugin.forms.small_widgets import ValueCombo
from predictor_inspector.plugin.model.axes import Axes, is_telling, readings_of
from predictor_inspector.plugin.model.layer_choice import LayerChoices
from predictor_inspector.plugin.model.settings import Settings
from predictor_inspector.plugin.tabs import TabContext
from predictor_inspector.plugin.tabs.bound import bind, bound_combo
from predictor_inspector.plugin.tabs.setup.class_choice import ClassButton


class DataPanel(QWidget):
    """Choices of layers and axes, and a button that opens a zarr folder or a file."""

    def __init__(self, context: TabContext) -> None:
        super().__init__(windowTitle="Data")
        self._settings = context.settings
        gt = _LayerCombo(
            self._settings,
            "gt_layer",
            "none",
            "The layer with the ids of objects or classes: labels, or an image of whole numbers",
        )
        mask = _LayerCombo(
            self._settings,
            "mask_layer",
            "none (everything is annotated)",
            "Where the ground truth is annotated: non-zero voxels of this layer",
        )
        tip = "What the axes of the ground truth are; the time that is shown is inspected"
        self._axes = bound_combo(self._settings, "axes", {}, tip, 10, self._axes_title)
        button = QPushButton(
            "Open", toolTip="Open OME-Zarr, zarr, N5, precomputed, HDF5 or TIFF; or drop files on the window"
        )
        button.setObjectName("open")
        button.setMenu(open_menu(button, context.open_file))
        form = in_form(
            ("ground truth", in_row((gt, 1), ClassButton(context), button)), ("mask", mask), ("axes", self._axes)
        )
        self.setLayout(form)
        self._axes_label = form.labelForField(self._axes)
        self._settings.events.gt_layer.connect(self._offer_axes)
        self._offer_axes()

    def _offer_axes(self) -> None:
        layer = self._settings.gt_layer
        readings = [] if layer is None else readings_of(layer)
        self._axes.offer({axes: self._axes_title(axes) for axes in readings}, self._settings.axes)
        for widget in (self._axes, self._axes_label):
            # Channels and time may be marked as such by mistake.
            widget.setVisible(len(readings) > 1 and (not is_telling(layer) or readings[0].spatial < layer.ndim))

    def _axes_title(self, axes: Axes | None) -> str:
        return "" if axes is None else axes.describe(self._settings.gt_layer.ndim)


class _LayerCombo(ValueCombo):
    """The layers on offer for a setting, after an entry for none; long names show in the tool tip."""

    def __init__(self, settings: Settings, name: str, none: str, purpose: str) -> None:
        super().__init__({}, purpose, 10, lambda layer: none if layer is None else layer.name)
        self._settings, self._none, self._purpose = settings, none, purpose
        bind(self, self.chosen, self.set_value, settings, name)
        settings.events.layers.connect(self._offer)
        settings.events[name].connect(self._describe)
        self._offer(settings.layers)
        self._describe(getattr(settings, name))

    def _offer(self, choices: LayerChoices) -> None:
        name = self.objectName()
        layers = {layer: layer.name for layer in getattr(choices, name)}
        self.offer({None: self._none, **layers}, getattr(self._settings, name))

    def _describe(self, layer: Any | None) -> None:
        self.setToolTip(self._purpose if layer is None else layer.name)
