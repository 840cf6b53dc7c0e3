"""Round trips in a window: scores, layers, cures, sweeps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QComboBox, QLineEdit, QPushButton, QTreeWidget

from predictor_inspector.inspection.roundtrip import round_trip
from predictor_inspector.plugin.forms.small_widgets import ErrorLabel
from predictor_inspector.plugin.layers.labels import MISTAKES, SEGMENTATION
from predictor_inspector.plugin.model.predictions import LayerPrediction
from predictor_inspector.plugin.tabs.compare import round_trips
from predictor_inspector.plugin.tabs.roundtrip import tab as tab_module
from predictor_inspector.plugin.tabs.roundtrip.sweep_panel import SweepPlot
from predictor_inspector.plugin.tabs.roundtrip.tab import RoundTripTab

from ..window import Window

LEFT, NOTHING = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
NEAREST = [[1, 0, 0], [0, 1, 0], [0, 0, 1]]


def halves() -> np.ndarray:
    """Two objects that touch, and a voxel of a third on background."""
    labels = np.zeros((8, 20, 30), np.uint16)
    labels[:, 2:18, 3:15], labels[:, 2:18, 15:27], labels[0, 0, 0] = 5, 9, 7
    return labels


def prepare(window: Window) -> None:
    window.add_labels(halves())
    window.after(lambda: setattr(window.widget, "region_mode", "layer"))
    window.set_config("distance", channels=["cells"], scale_factor=20.0, mask_distances=False)
    window.widget.open_tab("Round trip")
    settle(window)


@pytest.fixture
def opened(shared: Callable[[Any], Window]) -> Window:
    """The tab in front, over a region that covers everything."""
    window = shared(prepare)
    marks = window.control("round trip marks")
    if not marks.isChecked():
        marks.click()
    settle(window)
    return window


def tab_of(window: Window) -> RoundTripTab:
    found: RoundTripTab = window.widget.tabs["round_trip"]
    return found


def settle(window: Window) -> None:
    window.settle()
    window.qtbot.waitUntil(lambda: not tab_of(window).busy)
    QApplication.processEvents()


def layer(window: Window, role: str) -> Any:
    return window.controller.layers.find(role)


def cells_of(table: QTreeWidget) -> list[list[str]]:
    rows = [table.topLevelItem(i) for i in range(table.topLevelItemCount())]
    return [[row.text(column) for column in range(table.columnCount())] for row in rows]


def test_what_comes_back_is_scored_and_shown_while_the_tab_is_in_front(opened: Window) -> None:
    tab = tab_of(opened)
    assert tab.trip is not None
    assert tab.trip.scores == round_trip(opened.inspection).scores
    assert cells_of(opened.control("round trip table")) == [["id 5 and id 9 merged", f"{8 * 16 * 12:,}"]]
    assert cells_of(opened.control("round trip scores"))[0][1] == f"{tab.trip.scores.arand:.4f}"
    segments, mistakes = layer(opened, SEGMENTATION), layer(opened, MISTAKES)
    assert segments.visible
    assert mistakes.visible
    # The segment of both has the name of one of them; the other is marked as merged into it.
    assert set(np.unique(segments.data)) == {0, 5, 7}
    assert (np.asarray(mistakes.data)[:, 2:18, 15:27] == 2).all()
    np.testing.assert_allclose(segments.translate, opened.settings.gt_layer.translate)
    opened.control("round trip marks").click()
    assert not layer(opened, MISTAKES).visible
    opened.widget.open_tab("Setup")
    assert layer(opened, SEGMENTATION) is None
    assert layer(opened, MISTAKES) is None


def test_a_prediction_is_scored_beside_the_target(opened: Window) -> None:
    target = opened.inspection.target.numpy()
    # What a network has learned wrong: nothing is inside of the second object.
    values = np.where(halves() == 9, -1, target).astype(np.float32)
    channels = opened.viewer.add_image(values, name="prediction", scale=(1, *opened.settings.gt_layer.scale))
    channels.translate, channels.units = (0, *opened.settings.gt_layer.translate), ("pixel", "nm", "nm", "nm")
    opened.widget.context.derived.prediction = LayerPrediction(channels)
    settle(opened)
    decoder = opened.widget.context.derived.decoder
    trips = round_trip(opened.inspection, decoder), round_trip(opened.inspection, decoder, prediction=values)
    rows = [row[:2] for row in cells_of(opened.control("round trip scores"))]
    wanted = [
        (f"{whose}{of}", f"{scores.arand:.4f}")
        for whose, trip in zip(("target", "prediction"), trips, strict=True)
        for of, scores in (("", trip.scores), (" pieces", trip.piece_scores))
        if scores is not None
    ]
    assert rows == [list(row) for row in wanted]
    assert len({row[1] for row in rows}) > 1
    channels.data = np.concatenate([values, values])
    opened.widget.context.derived.prediction = LayerPrediction(channels, version=1)
    settle(opened)
    assert "must have 1 channels like the target" in opened.control("decoder error").text() + "".join(
        label.text() for label in tab_of(opened).findChildren(ErrorLabel)
    )
    assert [row[0] for row in cells_of(opened.control("round trip scores"))] == ["ids", "connected pieces"]


def test_another_decoder_is_one_click_away(opened: Window) -> None:
    tab = tab_of(opened)
    assert [finding.id for finding in tab.findings] == ["not-invertible"]
    (cure,) = tab.findChildren(QPushButton, "cure")
    assert cure.text() == "Use watershed"
    QTest.mouseClick(cure, LEFT)
    settle(opened)
    assert tab.trip is not None
    assert type(tab.trip.decoder).__name__ == "Watershed"
    assert tab.trip.merges == ()
    # It is chosen again where it fits.
    opened.set_config("affinities", neighborhood=NEAREST, lsds=False)
    settle(opened)
    assert type(tab.trip.decoder).__name__ == "MutexWatershed"
    assert tab.trip.lost == (7,)
    opened.set_config("distance", channels=["cells"], scale_factor=20.0, mask_distances=False)
    settle(opened)
    assert type(tab.trip.decoder).__name__ == "Watershed"


def test_scores_follow_the_ground_truth_and_the_decoder(opened: Window) -> None:
    tab = tab_of(opened)
    opened.set_config("affinities", neighborhood=NEAREST, lsds=False)
    settle(opened)
    assert tab.trip is not None
    assert tab.trip.scores.arand == 0
    opened.settings.gt_layer.data = np.where(halves() == 9, 5, halves())
    settle(opened)
    assert tab.trip.scores.objects == 2
    line = tab.findChild(QLineEdit, "bias")
    line.setText("")
    QTest.keyClicks(line, "[0.5]")
    QTest.keyClick(line, Qt.Key.Key_Return)
    settle(opened)
    assert tab.trip is None
    assert not layer(opened, SEGMENTATION).visible
    line.setText("")
    QTest.keyClicks(line, "0.4")
    QTest.keyClick(line, Qt.Key.Key_Return)
    settle(opened)
    assert tab.trip is not None
    opened.viewer.layers.remove(opened.settings.gt_layer)
    settle(opened)
    assert tab.trip is None


def test_a_click_on_a_sweep_takes_the_value_over(opened: Window) -> None:
    tab = tab_of(opened)
    combo, values = (opened.control(f"sweep {name}") for name in ("combo", "values"))
    assert isinstance(combo, QComboBox)
    assert combo.currentData() == "scale_factor"
    values.setText("10:40:3")
    QTest.mouseClick(opened.control("sweep start"), LEFT)
    settle(opened)
    plot = opened.control("sweep plot")
    assert isinstance(plot, SweepPlot)
    assert [point.value for point in plot.points] == [10, 25, 40]
    plot.grab()
    assert plot.text_at(24, 0).startswith("scale factor: 25\nadapted Rand error")
    QTest.mouseClick(plot, LEFT, NOTHING, QPoint(plot.width() // 2 + 10, plot.height() // 2))
    settle(opened)
    assert opened.settings.config["scale_factor"] == 25
    assert tab.trip is not None
    assert tab.trip.inspection is opened.inspection
    values.setText("10:40")
    QTest.mouseClick(opened.control("sweep start"), LEFT)
    assert "can't be understood" in opened.control("sweep error").text()
    # Of the imperfection, too.
    combo.setCurrentIndex(combo.findData("noise"))
    values.setText("0.1, 0.3")
    QTest.mouseClick(opened.control("sweep start"), LEFT)
    settle(opened)
    plot.grab()
    QTest.mouseClick(plot, LEFT, NOTHING, QPoint(plot.width() - 30, plot.height() // 2))
    settle(opened)
    assert tab.trip.imperfection.noise == 0.3


def test_of_a_boundary_whole_thicknesses_are_tried(opened: Window) -> None:
    opened.set_config("boundary", thickness=1)
    settle(opened)
    combo, values = (opened.control(f"sweep {name}") for name in ("combo", "values"))
    combo.setCurrentIndex(combo.findData("thickness"))
    combo.activated.emit(combo.currentIndex())
    assert values.text() == "1, 2, 3, 4"
    QTest.mouseClick(opened.control("sweep start"), LEFT)
    settle(opened)
    assert [point.value for point in opened.control("sweep plot").points] == [1, 2, 3, 4]
    opened.set_config("cellpose_flows", dims=3, max_diameter=20.0)
    settle(opened)
    assert combo.findData("dims") == -1
    assert combo.findData("max_diameter") >= 0


def test_what_is_large_waits_for_a_click_and_what_nothing_decodes_is_told(
    opened: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    tab = tab_of(opened)
    monkeypatch.setattr(tab_module, "_LIVE_VALUES", 10)
    opened.set_config("distance", channels=["cells"], scale_factor=30.0, mask_distances=False)
    settle(opened)
    assert tab.trip is None
    assert "press Decode" in opened.control("round trip summary").text()
    QTest.mouseClick(opened.control("round trip decode"), LEFT)
    assert "at work" in opened.control("round trip summary").text()
    settle(opened)
    assert "3 objects, 2 segments" in opened.control("round trip summary").text()
    assert tab.trip is not None
    opened.set_config("dummy", embedding_dims=2)
    settle(opened)
    assert tab.trip is None
    assert "No decoder makes objects" in opened.control("decoder error").text()


def test_compare_tells_the_scores_of_both(opened: Window) -> None:
    opened.widget.open_tab("Compare")
    compare = opened.widget.tabs["compare"]
    opened.after(compare.comparer.keep)
    opened.set_config("affinities", neighborhood=NEAREST, lsds=False)
    opened.qtbot.waitUntil(lambda: not compare.busy)
    QApplication.processEvents()
    text = opened.control("compare round trips").text()
    assert "A: Rand error 0.3" in text
    assert "(threshold)" in text
    assert "B: Rand error 0.0000" in text
    assert "(mutex watershed)" in text


def test_compare_decodes_a_once_for_each_decoder(opened: Window, monkeypatch: pytest.MonkeyPatch) -> None:
    decoded: list[float] = []

    def counting(inspection: Any, *args: Any, **options: Any) -> Any:
        decoded.append(inspection.request.predictor.scale_factor)
        return round_trip(inspection, *args, **options)

    monkeypatch.setattr(round_trips, "round_trip", counting)
    opened.widget.open_tab("Compare")
    compare = opened.widget.tabs["compare"]
    opened.after(compare.comparer.keep)

    def settled() -> str:
        opened.settle()
        opened.qtbot.waitUntil(lambda: not compare.busy)
        QApplication.processEvents()
        return str(opened.control("compare round trips").text())

    settled()
    for scale in (30.0, 40.0):
        opened.set_config("distance", channels=["cells"], scale_factor=scale, mask_distances=False)
        settled()
    # What is kept as A is a copy of B.
    assert decoded == [20.0, 20.0, 30.0, 40.0]
    assert settled().count("(threshold)") == 2
    opened.widget.open_tab("Round trip")
    settle(opened)
    tab_of(opened).panel.choose({"kind": "watershed"})
    settle(opened)
    opened.widget.open_tab("Compare")
    assert settled().count("(watershed)") == 2
    assert decoded[4:] == [20.0, 40.0]
