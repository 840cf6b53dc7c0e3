"""Channels, histograms and sums in a window."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QApplication, QTableView

from predictor_inspector.inspection.engine.statistics import ChannelStatistics
from predictor_inspector.inspection.numbers.histograms import Histogram, Limit, object_sums
from predictor_inspector.plugin.forms.column_table import ColumnTable
from predictor_inspector.plugin.layers.owned import role_of
from predictor_inspector.plugin.layers.results import ROLES, VIEWS
from predictor_inspector.plugin.tabs.statistics.histogram_plot import HistogramPlot
from predictor_inspector.plugin.tabs.statistics.object_table import ObjectTable
from predictor_inspector.plugin.tabs.statistics.tab import StatisticsTab

from ..window import Window


def rows(table: QTableView) -> list[list[str]]:
    model = table.model()
    return [[str(model.index(r, c).data()) for c in range(model.columnCount())] for r in range(model.rowCount())]


def test_the_histogram_follows(labelled: Window) -> None:
    labelled.set_config("affinities", neighborhood=[[1, 0, 0], [0, 0, 3]], lsds=True, num_voxels=1)
    labelled.widget.open_tab("Statistics")
    tab: StatisticsTab = labelled.widget.tabs["statistics"]

    def settle() -> None:
        labelled.settle()
        labelled.qtbot.waitUntil(lambda: not tab.busy)
        QApplication.processEvents()

    settle()
    inspection = labelled.widget.inspection
    histogram = tab.plot.histogram
    assert histogram is not None
    assert histogram.statistics.name == inspection.channel_names[0]
    assert histogram.counts.sum() == inspection.target.data[0].numel()
    labelled.viewer.dims.set_point(0, 4)
    settle()
    assert tab.plot.histogram is not None
    assert tab.plot.histogram.statistics.name == inspection.channel_names[4]
    labelled.control("statistics sums").click()
    labelled.qtbot.waitUntil(lambda: tab.findChild(ObjectTable) is not None)
    dialog = tab.findChild(ObjectTable)
    largest_first = rows(dialog.findChild(QTableView))
    assert int(largest_first[0][1]) == object_sums(inspection).voxels.max()
    dialog.close()
    labelled.qtbot.waitUntil(lambda: tab.findChild(ObjectTable) is None)
    labelled.viewer.layers.remove(labelled.widget.gt_layer)
    settle()
    assert tab.plot.histogram is None


def test_views_are_chosen_and_marked(labelled: Window) -> None:
    labelled.set_config("affinities", neighborhood=[[1, 0, 0], [0, 1, 0], [0, 0, 1]], lsds=False)
    views = {name: labelled.control(f"show {name}") for name in ("target", "weight", "rgb", "off")}
    for chosen in ("weight", "target", "rgb", "off", "rgb"):
        labelled.after(views[chosen].click)
        assert [name for name, view in views.items() if view.isChecked()] == [chosen]
        layers = [role_of(layer) for layer in labelled.viewer.layers if role_of(layer) in VIEWS and layer.visible]
        assert layers == ([] if chosen == "off" else [ROLES[chosen]])
    labelled.set_config("affinities", neighborhood=[[0, 0, 1]], lsds=False)
    assert not views["rgb"].isEnabled()


@pytest.mark.usefixtures("qapp")
def test_a_table_is_sorted_and_copied_as_it_is_shown() -> None:
    table = ColumnTable(("id", "sum"), [[7, 5, 6], [0.5, 12.0, 1.25]])
    table.sortByColumn(1, Qt.SortOrder.DescendingOrder)
    table.setSortingEnabled(True)
    assert rows(table) == [["5", "12"], ["6", "1.25"], ["7", "0.5"]]
    assert table.as_text() == "id\tsum\n5\t12\n6\t1.25\n7\t0.5"
    table.sortByColumn(0, Qt.SortOrder.AscendingOrder)
    assert [row[0] for row in rows(table)] == ["5", "6", "7"]


def test_a_histogram_says_totals_and_what_a_bar_holds(qtbot: Any) -> None:
    plot = HistogramPlot()
    qtbot.addWidget(plot)
    edges = np.array([-1.0, 0, 1])
    totals = ChannelStatistics("a", -1, 0, 1, 0.25, 0.01, 0.09, (3000, 1000), (30.0, 90.0), 0, 0.75)
    marks = Limit(-1, "low"), Limit(0, "boundary")
    plot.show_histogram(Histogram(totals, edges, np.array([3000, 1]), np.array([30.0, 6]), marks))
    plot.resize(300, 200)
    assert not plot.grab().toImage().isNull()
    assert plot.text_at(-0.5, 0) == "−1 to 0: 3,000 voxels, weight 30"
    assert plot.text_at(1, 0) == "0 to 1: 1 voxel, weight 6"
    assert "positive: 25 % of the voxels, 75 % of the weight" in plot.text
