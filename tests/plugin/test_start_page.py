"""The dock without data: ways to open some, by button, drop and recent session."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import QEvent, QMimeData, QPointF, Qt, QUrl
from qtpy.QtGui import QDragEnterEvent, QDropEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QFileDialog, QListWidget, QPushButton, QWidget

from predictor_inspector.inspection.output.session import Data, Origin, Session
from predictor_inspector.plugin import recent

from .window import Window

DISTANCE = {"kind": "distance", "channels": ["cells"], "scale_factor": 7.0, "mask_distances": True}


@pytest.fixture
def window(empty_dock: Window) -> Window:
    """The dock is shared."""
    return empty_dock


def press(window: Window, name: str) -> None:
    button = window.control(f"start {name}")
    assert button.isVisible()
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    window.settle()


def drop(widget: QWidget, path: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    how = Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    entering = QDragEnterEvent(widget.rect().center(), *how)
    QApplication.sendEvent(widget, entering)
    assert entering.isAccepted()
    QApplication.sendEvent(widget, QDropEvent(QPointF(widget.rect().center()), *how, QEvent.Type.Drop))


def session(path: Path, name: str) -> Session:
    return Session(data=Data(ground_truth=Origin(path=str(path), name=name)), predictor=DISTANCE)


def test_the_start_page_stands_in_for_the_tabs_while_there_is_nothing_to_inspect(window: Window) -> None:
    head, page = window.control("head"), window.control("start page")
    assert page.isVisible()
    assert not head.isVisible()
    assert all(button.isVisible() for button in page.findChildren(QPushButton))
    window.viewer.add_image(np.zeros((8, 8)))
    assert page.isVisible()
    assert "none of the layers" in window.control("start hint").text()
    layer = window.viewer.add_labels(np.eye(8, dtype=int))
    window.settle()
    assert not page.isVisible()
    assert head.isVisible()
    window.after(lambda: window.viewer.layers.remove(layer))
    assert page.isVisible()


def test_ids_in_an_image_can_be_converted(window: Window) -> None:
    window.after(lambda: window.viewer.add_image(np.eye(8, dtype=np.float32)))
    (button,) = (b for b in window.control("start page").findChildren(QPushButton) if b.objectName() == "action")
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    window.settle()
    assert window.widget.gt_layer is not None
    assert not window.control("start page").isVisible()


def test_the_sample_opens_with_a_target(window: Window) -> None:
    press(window, "sample")
    assert window.widget.region_mode == "box"
    assert window.widget.gt_layer.name == "labels"
    assert window.inspection is not None


@pytest.mark.parametrize("name", ["open folder", "open file"])
def test_folders_and_files_are_chosen_in_their_own_dialogs(
    window: Window, real_data: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    folder = real_data / "medulla.ome.zarr"
    asked: list[str] = []

    def answer(path: Any) -> Any:
        return lambda *_args: (asked.append(name), path)[1]

    monkeypatch.setattr(QFileDialog, "getExistingDirectory", answer(str(folder)))
    monkeypatch.setattr(QFileDialog, "getOpenFileName", answer((str(folder / ".zattrs"), "")))
    press(window, name)
    assert asked == [name]
    assert window.widget.gt_layer.name == "labels/neurons"


def test_what_is_dropped_on_the_dock_opens_and_what_cannot_be_is_said(
    window: Window, real_data: Path, tmp_path: Path
) -> None:
    (tmp_path / "notes.txt").write_text("nothing")
    drop(window.widget, tmp_path / "notes.txt")
    assert "notes.txt is of a kind that can't be read" in window.control("start hint").text()
    drop(window.widget, real_data / "nuclei2d_masks.tif")
    window.settle()
    assert window.widget.gt_layer.name == "nuclei2d_masks"
    drop(window.widget, tmp_path / "notes.txt")
    assert "notes.txt is of a kind" in window.message


def test_a_recent_session_is_restored_by_a_click_unless_its_data_are_gone(new_dock: Window, real_data: Path) -> None:
    recent.remember(session(Path("/gone.zarr"), "labels"))
    recent.remember(session(real_data / "medulla.ome.zarr", "labels/neurons"))
    page, found = new_dock.control("start page"), new_dock.widget.findChild(QListWidget, "recent sessions")
    page.list_sessions()
    assert [found.item(i).text().partition("\n")[0] for i in range(found.count())] == [
        "medulla.ome.zarr · labels/neurons",
        "gone.zarr · labels",
    ]
    for row in (1, 0):
        assert page.isVisible()
        place = found.visualItemRect(found.item(row)).center()
        QTest.mouseClick(found.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, place)
    new_dock.settle()
    assert not page.isVisible()
    assert new_dock.widget.config == {**new_dock.widget.config, **DISTANCE, "channels": ("cells",)}
