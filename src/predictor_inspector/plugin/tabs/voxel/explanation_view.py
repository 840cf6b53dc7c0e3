"""View of explanations: a foldable section per channel with sentence, arithmetic and curve."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QFrame, QLabel, QWidget

from predictor_inspector.core.text import amount
from predictor_inspector.inspection.explanation import Explanation
from predictor_inspector.plugin.forms.collapsible import FoldButton
from predictor_inspector.plugin.forms.layouts import in_column, in_row, refill
from predictor_inspector.plugin.forms.small_widgets import WrappedLabel
from predictor_inspector.plugin.tabs.voxel.curve_plot import CurvePlot

_SIZES = {False: (13, 15), True: (18, 22)}  # pixels of steps and of the sentence: beside the data, for a projector


class ExplanationView(QWidget):
    """One explanation, or a section for each of several of which the first is unfolded; or a hint."""

    unfolded = Signal(int)  # the place of an explanation whose section was opened

    def __init__(self) -> None:
        super().__init__()
        self._large = False
        self._hint, self._names = _text(), tuple[str, ...]()
        self._sections: list[_Section] = []
        self._column = in_column(spacing=6)
        self.setLayout(in_column(self._hint, self._column, None))
        self.set_large(False)

    @property
    def text(self) -> str:
        """What is shown, without headings."""
        if self._hint.isVisibleTo(self):
            return str(self._hint.text())
        return "\n".join(section.text for section in self._sections)

    def set_large(self, large: bool) -> None:
        """Write in large letters, for a projector."""
        self._large = large
        self._hint.setStyleSheet(f"font-size: {_SIZES[large][0]}px;")
        for section in self._sections:
            section.set_large(large)

    def show_hint(self, hint: str) -> None:
        """Show a sentence in place of explanations."""
        refill(self._column, self._sections[:0])
        self._sections, self._names = [], ()
        self._hint.setText(hint)
        self._hint.show()

    def show_explanations(
        self, explanations: Sequence[Explanation], names: Sequence[str], colours: Sequence[str]
    ) -> None:
        """Show explanations of channels with these names and colours; what is unfolded stays so for the same channels."""
        self._hint.hide()
        if self._names != tuple(names):
            self._names = tuple(names)
            self._sections = [_Section() for _ in names]
            refill(self._column, self._sections)
            for place, section in enumerate(self._sections):
                section.set_large(self._large)
                section.fold.setChecked(place == 0)
                section.fold.toggled.connect(lambda on, n=place: self.unfolded.emit(n) if on else None)
        for section, explanation, name, colour in zip(self._sections, explanations, names, colours, strict=True):
            section.show_explanation(explanation, name, colour)
            section.set_alone(len(names) == 1)

    def unfold(self, place: int) -> None:
        """Open the section of an explanation, and fold the others."""
        for n, section in enumerate(self._sections):
            section.fold.setChecked(n == place)


class _Section(QWidget):
    """A fold button with the channel's colour and numbers; beneath it sentence, arithmetic and curve."""

    def __init__(self) -> None:
        super().__init__()
        self.fold, self._colour, self._body = FoldButton(""), QLabel("■"), QWidget()
        self._head = QWidget(objectName="explained channel")
        self._head.setLayout(in_row(self._colour, (self.fold, 1)))
        self._title, self._target, self._weight = _text(), _text(), _text()
        self._sentence, self._target_title, self._weight_title = _text(), _text(), _text()
        self._curve = CurvePlot()
        target = self._target_title, self._target, self._curve
        weight = self._weight_title, self._weight
        self._lost, self._lost_title, self._lost_steps = QWidget(), _text(), _text()
        self._lost.setLayout(in_column(_rule(), self._lost_title, self._lost_steps, spacing=6))
        parts = self._title, self._sentence, _rule(), *target, _rule(), *weight, self._lost
        self._body.setLayout(in_column(*parts, spacing=6))
        self.setLayout(in_column(self._head, self._body))
        self._body.hide()
        self.fold.toggled.connect(self._body.setVisible)

    @property
    def text(self) -> str:
        """What is said, without headings."""
        labels = (self._title, self._sentence, self._target, self._weight, self._lost_title, self._lost_steps)
        return "\n".join(label.text() for label in labels if label.text())

    def set_alone(self, alone: bool) -> None:
        """One that is alone needs no button, and isn't folded; of several the table says which voxel it is."""
        self._head.setVisible(not alone)
        self._title.setVisible(alone)
        if alone:
            self.fold.setChecked(True)

    def set_large(self, large: bool) -> None:
        small, larger = _SIZES[large]
        for label in (self._title, self._target, self._weight, self._lost_steps):
            label.setStyleSheet(f"font-size: {small}px;")
        for label in (self._sentence, self._target_title, self._weight_title, self._lost_title):
            label.setStyleSheet(f"font-size: {larger}px; font-weight: bold;")
        self._curve.text_pixels = small

    def show_explanation(self, explanation: Explanation, name: str, colour: str) -> None:
        self._colour.setStyleSheet(f"color: {colour};")
        self.fold.setText(f"{name}: target {amount(explanation.value)}, weight {amount(explanation.weight)}")
        self._title.setText(explanation.title)
        self._sentence.setText(explanation.why_value.sentence)
        self._target_title.setText(f"Target {amount(explanation.value)}")
        self._target.setText(_numbered(explanation.why_value.steps))
        self._weight_title.setText(f"Weight {amount(explanation.weight)}")
        self._weight.setText(_numbered(explanation.why_weight.steps))
        self._lost.setVisible(explanation.why_loss is not None)
        self._lost_title.setText(explanation.loss_title)
        self._lost_steps.setText("" if explanation.why_loss is None else _numbered(explanation.why_loss.steps))
        self._curve.show_curve(explanation.why_value.curve)


def _numbered(steps: Sequence[str]) -> str:
    return "\n".join(f"{number}. {step}" for number, step in enumerate(steps, 1))


def _text() -> QLabel:
    label = WrappedLabel()
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label


def _rule() -> QFrame:
    return QFrame(frameShape=QFrame.Shape.HLine)
