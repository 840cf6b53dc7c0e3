"""Small widgets shared by several tabs: messages, labels, combo boxes, buttons, wheel guard."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from qtpy.QtCore import QEvent, QObject, QSignalBlocker, Qt, Signal
from qtpy.QtWidgets import (
    QComboBox,
    QFrame,
    QLabel,
    QProgressBar,
    QScrollArea,
    QSizePolicy,
    QToolButton,
    QWidget,
)

ERROR_COLOUR = "#e0443e"  # the same contrast, 3.5:1, on napari's dark and light background

# Qt draws a menu button's arrow across its text under napari's style sheet; buttons write a "▾" themselves.
NO_MENU_ARROW = "::menu-indicator { image: none; width: 0; }"


class WrappedLabel(QLabel):
    """Plain text on as many lines as it needs; Qt's nested layouts would give it as many as its last width needed."""

    def __init__(self, text: str = "") -> None:
        super().__init__(text, wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)

    def setText(self, text: str) -> None:
        """Show another text."""
        if text != self.text():
            super().setText(text)
            self._fit()

    def resizeEvent(self, event: Any) -> None:
        """Follow the width."""
        super().resizeEvent(event)
        self._fit()

    def changeEvent(self, event: Any) -> None:
        """Follow the size of letters."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._fit()

    def _fit(self) -> None:
        self.setMinimumHeight(0)  # a label never asks for less
        self.setMinimumHeight(max(0, self.heightForWidth(self.width())))  # -1 without a text


class MessageLabel(WrappedLabel):
    """A sentence that can be selected, and takes no room while it is empty."""

    def __init__(self, colour: str = "") -> None:
        super().__init__()
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        if colour:
            self.setStyleSheet(f"color: {colour};")
        self.hide()

    def show_message(self, message: str) -> None:
        """Show `message`; an empty one hides the label."""
        self.setText(message)
        self.setVisible(bool(message))


class ErrorLabel(MessageLabel):
    """A message in red."""

    def __init__(self) -> None:
        super().__init__(ERROR_COLOUR)


class ValueCombo(QComboBox):
    """A choice of values by their titles; long titles don't widen the dock.

    A value that is shown though it isn't offered gets the title that `titled` gives.
    """

    chosen = Signal(object)

    def __init__(
        self, items: Mapping[Any, str], tool_tip: str = "", characters: int = 6, titled: Callable[[Any], str] = str
    ) -> None:
        super().__init__(toolTip=tool_tip, minimumContentsLength=characters)
        self._titled = titled
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        guard_wheel(self)
        self._fill(items)
        self.currentIndexChanged.connect(lambda: self.chosen.emit(self.currentData()))

    def offer(self, items: Mapping[Any, str], value: Any) -> None:
        """Offer these values, by title, in place of the others, and show one."""
        with QSignalBlocker(self):
            self.clear()
            self._fill(items)
        self.set_value(value)

    def set_value(self, value: Any) -> None:
        """Show a value without a signal."""
        with QSignalBlocker(self):
            values = [self.itemData(i) for i in range(self.count())]
            if value not in values:
                self._fill({value: self._titled(value)})
            self.setCurrentIndex([*values, value].index(value))

    def _fill(self, items: Mapping[Any, str]) -> None:
        for value, title in items.items():
            self.addItem(title, value)


def scrolling(content: QWidget) -> QScrollArea:
    """`content` at full width, with a scroll bar at its side where it is too high."""
    area = QScrollArea(widgetResizable=True, frameShape=QFrame.Shape.NoFrame)
    area.setWidget(content)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    return area


def thin_bar() -> QProgressBar:
    """A progress bar without a text, as thin as a line."""
    bar = QProgressBar(textVisible=False)
    bar.setFixedHeight(6)
    return bar


def flat_button(text: str, tooltip: str, clicked: Callable[[], object]) -> QToolButton:
    """A tool button of one short text without a frame."""
    button = QToolButton(text=text, toolTip=tooltip, accessibleName=tooltip, autoRaise=True)
    button.clicked.connect(clicked)
    return button


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
