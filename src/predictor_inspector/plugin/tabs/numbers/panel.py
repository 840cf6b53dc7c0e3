"""`NumbersPanel`: the voxel under the mouse, a channel's histogram, and sums per object."""

from __future__ import annotations

from typing import Any

from qtpy.QtWidgets import QVBoxLayout, QWidget

from predictor_inspector.inspection import Inspection
from predictor_inspector.plugin.tabs.explain import HistogramPanel, Prober, ProbeTable


class NumbersPanel(QWidget):
    """What the inspection shown amounts to, voxel by voxel, value by value and object by object.

    Parameters
    ----------
    viewer : napari.Viewer
        Whose mouse and channel slider are followed.
    """

    def __init__(self, viewer: Any, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.probe = ProbeTable()
        self._prober = Prober(viewer, self.probe)
        self.histogram = HistogramPanel(viewer)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.probe)
        layout.addSpacing(8)
        layout.addWidget(self.histogram)
        layout.addStretch(1)

    def show_inspection(self, inspection: Inspection) -> None:
        """Show another inspection's numbers."""
        self._prober.show_inspection(inspection)
        self.histogram.show_inspection(inspection)

    def follow_view(self) -> None:
        """The channel on the canvas may be another."""
        self.histogram.follow_view()

    def forget(self) -> None:
        """There is nothing to count any more."""
        self._prober.forget()
        self.histogram.forget()

    def close_down(self) -> None:
        """Stop for good."""
        self._prober.close()
        self.histogram.close_down()
