"""Decoder section: a kind, its parameters, and how predictions differ from their target."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QWidget

from predictor_inspector.core.channels import Channel
from predictor_inspector.core.config import made_from_config
from predictor_inspector.core.parameters import parameters_of
from predictor_inspector.core.text import capitalised, readable
from predictor_inspector.inspection.roundtrip import DECODERS, Decoder, Imperfection, fitting_decoders
from predictor_inspector.plugin.forms.collapsible import Collapsible
from predictor_inspector.plugin.forms.form import ParameterForm
from predictor_inspector.plugin.forms.layouts import in_column
from predictor_inspector.plugin.forms.small_widgets import ErrorLabel, ValueCombo

_IMPERFECTION = "imperfection"  # the name of its form among those of decoders


class DecoderPanel(QWidget):
    """Shows and sets what decodes a target, and what is done to the target before."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._chosen: dict[str, dict[str, Any]] = {}  # values by the kind of decoder, and of the imperfection
        self._forms: dict[str, ParameterForm] = {}
        self._kinds: tuple[str, ...] = ()
        self._last: dict[tuple[str, ...], str] = {}  # which of these kinds was chosen last
        self._data = ("", 3)
        self._combo = ValueCombo({}, "What makes a segmentation of the target", 10)
        self._combo.setObjectName("decoder kind")
        self._combo.chosen.connect(self._on_kind)
        self._error, self._place = ErrorLabel(), in_column()
        self._error.setObjectName("decoder error")
        parameters, worse = QWidget(windowTitle="Decoder"), self._form(_IMPERFECTION, Imperfection)
        parameters.setLayout(self._place)
        worse.setWindowTitle("Imperfect prediction")
        self._section = Collapsible(worse, expanded=False)
        self.setLayout(in_column(self._combo, parameters, self._error, self._section))
        self._show()

    @property
    def kind(self) -> str:
        """The kind of decoder; empty if none fits."""
        return str(self._combo.currentData() or "")

    def offer(self, channels: Sequence[Channel], unit: str, dims: int) -> None:
        """Offer what can decode these channels, of data with so many spatial axes; what was chosen stays if it can."""
        kinds = fitting_decoders(channels)
        self._data = unit, dims
        if kinds != self._kinds:
            self._last[self._kinds], self._kinds = self.kind, kinds
            titles = {kind: capitalised(readable(kind)) for kind in kinds}
            self._combo.offer(titles, self._last.get(kinds, next(iter(kinds), "")))
        self._show()

    def decoder(self) -> Decoder:
        """The decoder as chosen; ``ValueError`` if none fits, or its parameters don't go together."""
        if not self.kind:
            raise ValueError("no decoder makes objects of this target")
        return made_from_config(DECODERS, {"kind": self.kind, **self._chosen.get(self.kind, {})})

    def imperfection(self) -> Imperfection:
        """How the prediction differs from the target; ``ValueError`` if a value is out of bounds."""
        return Imperfection(**self._chosen.get(_IMPERFECTION, {}))

    def choose(self, config: Mapping[str, Any]) -> None:
        """Choose a decoder by its configuration, one that is offered."""
        self._chosen[config["kind"]] = {name: value for name, value in config.items() if name != "kind"}
        self._combo.set_value(config["kind"])
        self._on_kind(config["kind"])

    def set_value(self, owner: str, name: str, value: Any) -> None:
        """Set a parameter of the ``"decoder"`` or the ``"imperfection"``."""
        self._set(self.kind if owner == "decoder" else _IMPERFECTION, name, value)

    def show_error(self, message: str) -> None:
        """Say what is wrong; an empty message takes that back."""
        form = self._forms.get(self.kind)
        self._error.show_message("" if form is not None else message)
        if form is not None:
            form.show_error(message)

    def _form(self, key: str, cls: type) -> ParameterForm:
        if key not in self._forms:
            form = self._forms[key] = ParameterForm(cls)
            form.edited.connect(lambda name, value: self._set(key, name, value))
            form.reset.connect(lambda name: self._reset(key, name))
        return self._forms[key]

    def _set(self, key: str, name: str, value: Any) -> None:
        self._chosen[key] = {**self._chosen.get(key, {}), name: value}
        self._show()
        self.changed.emit()

    def _reset(self, key: str, name: str) -> None:
        self._chosen[key] = {n: v for n, v in self._chosen.get(key, {}).items() if n != name}
        self._show()
        self.changed.emit()

    def _on_kind(self, _kind: str) -> None:
        self._show()
        self.changed.emit()

    def _show(self) -> None:
        kind, shown = self.kind, [_IMPERFECTION]
        if kind:
            form = self._form(kind, DECODERS.load(kind))
            if self._place.indexOf(form) < 0:
                self._place.addWidget(form)
            shown.append(kind)
        for key, form in self._forms.items():
            if key != _IMPERFECTION:
                form.setVisible(key == kind)
        for key in shown:
            cls = Imperfection if key == _IMPERFECTION else DECODERS.load(key)
            start = {p.name: p.plainest_value(self._data[1]) for p in parameters_of(cls)}
            self._forms[key].show_values({**start, **self._chosen.get(key, {})}, start, *self._data)
        changed = len([v for v in self._chosen.get(_IMPERFECTION, {}).values() if v])
        self._forms[_IMPERFECTION].setWindowTitle(f"Imperfect prediction{f' ({changed} set)' if changed else ''}")
