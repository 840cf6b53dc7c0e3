"""The dock in a real window: hints, choices that come and go, and a slider that is dragged."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import zarr
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QPushButton, QTabBar

from predictor_inspector.plugin import opener, reader
from predictor_inspector.plugin.head.sessions import session_of

from .window import LABELS, UNITS, VOXEL_SIZE, Window, blocks

IN_A_SMALL_WINDOW = 385
"""Pixels of the dock in a window of 1280."""

DISTANCE = {"kind": "distance", "channels": ["a"], "mask_distances": True}


@pytest.fixture
def window(empty_dock: Window) -> Window:
    """The dock is shared."""
    return empty_dock


def test_a_dock_without_data_says_what_to_do(window: Window) -> None:
    assert window.widget.inspection is None
    assert window.widget.gt_layer is None
    assert "labels" in window.control("note").text()
    assert window.widget.message == ""


def test_all_tabs_are_seen_in_a_narrow_dock(labelled: Window) -> None:
    bar = labelled.widget.findChild(QTabBar)
    last = max(bar.tabRect(index).right() for index in range(bar.count()))
    counted = bar.fontMetrics().horizontalAdvance(" ▲9")  # that Check may tell
    assert last + counted <= IN_A_SMALL_WINDOW


def test_a_dragged_slider_ends_at_its_last_value_and_never_goes_back(labelled: Window) -> None:
    labelled.set_config(**DISTANCE, scale_factor=15.0)
    shown = []
    labelled.widget.inspected.connect(shown.append)
    for value in np.linspace(10, 60, 10):
        labelled.widget.config = {**DISTANCE, "scale_factor": float(value)}
        QApplication.processEvents()
    labelled.settle()
    scales = [inspection.request.predictor.scale_factor for inspection in shown]
    assert scales == sorted(scales)
    assert scales[-1] == 60
    labelled.assert_layers_show_the_inspection()


def test_levels_and_axes_are_chosen_where_there_are_several(window: Window) -> None:
    fine = blocks((12, 80, 96))
    window.viewer.add_labels(
        [fine, fine[:, ::2, ::2]], multiscale=True, scale=VOXEL_SIZE, units=UNITS, axis_labels=LABELS
    )
    window.settle()
    assert window.control("level").isVisible()
    assert not window.control("axes").isVisible()
    window.assert_layers_show_the_inspection()
    window.after(lambda: window.control("level").setCurrentIndex(1))
    assert window.widget.inspection.gt.physical_voxel_size == (40.0, 8.0, 10.48)
    window.assert_layers_show_the_inspection()
    movie = window.viewer.add_labels(np.stack([blocks(seed=s) for s in range(3)]))
    window.after(lambda: setattr(window.widget, "gt_layer", movie))
    assert not window.control("level").isVisible()
    assert window.control("axes").isVisible()


def test_an_error_empties_the_table_of_channels(labelled: Window) -> None:
    labelled.widget.open_tab("Statistics")
    labelled.set_config(**DISTANCE, scale_factor=15.0)
    assert labelled.control("channel_table").rowCount() == 1
    labelled.set_config("distance", channels=["a", "b"], scale_factor=15.0, mask_distances=True)
    assert "2 channels" in labelled.widget.message
    assert labelled.control("channel_table").rowCount() == 0


def test_a_file_that_contradicts_itself_is_read_as_a_person_chooses(
    window: Window, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked, look = [], reader.list_contents
    monkeypatch.setattr(reader, "list_contents", lambda path: (looked.append(path), look(path))[1])
    ids = np.stack([blocks(), blocks()], -1)
    said = {"axis_names": [*"zyxc"], "types": ["channel", "space", "space", "space"], "voxel_size": [40, 4, 4]}
    group = zarr.create_group(tmp_path / "crop.zarr")
    group.create_array("labels", data=ids, attributes=said)
    group.create_array("raw", data=blocks().astype(np.float32))
    # Nothing but what contradicts itself, then that beside others.
    window.widget.context.open_file(str(tmp_path / "crop.zarr" / "labels"))
    assert "axis_names say z y x channel" in window.message
    assert [layer.name for layer in window.viewer.layers] == []
    looked.clear()
    window.after(lambda: window.widget.context.open_file(str(tmp_path / "crop.zarr")))
    assert len(looked) == 1
    assert [layer.name for layer in window.viewer.layers] == ["raw"]
    assert "axis_names say z y x channel, types say channel space space space" in window.message
    buttons = {button.text(): button for button in window.widget.head.findChildren(QPushButton)}
    assert {"Read labels as zyxc", "Read labels as czyx", "Other axes…"} <= set(buttons)
    monkeypatch.setattr(opener, "ask_for_axes", lambda name: {"labels": "zzz"}[name])
    buttons["Other axes…"].click()
    assert "axes must have a letter for each of its 4 axes" in window.message
    buttons = {button.text(): button for button in window.widget.head.findChildren(QPushButton)}
    window.after(buttons["Read labels as zyxc"].click)
    gt = window.settings.gt
    assert (gt.axis_names, gt.physical_voxel_size) == (("c^", "z", "y", "x"), (40, 4, 4))
    assert "contradicts" not in window.message
    assert window.control("axes").isVisible()
    session = session_of(window.widget.context)
    assert session.data.ground_truth.axes == "zyxc"
    np.testing.assert_array_equal(session.opened().gt.numpy(), np.moveaxis(ids, -1, 0))


def test_the_axes_of_a_file_can_be_typed(window: Window, tmp_path: Path) -> None:
    ids = np.moveaxis(blocks(), 0, -1)
    zarr.create_array(tmp_path / "labels.zarr", data=ids, attributes={"voxel_size": [4, 4, 40], "units": ["nm"] * 3})
    window.after(lambda: window.widget.context.open_file(str(tmp_path / "labels.zarr")))
    edit, as_stored = window.control("axes_order"), window.settings.gt_layer
    assert edit.isVisible()
    assert edit.text() == ""
    edit.setText("yyx")
    QTest.keyClick(edit, Qt.Key.Key_Return)
    assert "axes must have a letter for each of its 3 axes" in window.message
    assert window.settings.gt_layer is as_stored
    edit.setText("yxz")
    window.after(lambda: QTest.keyClick(edit, Qt.Key.Key_Return))
    assert window.settings.gt.physical_voxel_size == (40, 4, 4)
    np.testing.assert_array_equal(window.settings.gt.numpy(), blocks())
    assert window.settings.gt_layer.name == "labels as yxz"
    assert edit.text() == "yxz"
    assert not as_stored.visible
    assert session_of(window.widget.context).data.ground_truth.axes == "yxz"
    edit.clear()
    window.after(lambda: QTest.keyClick(edit, Qt.Key.Key_Return))
    assert window.settings.gt.physical_voxel_size == (4, 4, 40)
    window.settings.gt_layer = window.add_labels()
    assert not edit.isVisible()


def test_doubts_and_unknown_ids_are_told_in_the_dock(window: Window, tmp_path: Path) -> None:
    ids = blocks()
    said = {"voxel_size": [40, 4, 4], "units": ["", "", ""], "ignore_label": int(ids.max())}
    zarr.create_array(tmp_path / "labels.zarr", data=ids, attributes=said)
    window.after(lambda: window.widget.context.open_file(str(tmp_path / "labels.zarr")))
    window.set_config(**DISTANCE, scale_factor=15.0)
    note = window.control("note").text()
    assert "Doubtful: voxel sizes without a unit, read as pixels." in note
    assert f"{ids.max()} means “not annotated” in the file: weight 0." in note
    assert window.settings.describe_mask() == f"none (all but id {ids.max()} is annotated)"
    assert "voxel-size-doubtful" in {f.id for f in window.widget.context.derived.findings}
    inspection = window.widget.inspection
    slices = window.settings.gt.to_slices(inspection.roi)
    assert (inspection.weight.numpy()[0][ids[slices] == ids.max()] == 0).all()
