"""Small widgets that several forms share: an error line, a wheel guard, a flat button."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.QtCore import QEvent, QObject, Qt
from qtpy.QtWidgets import QLabel, QSizePolicy, QToolButton, QWidget

ERROR_COLOUR = "#e0443e"  # the same contrast, 3.5:1, on napari's dark and light background

# Qt draws a menu button's arrow across its text under napari's style sheet; buttons write a "▾" themselves.
NO_MENU_ARROW = "::menu-indicator { image: none; width: 0; }"


class ErrorLabel(QLabel):
    """A sentence in red that takes no room while there is none."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWordWrap(True)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setStyleSheet(f"color: {ERROR_COLOUR};")
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        self.hide()

    def show_message(self, message: str) -> None:
        """Show `message`; an empty one hides the label."""
        self.setText(message)
        self.setVisible(bool(message))


class _WheelGuard(QObject):
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Wheel and isinstance(watched, QWidget) and not watched.hasFocus():
            event.ignore()
            return True
        return False


def guard_wheel(widget: QWidget) -> None:
    """Let `widget` take the mouse wheel only when it was clicked first, so that scrolling a dock changes no values."""
    widget.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    widget.installEventFilter(_WheelGuard(widget))


def flat_button(text: str, tooltip: str, clicked: Callable[[], object] | None = None) -> QToolButton:
    """A tool button of one short text without a frame."""
    button = QToolButton()
    button.setText(text)
    button.setToolTip(tooltip)
    button.setAccessibleName(tooltip)
    button.setAutoRaise(True)
    if clicked is not None:
        button.clicked.connect(lambda _checked=False: clicked())
    return button
