"""The form that is made from a predictor's dataclass."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from pytestqt.qtbot import QtBot
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QCheckBox, QDoubleSpinBox, QLineEdit, QToolButton

from predictor_inspector.core.config import predictor_class, predictor_kinds
from predictor_inspector.core.parameters import Parameter, parameter, parameters_of
from predictor_inspector.core.text import readable
from predictor_inspector.plugin.forms.form import ParameterForm, tooltip
from predictor_inspector.plugin.forms.offsets_table import OffsetsTable
from predictor_inspector.plugin.forms.small_widgets import ErrorLabel, WrappedLabel
from predictor_inspector.plugin.model.predictor_choice import start_for


@dataclass(frozen=True)
class Everything:
    """One parameter of every sort."""

    offsets: tuple[tuple[int, ...], ...] = parameter(((1, 0, 0),), doc="Offsets.", widget="offsets")
    names: tuple[str, ...] = parameter(("a",), doc="Names.", widget="names")
    length: float = parameter(4.0, doc="A length.", unit="length", minimum=0, exclusive=True)
    flag: bool = parameter(True, doc="A flag.")
    count: int = parameter(3, doc="A count.", unit="voxels", minimum=0)
    fraction: float = parameter(0.25, doc="A fraction.", minimum=0, maximum=1, advanced=True)
    maybe: float | None = None
    table: dict[str, int] = field(default_factory=dict)


START = {p.name: p.default for p in parameters_of(Everything)}


@pytest.fixture
def form(qtbot: QtBot) -> ParameterForm:
    form = ParameterForm(Everything)
    qtbot.addWidget(form)
    form.show_values(START, START)
    form.show()
    return form


@pytest.fixture
def edits(form: ParameterForm) -> list[tuple[str, Any]]:
    seen: list[tuple[str, Any]] = []
    form.edited.connect(lambda name, value: seen.append((name, value)))
    return seen


def spin(form: ParameterForm, name: str) -> QDoubleSpinBox:
    return form.findChild(QDoubleSpinBox, name)


def line(form: ParameterForm, name: str) -> QLineEdit:
    return form.findChild(QLineEdit, name)


def reset_button(form: ParameterForm, name: str) -> QToolButton:
    return form.findChild(QToolButton, f"reset {name}")


def type_in(qtbot: QtBot, form: ParameterForm, name: str, text: str) -> None:
    line(form, name).selectAll()
    qtbot.keyClicks(line(form, name), text)
    qtbot.keyClick(line(form, name), Qt.Key.Key_Return)


def errors(form: ParameterForm) -> list[str]:
    return [label.text() for label in form.findChildren(ErrorLabel) if label.isVisible()]


@pytest.mark.parametrize("kind", predictor_kinds())
def test_every_kind_has_a_form_that_shows_its_values_and_tells_nothing(qtbot: QtBot, kind: str) -> None:
    form = ParameterForm(predictor_class(kind))
    qtbot.addWidget(form)
    values = start_for(kind, None).values
    with qtbot.assertNotEmitted(form.edited):
        form.show_values(values, values)
    assert not any(reset_button(form, name).isEnabled() for name in values)


def test_every_edit_is_told_once(qtbot: QtBot, form: ParameterForm, edits: list[tuple[str, Any]]) -> None:
    form.findChild(QCheckBox, "flag").click()
    spin(form, "length").stepUp()
    form.findChild(OffsetsTable).add_row()
    type_in(qtbot, form, "table", "{'a': 1}")
    type_in(qtbot, form, "table", "{'a': 1}")
    assert edits == [
        ("flag", False),
        ("length", 4.1),
        ("offsets", ((1, 0, 0), (0, 1, 0))),
        ("table", {"a": 1}),
    ]


def test_a_parameter_can_be_reset_only_when_it_differs(qtbot: QtBot, form: ParameterForm) -> None:
    assert not reset_button(form, "count").isEnabled()
    form.show_values({**START, "count": 7}, START)
    assert spin(form, "count").value() == 7
    with qtbot.waitSignal(form.reset) as reset:
        reset_button(form, "count").click()
    assert reset.args == ["count"]
    form.show_values({**START, "count": 7}, {**START, "count": 7})
    assert not reset_button(form, "count").isEnabled()


def test_advanced_parameters_are_folded_and_say_how_many_were_changed(form: ParameterForm) -> None:
    assert not spin(form, "fraction").isVisible()
    form.show_values({**START, "fraction": 0.5, "count": 7}, START)
    assert form.advanced.text() == "Advanced (1 changed)"
    form.advanced.click()
    assert spin(form, "fraction").isVisible()
    form.show_values(START, START)
    assert form.advanced.text() == "Advanced"
    form.advanced.click()
    assert not spin(form, "fraction").isVisible()


def test_values_that_stay_do_not_disturb_somebody_who_is_typing(qtbot: QtBot, form: ParameterForm) -> None:
    line(form, "names").selectAll()
    qtbot.keyClicks(line(form, "names"), "a, half a na")
    spin(form, "count").selectAll()
    qtbot.keyClicks(spin(form, "count"), "12")
    form.show_values({**START, "length": 20.0}, START)
    assert line(form, "names").text() == "a, half a na"
    assert spin(form, "count").lineEdit().text() == "12"


def test_the_unit_follows_lengths_in_field_and_tooltip(form: ParameterForm) -> None:
    for unit in ("nm", "pixel"):
        form.show_values(START, START, unit)
        assert spin(form, "length").text() == f"4 {unit}"
        assert spin(form, "count").text() == "3 voxels"
        assert spin(form, "fraction").text() == "0.25"
        tip = f"A length.\n> 0 {unit} · default 4.0 · in code: length"
        assert spin(form, "length").parentWidget().toolTip() == tip


def test_an_error_is_shown_at_the_first_parameter_that_it_names(form: ParameterForm) -> None:
    form.show_error("the count must not exceed length")
    row = spin(form, "count").parentWidget().geometry()
    (label,) = (label for label in form.findChildren(ErrorLabel) if label.isVisible())
    assert row.bottom() < label.y() < row.bottom() + 2 * row.height()
    form.show_error("all is odd")
    assert errors(form) == ["all is odd"]
    form.show_error("")
    assert errors(form) == []


def test_an_error_in_an_advanced_parameter_unfolds_that_part(form: ParameterForm) -> None:
    form.show_error("fraction is odd")
    assert form.advanced.isChecked()
    assert errors(form) == ["fraction is odd"]


def test_a_text_that_is_no_value_is_explained_beneath_its_row(
    qtbot: QtBot, form: ParameterForm, edits: list[tuple[str, Any]]
) -> None:
    type_in(qtbot, form, "table", "{'a': ")
    assert errors(form) == ["""table needs dict[str, int] as Python writes it, got "{'a': \""""]
    form.show_error("")  # others' errors: the text is as wrong as before
    assert len(errors(form)) == 1
    assert edits == []
    type_in(qtbot, form, "table", "{'a': 1}")
    assert errors(form) == []
    assert edits == [("table", {"a": 1})]


def test_a_narrow_form_elides_labels_rather_than_editors(form: ParameterForm) -> None:
    form.resize(300, 400)
    assert form.minimumSizeHint().width() <= 300
    number = spin(form, "length")
    assert number.mapTo(form, number.rect().topRight()).x() < 300


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("scale_factor", "scale factor"),
        ("downsample_lsds", "downsample LSDs"),
        ("lsd_weight_clipmin", "LSD weight clipmin"),
    ],
)
def test_names_are_readable(name: str, expected: str) -> None:
    assert readable(name) == expected


def test_a_tooltip_says_what_a_person_needs_to_know() -> None:
    bounded = Parameter("clipmin", float, 0.05, doc="The least.", minimum=0.0, maximum=1.0)
    assert tooltip(bounded) == "The least.\n0 … 1 · default 0.05 · in code: clipmin"


def test_a_text_gets_as_many_lines_as_its_width_needs(qtbot: QtBot) -> None:
    label = WrappedLabel()
    qtbot.addWidget(label)
    label.show()  # a hidden widget isn't told of its size
    label.setText("The context reaches beyond the data: values near that edge may differ from those inside.")
    heights = []
    for width in (150, 900):
        label.resize(width, 10)
        heights.append(label.height())
        assert label.height() >= label.heightForWidth(width)
    assert heights[0] > 2 * label.heightForWidth(900)
    assert label.minimumHeight() == label.heightForWidth(900)
