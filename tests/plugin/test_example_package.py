"""What the example package adds, in the dock."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from npe2 import PluginManifest
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QComboBox, QFileDialog, QLabel, QTextEdit

from ..example_package import example_package
from .window import Window


@pytest.fixture(scope="module", autouse=True)
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with example_package(tmp_path_factory.mktemp("example")):
        yield


def texts(window: Window) -> list[str]:
    """Everything that the dock says."""
    labels = [label.text() for label in window.widget.findChildren(QLabel)]
    return labels + [text.toPlainText() for text in window.widget.findChildren(QTextEdit)]


# With a plugin manager of its own: every earlier window of this process would register the package's commands again.
@pytest.mark.usefixtures("no_viewer", "npe2pm")
def test_the_dock_has_the_predictor_the_format_the_tab_and_the_explanation(
    make_napari_viewer: Any, qtbot: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = Window(make_napari_viewer(show=True), qtbot)
    ids = np.zeros((40, 40), np.uint16)
    ids[5:35, 5:35] = 7
    ids[37:, 37:] = 9
    np.save(tmp_path / "labels.npy", ids)
    asked: list[str] = []

    def ask(_parent: object, _title: str, _folder: str, filters: str) -> tuple[str, str]:
        asked.append(filters)
        return str(tmp_path / "labels.npy"), filters

    monkeypatch.setattr(QFileDialog, "getOpenFileName", ask)
    file = next(action for action in window.control("open").menu().actions() if action.text() == "File…")
    window.after(file.trigger)
    assert "*.npy" in asked[0]
    assert window.widget.gt_layer.name == "labels"

    kinds = next(c for c in window.widget.findChildren(QComboBox) if c.findText("Distance to centre") >= 0)
    window.after(lambda: kinds.setCurrentIndex(kinds.findText("Distance to centre")))
    window.after(lambda: setattr(window.widget, "region_mode", "layer"))
    assert window.widget.inspection.channel_names == ("nearness",)
    assert "2 objects" in texts(window)

    window.widget.open_tab("Voxel")
    canvas = window.viewer.window._qt_viewer.canvas.native
    middle = QPoint(canvas.width() // 2, canvas.height() // 2)
    QTest.mouseClick(canvas, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, middle)
    window.qtbot.waitUntil(lambda: any("because the centre of object 7 is" in text for text in texts(window)))


def test_napari_knows_which_files_the_package_reads() -> None:
    manifest = PluginManifest.from_distribution("distance-to-centre")
    assert manifest.name == distribution("distance-to-centre").name
    (reader,) = manifest.contributions.readers
    assert reader.filename_patterns == ["*.npy"]
