"""Form made from a predictor's parameters: a row each, with unit, bounds and reset button."""

from __future__ import annotations

import re
from collections.abc import Container, Mapping
from dataclasses import MISSING
from typing import Any, Literal, get_origin

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QGridLayout, QWidget
from superqt import QElidingLabel

from predictor_inspector.core.parameters import Parameter, parameters_of
from predictor_inspector.core.text import readable
from predictor_inspector.plugin.forms.collapsible import FoldButton
from predictor_inspector.plugin.forms.editors import ChoiceEdit, Editor, LineEdit, NumberEdit
from predictor_inspector.plugin.forms.layouts import in_row
from predictor_inspector.plugin.forms.offsets_table import OffsetsTable
from predictor_inspector.plugin.forms.small_widgets import ERROR_COLOUR, ErrorLabel, flat_button


class ParameterForm(QWidget):
    """Shows the parameters of a predictor class, or of any dataclass, and tells what a person edits."""

    edited = Signal(str, object)
    """A parameter and its new value: once per edit, live while a slider is dragged, never for a text that is no value."""
    reset = Signal(str)
    """A parameter that is to return to its starting value."""

    def __init__(self, cls: type, without: Container[str] = ()) -> None:
        """Parameters of these names are left out: they are shown elsewhere."""
        super().__init__()
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(6)
        grid.setVerticalSpacing(3)
        grid.setColumnStretch(1, 1)
        parameters = sorted((p for p in parameters_of(cls) if p.name not in without), key=lambda p: p.advanced)
        self._rows = {p.name: _Row(p, self) for p in parameters}
        self._advanced = [self._rows[p.name] for p in parameters if p.advanced]
        self.advanced = FoldButton("Advanced")
        self.advanced.toggled.connect(self._fold)
        self._message = ErrorLabel()
        for row in self._rows.values():
            if row in self._advanced[:1]:
                grid.addWidget(self.advanced, grid.rowCount(), 0, 1, 3)
            row.add_to(grid)
        grid.addWidget(self._message, grid.rowCount(), 0, 1, 3)
        self._fold(False)

    def show_values(self, values: Mapping[str, Any], start: Mapping[str, Any], unit: str = "", dims: int = 3) -> None:
        """Show every parameter's value, and allow to reset those that aren't at the start.

        Lengths get the data's `unit`, offsets a column for each of their `dims` spatial axes.
        """
        for name, row in self._rows.items():
            row.set_data(unit, dims)
            row.show(values[name], start[name])
        changed = sum(row.differs for row in self._advanced)
        self.advanced.setText(f"Advanced ({changed} changed)" if changed else "Advanced")

    def show_error(self, message: str) -> None:
        """Show a message, in place of the last, at the first parameter that it names, or else beneath the form."""
        named = next((word for word in re.findall(r"\w+", message) if word in self._rows), None)
        self._message.show_message("" if named else message)
        for name, row in self._rows.items():
            row.show_error(message if name == named else "")
            if name == named and row in self._advanced:
                self.advanced.setChecked(True)

    def _fold(self, expanded: bool) -> None:
        for row in self._advanced:
            row.set_visible(expanded)


class _Row:
    """A parameter's widgets."""

    def __init__(self, parameter: Parameter, form: ParameterForm) -> None:
        self._parameter, self._form = parameter, form
        self._value: Any = MISSING
        self._start: Any = MISSING
        self._data: tuple[str, int] | None = None
        self._message = self._problem = ""
        self.label = QElidingLabel(readable(parameter.name))
        self.editor = _make_editor(parameter)
        self.editor.edited.connect(self._on_edited)
        self.editor.refused.connect(self._on_refused)
        self.reset = flat_button("↺", "Return to the starting value", self._on_reset)
        self.reset.setObjectName(f"reset {parameter.name}")
        self.reset.setFixedWidth(20)
        self.error = ErrorLabel()

    @property
    def differs(self) -> bool:
        return bool(self._value != self._start)

    def add_to(self, grid: QGridLayout) -> None:
        line = grid.rowCount()
        grid.addWidget(self.reset, line, 2)
        if isinstance(self.editor, OffsetsTable):
            grid.addLayout(in_row(self.label, (self.editor.toolbar, 1)), line, 0, 1, 2)
            grid.addWidget(self.editor, line + 1, 0, 1, 3)
        else:
            grid.addWidget(self.label, line, 0)
            grid.addWidget(self.editor, line, 1)
        grid.addWidget(self.error, line + 2, 0, 1, 3)

    def set_visible(self, visible: bool) -> None:
        toolbar = (self.editor.toolbar,) if isinstance(self.editor, OffsetsTable) else ()
        for widget in (self.label, self.editor, self.reset, *toolbar):
            widget.setVisible(visible)
        self.error.setVisible(visible and bool(self.error.text()))

    def show(self, value: Any, start: Any) -> None:
        if repr(value) != repr(self._value):  # else the editor shows it, and may be typed into
            self._value = value
            self.editor.set_value(value)
            self._on_refused("")
        if repr(start) != repr(self._start):
            self._start = start
            self.editor.set_start(start)
        self._enable_reset()
        names = value if self._parameter.holds_names else ()  # they may not fit on their line
        self.editor.setToolTip("\n".join((*names, "", self.label.toolTip())).strip())

    def set_data(self, unit: str, dims: int) -> None:
        if self._data != (unit, dims):
            self._data = unit, dims
            self.editor.set_data(unit, dims)
            self.label.setToolTip(tooltip(self._parameter, unit))

    def show_error(self, message: str) -> None:
        self._message = message
        text = self._problem or message  # a text that is no value comes first: the message is about the last value
        self.error.show_message(text)
        self.label.setStyleSheet(f"color: {ERROR_COLOUR};" if text else "")

    def _on_edited(self, value: Any) -> None:
        self._on_refused("")
        if repr(value) != repr(self._value):
            self._value = value
            self._form.edited.emit(self._parameter.name, value)

    def _on_reset(self) -> None:
        self.editor.set_value(self._value)
        self._on_refused("")
        self._form.reset.emit(self._parameter.name)

    def _enable_reset(self) -> None:
        # A text that is no value can be left, too.
        self.reset.setEnabled(self.differs or bool(self._problem))

    def _on_refused(self, problem: str) -> None:
        self._problem = problem
        self._enable_reset()
        self.show_error(self._message)


def _make_editor(parameter: Parameter) -> Editor:
    """An editor for `parameter`: a line for Python literals if its type is unknown."""
    if parameter.holds_offsets:
        return OffsetsTable(parameter)
    if parameter.plain_type in (int, float):
        return NumberEdit(parameter)
    if parameter.annotation is bool or get_origin(parameter.annotation) is Literal:
        return ChoiceEdit(parameter)
    return LineEdit(parameter)


def tooltip(parameter: Parameter, unit: str = "") -> str:
    """What a parameter does, its bounds and unit, its default, and its name in code."""
    unit = {"length": unit, "voxels": "voxels"}.get(parameter.unit, "")
    facts = [f"{parameter.bounds}{' ' + unit if unit else ''}" if parameter.bounds else unit]
    if parameter.default is not MISSING:
        facts.append(f"default {parameter.default}")
    facts.append(f"in code: {parameter.name}")
    return "\n".join(line for line in (parameter.doc, " · ".join(fact for fact in facts if fact)) if line)
