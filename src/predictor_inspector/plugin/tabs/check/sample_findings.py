"""Findings in training samples: positions one by one, and what is found over many of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

from qtpy.QtCore import QSignalBlocker, Qt
from qtpy.QtWidgets import QLineEdit, QProgressBar, QPushButton, QSpinBox, QTreeWidgetItem, QWidget

from predictor_inspector.core.text import capitalised, format_error, format_region
from predictor_inspector.inspection import Request
from predictor_inspector.inspection.findings import find_quickly
from predictor_inspector.inspection.training.positions import Positions
from predictor_inspector.inspection.training.survey import Survey, survey
from predictor_inspector.plugin.forms.layouts import TreeTable, in_column, in_form, in_row
from predictor_inspector.plugin.forms.small_widgets import ErrorLabel, guard_wheel
from predictor_inspector.plugin.live.worker import Job
from predictor_inspector.plugin.model.resolve import Resolved
from predictor_inspector.plugin.tabs import Tab

_SIDE = 96  # voxels along an axis of the region that is suggested, at most


class SampleFindings(QWidget):
    """Go to training positions, and survey many of them."""

    def __init__(self, tab: Tab) -> None:
        super().__init__()
        self.context = tab.context
        self._request: Request | None = None
        self._surveyed: Request | None = None
        self._runner = tab.new_runner()
        self._runner.advanced.connect(self._on_advanced)
        self._runner.failed.connect(self._on_failed)
        self._runner.busy_changed.connect(self._on_busy)
        self._size = QLineEdit(placeholderText="32, 96, 96")
        self._size.setToolTip("Size of a training region in voxels, one number per axis, slowest first")
        self._annotated = _spin("annotated ≥ ", 100, " %", "Least annotated share of a region")
        self._seed = _spin("seed ", 2**31 - 1, "", "The same seed draws the same positions")
        self._nth = _spin("no. ", 10**9, "", "Which of the positions, counted from 0, in the order of a training")
        self._count = _spin("", 100_000, " regions", "How many regions to inspect")
        self._count.setMinimum(1)
        self._count.setValue(20)
        self._go = QPushButton("Go", toolTip="Show this position")
        self._go.clicked.connect(lambda: self.go(self._nth.value()))
        self._next = QPushButton("Next")
        self._next.setToolTip("Show the next position: a random region, as a training sampler would draw it")
        self._next.clicked.connect(self._go_to_next)
        self._start = QPushButton("Survey", toolTip="Inspect so many positions and list what is found")
        self._start.clicked.connect(lambda: self.cancel() if self._runner.busy else self.start())
        self._list = TreeTable(("severity", "finding, at its worst", "regions"), wide=1, rootIsDecorated=False)
        self._list.setMinimumHeight(80)
        self._list.itemActivated.connect(self._go_to)
        self._list.itemClicked.connect(self._go_to)
        self._worst = QPushButton("Worst")
        self._worst.setToolTip("Show the region where the most severe finding is worst; needs a survey")
        self._worst.clicked.connect(lambda: self._go_to(self._list.topLevelItem(0)))
        self._bar, self._error = QProgressBar(textVisible=False), ErrorLabel()
        self._bar.setFixedHeight(6)
        for name in ("size", "annotated", "nth", "count", "go", "next", "worst", "start", "error", "list"):
            getattr(self, f"_{name}").setObjectName(f"samples {name}")
        form = in_form(
            ("size", in_row((self._size, 1), self._annotated)),
            ("position", in_row((self._nth, 1), self._seed, self._go, self._next)),
            ("survey", in_row((self._count, 1), self._start, self._worst)),
        )
        self.setLayout(in_column(form, self._bar, self._error, (self._list, 1)))
        self._show(None)

    def on_resolved(self, state: Resolved) -> None:
        """Take over what is inspected, and suggest a size of regions that suits other ground truth."""
        before, self._request = self._request, state.request
        if before is None or before.source.gt.spatial_shape != state.request.source.gt.spatial_shape:
            self._suggest_size(state.request)

    def on_cleared(self) -> None:
        self._request = None

    def start(self) -> None:
        """Survey as many positions as are asked for."""
        request, positions, count = self._request, self._positions(), self._count.value()
        if request is None or positions is None:
            return

        def work(step: Callable[[str, float], None]) -> Iterator[Survey]:
            # Positions are drawn in the worker, too: searching a large mask takes time.
            yield from survey(request, list(islice(positions, count)), find_quickly, step)

        self._surveyed = request
        self._show(None)
        self._bar.setRange(0, count)
        self._runner.cancel()
        self._runner.submit(Job(work))

    def cancel(self) -> None:
        """Stop within the region that is being inspected; what was found stays."""
        self._runner.cancel()

    def go(self, n: int) -> None:
        """Show the n-th position."""
        positions = self._positions()
        if positions is None:
            return
        try:
            roi = positions[n]
        except ValueError as error:
            self._show_error(error)
            return
        with QSignalBlocker(self._nth):
            self._nth.setValue(n)
        self.context.derived.position = n
        self.context.go_to(roi)

    def _positions(self) -> Positions | None:
        """The positions that are asked for; None, and an error message, if there are none."""
        self._error.show_message("")
        try:
            if self._request is None:
                raise ValueError("there is no ground truth to look at")
            if not self._size.text().strip():
                self._suggest_size(self._request)
            share = self._annotated.value() / 100
            return Positions(self._request.source, self._voxels(), share, self._seed.value())
        except ValueError as error:
            self._show_error(error)
            return None

    def _voxels(self) -> tuple[int, ...]:
        text = self._size.text()
        try:
            return tuple(int(part) for part in text.replace("×", ",").replace("x", ",").split(","))
        except ValueError:
            raise ValueError(f"size must be whole numbers of voxels, such as 32, 96, 96; got {text!r}") from None

    def _suggest_size(self, request: Request) -> None:
        """Set a size that suits the ground truth, unless the one that is set does."""
        shape = [int(n) for n in request.source.gt.spatial_shape]
        try:
            fits = all(n <= most for n, most in zip(self._voxels(), shape, strict=True))
        except ValueError:
            fits = False
        if not fits:
            self._size.setText(", ".join(str(min(_SIDE, n)) for n in shape))

    def _on_advanced(self, _job: Job, so_far: Survey) -> None:
        self._show(so_far)

    def _on_failed(self, _job: Job, error: BaseException) -> None:
        self._error.show_message(capitalised(format_error(error)))

    def _on_busy(self, busy: bool) -> None:
        self._start.setText("Cancel" if busy else "Survey")
        if not busy:
            self._bar.setValue(0)

    def _show_error(self, error: ValueError) -> None:
        self._error.show_message(f"{capitalised(format_error(error))}.")

    def _show(self, so_far: Survey | None) -> None:
        self.context.derived.survey = so_far
        tallies = () if so_far is None else so_far.tallies
        self._worst.setEnabled(bool(tallies))
        self._list.clear()
        for tally in tallies:
            worst = tally.worst
            item = QTreeWidgetItem(self._list, [worst.severity, worst.message, str(tally.regions)])
            item.setData(0, Qt.ItemDataRole.UserRole, tally)
            where = "" if self._surveyed is None else format_region(tally.roi, self._surveyed.source.gt)
            tool_tip = f"{worst.id}: {worst.message}\n{worst.advice}\nworst in {where}; click to go there"
            for column in range(3):
                item.setToolTip(column, tool_tip)
        if so_far is not None:
            self._bar.setValue(so_far.done)
            self._list.headerItem().setText(2, f"of {so_far.done}")

    def _go_to(self, item: QTreeWidgetItem | None, _column: int = 0) -> None:
        """Show the region where the finding of a row is worst."""
        if item is not None:
            self.context.go_to(item.data(0, Qt.ItemDataRole.UserRole).roi)

    def _go_to_next(self) -> None:
        shown = self.context.derived.position
        self.go(0 if shown is None else shown + 1)


def _spin(prefix: str, maximum: int, suffix: str, tool_tip: str) -> QSpinBox:
    spin: Any = QSpinBox(prefix=prefix, maximum=maximum, suffix=suffix, toolTip=tool_tip, keyboardTracking=False)
    guard_wheel(spin)
    return spin
