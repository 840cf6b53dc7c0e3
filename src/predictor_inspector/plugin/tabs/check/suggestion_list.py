"""List of suggested parameter values, each with a button that applies it."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QLabel, QPushButton, QWidget

from predictor_inspector.core.text import format_value, readable
from predictor_inspector.inspection.findings import Cure
from predictor_inspector.inspection.findings.suggestions import Suggestion
from predictor_inspector.plugin.forms.layouts import in_column, in_row, refill
from predictor_inspector.plugin.forms.small_widgets import WrappedLabel


class SuggestionList(QWidget):
    """Suggestions with their reasons."""

    cure_clicked = Signal(object)  # the `Cure` that applies a suggestion

    def __init__(self) -> None:
        super().__init__()
        self._title, self._rows = QLabel("Suggestions"), in_column()
        self.setLayout(in_column(self._title, self._rows))
        self.setContentsMargins(0, 6, 0, 0)

    def show_suggestions(self, suggestions: Sequence[Suggestion]) -> None:
        """List these."""
        refill(self._rows, [self._row(suggestion) for suggestion in suggestions])
        self._title.setVisible(bool(suggestions))

    def _row(self, suggestion: Suggestion) -> QWidget:
        value = WrappedLabel(f"{readable(suggestion.parameter)}: {format_value(suggestion.value)}")
        value.setStyleSheet("font-weight: bold;")
        cure = Cure(f"Set {readable(suggestion.parameter)}", {suggestion.parameter: suggestion.value})
        button = QPushButton(cure.title, toolTip="Undo takes it back")
        button.clicked.connect(lambda: self.cure_clicked.emit(cure))
        made = QWidget(objectName="suggestion")
        made.setLayout(in_column(value, WrappedLabel(suggestion.reason), in_row(button, None), spacing=2))
        made.setContentsMargins(4, 2, 4, 2)
        return made
