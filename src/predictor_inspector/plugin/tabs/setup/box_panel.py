"""Numbers of the pinned box: begin and end per axis, as a ROI to paste, and ways to move it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from qtpy.QtWidgets import QCheckBox, QGridLayout, QLabel, QLineEdit, QPushButton, QWidget

from predictor_inspector.core.text import capitalised
from predictor_inspector.data.roi_text import roi_from_text, roi_to_text, roi_to_unit_ranges
from predictor_inspector.data.units import PIXEL
from predictor_inspector.plugin.forms.layouts import in_column, in_row
from predictor_inspector.plugin.forms.small_widgets import ErrorLabel, MessageLabel, ValueCombo
from predictor_inspector.plugin.live.controller import LiveController
from predictor_inspector.plugin.model.box import closest_box
from predictor_inspector.plugin.model.settings import Settings
from predictor_inspector.plugin.tabs.bound import bind

VOXELS = "voxels"
_MOST_AXES = 3


class BoxPanel(QWidget):
    """Shows and sets the pinned box in voxels, counted from the data's first, or in the unit of length.

    What can't be a box is refused in words and stays in its field, to be corrected.
    """

    def __init__(self, settings: Settings, controller: LiveController) -> None:
        super().__init__(objectName="box")
        self._settings, self._pinned = settings, controller.pinned
        self._unit = ValueCombo({VOXELS: VOXELS}, "What begin and end are counted in", 5)
        self._unit.setObjectName("box_unit")
        self._unit.chosen.connect(lambda _unit: self._show(anew=True))
        self._rows = [_Range(axis, self._set_range) for axis in range(_MOST_AXES)]
        self._text = QLineEdit(objectName="roi_text", placeholderText="paste a ROI: 620:640, 128:256, :")
        self._text.setToolTip(
            "The box as the command line writes it, to copy or to paste over: a range per axis in voxels (10:40, 10:, :, 25 "
            "for one) or with a unit (100nm:400nm). Press Enter."
        )
        self._text.editingFinished.connect(self._on_text)
        self._error, self._note = ErrorLabel(), MessageLabel()
        self._error.setObjectName("box_error")
        bring = _button("Bring to this slice", "bring", "Move the box to where the slice shown goes through its middle")
        bring.clicked.connect(self._pinned.bring_here)
        go = _button("Go to box", "go", "Show a slice of the box, and all of it")
        go.clicked.connect(self._pinned.go_to)
        self._back = _button("↶ Previous box", "previous_box", "Pin the box that was chosen before this one")
        self._back.clicked.connect(self._pinned.go_back)
        follows = QCheckBox("follows the slice", toolTip="Whether the box moves along to the slice that is shown")
        bind(follows, follows.toggled, follows.setChecked, settings, "box_follows_slice")
        grid = QGridLayout()
        grid.setHorizontalSpacing(4)
        grid.setVerticalSpacing(3)
        for line, row in enumerate(self._rows):
            row.add_to(grid, line)
        grid.addWidget(self._unit, _MOST_AXES - 1, 4)
        grid.setColumnStretch(1, 1)
        grid.setColumnStretch(3, 1)
        buttons = in_row((bring, 2), (go, 1))
        layout = in_column(grid, self._text, self._error, self._note, buttons, in_row((follows, 1), self._back))
        self.setLayout(layout)
        settings.events.box.connect(self._on_box)
        settings.events.gt.connect(self._on_gt)
        # After the box of before was kept.
        settings.stepped.connect(self._on_step)
        self._on_gt()

    def _on_box(self) -> None:
        self._note.show_message("")
        self._show()

    def _on_gt(self) -> None:
        gt, unit = self._settings.gt, self._unit.currentData()
        units = {VOXELS: VOXELS} | ({} if gt is None or gt.unit == PIXEL else {gt.unit: gt.unit})
        self._unit.offer(units, unit if unit in units else VOXELS)
        self._show(anew=True)

    def _on_step(self) -> None:
        self._back.setEnabled(self._pinned.has_previous)

    def _show(self, anew: bool = False) -> None:
        """Show the box; a text that is being typed stays, unless all is to be shown `anew`."""
        gt, box = self._settings.gt, self._settings.box
        if gt is None or box is None or box.dims != gt.dims:
            return
        box = closest_box(box, gt)
        if self._unit.currentData() == VOXELS:
            ranges = [(str(s.start), str(s.stop)) for s in gt.to_slices(box)]
        else:
            ranges = roi_to_unit_ranges(box, gt)
        for row, name, ends in zip(self._rows[-gt.dims :], gt.spatial_axes, ranges, strict=True):
            row.show(name, ends, anew)
        for row in self._rows[: -gt.dims]:
            row.hide()
        if anew or not self._text.isModified():
            self._text.setText(roi_to_text(box, gt))
            self._text.setCursorPosition(0)
        if not any(row.is_typed for row in self._rows) and not self._text.isModified():
            self._error.show_message("")

    def _set_range(self, row: _Range) -> None:
        """Take over what was typed for one axis."""
        gt, box, unit = self._settings.gt, self._settings.box, self._unit.currentData()
        if gt is None or box is None:
            return
        box = closest_box(box, gt)
        texts = [f"{s.start}:{s.stop}" for s in gt.to_slices(box)]
        axis = self._rows.index(row) - (len(self._rows) - gt.dims)
        world = tuple(f"{end}{'px' if gt.unit == PIXEL else gt.unit}" for end in roi_to_unit_ranges(box, gt)[axis])
        texts[axis] = row.text_in("" if unit == VOXELS else unit, world)
        self._take(", ".join(texts))

    def _on_text(self) -> None:
        if self._text.isModified():
            self._take(self._text.text())

    def _take(self, text: str) -> None:
        """Pin the box that a text means, or say why it means none."""
        gt = self._settings.gt
        if gt is None:
            return
        try:
            roi, note = roi_from_text(text, gt)
        except ValueError as error:
            self._error.show_message(capitalised(str(error)))
            return
        self._settings.pin(roi)
        self._show(anew=True)
        self._note.show_message(note)
        if self._settings.box_follows_slice:
            # Or it would leave at once for the slice that is shown.
            self._pinned.go_to()


class _Range:
    """Begin and end along an axis."""

    def __init__(self, axis: int, edited: Callable[[_Range], None]) -> None:
        self._label: QLabel = QLabel()
        self._ends = [QLineEdit(minimumWidth=50) for _ in range(2)]
        self._colon = QLabel(":")
        for name, line in zip(("begin", "end"), self._ends, strict=True):
            line.setObjectName(f"box_{name}_{'zyx'[axis]}")
            line.setToolTip(f"Where the box {name}s{'' if name == 'begin' else '; the voxel itself lies outside'}")
            line.editingFinished.connect(lambda: edited(self) if self.is_typed else None)

    @property
    def is_typed(self) -> bool:
        """Whether a text was typed that isn't the box's."""
        return any(line.isModified() for line in self._ends)

    def add_to(self, grid: QGridLayout, line: int) -> None:
        """Fill a line of a grid."""
        for column, widget in enumerate((self._label, self._ends[0], self._colon, self._ends[1])):
            grid.addWidget(widget, line, column)

    def show(self, name: str, ends: tuple[str, str], anew: bool) -> None:
        """Show the ends as texts."""
        self._label.setText(name)
        for line, text in zip(self._ends, ends, strict=True):
            if anew or not line.isModified():
                line.setText(text)
        self._set_visible(True)

    def hide(self) -> None:
        """The data have no such axis."""
        self._set_visible(False)

    def text_in(self, unit: str, world: Sequence[str]) -> str:
        """The range for `roi_from_text`; numbers without a unit get this one, `world` are the ends of the box with theirs."""
        texts = [line.text().strip() for line in self._ends]
        if any(text and text[-1].isalpha() for text in texts):
            # What wasn't typed isn't meant in the unit that was.
            typed = zip(self._ends, texts, world, strict=True)
            return ":".join(text if line.isModified() else end for line, text, end in typed)
        return ":".join(f"{text}{unit}" if text else "" for text in texts)

    def _set_visible(self, visible: bool) -> None:
        for widget in (self._label, *self._ends, self._colon):
            widget.setVisible(visible)


def _button(title: str, name: str, tool_tip: str) -> QPushButton:
    return QPushButton(title, objectName=name, toolTip=tool_tip)
