"""Which editor suits which parameter."""

from __future__ import annotations

from dataclasses import MISSING
from typing import Any, Protocol

from predictor_inspector.core.parameters import Parameter
from predictor_inspector.plugin.forms.names_edit import NamesEdit
from predictor_inspector.plugin.forms.number_edit import NumberEdit
from predictor_inspector.plugin.forms.offsets_table import OffsetsTable, axis_offsets
from predictor_inspector.plugin.forms.plain_edits import ChoiceEdit, FlagEdit, LiteralEdit, TextEdit, literal_choices

NAMES = tuple[str, ...]
OFFSETS = tuple[tuple[int, ...], ...]


class Editor(Protocol):
    """What a form asks of a parameter's editor; `edited` is emitted once per edit, for values that fit."""

    edited: Any

    def value(self) -> Any:
        """The value, of the parameter's type."""

    def set_value(self, value: Any) -> None:
        """Show a value without a signal; a ``ValueError`` names the parameter if it doesn't fit."""

    def set_start(self, value: Any) -> None:
        """Say where the value started."""

    def set_unit(self, unit: str) -> None:
        """Say in which unit lengths are."""

    def set_dims(self, dims: int) -> None:
        """Say how many spatial axes the data have."""


def make_editor(parameter: Parameter) -> Editor:
    """An editor for `parameter`; one for Python literals if its type is unknown."""
    annotation, name = parameter.annotation, parameter.name
    if annotation == OFFSETS or parameter.widget == "offsets":
        return OffsetsTable(name)
    if annotation == NAMES or parameter.widget == "names":
        return NamesEdit(name)
    if annotation is bool:
        return FlagEdit(name)
    if annotation in (int, float):
        return NumberEdit(parameter)
    if annotation is str:
        return TextEdit(name)
    choices = literal_choices(annotation)
    return ChoiceEdit(name, choices) if choices else LiteralEdit(name, annotation)


def first_value(parameter: Parameter, dims: int = 3) -> Any:
    """Something to show for `parameter` before anybody chose: its default, or for a required one the plainest value."""
    if parameter.default is not MISSING:
        return parameter.default
    if parameter.annotation == OFFSETS or parameter.widget == "offsets":
        return axis_offsets(dims)
    if parameter.annotation == NAMES or parameter.widget == "names":
        return ()
    if parameter.annotation in (int, float):
        return _first_number(parameter)
    choices = literal_choices(parameter.annotation)
    return choices[0] if choices else {bool: False, str: ""}.get(parameter.annotation)


def _first_number(parameter: Parameter) -> float:
    low, high = parameter.minimum, parameter.maximum
    if low is not None and high is not None and parameter.annotation is float:
        return (low + high) / 2
    number = parameter.annotation(1)
    if low is not None and number < low + parameter.exclusive:
        number = parameter.annotation(low + parameter.exclusive)
    if high is not None and number > high - parameter.exclusive:
        number = parameter.annotation(high - parameter.exclusive)
    return number
