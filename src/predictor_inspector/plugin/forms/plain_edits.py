"""Editors for flags, choices, texts, and anything else that Python can write down."""

from __future__ import annotations

import ast
import types
from typing import Any, Literal, Union, get_args, get_origin

from qtpy.QtCore import QSignalBlocker, Signal
from qtpy.QtWidgets import QCheckBox, QComboBox, QLineEdit, QVBoxLayout, QWidget

from predictor_inspector.plugin.forms.small_widgets import guard_wheel


class _PlainEdit(QWidget):
    """What the editors here share: one widget, and nothing that depends on unit, dimensions or starting value."""

    edited = Signal()

    def __init__(self, widget: QWidget) -> None:
        super().__init__()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(widget)
        self.setFocusProxy(widget)

    def set_start(self, value: Any) -> None:
        """Nothing here depends on the starting value."""

    def set_unit(self, unit: str) -> None:
        """Nothing here has a unit."""

    def set_dims(self, dims: int) -> None:
        """Nothing here depends on the data's number of axes."""


class FlagEdit(_PlainEdit):
    """A check box."""

    def __init__(self, name: str) -> None:
        self._name, self._box = name, QCheckBox()
        super().__init__(self._box)
        self._box.toggled.connect(lambda _on: self.edited.emit())

    def value(self) -> bool:
        """Whether it is checked."""
        return bool(self._box.isChecked())

    def set_value(self, value: Any) -> None:
        """Show `value` without a signal; ``ValueError`` unless it is True or False."""
        if not isinstance(value, bool):
            raise ValueError(f"{self._name} must be true or false, got {value!r}")
        with QSignalBlocker(self._box):
            self._box.setChecked(value)


class ChoiceEdit(_PlainEdit):
    """A combo box of the values of a ``Literal``."""

    def __init__(self, name: str, choices: tuple[Any, ...]) -> None:
        self._name, self._choices, self._box = name, choices, QComboBox()
        super().__init__(self._box)
        self._box.addItems([str(choice) for choice in choices])
        guard_wheel(self._box)
        self._box.currentIndexChanged.connect(lambda _index: self.edited.emit())

    def value(self) -> Any:
        """The chosen value."""
        return self._choices[self._box.currentIndex()]

    def set_value(self, value: Any) -> None:
        """Show `value` without a signal; ``ValueError`` unless it is one of the choices."""
        if value not in self._choices:
            raise ValueError(f"{self._name} must be one of {', '.join(map(repr, self._choices))}; got {value!r}")
        with QSignalBlocker(self._box):
            self._box.setCurrentIndex(self._choices.index(value))


class TextEdit(_PlainEdit):
    """A line of text; takes it over with Enter or on leaving the line."""

    def __init__(self, name: str) -> None:
        self._name, self._line, self._value = name, QLineEdit(), ""
        super().__init__(self._line)
        self._line.editingFinished.connect(self._take)

    def value(self) -> str:
        """The text."""
        return self._value

    def set_value(self, value: Any) -> None:
        """Show `value` without a signal; ``ValueError`` unless it is a string."""
        if not isinstance(value, str):
            raise ValueError(f"{self._name} must be a text, got {value!r}")
        self._value = value
        self._line.setText(value)
        self._line.setCursorPosition(0)

    def _take(self) -> None:
        if self._line.text() != self._value:
            self._value = self._line.text()
            self.edited.emit()


class LiteralEdit(_PlainEdit):
    """Any value as Python writes it: ``None``, ``(1, 2)``, ``{"a": 0.5}``.

    `problem` is emitted with what is wrong with a text, and with an empty string once nothing is.
    """

    problem = Signal(str)

    def __init__(self, name: str, annotation: Any) -> None:
        self._name, self._annotation = name, annotation
        self._line, self._value = QLineEdit(), None
        super().__init__(self._line)
        self._line.setPlaceholderText("a Python value")
        self._line.editingFinished.connect(self._take)

    def value(self) -> Any:
        """The last text that was a value."""
        return self._value

    def set_value(self, value: Any) -> None:
        """Show `value` without a signal."""
        self._value = value
        self._line.setText(repr(value))
        self._line.setCursorPosition(0)
        self.problem.emit("")

    def _take(self) -> None:
        try:
            value = _fitting(ast.literal_eval(self._line.text().strip()), self._annotation)
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            self.problem.emit(
                f"{self._name} needs {type_name(self._annotation)} as Python writes it, got {self._line.text()!r}"
            )
            return
        self.problem.emit("")
        if repr(value) != repr(self._value):
            self._value = value
            self.edited.emit()


def type_name(annotation: Any) -> str:
    """An annotation in words: ``"float or None"``."""
    if annotation is Any:
        return "a value"
    if get_origin(annotation) in (Union, types.UnionType):
        return " or ".join(type_name(a) for a in get_args(annotation))
    if annotation is type(None):
        return "None"
    return annotation.__name__ if isinstance(annotation, type) and not get_args(annotation) else str(annotation)


def literal_choices(annotation: Any) -> tuple[Any, ...]:
    """The values of a ``Literal``; empty for anything else."""
    return get_args(annotation) if get_origin(annotation) is Literal else ()


def _fitting(value: Any, annotation: Any) -> Any:
    """`value` converted to `annotation`, as far as pydantic knows that type; ``ValueError`` where it doesn't fit."""
    from pydantic import PydanticSchemaGenerationError, TypeAdapter

    try:
        adapter: TypeAdapter[Any] = TypeAdapter(annotation)
    except PydanticSchemaGenerationError:
        return value
    return adapter.validate_python(value)
