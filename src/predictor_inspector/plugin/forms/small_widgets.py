"""Small widgets shared by several tabs: error line, wrapping label, wheel guard, flat button."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.QtCore import QEvent, QObject, Qt
from qtpy.QtWidgets import QFrame, QLabel, QScrollArea, QSizePolicy, QToolButton, QWidget

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


def scrolling(content: QWidget) -> QScrollArea:
    """`content` at full width, with a scroll bar at its side where it is too high."""
    area = QScrollArea()
    area.setWidget(content)
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    return area


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


def wrapping(text: str) -> QLabel:
    """A label of plain text that takes as many lines as it needs."""
    label = QLabel(text)
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
    return label
