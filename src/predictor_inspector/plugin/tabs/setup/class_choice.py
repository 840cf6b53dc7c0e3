"""Choice of classes that lie beside the ground truth, to make channels of one layer of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Any

from napari.layers import Layer
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QDialog, QDialogButtonBox, QListWidget, QListWidgetItem, QPushButton, QWidget

from predictor_inspector.core.text import listed
from predictor_inspector.data.classes import class_names
from predictor_inspector.data.layers import SOURCE
from predictor_inspector.data.source import open_input
from predictor_inspector.plugin.forms.layouts import in_column
from predictor_inspector.plugin.layers.layer_data import layer_data
from predictor_inspector.plugin.model.messages import Message
from predictor_inspector.plugin.tabs import TabContext


class ClassButton(QPushButton):
    """Offers the classes of the crop that the ground truth is from, where the viewer shows several of its arrays."""

    def __init__(self, context: TabContext) -> None:
        super().__init__("Classes…", objectName="classes")
        self._context = context
        for name in ("gt_layer", "layers"):
            context.settings.events[name].connect(self._offer)
        self.clicked.connect(self._ask)
        self._offer()

    def open_classes(self, names: Sequence[str]) -> None:
        """Add a layer with a channel for each class, and make it the ground truth."""
        place = _group_of(self._context.settings.gt_layer)
        if place is None or not names:
            return
        path, group = place
        name = f"{group}/[{','.join(names)}]".lstrip("/")
        try:
            array = open_input(path, name)
        except (ValueError, OSError, ImportError) as error:
            self._context.controller.message.emit(Message.of(error))
            return
        title = f"{PurePosixPath(group or path).name} [{', '.join(names)}]"
        layer = Layer.create(*layer_data(array, title, "labels", source=(path, name)))
        self._context.settings.gt_layer = self._context.viewer.add_layer(layer)

    def _classes(self) -> list[str]:
        settings = self._context.settings
        place = _group_of(settings.gt_layer)
        found = [layer for layer in settings.layers.gt_layer if place is not None and _group_of(layer) == place]
        names = [str(layer.metadata[SOURCE]["name"]).rpartition("/")[2] for layer in found]
        return [name for name in names if not name.endswith("]")]

    def _offer(self) -> None:
        classes = self._classes()
        self.setVisible(len(classes) > 1)
        self.setToolTip(f"Make channels of one layer of {listed(classes)}, each masked where it isn't annotated")

    def _ask(self) -> None:
        dialog = ClassDialog(self._classes(), self)
        if dialog.exec() == QDialog.DialogCode.Accepted:
            self.open_classes(dialog.chosen)


class ClassDialog(QDialog):
    """A list of classes to tick, in the order of the channels."""

    def __init__(self, names: Sequence[str], parent: QWidget | None = None) -> None:
        super().__init__(parent, windowTitle="Classes as channels")
        self._list = QListWidget()
        for name in names:
            item = QListWidgetItem(name)
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
            item.setCheckState(Qt.CheckState.Unchecked if name == "all" else Qt.CheckState.Checked)
            self._list.addItem(item)
        kinds = QDialogButtonBox.StandardButton
        buttons = QDialogButtonBox(kinds.Ok | kinds.Cancel)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        self.setLayout(in_column((self._list, 1), buttons))
        self.layout().setContentsMargins(8, 8, 8, 8)

    @property
    def chosen(self) -> list[str]:
        """The classes that are ticked."""
        items = [self._list.item(row) for row in range(self._list.count())]
        return [item.text() for item in items if item.checkState() == Qt.CheckState.Checked]


def _group_of(layer: Any) -> tuple[str, str] | None:
    """The file that a layer is from, and the group in it; None where that isn't known."""
    known = None if layer is None else layer.metadata.get(SOURCE)
    if not known or not known.get("name"):
        return None
    classes = class_names(known["name"])
    return known["path"], classes[0] if classes else known["name"].rpartition("/")[0]
