"""A data set in the tab Check of a real window."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QDialog, QPushButton

from predictor_inspector.plugin.head.sessions import session_of
from predictor_inspector.plugin.tabs.setup.class_choice import ClassDialog

from ...crops import INSTANCES, Folder, objects
from ..window import Window


@pytest.fixture
def window(empty_dock: Window) -> Window:
    """The dock is shared."""
    return empty_dock


@pytest.fixture
def data(tmp_path: Path) -> Folder:
    folder = Folder(tmp_path)
    for number in (1, 2):
        folder.crop(number, {"mito": (objects(), INSTANCES), "er": (objects(), INSTANCES)})
    folder.crop(3, split="validate", begin=(64, 0, 800))
    return folder


def rows(table: Any) -> list[list[str]]:
    model = table.model()
    return [[str(model.index(r, c).data()) for c in range(model.columnCount())] for r in range(model.rowCount())]


def click(window: Window, row: int) -> None:
    table = window.control("dataset table")
    place = table.visualRect(table.model().index(row, 0)).center()
    QTest.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, place)
    window.settle()


def test_crops_are_listed_checked_and_opened_by_a_click(window: Window, data: Folder) -> None:
    window.widget.open_dataset(str(data.datasplit()))
    window.qtbot.waitUntil(lambda: not window.widget.tabs["check"].busy, timeout=20_000)
    window.settle()
    table, told = window.control("dataset table"), window.control("dataset summary")
    assert table.isVisible()
    assert rows(table)[0] == ["jrc_x/crop1", "", "training", "8 × 8 × 8 nm", "16 × 16 × 16", "2", ""]
    assert [row[1] for row in rows(table)] == ["", "1 error", "1 error"]
    # The first was opened: there was nothing to inspect.
    assert window.widget.gt_layer.name == "jrc_x/crop1"
    assert [layer.name for layer in window.viewer.layers][:2] == ["jrc_x/crop1 raw", "jrc_x/crop1"]
    click(window, 2)
    layer = window.widget.gt_layer
    assert (layer.name, layer.data.shape) == ("jrc_x/crop3", (2, 16, 16, 16))
    assert np.array_equal(layer.translate[1:], [68, 4, 804])
    assert not any(other.name.startswith("jrc_x/crop1") for other in window.viewer.layers)
    assert told.text().startswith("error: jrc_x/crop2, for training, and jrc_x/crop3, for validation, overlap in 50 %")
    assert window.widget.settings.gt.about.channels == ("mito", "er")
    assert "can't use its channels, which are the classes mito and er." in window.message
    (use,) = (b for b in window.control("head").findChildren(QPushButton) if b.objectName() == "action")
    QTest.mouseClick(use, Qt.MouseButton.LeftButton)
    window.settle()
    assert window.widget.config["channels"] == ("mito", "er")
    assert window.inspection.weight.numpy()[1].max() == 0
    QTest.mouseClick(window.control("dataset start"), Qt.MouseButton.LeftButton)
    window.qtbot.waitUntil(lambda: not window.widget.tabs["check"].busy, timeout=20_000)
    window.settle()
    assert [row[6] for row in rows(table)][:2] == ["15.8 %", "15.8 %"]
    assert "3 crops, 3 checked" in told.text()
    # What was painted in stays.
    layer.paint((0, 3, 3, 3), 5)
    click(window, 0)
    assert layer in window.viewer.layers


def test_what_is_wrong_with_a_list_is_said_in_the_dock(window: Window, data: Folder) -> None:
    window.widget.open_dataset(str(data.folder / "nothing.csv"))
    window.add_labels()
    window.settle()
    assert "nothing.csv: no such file" in window.control("dataset error").text()


def test_a_crop_that_is_opened_offers_its_classes_as_channels_of_one_layer(
    window: Window, data: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = data.place(1)
    monkeypatch.setattr(ClassDialog, "exec", lambda _dialog: QDialog.DialogCode.Accepted)
    window.after(lambda: window.widget.context.open_file(str(place)))
    button = window.control("classes")
    assert button.isVisible()
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    window.settle()
    assert window.widget.gt_layer.name == "crop1 [er, mito]"
    assert window.widget.settings.gt.about.channels == ("er", "mito")
    assert session_of(window.widget.context).data.ground_truth.name == "[er,mito]"
    window.set_config("one_hot", classes=["er", "mito"])
    window.settle()
    assert np.array_equal(window.inspection.target.numpy().any(0), window.inspection.gt.numpy().any(0))
    window.viewer.add_labels(np.eye(16, dtype=int), name="others")
    window.widget.gt_layer = window.viewer.layers["others"]
    assert not button.isVisible()
