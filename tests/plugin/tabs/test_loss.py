"""The loss of predictions in a window: numbers, layers, places, and what is wrong with a prediction."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QComboBox, QTreeWidget

from predictor_inspector.core.text import percent
from predictor_inspector.inspection.engine.predictions import covered_by
from predictor_inspector.inspection.loss import LossMap, chosen_loss, compare_losses, loss_map
from predictor_inspector.inspection.output.session import load_session, save_session
from predictor_inspector.plugin.head.sessions import apply_session, session_of
from predictor_inspector.plugin.layers.loss import DIFFERENCE, EFFECTIVE, LOSS, PREDICTION
from predictor_inspector.plugin.layers.marks import LINES
from predictor_inspector.plugin.tabs.loss import tab as tab_module
from predictor_inspector.plugin.tabs.loss.tab import LossTab

from ..window import LABELS, TRANSLATE, UNITS, VOXEL_SIZE, Window, blocks

LEFT, NOTHING = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
SHAPE = (2, 12, 40, 48)
PLACE = {
    "scale": (1, *VOXEL_SIZE),
    "translate": (0, *TRANSLATE),
    "units": ("pixel", *UNITS),
    "axis_labels": ("channel", *LABELS),
    "visible": False,
}


def random(seed: int, low: float = 0.02, high: float = 0.98) -> np.ndarray:
    return np.random.default_rng(seed).uniform(low, high, SHAPE).astype(np.float32)


def prepare(window: Window) -> None:
    window.add_labels(blocks())
    window.after(lambda: setattr(window.widget, "region_mode", "layer"))
    window.set_config("affinities", neighborhood=[[1, 0, 0], [0, 0, 1]], lsds=False)
    window.viewer.add_image(random(1), name="one", **PLACE)
    window.viewer.add_image(random(2, 0.3, 0.7), name="other", **PLACE)
    window.widget.open_tab("Loss")
    settle(window)


@pytest.fixture
def opened(shared: Callable[[Any], Window]) -> Window:
    """The tab in front, over a region that covers everything, and two layers that could be predictions."""
    window = shared(prepare)
    window.control("loss show loss").click()
    window.control("loss logits").setChecked(False)
    # Each loss keeps what was set for it.
    for loss in ("mse", "bce", "dacapo"):
        tab_of(window).losses.choose({"kind": loss})
    settle(window)
    return window


def tab_of(window: Window) -> LossTab:
    found: LossTab = window.widget.tabs["loss"]
    return found


def settle(window: Window) -> None:
    window.settle()
    window.qtbot.waitUntil(lambda: not tab_of(window).busy)
    QApplication.processEvents()


def choose(window: Window, role: str, layer: str) -> None:
    """Choose a layer by the arrow keys."""
    combo: QComboBox = window.control(f"loss {role}")
    combo.setFocus()
    step = combo.findText(layer) - combo.currentIndex()
    for _ in range(abs(step)):
        QTest.keyClick(combo, Qt.Key.Key_Down if step > 0 else Qt.Key.Key_Up)
    settle(window)
    assert combo.currentText() == layer


def expected(window: Window, *seeds: tuple[Any, ...], loss: str = "dacapo", **options: Any) -> list[LossMap]:
    inspection = window.inspection
    arrays = (inspection.target.like(random(*seed), inspection.target.axis_names) for seed in seeds)
    return [loss_map(inspection, array, chosen_loss(loss, options.get("values", ()))) for array in arrays]


def cells_of(table: QTreeWidget) -> list[list[str]]:
    rows = [table.topLevelItem(i) for i in range(table.topLevelItemCount())]
    return [[row.text(column) for column in range(table.columnCount())] for row in rows]


def click_row(window: Window, table: QTreeWidget, number: int) -> None:
    place = table.visualItemRect(table.topLevelItem(number)).center()
    QTest.mouseClick(table.viewport(), LEFT, NOTHING, QPoint(20, place.y()))
    settle(window)


def layer(window: Window, role: str) -> Any:
    return window.controller.layers.find(role)


def test_the_table_and_the_layers_are_those_of_the_loss_map(opened: Window) -> None:
    assert "Choose the layer" in opened.control("loss summary").text()
    opened.widget.look_at("target")
    choose(opened, "prediction", "one")
    (found,) = expected(opened, (1,))
    assert f"{found.total:.4g}" in opened.control("loss summary").text()
    rows = cells_of(opened.control("loss channels"))
    assert [row[:3] for row in rows] == [
        [name, f"{loss:.3g}", percent(loss / found.total)] for name, loss in found.by_channel.items()
    ]
    assert [float(row[3]) + float(row[4]) for row in rows] == pytest.approx(list(found.by_channel.values()), rel=1e-2)
    shown = layer(opened, LOSS)
    assert shown.visible
    assert not opened.target.visible
    np.testing.assert_array_equal(shown.data, found.values.numpy())
    np.testing.assert_allclose(shown.translate[1:], opened.settings.gt_layer.translate)
    for view, array in ((EFFECTIVE, found.effective_weight), (PREDICTION, found.prediction)):
        QTest.mouseClick(opened.control(f"loss show {view}"), LEFT)
        assert layer(opened, view).visible
        assert not shown.visible
        np.testing.assert_array_equal(layer(opened, view).data, array.numpy())
    QTest.mouseClick(opened.control("loss show target"), LEFT)
    assert opened.target.visible
    QTest.mouseClick(opened.control("loss show loss"), LEFT)
    opened.widget.open_tab("Setup")
    assert layer(opened, LOSS) is None
    assert opened.target.visible


def test_rows_lead_to_their_channels_places_and_objects(opened: Window) -> None:
    choose(opened, "prediction", "one")
    (found,) = expected(opened, (1,))
    click_row(opened, opened.control("loss channels"), 1)
    assert opened.controller.results.channel == 1
    first, second = found.worst(2)
    QTest.mouseClick(opened.control("loss go"), LEFT)
    settle(opened)

    def is_at(place: Any) -> bool:
        channel = opened.inspection.channel_names.index(place.channel)
        middle = TRANSLATE[0] + VOXEL_SIZE[0] * place.voxel[0]
        return opened.controller.results.channel == channel and opened.viewer.dims.point[1] == pytest.approx(middle)

    assert is_at(first)
    assert f"predicted {first.prediction:.2g}, right {first.target:.2g}" in list(layer(opened, LINES).features["label"])
    QTest.mouseClick(opened.control("loss next"), LEFT)
    settle(opened)
    assert is_at(second)
    click_row(opened, opened.control("loss worst"), 0)
    assert is_at(first)
    tab_of(opened).findChild(QTreeWidget, "loss objects").parentWidget().show()
    settle(opened)
    second_object = list(found.by_object)[1]
    assert [row[0] for row in cells_of(opened.control("loss objects"))[:2]] == ["background", f"id {second_object}"]
    click_row(opened, opened.control("loss objects"), 1)
    z = round((opened.viewer.dims.point[1] - TRANSLATE[0]) / VOXEL_SIZE[0])
    assert (np.asarray(opened.settings.gt_layer.data)[z] == second_object).any()


def test_to_go_to_a_place_in_a_pinned_box_keeps_the_zoom(opened: Window) -> None:
    gt = opened.inspection.gt
    opened.after(lambda: setattr(opened.widget, "box", gt.roi_of([slice(0, 12), slice(4, 36), slice(4, 40)])))
    choose(opened, "prediction", "one")
    zoom = opened.viewer.scene.camera.zoom
    for button in ("go", "next"):
        QTest.mouseClick(opened.control(f"loss {button}"), LEFT)
        settle(opened)
        assert opened.viewer.scene.camera.zoom == zoom
        assert layer(opened, LINES) is not None


def test_tables_are_as_high_as_whole_rows(opened: Window) -> None:
    choose(opened, "prediction", "one")
    for name, rows in (("channels", 2), ("worst", 6)):
        table: QTreeWidget = opened.control(f"loss {name}")
        assert table.topLevelItemCount() >= rows
        assert table.viewport().height() == rows * table.visualItemRect(table.topLevelItem(0)).height()


def test_the_loss_follows_prediction_target_and_its_own_parameters(opened: Window) -> None:
    choose(opened, "prediction", "one")
    combo = opened.control("loss kind")
    combo.setFocus()
    QTest.keyClicks(combo, "Squared")
    settle(opened)
    tab = tab_of(opened)
    assert tab.maps[0].total == pytest.approx(expected(opened, (1,), loss="mse")[0].total)
    tab.losses.set_value("weights", "squared")
    settle(opened)
    (found,) = expected(opened, (1,), loss="mse", values=["weights=squared"])
    assert tab.maps[0].total == pytest.approx(found.total)
    np.testing.assert_array_equal(layer(opened, LOSS).data, found.values.numpy())
    opened.viewer.layers["one"].data = random(3)
    settle(opened)
    assert tab.maps[0].total == pytest.approx(expected(opened, (3,), loss="mse", values=["weights=squared"])[0].total)
    opened.set_config("affinities", neighborhood=[[0, 1, 0], [0, 0, 1]], lsds=False)
    settle(opened)
    assert tab.maps[0].inspection is opened.inspection
    QTest.mouseClick(opened.control("loss logits"), LEFT, NOTHING, QPoint(8, 8))
    settle(opened)
    assert tab.maps[0].prediction.numpy().min() >= 0.5
    opened.viewer.layers.remove("one")
    settle(opened)
    assert tab.maps == ()
    assert not layer(opened, LOSS).visible


def test_two_predictions_are_compared(opened: Window) -> None:
    choose(opened, "prediction", "one")
    choose(opened, "versus", "other")
    found = compare_losses(*expected(opened, (1,), (2, 0.3, 0.7)))
    assert opened.control("loss summary").text() == found.summary()
    assert cells_of(opened.control("loss channels")) == [
        [part.name, f"{part.a:.3g}", f"{part.b:.3g}", part.better, percent(abs(part.gain) / max(part.a, part.b))]
        for part in found.channels
    ]
    QTest.mouseClick(opened.control(f"loss show {DIFFERENCE}"), LEFT)
    np.testing.assert_array_equal(layer(opened, DIFFERENCE).data, found.difference.numpy())
    assert layer(opened, DIFFERENCE).contrast_limits[0] == -layer(opened, DIFFERENCE).contrast_limits[1]
    assert (
        cells_of(opened.control("loss worst"))[0][1]
        == max(found.places("A") + found.places("B"), key=lambda place: abs(place.a - place.b)).better
    )
    tab_of(opened).calibration.show()
    tab_of(opened).calibration.grab()
    assert tab_of(opened).calibration.text_at(0.5, 0).count("comes true") == 2
    choose(opened, "versus", "none")
    assert layer(opened, LOSS).visible
    assert not opened.control(f"loss show {DIFFERENCE}").isVisible()


def test_a_prediction_that_ends_earlier_counts_where_it_is(opened: Window) -> None:
    inner = {**PLACE, "translate": (0, TRANSLATE[0] + 2 * VOXEL_SIZE[0], *TRANSLATE[1:])}
    opened.viewer.add_image(random(1)[:, 2:10], name="valid", **inner)
    choose(opened, "prediction", "valid")
    (found,), inspection = tab_of(opened).maps, opened.inspection
    part = inspection.target.like(random(1), inspection.target.axis_names)[found.inspection.roi]
    wanted = loss_map(covered_by(inspection, part), part, chosen_loss("dacapo"))
    assert found.total == pytest.approx(wanted.total)
    assert "covers 8 × 40 × 48 of the 12 × 40 × 48 voxels" in opened.control("loss summary").text()
    assert layer(opened, LOSS).data.shape == (2, 8, 40, 48)
    np.testing.assert_allclose(layer(opened, LOSS).translate, inner["translate"])


def test_what_is_wrong_with_a_prediction_is_a_sentence(opened: Window, monkeypatch: pytest.MonkeyPatch) -> None:
    coarse = {**PLACE, "scale": (1, 40, 4, 8)}
    far = {**PLACE, "translate": (0, *(t + 100 * v for t, v in zip(TRANSLATE, VOXEL_SIZE, strict=True)))}
    opened.viewer.add_image(random(1), name="coarse", **coarse)
    opened.viewer.add_image(random(1)[:1], name="short", **PLACE)
    opened.viewer.add_image(random(1), name="far", **far)
    for name, sentence in (
        ("coarse", "The prediction must have the voxels of the target, (40.0, 4.0, 5.24) nm, got (40.0, 4.0, 8.0) nm."),
        ("short", "The prediction must have 2 channels like the target"),
        ("far", "doesn't reach into the region"),
    ):
        choose(opened, "prediction", name)
        assert sentence in opened.control("loss error").text()
        assert tab_of(opened).maps == ()
    monkeypatch.setattr(tab_module, "_LIVE_VALUES", 10)
    choose(opened, "prediction", "one")
    assert opened.control("loss error").text() == ""
    assert "press Compute" in opened.control("loss summary").text()
    QTest.mouseClick(opened.control("loss compute"), LEFT)
    settle(opened)
    assert len(tab_of(opened).maps) == 1


def test_a_target_of_one_channel_takes_a_layer_without_channels(opened: Window) -> None:
    opened.set_config("distance", channels=["cells"], scale_factor=20.0, mask_distances=False)
    place = {name: value[1:] for name, value in PLACE.items() if name != "visible"}
    opened.viewer.add_image(random(1)[0] * 2 - 1, name="plain", visible=False, **place)
    choose(opened, "prediction", "plain")
    assert tab_of(opened).maps[0].prediction.shape == (1, *SHAPE[1:])
    np.testing.assert_array_equal(tab_of(opened).maps[0].prediction.numpy()[0], random(1)[0] * 2 - 1)


def test_an_explained_voxel_says_what_the_prediction_adds_to_its_loss(opened: Window) -> None:
    opened.widget.open_tab("Voxel")
    voxel = opened.widget.tabs["voxel"]
    at = [t + v * i for t, v, i in zip(TRANSLATE, VOXEL_SIZE, (3, 10, 20), strict=True)]
    voxel.explain_at(tuple(at))

    def explained() -> str:
        opened.settle()
        opened.qtbot.waitUntil(lambda: not voxel.busy)
        QApplication.processEvents()
        return str(voxel.text)

    assert "Loss" not in explained()
    opened.widget.open_tab("Loss")
    choose(opened, "prediction", "one")
    opened.widget.open_tab("Voxel")
    text = explained()
    value = random(1)[0, 3, 10, 20]
    assert f"Predicted: {value:.4g}, where " in text
    (explanation, *_) = voxel.explanations
    (found,) = expected(opened, (1,))
    assert explanation.why_loss.derived == pytest.approx(float(found.values.numpy()[0, 3, 10, 20]), rel=1e-5)
    assert explanation.loss_title in text
    assert "\nLoss " in explanation.as_text()


def test_a_session_brings_back_predictions_loss_and_decoder(opened: Window, tmp_path: Path) -> None:
    context, derived = opened.widget.context, opened.widget.context.derived
    choose(opened, "prediction", "one")
    choose(opened, "versus", "other")
    opened.control("loss logits").click()
    tab_of(opened).losses.choose({"kind": "mse", "weights": "squared"})
    opened.widget.open_tab("Round trip")
    trips = opened.widget.tabs["round_trip"]
    trips.panel.set_value("decoder", "bias", 0.7)
    trips.panel.set_value("imperfection", "noise", 0.25)
    opened.qtbot.waitUntil(lambda: not trips.busy)
    path = save_session(tmp_path / "session.yaml", session_of(context))
    opened.widget.open_tab("Loss")
    choose(opened, "versus", "none")
    choose(opened, "prediction", "none")
    tab_of(opened).losses.choose({"kind": "bce"})
    trips.panel.set_value("decoder", "bias", 0.1)
    trips.panel.set_value("imperfection", "noise", 0.0)
    apply_session(load_session(path), context)
    settle(opened)
    assert [opened.control(f"loss {role}").currentText() for role in ("prediction", "versus")] == ["one", "other"]
    assert opened.control("loss logits").isChecked()
    assert tab_of(opened).losses.made() == chosen_loss("mse", ["weights=squared"])
    assert len(tab_of(opened).maps) == 2
    opened.widget.open_tab("Round trip")
    opened.qtbot.waitUntil(lambda: not trips.busy)
    assert trips.panel.decoder().bias == 0.7
    assert trips.panel.imperfection().noise == 0.25
    assert derived.decoder == trips.panel.decoder()


def test_a_report_tells_the_loss_and_the_round_trip_of_what_is_shown(opened: Window, tmp_path: Path) -> None:
    path, files = tmp_path / "report.html", opened.widget.head.files
    choose(opened, "prediction", "one")
    opened.widget.open_tab("Round trip")
    trips = opened.widget.tabs["round_trip"]
    opened.qtbot.waitUntil(lambda: not trips.busy)
    files.save_report(str(path))
    (found,), html = tab_of(opened).maps, path.read_text("utf-8")
    for words in (found.summary(), "<h2>Round trip</h2>", "<h3>target</h3>", "<h3>prediction</h3>"):
        assert words in html
    opened.set_config("affinities", neighborhood=[[0, 1, 0], [0, 0, 1]], lsds=False)
    opened.qtbot.waitUntil(lambda: not trips.busy)
    files.save_report(str(path))
    html = path.read_text("utf-8")
    assert "<h2>Round trip</h2>" in html
    assert "<h2>Loss</h2>" not in html, "that is of another target"
