"""The editors of single parameters."""

from __future__ import annotations

from dataclasses import MISSING
from itertools import pairwise
from typing import Any, Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytestqt.qtbot import QtBot
from qtpy.QtCore import QPoint, QPointF, Qt
from qtpy.QtGui import QWheelEvent
from qtpy.QtWidgets import QApplication, QDoubleSpinBox, QLineEdit, QSlider, QSpinBox, QTableWidget

from predictor_inspector.core.parameters import Parameter
from predictor_inspector.plugin.forms.editors import make_editor
from predictor_inspector.plugin.forms.names_edit import NamesEdit, names_from_text, names_to_text
from predictor_inspector.plugin.forms.number_edit import NumberEdit
from predictor_inspector.plugin.forms.offsets_table import OffsetsTable, axis_offsets, offsets_in
from predictor_inspector.plugin.forms.plain_edits import ChoiceEdit, LiteralEdit, TextEdit

LENGTH = Parameter("scale_factor", float, MISSING, unit="length", minimum=0.0, exclusive=True)
FRACTION = Parameter("clipmin", float, 0.05, minimum=0.0, maximum=1.0)
COUNT = Parameter("num_voxels", int, 20, unit="voxels", minimum=1, maximum=1000)
NAMES = st.lists(st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1).map(str.strip).filter(bool))
MANY = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def number_edit(qtbot: QtBot, parameter: Parameter, value: float) -> tuple[NumberEdit, list[float]]:
    edit = NumberEdit(parameter)
    qtbot.addWidget(edit)
    edit.set_value(value)
    edit.set_start(value)
    seen: list[float] = []
    edit.edited.connect(lambda: seen.append(edit.value()))
    return edit, seen


def spin_of(edit: NumberEdit) -> QDoubleSpinBox:
    return edit.findChild(QDoubleSpinBox)


def slider_of(edit: NumberEdit) -> QSlider:
    return edit.findChild(QSlider)


@MANY
@given(value=st.floats(min_value=0, exclude_min=True, allow_infinity=False))
def test_a_length_is_kept_exactly_however_small_or_large(qtbot: QtBot, value: float) -> None:
    edit, seen = number_edit(qtbot, LENGTH, value)
    assert edit.value() == value
    assert seen == []


def test_dragging_a_lengths_slider_is_live_and_reaches_from_a_30th_to_30_times_its_start(qtbot: QtBot) -> None:
    edit, seen = number_edit(qtbot, LENGTH, 50.0)
    slider = slider_of(edit)
    slider.setSliderDown(True)
    for position in (0, 100, 200, 300, 400):
        slider.setSliderPosition(position)
    assert seen == pytest.approx([50 / 30, 9.13, 50, 274, 1500], rel=5e-3)
    assert spin_of(edit).value() == pytest.approx(1500)


def test_a_length_beyond_the_sliders_range_widens_it(qtbot: QtBot) -> None:
    edit, _ = number_edit(qtbot, LENGTH, 1.0)
    edit.set_value(5000.0)
    assert slider_of(edit).value() == slider_of(edit).maximum()
    edit.set_value(1.0)
    assert 0 < slider_of(edit).value() < slider_of(edit).maximum() / 2


def test_a_whole_number_stays_whole_and_within_bounds_while_dragged(qtbot: QtBot) -> None:
    edit, seen = number_edit(qtbot, COUNT, 20)
    for position in range(401):
        slider_of(edit).setValue(position)
    assert all(type(value) is int and 1 <= value <= 1000 for value in seen)
    assert all(before != after for before, after in pairwise([20, *seen])), "a signal without a change"


def test_an_exclusive_bound_is_not_reached_by_dragging(qtbot: QtBot) -> None:
    edit, seen = number_edit(qtbot, Parameter("t", float, 0.5, minimum=0.0, maximum=1.0, exclusive=True), 0.5)
    slider_of(edit).setValue(-5)
    slider_of(edit).setValue(500)
    assert seen == [0.01, 0.99]


def test_typing_a_number_signals_once_when_it_is_complete(qtbot: QtBot) -> None:
    edit, seen = number_edit(qtbot, FRACTION, 0.05)
    spin_of(edit).selectAll()
    qtbot.keyClicks(spin_of(edit), "0.25")
    assert seen == []
    qtbot.keyClick(spin_of(edit), Qt.Key.Key_Return)
    assert seen == [0.25]


def test_a_number_out_of_bounds_cannot_be_typed(qtbot: QtBot) -> None:
    edit, seen = number_edit(qtbot, FRACTION, 0.05)
    spin_of(edit).selectAll()
    qtbot.keyClicks(spin_of(edit), "7")
    qtbot.keyClick(spin_of(edit), Qt.Key.Key_Return)
    assert all(0 <= value <= 1 for value in seen)
    assert 0 <= edit.value() <= 1


def test_units_follow_numbers(qtbot: QtBot) -> None:
    length, _ = number_edit(qtbot, LENGTH, 5.24)
    length.set_unit("nm")
    assert spin_of(length).text() == "5.24 nm"
    length.set_unit("pixel")
    assert spin_of(length).text() == "5.24 pixel"
    count, _ = number_edit(qtbot, COUNT, 20)
    count.set_unit("nm")
    assert spin_of(count).text() == "20 voxels"
    fraction, _ = number_edit(qtbot, FRACTION, 0.05)
    fraction.set_unit("nm")
    assert spin_of(fraction).text() == "0.05"


@pytest.mark.parametrize("value", [None, "1", True, float("nan"), float("inf"), -1.0, 0])
def test_a_number_refuses_what_is_no_number_within_its_bounds(qtbot: QtBot, value: Any) -> None:
    edit, _ = number_edit(qtbot, LENGTH, 3.0)
    with pytest.raises(ValueError, match="scale_factor must be"):
        edit.set_value(value)
    assert edit.value() == 3.0


def test_a_whole_number_refuses_a_fraction(qtbot: QtBot) -> None:
    edit, _ = number_edit(qtbot, COUNT, 20)
    with pytest.raises(ValueError, match=r"num_voxels must be a whole number, got 2\.5"):
        edit.set_value(2.5)


def test_the_wheel_scrolls_past_a_number_that_was_not_clicked(qtbot: QtBot) -> None:
    edit, seen = number_edit(qtbot, FRACTION, 0.05)
    for target in (spin_of(edit), slider_of(edit)):
        event = QWheelEvent(
            QPointF(2, 2),
            QPointF(2, 2),
            QPoint(),
            QPoint(0, 120),
            Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        )
        QApplication.sendEvent(target, event)
    assert seen == []


@given(st.lists(st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1)).map(tuple))
def test_names_on_a_line_read_back(names: tuple[str, ...]) -> None:
    assert names_from_text(names_to_text(names)) == names


def test_names_are_taken_over_when_they_are_complete(qtbot: QtBot) -> None:
    edit = NamesEdit("channels")
    qtbot.addWidget(edit)
    edit.set_value(["mito"])
    seen: list[tuple[str, ...]] = []
    edit.edited.connect(lambda: seen.append(edit.value()))
    edit.selectAll()
    qtbot.keyClicks(edit, "mito , er,, nucleus,")
    assert seen == []
    qtbot.keyClick(edit, Qt.Key.Key_Return)
    assert seen == [("mito", "er", "nucleus")]
    assert edit.text() == "mito, er, nucleus"
    assert edit.toolTip().startswith("mito\ner\nnucleus")
    qtbot.keyClick(edit, Qt.Key.Key_Return)
    assert len(seen) == 1


@pytest.mark.parametrize("value", ["mito", None, [1], 3])
def test_names_refuse_what_is_no_list_of_names(qtbot: QtBot, value: Any) -> None:
    edit = NamesEdit("channels")
    qtbot.addWidget(edit)
    with pytest.raises(ValueError, match="channels must be a list of names"):
        edit.set_value(value)


def offsets_table(qtbot: QtBot, value: Any, dims: int = 3) -> tuple[OffsetsTable, list[Any]]:
    table = OffsetsTable("neighborhood", dims)
    qtbot.addWidget(table)
    qtbot.addWidget(table.toolbar)
    table.set_value(value)
    seen: list[Any] = []
    table.edited.connect(lambda: seen.append(table.value()))
    return table, seen


OFFSETS = st.integers(1, 4).flatmap(
    lambda dims: st.lists(st.tuples(*[st.integers(-9999, 9999)] * dims), min_size=1, max_size=14).map(tuple)
)


@MANY
@given(offsets=OFFSETS)
def test_the_table_shows_any_offsets(qtbot: QtBot, offsets: tuple[tuple[int, ...], ...]) -> None:
    table, seen = offsets_table(qtbot, [list(o) for o in offsets])
    assert table.value() == offsets
    cells = table.findChild(QTableWidget)
    shown = [[cells.item(r, c).text() for c in range(cells.columnCount())] for r in range(cells.rowCount())]
    assert shown == [[str(n) for n in o] for o in offsets]
    assert seen == []


def test_a_negative_offset_can_be_typed_and_signals_once(qtbot: QtBot) -> None:
    table, seen = offsets_table(qtbot, axis_offsets(3))
    cells = table.findChild(QTableWidget)
    table.show()
    cells.setCurrentCell(1, 2)
    spin = cells.findChild(QSpinBox)
    spin.selectAll()
    qtbot.keyClicks(spin, "-12")
    assert seen == []
    qtbot.keyClick(spin, Qt.Key.Key_Return)
    assert seen == [((1, 0, 0), (0, 1, -12), (0, 0, 1))]


def test_a_cells_arrow_keys_act_at_once(qtbot: QtBot) -> None:
    table, seen = offsets_table(qtbot, axis_offsets(2), dims=2)
    cells = table.findChild(QTableWidget)
    table.show()
    cells.setCurrentCell(0, 1)
    spin = cells.findChild(QSpinBox)
    spin.stepDown()
    spin.stepDown()
    assert seen == [((1, -1), (0, 1)), ((1, -2), (0, 1))]


def test_rows_are_added_duplicated_and_removed(qtbot: QtBot) -> None:
    table, seen = offsets_table(qtbot, [(1, 0), (0, 1)], dims=2)
    table.add_row()
    assert table.value() == ((1, 0), (0, 1), (3, 0))
    table.findChild(QTableWidget).selectRow(0)
    table.duplicate_rows()
    assert table.value() == ((1, 0), (1, 0), (0, 1), (3, 0))
    table.findChild(QTableWidget).selectRow(2)
    table.remove_rows()
    assert table.value() == ((1, 0), (1, 0), (3, 0))
    assert len(seen) == 3


def test_one_offset_always_stays(qtbot: QtBot) -> None:
    table, seen = offsets_table(qtbot, [(1, 0), (0, 1)], dims=2)
    table.findChild(QTableWidget).selectAll()
    table.remove_rows()
    assert seen == []
    assert table.value() == ((1, 0), (0, 1))


@pytest.mark.parametrize("dims", [2, 3])
def test_presets_replace_all_offsets_in_the_datas_dimensions(qtbot: QtBot, dims: int) -> None:
    table, seen = offsets_table(qtbot, [(5,) * dims], dims)
    actions = {action.text(): action for action in table._menu.actions()}
    actions["Long range: 1, 3, 9"].trigger()
    assert seen == [axis_offsets(dims, (1, 3, 9))]
    actions["Turn every offset around"].trigger()
    assert seen[1] == tuple(tuple(-n for n in o) for o in seen[0])


def test_offsets_of_another_dimension_stay_until_they_are_asked_to_fit(qtbot: QtBot) -> None:
    table, seen = offsets_table(qtbot, [(1, 0, 0), (0, 1, 0), (0, 0, 1), (2, 0, 1)])
    table.show()
    assert not table._fit.isVisible()
    table.set_dims(2)
    assert table.value()[0] == (1, 0, 0)
    assert seen == []
    assert table._fit.isVisible()
    table._fit.click()
    assert seen == [((1, 0), (0, 1))]
    assert not table._fit.isVisible()


@given(OFFSETS, st.integers(1, 4))
def test_fitted_offsets_keep_their_fastest_axes(offsets: tuple[tuple[int, ...], ...], dims: int) -> None:
    fitted = offsets_in(offsets, dims)
    assert set(fitted) == {((0,) * dims + o)[-dims:] for o in offsets} - {(0,) * dims}
    assert len(set(fitted)) == len(fitted)


@pytest.mark.parametrize("value", [3, [1, 2], [(1, 0), (1, 0, 0)], [(0.5, 1)], [()], [(True, 0)], [(10**6, 0)]])
def test_offsets_refuse_what_is_none(qtbot: QtBot, value: Any) -> None:
    table, _ = offsets_table(qtbot, axis_offsets(3))
    with pytest.raises(ValueError, match="neighborhood"):
        table.set_value(value)
    assert table.value() == axis_offsets(3)


def literal_edit(qtbot: QtBot, annotation: Any, value: Any) -> tuple[LiteralEdit, QLineEdit, list[Any], list[str]]:
    edit = LiteralEdit("spread", annotation)
    qtbot.addWidget(edit)
    edit.set_value(value)
    seen: list[Any] = []
    problems: list[str] = []
    edit.edited.connect(lambda: seen.append(edit.value()))
    edit.problem.connect(problems.append)
    return edit, edit.findChild(QLineEdit), seen, problems


def test_none_is_a_value_like_others_for_an_optional_number(qtbot: QtBot) -> None:
    edit, line, seen, _ = literal_edit(qtbot, float | None, None)
    assert (edit.value(), line.text()) == (None, "None")
    for text in ("0.5", "None"):
        line.setText(text)
        qtbot.keyClick(line, Qt.Key.Key_Return)
    assert seen == [0.5, None]


@pytest.mark.parametrize("text", ["[1", "'a'", "", "import os", "{}"])
def test_a_text_that_is_no_value_is_explained_and_changes_nothing(qtbot: QtBot, text: str) -> None:
    edit, line, seen, problems = literal_edit(qtbot, float | None, 0.25)
    line.setText(text)
    qtbot.keyClick(line, Qt.Key.Key_Return)
    assert seen == []
    assert edit.value() == 0.25
    assert problems[-1] == f"spread needs float or None as Python writes it, got {text!r}"
    line.setText("0.75")
    qtbot.keyClick(line, Qt.Key.Key_Return)
    assert seen == [0.75]
    assert problems[-1] == ""


def test_choices_are_a_combo_box(qtbot: QtBot) -> None:
    edit = make_editor(Parameter("mode", Literal["valid", "same"], "same"))
    assert isinstance(edit, ChoiceEdit)
    qtbot.addWidget(edit)
    edit.set_value("same")
    assert edit.value() == "same"
    with pytest.raises(ValueError, match="mode must be one of 'valid', 'same'; got 'full'"):
        edit.set_value("full")


def test_a_text_is_taken_over_when_it_is_complete(qtbot: QtBot) -> None:
    edit = TextEdit("title")
    qtbot.addWidget(edit)
    edit.set_value("a")
    line = edit.findChild(QLineEdit)
    with qtbot.assertNotEmitted(edit.edited):
        line.end(False)
        qtbot.keyClicks(line, "bc")
    with qtbot.waitSignal(edit.edited):
        qtbot.keyClick(line, Qt.Key.Key_Return)
    assert edit.value() == "abc"


@pytest.mark.parametrize(
    ("parameter", "expected"),
    [
        (Parameter("n", int, 5), 5),
        (Parameter("n", int, MISSING, minimum=1, maximum=1024), 1),
        (Parameter("n", int, MISSING, minimum=3), 3),
        (Parameter("x", float, MISSING, minimum=0.0, maximum=1.0), 0.5),
        (Parameter("x", float, MISSING, minimum=2.0, exclusive=True), 3.0),
        (Parameter("b", bool, MISSING), False),
        (Parameter("s", str, MISSING), ""),
        (Parameter("c", Literal["p", "q"], MISSING), "p"),
        (Parameter("names", tuple[str, ...], MISSING), ()),
        (Parameter("o", tuple[tuple[int, ...], ...], MISSING), axis_offsets(3)),
        (Parameter("any", dict[str, int], MISSING), None),
    ],
    ids=lambda value: f"{value.name}, {value.bounds}" if isinstance(value, Parameter) else str(value),
)
def test_a_required_parameter_begins_with_the_plainest_value(parameter: Parameter, expected: Any) -> None:
    assert parameter.plainest_value() == expected
