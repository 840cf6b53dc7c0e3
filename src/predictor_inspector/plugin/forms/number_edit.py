"""An editor for one number: a spin box, and beside it a slider to drag where dragging makes sense."""

from __future__ import annotations

from math import exp, floor, isfinite, log, log10
from numbers import Real
from typing import Any

from qtpy.QtCore import QLocale, QSignalBlocker, Qt, Signal
from qtpy.QtWidgets import QAbstractSpinBox, QDoubleSpinBox, QHBoxLayout, QSizePolicy, QSlider, QWidget

from predictor_inspector.core.parameters import Parameter
from predictor_inspector.plugin.forms.small_widgets import guard_wheel

DECIMALS = 6  # what the spin box shows at most; values set from outside are kept as they are
SMALLEST = 1e-300  # keeps logarithms finite
LARGEST = 1e12  # what can be typed where a parameter has no bound of its own
SLIDER_STEPS = 400
SPIN_WIDTH = 96  # pixels; room for "1000 voxels"
ARROWS_WIDTH = 40  # pixels; of a spin box's two buttons under napari's style sheet
SLIDER_SPAN = 30.0  # a logarithmic slider reaches from 1/30 to 30 times its starting value


class _SpinBox(QDoubleSpinBox):
    """Shows ``5.24`` rather than ``5,240000``, and speaks up only when a number is complete."""

    def __init__(self) -> None:
        super().__init__()
        locale = QLocale.c()
        locale.setNumberOptions(QLocale.NumberOption.OmitGroupSeparator)
        self.setLocale(locale)
        self.setKeyboardTracking(False)
        self.setAlignment(Qt.AlignmentFlag.AlignRight)
        guard_wheel(self)

    def textFromValue(self, value: float) -> str:
        text = f"{value:.{self.decimals()}f}"
        return text.rstrip("0").rstrip(".") if "." in text else text


class NumberEdit(QWidget):
    """A whole or floating-point number with its bounds and unit.

    Parameters
    ----------
    parameter : Parameter
        A whole number if its annotation is ``int``. Lengths and counts of voxels get a logarithmic slider, numbers with
        both bounds a linear one.
    """

    edited = Signal()

    def __init__(self, parameter: Parameter, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._parameter = parameter
        self._whole = parameter.annotation is int
        self._value: float = 0
        self._spin = _SpinBox()
        self._spin.setDecimals(0 if self._whole else DECIMALS)
        smallest = 10.0 ** -self._spin.decimals()
        inset = smallest if parameter.exclusive else 0.0
        self._spin.setRange(
            -LARGEST if parameter.minimum is None else parameter.minimum + inset,
            LARGEST if parameter.maximum is None else parameter.maximum - inset,
        )
        self._bounded = not self._whole and parameter.minimum is not None and parameter.maximum is not None
        if self._bounded:
            self._spin.setSingleStep((parameter.maximum - parameter.minimum) / 100)  # type: ignore[operator]
        elif not self._whole:
            self._spin.setStepType(QAbstractSpinBox.StepType.AdaptiveDecimalStepType)
        self._logarithmic = not self._bounded and self._spin.minimum() > 0 and parameter.unit in ("length", "voxels")
        self._range = (1.0, 2.0)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        self._slider = self._make_slider() if self._bounded or self._logarithmic else None
        if self._slider is not None:
            self._slider.valueChanged.connect(self._on_slider)
            layout.addWidget(self._slider, 1)
            # The slider does what the arrows would, and the number gets their room.
            self._spin.setButtonSymbols(QAbstractSpinBox.ButtonSymbols.NoButtons)
        else:
            layout.addStretch(1)
        self._spin.setFixedWidth(SPIN_WIDTH + (ARROWS_WIDTH if self._slider is None else 0))
        layout.addWidget(self._spin)
        self.setFocusProxy(self._spin)
        self._spin.valueChanged.connect(self._on_spin)
        self.set_unit("")

    def _make_slider(self) -> QSlider:
        slider = QSlider(Qt.Orientation.Horizontal)
        slider.setRange(0, 100 if self._bounded else SLIDER_STEPS)
        slider.setMinimumWidth(50)
        slider.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        guard_wheel(slider)
        if self._bounded:
            low, high = self._parameter.minimum, self._parameter.maximum
            self._range = (float(low or 0), float(high or 0))
            if self._parameter.exclusive:
                slider.setRange(1, 99)
        return slider

    def value(self) -> Any:
        """The number: exactly what was set, until it is edited."""
        return self._value

    def set_value(self, value: Any) -> None:
        """Show `value` without a signal.

        Raises
        ------
        ValueError
            If it is not a finite number, or out of bounds.
        """
        name = self._parameter.name
        if isinstance(value, bool) or not isinstance(value, Real) or not isfinite(float(value)):
            raise ValueError(f"{name} must be a finite number, got {value!r}")
        if self._whole and float(value) % 1:
            raise ValueError(f"{name} must be a whole number, got {value}")
        self._parameter.check("the form", value)
        self._value = int(float(value)) if self._whole else float(value)
        self._show()

    def set_start(self, value: Any) -> None:
        """Centre the slider's range on `value`."""
        if self._logarithmic:
            low, high = max(value / SLIDER_SPAN, 1.0 if self._whole else SMALLEST), value * SLIDER_SPAN
            self._range = (min(low, value), max(min(high, self._spin.maximum()), value))
            self._show()

    def set_unit(self, unit: str) -> None:
        """Name the data's unit of length; shown after a length."""
        shown = {"length": unit, "voxels": "voxels"}.get(self._parameter.unit, "")
        self._spin.setSuffix(f" {shown}" if shown else "")

    def set_dims(self, dims: int) -> None:
        """Nothing about a number depends on the data's number of axes."""

    def _show(self) -> None:
        with QSignalBlocker(self._spin):
            self._spin.setValue(self._value)
        if self._slider is not None and not self._slider.isSliderDown():
            with QSignalBlocker(self._slider):
                self._slider.setValue(self._position(self._value))

    def _position(self, value: float) -> int:
        low, high = self._range
        if self._logarithmic:
            low, high = self._range = (min(low, value), max(high, value))
            return round(SLIDER_STEPS * (log(value) - log(low)) / (log(high) - log(low)))
        return round(100 * (value - low) / (high - low))

    def _at(self, position: int) -> float:
        low, high = self._range
        if not self._logarithmic:
            return float(round(low + (high - low) * position / 100, DECIMALS))
        value = exp(log(low) + (log(high) - log(low)) * position / SLIDER_STEPS)
        digits = 2 - floor(log10(value))  # three significant ones
        return min(max(round(value, digits), self._spin.minimum()), self._spin.maximum())

    def _on_slider(self, position: int) -> None:
        self._take(self._at(position))

    def _on_spin(self, value: float) -> None:
        self._take(value)

    def _take(self, value: float) -> None:
        value = round(value) if self._whole else float(value)
        if value != self._value:
            self._value = value
            self._show()
            self.edited.emit()
