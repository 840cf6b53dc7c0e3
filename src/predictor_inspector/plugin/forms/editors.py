"""Editors for the values of parameters: numbers with units, flags and choices, lines of text."""

from __future__ import annotations

import ast
import csv
from collections.abc import Callable
from functools import partial
from inspect import formatannotation
from math import floor, log, log10
from typing import Any, Literal, cast, get_origin

from magicgui.widgets import create_widget
from magicgui.widgets.bases import BaseValueWidget
from qtpy.QtCore import QLocale, QSignalBlocker, Qt, Signal
from qtpy.QtWidgets import (
    QAbstractSpinBox,
    QCheckBox,
    QDoubleSpinBox,
    QHBoxLayout,
    QLineEdit,
    QSizePolicy,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from predictor_inspector.core.parameters import Parameter
from predictor_inspector.plugin.forms.offsets_table import OffsetsTable
from predictor_inspector.plugin.forms.small_widgets import guard_wheel

DECIMALS = 6  # what a spin box shows at most
LARGEST = 1e12  # what can be typed where a parameter has no bound of its own
SLIDER_SPAN = 30.0  # a logarithmic slider reaches from 1/30 to 30 times its starting value
SPIN_WIDTH = 96  # pixels; room for "1000 voxels"
ARROWS_WIDTH = 40  # pixels; of a spin box's two buttons under napari's style sheet


class _SpinBox(QDoubleSpinBox):
    """Shows ``5.24`` rather than ``5,240000``, and signals only complete numbers."""

    def __init__(self, parameter: Parameter) -> None:
        super().__init__()
        locale = QLocale.c()
        locale.setNumberOptions(QLocale.NumberOption.OmitGroupSeparator)
        self.setLocale(locale)
        self.setObjectName(parameter.name)
        self.setKeyboardTracking(False)
        self.setAlignment(Qt.AlignmentFlag.AlignRight)
        guard_wheel(self)
        self.setDecimals(0 if parameter.plain_type is int else DECIMALS)
        inset = 10.0 ** -self.decimals() if parameter.exclusive else 0.0
        self.setRange(
            -LARGEST if parameter.minimum is None else parameter.minimum + inset,
            LARGEST if parameter.maximum is None else parameter.maximum - inset,
        )
        if _has_two_bounds(parameter):
            self.setSingleStep(((parameter.maximum or 0.0) - (parameter.minimum or 0.0)) / 100)
        elif parameter.plain_type is float:
            self.setStepType(QAbstractSpinBox.StepType.AdaptiveDecimalStepType)

    def textFromValue(self, value: float) -> str:
        text = f"{value:.{self.decimals()}f}"
        return text.rstrip("0").rstrip(".") if "." in text else text


class _Slider(QSlider):
    """Positions evenly between a parameter's two bounds, or logarithmically around its starting value."""

    moved = Signal(float)

    def __init__(self, parameter: Parameter) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self._linear = _has_two_bounds(parameter)
        self._low, self._high = (parameter.minimum or 0.0, parameter.maximum or 0.0) if self._linear else (1.0, 2.0)
        self._steps = 100 if self._linear else 400
        inset = int(self._linear and parameter.exclusive)
        self.setRange(inset, self._steps - inset)
        self.setMinimumWidth(50)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        guard_wheel(self)
        self.valueChanged.connect(lambda position: self.moved.emit(self._value_at(position)))

    def set_start(self, value: float, smallest: float, largest: float) -> None:
        if not self._linear:
            self._low = min(max(value / SLIDER_SPAN, smallest), value)
            self._high = max(min(value * SLIDER_SPAN, largest), value)

    def show_value(self, value: float) -> None:
        if self.isSliderDown():
            return
        self._low, self._high = min(self._low, value), max(self._high, value)
        low, high = self._low, self._high
        share = (value - low) / (high - low) if self._linear else log(value / low) / log(high / low)
        with QSignalBlocker(self):
            self.setValue(round(self._steps * share))

    def _value_at(self, position: int) -> float:
        share = position / self._steps
        if self._linear:
            return self._low + (self._high - self._low) * share
        value = self._low * (self._high / self._low) ** share
        return round(value, 2 - floor(log10(value)))  # three significant digits


class NumberEdit(QWidget):
    """A spin box with a unit, a slider where dragging makes sense, and a check box where ``None`` is a value.

    Lengths and counts of voxels get a logarithmic slider, fractions a linear one. magicgui's numbers don't fit: they
    show zeros that aren't needed and no unit, and its logarithmic slider shows a position rather than a value.
    """

    edited = Signal()

    def __init__(self, parameter: Parameter, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._type, self._unit = parameter.plain_type, parameter.unit
        self._spin = _SpinBox(parameter)
        logarithmic = self._spin.minimum() > 0 and self._unit in ("length", "voxels")
        self._slider = _Slider(parameter) if logarithmic or _has_two_bounds(parameter) else None
        self._switch = QCheckBox() if parameter.optional else None
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        if self._switch is not None:
            self._switch.setObjectName(parameter.name)
            self._switch.toggled.connect(self._on_switch)
            layout.addWidget(self._switch)
        if self._slider is not None:
            self._slider.moved.connect(self._spin.setValue)
            layout.addWidget(self._slider, 1)
            # The slider does what the arrows would, and the number gets their room.
            self._spin.setButtonSymbols(QAbstractSpinBox.ButtonSymbols.NoButtons)
        else:
            layout.addStretch(1)
        self._spin.setFixedWidth(SPIN_WIDTH + (ARROWS_WIDTH if self._slider is None else 0))
        self._spin.valueChanged.connect(self._on_spin)
        layout.addWidget(self._spin)
        self.setFocusProxy(self._spin)

    def value(self) -> Any:
        """The number as it is shown, or None if it is switched off."""
        return None if self._switch is not None and not self._switch.isChecked() else self._type(self._spin.value())

    def set_value(self, value: Any) -> None:
        """Show `value`, rounded, without a signal."""
        with QSignalBlocker(self):
            if self._switch is not None:
                self._switch.setChecked(value is not None)
                self._on_switch(value is not None)
            if value is not None:
                self._spin.setValue(value)
                self._on_spin(self._spin.value())

    def set_start(self, value: Any) -> None:
        """Centre a logarithmic slider's range on the starting value."""
        if self._slider is not None and value is not None:
            self._slider.set_start(value, self._spin.minimum(), self._spin.maximum())
            self._slider.show_value(self._spin.value())

    def set_unit(self, unit: str) -> None:
        """Name the data's unit of length; shown after a length."""
        shown = {"length": unit, "voxels": "voxels"}.get(self._unit, "")
        self._spin.setSuffix(f" {shown}" if shown else "")

    def _on_spin(self, value: float) -> None:
        if self._slider is not None:
            self._slider.show_value(value)
        self.edited.emit()

    def _on_switch(self, on: bool) -> None:
        self._spin.setEnabled(on)
        if self._slider is not None:
            self._slider.setEnabled(on)
        self.edited.emit()


class ChoiceEdit(QWidget):
    """magicgui's check box for a ``bool``, or its combo box for a ``Literal``."""

    edited = Signal()

    def __init__(self, parameter: Parameter, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        options = {"text": ""} if parameter.annotation is bool else {}
        self._widget = cast(BaseValueWidget[Any], create_widget(annotation=parameter.annotation, options=options))
        self._widget.changed.connect(lambda _value: self.edited.emit())
        native = self._widget.native
        native.setObjectName(parameter.name)
        guard_wheel(native)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(native)
        self.setFocusProxy(native)

    def value(self) -> Any:
        """The value chosen."""
        return self._widget.value

    def set_value(self, value: Any) -> None:
        """Show `value` without a signal."""
        with self._widget.changed.blocked():
            self._widget.value = value


class LineEdit(QLineEdit):
    """A text that stands for a value, which `read` and `write` convert; edited with Enter or on leaving the line."""

    edited = Signal()

    def __init__(
        self, name: str, read: Callable[[str], Any] = str, write: Callable[[Any], str] = str, hint: str = ""
    ) -> None:
        super().__init__()
        self._read, self._write = read, write
        self.setObjectName(name)
        self.setPlaceholderText(hint)
        self.setMinimumWidth(60)
        self.editingFinished.connect(self._on_finished)

    def value(self) -> Any:
        """What the text stands for; ``ValueError`` if that is nothing."""
        return self._read(self.text())

    def set_value(self, value: Any) -> None:
        """Show `value` without a signal."""
        self.setText(self._write(value))
        self.setCursorPosition(0)

    def _on_finished(self) -> None:
        if self.isModified():  # typed since `set_value`
            self.edited.emit()


def make_editor(parameter: Parameter) -> NumberEdit | ChoiceEdit | LineEdit | OffsetsTable:
    """An editor for `parameter`: a line for Python literals if its type is unknown.

    All have a signal `edited`, emitted once per edit by a person; `value()`, which may raise a ``ValueError``; and
    `set_value(value)`, which emits nothing.
    """
    name, annotation = parameter.name, parameter.annotation
    if parameter.holds_offsets:
        return OffsetsTable(name)
    if parameter.holds_names:
        return LineEdit(name, names_from_text, names_to_text, "names, separated by commas")
    if parameter.plain_type in (int, float):
        return NumberEdit(parameter)
    if annotation is bool or get_origin(annotation) is Literal:
        return ChoiceEdit(parameter)
    return LineEdit(name) if annotation is str else LineEdit(name, partial(_literal, parameter), repr, "a Python value")


def names_to_text(names: tuple[str, ...]) -> str:
    """Names on one line; one that holds a comma or a quote is quoted."""
    quoted = ('"' + name.replace('"', '""') + '"' if any(c in name for c in ',"') else name for name in names)
    return ", ".join(quoted)


def names_from_text(text: str) -> tuple[str, ...]:
    """The names on a line; spaces around them and empty ones are dropped."""
    rows = list(csv.reader([" ".join(text.splitlines())], skipinitialspace=True))
    return tuple(stripped for name in (rows[0] if rows else []) if (stripped := name.strip()))


def _has_two_bounds(parameter: Parameter) -> bool:
    """Whether it is a fraction of what lies between two bounds; whole numbers have bounds of another sort."""
    return parameter.plain_type is float and parameter.minimum is not None and parameter.maximum is not None


def _literal(parameter: Parameter, text: str) -> Any:
    try:
        return parameter.convert(ast.literal_eval(text.strip()))
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError) as error:
        expected = formatannotation(parameter.annotation)
        raise ValueError(f"{parameter.name} needs {expected} as Python writes it, got {text!r}") from error
