"""A tab of the dock: how many objects the region has."""

import numpy as np
from qtpy.QtWidgets import QLabel, QVBoxLayout

from predictor_inspector.plugin.tabs import Tab


class ObjectsTab(Tab):
    """Counts objects whenever another target is shown."""

    title = "Objects"
    tool_tip = "How many objects the region has"

    def __init__(self, context, parent=None):
        super().__init__(context, parent)
        self._label = QLabel("Nothing is shown yet.")
        QVBoxLayout(self).addWidget(self._label)

    def on_shown(self, inspection):
        """Count what the layers show now."""
        count = np.count_nonzero(np.unique(inspection.gt[inspection.roi].numpy()))
        self._label.setText(f"{count} objects")
