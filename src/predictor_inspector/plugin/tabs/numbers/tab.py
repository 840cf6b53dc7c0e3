"""`NumbersTab`: the voxel under the mouse, a channel's histogram, and sums per object."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from predictor_inspector.core.text import format_error
from predictor_inspector.inspection import Inspection
from predictor_inspector.inspection.numbers.histograms import Histogram, ObjectSums, histogram, object_sums
from predictor_inspector.inspection.numbers.probe import probe
from predictor_inspector.plugin.forms.plot_canvas import load_matplotlib
from predictor_inspector.plugin.forms.small_widgets import ErrorLabel
from predictor_inspector.plugin.layers.results import channel_shown
from predictor_inspector.plugin.live.mouse import CanvasMouse, CanvasPoint
from predictor_inspector.plugin.live.worker import Job, LiveRunner
from predictor_inspector.plugin.tabs import Tab, TabContext
from predictor_inspector.plugin.tabs.numbers.histogram_plot import HistogramPlot
from predictor_inspector.plugin.tabs.numbers.tables import ObjectTable, ProbeTable

_PROBE_EVERY = 33  # milliseconds: as often as a picture moves


class NumbersTab(Tab):
    """Values of the inspection shown, voxel by voxel, value by value and object by object.

    The mouse is followed no more often than is seen, and the histogram counted in a worker; both only while the tab can be
    seen.
    """

    title = "Numbers"
    tool_tip = "The voxel under the mouse, how often which value occurs, and sums per object"
    order = 30

    def __init__(self, context: TabContext, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self.probe_table, self.plot, self._error = ProbeTable(), HistogramPlot(), ErrorLabel()
        self.object_table: ObjectTable | None = None
        self._inspection: Inspection | None = None
        self._point: CanvasPoint | None = None
        self._counted: tuple[int, int] | None = None
        self._counter, self._adder = LiveRunner(), LiveRunner()
        self._counter.finished.connect(self._on_counted)
        self._adder.finished.connect(self._on_added)
        for runner in (self._counter, self._adder):
            runner.failed.connect(lambda _job, error: self._error.show_message(format_error(error)))
        self._mouse = CanvasMouse(context.viewer, self._on_move)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_PROBE_EVERY)
        self._timer.timeout.connect(self._probe)
        self.sums_button = QPushButton("Sums per object…")
        self.sums_button.setToolTip("Voxels of each id in the region, and the sums of their targets and weights")
        self.sums_button.clicked.connect(lambda _checked=False: self.show_sums())
        foot = QHBoxLayout()
        foot.addStretch(1)
        foot.addWidget(self.sums_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.probe_table)
        layout.addSpacing(8)
        layout.addWidget(self.plot)
        layout.addWidget(self._error)
        layout.addLayout(foot)
        layout.addStretch(1)
        self.on_outdated()

    @property
    def busy(self) -> bool:
        """Whether something is being counted or added up."""
        return self._counter.busy or self._adder.busy

    def on_shown(self, inspection: Inspection) -> None:
        """Show this inspection's numbers."""
        self._inspection = inspection
        self._error.show_message("")
        self.sums_button.setEnabled(True)
        self._probe()
        self._count()

    def on_outdated(self) -> None:
        """There is nothing to count any more."""
        self._inspection = self._counted = None
        self._error.show_message("")
        self.sums_button.setEnabled(False)
        self._probe()
        self.plot.show_histogram(None)

    def on_cleared(self) -> None:
        """There is nothing to count any more."""
        self.on_outdated()

    def on_view_changed(self) -> None:
        """Count the channel shown."""
        self._count()

    def shut_down(self) -> None:
        """Stop for good."""
        self._timer.stop()
        self._mouse.close()
        self._counter.close()
        self._adder.close()

    def showEvent(self, event: Any) -> None:
        """Catch up."""
        super().showEvent(event)
        self._count()

    def show_sums(self) -> None:
        """Add up per object, and open a window with the sums."""
        inspection = self._inspection
        if inspection is not None:
            self._adder.submit(Job(lambda _step: object_sums(inspection)))

    def _on_move(self, point: CanvasPoint, _held: bool) -> None:
        if self.isVisible():
            self._point = point
            if not self._timer.isActive():
                self._timer.start()

    def _probe(self) -> None:
        found = None
        if self._inspection is not None and self._point is not None:
            position = self._point.in_region(self._inspection)
            found = None if position is None else probe(self._inspection, position)
        self.probe_table.show_probe(found)

    def _count(self) -> None:
        """Count the channel shown, unless that is done."""
        inspection = self._inspection
        if inspection is None or not self.isVisible():
            return
        channel = channel_shown(self.context.viewer, inspection)
        wanted = id(inspection), channel
        if wanted != self._counted:
            self._counted = wanted

            def work(_step: Any) -> Histogram:
                load_matplotlib()
                return histogram(inspection, channel)

            self._counter.submit(Job(work, wanted))

    def _on_counted(self, job: Job, counts: Histogram) -> None:
        if job.about == self._counted:
            self.plot.show_histogram(counts)

    def _on_added(self, _job: Job, sums: ObjectSums) -> None:
        self.object_table = ObjectTable(sums, self)
        self.object_table.finished.connect(self._on_table_closed)
        self.object_table.show()

    def _on_table_closed(self, _result: int) -> None:
        self.object_table = None
