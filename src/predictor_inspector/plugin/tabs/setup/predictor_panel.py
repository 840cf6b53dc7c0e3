"""The predictor part of the dock: a kind, its parameters, presets, and ways in and out as text."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from qtpy.QtCore import QSignalBlocker, Signal
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

from predictor_inspector.core.array import Array
from predictor_inspector.core.config import (
    config_from_yaml,
    predictor_class,
    predictor_from_config,
    predictor_kinds,
    predictor_to_yaml,
)
from predictor_inspector.core.export import predictor_to_dacapo_yaml, predictor_to_python
from predictor_inspector.core.parameters import parameters_of
from predictor_inspector.core.predictor import Predictor
from predictor_inspector.core.text import capitalised
from predictor_inspector.plugin.forms.form import ParameterForm, readable
from predictor_inspector.plugin.forms.small_widgets import NO_MENU_ARROW, ErrorLabel, guard_wheel

DEFAULTS = "defaults"  # the preset that every kind has
_TITLES = {"distance": "Signed distance", "one_hot": "One-hot"}


class PredictorPanel(QWidget):
    """Chooses a predictor and its parameters; every kind keeps what was last set for it.

    `config_changed` is emitted once whenever the configuration changes, except by `set_context`, whose caller knows.
    """

    config_changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._gt: Array | None = None
        self._forms: dict[str, ParameterForm] = {}
        self._complaints: dict[str, str] = {}  # what a kind has against the ground truth, if anything
        self._kind = ""
        self._combo = QComboBox()
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
        self._select(predictor_kinds()[0])

    def _make_buttons(self) -> QHBoxLayout:
        self._presets = QMenu(self)
        self._presets.aboutToShow.connect(self._fill_presets)
        copy, load = QMenu(self), QMenu(self)
        for title, make in (
            ("YAML", predictor_to_yaml),
            ("Python", predictor_to_python),
            ("DaCapo task configuration", self._dacapo),
        ):
            copy.addAction(title).triggered.connect(lambda _c=False, m=make: self._copy(m))
        load.addAction("Load YAML…").triggered.connect(lambda _c=False: self._ask_for_file())
        load.addAction("Paste YAML").triggered.connect(lambda _c=False: self.paste_yaml())
        reset = QPushButton("Reset")
        reset.setToolTip("Return every parameter to its starting value")
        reset.clicked.connect(lambda _c=False: self.reset())
        row = QHBoxLayout()
        row.setSpacing(4)
        for title, menu in (("Presets", self._presets), ("Copy as", copy), ("Load", load)):
            row.addWidget(_menu_button(title, menu), 1)
        row.insertWidget(1, reset, 1)
        return row

    @property
    def kind(self) -> str:
        """The chosen kind; setting it goes back to what was last set for it, ``ValueError`` if it is unknown."""
        return self._kind

    @kind.setter
    def kind(self, kind: str) -> None:
        if kind != self._kind:
            self._select(kind)
            self.config_changed.emit()

    @property
    def config(self) -> dict[str, Any]:
        """The configuration ``{"kind": …, …}`` with every parameter's value, complete or not.

        Setting it changes kind and form and emits `config_changed` once. Parameters that it leaves out get their
        default; required ones that it leaves out, what suits the data, whatever data come.

        Raises
        ------
        ValueError
            On setting, as `predictor_from_config`; nothing has changed then.
        """
        return {"kind": self._kind, **self._form.values()}

    @config.setter
    def config(self, config: dict[str, Any]) -> None:
        kind = config.get("kind") if isinstance(config, dict) else None
        missing: dict[str, Any] = {}
        if isinstance(kind, str):
            required = {p.name for p in parameters_of(predictor_class(kind)) if p.required} - config.keys()
            starts = self._form_of(kind).starting_values()
            missing = {name: starts[name] for name in starts if name in required}
        predictor = predictor_from_config(missing | config if isinstance(config, dict) else config)
        values = {p.name: getattr(predictor, p.name) for p in parameters_of(type(predictor))}
        self._form_of(str(kind)).set_values(values, chosen=values.keys() - missing.keys())
        self._select(str(kind))
        self.config_changed.emit()

    def predictor(self) -> Predictor:
        """The predictor as configured; ``ValueError`` if its parameters don't go together."""
        return predictor_from_config(self.config)

    def set_context(self, gt: Array | None) -> None:
        """Take unit, dimensions and starting values from the ground truth, for parameters that nobody has set."""
        self._gt = gt
        for kind, form in self._forms.items():
            self._adapt(kind, form)
        self._validate()

    def show_error(self, name: str | None, message: str) -> None:
        """Show `message` at the parameter `name`, or beneath the form; it stays until the next change."""
        self._form.show_error(name, message)

    def reset(self) -> None:
        """Return every parameter of the chosen kind to its starting value."""
        self._form.reset()

    def presets(self) -> tuple[str, ...]:
        """The names of the chosen kind's presets: ``"defaults"``, and its own that fit the data's dimensions."""
        own = predictor_class(self._kind).presets
        return (DEFAULTS, *(name for name, values in own.items() if self._fits(values)))

    def apply_preset(self, name: str) -> None:
        """Set the parameters that the preset `name` names, and no others; ``ValueError`` if there is none.

        ``"defaults"`` are the class's own, which needn't be what suits the data (`reset` goes back to that).
        """
        cls = predictor_class(self._kind)
        presets = {DEFAULTS: {p.name: p.default for p in parameters_of(cls) if not p.required}, **cls.presets}
        if name not in presets:
            raise ValueError(f"{self._kind} has no preset {name!r}; it has {', '.join(presets)}")
        values = presets[name]
        before = self._form.values()
        self._form.set_values(values)
        self._on_form(changed=self._form.values() != before)

    def load_yaml(self, path: str | Path) -> None:
        """Take over a configuration file; what is wrong with it is shown beneath the form."""
        self._take_text(lambda: Path(path).read_text(encoding="utf-8"), str(path))

    def paste_yaml(self) -> None:
        """Take over a configuration from the clipboard; what is wrong with it is shown beneath the form."""
        self._take_text(lambda: str(QApplication.clipboard().text()), "the clipboard's text")

    @property
    def message(self) -> str:
        """What is shown beneath the form; empty if all is well."""
        return str(self._message.text())

    @property
    def _form(self) -> ParameterForm:
        return self._forms[self._kind]

    def _fits(self, values: dict[str, Any]) -> bool:
        """Whether offsets among `values` have as many numbers as the data have axes."""
        offsets = [values[name] for name in self._form.offsets if name in values]
        return self._gt is None or all(len(o) == self._gt.dims for table in offsets for o in table)

    def _form_of(self, kind: str) -> ParameterForm:
        if kind not in self._forms:
            form = ParameterForm(predictor_class(kind))
            self._adapt(kind, form)
            form.changed.connect(self._on_form)
            form.hide()
            self._place.addWidget(form)
            self._forms[kind] = form
        return self._forms[kind]

    def _adapt(self, kind: str, form: ParameterForm) -> None:
        gt = self._gt
        form.set_unit(gt.unit if gt is not None else "")
        if gt is not None:
            form.set_dims(gt.dims)
        self._complaints[kind] = ""
        starts: dict[str, Any] = {}
        try:
            starts = predictor_class(kind).starting_values(gt) if gt is not None else {}
        except ValueError as error:
            self._complaints[kind] = str(error)
        form.set_starting_values(starts)

    def _select(self, kind: str) -> None:
        form = self._form_of(kind)
        if self._kind:
            self._form.hide()
        self._kind = kind
        form.show()
        with QSignalBlocker(self._combo):
            self._combo.setCurrentIndex(self._combo.findData(kind))
        self._combo.setToolTip(first_sentence(predictor_class(kind)))
        self._validate()

    def _fill_presets(self) -> None:
        self._presets.clear()
        for name in self.presets():
            title = capitalised(name)
            self._presets.addAction(title).triggered.connect(lambda _c=False, n=name: self.apply_preset(n))

    def _on_combo(self, index: int) -> None:
        try:
            self.kind = self._combo.itemData(index)
        except Exception as error:  # somebody else's package may fail in any way when it is loaded
            with QSignalBlocker(self._combo):
                self._combo.setCurrentIndex(self._combo.findData(self._kind))
            self._message.show_message(f"{self._combo.itemText(index)} can't be used: {error}")

    def _on_form(self, changed: bool = True) -> None:
        self._validate()
        if changed:
            self.config_changed.emit()

    def _validate(self) -> None:
        """Show what is wrong with the parameters at the first one that the error names."""
        self._message.show_message("")
        self._form.clear_errors()
        if self._gt is None and not self._form.touched:
            return  # an untouched form without data isn't wrong, it only waits for them
        try:
            self.predictor()
            self._form.show_error(None, self._complaints[self._kind])
        except ValueError as error:
            text = re.sub(r"^\w+: ", "", str(error))
            words = re.findall(r"\w+", text)
            named = [word for word in words if word in self._form.names]
            self._form.show_error(named[0] if named else None, text)

    def _copy(self, make: Callable[[Predictor], str]) -> None:
        try:
            QApplication.clipboard().setText(make(self.predictor()))
        except ValueError as error:
            self._message.show_message(str(error))
        else:
            self._message.show_message("")

    def _dacapo(self, predictor: Predictor) -> str:
        gt = self._gt
        if gt is None:
            return predictor_to_dacapo_yaml(predictor, self._kind, (1.0,), "voxels")
        return predictor_to_dacapo_yaml(predictor, self._kind, gt.physical_voxel_size, gt.unit)

    def _ask_for_file(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, "Load a configuration", "", "YAML or JSON (*.yaml *.yml *.json)")
        if path:
            self.load_yaml(path)

    def _take_text(self, read: Callable[[], str], source: str) -> None:
        try:
            self.config = config_from_yaml(read(), source)
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
