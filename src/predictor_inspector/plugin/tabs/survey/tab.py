"""`SurveyTab`: training positions one by one, and findings and weights over many of them."""

from __future__ import annotations

from collections.abc import Callable, Generator
from itertools import islice
from typing import Any

from qtpy.QtCore import QSignalBlocker, Qt
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
)

from predictor_inspector.core.array import Array
from predictor_inspector.core.text import capitalised, format_error, format_roi
from predictor_inspector.inspection import Request
from predictor_inspector.inspection.findings import find_quickly
from predictor_inspector.inspection.training.positions import Positions
from predictor_inspector.inspection.training.survey import Survey, survey
from predictor_inspector.plugin.forms.small_widgets import ErrorLabel, guard_wheel
from predictor_inspector.plugin.live.worker import Job, LiveRunner
from predictor_inspector.plugin.model.resolve import Resolved
from predictor_inspector.plugin.tabs import Tab, TabContext
from predictor_inspector.plugin.tabs.survey.weight_plot import WeightPlot

_SIDE = 96  # voxels along an axis of the region that is suggested, at most


class SurveyTab(Tab):
    """Go to training positions, and survey many of them."""

    title = "Survey"
    tool_tip = "Go where training goes, and look for findings there"
    order = 50

    def __init__(self, context: TabContext) -> None:
        super().__init__(context)
        self._request: Request | None = None
        self._grid: Array | None = None
        self._shape: tuple[int, ...] | None = None
        self._runner = LiveRunner()
        self._size = QLineEdit()
        self._size.setPlaceholderText("32, 96, 96")
        self._size.setToolTip("Size of a training region in voxels, one number per axis, slowest first")
        self._annotated = _spin("annotated ≥ ", 0, 100, 0, " %", "Least annotated share of a region")
        self._seed = _spin("seed ", 0, 2**31 - 1, 0, "", "The same seed draws the same positions")
        self._nth = _spin("no. ", 0, 10**9, 0, "", "Which of the positions, counted from 0, in the order of a training")
        self._count = _spin("", 1, 100_000, 20, " regions", "How many regions to inspect")
        self._go = _button("Go", "Show this position")
        self._next = _button("Next", "Show the next position: a random region, as a training sampler would draw it")
        self._worst = _button("Worst", "Show the region where the most severe finding is worst; needs a survey")
        self._start = _button("Survey", "Inspect so many positions and list what is found")
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
        for name in ("size", "annotated", "nth", "count", "go", "next", "worst", "start", "error", "list", "plot"):
            getattr(self, f"_{name}").setObjectName(f"survey {name}")
        self._lay_out()
        self._connect()
        self._show(None)

    @property
    def busy(self) -> bool:
        """Whether a survey is being computed."""
        return self._runner.busy

    def on_resolved(self, state: Resolved) -> None:
        """Take over what is inspected, and suggest a size of regions that suits other ground truth."""
        self._request = state.request
        shape = tuple(int(n) for n in state.gt.spatial_shape)
        if shape != self._shape:
            self._shape = shape
            self._suggest_size(shape)

    def on_cleared(self) -> None:
        """There is nothing to survey."""
        self._request = self._shape = None

    def shut_down(self) -> None:
        """Stop for good."""
        self._runner.close()

    def start(self) -> None:
        """Survey as many positions as are asked for."""
        try:
            request, positions = self._positions()
        except ValueError as error:
            self._error.show_message(f"{capitalised(format_error(error))}.")
            return
        count = self._count.value()

        def work(step: Callable[[str, float], None]) -> Generator[Survey, None, None]:
            # Positions are drawn in the worker, too: searching a large mask takes time.
            yield from survey(request, list(islice(positions, count)), find_quickly, step)

        self._grid = request.source.gt
        self._error.show_message("")
        self._show(None)
        self._bar.setRange(0, count)
        self._runner.cancel()
        self._runner.submit(Job(work))
        self._start.setText("Cancel")

    def cancel(self) -> None:
        """Stop within the region that is being inspected; what was found stays."""
        self._runner.cancel()

    def go(self, n: int) -> None:
        """Show the n-th position."""
        try:
            roi = self._positions()[1][n]
        except ValueError as error:
            self._error.show_message(f"{capitalised(format_error(error))}.")
            return
        self._error.show_message("")
        with QSignalBlocker(self._nth):
            self._nth.setValue(n)
        self.context.derived.position = n
        self.context.go_to(roi)

    def _lay_out(self) -> None:
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
        column = QVBoxLayout(self)
        column.setSpacing(4)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(form)
        for widget, stretch in ((self._bar, 0), (self._error, 0), (self._list, 1), (self._channel, 0), (self._plot, 1)):
            column.addWidget(widget, stretch)

    def _connect(self) -> None:
        self._runner.advanced.connect(lambda _job, so_far: self._show(so_far))
        self._runner.failed.connect(lambda _job, error: self._error.show_message(capitalised(format_error(error))))
        self._runner.busy_changed.connect(self._on_busy)
        self._start.clicked.connect(lambda _c=False: self.cancel() if self.busy else self.start())
        self._go.clicked.connect(lambda _c=False: self.go(self._nth.value()))
        self._next.clicked.connect(lambda _c=False: self._go_to_next())
        self._worst.clicked.connect(lambda _c=False: self._go_to(self._list.topLevelItem(0)))
        self._list.itemActivated.connect(lambda item, _column: self._go_to(item))
        self._list.itemClicked.connect(lambda item, _column: self._go_to(item))
        self._channel.currentIndexChanged.connect(lambda i: self._plot.set_channel(None if i < 1 else i - 1))

    def _positions(self) -> tuple[Request, Positions]:
        request = self._request
        if request is None:
            raise ValueError("there is no ground truth to look at")
        if not self._size.text().strip():
            self._suggest_size(tuple(int(n) for n in request.source.gt.spatial_shape))
        share = self._annotated.value() / 100
        return request, Positions(request.source, self._voxels(), share, self._seed.value())

    def _voxels(self) -> tuple[int, ...]:
        text = self._size.text()
        try:
            return tuple(int(part) for part in text.replace("×", ",").replace("x", ",").split(","))
        except ValueError:
            raise ValueError(f"size must be whole numbers of voxels, such as 32, 96, 96; got {text!r}") from None

    def _suggest_size(self, shape: tuple[int, ...]) -> None:
        """Set a size that suits the ground truth, unless the one that is set does."""
        try:
            fits = all(n <= most for n, most in zip(self._voxels(), shape, strict=True))
        except ValueError:
            fits = False
        if not fits:
            self._size.setText(", ".join(str(min(_SIDE, n)) for n in shape))

    def _on_busy(self, busy: bool) -> None:
        self._start.setText("Cancel" if busy else "Survey")
        if not busy:
            self._bar.setValue(0)

    def _show(self, so_far: Survey | None) -> None:
        self.context.derived.survey = so_far
        tallies, channels = ((), ()) if so_far is None else (so_far.tallies, so_far.channels)
        self._worst.setEnabled(bool(tallies))
        titles = ["all channels", *channels]
        if titles != [self._channel.itemText(i) for i in range(self._channel.count())]:
            self._channel.clear()
            self._channel.addItems(titles)
        self._channel.setVisible(len(channels) > 1)
        self._list.clear()
        for tally in tallies:
            worst = tally.worst
            item = QTreeWidgetItem(self._list, [worst.severity, worst.message, str(tally.regions)])
            item.setData(0, Qt.ItemDataRole.UserRole, tally)
            where = format_roi(tally.roi, self._grid)
            for column in range(3):
                item.setToolTip(
                    column, f"{worst.id}: {worst.message}\n{worst.advice}\nworst in {where}; click to go there"
                )
        self._plot.show_survey(so_far)
        if so_far is not None:
            self._bar.setValue(so_far.done)
            self._list.headerItem().setText(2, f"of {so_far.done}")

    def _go_to(self, item: QTreeWidgetItem | None) -> None:
        """Show the region where the finding of a row is worst."""
        if item is not None:
            self.context.go_to(item.data(0, Qt.ItemDataRole.UserRole).roi)

    def _go_to_next(self) -> None:
        shown = self.context.derived.position
        self.go(0 if shown is None else shown + 1)


def _button(title: str, tooltip: str) -> QPushButton:
    button = QPushButton(title)
    button.setToolTip(tooltip)
    return button


def _spin(prefix: str, low: int, high: int, value: int, suffix: str, tooltip: str) -> QSpinBox:
    spin = QSpinBox()
    spin.setRange(low, high)
    spin.setValue(value)
    spin.setPrefix(prefix)
    spin.setSuffix(suffix)
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
    header: Any = tree.header()
    header.setStretchLastSection(False)
    header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
    header.setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
    return tree
