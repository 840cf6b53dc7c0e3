"""`ExplainPanel`: what an explanation says, in letters that are read from the last row."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QApplication, QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from predictor_inspector.core.text import amount
from predictor_inspector.inspection.explanation import Explanation
from predictor_inspector.plugin.forms.small_widgets import scrolling, wrapping
from predictor_inspector.plugin.tabs.explain.curve_view import CurveView
from predictor_inspector.plugin.tabs.explain.pointer import KEY

_SIZES = {False: (13, 15), True: (18, 22)}
"""Of the steps and of the sentence, in pixels: beside the data, and for a projector."""

_OFF = "Switch on, then click a voxel of the target to see where its value and its weight come from."
_ON = f"Click a voxel, or hold {KEY} and move the mouse over the picture."


class ExplainPanel(QWidget):
    """A switch, the sentence, the arithmetic and the curve.

    `toggled` is emitted when explaining is switched on or off, `pinned` when the explanation is to stay, `clear_asked`
    when it is to go.
    """

    toggled = Signal(bool)
    pinned = Signal(bool)
    clear_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._explanation: Explanation | None = None
        self._switch = _button("Explain", "Click a voxel on the canvas to see where its value and weight come from")
        self._pin = _button("Pin", "Keep this voxel, whatever is clicked or pointed at")
        self._large = _button("Large", "Larger letters, for a projector")
        self._clear = _button("Clear", "Take the explanation off the canvas", checkable=False)
        self._copy = _button("Copy", "Put the explanation on the clipboard as text", checkable=False)
        self._hint, self._title, self._sentence = _text(), _text(), _text()
        self._target, self._weight = _text(), _text()
        self._target_title, self._weight_title = _text(), _text()
        self._curve = CurveView()
        self._rules = [_rule(), _rule()]
        self._lay_out()
        self._switch.toggled.connect(self._on_switch)
        self._pin.toggled.connect(self.pinned)
        self._large.toggled.connect(lambda _large: self._set_sizes())
        self._clear.clicked.connect(lambda _checked=False: self.clear_asked.emit())
        self._copy.clicked.connect(lambda _checked=False: self._to_clipboard())
        self._set_sizes()
        self.show_explanation(None)

    @property
    def on(self) -> bool:
        """Whether a click explains."""
        return bool(self._switch.isChecked())

    @on.setter
    def on(self, on: bool) -> None:
        self._switch.setChecked(on)

    @property
    def pin(self) -> bool:
        """Whether the explanation stays."""
        return bool(self._pin.isChecked())

    @pin.setter
    def pin(self, pin: bool) -> None:
        self._pin.setChecked(pin)

    @property
    def large(self) -> bool:
        """Whether letters are large."""
        return bool(self._large.isChecked())

    @large.setter
    def large(self, large: bool) -> None:
        self._large.setChecked(large)

    @property
    def text(self) -> str:
        """All that the panel says at the moment."""
        labels = (self._hint, self._title, self._sentence, self._target, self._weight)
        return "\n".join(label.text() for label in labels if not label.isHidden())

    def show_explanation(self, explanation: Explanation | None, hint: str = "") -> None:
        """Say an explanation, or what to do to get one."""
        self._explanation = explanation
        there = explanation is not None
        for widget in (
            self._title,
            self._sentence,
            self._target,
            self._weight,
            self._target_title,
            self._weight_title,
            *self._rules,
        ):
            widget.setVisible(there)
        self._hint.setVisible(not there)
        self._hint.setText(hint or (_ON if self.on else _OFF))
        for button in (self._pin, self._clear, self._copy):
            button.setEnabled(there)
        self._curve.show_curve(None if explanation is None else explanation.curve)
        if explanation is None:
            return
        self._title.setText(explanation.title)
        self._sentence.setText(explanation.sentence)
        self._target_title.setText(f"Target {amount(explanation.value)}")
        self._weight_title.setText(f"Weight {amount(explanation.weight)}")
        self._target.setText(_numbered(explanation.target_steps))
        self._weight.setText(_numbered(explanation.weight_steps))

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(2)
        for button in (self._switch, self._pin, self._large, self._copy, self._clear):
            row.addWidget(button)
        said = QWidget()
        column = QVBoxLayout(said)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        for widget in (
            self._hint,
            self._title,
            self._sentence,
            self._rules[0],
            self._target_title,
            self._target,
            self._curve,
            self._rules[1],
            self._weight_title,
            self._weight,
        ):
            column.addWidget(widget)
        column.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(row)
        layout.addWidget(scrolling(said), 1)

    def _set_sizes(self) -> None:
        small, large = _SIZES[self.large]
        for label in (self._hint, self._title, self._target, self._weight):
            label.setStyleSheet(f"font-size: {small}px;")
        for label in (self._sentence, self._target_title, self._weight_title):
            label.setStyleSheet(f"font-size: {large}px; font-weight: bold;")
        self._curve.set_text_pixels(small)

    def _on_switch(self, on: bool) -> None:
        if self._explanation is None:
            self.show_explanation(None)
        self.toggled.emit(on)

    def _to_clipboard(self) -> None:
        if self._explanation is not None:
            QApplication.clipboard().setText(self._explanation.as_text())


def _numbered(steps: Sequence[str]) -> str:
    return "\n".join(f"{number}. {step}" for number, step in enumerate(steps, 1))


def _button(text: str, tooltip: str, checkable: bool = True) -> QPushButton:
    button = QPushButton(text)
    button.setCheckable(checkable)
    button.setToolTip(tooltip)
    return button


def _text() -> QLabel:
    label = wrapping("")
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label


def _rule() -> QFrame:
    line = QFrame()
    line.setFrameShape(QFrame.Shape.HLine)
    return line
