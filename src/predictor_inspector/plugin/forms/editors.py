"""Editors of parameter values: numbers with units, flags and choices, lines of text."""

from __future__ import annotations

import ast
import csv
from collections.abc import Callable
from functools import partial
from inspect import formatannotation
from math import exp, floor, inf, log, log10, nextafter
from typing import Any, cast

from magicgui.widgets import create_widget
from magicgui.widgets.bases import BaseValueWidget
from qtpy.QtCore import QSignalBlocker, Qt, Signal
from qtpy.QtGui import QValidator
from qtpy.QtWidgets import QCheckBox, QDoubleSpinBox, QHBoxLayout, QLineEdit, QSlider, QWidget

from predictor_inspector.core.parameters import SLIDER_SPAN, Parameter
from predictor_inspector.core.text import capitalised
from predictor_inspector.plugin.forms.number_text import number_from_text, text_from_number
from predictor_inspector.plugin.forms.small_widgets import guard_wheel

DECIMALS = 6  # of what is stepped or dragged to
LARGEST = 1e300  # what can be typed where a parameter has no bound of its own
SPIN_WIDTH = 96  # pixels; room for "1000 voxels"
_ALL_DIGITS = 323  # the most that Qt takes, so that it rounds nothing
ARROWS_WIDTH = 40  # pixels; of a spin box's two buttons under napari's style sheet


class Editor(QWidget):
    """Shows and edits one parameter's value."""

    edited = Signal(object)
    """The new value, once per edit by a person."""
    refused = Signal(str)
    """What is wrong with a text that stands for no value."""

    def __init__(self) -> None:
        super().__init__()
        self.row = QHBoxLayout(self)
        self.row.setContentsMargins(0, 0, 0, 0)
        self.row.setSpacing(6)

    def set_value(self, value: Any) -> None:
        """Show a value, a number rounded, without a signal."""
        with QSignalBlocker(self):
            self._show(value)

    def _show(self, value: Any) -> None:
        raise NotImplementedError

    def set_start(self, value: Any) -> None:
        """Say which value the parameter has where nobody has chosen it."""

    def set_data(self, unit: str, dims: int) -> None:
        """Say the data's unit of length, which may be empty, and their number of spatial axes."""


_NO_BUTTONS = " ".join(
    f"QAbstractSpinBox::{part} {{ width: 0px; }}" for part in ("up-button", "down-button", "up-arrow", "down-arrow")
)


class NumberEdit(Editor):
    """A spin box with a unit, a slider where dragging makes sense, and a check box where ``None`` is a value.

    Lengths and counts of voxels get a logarithmic slider, fractions a linear one. magicgui's numbers don't fit: they
    show zeros that aren't needed and no unit, and its logarithmic slider shows a position rather than a value.
    """

    def __init__(self, parameter: Parameter) -> None:
        super().__init__()
        self._type, self._unit = parameter.plain_type, parameter.unit
        self._spin = _SpinBox(parameter)
        self._slider = _Slider(parameter) if parameter.slides else None
        self._switch = QCheckBox(objectName=parameter.name) if parameter.optional else None
        if self._switch is not None:
            self._switch.toggled.connect(self._on_switch)
            self.row.addWidget(self._switch)
        if self._slider is not None:
            self._slider.moved.connect(self._spin.show_value)
            self.row.addWidget(self._slider, 1)
            # The slider does what the arrows would, and the number gets their room.
            # Without buttons at all, Qt 6.11.3 leaves it one pixel in napari's style.
            self._spin.setStyleSheet(_NO_BUTTONS)
        else:
            self.row.addStretch(1)
        self._spin.setFixedWidth(SPIN_WIDTH + (ARROWS_WIDTH if self._slider is None else 0))
        self._spin.valueChanged.connect(self._on_spin)
        self._spin.refused.connect(self.refused)
        self.row.addWidget(self._spin)

    def _show(self, value: Any) -> None:
        if self._switch is not None:
            self._switch.setChecked(value is not None)
            self._on_switch(value is not None)
        if value is not None:
            self._spin.show_value(value)
            self._on_spin(self._spin.value())

    def set_start(self, value: Any) -> None:
        """Centre a logarithmic slider's range on the starting value."""
        if self._slider is not None and value is not None:
            self._slider.set_start(value, self._spin.minimum(), self._spin.maximum())
            self._slider.show_value(self._spin.value())

    def set_data(self, unit: str, dims: int) -> None:
        """Show the unit after a length."""
        shown = {"length": unit, "voxels": "voxels"}.get(self._unit, "")
        self._spin.set_unit(shown)

    def _on_spin(self, value: float) -> None:
        if self._slider is not None:
            self._slider.show_value(value)
        self.edited.emit(self._type(value))

    def _on_switch(self, on: bool) -> None:
        self._spin.setEnabled(on)
        if self._slider is not None:
            self._slider.setEnabled(on)
        self.edited.emit(self._type(self._spin.value()) if on else None)


class _SpinBox(QDoubleSpinBox):
    """Reads numbers as people type them, and keeps all their digits; signals only complete ones.

    A text that is no value of the parameter stays, and `refused` says why; an empty reason once it has been corrected.
    """

    refused = Signal(str)

    def __init__(self, parameter: Parameter) -> None:
        super().__init__(objectName=parameter.name, keyboardTracking=False, alignment=Qt.AlignmentFlag.AlignRight)
        self._parameter, self._unit = parameter, ""
        self._refused: str | None = None
        guard_wheel(self)
        self.setDecimals(0 if parameter.plain_type is int else _ALL_DIGITS)
        low = -LARGEST if parameter.minimum is None else parameter.minimum
        high = LARGEST if parameter.maximum is None else parameter.maximum
        inset = parameter.exclusive
        self.setRange(nextafter(low, inf) if inset else low, nextafter(high, -inf) if inset else high)
        # What an optional number is switched on with.
        self.setValue((low + high) / 2 if parameter.slides == "linear" else min(max(1.0, low), high))
        self.editingFinished.connect(self.forget_typing)

    def set_unit(self, unit: str) -> None:
        """Show a unit behind the number, the data's for a length."""
        self._unit = unit
        self.show_value(self.value())

    def show_value(self, value: float) -> None:
        """Show a value in place of what was typed."""
        self._refused = None
        self.setValue(value)
        self.lineEdit().setText(self.textFromValue(self.value()))

    def forget_typing(self) -> None:
        """Leave undoing to the settings, which have what was typed."""
        self.lineEdit().setText(self.lineEdit().text())

    def stepBy(self, steps: int) -> None:
        """Step by a hundredth of a fraction's range, by 1 for whole numbers, else by the second digit."""
        value, step = self.value(), self._step(steps)
        low, high = self.minimum(), self.maximum()
        stepped = float(f"{value + steps * step:.10g}")
        if self._parameter.exclusive and self._parameter.slides == "linear":
            low, high = low + step, high - step
        if low <= stepped <= high or low <= value <= high:
            self.show_value(min(max(stepped, low), high))
            self.selectAll()

    def _step(self, steps: int) -> float:
        if self._parameter.slides == "linear":
            return round((self.maximum() - self.minimum()) / 100, DECIMALS)
        if self._parameter.plain_type is int:
            return 1.0
        size = abs(self.value()) or 1.0
        exponent = floor(log10(size) + 1e-9)
        # Downwards from 1 by 0.01, not by 0.1.
        towards_zero = steps * self.value() < 0
        if towards_zero and size <= 10.0**exponent * (1 + 1e-9):
            exponent -= 1
        return float(f"1e{exponent - 1}")

    def textFromValue(self, value: float) -> str:
        if self._refused is not None:
            return self._refused
        return f"{text_from_number(value)} {self._unit}".rstrip()

    def valueFromText(self, text: str) -> float:
        refused = self._refused
        try:
            value = number_from_text(text, self._parameter, self._unit if self._parameter.unit == "length" else "")
        except ValueError as error:
            self._refused = text
            self.refused.emit(capitalised(str(error)))
            return float(self.value())
        self._refused = None
        if refused is not None:
            self.refused.emit("")
        return value

    def validate(self, text: str, position: int) -> tuple[QValidator.State, str, int]:
        # What can't be read is said once it has been typed.
        return QValidator.State.Acceptable, text, position


class _Slider(QSlider):
    """Positions evenly between a parameter's two bounds, or logarithmically around its starting value."""

    moved = Signal(float)

    def __init__(self, parameter: Parameter) -> None:
        super().__init__(Qt.Orientation.Horizontal, minimumWidth=50)
        self._linear = parameter.slides == "linear"
        self._low, self._high = (parameter.minimum or 0.0, parameter.maximum or 0.0) if self._linear else (1.0, 2.0)
        self._steps = 100 if self._linear else 400
        inset = int(self._linear and parameter.exclusive)
        self.setRange(inset, self._steps - inset)
        guard_wheel(self)
        self.valueChanged.connect(lambda position: self.moved.emit(self._value_at(position)))

    def set_start(self, value: float, smallest: float, largest: float) -> None:
        if not self._linear:
            self._low = min(max(value / SLIDER_SPAN, smallest), value)
            self._high = max(min(value * SLIDER_SPAN, largest), value)

    def show_value(self, value: float) -> None:
        if self.isSliderDown() or (value <= 0 and not self._linear):
            # What isn't positive, chosen elsewhere, is refused in words.
            return
        self._low, self._high = min(self._low, value), max(self._high, value)
        low, high = self._low, self._high
        share = (value - low) / (high - low) if self._linear else (log(value) - log(low)) / (log(high) - log(low))
        with QSignalBlocker(self):
            self.setValue(round(self._steps * share))

    def _value_at(self, position: int) -> float:
        share = position / self._steps
        if self._linear:
            return round(self._low + (self._high - self._low) * share, DECIMALS)
        return float(f"{exp(log(self._low) + (log(self._high) - log(self._low)) * share):.3g}")


class ChoiceEdit(Editor):
    """magicgui's check box for a ``bool``, or its combo box for a ``Literal``."""

    def __init__(self, parameter: Parameter) -> None:
        super().__init__()
        options = {"text": ""} if parameter.annotation is bool else {}
        self._widget = cast(BaseValueWidget[Any], create_widget(annotation=parameter.annotation, options=options))
        self._widget.native.setObjectName(parameter.name)
        guard_wheel(self._widget.native)
        self.row.addWidget(self._widget.native)
        self._widget.changed.connect(self.edited.emit)

    def _show(self, value: Any) -> None:
        self._widget.value = value


class LineEdit(Editor):
    """Names, a text, or a Python literal on a line; edited with Enter or on leaving the line."""

    def __init__(self, parameter: Parameter) -> None:
        super().__init__()
        self._read: Callable[[str], Any] = partial(_literal, parameter)
        self._write: Callable[[Any], str] = repr
        hint = "a Python value"
        if parameter.holds_names:
            self._read, self._write, hint = names_from_text, names_to_text, "names, separated by commas"
        elif parameter.annotation is str:
            self._read, self._write, hint = str, str, ""
        self._line = QLineEdit(objectName=parameter.name, placeholderText=hint, minimumWidth=60)
        self._line.editingFinished.connect(self._on_finished)
        self.row.addWidget(self._line)

    def _show(self, value: Any) -> None:
        self._line.setText(self._write(value))
        self._line.setCursorPosition(0)

    def _on_finished(self) -> None:
        if not self._line.isModified():  # since it was set
            return
        try:
            value = self._read(self._line.text())
        except ValueError as error:
            self.refused.emit(str(error))
        else:
            self._show(value)
            self.edited.emit(value)


def names_to_text(names: tuple[str, ...]) -> str:
    """Names on one line; one that holds a comma or a quote is quoted."""
    quoted = ('"' + name.replace('"', '""') + '"' if any(c in name for c in ',"') else name for name in names)
    return ", ".join(quoted)


def names_from_text(text: str) -> tuple[str, ...]:
    """The names on a line; spaces around them and empty ones are dropped."""
    rows = list(csv.reader([" ".join(text.splitlines())], skipinitialspace=True))
    return tuple(stripped for name in (rows[0] if rows else []) if (stripped := name.strip()))


def _literal(parameter: Parameter, text: str) -> Any:
    try:
        return parameter.convert(ast.literal_eval(text.strip()))
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError) as error:
        expected = formatannotation(parameter.annotation)
        raise ValueError(f"{parameter.name} needs {expected} as Python writes it, got {text!r}") from error
