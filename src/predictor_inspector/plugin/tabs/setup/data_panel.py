"""Data section: layers of ground truth, mask and raw data, and the axes."""

from __future__ import annotations

from functools import partial
from typing import Any

from napari.layers import Layer
from qtpy.QtWidgets import QLineEdit, QPushButton, QWidget

from predictor_inspector.data.layers import SOURCE
from predictor_inspector.plugin.forms.layouts import in_form, in_row
from predictor_inspector.plugin.forms.open_dialog import open_menu
from predictor_inspector.plugin.forms.small_widgets import ValueCombo
from predictor_inspector.plugin.model.actions import Action, Desk
from predictor_inspector.plugin.model.axes import Axes, is_telling, readings_of
from predictor_inspector.plugin.model.layer_choice import LayerChoices
from predictor_inspector.plugin.model.settings import Settings
from predictor_inspector.plugin.reader import layer_read_as
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
        raw = _LayerCombo(
            self._settings,
            "raw_layer",
            "none",
            "The image that a network would see: slow checks compare it with the labels",
        )
        tip = "What the axes of the ground truth are; the time that is shown is inspected"
        self._axes = bound_combo(self._settings, "axes", {}, tip, 10, self._axes_title)
        self._order = _AxesOrder(context)
        button = QPushButton(
            "Open", toolTip="Open OME-Zarr, zarr, N5, precomputed, HDF5 or TIFF; or drop files on the window"
        )
        button.setObjectName("open")
        button.setMenu(open_menu(button, context.open_file))
        form = in_form(
            ("ground truth", in_row((gt, 1), ClassButton(context), button)),
            ("mask", mask),
            ("raw data", raw),
            ("axes", axes := in_row((self._axes, 2), (self._order, 1))),
        )
        self.setLayout(form)
        self._axes_label, self._raw = form.labelForField(axes), (raw, form.labelForField(raw))
        self._settings.events.gt_layer.connect(self._offer_axes)
        self._settings.events.layers.connect(self._offer_raw)
        self._offer_axes()
        self._offer_raw()

    def _offer_raw(self) -> None:
        for widget in self._raw:
            widget.setVisible(bool(self._settings.layers.raw_layer))

    def _offer_axes(self) -> None:
        layer = self._settings.gt_layer
        readings = [] if layer is None else readings_of(layer)
        self._axes.offer({axes: self._axes_title(axes) for axes in readings}, self._settings.axes)
        # Channels and time may be marked as such by mistake.
        is_open = len(readings) > 1 and (not is_telling(layer) or readings[0].spatial < layer.ndim)
        said = "" if is_open or not readings else f"{self._axes_title(readings[0])}, "
        in_file = self._order.show_layer(layer, f"{said}as in the file")
        self._axes.setVisible(is_open)
        self._axes_label.setVisible(is_open or in_file)

    def _axes_title(self, axes: Axes | None) -> str:
        return "" if axes is None else axes.describe(self._settings.gt_layer.ndim)


class _AxesOrder(QLineEdit):
    """The axes of the ground truth's file in the order in which they are stored, which can be typed as on the command line."""

    def __init__(self, context: TabContext) -> None:
        tip = (
            "What the axes of the ground truth are, in the order in which they are stored, a letter for each: z, y, x, t for "
            "time, c for channels; empty: what the file says"
        )
        super().__init__(objectName="axes_order", toolTip=tip)
        self._context = context
        self.returnPressed.connect(self._read)

    def show_layer(self, layer: Any | None, by_default: str) -> bool:
        """Show how a layer's file was read; without a file it is hidden, and this is False."""
        source = {} if layer is None else layer.metadata.get(SOURCE, {})
        self.setPlaceholderText(by_default)
        self.setText(source.get("axes", ""))
        self.setVisible(bool(source))
        return bool(source)

    def _read(self) -> None:
        order, before = self.text().strip(), self._context.settings.gt_layer
        self._context.perform(Action(f"Read the axes as {order or 'in the file'}", partial(_read_again, order)))
        if self._context.settings.gt_layer is not before:  # what it holds lies elsewhere
            self._context.viewer.reset_view()


def _read_again(order: str, desk: Desk) -> None:
    """Inspect what the file of the ground truth holds with its axes in another order; the layer is hidden, but stays."""
    old = desk.settings.gt_layer
    source = old.metadata[SOURCE]
    data, meta, kind = layer_read_as(source["path"], source["name"], order)
    name = meta["name"] if not order else f"{meta['name']} as {order}"
    desk.settings.gt_layer = desk.add_layer(Layer.create(data, {**meta, "name": name}, kind))
    old.visible = False


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
