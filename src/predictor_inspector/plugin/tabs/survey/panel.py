"""The survey part of the dock: training positions one by one, and what comes up in many of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from funlib.geometry import Roi
from qtpy.QtCore import QSignalBlocker, Qt, Signal
from qtpy.QtWidgets import (
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QHeaderView,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QSpinBox,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from predictor_inspector.core.array import Array
from predictor_inspector.core.text import capitalised, format_error, format_roi
from predictor_inspector.inspection import Request
from predictor_inspector.inspection.findings import Find, find_quickly
from predictor_inspector.inspection.training.positions import Positions
from predictor_inspector.inspection.training.survey import Survey, Tally
from predictor_inspector.plugin.forms.small_widgets import ErrorLabel, guard_wheel
from predictor_inspector.plugin.tabs.survey.run import SurveyRun
from predictor_inspector.plugin.tabs.survey.weight_plot import WeightPlot

_SIDE = 96  # voxels along an axis of the region that is suggested, at most


class SurveyPanel(QWidget):
    """Go to training positions, and survey many of them.

    Parameters
    ----------
    request : callable
        Gives what is inspected, or None if there is nothing to inspect; may raise a ``ValueError`` with a sentence.
    go_to : callable
        Shows a region in the viewer and inspects it: given the region and the ground truth.
    find : callable
        Gives the findings of an inspection.
    """

    position_changed = Signal(int)
    """Which of the training positions is shown."""
    surveyed = Signal(object)
    """The `Survey` so far."""

    def __init__(
        self,
        request: Callable[[], Request | None],
        go_to: Callable[[Roi, Array], Any],
        find: Find = find_quickly,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._request, self._go_to, self._find = request, go_to, find
        self._run = SurveyRun()
        self._grid: Array | None = None
        self._shown: int | None = None
        self.survey: Survey | None = None
        self._size = QLineEdit()
        self._size.setPlaceholderText("32, 96, 96")
        self._size.setToolTip("Size of a training region in voxels, one number per axis, slowest first")
        self._annotated = _spin(0, 100, 0, " %", "At least so much of a region must be annotated", "annotated ≥ ")
        self._seed = _spin(
            0, 2**31 - 1, 0, "", "Another seed draws other positions; the same seed the same ones", "seed "
        )
        self._nth = _spin(0, 10**9, 0, "", "Which of the positions, counted from 0, in the order of a training", "no. ")
        self._go = QPushButton("Go")
        self._go.setToolTip("Show this position")
        self._next = QPushButton("Next")
        self._next.setToolTip("Show the next position: a random region, as a training sampler would draw it")
        self._worst = QPushButton("Worst")
        self._worst.setToolTip("Show the region where the gravest finding is worst; needs a survey")
        self._count = _spin(1, 100_000, 20, " regions", "How many regions to inspect")
        self._start = QPushButton("Survey")
        self._start.setToolTip("Inspect so many positions and list what is found")
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setFixedHeight(6)
        self._error = ErrorLabel()
        self._list = _findings_list()
        self._channel = QComboBox()
        self._channel.setToolTip("Whose weights to plot")
        self._channel.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self._channel.setMinimumContentsLength(10)
        guard_wheel(self._channel)
        self._plot = WeightPlot()
        self._lay_out()
        self._connect()
        self._show(None)

    @property
    def busy(self) -> bool:
        """Whether a survey is under way."""
        return self._run.busy

    @property
    def position(self) -> int | None:
        """Which position was shown last; None before the first."""
        return self._shown

    def refresh(self) -> None:
        """Suggest a size that suits the ground truth, where the one that is set doesn't."""
        request = self._request_or_none()
        if request is None:
            return
        shape = tuple(int(n) for n in request.source.gt.spatial_shape)
        try:
            fits = all(n <= most for n, most in zip(self._voxels(), shape, strict=True))
        except ValueError:
            fits = False
        if not fits:
            self._size.setText(", ".join(str(min(_SIDE, n)) for n in shape))

    def start(self) -> None:
        """Survey as many positions as are asked for."""
        self._error.show_message("")
        try:
            request, positions = self._positions()
        except ValueError as error:
            self._complain(error)
            return
        self._grid = request.source.gt
        self._show(None)
        count = self._count.value()
        self._bar.setRange(0, count)
        self._run.start(request, positions, count, self._find)
        self._show_busy()

    def cancel(self) -> None:
        """Stop; what was found stays."""
        self._run.cancel()

    def close_down(self) -> None:
        """Stop for good."""
        self._run.close()

    def go(self, n: int) -> None:
        """Show the n-th position."""
        self._error.show_message("")
        try:
            request, positions = self._positions()
            roi = positions[n]
        except ValueError as error:
            self._complain(error)
            return
        with QSignalBlocker(self._nth):
            self._nth.setValue(n)
        self._shown = n
        self._go_to(roi, request.source.gt)
        self.position_changed.emit(n)

    def go_to_worst(self) -> None:
        """Show the region where the gravest finding of the survey is worst."""
        if self.survey is not None and self.survey.tallies and self._grid is not None:
            self._go_to(self.survey.tallies[0].roi, self._grid)

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        form = QFormLayout()
        form.setVerticalSpacing(4)
        for title, widgets in (
            ("size", (self._size, self._annotated)),
            ("position", (self._nth, self._seed, self._go, self._next)),
            ("survey", (self._count, self._start, self._worst)),
        ):
            row = QHBoxLayout()
            row.setSpacing(4)
            for i, widget in enumerate(widgets):
                row.addWidget(widget, int(i == 0))
            form.addRow(title, row)
        column.addLayout(form)
        column.addWidget(self._bar)
        column.addWidget(self._error)
        column.addWidget(self._list, 1)
        column.addWidget(self._channel)
        column.addWidget(self._plot, 1)

    def _connect(self) -> None:
        self._run.advanced.connect(self._show)
        self._run.ended.connect(self._on_ended)
        self._start.clicked.connect(lambda _c=False: self.cancel() if self.busy else self.start())
        self._go.clicked.connect(lambda _c=False: self.go(self._nth.value()))
        self._next.clicked.connect(lambda _c=False: self.go(0 if self._shown is None else self._shown + 1))
        self._worst.clicked.connect(lambda _c=False: self.go_to_worst())
        self._list.itemActivated.connect(lambda item, _column: self._on_item(item))
        self._list.itemClicked.connect(lambda item, _column: self._on_item(item))
        self._channel.currentIndexChanged.connect(lambda i: self._plot.set_channel(None if i < 1 else i - 1))

    def _positions(self) -> tuple[Request, Positions]:
        request = self._request()
        if request is None:
            raise ValueError("there is no ground truth to look at")
        if not self._size.text().strip():
            self.refresh()
        share = self._annotated.value() / 100
        return request, Positions(request.source, self._voxels(), share, self._seed.value())

    def _voxels(self) -> tuple[int, ...]:
        text = self._size.text()
        try:
            return tuple(int(part) for part in text.replace("×", ",").replace("x", ",").split(","))
        except ValueError:
            raise ValueError(f"size must be whole numbers of voxels, such as 32, 96, 96; got {text!r}") from None

    def _request_or_none(self) -> Request | None:
        try:
            return self._request()
        except ValueError:
            # What is wrong is said where it is, and again when it is used.
            return None

    def _complain(self, error: Exception) -> None:
        self._error.show_message(f"{capitalised(format_error(error))}.")

    def _on_ended(self, trouble: str) -> None:
        self._error.show_message(trouble)
        self._show_busy()

    def _show_busy(self) -> None:
        busy = self.busy
        self._start.setText("Cancel" if busy else "Survey")
        if not busy:
            self._bar.setValue(0)

    def _show(self, survey: Survey | None) -> None:
        self.survey = survey
        self.surveyed.emit(survey)
        self._worst.setEnabled(survey is not None and bool(survey.tallies))
        self._list.clear()
        channels = () if survey is None else survey.channels
        titles = ["all channels", *channels]
        if titles != [self._channel.itemText(i) for i in range(self._channel.count())]:
            self._channel.clear()
            self._channel.addItems(titles)
        self._channel.setVisible(len(channels) > 1)
        self._plot.show_survey(survey)
        if survey is None:
            return
        self._bar.setValue(survey.done)
        self._list.headerItem().setText(2, f"of {survey.done}")
        for tally in survey.tallies:
            self._add(tally)

    def _add(self, tally: Tally) -> None:
        item = QTreeWidgetItem(self._list, [tally.worst.severity, tally.worst.message, str(tally.regions)])
        where = "" if self._grid is None else f"\nworst in {format_roi(tally.roi, self._grid)}; click to go there"
        for column in range(3):
            item.setToolTip(column, f"{tally.worst.id}: {tally.worst.message}\n{tally.worst.advice}{where}")
        item.setData(0, Qt.ItemDataRole.UserRole, tally)

    def _on_item(self, item: QTreeWidgetItem) -> None:
        tally = item.data(0, Qt.ItemDataRole.UserRole)
        if tally is not None and self._grid is not None:
            self._go_to(tally.roi, self._grid)


def _spin(low: int, high: int, value: int, suffix: str, tooltip: str, prefix: str = "") -> QSpinBox:
    spin = QSpinBox()
    spin.setRange(low, high)
    spin.setValue(value)
    spin.setSuffix(suffix)
    spin.setPrefix(prefix)
    spin.setToolTip(tooltip)
    spin.setKeyboardTracking(False)
    guard_wheel(spin)
    return spin


def _findings_list() -> QTreeWidget:
    tree = QTreeWidget()
    tree.setColumnCount(3)
    tree.setHeaderLabels(["severity", "finding, at its worst", "regions"])
    tree.setRootIsDecorated(False)
    tree.setUniformRowHeights(True)
    tree.setTextElideMode(Qt.TextElideMode.ElideRight)
    tree.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    tree.setMinimumHeight(80)
    header = tree.header()
    header.setStretchLastSection(False)
    header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
    header.setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
    return tree
