"""The form that is made from a predictor's dataclass."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytestqt.qtbot import QtBot
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QCheckBox, QDoubleSpinBox, QLineEdit, QToolButton, QWidget

from predictor_inspector.core.config import predictor_class, predictor_kinds
from predictor_inspector.core.parameters import Parameter, parameter, parameters_of
from predictor_inspector.plugin.forms.form import ParameterForm, readable, tooltip
from predictor_inspector.plugin.forms.offsets_table import OffsetsTable
from predictor_inspector.plugin.forms.small_widgets import ErrorLabel

MANY = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@dataclass(frozen=True)
class Everything:
    """One parameter of every sort."""

    offsets: tuple[tuple[int, ...], ...] = parameter(doc="Offsets.", widget="offsets")
    names: tuple[str, ...] = parameter(("a",), doc="Names.", widget="names")
    length: float = parameter(4.0, doc="A length.", unit="length", minimum=0, exclusive=True)
    flag: bool = parameter(True, doc="A flag.")
    count: int = parameter(3, doc="A count.", unit="voxels", minimum=0)
    fraction: float = parameter(0.25, doc="A fraction.", minimum=0, maximum=1, advanced=True)
    maybe: float | None = None
    table: dict[str, int] = field(default_factory=dict)


VALUES = st.fixed_dictionaries(
    {
        "offsets": st.lists(st.tuples(*[st.integers(-99, 99)] * 3), min_size=1).map(tuple),
        "names": st.lists(st.text(min_size=1)).map(tuple),
        "length": st.floats(1e-9, 1e9),
        "flag": st.booleans(),
        "count": st.integers(0, 10**6),
        "fraction": st.floats(0, 1),
        "maybe": st.none() | st.floats(allow_nan=False),
        "table": st.dictionaries(st.text(), st.integers()),
    }
)


@pytest.fixture
def form(qtbot: QtBot) -> ParameterForm:
    form = ParameterForm(Everything)
    qtbot.addWidget(form)
    return form


@pytest.fixture
def changes(form: ParameterForm) -> list[dict[str, Any]]:
    seen: list[dict[str, Any]] = []
    form.changed.connect(lambda: seen.append(form.values()))
    return seen


def spin(form: ParameterForm, name: str) -> QDoubleSpinBox:
    return form.findChild(QDoubleSpinBox, name)


def reset_button(form: ParameterForm, name: str) -> QToolButton:
    return form.findChild(QToolButton, f"reset {name}")


def type_in(qtbot: QtBot, form: ParameterForm, name: str, text: str) -> None:
    line = form.findChild(QLineEdit, name)
    line.selectAll()
    qtbot.keyClicks(line, text)
    qtbot.keyClick(line, Qt.Key.Key_Return)


def errors(form: QWidget) -> list[str]:
    return [label.text() for label in form.findChildren(ErrorLabel) if label.text()]


@MANY
@given(values=VALUES)
def test_values_go_through_the_form_unchanged(qtbot: QtBot, form: ParameterForm, values: dict[str, Any]) -> None:
    with qtbot.assertNotEmitted(form.changed):
        form.set_values(values)
    assert form.values() == values
    assert list(form.values()) == [p.name for p in parameters_of(Everything)]


@pytest.mark.parametrize("kind", predictor_kinds())
def test_every_kind_has_a_form_with_its_defaults(qtbot: QtBot, kind: str) -> None:
    cls = predictor_class(kind)
    form = ParameterForm(cls)
    qtbot.addWidget(form)
    form.show()
    for p in parameters_of(cls):
        assert p.required or form.values()[p.name] == p.default
    assert not any(reset_button(form, name).isEnabled() for name in form.names)


def test_every_edit_is_signalled_once(qtbot: QtBot, form: ParameterForm, changes: list[dict[str, Any]]) -> None:
    form.findChild(QCheckBox, "flag").click()
    spin(form, "length").stepUp()
    form.findChild(OffsetsTable).add_row()
    type_in(qtbot, form, "table", "{'a': 1}")
    assert len(changes) == 4
    assert changes[-1] == form.values()
    assert form.values()["table"] == {"a": 1}
    assert form.touched == {"flag", "length", "offsets", "table"}


def test_a_parameter_can_be_reset_only_when_it_differs(form: ParameterForm, changes: list[dict[str, Any]]) -> None:
    assert not reset_button(form, "count").isEnabled()
    form.set_values({"count": 7})
    assert reset_button(form, "count").isEnabled()
    reset_button(form, "count").click()
    assert form.values()["count"] == 3
    assert not reset_button(form, "count").isEnabled()
    assert len(changes) == 1


def test_resetting_all_is_one_change(form: ParameterForm, changes: list[dict[str, Any]]) -> None:
    start = form.values()
    form.set_values({"count": 7, "flag": False, "fraction": 1.0, "maybe": 2.0})
    assert form.advanced.title == "Advanced (1 changed)"
    form.reset()
    assert form.values() == start
    assert form.advanced.title == "Advanced"
    assert form.touched == frozenset()
    form.reset()
    assert len(changes) == 1


def test_starting_values_move_only_what_nobody_chose(form: ParameterForm, changes: list[dict[str, Any]]) -> None:
    form.set_values({"count": 7})
    form.set_starting_values({"count": 9, "length": 80.0, "names": ["x", "y"]})
    assert form.values()["count"] == 7
    assert form.values()["length"] == 80.0
    assert form.values()["names"] == ("x", "y")
    form.set_starting_values({"length": 20.0})
    assert form.values()["length"] == 20.0
    assert form.values()["names"] == ("a",)
    assert changes == []
    form.reset()
    assert form.values()["count"] == 3


def test_new_starting_values_do_not_disturb_somebody_who_is_typing(qtbot: QtBot, form: ParameterForm) -> None:
    line = form.findChild(QLineEdit, "names")
    line.selectAll()
    qtbot.keyClicks(line, "a, half a na")
    form.set_starting_values({"length": 20.0})
    assert line.text() == "a, half a na"


def test_a_value_that_does_not_fit_changes_nothing(form: ParameterForm) -> None:
    before = form.values()
    with pytest.raises(ValueError, match="length must be > 0, got -1"):
        form.set_values({"count": 8, "length": -1.0})
    with pytest.raises(ValueError, match="there is no parameter 'lenght'; known are offsets, names, length"):
        form.set_values({"lenght": 3.0})
    assert form.values() == before
    assert form.touched == frozenset()


def test_the_unit_follows_lengths_in_field_and_tooltip(form: ParameterForm) -> None:
    form.set_unit("nm")
    assert spin(form, "length").suffix() == " nm"
    assert spin(form, "count").suffix() == " voxels"
    assert spin(form, "fraction").suffix() == ""
    assert spin(form, "length").parentWidget().toolTip() == "A length.\n> 0 nm · default 4.0 · in code: length"


def test_errors_are_marked_at_their_parameter_until_they_are_cleared(form: ParameterForm) -> None:
    form.show_error("count", "count is odd")
    form.show_error(None, "all is odd")
    form.show_error("elsewhere", "the rest is odd")
    assert sorted(errors(form)) == ["count is odd", "the rest is odd"]
    form.clear_errors()
    assert errors(form) == []


def test_an_error_in_an_advanced_parameter_unfolds_that_part(form: ParameterForm) -> None:
    assert not form.advanced.expanded
    form.show_error("fraction", "fraction is odd")
    assert form.advanced.expanded


def test_a_text_that_is_no_value_is_explained_beneath_its_row(
    qtbot: QtBot, form: ParameterForm, changes: list[dict[str, Any]]
) -> None:
    type_in(qtbot, form, "table", "{'a': ")
    assert errors(form) == ["""table needs dict[str, int] as Python writes it, got "{'a': \""""]
    form.clear_errors()  # others' errors: the text is as wrong as before
    assert len(errors(form)) == 1
    type_in(qtbot, form, "table", "{'a': 1}")
    assert errors(form) == []
    assert [c["table"] for c in changes] == [{"a": 1}]


def test_a_narrow_form_elides_labels_rather_than_editors(form: ParameterForm) -> None:
    form.resize(300, 400)
    form.show()
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
