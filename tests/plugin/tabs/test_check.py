"""Findings and suggestions in the dock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtWidgets import QApplication, QLabel, QPushButton, QTabWidget, QToolButton, QWidget

from predictor_inspector.data import open_array
from predictor_inspector.inspection.findings import CHECKS, Finding, load_checks
from predictor_inspector.inspection.findings.weights import REASONS
from predictor_inspector.plugin.layers.owned import layer_name
from predictor_inspector.plugin.model.settings import Settings
from predictor_inspector.plugin.tabs.check.finding_list import FindingList
from predictor_inspector.plugin.tabs.check.finding_row import FindingRow

from ...inspection.stand_ins import stand_in
from ..shared_viewer import process_deletions
from ..stage import LABELS, UNITS
from ..window import VOXEL_SIZE, Window

MEDULLA = Path(__file__).parents[2] / "data" / "files" / "medulla.ome.zarr"
SHARP = {"kind": "distance", "channels": ["objects"], "scale_factor": 0.5, "mask_distances": False}
"""A slope so steep that the target is -1 or 1 nearly everywhere."""


class Checking:
    """A window whose dock looks for findings."""

    def __init__(self, window: Window) -> None:
        self.window, self.widget, self.tab = window, window.widget, window.widget.tabs["check"].region

    def settle(self) -> None:
        self.window.settle()
        self.window.qtbot.waitUntil(lambda: not self.widget.tabs["check"].busy)
        self.window.settle()

    def row(self, finding: Finding) -> QWidget:
        return next(row for row in self.tab.findChildren(QWidget, "finding") if row.finding is finding)

    def ids(self) -> list[str]:
        return [f.id for f in self.tab.findings]

    def finding(self, kind: str) -> Any:
        return next(f for f in self.tab.findings if f.id == kind)


def prepare(window: Window) -> None:
    window.add_labels()
    window.widget.open_tab("Check")


@pytest.fixture
def checking(shared: Callable[[Any], Window]) -> Checking:
    found = Checking(shared(prepare))
    found.tab.choose(None)
    found.tab.shows_reasons = False
    return found


def test_findings_follow_the_parameters_and_the_title_counts_them(checking: Checking) -> None:
    checking.widget.config = SHARP
    checking.settle()
    assert "scale-saturated" in checking.ids()
    grave = sum(f.severity != "info" for f in checking.tab.findings)
    tabs = checking.widget.findChild(QTabWidget)
    assert tabs.tabText(2) == f"Check ▲{grave}"
    checking.widget.config = {**SHARP, "scale_factor": 25.0}
    checking.settle()
    assert "scale-saturated" not in checking.ids()
    assert checking.tab.summary
    checking.window.after(lambda: checking.window.viewer.layers.remove(checking.widget.gt_layer))
    assert tabs.tabText(2) == "Check"
    assert checking.ids() == []


def test_a_click_shows_where(checking: Checking) -> None:
    checking.widget.config = SHARP
    checking.settle()
    finding = checking.finding("scale-saturated")
    checking.tab.choose(finding)
    checking.settle()
    layer = checking.window.viewer.layers[layer_name("finding")]
    mask = finding.where.mask
    assert layer.visible
    np.testing.assert_array_equal(np.asarray(layer.data) > 0, mask.numpy())
    corner = np.array(mask.offset) / mask.subdivision
    np.testing.assert_allclose(layer.translate, corner + np.array(mask.physical_voxel_size) / 2)
    np.testing.assert_allclose(layer.scale, VOXEL_SIZE)
    assert layer not in [checking.widget.gt_layer, checking.widget.mask_layer]
    # What is found again stays chosen, and the layer is used again.
    checking.widget.config = {**SHARP, "scale_factor": 0.6}
    checking.settle()
    assert checking.tab.chosen is checking.finding("scale-saturated")
    assert checking.window.viewer.layers[layer_name("finding")] is layer
    # It belongs to the tab.
    checking.widget.open_tab("Setup")
    assert layer_name("finding") not in checking.window.viewer.layers
    checking.widget.open_tab("Check")
    assert checking.window.viewer.layers[layer_name("finding")].visible
    checking.tab.choose(None)
    assert not checking.window.viewer.layers[layer_name("finding")].visible


def test_many_of_a_kind_unfold_beneath_the_first(qtbot: Any) -> None:
    shown = FindingList(Settings())
    qtbot.addWidget(shown)

    def list_anew(count: int) -> tuple[list[Finding], list[QWidget], QToolButton]:
        many = [stand_in("small-object", "info", channels=(f"c{n}",)) for n in range(count)]
        shown.show_findings([stand_in(), *many], None)
        process_deletions()
        rows = [row for finding in many for row in shown.findChildren(FindingRow) if row.finding is finding]
        return many, rows, rows[0].parentWidget().findChild(QToolButton, "more")

    many, rows, more = list_anew(4)
    assert shown.findings[1:] == tuple(many)
    assert [row.isVisibleTo(shown) for row in rows] == [True, False, False, False]
    assert more.text() == "▸ 3 more of this kind"
    more.click()
    assert all(row.isVisibleTo(shown) for row in rows)
    # What is unfolded stays so when the list is made anew, and what is chosen is never folded away.
    many, rows, more = list_anew(5)
    assert more.isChecked()
    more.click()
    assert not rows[2].isVisibleTo(shown)
    shown.choose(many[2])
    assert rows[2].isVisibleTo(shown)
    # What is found again stays open, also after there was nothing.
    shown.show_findings((), None)
    assert shown.chosen is None
    many, rows, more = list_anew(3)
    assert shown.chosen is many[2]


def test_a_click_flies_to_the_slice_that_holds_most(checking: Checking) -> None:
    labels = np.ones((12, 40, 48), dtype=np.uint16)
    labels[9, 20:23, 20:23] = 2
    checking.widget.gt_layer.data = labels
    checking.widget.region_mode = "layer"
    checking.widget.config = {"kind": "affinities", "neighborhood": [[0, 0, 5]], "lsds": False}
    checking.settle()
    viewer, first = checking.window.viewer, checking.window.viewer.dims.ndim - 3
    viewer.dims.set_point(first, 120.0)
    checking.settle()
    checking.tab.choose(checking.finding("small-object"))
    checking.settle()
    assert viewer.dims.point[first] == pytest.approx(100.0 + 9 * VOXEL_SIZE[0])


def test_all_checks_run_when_asked_but_results_on_disk_are_not_read(checking: Checking) -> None:
    checking.settle()
    button = checking.window.control("check all")
    assert button.isEnabled()
    button.click()
    checking.settle()
    assert not button.isEnabled()
    inspection = checking.widget.inspection
    held = inspection.target.like(np.asarray(inspection.target.numpy()), inspection.target.axis_names)
    checking.tab.on_shown(replace(inspection, target=replace_data(held)))
    checking.tab.check_all()
    assert "too large for memory" in checking.tab.summary
    assert checking.ids() == []


def test_a_check_that_cannot_be_loaded_is_a_line_in_the_tab(
    checking: Checking, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(CHECKS.built_in, "missing", "no_such_package:check")
    load_checks.cache_clear()
    try:
        checking.widget.config = SHARP
        checking.settle()
    finally:
        load_checks.cache_clear()
    line = checking.window.control("check failures")
    assert line.isVisible()
    assert line.text().startswith("The check 'missing' can't be loaded: ModuleNotFoundError")
    assert "scale-saturated" in checking.ids()


def test_a_suggestion_is_applied_with_one_click_and_undone(checking: Checking) -> None:
    checking.widget.region_mode = "layer"
    checking.widget.config = SHARP
    checking.settle()
    row = checking.window.control("suggestion")
    assert any("scale factor" in label.text() for label in row.findChildren(QLabel))
    row.findChild(QPushButton).click()
    checking.settle()
    assert checking.widget.config["scale_factor"] > 0.5
    assert "scale-saturated" not in checking.ids()
    checking.widget.history.undo()
    assert checking.widget.config["scale_factor"] == 0.5


def test_a_cure_is_one_click_and_one_step(checking: Checking) -> None:
    checking.widget.region_mode = "layer"
    checking.widget.config = {"kind": "affinities", "neighborhood": [[0, 0, 3]], "lsds": False, "mask_pairs": False}
    checking.settle()
    finding = checking.finding("false-boundary")
    row = checking.row(finding)
    row.findChild(QPushButton, "cure").click()
    checking.settle()
    assert checking.widget.config["mask_pairs"]
    assert "false-boundary" not in checking.ids()
    checking.widget.history.undo()
    checking.settle()
    assert not checking.widget.config["mask_pairs"]
    # Identifier, channel and how it is checked are one click away.
    row = checking.row(checking.finding("false-boundary"))
    about = row.findChild(QLabel, "about finding")
    checking.window.after(lambda: checking.window.widget.look_at("weight"))
    about.linkActivated.emit("copy")
    assert QApplication.clipboard().text() == "false-boundary"
    row.findChild(QToolButton, "how").click()
    assert any("never annotated" in label.text() and label.isVisible() for label in row.findChildren(QLabel))


def test_a_layer_says_why_values_have_no_weight(checking: Checking) -> None:
    checking.widget.region_mode = "layer"
    checking.widget.config = {"kind": "affinities", "neighborhood": [[1, 0, 0], [0, 0, 5]], "lsds": False}
    checking.settle()
    checking.tab.shows_reasons = True
    layer, weight = checking.window.viewer.layers[layer_name("weight 0")], checking.window.weight
    assert layer.visible
    np.testing.assert_array_equal(np.asarray(layer.data) > 0, np.asarray(weight.data) == 0)
    assert (np.asarray(layer.data)[1, :, :, -5:] == REASONS.index("partner unknown")).all()
    np.testing.assert_allclose(layer.translate, weight.translate)
    checking.widget.config = {"kind": "affinities", "neighborhood": [[0, 0, 5]], "lsds": False}
    checking.settle()
    assert checking.window.viewer.layers[layer_name("weight 0")] is layer
    assert len(layer.data) == 1
    checking.tab.shows_reasons = False
    assert not layer.visible


def replace_data(array: Any) -> Any:
    """The same array with data that are neither a tensor nor a numpy array, as those on disk."""

    class OnDisk:
        def __init__(self, values: np.ndarray) -> None:
            self.values, self.shape, self.dtype = values, values.shape, values.dtype

        def __getitem__(self, key: Any) -> np.ndarray:
            return self.values[key]

    return array.like(OnDisk(array.numpy()), array.axis_names)


def test_raw_data_that_are_shifted_are_moved_by_a_click(window: Window) -> None:
    labels, raw = open_array(MEDULLA, "labels/neurons"), open_array(MEDULLA, "/")
    place = {"scale": (10, 10, 10), "units": UNITS, "axis_labels": LABELS}
    image = window.viewer.add_image(raw.numpy(), name="em", translate=(10, -20, 35), **place)
    window.add_labels(labels.numpy(), **{**place, "translate": (0, 0, 0)})
    checking = Checking(window)
    checking.widget.open_tab("Check")
    window.set_config("affinities", neighborhood=[[0, 1, 0], [0, 0, 1]], lsds=False)
    assert checking.widget.raw_layer is image
    checking.tab.check_all()
    checking.settle()
    finding = checking.finding("raw-misaligned")
    assert finding.message.startswith("Raw data lie z +")
    checking.tab.choose(finding)
    checking.settle()
    # What fills the view is in view: another region would have lost what only slow checks find.
    assert "raw-misaligned" in checking.ids()
    # So do training samples.
    samples = checking.widget.tabs["check"].samples
    checking.window.control("samples count").setValue(1)
    samples.start()
    checking.settle()
    assert "raw-misaligned" in {tally.worst.id for tally in samples.context.derived.survey.tallies}
    button = next(b for b in checking.tab.findChildren(QPushButton) if b.text() == finding.cure.title)
    assert finding.cure.title == "Move raw data by z −1, y +2, x −3.5 voxels"
    window.after(button.click)
    np.testing.assert_allclose(image.translate, (0, 0, 0))
    checking.tab.check_all()
    checking.settle()
    assert "raw-misaligned" not in checking.ids()
