"""What the manifest offers, asked for through napari as a person does: menus, command line, files, preferences."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from napari.settings import get_plugin_settings
from npe2 import PluginManifest
from qtpy.QtCore import QEvent, QMimeData, QPointF, Qt, QTimer, QUrl
from qtpy.QtGui import QDragEnterEvent, QDropEvent
from qtpy.QtWidgets import QApplication, QComboBox, QDialog, QFileDialog, QListWidget, QRadioButton, QWidget

import predictor_inspector
from predictor_inspector.plugin import samples
from predictor_inspector.plugin.layers.owned import layer_name

from .shared_viewer import process_deletions

PLUGIN = "napari-predictor-inspector"
TITLE = "Predictor Inspector"
DOCK = f"{TITLE} ({TITLE})"
BY_NAME = f"{TITLE} ({PLUGIN})"
"""What napari calls the dock when it is opened from the menu, and by name."""

MANIFEST = PluginManifest.from_file(Path(predictor_inspector.__file__).with_name("napari.yaml"))
SAMPLES = {"neurites": "Neurites (3-D)", "cells": "Nuclei (2-D)"}
MEDULLA = {"medulla": "image", "labels/neurons": "labels"}
FILES = {
    "medulla.ome.zarr": MEDULLA,
    "medulla.ome.zarr/labels/.zattrs": MEDULLA,
    "cremi_style.hdf": {"volumes/raw": "image", "volumes/labels/neuron_ids": "labels"},
    "nuclei2d_masks.tif": {"nuclei2d_masks": "labels"},
}


pytestmark = pytest.mark.usefixtures("no_viewer")


@pytest.fixture
def viewer(npe2pm: Any, plugin_settings: Any, make_napari_viewer: Callable[..., Any]) -> Any:
    """A shown napari that knows its own plugins and this one, with fresh preferences."""
    npe2pm.register(PluginManifest.from_distribution("napari"))
    npe2pm.register(MANIFEST)
    return make_napari_viewer(show=True)


def entry(viewer: Any, *titles: str) -> Any:
    """An entry of the menu bar by the titles on the way to it."""
    menu = viewer.window._qt_window.menuBar()
    for title in titles:
        found = {action.text().replace("&", ""): action for action in menu.actions()}
        assert title in found, f"{title} is not among {list(found)}"
        if title == titles[-1]:
            return found[title]
        menu = found[title].menu()
        menu.aboutToShow.emit()


def choose(viewer: Any, *titles: str) -> None:
    """Choose an entry of the menu bar."""
    action = entry(viewer, *titles)
    assert action.isEnabled()
    action.trigger()


def settle(qtbot: Any, dock: Any) -> None:
    """Wait for the dock to have computed what it shows."""
    QApplication.processEvents()
    qtbot.waitUntil(lambda: not dock.busy)
    return dock


def assert_dock_works(qtbot: Any, viewer: Any, dock: Any) -> None:
    settle(qtbot, dock)
    assert dock.isVisible()
    viewer.add_labels(np.repeat(np.arange(1, 5), 16).reshape(8, 8), name="ids")
    qtbot.waitUntil(lambda: layer_name("target") in viewer.layers)
    settle(qtbot, dock)
    assert dock.gt_layer is viewer.layers["ids"]
    assert dock.inspection is not None


def test_the_menu_opens_hides_and_shows_the_dock(viewer: Any, qtbot: Any) -> None:
    choose(viewer, "Plugins", DOCK)
    dock = viewer.window.dock_widgets[DOCK]
    assert_dock_works(qtbot, viewer, dock)
    choose(viewer, "Plugins", DOCK)
    assert not dock.isVisible()
    choose(viewer, "Plugins", DOCK)
    assert dock.isVisible()
    assert list(viewer.window.dock_widgets) == [DOCK]


INSPECT = f"Inspect what a network is trained on ({TITLE})"


def test_the_layers_menu_inspects_the_selected_labels_in_the_one_dock(viewer: Any, qtbot: Any) -> None:
    image = viewer.add_image(np.zeros((8, 8)))
    first, second = (viewer.add_labels(np.eye(8, dtype=int), name=name) for name in ("first", "second"))
    choose(viewer, "Layers", "Visualize", INSPECT)
    dock = viewer.window.dock_widgets[DOCK]
    settle(qtbot, dock)
    assert dock.isVisible()
    assert dock.gt_layer is second
    viewer.layers.selection = {first}
    choose(viewer, "Layers", "Visualize", INSPECT)
    assert dock.gt_layer is first
    choose(viewer, "Plugins", DOCK)
    assert not dock.isVisible()
    choose(viewer, "Layers", "Visualize", INSPECT)
    assert dock.isVisible()
    assert list(viewer.window.dock_widgets) == [DOCK]
    settle(qtbot, dock)
    viewer.layers.selection = {image}
    assert not entry(viewer, "Layers", "Visualize", INSPECT).isEnabled()


def test_a_script_opens_the_dock_by_the_names_of_plugin_and_widget(viewer: Any, qtbot: Any) -> None:
    opened, by_plugin = viewer.window.add_plugin_dock_widget(PLUGIN)
    assert viewer.window.dock_widgets[BY_NAME] is by_plugin
    viewer.window.remove_dock_widget(opened)
    opened.deleteLater()
    process_deletions()
    _, dock = viewer.window.add_plugin_dock_widget(PLUGIN, TITLE)
    assert viewer.window.dock_widgets[BY_NAME] is dock is not by_plugin
    assert_dock_works(qtbot, viewer, dock)


STARTUP = """
import json

import napari
from qtpy.QtCore import QTimer

viewer = napari.current_viewer()


def look():
    docks = viewer.window.dock_widgets
    if docks and viewer.window._qt_window.isVisible():
        print(json.dumps({name: dock.isVisible() for name, dock in docks.items()}))
        viewer.close()
    else:
        QTimer.singleShot(50, look)


look()
"""


def test_the_command_line_of_napari_opens_the_dock(tmp_path: Path) -> None:
    script, settings = tmp_path / "startup.py", tmp_path / "settings.yaml"
    script.write_text(STARTUP)
    settings.write_text(f"application:\n  startup_script: {json.dumps(str(script))}\n")
    done = subprocess.run(
        [sys.executable, "-m", "napari", "-w", PLUGIN],
        env=os.environ | {"NAPARI_CONFIG": str(settings)},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {BY_NAME: True}
    assert "Traceback" not in done.stderr


def test_samples_open_in_place(viewer: Any) -> None:
    neurites, cells = SAMPLES.items()
    # By name, too, as scripts do.
    for (key, title), by_name, make in (
        (neurites, False, samples.neurites),
        (cells, True, samples.cells_2d),
        (cells, False, samples.cells_2d),
    ):
        viewer.layers.clear()
        if by_name:
            viewer.open_sample(PLUGIN, key)
        else:
            choose(viewer, "File", "Open Sample", TITLE, title)
        sample = make()
        assert {"raw", "labels"} <= {layer.name for layer in viewer.layers}
        assert [layer.name for layer in viewer.layers if layer.visible] == ["raw", "labels"]
        for name in ("raw", "labels"):
            array, layer = getattr(sample, name), viewer.layers[name]
            np.testing.assert_array_equal(np.asarray(layer.data), array.numpy())
            np.testing.assert_allclose(layer.scale, array.physical_voxel_size)


def test_every_sample_is_tried() -> None:
    assert {sample.key: sample.display_name for sample in MANIFEST.contributions.sample_data} == SAMPLES


def drop(viewer: Any, path: Path) -> None:
    """Drop a file onto the middle of the window, onto what takes it there."""
    window = viewer.window._qt_window
    middle = window.rect().center()
    taker: QWidget = window.childAt(middle)
    while not taker.acceptDrops():
        taker = taker.parentWidget()
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    how = Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    place = taker.mapFrom(window, middle)
    entering = QDragEnterEvent(place, *how)
    QApplication.sendEvent(taker, entering)
    assert entering.isAccepted()
    QApplication.sendEvent(taker, QDropEvent(QPointF(place), *how, QEvent.Type.Drop))


def open_from_menu(viewer: Any, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Choose a file or folder in napari's dialog."""
    if path.is_dir():
        monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_args: str(path))
        choose(viewer, "File", "Open Folder...")
    else:
        monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *_args, **_kwargs: ([str(path)], ""))
        choose(viewer, "File", "Open File(s)...")


@contextmanager
def choosing_this_reader() -> Iterator[None]:
    """Answer the dialog in which napari asks which of several plugins is to read a file."""

    def answer() -> None:
        dialog = QApplication.activeModalWidget()
        if dialog is not None and dialog.windowTitle() == "Choose reader":
            (button,) = (b for b in dialog.findChildren(QRadioButton) if b.text() == TITLE)
            button.click()
            dialog.accept()

    timer = QTimer()
    timer.timeout.connect(answer)
    timer.start(20)
    yield
    timer.stop()


def test_files_are_read(viewer: Any, real_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from_menu = dict.fromkeys(("medulla.ome.zarr", "nuclei2d_masks.tif"), True)
    for file, by_menu in [*dict.fromkeys(FILES, False).items(), *from_menu.items()]:
        layers = FILES[file]
        viewer.layers.clear()
        with choosing_this_reader():
            if by_menu:
                open_from_menu(viewer, real_data / file, monkeypatch)
            else:
                drop(viewer, real_data / file)
        assert {layer.name: type(layer).__name__.lower() for layer in viewer.layers} == layers
        assert all(layer.source.reader_plugin == PLUGIN for layer in viewer.layers)


def test_every_command_can_be_executed(
    npe2pm: Any, make_napari_viewer: Any, qtbot: Any, real_data: Path, tmp_path: Path
) -> None:
    npe2pm.register(MANIFEST)
    viewer = make_napari_viewer()
    path = str(real_data / "nuclei2d_masks.tif")
    arguments: dict[str, tuple[Any, ...]] = {
        "dock": (viewer,),
        "inspect": (viewer,),
        "read": (path,),
        "write": (str(tmp_path / "ids.zarr"), [(np.eye(8, dtype=int), {"name": "ids"}, "labels")]),
        "neurites": (),
        "cells": (),
    }
    results = {name: npe2pm.commands.execute(f"{PLUGIN}.{name}", args) for name, args in arguments.items()}
    assert {command.id for command in MANIFEST.contributions.commands} == {f"{PLUGIN}.{name}" for name in results}
    assert isinstance(results["dock"], QWidget)
    qtbot.addWidget(results["dock"])
    assert [data[2] for data in results["read"](path)] == ["labels"]
    assert results["write"] == [str(tmp_path / "ids.zarr")]
    assert {data[2] for name in ("neurites", "cells") for data in results[name]} == {"image", "labels"}


def test_the_preferences_have_a_page_with_the_memory(viewer: Any, qtbot: Any) -> None:
    choose(viewer, "Plugins", DOCK)
    dock = viewer.window.dock_widgets[DOCK]
    settle(qtbot, dock)
    choose(viewer, "File", "Preferences")
    (dialog,) = (d for d in viewer.window._qt_window.findChildren(QDialog) if d.findChild(QListWidget))
    pages = dialog.findChild(QListWidget)
    (page,) = pages.findItems(TITLE, Qt.MatchFlag.MatchExactly)
    pages.setCurrentItem(page)
    choices = [c for c in dialog.findChildren(QComboBox) if c.isVisible() and c.findText("128 GB") >= 0]
    assert len(choices) == 1
    assert choices[0].currentText() == "auto"
    choices[0].setCurrentText("2 GB")
    assert get_plugin_settings(PLUGIN).compute.memory == "2 GB"
    assert dock.memory == "2 GB"
    dialog.accept()
