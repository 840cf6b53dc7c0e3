"""List of suggested parameter values, each with a button that applies it."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from predictor_inspector.core.text import format_value
from predictor_inspector.inspection.findings.suggestions import Suggestion
from predictor_inspector.plugin.forms.form import readable
from predictor_inspector.plugin.forms.small_widgets import refill, wrapping
from predictor_inspector.plugin.model.history import History
from predictor_inspector.plugin.model.settings import Settings


class SuggestionList(QWidget):
    """Suggestions with their reasons; the last one applied can be undone."""

    def __init__(self, settings: Settings, history: History) -> None:
        super().__init__()
        self._settings, self._history = settings, history
        self._title = QLabel("Suggestions")
        self._rows = QVBoxLayout()
        self._undo = QPushButton()
        self._undo.setObjectName("undo suggestion")
        self._undo.clicked.connect(lambda _checked=False: self._on_undo())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 6, 0, 0)
        layout.addWidget(self._title)
        layout.addLayout(self._rows)
        layout.addWidget(self._undo, 0, Qt.AlignmentFlag.AlignLeft)
        self._undo.hide()

    def show_suggestions(self, suggestions: Sequence[Suggestion]) -> None:
        """List these."""
        refill(self._rows, [self._row(suggestion) for suggestion in suggestions])
        self._title.setVisible(bool(suggestions))

    def _row(self, suggestion: Suggestion) -> QWidget:
        row = QWidget()
        row.setObjectName("suggestion")
        layout = QHBoxLayout(row)
        layout.setContentsMargins(4, 2, 4, 2)
        texts = QVBoxLayout()
        texts.setSpacing(2)
        value = wrapping(f"{readable(suggestion.parameter)}: {format_value(suggestion.value)}")
        value.setStyleSheet("font-weight: bold;")
        texts.addWidget(value)
        texts.addWidget(wrapping(suggestion.reason))
        layout.addLayout(texts, 1)
        button = QPushButton("Apply")
        button.setToolTip(f"Set {suggestion.parameter} to {suggestion.value}")
        button.clicked.connect(lambda _checked=False: self._on_apply(suggestion))
        layout.addWidget(button, 0, Qt.AlignmentFlag.AlignTop)
        return row

    def _on_apply(self, suggestion: Suggestion) -> None:
        self._undo.setText(f"Undo the change of {suggestion.parameter}")
        self._undo.show()
        with self._settings.together():
            self._settings.config = {**self._settings.config, suggestion.parameter: suggestion.value}

    def _on_undo(self) -> None:
        self._undo.hide()
        self._history.undo()
