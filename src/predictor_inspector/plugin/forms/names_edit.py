"""An editor for a list of names: one line, separated by commas."""

from __future__ import annotations

import csv
from typing import Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QLineEdit, QWidget


def names_to_text(names: tuple[str, ...]) -> str:
    """Names on one line; one that holds a comma or a quote is quoted."""
    quoted = ('"' + name.replace('"', '""') + '"' if any(c in name for c in ',"') else name for name in names)
    return ", ".join(quoted)


def names_from_text(text: str) -> tuple[str, ...]:
    """The names on a line: spaces around them and empty ones are dropped."""
    rows = list(csv.reader([" ".join(text.splitlines())], skipinitialspace=True))
    return tuple(stripped for name in (rows[0] if rows else []) if (stripped := name.strip()))


class NamesEdit(QLineEdit):
    """Names of channels or classes, separated by commas; takes them over with Enter or on leaving the line."""

    edited = Signal()

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name = name
        self._value: tuple[str, ...] = ()
        self._about = ""
        self.setPlaceholderText("names, separated by commas")
        self.setMinimumWidth(60)
        self.editingFinished.connect(self._take)

    def setToolTip(self, text: str) -> None:
        """Show `text` after the names, which may not fit on the line."""
        self._about = text
        super().setToolTip("\n".join((*self._value, "", text)).strip())

    def value(self) -> tuple[str, ...]:
        """The names."""
        return self._value

    def set_value(self, value: Any) -> None:
        """Show `value` without a signal; ``ValueError`` unless it is a sequence of strings."""
        if isinstance(value, str) or not isinstance(value, (tuple, list)) or not all(isinstance(v, str) for v in value):
            raise ValueError(f"{self._name} must be a list of names, got {value!r}")
        self._value = tuple(value)
        self._show()

    def set_start(self, value: Any) -> None:
        """Nothing here depends on where the names started."""

    def set_unit(self, unit: str) -> None:
        """Names have no unit."""

    def set_dims(self, dims: int) -> None:
        """Names don't depend on the data's number of axes."""

    def _show(self) -> None:
        self.setText(names_to_text(self._value))
        self.setCursorPosition(0)
        self.setToolTip(self._about)

    def _take(self) -> None:
        if self.text() == names_to_text(self._value):
            return
        names = names_from_text(self.text())
        changed = names != self._value
        self._value = names
        self._show()
        if changed:
            self.edited.emit()
