"""Collapsible section of a form, with a title."""

from __future__ import annotations

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QSizePolicy, QToolButton, QVBoxLayout, QWidget


class Collapsible(QWidget):
    """A title with an arrow, and beneath it `content`, which shows or hides at once.

    superqt's `QCollapsible` fixes its content's height when it opens and paints its arrow in the palette's colour of
    that moment; this one follows content that grows (a table gets a row) and a theme that changes.
    """

    toggled = Signal(bool)

    def __init__(self, title: str, content: QWidget, expanded: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._button = QToolButton()
        self._button.setText(title)
        self._button.setCheckable(True)
        self._button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        # A tool button's checked state would fill the whole line with the theme's accent colour.
        self._button.setStyleSheet("QToolButton, QToolButton:checked { border: none; background: transparent; }")
        self._content = content
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self._button)
        layout.addWidget(content)
        self._button.toggled.connect(self._show)
        self._button.setChecked(expanded)
        self._show(expanded)

    @property
    def expanded(self) -> bool:
        """Whether the content shows."""
        return self._button.isChecked()

    @expanded.setter
    def expanded(self, expanded: bool) -> None:
        self._button.setChecked(expanded)

    @property
    def title(self) -> str:
        """The title's text."""
        return str(self._button.text())

    @title.setter
    def title(self, title: str) -> None:
        self._button.setText(title)

    def _show(self, expanded: bool) -> None:
        self._button.setArrowType(Qt.ArrowType.DownArrow if expanded else Qt.ArrowType.RightArrow)
        self._content.setVisible(expanded)
        self.toggled.emit(expanded)
