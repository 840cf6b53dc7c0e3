"""The region section: numbers of the box, a ROI to paste, thickness, and boxes of before."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QWidget

from predictor_inspector.plugin.tabs.setup.region_panel import RegionPanel

from ...loop import Loop
from ...stage import TRANSLATE, VOXEL_SIZE, blocks


class Panel:
    """The section, and what a person does with it."""

    def __init__(self, loop: Loop) -> None:
        self.loop = loop
        self.widget = RegionPanel(SimpleNamespace(settings=loop.settings, controller=loop.controller))
        self.widget.show()
        loop.settle()

    def find(self, name: str) -> Any:
        return self.widget.findChild(QWidget, name)

    def click(self, name: str) -> None:
        self.loop.after(self.find(name).click)

    def type(self, name: str, text: str) -> None:
        line = self.find(name)
        line.selectAll()
        line.insert(text)
        self.loop.after(lambda: QTest.keyClick(line, Qt.Key.Key_Return))

    @property
    def error(self) -> str:
        return self.find("box_error").text()

    @property
    def ranges(self) -> list[tuple[str, str]]:
        lines = [[self.find(f"box_{end}_{axis}") for end in ("begin", "end")] for axis in "zyx"]
        return [(a.text(), b.text()) for a, b in lines if not a.isHidden()]

    @property
    def box(self) -> Sequence[tuple[int, int]]:
        return [(s.start, s.stop) for s in self.loop.settings.gt.to_slices(self.loop.settings.box)]


@pytest.fixture
def panel(loop: Loop) -> Panel:
    loop.add_labels()
    panel = Panel(loop)
    loop.after(lambda: loop.viewer.dims.set_point(loop.viewer.dims.ndim - 3, TRANSLATE[0] + 5 * VOXEL_SIZE[0]))
    panel.click("region_mode box")
    panel.type("roi_text", "5, 10:20, 12:30")
    return panel


def test_the_box_is_shown_and_set_in_voxels(panel: Panel) -> None:
    assert panel.ranges == [("5", "6"), ("10", "20"), ("12", "30")]
    assert panel.find("roi_text").text() == "5:6,10:20,12:30"
    panel.type("box_end_y", "1.8e1")
    panel.type("box_begin_x", "20")
    assert panel.box == [(5, 6), (10, 18), (20, 30)]
    panel.type("box_begin_y", "2.0595 um")  # only what is typed is in that unit
    assert panel.box == [(5, 6), (12, 18), (20, 30)]
    assert panel.error == ""
    panel.loop.assert_layers_show_the_inspection()


def test_the_box_is_shown_and_set_in_units(panel: Panel) -> None:
    unit = panel.find("box_unit")
    unit.setCurrentIndex(unit.findData("nm"))
    assert panel.ranges == [("280", "320"), ("2051.5", "2091.5"), ("137.36", "231.68")]
    panel.type("box_end_y", "2.0715um")
    panel.type("box_begin_x", "140")  # between voxels
    assert panel.box == [(5, 6), (10, 15), (12, 30)]
    assert panel.ranges[2] == ("137.36", "231.68")
    panel.loop.assert_layers_show_the_inspection()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[2:4, 8:16, …]", [(2, 4), (8, 16), (0, 48)]),
        ("[160:200, 2043.5:2051.5, 95.44:105.92] nm", [(2, 3), (8, 10), (4, 6)]),
        ("2:3, :, 5:", [(2, 3), (0, 40), (5, 48)]),
    ],
)
def test_a_roi_is_pasted(panel: Panel, text: str, expected: list[tuple[int, int]]) -> None:
    panel.type("roi_text", text)
    assert (panel.error, panel.box) == ("", expected)


@pytest.mark.parametrize(
    ("field", "text", "words"),
    [
        ("box_begin_y", "abc", "can't be understood on axis y"),
        ("box_begin_y", "1.5", "counts voxels from 0 on axis y"),
        ("box_begin_y", "30", "empty on axis y"),
        ("box_end_x", "49", "reaches beyond the data on axis x"),
        ("roi_text", "1:2, 3:4", "must have 3 ranges"),
    ],
)
def test_what_is_no_box_is_refused_in_words_and_stays_to_be_corrected(
    panel: Panel, field: str, text: str, words: str
) -> None:
    panel.type(field, text)
    assert words in panel.error
    assert panel.find(field).text() == text
    assert panel.box == [(5, 6), (10, 20), (12, 30)]
    panel.type("roi_text", "4:5, :, :")
    assert panel.error == ""
    assert panel.ranges == [("4", "5"), ("0", "40"), ("0", "48")]


def test_a_range_may_be_wrong_until_both_ends_are_typed(panel: Panel) -> None:
    panel.type("box_begin_y", "30")
    panel.type("box_end_y", "35")
    assert (panel.error, panel.box[1]) == ("", (30, 35))


def test_thickness_is_that_of_the_box_or_of_what_follows_the_view(panel: Panel) -> None:
    thickness = panel.find("thickness")
    panel.type("roi_text", "1:10, :, :")
    assert thickness.text() == "9 slices"
    panel.loop.after(thickness.stepUp)
    assert (thickness.text(), panel.box[0]) == ("10 slices", (0, 10))
    for _ in range(3):  # there are 12
        panel.loop.after(thickness.stepUp)
    assert (thickness.text(), panel.box[0]) == ("12 slices", (0, 12))
    panel.click("region_mode view")
    assert thickness.text() == "1 slice"
    panel.loop.after(thickness.stepUp)
    assert panel.loop.settings.thickness == 2
    panel.click("region_mode box")
    assert (thickness.text(), panel.box[0]) == ("12 slices", (0, 12))
    order = panel.loop.viewer.dims.order
    panel.loop.after(lambda: setattr(panel.loop.viewer.dims, "order", (*order[:-3], order[-1], order[-3], order[-2])))
    assert thickness.text() == "48 slices"
    panel.click("region_mode layer")
    assert thickness.isHidden()


def test_boxes_of_before_come_back(panel: Panel) -> None:
    back = panel.find("previous_box")
    panel.type("roi_text", "2:3, :, :")
    panel.loop.after(lambda: panel.loop.settings.pin(panel.loop.settings.gt.roi))  # as a survey does
    for expected in ([(2, 3), (0, 40), (0, 48)], [(5, 6), (10, 20), (12, 30)]):
        assert back.isEnabled()
        panel.click("previous_box")
        assert panel.box == expected
    assert panel.loop.controller.pinned.missed is None


def test_what_is_typed_stays_where_the_box_follows_the_slice(panel: Panel) -> None:
    panel.click("box_follows_slice")
    panel.type("box_end_z", "4")
    assert panel.error != ""
    panel.type("box_begin_z", "2")
    assert panel.box[0] == (2, 4)
    assert panel.loop.controller.pinned.missed is None


def test_flat_data_have_two_ranges_and_no_thickness(loop: Loop) -> None:
    panel = Panel(loop)
    loop.viewer.add_labels(np.stack([blocks((60, 70), seed) for seed in range(3)]), axis_labels=("t", "y", "x"))
    loop.settle()
    loop.set_config("affinities", neighborhood=[[1, 0], [0, 1]], lsds=False)
    panel.click("region_mode box")
    panel.type("roi_text", "10:20, 5:15")
    assert panel.ranges == [("10", "20"), ("5", "15")]
    assert panel.find("thickness").isHidden()
    loop.assert_layers_show_the_inspection()
    assert panel.find("note").isHidden()


def test_another_level_keeps_the_box_on_its_grid(loop: Loop) -> None:
    panel = Panel(loop)
    levels = [blocks(), blocks()[:, ::2, ::2]]
    loop.viewer.add_labels(
        levels, scale=VOXEL_SIZE, translate=TRANSLATE, units=("nm",) * 3, axis_labels=("z", "y", "x")
    )
    loop.settle()
    panel.click("region_mode box")
    panel.type("roi_text", "5:6, 11:20, 12:30")
    loop.after(lambda: setattr(loop.settings, "level", 1))
    assert panel.ranges == [("5", "6"), *[(str(a), str(b)) for a, b in panel.box[1:]]]
    loop.assert_layers_show_the_inspection()
