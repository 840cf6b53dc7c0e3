"""Predictor section: a kind and its parameters."""

from __future__ import annotations

import inspect
import re
from contextlib import nullcontext
from typing import Any

from qtpy.QtWidgets import QWidget

from predictor_inspector.core.config import predictor_class, predictor_kinds
from predictor_inspector.core.text import capitalised, readable
from predictor_inspector.plugin.forms.form import ParameterForm
from predictor_inspector.plugin.forms.layouts import in_column
from predictor_inspector.plugin.forms.small_widgets import ErrorLabel, ValueCombo
from predictor_inspector.plugin.model.settings import Settings

_TITLES = {"distance": "Signed distance", "one_hot": "One-hot", "stardist": "StarDist"}


class PredictorPanel(QWidget):
    """Shows and sets a predictor's kind and parameters."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(objectName="predictor", windowTitle="Predictor")
        self._settings = settings
        self._forms: dict[str, ParameterForm] = {}
        self._combo = ValueCombo({kind: kind_title(kind) for kind in predictor_kinds()})
        self._combo.setObjectName("kind")
        self._message = ErrorLabel()
        self._place = in_column()
        self.setLayout(in_column(self._combo, self._place, self._message))
        self._combo.chosen.connect(self._on_kind)
        settings.events.predictor_choice.connect(self._show)
        settings.events.gt.connect(self._show)
        self._show()

    @property
    def form(self) -> ParameterForm:
        """The form of the chosen kind."""
        kind = self._settings.kind
        if kind not in self._forms:
            form = ParameterForm(predictor_class(kind))
            form.edited.connect(self._on_edited)
            form.reset.connect(self._on_reset)
            self._place.addWidget(form)
            self._forms[kind] = form
        return self._forms[kind]

    def _show(self) -> None:
        """Show kind and parameters as they are set, and at the parameters what is wrong with them."""
        settings, form = self._settings, self.form
        kind, gt, start = settings.kind, settings.gt, settings.start
        self._combo.set_value(kind)
        self._combo.setToolTip(first_sentence(predictor_class(kind)))
        for other in self._forms.values():
            other.setVisible(other is form)
        unit, dims = ("", 3) if gt is None else (gt.unit, gt.dims)
        form.show_values({**start.values, **settings.predictor_choice.chosen}, start.values, unit, dims)
        self._message.show_message("")
        problem = start.complaint
        try:
            settings.predictor()
        except ValueError as error:
            problem = re.sub(r"^\w+: ", "", str(error))
        # An untouched form without data isn't wrong, it only waits for them.
        form.show_error(problem if gt is not None or settings.predictor_choice.chosen else "")

    def _on_edited(self, name: str, value: Any) -> None:
        # Numbers are dragged, which is one step for the history; anything else is changed once at a time.
        dragged = isinstance(value, (int, float)) and not isinstance(value, bool)
        with nullcontext() if dragged else self._settings.together():
            self._settings.choose_parameters({**self._settings.predictor_choice.chosen, name: value})

    def _on_reset(self, name: str) -> None:
        chosen = self._settings.predictor_choice.chosen
        with self._settings.together():
            self._settings.choose_parameters({n: value for n, value in chosen.items() if n != name})

    def _on_kind(self, kind: str) -> None:
        try:
            self._settings.kind = kind
        except Exception as error:  # another package may fail in any way when it is loaded
            self._combo.set_value(self._settings.kind)
            self._message.show_message(f"{kind_title(kind)} can't be used: {error}")


def kind_title(kind: str) -> str:
    """A kind's name as people read it: ``"Hot distance"``."""
    return _TITLES.get(kind, capitalised(readable(kind)))


def first_sentence(cls: type) -> str:
    """The first line of a class's docstring; empty where dataclasses wrote it."""
    doc = inspect.getdoc(cls) or ""
    line = doc.splitlines()[0] if doc else ""
    return "" if line.startswith(f"{cls.__name__}(") else line.replace("`", "")
