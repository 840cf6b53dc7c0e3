"""List of suggested parameter values, each with a button that applies it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qtpy.QtWidgets import QLabel, QPushButton, QWidget

from predictor_inspector.core.text import format_value, readable
from predictor_inspector.inspection.findings.suggestions import Suggestion
from predictor_inspector.plugin.forms.layouts import in_column, in_row, refill
from predictor_inspector.plugin.forms.small_widgets import wrapping
from predictor_inspector.plugin.model.settings import Settings


class SuggestionList(QWidget):
    """Suggestions with their reasons; the last one applied can be undone."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self._settings = settings
        self._before: dict[str, Any] = {}  # kind and parameter before the last one applied
        self._title = QLabel("Suggestions")
        self._rows = in_column()
        self._undo = QPushButton(objectName="undo suggestion")
        self._undo.clicked.connect(self._on_undo)
        self.setLayout(in_column(self._title, self._rows, in_row(self._undo, None)))
        self.setContentsMargins(0, 6, 0, 0)
        self._undo.hide()

    def show_suggestions(self, suggestions: Sequence[Suggestion]) -> None:
        """List these."""
        refill(self._rows, [self._row(suggestion) for suggestion in suggestions])
        self._title.setVisible(bool(suggestions))

    def _row(self, suggestion: Suggestion) -> QWidget:
        value = wrapping(f"{readable(suggestion.parameter)}: {format_value(suggestion.value)}")
        value.setStyleSheet("font-weight: bold;")
        button = QPushButton("Apply", toolTip=f"Set {suggestion.parameter} to {suggestion.value}")
        button.clicked.connect(lambda: self._on_apply(suggestion))
        made = QWidget(objectName="suggestion")
        made.setLayout(in_row((in_column(value, wrapping(suggestion.reason), spacing=2), 1), in_column(button, None)))
        made.setContentsMargins(4, 2, 4, 2)
        return made

    def _on_apply(self, suggestion: Suggestion) -> None:
        self._undo.setText(f"Undo the change of {suggestion.parameter}")
        self._undo.show()
        config = self._settings.config
        self._before = {name: config[name] for name in ("kind", suggestion.parameter)}
        self._settings.config = {**config, suggestion.parameter: suggestion.value}

    def _on_undo(self) -> None:
        self._undo.hide()
        config = self._settings.config
        if config["kind"] == self._before["kind"]:
            self._settings.config = {**config, **self._before}
