"""Sessions, pictures, figures and reports from a real window."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from predictor_inspector.core import Array
from predictor_inspector.data import write_ome_zarr
from predictor_inspector.inspection.output.session import load_session
from predictor_inspector.plugin.head.files import Files
from predictor_inspector.plugin.reader import read

from ...inspection.stand_ins import stand_in
from ..window import Window, blocks

CONFIG = {"neighborhood": [[0, 1, 0], [0, 0, -2]], "lsds": False}


@pytest.fixture
def window(empty_dock: Window) -> Window:
    """The dock is shared."""
    return empty_dock


def files_of(window: Window) -> Files:
    files = window.widget.head.files
    assert isinstance(files, Files)
    return files


def error_in(window: Window) -> str:
    return str(window.control("message").text())


def add_from_file(window: Window, path: Path) -> None:
    import napari

    for data in read(str(path)):
        window.viewer.add_layer(napari.layers.Layer.create(*data))
    window.after(lambda: setattr(window.widget, "gt_layer", window.viewer.layers[-1]))


@pytest.fixture
def crop(tmp_path: Path) -> Path:
    array = Array(blocks(), (4000, 400, 524), (1000, 262, -1200), subdivision=100)
    write_ome_zarr(tmp_path / "crop.zarr", array, "neurons")
    return tmp_path / "crop.zarr"


def test_a_session_brings_everything_back_in_an_empty_window(window: Window, crop: Path, tmp_path: Path) -> None:
    add_from_file(window, crop)
    widget, files = window.widget, files_of(window)
    window.set_config("affinities", **CONFIG)
    gt = window.widget.inspection.gt
    window.after(lambda: setattr(widget, "thickness", 2))
    window.after(lambda: setattr(widget, "box", gt.roi_of([slice(0, 2), slice(4, 20), slice(3, 30)])))
    window.after(lambda: setattr(widget, "outside", "zero"))
    widget.look_at("weight")
    drawn = {"drawn_as": "loss", "opacity": 0.5, "colour_bars": True, "panes": True}
    window.after(lambda: [setattr(window.settings, name, value) for name, value in drawn.items()])
    window.weight.contrast_limits = (0, 4)
    window.weight.colormap = "viridis"
    window.viewer.dims.set_point(0, 1)
    window.settings.notes = "as it was"
    before, config = widget.inspection, widget.config
    files.save_session(str(tmp_path / "s.yaml"))
    assert error_in(window) == ""
    window.after(window.viewer.layers.clear)
    window.settings.notes = ""
    for name, value in {"drawn_as": "boundaries", "opacity": 1.0, "colour_bars": False, "panes": False}.items():
        setattr(window.settings, name, value)
    window.set_config("distance", channels=["a"], scale_factor=20.0, mask_distances=False)
    window.after(lambda: setattr(widget, "outside", "clip"))
    window.after(lambda: files.load_session(str(tmp_path / "s.yaml")))
    assert error_in(window) == ""
    assert widget.config == config
    assert widget.inspection.roi == before.roi
    np.testing.assert_array_equal(widget.inspection.target.numpy(), before.target.numpy())
    assert (widget.region_mode, widget.thickness, widget.outside) == ("box", 2, "zero")
    assert window.weight.visible
    assert tuple(window.weight.contrast_limits) == (0, 4)
    assert window.weight.colormap.name == "viridis"
    assert window.settings.notes == "as it was"
    assert {name: getattr(window.settings, name) for name in drawn} == drawn
    assert window.viewer.canvas.grid.enabled


def test_layers_that_are_there_are_used_and_not_opened_again(window: Window, crop: Path, tmp_path: Path) -> None:
    add_from_file(window, crop)
    files = files_of(window)
    window.settings.shown = "off"
    files.save_session(str(tmp_path / "s.yaml"))
    window.settings.shown = "target"
    window.widget.gt_layer.name = "renamed"
    before = len(window.viewer.layers)
    window.after(lambda: files.load_session(str(tmp_path / "s.yaml")))
    assert (error_in(window), len(window.viewer.layers)) == ("", before)
    assert window.settings.shown == "off"
    assert load_session(tmp_path / "s.yaml").data.ground_truth.path == str(crop)


def test_a_painted_layer_is_found_by_its_name_or_asked_for(window: Window, tmp_path: Path) -> None:
    window.add_labels(name="painted")
    files = files_of(window)
    files.save_session(str(tmp_path / "s.yaml"))
    window.after(lambda: files.load_session(str(tmp_path / "s.yaml")))
    assert error_in(window) == ""
    window.after(window.viewer.layers.clear)
    files.load_session(str(tmp_path / "s.yaml"))
    assert "The ground truth was the layer 'painted'" in error_in(window)


def test_pictures_figures_and_reports_are_written(labelled: Window, tmp_path: Path) -> None:
    labelled.set_config("affinities", **CONFIG)
    files = files_of(labelled)
    labelled.settings.notes = "look <here>"
    labelled.qtbot.waitUntil(lambda: labelled.widget.context.derived.findings is not None)
    labelled.widget.context.derived.findings = [stand_in()]
    files.save_picture(str(tmp_path / "p.png"))
    files.save_figure(str(tmp_path / "f.svg"))
    files.save_report(str(tmp_path / "r.html"))
    assert error_in(labelled) == ""
    assert (tmp_path / "p.png").read_bytes().startswith(b"\x89PNG")
    assert b"aff y+1" in (tmp_path / "f.svg").read_bytes()
    html = (tmp_path / "r.html").read_text("utf-8")
    assert "look &lt;here&gt;" in html
    assert "12 voxels have no weight." in html
    assert html.count("data:image/png;base64,") == 2


def test_without_a_result_a_sentence_says_so(window: Window, tmp_path: Path) -> None:
    files = files_of(window)
    attempts: list[tuple[Any, str, str]] = [
        (files.save_session, "s.yaml", "There is no ground truth"),
        (files.save_figure, "f.png", "There is no result"),
        (files.load_session, "none.yaml", "is not there"),
    ]
    for attempt, name, words in attempts:
        attempt(str(tmp_path / name))
        assert words in error_in(window)
    assert list(tmp_path.iterdir()) == []
    window.add_labels()
    files.save_session(str(tmp_path / "none" / "s.yaml"))
    assert error_in(window) == f"{tmp_path / 'none' / 's.yaml'}: no such file or directory"
