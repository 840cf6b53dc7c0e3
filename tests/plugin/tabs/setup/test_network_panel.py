"""The network section: what is measured, sizes to choose, boxes on the canvas, sessions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QWidget

from predictor_inspector.core import ModuleConfig, UNetConfig
from predictor_inspector.inspection.engine.network import network_regions
from predictor_inspector.inspection.findings import Cure, find
from predictor_inspector.inspection.output.session import load_session, save_session
from predictor_inspector.plugin.head.sessions import apply_session, apply_style, session_of
from predictor_inspector.plugin.live.worker import LiveRunner
from predictor_inspector.plugin.model.actions import Desk, action_of
from predictor_inspector.plugin.model.history import History
from predictor_inspector.plugin.tabs.setup.network_panel import NetworkPanel

from ...loop import Loop
from ...window import Window

SMALL = UNetConfig((12, 20, 20), fmaps_out=2, num_fmaps=2, downsample_factors=())
"""Two convolutions of 3 voxels: the output is 4 voxels smaller."""

MODULE = """
import pathlib, torch
pathlib.Path(__file__).with_name("run").touch()
net = torch.nn.Conv3d(1, 2, 5)
"""


class Section:
    """The section, and what a person does with it; it is measured in the test's own thread."""

    def __init__(self, loop: Loop) -> None:
        self.loop, self.settings, self.history = loop, loop.settings, History(loop.settings)
        loop.add_labels()
        loop.set_config("affinities", neighborhood=[[1, 0, 0], [0, 0, 3]], lsds=False)
        context = SimpleNamespace(settings=loop.settings, controller=loop.controller)
        self.widget = NetworkPanel(context, LiveRunner(loop.executor))
        self.widget.show()

    def settle(self) -> None:
        self.loop.settle()
        self.loop.settle()

    def find(self, name: str) -> Any:
        return self.widget.findChild(QWidget, name)

    def click(self, name: str) -> None:
        widget = self.find(name)
        assert widget.isVisible()
        # A check box takes clicks on its own mark.
        QTest.mouseClick(widget, Qt.MouseButton.LeftButton, pos=QPoint(8, widget.height() // 2))
        self.settle()

    def use(self, network: Any) -> None:
        self.settings.network = network
        self.settle()


@pytest.fixture
def section(loop: Loop) -> Iterator[Section]:
    section = Section(loop)
    yield section
    section.widget.deleteLater()


def test_what_is_measured_is_told_in_a_line(section: Section) -> None:
    assert not section.find("network_facts").isVisible()
    section.use(SMALL)
    told = section.find("network_facts").text()
    assert told.startswith("12 × 20 × 20 → 8 × 16 × 16 voxels · field 5³ · ")
    assert section.widget.windowTitle() == "Network: 12 × 20 × 20 → 8 × 16 × 16"
    section.use(None)
    assert not section.find("network_facts").isVisible()


def test_a_click_on_a_size_makes_it_the_input_and_can_be_undone(section: Section) -> None:
    section.use(SMALL)
    table = section.find("network_sizes")
    row = table.topLevelItem(3)
    assert (row.text(0), row.text(1)) == ("8³", "4³")
    QTest.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=table.visualItemRect(row).center())
    section.settle()
    assert section.settings.network.input_shape == (8, 8, 8)
    assert section.settings.network_facts.output_shape == (4, 4, 4)
    section.history.undo()
    section.settle()
    assert section.settings.network == SMALL


def test_its_boxes_are_drawn_where_they_lie(section: Section) -> None:
    section.use(SMALL)
    section.click("network_boxes")
    section.click("network_box")
    inspection = section.loop.inspection
    gt, facts = inspection.request.source.gt, section.settings.network_facts
    assert inspection.roi.shape == gt.voxel_size * facts.output_shape
    for name, roi in network_regions(facts, gt, inspection.roi).items():
        low, high = section.loop.rectangle(name)
        np.testing.assert_allclose(low[1:], np.array(roi.begin)[1:] / gt.subdivision)
        np.testing.assert_allclose(high[1:], np.array(roi.end)[1:] / gt.subdivision)
    section.click("network_boxes")
    assert "field" not in set(section.loop.regions.features["label"])


def test_findings_follow_the_network(section: Section) -> None:
    def found() -> list[str]:
        return [f.channels[0] for f in find(section.loop.inspection, slow=False, only=["field-too-small"])]

    assert found() == []
    section.use(SMALL)
    assert found() == ["aff x+3"]
    section.use(UNetConfig((12, 20, 20), fmaps_out=2, num_fmaps=2, downsample_factors=(), kernel_size_down=((9,),)))
    assert found() == []


def test_a_cure_sets_the_networks_input(section: Section) -> None:
    section.use(SMALL)
    action_of(Cure("smaller", network={"input_shape": (9, 9, 9)})).run(Desk(section.settings, lambda layer: layer))
    section.settle()
    assert section.settings.network_facts.output_shape == (5, 5, 5)


def test_a_network_that_cannot_be_made_is_a_sentence(section: Section) -> None:
    section.use(SMALL)
    section.use(UNetConfig((12, 20, 21), downsample_factors=((1, 2, 2),)))
    assert "the next shape that fits is" in section.find("network_error").text()
    assert section.settings.network_facts is None
    assert not section.find("network_sizes").isVisible()


def test_a_network_of_other_axes_is_refused_in_a_sentence(section: Section) -> None:
    combo = section.find("network_choice")
    combo.setCurrentIndex(combo.findData("ronneberger-2015"))
    section.settle()
    assert section.find("network_error").text().endswith("the neighborhood has 3 dimensions, but the architecture 2")
    assert section.loop.message == ""


def test_what_is_said_of_axes_follows_the_ground_truth(section: Section) -> None:
    section.loop.set_config("distance", channels=["cells"])
    section.use(SMALL)
    assert section.find("network_error").text() == ""
    solid = section.settings.gt_layer
    section.settings.gt_layer = section.loop.viewer.add_labels(np.eye(40, dtype=np.uint16), name="flat")
    section.settle()
    said = "The network has 3 spatial axes, but the ground truth has 2."
    assert section.find("network_error").text() == said
    section.settings.gt_layer = solid
    section.settle()
    assert section.find("network_error").text() == ""


def test_other_peoples_code_runs_only_when_it_is_asked_for(section: Section, tmp_path: Path) -> None:
    (tmp_path / "nets.py").write_text(MODULE)
    section.use(ModuleConfig(f"{tmp_path / 'none.py'}:net", (12, 16, 16)))
    section.click("network_import")
    assert "there is no file" in section.find("network_error").text()
    assert section.find("network_import").isVisible()  # to try again
    section.use(ModuleConfig(f"{tmp_path / 'nets.py'}:net", (12, 16, 16)))
    section.loop.set_config("affinities", neighborhood=[[1, 0, 0]], lsds=False)
    section.settle()
    assert not (tmp_path / "run").exists()
    section.click("network_import")
    assert (tmp_path / "run").exists()
    assert section.settings.network_facts.output_shape == (8, 12, 12)
    assert not section.find("network_import").isVisible()


def test_edits_of_parameters_are_measured(section: Section) -> None:
    section.use(SMALL)
    before = section.settings.network_facts.parameters
    section.find("fmaps_out").setValue(5)
    section.settle()
    assert section.settings.network.fmaps_out == 5
    assert section.settings.network_facts.parameters > before
    section.find("reset fmaps_out").click()
    section.settle()
    assert section.settings.network.fmaps_out == UNetConfig().fmaps_out


def test_a_session_brings_the_network_back(window: Window, tmp_path: Path) -> None:
    window.add_labels()
    tab, context = window.widget.tabs["setup"], window.widget.context
    window.control("network").parentWidget().button.click()
    window.settings.network, window.settings.network_boxes = SMALL, True
    window.qtbot.waitUntil(lambda: not tab.busy)
    assert window.control("network_sizes").isVisible()
    path = save_session(tmp_path / "session.yaml", session_of(context))
    window.settings.network, window.settings.network_boxes = None, False
    apply_session(load_session(path), context)
    apply_style(load_session(path).display, context)
    window.qtbot.waitUntil(lambda: not tab.busy)
    assert window.settings.network == SMALL
    assert window.settings.network_boxes
    assert window.settings.network_facts is not None
