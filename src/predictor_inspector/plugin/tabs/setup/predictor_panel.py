"""Predictor section: a kind, its parameters, presets, and ways in and out as text."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from pathlib import Path

from qtpy.QtCore import QSignalBlocker
from qtpy.QtWidgets import (
    QApplication,
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QMenu,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from predictor_inspector.core.config import config_from_yaml, predictor_class, predictor_kinds, predictor_to_yaml
from predictor_inspector.core.export import predictor_to_dacapo_yaml, predictor_to_python
from predictor_inspector.core.predictor import Predictor
from predictor_inspector.core.text import capitalised
from predictor_inspector.plugin.forms.form import ParameterForm, readable
from predictor_inspector.plugin.forms.small_widgets import NO_MENU_ARROW, ErrorLabel, guard_wheel
from predictor_inspector.plugin.model.predictor_choice import presets_for
from predictor_inspector.plugin.model.settings import Settings

_TITLES = {"distance": "Signed distance", "one_hot": "One-hot"}


class PredictorPanel(QWidget):
    """Shows and sets a predictor's kind and parameters."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self.setObjectName("predictor")
        self._settings = settings
        self._forms: dict[str, ParameterForm] = {}
        self._editing = False
        self._combo = QComboBox()
        self._combo.setObjectName("kind")
        for kind in predictor_kinds():
            self._combo.addItem(kind_title(kind), kind)
        self._combo.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        guard_wheel(self._combo)
        self._message = ErrorLabel()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self._combo)
        self._place = QVBoxLayout()
        layout.addLayout(self._place)
        layout.addWidget(self._message)
        layout.addLayout(self._make_buttons())
        self._combo.currentIndexChanged.connect(self._on_combo)
        settings.events.predictor_choice.connect(self._show)
        settings.events.gt.connect(self._show)
        self._show()

    @property
    def form(self) -> ParameterForm:
        """The form of the chosen kind."""
        kind = self._settings.kind
        if kind not in self._forms:
            form = ParameterForm(predictor_class(kind))
            form.changed.connect(self._on_form)
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
        for title, make in (
            ("YAML", predictor_to_yaml),
            ("Python", predictor_to_python),
            ("DaCapo task configuration", self._dacapo),
        ):
            copy.addAction(title).triggered.connect(lambda _c=False, m=make: self._copy(m))
        load.addAction("Load YAML…").triggered.connect(lambda _c=False: self._ask_for_file())
        load.addAction("Paste YAML").triggered.connect(lambda _c=False: self._paste())
        reset = QPushButton("Reset")
        reset.setObjectName("reset")
        reset.setToolTip("Return every parameter to its starting value")
        reset.clicked.connect(lambda _c=False: self._settings.choose_parameters({}))
        row = QHBoxLayout()
        row.setSpacing(4)
        for title, menu in (("Presets", presets), ("Copy as", copy), ("Load", load)):
            row.addWidget(_menu_button(title, menu), 1)
        row.insertWidget(1, reset, 1)
        return row

    def _show(self) -> None:
        """Show kind and parameters as they are set."""
        if not self._editing:
            kind, form, gt = self._settings.kind, self.form, self._settings.gt
            with QSignalBlocker(self._combo):
                self._combo.setCurrentIndex(self._combo.findData(kind))
            self._combo.setToolTip(first_sentence(predictor_class(kind)))
            for other in self._forms.values():
                other.setVisible(other is form)
            form.set_unit("" if gt is None else gt.unit)
            if gt is not None:
                form.set_dims(gt.dims)
            start, chosen = self._settings.start.values, self._settings.predictor_choice.chosen
            form.set_starting_values(start)
            form.set_values({**start, **chosen}, chosen=chosen.keys())
        self._validate()

    def _on_form(self) -> None:
        values = self.form.values()
        # The form shows already what is set: somebody may be typing there.
        self._editing = True
        try:
            self._settings.choose_parameters({name: values[name] for name in self.form.touched})
        finally:
            self._editing = False

    def _on_combo(self, index: int) -> None:
        try:
            self._settings.kind = self._combo.itemData(index)
        except Exception as error:  # somebody else's package may fail in any way when it is loaded
            with QSignalBlocker(self._combo):
                self._combo.setCurrentIndex(self._combo.findData(self._settings.kind))
            self._message.show_message(f"{self._combo.itemText(index)} can't be used: {error}")

    def _validate(self) -> None:
        """Show what is wrong with the parameters at the first one that the error names."""
        settings, form = self._settings, self.form
        self._message.show_message("")
        form.clear_errors()
        if settings.gt is None and not settings.predictor_choice.chosen:
            return  # an untouched form without data isn't wrong, it only waits for them
        try:
            settings.predictor()
            form.show_error(None, settings.start.complaint)
        except ValueError as error:
            text = re.sub(r"^\w+: ", "", str(error))
            named = [word for word in re.findall(r"\w+", text) if word in form.names]
            form.show_error(named[0] if named else None, text)

    def _fill_presets(self, menu: QMenu) -> None:
        menu.clear()
        for name in presets_for(self._settings.kind, self._settings.gt):
            title = capitalised(name)
            menu.addAction(title).triggered.connect(lambda _c=False, n=name: self._settings.apply_preset(n))

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
    words = readable(kind)
    return _TITLES.get(kind, capitalised(words))


def first_sentence(cls: type) -> str:
    """The first line of a class's docstring; empty where dataclasses wrote it."""
    doc = inspect.getdoc(cls) or ""
    line = doc.splitlines()[0] if doc else ""
    return "" if line.startswith(f"{cls.__name__}(") else line.replace("`", "")


def _menu_button(title: str, menu: QMenu) -> QPushButton:
    button = QPushButton(f"{title} ▾")
    button.setStyleSheet(NO_MENU_ARROW)
    button.setMenu(menu)
    return button
