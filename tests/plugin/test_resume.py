"""What a dock takes up: from the viewer's last dock, and from an earlier napari."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import napari
import numpy as np
from qtpy.QtWidgets import QPushButton

from predictor_inspector.core import Array
from predictor_inspector.data import write_ome_zarr
from predictor_inspector.plugin import InspectorWidget, recent, resume
from predictor_inspector.plugin.reader import read

from .window import Window, blocks

DISTANCE = {"kind": "distance", "channels": ["cells"], "scale_factor": 7.0, "mask_distances": True}


def chosen(window: Window) -> dict[str, Any]:
    return {name: window.widget.config[name] for name in ("kind", "scale_factor", "mask_distances")}


def set_all(window: Window) -> None:
    """Another predictor compared with the one before, a box, and notes."""
    window.set_config(**DISTANCE)
    window.after(window.widget.tabs["compare"].comparer.keep)
    window.set_config(**{**DISTANCE, "scale_factor": 70.0})
    gt = window.settings.gt
    window.after(lambda: window.settings.pin(gt.roi_of([slice(2, 4), slice(4, 20), slice(3, 30)])))
    window.settings.notes = "as it was"


def assert_all(window: Window, box: Any) -> None:
    assert chosen(window) == {"kind": "distance", "scale_factor": 70.0, "mask_distances": True}
    assert window.widget.tabs["compare"].comparer.a.request.predictor.scale_factor == 7.0
    assert (window.settings.region_mode, window.settings.box, window.settings.notes) == ("box", box, "as it was")
    names = [layer.name for layer in window.viewer.layers]
    assert sorted(names) == sorted(set(names))


def close(window: Window) -> None:
    """Close the dock by the cross in its title, as people do."""
    (cross,) = (b for b in window.dock.title.findChildren(QPushButton) if "close" in b.toolTip())
    cross.click()


def reopen(window: Window) -> None:
    window.widget = InspectorWidget(window.viewer)
    window.dock = window.viewer.window.add_dock_widget(window.widget, name="again")
    window.settle()
    window.settle()


def end_napari(window: Window) -> None:
    """As a script closes a viewer; then another one may open."""
    window.viewer.layers.clear()
    window.close()
    resume.forget(window.viewer)


def add(window: Window, path: Path) -> None:
    for data in read(str(path)):
        window.viewer.add_layer(napari.layers.Layer.create(*data))
    window.settle()
    window.settle()


def volume(path: Path, ids: np.ndarray | None = None) -> Path:
    return write_ome_zarr(path, Array((blocks() if ids is None else ids).astype(np.uint32), (40, 4, 4)), path.stem)


def test_a_dock_that_is_closed_and_opened_again_goes_on(window: Window) -> None:
    window.add_labels()
    mask = window.add_labels(np.ones((12, 40, 48), np.uint8), name="known")
    window.after(lambda: setattr(window.widget, "mask_layer", mask))
    set_all(window)
    box = window.settings.box
    for side_by_side in (
        lambda: setattr(window.settings, "panes", True),
        lambda: setattr(window.widget.tabs["compare"].comparer, "mode", "side"),
    ):
        window.after(side_by_side)
        assert window.viewer.canvas.grid.enabled
        close(window)
        assert not window.viewer.canvas.grid.enabled
        assert not [layer.name for layer in window.viewer.layers if "(B)" in layer.name or layer.name_overlay.visible]
        reopen(window)
        assert_all(window, box)
        assert window.settings.mask_layer is mask
    window.assert_layers_show_the_inspection()


def test_a_dock_without_its_ground_truth_keeps_the_predictor(window: Window) -> None:
    layer = window.add_labels()
    window.set_config(**{**DISTANCE, "scale_factor": 70.0})
    window.after(lambda: window.settings.pin(window.settings.gt.roi))
    close(window)
    window.viewer.layers.remove(layer)
    reopen(window)
    assert (window.settings.gt_layer, window.settings.box) == (None, None)
    window.add_labels(name="other")
    assert chosen(window)["scale_factor"] == 70.0
    assert window.settings.region_mode == "view"


def test_the_next_napari_goes_on_with_the_same_data_and_gives_others_the_predictor(
    window: Window, tmp_path: Path
) -> None:
    path = volume(tmp_path / "volume.zarr")
    add(window, path)
    set_all(window)
    box = window.settings.box
    end_napari(window)
    (found,) = recent.recent_sessions()
    assert found.session.notes == "as it was"
    reopen(window)
    add(window, path)
    assert_all(window, box)
    assert "where you left off" in window.control("done").text()
    window.assert_layers_show_the_inspection()
    # Other data get the predictor that was used last, and nothing else.
    end_napari(window)
    reopen(window)
    add(window, volume(tmp_path / "other.zarr", blocks(seed=3)))
    assert chosen(window)["scale_factor"] == 70.0
    assert (window.settings.region_mode, window.settings.box, window.settings.notes) == ("view", None, "")
    assert window.widget.tabs["compare"].comparer.a is None


def test_a_predictor_that_does_not_fit_other_data_is_taken_over_without_its_parameters(
    window: Window, tmp_path: Path
) -> None:
    add(window, volume(tmp_path / "volume.zarr"))
    window.set_config("affinities", neighborhood=[[2, 0, 0]], lsds=False)
    end_napari(window)
    reopen(window)
    window.add_labels(blocks((40, 48)), scale=(4, 4), translate=(0, 0), units=("nm", "nm"), axis_labels=("y", "x"))
    assert window.message == ""
    assert {len(offset) for offset in window.widget.config["neighborhood"]} == {2}


def test_where_nothing_can_be_kept_the_dock_says_so_once_and_goes_on(window: Window, tmp_path: Path) -> None:
    folder = recent.list_file().parent
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.write_text("in its place")
    add(window, volume(tmp_path / "volume.zarr"))
    window.qtbot.waitUntil(lambda: "can't be kept for the next napari" in window.control("message").text())
    window.widget.head.tell("", False)
    window.after(lambda: setattr(window.settings, "thickness", 3))
    window.widget.hide()
    assert window.control("message").text() == ""
    assert folder.read_text() == "in its place"


def test_new_data_are_not_said_to_be_continued(window: Window, tmp_path: Path) -> None:
    add(window, volume(tmp_path / "volume.zarr"))
    window.qtbot.waitUntil(lambda: len(recent.recent_sessions()) == 1)
    window.after(lambda: window.viewer.add_image(np.zeros((12, 40, 48), np.float32)))
    assert window.control("done").text() == ""
