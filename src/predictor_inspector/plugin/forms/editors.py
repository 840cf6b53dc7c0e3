"""Which editor suits which parameter."""

from __future__ import annotations

from typing import Any, Protocol

from predictor_inspector.core.parameters import Parameter
from predictor_inspector.plugin.forms.names_edit import NamesEdit
from predictor_inspector.plugin.forms.number_edit import NumberEdit
from predictor_inspector.plugin.forms.offsets_table import OffsetsTable
from predictor_inspector.plugin.forms.plain_edits import ChoiceEdit, FlagEdit, LiteralEdit, TextEdit, literal_choices


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
    if parameter.holds_offsets:
        return OffsetsTable(name)
    if parameter.holds_names:
        return NamesEdit(name)
    if annotation is bool:
        return FlagEdit(name)
    if annotation in (int, float):
        return NumberEdit(parameter)
    if annotation is str:
        return TextEdit(name)
    choices = literal_choices(annotation)
    return ChoiceEdit(name, choices) if choices else LiteralEdit(name, annotation)
