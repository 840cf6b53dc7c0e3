"""Numbers tab: the voxel under the mouse, a channel's histogram, and sums per object."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QHeaderView, QLabel, QPushButton, QSizePolicy

from predictor_inspector.core.text import format_error
from predictor_inspector.inspection import Inspection
from predictor_inspector.inspection.numbers.histograms import Histogram, ObjectSums, histogram, object_sums
from predictor_inspector.inspection.numbers.probe import probe
from predictor_inspector.plugin.forms.layouts import in_column, in_row
from predictor_inspector.plugin.forms.plot_canvas import load_matplotlib
from predictor_inspector.plugin.forms.small_widgets import ErrorLabel
from predictor_inspector.plugin.live.mouse import CanvasMouse, CanvasPoint
from predictor_inspector.plugin.live.worker import Job
from predictor_inspector.plugin.tabs import Tab, TabContext
from predictor_inspector.plugin.tabs.numbers.histogram_plot import HistogramPlot
from predictor_inspector.plugin.tabs.numbers.tables import ColumnTable, ObjectTable

_PROBE_EVERY = 33  # milliseconds
_ROW, _MOST_ROWS = 20, 6  # pixels, and rows that are seen at once


class NumbersTab(Tab):
    """Values of the inspection shown, voxel by voxel, value by value and object by object.

    The mouse is followed, and the histogram counted, only while the tab is visible.
    """

    title = "Numbers"
    tool_tip = "The voxel under the mouse, how often which value occurs, and sums per object"
    order = 30

    def __init__(self, context: TabContext) -> None:
        super().__init__(context)
        self._inspection: Inspection | None = None
        self._point: CanvasPoint | None = None
        self._counted: int | None = None  # the channel of the histogram
        self._counter, self._adder = self.new_runner(), self.new_runner()
        self._counter.finished.connect(self._on_counted)
        self._adder.finished.connect(self._on_added)
        for runner in (self._counter, self._adder):
            runner.failed.connect(self._on_failed)
        self._mouse = CanvasMouse(context.viewer, self._on_move)
        self._later = self.new_timer(_PROBE_EVERY, self._probe)
        self._values = ColumnTable(("channel", "target", "weight"))
        self._values.verticalHeader().setDefaultSectionSize(_ROW)
        self._values.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self._values.setSelectionMode(ColumnTable.SelectionMode.NoSelection)
        self._values.setFixedHeight((_MOST_ROWS + 1) * _ROW + 8)
        self._voxel = QLabel(textFormat=Qt.TextFormat.PlainText)
        self._voxel.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.plot, self._error = HistogramPlot(), ErrorLabel()
        self._sums = QPushButton("Sums per object…")
        self._sums.setToolTip("Voxels of each id in the region, and the sums of their targets and weights")
        self._sums.clicked.connect(self.show_sums)
        for name in ("voxel", "values", "sums", "error"):
            getattr(self, f"_{name}").setObjectName(f"numbers {name}")
        voxel = in_column(self._voxel, self._values, spacing=2)
        self.setLayout(in_column(voxel, self.plot, self._error, in_row(None, self._sums), None, spacing=8))
        self.on_outdated()

    def on_shown(self, inspection: Inspection) -> None:
        self._show(inspection)
        self._count()

    def on_outdated(self) -> None:
        self._show(None)
        self.plot.show_histogram(None)

    def on_view_changed(self) -> None:
        self._count()

    def shut_down(self) -> None:
        super().shut_down()
        self._mouse.close()

    def showEvent(self, event: Any) -> None:
        """Count what wasn't counted while the tab was hidden."""
        super().showEvent(event)
        self._count()

    def show_sums(self) -> None:
        """Add up per object, and open a window with the sums."""
        inspection = self._inspection
        if inspection is not None:
            self._adder.submit(Job(lambda _step: object_sums(inspection)))

    def _show(self, inspection: Inspection | None) -> None:
        self._inspection, self._counted = inspection, None
        self._error.show_message("")
        self._sums.setEnabled(inspection is not None)
        self._probe()

    def _on_move(self, point: CanvasPoint, _held: bool) -> None:
        if self.isVisible():
            self._point = point
            if not self._later.isActive():
                self._later.start()

    def _probe(self) -> None:
        """Show the voxel under the mouse."""
        inspection, point = self._inspection, self._point
        position = None if inspection is None or point is None else point.in_region(inspection)
        found = None if inspection is None or position is None else probe(inspection, position)
        if found is None:
            self._values.show_columns([(), (), ()])
            self._voxel.setText("Move the mouse over the region.")
            return
        self._values.show_columns([found.names, found.values, found.weights])
        ids, index = ", ".join(map(str, found.ids)), ", ".join(map(str, found.index))
        known = "" if found.annotated else ", not annotated"
        self._voxel.setText(f"{'id' if len(found.ids) == 1 else 'ids'} {ids}{known}; voxel {index}")

    def _count(self) -> None:
        """Count the channel shown, unless that is done."""
        inspection = self._inspection
        if inspection is None or not self.isVisible():
            return
        channel = self.context.controller.results.channel_of(inspection)
        if channel != self._counted:
            self._counted = channel

            def work(_step: Any) -> Histogram:
                load_matplotlib()
                return histogram(inspection, channel)

            self._counter.submit(Job(work, (inspection, channel)))

    def _on_counted(self, job: Job, counts: Histogram) -> None:
        inspection, channel = job.about
        if inspection is self._inspection and channel == self._counted:
            self.plot.show_histogram(counts)

    def _on_added(self, _job: Job, sums: ObjectSums) -> None:
        ObjectTable(sums, self).show()

    def _on_failed(self, _job: Job, error: BaseException) -> None:
        self._error.show_message(format_error(error))
