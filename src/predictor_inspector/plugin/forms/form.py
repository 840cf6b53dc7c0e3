"""A form made from a predictor's dataclass: a row per parameter, with unit, bounds, tooltip and a way back."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import MISSING
from functools import partial
from typing import Any

from qtpy.QtCore import QSize, Signal
from qtpy.QtGui import QResizeEvent, QShowEvent
from qtpy.QtWidgets import QGridLayout, QHBoxLayout, QVBoxLayout, QWidget
from superqt import QElidingLabel

from predictor_inspector.core.parameters import Parameter, parameters_of
from predictor_inspector.plugin.forms.collapsible import Collapsible
from predictor_inspector.plugin.forms.editors import make_editor
from predictor_inspector.plugin.forms.offsets_table import OffsetsTable
from predictor_inspector.plugin.forms.small_widgets import ERROR_COLOUR, ErrorLabel, flat_button

EDITOR_WIDTH = 192  # pixels that an editor with its reset button needs; longer labels are elided
_SPELLINGS = {"lsd": "LSD", "lsds": "LSDs"}


class ParameterForm(QWidget):
    """Edits the parameters of a predictor class.

    `changed` is emitted once per edit by a person, live while a slider is dragged, and never for text that is not yet a
    value. Setting values from code emits nothing.

    Parameters
    ----------
    cls : type
        A predictor dataclass, or any dataclass.
    """

    changed = Signal()

    def __init__(self, cls: type, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows = {p.name: _Row(p) for p in parameters_of(cls)}
        self._dims, self._unit = 3, ""
        self._message = ErrorLabel()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        plain = [row for row in self._rows.values() if not row.parameter.advanced]
        advanced = [row for row in self._rows.values() if row.parameter.advanced]
        layout.addWidget(self._part(plain))
        self.advanced = Collapsible("Advanced", self._part(advanced))
        self.advanced.setVisible(bool(advanced))
        layout.addWidget(self.advanced)
        layout.addWidget(self._message)
        for name, row in self._rows.items():
            row.editor.edited.connect(partial(self._on_edited, name))
            row.reset.clicked.connect(partial(self._on_reset, name))
        self.set_starting_values({})

    def _part(self, rows: list[_Row]) -> QWidget:
        part = QWidget()
        grid = QGridLayout(part)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(6)
        grid.setVerticalSpacing(3)
        grid.setColumnStretch(1, 1)
        for row in rows:
            row.add_to(grid)
        return part

    @property
    def names(self) -> tuple[str, ...]:
        """The parameters, in order."""
        return tuple(self._rows)

    @property
    def offsets(self) -> tuple[str, ...]:
        """The parameters that hold voxel offsets."""
        return tuple(name for name, row in self._rows.items() if isinstance(row.editor, OffsetsTable))

    @property
    def touched(self) -> frozenset[str]:
        """Parameters that somebody set, in the form or from code, since they were last reset."""
        return frozenset(name for name, row in self._rows.items() if row.touched)

    def values(self) -> dict[str, Any]:
        """Every parameter's value."""
        return {name: row.editor.value() for name, row in self._rows.items()}

    def set_values(self, values: Mapping[str, Any], chosen: Collection[str] | None = None) -> None:
        """Show `values`; parameters that aren't named stay as they are.

        Parameters
        ----------
        values : dict
            By parameter name.
        chosen : collection of str, optional
            Which of them count as set on purpose, so that other starting values don't move them. All by default.

        Raises
        ------
        ValueError
            If a name is unknown or a value doesn't fit; nothing has changed then.
        """
        unknown = [name for name in values if name not in self._rows]
        if unknown:
            raise ValueError(f"there is no parameter {unknown[0]!r}; known are {', '.join(self._rows)}")
        before = self.values()
        try:
            for name, value in values.items():
                self._rows[name].editor.set_value(value)
        except ValueError:
            for name in values:
                self._rows[name].editor.set_value(before[name])
            raise
        for name in values:
            self._rows[name].touched = chosen is None or name in chosen
        self._refresh()

    def set_starting_values(self, values: Mapping[str, Any]) -> None:
        """Say where parameters start and return to; those that nobody set move there, those not named to their default.

        Raises
        ------
        ValueError
            If a value doesn't fit its parameter.
        """
        for name, row in self._rows.items():
            start = _frozen(values.get(name, row.parameter.plainest_value(self._dims)))
            if start == row.start and (row.touched or not row.differs):
                continue  # somebody may be typing there
            before = row.editor.value()
            row.editor.set_value(start)
            row.start = row.editor.value()
            row.editor.set_start(row.start)
            if row.touched:
                row.editor.set_value(before)
        self._refresh()

    def starting_values(self) -> dict[str, Any]:
        """Where every parameter returns to."""
        return {name: row.start for name, row in self._rows.items()}

    def reset(self) -> None:
        """Return every parameter to its starting value; emits `changed` once if any differed."""
        before = self.values()
        for row in self._rows.values():
            row.go_back()
        self._refresh()
        if self.values() != before:
            self.changed.emit()

    def set_unit(self, unit: str) -> None:
        """Show lengths in `unit`; an empty one shows none."""
        self._unit = unit
        for row in self._rows.values():
            row.editor.set_unit(unit)
            row.describe(unit)

    def set_dims(self, dims: int) -> None:
        """Say how many spatial axes the data have, 2 or 3."""
        self._dims = dims
        for row in self._rows.values():
            row.editor.set_dims(dims)

    def show_error(self, name: str | None, message: str) -> None:
        """Mark the parameter `name` and show `message` beneath it, or beneath the form if `name` is None or unknown."""
        row = self._rows.get(name or "")
        if row is None:
            self._message.show_message(message)
            return
        row.show_error(message)
        if message and row.parameter.advanced:
            self.advanced.expanded = True

    def clear_errors(self) -> None:
        """Take away all marks and messages."""
        self._message.show_message("")
        for row in self._rows.values():
            row.show_error("")

    def showEvent(self, event: QShowEvent) -> None:
        """Align the labels, now that the style sheet has given them their font."""
        super().showEvent(event)
        self._align()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Give the labels what the editors leave."""
        super().resizeEvent(event)
        self._align()

    def minimumSizeHint(self) -> QSize:
        """Narrow: labels are elided rather than editors cut off."""
        return QSize(EDITOR_WIDTH + 100, super().minimumSizeHint().height())

    def _align(self) -> None:
        """Make all labels, in both parts, as wide as the longest or as there is room."""
        longest = max((r.label.fontMetrics().horizontalAdvance(r.label.text()) for r in self._rows.values()), default=0)
        for row in self._rows.values():
            row.label.setFixedWidth(max(min(longest + 8, self.width() - EDITOR_WIDTH), 60))

    def _on_edited(self, name: str) -> None:
        self._rows[name].touched = True
        self._refresh()
        self.changed.emit()

    def _on_reset(self, name: str, _checked: bool = False) -> None:
        differed = self._rows[name].differs
        self._rows[name].go_back()
        self._refresh()
        if differed:
            self.changed.emit()

    def _refresh(self) -> None:
        for row in self._rows.values():
            row.reset.setEnabled(row.differs)
        advanced = [row for row in self._rows.values() if row.parameter.advanced]
        changed = sum(row.differs for row in advanced)
        self.advanced.title = f"Advanced ({changed} changed)" if changed else "Advanced"


class _Row:
    """The widgets of one parameter."""

    def __init__(self, parameter: Parameter) -> None:
        self.parameter = parameter
        self.editor: Any = make_editor(parameter)
        self.start: Any = MISSING
        self.touched = False
        self.editor.set_value(parameter.plainest_value())
        self.label = QElidingLabel(readable(parameter.name))
        self.reset = flat_button("↺", "Return to the starting value")
        self.reset.setFixedWidth(20)
        self.error = ErrorLabel()
        self._message = self._problem = ""
        if hasattr(self.editor, "problem"):
            self.editor.problem.connect(self._on_problem)
        self.describe("")

    @property
    def differs(self) -> bool:
        return bool(self.editor.value() != self.start)

    def go_back(self) -> None:
        self.editor.set_value(self.start)
        self.touched = False

    def describe(self, unit: str) -> None:
        text = tooltip(self.parameter, unit)
        self.label.setToolTip(text)
        self.editor.setToolTip(text)

    def add_to(self, grid: QGridLayout) -> None:
        line = grid.rowCount()
        grid.addWidget(self.reset, line, 2)
        toolbar: QWidget | None = getattr(self.editor, "toolbar", None)
        if toolbar is None:
            grid.addWidget(self.label, line, 0)
            grid.addWidget(self.editor, line, 1)
        else:
            heading = QHBoxLayout()
            heading.addWidget(self.label)
            heading.addWidget(toolbar, 1)
            grid.addLayout(heading, line, 0, 1, 2)
            grid.addWidget(self.editor, line + 1, 0, 1, 3)
        grid.addWidget(self.error, line + 2, 0, 1, 3)

    def show_error(self, message: str) -> None:
        self._message = message
        text = self._problem or message  # a text that is no value comes first: the message is about the last value
        self.error.show_message(text)
        self.label.setStyleSheet(f"color: {ERROR_COLOUR};" if text else "")

    def _on_problem(self, problem: str) -> None:
        self._problem = problem
        self.show_error(self._message)


def _frozen(value: Any) -> Any:
    """`value` with tuples for lists, as predictors hold them."""
    return tuple(_frozen(v) for v in value) if isinstance(value, (list, tuple)) else value


def readable(name: str) -> str:
    """A parameter's or kind's name in words: ``"scale factor"``."""
    return " ".join(_SPELLINGS.get(word, word) for word in name.split("_") if word)


def tooltip(parameter: Parameter, unit: str = "") -> str:
    """What a person needs to know to set `parameter`: what it does, bounds and unit, default, and its name in code."""
    unit = {"length": unit, "voxels": "voxels"}.get(parameter.unit, "")
    facts = [f"{parameter.bounds}{' ' + unit if unit else ''}" if parameter.bounds else unit]
    if parameter.default is not MISSING:
        facts.append(f"default {parameter.default}")
    facts.append(f"in code: {parameter.name}")
    return "\n".join(line for line in (parameter.doc, " · ".join(fact for fact in facts if fact)) if line)
