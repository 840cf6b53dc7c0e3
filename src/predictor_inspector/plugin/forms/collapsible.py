"""Collapsible section of a form, and the button that folds it."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QSizePolicy, QToolButton, QWidget

from predictor_inspector.plugin.forms.layouts import in_column


class FoldButton(QToolButton):
    """A title with an arrow; `toggled` says whether what is beneath it shows."""

    def __init__(self, title: str) -> None:
        super().__init__(text=title, checkable=True, toolButtonStyle=Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        # A tool button's checked state would fill the whole line with the theme's accent colour.
        self.setStyleSheet("QToolButton, QToolButton:checked { border: none; background: transparent; }")
        self.toggled.connect(self._turn_arrow)
        self._turn_arrow(False)

    def _turn_arrow(self, expanded: bool) -> None:
        self.setArrowType(Qt.ArrowType.DownArrow if expanded else Qt.ArrowType.RightArrow)


class Collapsible(QWidget):
    """A widget beneath a fold button with the widget's window title.

    superqt's `QCollapsible` fixes its content's height when it opens and paints its arrow in the palette's colour of
    that moment; this one follows content that grows (a table gets a row) and a theme that changes.
    """

    def __init__(self, content: QWidget, expanded: bool = True) -> None:
        super().__init__()
        self.button = FoldButton(content.windowTitle())
        self.setLayout(in_column(self.button, content, spacing=2))
        self.button.toggled.connect(content.setVisible)
        content.setVisible(expanded)
        self.button.setChecked(expanded)
        content.windowTitleChanged.connect(self.button.setText)
