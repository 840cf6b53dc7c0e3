"""Controls that show and set one field of the settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from qtpy.QtCore import QSignalBlocker
from qtpy.QtWidgets import QComboBox, QWidget

from predictor_inspector.plugin.forms.small_widgets import guard_wheel
from predictor_inspector.plugin.model.settings import Settings


class BoundCombo(QComboBox):
    """One choice of several. The field's name is the object's name, too.

    Parameters
    ----------
    items : mapping
        Titles by value.
    titled : callable, optional
        Titles values that are set but not among the items; without it there are none such.
    """

    def __init__(
        self,
        settings: Settings,
        name: str,
        items: Mapping[Any, str],
        tool_tip: str,
        titled: Callable[[Any], str] = str,
        characters: int = 6,
    ) -> None:
        super().__init__()
        self._settings, self._name, self._titled = settings, name, titled
        self.setObjectName(name)
        self.setToolTip(tool_tip)
        # Long titles must not widen the dock, nor the wheel change what is scrolled over.
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(characters)
        guard_wheel(self)
        self.offer(items)
        self.currentIndexChanged.connect(lambda _index: setattr(settings, name, self.currentData()))
        settings.events[name].connect(self._show)

    def offer(self, items: Mapping[Any, str]) -> None:
        """Offer these values, by title, in place of those that were offered."""
        with QSignalBlocker(self):
            self.clear()
            for value, title in items.items():
                self.addItem(title, value)
        self._show()

    def _show(self) -> None:
        value = getattr(self._settings, self._name)
        values = [self.itemData(i) for i in range(self.count())]
        with QSignalBlocker(self):
            if value not in values:
                self.addItem(self._titled(value), value)
                values.append(value)
            self.setCurrentIndex(values.index(value))


def bind(control: QWidget, changed: Any, show: Callable[[Any], None], settings: Settings, name: str) -> None:
    """Let a control show and set a field.

    Parameters
    ----------
    control : QWidget
        Its object name becomes the field's.
    changed : bound Qt signal
        With the control's value.
    show : callable
        Gives the control a value.
    """

    def show_quietly(value: Any) -> None:
        with QSignalBlocker(control):
            show(value)

    control.setObjectName(name)
    show_quietly(getattr(settings, name))
    changed.connect(lambda value: setattr(settings, name, value))
    settings.events[name].connect(show_quietly)
