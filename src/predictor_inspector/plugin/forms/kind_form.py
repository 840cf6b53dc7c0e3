"""`KindForm`: a choice among the kinds of an extension, and the chosen one's parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QWidget

from predictor_inspector.core.config import made_from_config
from predictor_inspector.core.parameters import parameters_of
from predictor_inspector.core.registry import Extensions
from predictor_inspector.plugin.forms.form import ParameterForm
from predictor_inspector.plugin.forms.layouts import in_column
from predictor_inspector.plugin.forms.small_widgets import ErrorLabel, ValueCombo


class KindForm(QWidget):
    """Shows and sets one extension that is a dataclass, a decoder for instance; each kind keeps what was set for it."""

    changed = Signal()

    def __init__(self, extensions: Extensions[Any], tool_tip: str) -> None:
        super().__init__()
        self._extensions = extensions
        self._chosen: dict[str, dict[str, Any]] = {}  # values by kind
        self._forms: dict[str, ParameterForm] = {}
        self._data = ("", 3)
        self.combo = ValueCombo({}, tool_tip, 10)
        self.combo.setObjectName(f"{extensions.noun} kind")
        self.combo.chosen.connect(self._on_kind)
        self._error, self._place = ErrorLabel(), in_column()
        self._error.setObjectName(f"{extensions.noun} error")
        self.setLayout(in_column(self.combo, self._place, self._error))

    @property
    def kind(self) -> str:
        """The kind chosen; empty if none is offered."""
        return str(self.combo.currentData() or "")

    @property
    def config(self) -> dict[str, Any]:
        """The kind, and the values that were set."""
        return {"kind": self.kind, **self._chosen.get(self.kind, {})}

    def made(self) -> Any:
        """What is chosen; ``ValueError`` if its parameters don't go together."""
        return made_from_config(self._extensions, self.config)

    def offer(self, titles: Mapping[str, str], kind: str) -> None:
        """Offer kinds, by their titles, and show one."""
        self.combo.offer(titles, kind)
        self._show()

    def set_data(self, unit: str, dims: int) -> None:
        """Show values for data in this unit, with so many spatial axes."""
        self._data = unit, dims
        self._show()

    def choose(self, config: Mapping[str, Any]) -> None:
        """Choose by a configuration, of a kind that is offered."""
        self._chosen[config["kind"]] = {name: value for name, value in config.items() if name != "kind"}
        self.combo.set_value(config["kind"])
        self._on_kind()

    def set_value(self, name: str, value: Any) -> None:
        """Set a parameter of the kind chosen."""
        self._set(self.kind, name, value)

    def show_error(self, message: str) -> None:
        """Say what is wrong; an empty message takes that back."""
        form = self._forms.get(self.kind)
        self._error.show_message("" if form is not None else message)
        if form is not None:
            form.show_error(message)

    def _form(self, kind: str) -> ParameterForm:
        if kind not in self._forms:
            form = self._forms[kind] = ParameterForm(self._extensions.load(kind))
            form.edited.connect(lambda name, value: self._set(kind, name, value))
            form.reset.connect(lambda name: self._reset(kind, name))
            self._place.addWidget(form)
        return self._forms[kind]

    def _set(self, kind: str, name: str, value: Any) -> None:
        self._chosen[kind] = {**self._chosen.get(kind, {}), name: value}
        self._on_kind()

    def _reset(self, kind: str, name: str) -> None:
        self._chosen[kind] = {n: v for n, v in self._chosen.get(kind, {}).items() if n != name}
        self._on_kind()

    def _on_kind(self) -> None:
        self._show()
        self.changed.emit()

    def _show(self) -> None:
        kind, form = self.kind, self._form(self.kind) if self.kind else None
        for each in self._forms.values():
            each.setVisible(each is form)
        if form is not None:
            start = {p.name: p.plainest_value(self._data[1]) for p in parameters_of(self._extensions.load(kind))}
            form.show_values({**start, **self._chosen.get(kind, {})}, start, *self._data)
