"""`HistogramPanel`: the histogram of the channel that is shown, and the way to sums per object."""

from __future__ import annotations

from typing import Any

from qtpy.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from predictor_inspector.inspection import Inspection
from predictor_inspector.inspection.numbers.histograms import ObjectSums, object_sums
from predictor_inspector.plugin.forms.small_widgets import ErrorLabel
from predictor_inspector.plugin.live.worker import Job, LiveRunner
from predictor_inspector.plugin.tabs.explain.shown import channel_shown
from predictor_inspector.plugin.tabs.numbers.histogram_view import HistogramView
from predictor_inspector.plugin.tabs.numbers.object_table import ObjectTable


class HistogramPanel(QWidget):
    """Follows a viewer's channel slider through the inspection at hand.

    Parameters
    ----------
    viewer : napari.Viewer
        Whose slider says which channel is shown.
    """

    def __init__(self, viewer: Any, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._inspection: Inspection | None = None
        self._runner = LiveRunner()
        self._runner.finished.connect(self._on_summed)
        self._runner.failed.connect(self._on_failed)
        self.view = HistogramView()
        self.table: ObjectTable | None = None
        self._error = ErrorLabel()
        self.sums_button = QPushButton("Sums per object…")
        self.sums_button.setToolTip("Voxels of each id in the region, and the sums of their targets and weights")
        self.sums_button.clicked.connect(lambda _checked=False: self.show_sums())
        foot = QHBoxLayout()
        foot.addStretch(1)
        foot.addWidget(self.sums_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self.view)
        layout.addWidget(self._error)
        layout.addLayout(foot)
        self.forget()

    @property
    def busy(self) -> bool:
        """Whether something is being counted or summed up."""
        return self.view.busy or self._runner.busy

    def show_inspection(self, inspection: Inspection) -> None:
        """Show another inspection."""
        self._inspection = inspection
        self._error.show_message("")
        self.sums_button.setEnabled(True)
        self.follow_view()

    def follow_view(self) -> None:
        """Show the channel that the viewer's slider is at."""
        if self._inspection is not None:
            self.view.show_channel(self._inspection, channel_shown(self._viewer, self._inspection))

    def forget(self) -> None:
        """There is nothing to show any more."""
        self._inspection = None
        self.sums_button.setEnabled(False)
        self._error.show_message("")
        self.view.show_channel(None)

    def show_sums(self) -> None:
        """Sum up per object, and open a window with the sums."""
        inspection = self._inspection
        if inspection is not None:
            self._runner.submit(Job(lambda _step: object_sums(inspection)))

    def close_down(self) -> None:
        """Count no more."""
        self.view.close_down()
        self._runner.close()

    def _on_summed(self, _job: Job, sums: ObjectSums) -> None:
        self.table = ObjectTable(sums, self)
        self.table.finished.connect(self._on_table_closed)
        self.table.show()

    def _on_failed(self, _job: Job, error: BaseException) -> None:
        self._error.show_message(str(error))

    def _on_table_closed(self, _result: int) -> None:
        self.table = None
