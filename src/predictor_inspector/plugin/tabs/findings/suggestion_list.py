"""`SuggestionList`: parameter values that would suit better, each with a button that applies it."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from predictor_inspector.core.text import format_value
from predictor_inspector.inspection.findings.suggestions import Suggestion
from predictor_inspector.plugin.forms.form import readable
from predictor_inspector.plugin.forms.small_widgets import wrapping


class SuggestionList(QWidget):
    """Suggestions, each with its reason and a button that applies it; the last one applied can be taken back."""

    taken = Signal(object)
    undone = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._title = QLabel("Suggestions")
        self._rows = QVBoxLayout()
        self._undo = QPushButton("Undo")
        self._undo.clicked.connect(lambda _c=False: self._on_undo())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 6, 0, 0)
        layout.addWidget(self._title)
        layout.addLayout(self._rows)
        layout.addWidget(self._undo, 0, Qt.AlignmentFlag.AlignLeft)
        self._shown: list[QWidget] = []
        self._undo.hide()
        self.hide()

    def show_suggestions(self, suggestions: Sequence[Suggestion]) -> None:
        """List them."""
        for row in self._shown:
            self._rows.removeWidget(row)
            row.hide()
            row.deleteLater()
        self._shown = [self._row(s) for s in suggestions]
        for row in self._shown:
            self._rows.addWidget(row)
        self._title.setVisible(bool(suggestions))
        self.setVisible(bool(suggestions) or not self._undo.isHidden())

    def _row(self, suggestion: Suggestion) -> QWidget:
        row = QWidget()
        layout = QHBoxLayout(row)
        layout.setContentsMargins(4, 2, 4, 2)
        texts = QVBoxLayout()
        texts.setSpacing(2)
        value = wrapping(f"{readable(suggestion.parameter)}: {format_value(suggestion.value)}")
        font = value.font()
        font.setBold(True)
        value.setFont(font)
        texts.addWidget(value)
        texts.addWidget(wrapping(suggestion.reason))
        layout.addLayout(texts, 1)
        button = QPushButton("Apply")
        button.setToolTip(f"Set {suggestion.parameter} to {suggestion.value}")
        button.clicked.connect(lambda _c=False: self._on_apply(suggestion))
        layout.addWidget(button, 0, Qt.AlignmentFlag.AlignTop)
        return row

    def _on_apply(self, suggestion: Suggestion) -> None:
        self._undo.setText(f"Undo the change of {suggestion.parameter}")
        self._undo.show()
        self.taken.emit(suggestion)

    def _on_undo(self) -> None:
        self._undo.hide()
        self.setVisible(bool(self._shown))
        self.undone.emit()
