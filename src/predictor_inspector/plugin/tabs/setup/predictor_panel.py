"""Predictor section: a kind, its parameters, presets, and ways in and out as text."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from qtpy.QtWidgets import QApplication, QFileDialog, QHBoxLayout, QMenu, QPushButton, QWidget

from predictor_inspector.core.config import config_from_yaml, predictor_class, predictor_kinds, predictor_to_yaml
from predictor_inspector.core.export import predictor_to_dacapo_yaml, predictor_to_python
from predictor_inspector.core.predictor import Predictor
from predictor_inspector.core.text import capitalised, readable
from predictor_inspector.plugin.forms.form import ParameterForm
from predictor_inspector.plugin.forms.layouts import in_column, in_row
from predictor_inspector.plugin.forms.small_widgets import NO_MENU_ARROW, ErrorLabel, ValueCombo
from predictor_inspector.plugin.model.predictor_choice import presets_for
from predictor_inspector.plugin.model.settings import Settings

_TITLES = {"distance": "Signed distance", "one_hot": "One-hot"}


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
        self.setLayout(in_column(self._combo, self._place, self._message, self._make_buttons()))
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

    @property
    def message(self) -> str:
        """What is shown beneath the form; empty if all is well."""
        return str(self._message.text())

    def load_yaml(self, path: str | Path) -> None:
        """Take over a configuration file; what is wrong with it is shown beneath the form."""
        self._take_text(lambda: Path(path).read_text(encoding="utf-8"), str(path))

    def _make_buttons(self) -> QHBoxLayout:
        presets, copy, load = QMenu(self), QMenu(self), QMenu(self)
        presets.aboutToShow.connect(lambda: self._fill_presets(presets))
        copy.addAction("YAML", lambda: self._copy(predictor_to_yaml))
        copy.addAction("Python", lambda: self._copy(predictor_to_python))
        copy.addAction("DaCapo task configuration", lambda: self._copy(self._dacapo))
        load.addAction("Load YAML…", self._ask_for_file)
        load.addAction("Paste YAML", self._paste)
        reset = QPushButton("Reset", objectName="reset", toolTip="Return every parameter to its starting value")
        reset.clicked.connect(lambda: self._settings.choose_parameters({}))
        buttons = _menu_button("Presets", presets), reset, _menu_button("Copy as", copy), _menu_button("Load", load)
        return in_row(*((button, 1) for button in buttons))

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
        self._settings.choose_parameters({**self._settings.predictor_choice.chosen, name: value})

    def _on_reset(self, name: str) -> None:
        chosen = self._settings.predictor_choice.chosen
        self._settings.choose_parameters({n: value for n, value in chosen.items() if n != name})

    def _on_kind(self, kind: str) -> None:
        try:
            self._settings.kind = kind
        except Exception as error:  # another package may fail in any way when it is loaded
            self._combo.set_value(self._settings.kind)
            self._message.show_message(f"{kind_title(kind)} can't be used: {error}")

    def _fill_presets(self, menu: QMenu) -> None:
        menu.clear()
        for name in presets_for(self._settings.kind, self._settings.gt):
            menu.addAction(capitalised(name), lambda _c=False, n=name: self._settings.apply_preset(n))

    def _copy(self, make: Callable[[Predictor], str]) -> None:
        try:
            QApplication.clipboard().setText(make(self._settings.predictor()))
        except ValueError as error:
            self._message.show_message(str(error))
        else:
            self._message.show_message("")

    def _dacapo(self, predictor: Predictor) -> str:
        gt, kind = self._settings.gt, self._settings.kind
        if gt is None:
            return predictor_to_dacapo_yaml(predictor, kind, (1.0,), "voxels")
        return predictor_to_dacapo_yaml(predictor, kind, gt.physical_voxel_size, gt.unit)

    def _ask_for_file(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, "Load a configuration", "", "YAML or JSON (*.yaml *.yml *.json)")
        if path:
            self.load_yaml(path)

    def _paste(self) -> None:
        self._take_text(lambda: str(QApplication.clipboard().text()), "the clipboard's text")

    def _take_text(self, read: Callable[[], str], source: str) -> None:
        try:
            self._settings.config = config_from_yaml(read(), source)
        except (OSError, ValueError, TypeError, ImportError) as error:
            self._message.show_message(str(error))


def kind_title(kind: str) -> str:
    """A kind's name as people read it: ``"Hot distance"``."""
    return _TITLES.get(kind, capitalised(readable(kind)))


def first_sentence(cls: type) -> str:
    """The first line of a class's docstring; empty where dataclasses wrote it."""
    doc = inspect.getdoc(cls) or ""
    line = doc.splitlines()[0] if doc else ""
    return "" if line.startswith(f"{cls.__name__}(") else line.replace("`", "")


def _menu_button(title: str, menu: QMenu) -> QPushButton:
    button = QPushButton(f"{title} ▾", styleSheet=NO_MENU_ARROW)
    button.setMenu(menu)
    return button
