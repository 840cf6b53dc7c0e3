"""`ExplainTab`: the arithmetic behind a voxel's target and weight, in words and with a curve."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QApplication, QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from predictor_inspector.core.text import amount
from predictor_inspector.inspection import Inspection
from predictor_inspector.inspection.explanation import Explanation
from predictor_inspector.plugin.forms.small_widgets import scrolling, wrapping
from predictor_inspector.plugin.tabs import Tab, TabContext
from predictor_inspector.plugin.tabs.explain.curve_plot import CurvePlot
from predictor_inspector.plugin.tabs.explain.explainer import KEY, Explainer

_SIZES = {False: (13, 15), True: (18, 22)}
"""Of the steps and of the sentence, in pixels: beside the data, and for a projector."""

_OFF = "Switch on, then click a voxel of the target to see where its value and its weight come from."
_ON = f"Click a voxel, or hold {KEY} and move the mouse over the picture."


class ExplainTab(Tab):
    """A switch, the sentence, the arithmetic and the curve."""

    title = "Explain"
    tool_tip = "Click on a voxel and see where its value comes from"
    order = 20

    def __init__(self, context: TabContext, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self.explainer = Explainer(context.layers)
        self._opened = False
        self._switch = _toggle("Explain", "Click a voxel on the canvas to see where its value and weight come from")
        self._pin = _toggle("Pin", "Keep this voxel, whatever is clicked or pointed at")
        self._large = _toggle("Large", "Larger letters, for a projector")
        self._clear = _button("Clear", "Take the explanation off the canvas", self.explainer.clear)
        self._copy = _button("Copy", "Put the explanation on the clipboard as text", self._to_clipboard)
        self._hint, self._title, self._sentence = _text(), _text(), _text()
        self._target, self._weight = _text(), _text()
        self._target_title, self._weight_title = _text(), _text()
        self._curve = CurvePlot()
        self._lay_out()
        self._switch.toggled.connect(self._on_switch)
        self._pin.toggled.connect(self._on_pin)
        self._large.toggled.connect(lambda _large: self._set_sizes())
        self.explainer.explained.connect(self._show)
        self._set_sizes()
        self._show(None)

    @property
    def busy(self) -> bool:
        """Whether an explanation is under way."""
        return self.explainer.busy

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
        """All that the tab says at the moment."""
        labels = (self._hint, self._title, self._sentence, self._target, self._weight)
        return "\n".join(label.text() for label in labels if not label.isHidden())

    def on_shown(self, inspection: Inspection) -> None:
        """Explain the same voxel of this inspection."""
        self.explainer.show_inspection(inspection)

    def on_outdated(self) -> None:
        """Take the explanation away until there is a target again."""
        self.explainer.show_inspection(None)

    def on_cleared(self) -> None:
        """There is nothing to explain any more."""
        self.explainer.show_inspection(None)
        self.explainer.clear()

    def on_view_changed(self) -> None:
        """Explain the channel shown, in the slice shown."""
        self.explainer.follow_view()

    def on_opened(self) -> None:
        """Switch on the first time: who comes to have something explained needn't."""
        if not self._opened:
            self._opened = self.on = True

    def shut_down(self) -> None:
        """Stop for good."""
        self.explainer.close()

    def _show(self, explanation: Explanation | None, why_not: str = "") -> None:
        """Say an explanation, or what to do to get one."""
        there = explanation is not None
        self._said.setVisible(there)
        self._hint.setVisible(not there)
        self._hint.setText(why_not or (_ON if self.on else _OFF))
        for button in (self._pin, self._clear, self._copy):
            button.setEnabled(there)
        self.pin = self.explainer.pinned
        if explanation is None:
            return
        self._title.setText(explanation.title)
        self._sentence.setText(explanation.sentence)
        self._target_title.setText(f"Target {amount(explanation.value)}")
        self._weight_title.setText(f"Weight {amount(explanation.weight)}")
        self._target.setText(_numbered(explanation.target_steps))
        self._weight.setText(_numbered(explanation.weight_steps))
        self._curve.show_curve(explanation.curve)

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(2)
        for button in (self._switch, self._pin, self._large, self._copy, self._clear):
            row.addWidget(button)
        self._said = QWidget()
        said = QVBoxLayout(self._said)
        for widget in (
            self._title,
            self._sentence,
            _rule(),
            self._target_title,
            self._target,
            self._curve,
            _rule(),
            self._weight_title,
            self._weight,
        ):
            said.addWidget(widget)
        content = QWidget()
        column = QVBoxLayout(content)
        column.addWidget(self._hint)
        column.addWidget(self._said)
        column.addStretch(1)
        layout = QVBoxLayout(self)
        for box in (said, column, layout):
            box.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(row)
        layout.addWidget(scrolling(content), 1)

    def _set_sizes(self) -> None:
        small, large = _SIZES[self.large]
        for label in (self._hint, self._title, self._target, self._weight):
            label.setStyleSheet(f"font-size: {small}px;")
        for label in (self._sentence, self._target_title, self._weight_title):
            label.setStyleSheet(f"font-size: {large}px; font-weight: bold;")
        self._curve.text_pixels = small

    def _on_switch(self, on: bool) -> None:
        self.explainer.on = on
        if self.explainer.explanation is None:
            self._show(None)

    def _on_pin(self, pinned: bool) -> None:
        self.explainer.pinned = pinned

    def _to_clipboard(self) -> None:
        if self.explainer.explanation is not None:
            QApplication.clipboard().setText(self.explainer.explanation.as_text())


def _numbered(steps: Sequence[str]) -> str:
    return "\n".join(f"{number}. {step}" for number, step in enumerate(steps, 1))


def _toggle(text: str, tooltip: str) -> QPushButton:
    button = QPushButton(text)
    button.setCheckable(True)
    button.setToolTip(tooltip)
    return button


def _button(text: str, tooltip: str, clicked: Callable[[], object]) -> QPushButton:
    button = QPushButton(text)
    button.setToolTip(tooltip)
    button.clicked.connect(lambda _checked=False: clicked())
    return button


def _text() -> QLabel:
    label = wrapping("")
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label


def _rule() -> QFrame:
    line = QFrame()
    line.setFrameShape(QFrame.Shape.HLine)
    return line
