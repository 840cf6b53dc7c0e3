"""View of an explanation: sentences, arithmetic and curve."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QFrame, QLabel, QWidget

from predictor_inspector.core.text import amount
from predictor_inspector.inspection.explanation import Explanation
from predictor_inspector.plugin.forms.layouts import in_column
from predictor_inspector.plugin.forms.small_widgets import wrapping
from predictor_inspector.plugin.tabs.voxel.curve_plot import CurvePlot

_SIZES = {False: (13, 15), True: (18, 22)}  # pixels of steps and of the sentence: beside the data, for a projector


class ExplanationView(QWidget):
    """The sentence, the arithmetic of target and weight, and the curve; or a hint."""

    def __init__(self) -> None:
        super().__init__()
        self._hint, self._title, self._target, self._weight = _text(), _text(), _text(), _text()
        self._sentence, self._target_title, self._weight_title = _text(), _text(), _text()
        self._curve, self._parts = CurvePlot(), QWidget()
        target = self._target_title, self._target, self._curve
        weight = self._weight_title, self._weight
        self._parts.setLayout(in_column(self._title, self._sentence, _rule(), *target, _rule(), *weight, spacing=6))
        self.setLayout(in_column(self._hint, self._parts, None))
        self.set_large(False)

    @property
    def text(self) -> str:
        """What is shown, without headings."""
        labels = (self._hint, self._title, self._sentence, self._target, self._weight)
        return "\n".join(label.text() for label in labels if label.isVisibleTo(self))

    def set_large(self, large: bool) -> None:
        """Write in large letters, for a projector."""
        small, larger = _SIZES[large]
        for label in (self._hint, self._title, self._target, self._weight):
            label.setStyleSheet(f"font-size: {small}px;")
        for label in (self._sentence, self._target_title, self._weight_title):
            label.setStyleSheet(f"font-size: {larger}px; font-weight: bold;")
        self._curve.text_pixels = small

    def show_hint(self, hint: str) -> None:
        """Show a sentence in place of an explanation."""
        self._parts.hide()
        self._hint.setText(hint)
        self._hint.show()

    def show_explanation(self, explanation: Explanation) -> None:
        """Show an explanation in place of a hint."""
        self._hint.hide()
        self._title.setText(explanation.title)
        self._sentence.setText(explanation.why_value.sentence)
        self._target_title.setText(f"Target {amount(explanation.value)}")
        self._target.setText(_numbered(explanation.why_value.steps))
        self._weight_title.setText(f"Weight {amount(explanation.weight)}")
        self._weight.setText(_numbered(explanation.why_weight.steps))
        self._curve.show_curve(explanation.why_value.curve)
        self._parts.show()


def _numbered(steps: Sequence[str]) -> str:
    return "\n".join(f"{number}. {step}" for number, step in enumerate(steps, 1))


def _text() -> QLabel:
    label = wrapping("")
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label


def _rule() -> QFrame:
    return QFrame(frameShape=QFrame.Shape.HLine)
