"""Statistics tab: channels, a histogram, sums per object, and weights over samples."""

from __future__ import annotations

from typing import Any

from qtpy.QtWidgets import QPushButton, QWidget

from predictor_inspector.core.text import format_error
from predictor_inspector.inspection import Inspection
from predictor_inspector.inspection.numbers.histograms import Histogram, ObjectSums, histogram, object_sums
from predictor_inspector.plugin.forms.layouts import in_column, in_row
from predictor_inspector.plugin.forms.plot_canvas import load_matplotlib
from predictor_inspector.plugin.forms.small_widgets import ErrorLabel, scrolling
from predictor_inspector.plugin.live.worker import Job
from predictor_inspector.plugin.tabs import Tab, TabContext
from predictor_inspector.plugin.tabs.statistics.channel_table import ChannelTable
from predictor_inspector.plugin.tabs.statistics.histogram_plot import HistogramPlot
from predictor_inspector.plugin.tabs.statistics.object_table import ObjectTable
from predictor_inspector.plugin.tabs.statistics.weight_plot import SampleWeights


class StatisticsTab(Tab):
    """The inspection shown, channel by channel, value by value and object by object; weights over training samples.

    The histogram is counted only while the tab is visible.
    """

    title = "Statistics"
    tool_tip = "Values and weights of all channels, how often which value occurs, and sums per object"
    order = 30

    def __init__(self, context: TabContext) -> None:
        super().__init__(context)
        self._inspection: Inspection | None = None
        self._counted: int | None = None  # the channel of the histogram
        self._counter, self._adder = self.new_runner(), self.new_runner()
        self._counter.finished.connect(self._on_counted)
        self._adder.finished.connect(self._on_added)
        for runner in (self._counter, self._adder):
            runner.failed.connect(self._on_failed)
        self.plot, self.weights, self._error = HistogramPlot(), SampleWeights(context.derived), ErrorLabel()
        self._sums = QPushButton("Sums per object…")
        self._sums.setToolTip("Voxels of each id in the region, and the sums of their targets and weights")
        self._sums.clicked.connect(self.show_sums)
        for name in ("sums", "error"):
            getattr(self, f"_{name}").setObjectName(f"statistics {name}")
        inner, histogram = QWidget(), in_column(self.plot, self._error, in_row(None, self._sums))
        inner.setLayout(in_column(ChannelTable(context), histogram, self.weights, None, spacing=8))
        self.setLayout(in_column(scrolling(inner)))
        self.on_outdated()

    def on_shown(self, inspection: Inspection) -> None:
        self._show(inspection)
        self._count()

    def on_outdated(self) -> None:
        self._show(None)
        self.plot.show_histogram(None)

    def on_view_changed(self) -> None:
        self._count()

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
