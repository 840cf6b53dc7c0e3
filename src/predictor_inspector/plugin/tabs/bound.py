"""Controls that show and set one field of the settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from qtpy.QtCore import QObject, QSignalBlocker
from qtpy.QtWidgets import QButtonGroup, QPushButton, QWidget

from predictor_inspector.plugin.forms.layouts import in_row
from predictor_inspector.plugin.forms.small_widgets import ValueCombo
from predictor_inspector.plugin.model.settings import Settings


def bound_combo(
    settings: Settings,
    name: str,
    items: Mapping[Any, str],
    tool_tip: str,
    characters: int = 6,
    titled: Callable[[Any], str] = str,
) -> ValueCombo:
    """A combo box for the field `name`; arguments as of `ValueCombo`."""
    combo = ValueCombo(items, tool_tip, characters, titled)
    bind(combo, combo.chosen, combo.set_value, settings, name)
    return combo


def bind(
    control: QWidget,
    changed: Any,
    show: Callable[[Any], None],
    settings: Settings,
    name: str,
    value: Callable[[], Any] | None = None,
) -> None:
    """Let a control show and set the field `name`, which becomes its object name, too.

    `changed` is the control's signal with its value, or without any, which `value` then returns; `show` gives it a value.
    """
    binding = _Binding(control, show)
    control.setObjectName(name)
    binding.show(getattr(settings, name))
    changed.connect(lambda *new: setattr(settings, name, new[0] if value is None else value()))
    settings.events[name].connect(binding.show)


class BoundButtons(QWidget):
    """A row of buttons of which one is pressed, for the values of the field `name`: to each its title and tool tip."""

    def __init__(self, settings: Settings, name: str, values: Mapping[str, tuple[str, str]]) -> None:
        super().__init__()
        group, self._buttons = QButtonGroup(self), dict[str, QPushButton]()
        for value, (title, tool_tip) in values.items():
            button = QPushButton(title, checkable=True, objectName=f"{name} {value}", toolTip=tool_tip)
            button.setMinimumWidth(30)
            button.clicked.connect(lambda _checked, v=value: setattr(settings, name, v))
            group.addButton(button)
            self._buttons[value] = button
        self.setLayout(in_row(*((button, 1) for button in self._buttons.values()), spacing=0))
        self._show(getattr(settings, name))
        settings.events[name].connect(self._show)

    def _show(self, value: str) -> None:
        self._buttons[value].setChecked(True)


class _Binding(QObject):
    """Shows a setting in its parent. Settings hold methods weakly, but a function, and all that it holds, for good."""

    def __init__(self, control: QWidget, show: Callable[[Any], None]) -> None:
        super().__init__(control)
        self._show = show

    def show(self, value: Any) -> None:
        with QSignalBlocker(self.parent()):
            self._show(value)
