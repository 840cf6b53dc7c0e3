"""The editors of single parameters."""

from __future__ import annotations

from dataclasses import make_dataclass
from itertools import pairwise
from typing import Any, Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytestqt.qtbot import QtBot
from qtpy.QtCore import QPoint, QPointF, Qt
from qtpy.QtGui import QWheelEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import (
    QApplication,
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QLineEdit,
    QMenu,
    QPushButton,
    QSlider,
    QSpinBox,
    QTableWidget,
    QToolButton,
)

from predictor_inspector.core.parameters import Parameter, parameter
from predictor_inspector.plugin.forms.editors import names_from_text, names_to_text
from predictor_inspector.plugin.forms.form import ParameterForm
from predictor_inspector.plugin.forms.offsets_table import OffsetsTable, axis_offsets, offsets_in
from predictor_inspector.plugin.forms.small_widgets import ErrorLabel

MANY = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

LENGTH = {"unit": "length", "minimum": 0.0, "exclusive": True}
FRACTION = {"minimum": 0.0, "maximum": 1.0}
COUNT = {"unit": "voxels", "minimum": 1, "maximum": 1000}


class OneForm(ParameterForm):
    """A form for one parameter x, which shows what is edited; `seen` are the values that edits give."""

    def __init__(self, annotation: Any, start: Any, **details: Any) -> None:
        super().__init__(make_dataclass("One", [("x", annotation, parameter(start, doc="", **details))]))
        self._start = {"x": start}
        self.unit = ""
        self.seen: list[Any] = []
        self.edited.connect(self._on_edited)
        self.show_x(start)

    def show_x(self, value: Any) -> None:
        self.show_values({"x": value}, self._start, self.unit)

    def _on_edited(self, _name: str, value: Any) -> None:
        self.seen.append(value)
        self.show_x(value)


def form_of_one(qtbot: QtBot, annotation: Any, start: Any, **details: Any) -> tuple[OneForm, list[Any]]:
    form = OneForm(annotation, start, **details)
    qtbot.addWidget(form)
    return form, form.seen


def spin_of(form: ParameterForm) -> QDoubleSpinBox:
    return form.findChild(QDoubleSpinBox, "x")


def line_of(form: ParameterForm) -> QLineEdit:
    return form.findChild(QLineEdit, "x")


def type_in(qtbot: QtBot, line: QLineEdit, text: str) -> None:
    line.selectAll()
    qtbot.keyClick(line, Qt.Key.Key_Delete)
    qtbot.keyClicks(line, text)
    qtbot.keyClick(line, Qt.Key.Key_Return)


@MANY
@given(value=st.floats(min_value=1e-300, max_value=1e299))
def test_a_length_is_shown_however_small_or_large_and_nothing_is_told(qtbot: QtBot, value: float) -> None:
    form, seen = form_of_one(qtbot, float, 1.0, **LENGTH)
    form.show_x(value)
    assert spin_of(form).value() == value
    assert float(spin_of(form).text()) == value
    assert seen == []


def test_dragging_a_lengths_slider_is_live_and_reaches_from_a_30th_to_30_times_its_start(qtbot: QtBot) -> None:
    form, seen = form_of_one(qtbot, float, 50.0, **LENGTH)
    slider = form.findChild(QSlider)
    slider.setSliderDown(True)
    for share in range(5):
        slider.setSliderPosition(slider.maximum() * share // 4)
    assert seen == pytest.approx([50 / 30, 9.13, 50, 274, 1500], rel=5e-3)
    assert spin_of(form).value() == pytest.approx(1500)


def test_a_length_beyond_the_sliders_range_widens_it(qtbot: QtBot) -> None:
    form, _ = form_of_one(qtbot, float, 1.0, **LENGTH)
    slider = form.findChild(QSlider)
    form.show_x(5000.0)
    assert slider.value() == slider.maximum()
    form.show_x(1.0)
    assert 0 < slider.value() < slider.maximum() / 2


@pytest.mark.parametrize("refused", [0.0, -1.0])
def test_a_number_that_no_slider_reaches_leaves_it_where_it_was(qtbot: QtBot, refused: float) -> None:
    form, _ = form_of_one(qtbot, float, 1.0, **LENGTH)
    place = form.findChild(QSlider).value()
    form.show_x(refused)
    assert form.findChild(QSlider).value() == place


def test_a_whole_number_stays_whole_and_within_bounds_while_dragged(qtbot: QtBot) -> None:
    form, seen = form_of_one(qtbot, int, 20, **COUNT)
    slider = form.findChild(QSlider)
    slider.setSliderDown(True)
    for position in range(slider.maximum() + 1):
        slider.setSliderPosition(position)
    assert all(type(value) is int and 1 <= value <= 1000 for value in seen)
    assert all(before != after for before, after in pairwise([20, *seen])), "a signal without a change"


@pytest.mark.parametrize(("annotation", "details"), [(int, COUNT), (float, LENGTH), (float, FRACTION)])
def test_a_sliders_keys_pass_every_value(qtbot: QtBot, annotation: Any, details: dict[str, Any]) -> None:
    form, seen = form_of_one(qtbot, annotation, annotation(1), **details)
    slider = form.findChild(QSlider)
    slider.setValue(slider.minimum())
    for _ in range(slider.maximum()):
        qtbot.keyClick(slider, Qt.Key.Key_Right)
    assert slider.value() == slider.maximum()
    assert seen == sorted(seen)


def test_an_exclusive_bound_is_not_reached_by_dragging(qtbot: QtBot) -> None:
    form, seen = form_of_one(qtbot, float, 0.5, minimum=0.0, maximum=1.0, exclusive=True)
    form.findChild(QSlider).setValue(-5)
    form.findChild(QSlider).setValue(500)
    assert seen == [0.01, 0.99]


def test_typing_a_number_signals_once_when_it_is_complete(qtbot: QtBot) -> None:
    form, seen = form_of_one(qtbot, float, 0.05, **FRACTION)
    spin_of(form).selectAll()
    qtbot.keyClicks(spin_of(form), "0.25")
    assert seen == []
    qtbot.keyClick(spin_of(form), Qt.Key.Key_Return)
    assert seen == [0.25]


def type_number(form: ParameterForm, text: str) -> None:
    """Paste a number and leave the field."""
    spin = spin_of(form)
    spin.selectAll()
    spin.lineEdit().insert(text)
    QTest.keyClick(spin, Qt.Key.Key_Return)


def words_of(form: ParameterForm) -> str:
    return "".join(label.text() for label in form.findChildren(ErrorLabel))


@pytest.mark.parametrize(
    ("annotation", "details", "text", "expected"),
    [
        (float, LENGTH, "1e2", 100.0),
        (float, LENGTH, "0.1 um", 100.0),
        (float, LENGTH, "0.5µm", 500.0),
        (float, LENGTH, "12.3456789012345", 12.3456789012345),
        (float, LENGTH, "1e-7", 1e-7),
        (float, FRACTION, "5 %", 0.05),
        (float, FRACTION, ".25", 0.25),
        (int, COUNT, "1e2", 100),
        (int, COUNT, "12 voxels", 12),
        (float, {}, "−3", -3.0),
    ],
)
def test_numbers_are_read_as_people_type_them(
    qtbot: QtBot, annotation: Any, details: dict[str, Any], text: str, expected: float
) -> None:
    form, seen = form_of_one(qtbot, annotation, annotation(1), **details)
    form.unit = "nm"
    form.show_x(annotation(1))
    type_number(form, text)
    assert words_of(form) == ""
    assert seen == [expected]
    assert type(seen[0]) is annotation
    assert spin_of(form).value() == expected
    # The settings have it now: there is nothing for the field itself to take back.
    assert not spin_of(form).lineEdit().isUndoAvailable()


@pytest.mark.parametrize(
    ("annotation", "details", "text", "words"),
    [
        (float, FRACTION, "7", "X must be 0 … 1, got '7'"),
        (float, LENGTH, "0", "X must be > 0, got '0'"),
        (float, LENGTH, "abc", "X needs a number, such as 0.5, 1e5 or 2 nm, got 'abc'"),
        (float, LENGTH, "0,5", "X needs a number"),
        (float, LENGTH, "3 parsecs", "parsecs"),
        (float, LENGTH, "", "X needs a number"),
        (float, {}, "3 nm", "X has no unit, got 'nm' behind the number"),
        (int, COUNT, "1.5", "X must be a whole number, got '1.5'"),
        (int, COUNT, "3 nm", "X counts voxels, got 'nm' behind the number"),
        (int, COUNT, "2e3", "X must be 1 … 1000, got '2e3'"),
    ],
)
def test_what_is_no_number_is_refused_in_words_and_stays(
    qtbot: QtBot, annotation: Any, details: dict[str, Any], text: str, words: str
) -> None:
    form, seen = form_of_one(qtbot, annotation, annotation(1), **details)
    form.unit = "nm"
    form.show_x(annotation(1))
    type_number(form, text)
    assert words in words_of(form)
    assert (seen, spin_of(form).value()) == ([], 1)
    assert spin_of(form).lineEdit().text() == text
    # Its way out is beside it.
    form.findChild(QToolButton, "reset x").click()
    assert (seen, words_of(form), spin_of(form).text().split()[0]) == ([], "", "1")
    type_number(form, text)
    type_number(form, "1")
    assert (seen, words_of(form)) == ([], "")


def test_a_spin_box_steps_by_what_its_number_is_about(qtbot: QtBot) -> None:
    form, seen = form_of_one(qtbot, float, 1.0)
    for value, step, expected in ((1.0, 1, 1.1), (1.0, -1, 0.99), (0.0, 1, 0.1), (250.0, 1, 260.0), (0.3, -1, 0.29)):
        spin_of(form).setValue(value)
        spin_of(form).stepBy(step)
        assert seen[-1] == expected
    form, seen = form_of_one(qtbot, float, 0.02, minimum=0.0, maximum=1.0, exclusive=True)
    for _ in range(3):
        spin_of(form).stepDown()
    assert seen == [0.01]


def test_an_optional_number_is_switched_off_and_on(qtbot: QtBot) -> None:
    form, seen = form_of_one(qtbot, float | None, None, **LENGTH)
    switch = form.findChild(QCheckBox, "x")
    assert not switch.isChecked()
    assert not spin_of(form).isEnabled()
    assert not form.findChild(QSlider).isEnabled()
    switch.click()
    spin_of(form).setValue(4.5)
    switch.click()
    assert seen[1:] == [4.5, None]
    assert seen[0] > 0
    form.show_x(12.0)
    assert switch.isChecked()
    assert spin_of(form).value() == 12.0


def test_the_wheel_scrolls_past_a_number_that_was_not_clicked(qtbot: QtBot) -> None:
    form, seen = form_of_one(qtbot, float, 0.05, **FRACTION)
    for target in (spin_of(form), form.findChild(QSlider)):
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
    form, seen = form_of_one(qtbot, tuple[str, ...], ("mito",))
    line = line_of(form)
    line.selectAll()
    qtbot.keyClicks(line, "mito , er,, nucleus,")
    assert seen == []
    qtbot.keyClick(line, Qt.Key.Key_Return)
    assert seen == [("mito", "er", "nucleus")]
    assert line.text() == "mito, er, nucleus"
    assert line.parentWidget().toolTip().startswith("mito\ner\nnucleus")
    qtbot.keyClick(line, Qt.Key.Key_Return)
    assert len(seen) == 1


def offsets_table(qtbot: QtBot, value: Any, dims: int = 3) -> tuple[OffsetsTable, list[Any]]:
    table = OffsetsTable(Parameter("neighborhood", Any, ()))
    qtbot.addWidget(table)
    qtbot.addWidget(table.toolbar)
    table.set_data("", dims)
    table.set_value(value)
    seen: list[Any] = []
    table.edited.connect(seen.append)
    return table, seen


OFFSETS = st.integers(1, 4).flatmap(
    lambda dims: st.lists(st.tuples(*[st.integers(-9999, 9999)] * dims), min_size=1, max_size=14).map(tuple)
)


@MANY
@given(offsets=OFFSETS)
def test_the_table_shows_any_offsets(qtbot: QtBot, offsets: tuple[tuple[int, ...], ...]) -> None:
    table, seen = offsets_table(qtbot, offsets)
    assert table.value == offsets
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
    assert table.value == ((1, 0), (0, 1), (3, 0))
    table.findChild(QTableWidget).selectRow(0)
    table.duplicate_rows()
    assert table.value == ((1, 0), (1, 0), (0, 1), (3, 0))
    table.findChild(QTableWidget).selectRow(2)
    table.remove_rows()
    assert table.value == ((1, 0), (1, 0), (3, 0))
    assert len(seen) == 3


def test_one_offset_always_stays(qtbot: QtBot) -> None:
    table, seen = offsets_table(qtbot, [(1, 0), (0, 1)], dims=2)
    table.findChild(QTableWidget).selectAll()
    table.remove_rows()
    assert seen == []
    assert table.value == ((1, 0), (0, 1))


@pytest.mark.parametrize("dims", [2, 3])
def test_presets_replace_all_offsets_in_the_datas_dimensions(qtbot: QtBot, dims: int) -> None:
    table, seen = offsets_table(qtbot, [(5,) * dims], dims)
    actions = {action.text(): action for action in table.toolbar.findChild(QMenu).actions()}
    actions["Long range: 1, 3, 9"].trigger()
    assert seen == [axis_offsets(dims, (1, 3, 9))]
    actions["Turn every offset around"].trigger()
    assert seen[1] == tuple(tuple(-n for n in o) for o in seen[0])


def test_offsets_of_another_dimension_stay_until_they_are_asked_to_fit(qtbot: QtBot) -> None:
    table, seen = offsets_table(qtbot, [(1, 0, 0), (0, 1, 0), (0, 0, 1), (2, 0, 1)])
    table.show()
    fit = table.findChild(QPushButton)
    assert not fit.isVisible()
    table.set_data("", 2)
    assert table.value[0] == (1, 0, 0)
    assert seen == []
    assert fit.isVisible()
    fit.click()
    assert seen == [((1, 0), (0, 1))]
    assert not fit.isVisible()


@given(OFFSETS, st.integers(1, 4))
def test_fitted_offsets_keep_their_fastest_axes(offsets: tuple[tuple[int, ...], ...], dims: int) -> None:
    fitted = offsets_in(offsets, dims)
    assert set(fitted) == {((0,) * dims + o)[-dims:] for o in offsets} - {(0,) * dims}
    assert len(set(fitted)) == len(fitted)


@pytest.mark.parametrize("text", ["[1", "'a'", "", "import os", "3"])
def test_a_text_that_is_no_value_is_explained_and_changes_nothing(qtbot: QtBot, text: str) -> None:
    form, seen = form_of_one(qtbot, tuple[int, int] | None, (1, 2))
    type_in(qtbot, line_of(form), text)
    assert seen == []
    shown = [label.text() for label in form.findChildren(ErrorLabel) if label.text()]
    assert shown == [f"x needs tuple[int, int] | None as Python writes it, got {text!r}"]
    for text in ("None", "(3, 4)"):
        type_in(qtbot, line_of(form), text)
    assert seen == [None, (3, 4)]
    assert not any(label.text() for label in form.findChildren(ErrorLabel))


def test_choices_are_a_combo_box(qtbot: QtBot) -> None:
    form, seen = form_of_one(qtbot, Literal["valid", "same"], "same")
    combo = form.findChild(QComboBox, "x")
    assert combo.currentText() == "same"
    combo.setCurrentIndex(0)
    assert seen == ["valid"]


def test_a_text_is_taken_over_when_it_is_complete(qtbot: QtBot) -> None:
    form, seen = form_of_one(qtbot, str, "a")
    line_of(form).end(False)
    qtbot.keyClicks(line_of(form), "bc")
    assert seen == []
    qtbot.keyClick(line_of(form), Qt.Key.Key_Return)
    assert seen == ["abc"]
