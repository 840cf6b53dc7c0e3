"""Findings that are worked off in a window: judged by mouse and keys, filtered, kept and exported."""

from __future__ import annotations

import csv
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import napari
import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QPushButton, QTabWidget, QToolButton, QWidget

from predictor_inspector.core import Array
from predictor_inspector.data import write_ome_zarr
from predictor_inspector.plugin.reader import read

from ..window import Window

VOXEL = (20, 10, 10)
OFFSET = (100, 200, 300)


class Proofreader:
    """A window with a file in which objects 7, 8 and 9 are in two pieces each, and the list of findings."""

    def __init__(self, window: Window, folder: Path) -> None:
        self.window, self.widget, self.folder = window, window.widget, folder

    def begin(self) -> None:
        ids = np.zeros((12, 24, 90), np.uint16)
        for number, x in ((7, 5), (8, 35), (9, 65)):
            ids[3:9, 2:9, x : x + 20], ids[3:9, 14:22, x : x + 20] = number, number
        ids[:, 11] = 3
        write_ome_zarr(self.folder / "crop.zarr", Array(ids, VOXEL, OFFSET), "cells")
        self.open()
        self.window.after(lambda: setattr(self.widget, "region_mode", "layer"))
        self.window.set_config("affinities", neighborhood=[[0, 0, 1]], lsds=False)
        self.widget.open_tab("Check")
        self.settle()

    def open(self) -> None:
        for data in read(str(self.folder / "crop.zarr")):
            self.window.viewer.add_layer(napari.layers.Layer.create(*data))
        self.window.after(lambda: setattr(self.widget, "gt_layer", self.window.viewer.layers[-1]))

    def settle(self) -> None:
        """Wait until all checks have run, slow ones, too."""
        self.window.settle()
        self.window.qtbot.waitUntil(lambda: not self.widget.tabs["check"].busy)
        if self.window.control("check all").isEnabled():
            self.panel.check_all()
            self.window.qtbot.waitUntil(lambda: not self.widget.tabs["check"].busy)
        self.window.settle()

    @property
    def panel(self) -> Any:
        return self.widget.tabs["check"].region

    @property
    def listed(self) -> list[int]:
        """Which of the objects in pieces are seen in the list."""
        rows = [row for row in self.panel.findChildren(QWidget, "finding") if row.isVisibleTo(self.panel)]
        return [int(row.finding.numbers["ids"][0]) for row in rows if row.finding.id == "split-object"]

    @property
    def opened(self) -> int:
        return int(self.panel.chosen.numbers["ids"][0])

    def state(self, number: int) -> str:
        return str(self.widget.settings.review.state_of(self.about(number)))

    def about(self, number: int) -> Any:
        return next(f for f in self.panel.findings if f.id == "split-object" and f.numbers["ids"][0] == number)

    def click(self, number: int, mark: str) -> None:
        row = next(r for r in self.panel.findChildren(QWidget, "finding") if r.finding is self.about(number))
        QTest.mouseClick(row.findChild(QToolButton, f"mark {mark}"), Qt.MouseButton.LeftButton)
        self.settle()

    def press(self, key: str, widget: Any = None) -> None:
        QTest.keyClick(widget or self.window.canvas, key)
        self.settle()

    def list_only(self, name: str, value: str) -> None:
        combo = self.panel.findChild(QWidget, f"list {name}")
        combo.setCurrentIndex(combo.findData(value))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("review")


@pytest.fixture(scope="module")
def prepare(folder: Path) -> Callable[[Window], None]:
    return lambda window: Proofreader(window, folder).begin()


@pytest.fixture
def reader(shared: Callable[[Any], Window], prepare: Callable[[Window], None], folder: Path) -> Proofreader:
    reader = Proofreader(shared(prepare), folder)
    for name in ("kind", "state"):
        reader.list_only(name, "")
    reader.panel.choose(None)
    reader.settle()
    return reader


def test_what_is_judged_fine_by_a_click_counts_no_more_and_undo_takes_it_back(reader: Proofreader) -> None:
    tabs, line = reader.widget.findChild(QTabWidget), reader.window.control("findings line")
    assert sorted(reader.listed) == [7, 8, 9]
    assert tabs.tabText(2) == "Check ▲3"
    reader.click(8, "fine")
    reader.click(7, "to fix")
    assert [reader.state(n) for n in (7, 8, 9)] == ["to fix", "fine", "open"]
    assert tabs.tabText(2) == "Check ▲2"
    assert [f.numbers["ids"][0] for f in reader.widget.context.derived.findings if f.severity == "warning"] == [7, 9]
    assert "1 to fix, 1 fine" in reader.panel.findChild(QWidget, "review").text()
    reader.click(7, "fine")
    reader.click(9, "fine")
    assert tabs.tabText(2) == "Check"
    assert not line.isVisible()
    reader.widget.history.undo()
    assert (reader.state(9), reader.state(7)) == ("open", "fine")
    reader.widget.history.undo()
    assert reader.state(7) == "to fix"
    reader.widget.history.redo()
    assert reader.state(7) == "fine"
    # A second click takes it back, too.
    reader.click(7, "fine")
    assert reader.state(7) == "seen"


def test_keys_go_from_finding_to_finding_and_judge_on_canvas_and_in_the_dock(reader: Proofreader) -> None:
    first, second, third = reader.listed
    reader.widget.open_tab("Setup")
    reader.press(".")
    assert reader.opened == first
    assert reader.state(first) == "seen"
    reader.press("G")
    button = next(b for b in reader.panel.findChildren(QPushButton, "show") if b.isVisible())
    reader.press(".", button)
    reader.press("N", button)
    assert [reader.state(n) for n in (first, second, third)] == ["fine", "to fix", "open"]
    reader.press(".")
    reader.press(",")
    assert reader.opened == second
    reader.press(",")
    reader.press(",")
    assert reader.opened == first


def test_filters_list_what_is_wanted_and_keys_go_through_that(reader: Proofreader) -> None:
    first, second, third = reader.listed
    others = len(reader.panel.findings) - 3
    reader.click(second, "fine")
    reader.list_only("kind", "split-object")
    reader.list_only("state", "open")
    assert reader.listed == [first, third]
    reader.press(".")
    reader.press("G")
    # What is open stays in sight until another one is opened.
    assert reader.listed == [first, third]
    reader.press(".")
    assert (reader.opened, reader.listed) == (third, [third])
    reader.list_only("state", "fine")
    assert set(reader.listed) == {first, second, third}
    reader.panel.choose(None)
    assert reader.listed == [first, second]
    reader.list_only("state", "")
    reader.list_only("kind", "")
    assert len(reader.panel.list.listed) == 3 + others


def test_a_session_brings_judgements_back_and_tells_what_is_new(reader: Proofreader) -> None:
    first, second, third = reader.listed
    reader.click(first, "fine")
    reader.click(second, "to fix")
    files, path = reader.widget.head.files, str(reader.folder / "s.yaml")
    files.save_session(path)
    reader.window.after(reader.window.viewer.layers.clear)
    assert reader.widget.settings.review.verdicts == ()
    # Meanwhile somebody has painted.
    reader.window.after(lambda: files.load_session(path))
    layer = reader.widget.gt_layer
    ids = np.array(layer.data)
    ids[3:9, 2:9, 0:4], ids[3:9, 14:22, 0:4] = 11, 11
    reader.window.after(lambda: setattr(layer, "data", ids))
    reader.settle()
    review = reader.widget.settings.review
    assert [reader.state(n) for n in (first, second, third, 11)] == ["fine", "to fix", "open", "open"]
    assert [review.is_new(reader.about(n)) for n in (first, second, third, 11)] == [False, False, False, True]
    reader.list_only("state", "new")
    assert reader.listed == [11]


def test_each_ground_truth_has_its_own_judgements(reader: Proofreader) -> None:
    reader.click(8, "fine")
    layer = reader.widget.gt_layer
    other = reader.window.viewer.add_labels(np.array(layer.data), scale=VOXEL, name="other")
    reader.window.after(lambda: setattr(reader.widget, "gt_layer", other))
    reader.settle()
    assert reader.state(8) == "open"
    reader.window.after(lambda: setattr(reader.widget, "gt_layer", layer))
    reader.settle()
    assert reader.state(8) == "fine"


def test_what_was_judged_elsewhere_is_a_click_away(reader: Proofreader) -> None:
    reader.click(9, "to fix")
    gt = reader.widget.settings.gt
    reader.window.after(lambda: setattr(reader.widget, "box", gt.roi_of([slice(0, 12), slice(0, 24), slice(0, 30)])))
    reader.settle()
    assert reader.listed == [7]
    elsewhere = reader.window.control("elsewhere")
    assert elsewhere.text() == "▸ 1 judged elsewhere"
    elsewhere.click()
    reader.panel.findChild(QPushButton, "go there").click()
    reader.settle()
    assert gt.to_slices(reader.widget.box) == (slice(0, 12), slice(0, 24), slice(60, 90))
    assert reader.state(9) == "to fix"
    assert not elsewhere.isVisible()


def test_findings_leave_as_csv_and_as_points_of_the_persons_own(reader: Proofreader) -> None:
    reader.click(8, "fine")
    reader.click(9, "to fix")
    files, path = reader.widget.head.files, reader.folder / "f.csv"
    files.save_findings(str(path))
    rows = {r["ids"]: r for r in csv.DictReader(StringIO(path.read_text("utf-8"))) if r["kind"] == "split-object"}
    assert {ids: r["state"] for ids, r in rows.items()} == {"7": "open", "8": "fine", "9": "to fix"}
    assert [rows["8"][f"begin_{a}"] for a in "zyx"] == ["160", "220", "650"]
    files.add_finding_points()
    reader.settle()
    layer = reader.window.viewer.layers["findings"]
    split = layer.features[layer.features["kind"] == "split-object"]
    assert list(zip(split["severity"], split["state"], strict=True)) == [
        ("warning", "open"),
        ("warning", "fine"),
        ("warning", "to fix"),
    ]
    assert [str(layer.symbol[n]) for n in split.index] == ["ring", "disc", "cross"]
    begin, end = ([float(rows["8"][f"{e}_{a}"]) for a in "zyx"] for e in ("begin", "end"))
    point = layer.data_to_world(layer.data[split.index[1]])[-3:]
    assert np.all((np.array(begin) < point) & (point < np.array(end)))
    # It stays when the dock's own layers go.
    reader.window.after(lambda: reader.window.viewer.layers.remove(reader.widget.gt_layer))
    assert "findings" in reader.window.viewer.layers
