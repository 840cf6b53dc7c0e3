"""Form made from a predictor's parameters: one row each, with unit, bounds, tooltip and reset button."""

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
from predictor_inspector.plugin.forms.editors import NumberEdit, make_editor
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
        self._dims = 3
        self._message = ErrorLabel()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        self._advanced = [row for row in self._rows.values() if row.parameter.advanced]
        layout.addWidget(_part([row for row in self._rows.values() if not row.parameter.advanced]))
        self.advanced = Collapsible("Advanced", _part(self._advanced))
        self.advanced.setVisible(bool(self._advanced))
        layout.addWidget(self.advanced)
        layout.addWidget(self._message)
        for row in self._rows.values():
            row.editor.edited.connect(partial(self._on_edited, row))
            row.reset.clicked.connect(partial(self._on_reset, row))
        self.set_starting_values({})
        self.set_unit("")

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
        """Parameters that were set, in the form or from code, since they were last reset."""
        return frozenset(name for name, row in self._rows.items() if row.touched)

    def values(self) -> dict[str, Any]:
        """Every parameter's value."""
        return {name: row.value for name, row in self._rows.items()}

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
        for name, value in {name: self._rows[name].fit(value) for name, value in values.items()}.items():
            self._rows[name].show(value)
            self._rows[name].touched = chosen is None or name in chosen
        self._refresh()

    def set_starting_values(self, values: Mapping[str, Any]) -> None:
        """Say where parameters start and return to; untouched ones move there, those not named to their default.

        Raises
        ------
        ValueError
            If a value doesn't fit its parameter.
        """
        for name, row in self._rows.items():
            row.set_start(row.fit(values[name]) if name in values else row.parameter.plainest_value(self._dims))
        self._refresh()

    def starting_values(self) -> dict[str, Any]:
        """Where every parameter returns to."""
        return {name: row.start for name, row in self._rows.items()}

    def reset(self) -> None:
        """Return every parameter to its starting value; emits `changed` once if any differed."""
        differed = [row.go_back() for row in self._rows.values()]
        self._refresh()
        if any(differed):
            self.changed.emit()

    def set_unit(self, unit: str) -> None:
        """Show lengths in `unit`; an empty one shows none."""
        for row in self._rows.values():
            row.set_unit(unit)

    def set_dims(self, dims: int) -> None:
        """Say how many spatial axes the data have, 2 or 3."""
        self._dims = dims
        for row in self._rows.values():
            if isinstance(row.editor, OffsetsTable):
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

    def _on_edited(self, row: _Row) -> None:
        if row.read():
            self._refresh()
            self.changed.emit()

    def _on_reset(self, row: _Row, _checked: bool = False) -> None:
        differed = row.go_back()
        self._refresh()
        if differed:
            self.changed.emit()

    def _refresh(self) -> None:
        for row in self._rows.values():
            row.reset.setEnabled(row.differs)
        changed = sum(row.differs for row in self._advanced)
        self.advanced.title = f"Advanced ({changed} changed)" if changed else "Advanced"


class _Row:
    """A parameter's widgets, with its value (exact where the editor rounds) and its starting value."""

    def __init__(self, parameter: Parameter) -> None:
        self.parameter = parameter
        self.editor = make_editor(parameter)
        self.value: Any = None
        self.start: Any = MISSING
        self.touched = False
        self.label = QElidingLabel(readable(parameter.name))
        self.reset = flat_button("↺", "Return to the starting value")
        self.reset.setObjectName(f"reset {parameter.name}")
        self.reset.setFixedWidth(20)
        self.error = ErrorLabel()
        self._message = self._problem = self._unit = ""

    @property
    def differs(self) -> bool:
        return bool(self.value != self.start)

    def fit(self, value: Any) -> Any:
        """`value` as the parameter's type; ``ValueError`` if it doesn't fit."""
        value = self.parameter.convert(value)
        self.parameter.check("the form", value)
        if isinstance(self.editor, OffsetsTable):
            self.editor.check(value)
        return value

    def show(self, value: Any) -> None:
        self.editor.set_value(value)
        self.value = value
        self._describe()
        self._show_problem("")

    def set_start(self, start: Any) -> None:
        if start == self.start and (self.touched or not self.differs):
            return  # somebody may be typing there
        self.start = start
        if not self.touched:
            self.show(start)
        if isinstance(self.editor, NumberEdit):
            self.editor.set_start(start)

    def read(self) -> bool:
        """Take over what the editor shows; return whether that is another value than before."""
        try:
            value = self.editor.value()
        except ValueError as error:
            self._show_problem(str(error))
            return False
        self._show_problem("")
        differs = repr(value) != repr(self.value)
        if differs:
            self.show(value)
            self.touched = True
        return differs

    def go_back(self) -> bool:
        """Return to the starting value; return whether that is another value than before."""
        differed, self.touched = self.differs, False
        self.show(self.start)
        return differed

    def set_unit(self, unit: str) -> None:
        self._unit = unit
        if isinstance(self.editor, NumberEdit):
            self.editor.set_unit(unit)
        self._describe()

    def _describe(self) -> None:
        text = tooltip(self.parameter, self._unit)
        self.label.setToolTip(text)
        names = self.value if self.parameter.holds_names else ()
        self.editor.setToolTip("\n".join((*names, "", text)).strip())  # names may not fit on their line

    def add_to(self, grid: QGridLayout) -> None:
        line = grid.rowCount()
        grid.addWidget(self.reset, line, 2)
        if isinstance(self.editor, OffsetsTable):
            heading = QHBoxLayout()
            heading.addWidget(self.label)
            heading.addWidget(self.editor.toolbar, 1)
            grid.addLayout(heading, line, 0, 1, 2)
            grid.addWidget(self.editor, line + 1, 0, 1, 3)
        else:
            grid.addWidget(self.label, line, 0)
            grid.addWidget(self.editor, line, 1)
        grid.addWidget(self.error, line + 2, 0, 1, 3)

    def show_error(self, message: str) -> None:
        self._message = message
        text = self._problem or message  # a text that is no value comes first: the message is about the last value
        self.error.show_message(text)
        self.label.setStyleSheet(f"color: {ERROR_COLOUR};" if text else "")

    def _show_problem(self, problem: str) -> None:
        self._problem = problem
        self.show_error(self._message)


def _part(rows: list[_Row]) -> QWidget:
    part = QWidget()
    grid = QGridLayout(part)
    grid.setContentsMargins(0, 0, 0, 0)
    grid.setHorizontalSpacing(6)
    grid.setVerticalSpacing(3)
    grid.setColumnStretch(1, 1)
    for row in rows:
        row.add_to(grid)
    return part


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
