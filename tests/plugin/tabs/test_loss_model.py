"""A trained model in the tab Loss: it is run, cancelled and ended, and what is wrong with it is said."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest

from predictor_inspector.core import UNet, UNetConfig
from predictor_inspector.inspection.models import chosen_model, trained
from predictor_inspector.inspection.output.session import load_session, save_session
from predictor_inspector.plugin.head.sessions import apply_session, session_of
from predictor_inspector.plugin.model.predictions import ModelPrediction
from predictor_inspector.plugin.tabs.loss import model_panel

from ..shared_viewer import fresh
from ..window import LABELS, TRANSLATE, UNITS, VOXEL_SIZE, Window, blocks
from .model_process import ProcessInAThread
from .test_loss import LEFT, NOTHING, choose, settle, tab_of

PLACE = {"scale": VOXEL_SIZE, "translate": TRANSLATE, "units": UNITS, "axis_labels": LABELS}
NETS = Path(__file__).with_name("nets.py")
TWICE = f"{NETS}:twice"
EARLIER = "is of earlier settings: run it again"


def raw_data(most: int = 255) -> np.ndarray:
    raw = np.random.default_rng(most).integers(0, most + 1, (12, 40, 48), np.uint8)
    raw[0, 0, 0] = most
    return raw


@pytest.fixture(scope="module")
def docks(module_viewer: Any) -> Iterator[list[Window]]:
    """The dock that tests share, once there is one: it takes seconds to open."""
    found: list[Window] = []
    yield found
    for window in found:
        window.close()
    fresh(module_viewer)


@pytest.fixture
def opened(docks: list[Window], module_viewer: Any, qtbot: Any) -> Window:
    """The tab in front, with a target and raw data, and nothing chosen but that a model predicts."""
    if not docks:
        docks.append(Window(module_viewer, qtbot))
    (window,) = docks
    window.qtbot = qtbot
    derived, settings, layers = window.widget.context.derived, window.settings, module_viewer.layers
    derived.versus = derived.prediction = None
    settings.live, settings.network, settings.region_mode = True, None, "layer"
    if "raw" in layers and layers["raw"].ndim == len(LABELS):
        raw = layers["raw"]
        raw.scale, raw.translate, raw.data = VOXEL_SIZE, TRANSLATE, raw_data()
    else:
        layers.clear()
        window.add_labels(blocks())
        raw = module_viewer.add_image(raw_data(), name="raw", **PLACE)
    settings.raw_layer = raw
    settings.config = {"kind": "affinities", "neighborhood": [[1, 0, 0], [0, 0, 1]], "lsds": False}
    window.widget.open_tab("Loss")
    derived.prediction = ModelPrediction()
    settle(window)
    return window


@pytest.fixture
def in_threads(monkeypatch: pytest.MonkeyPatch) -> list[ProcessInAThread]:
    """Models run in threads, which begin at once."""
    monkeypatch.setattr(trained, "ChildProcess", ProcessInAThread)
    monkeypatch.setattr(ProcessInAThread, "begun", [])
    return ProcessInAThread.begun


def said(window: Window, what: str, role: str = "prediction") -> str:
    label = window.control(f"{role} model {what}")
    return str(label.text()) if label.isVisible() else ""


def summary(window: Window) -> str:
    return str(window.control("loss summary").text())


def click(window: Window, name: str, role: str = "prediction") -> None:
    button = window.control(f"{role} model {name}")
    QTest.mouseClick(button, LEFT, NOTHING, QPoint(8, button.height() // 2))


def type_path(window: Window, path: object, role: str = "prediction") -> None:
    line = window.control(f"{role} model path")
    line.setFocus()
    line.selectAll()
    QTest.keyClicks(line, str(path))


def run(window: Window, path: object = "", role: str = "prediction") -> None:
    if path:
        type_path(window, path, role)
    click(window, "run", role)
    settle(window)


def in_yaml(folder: Path, path: str) -> Path:
    """The file of a model."""
    (folder / "model.yaml").write_text(f"{{kind: module, path: '{path}'}}")
    return folder / "model.yaml"


def predicted(window: Window) -> np.ndarray:
    """What the loss is of."""
    (found,) = tab_of(window).maps
    return found.prediction.numpy()


def edit(layer: Any, data: np.ndarray) -> None:
    """Change raw data where they are."""
    layer.data[...] = data
    layer.events.data()


def test_a_model_is_run_on_demand_and_predicts_beside_the_target(
    opened: Window, in_threads: list[ProcessInAThread], tmp_path: Path
) -> None:
    choose(opened, "prediction", "none")
    choose(opened, "prediction", "a model …")
    assert "wasn't run yet: press Run" in summary(opened)
    assert not opened.control("loss logits").isVisible()
    type_path(opened, in_yaml(tmp_path, TWICE))
    settle(opened)
    assert in_threads == []
    QTest.keyClick(opened.control("prediction model path"), Qt.Key.Key_Return)
    settle(opened)
    assert said(opened, "error") == ""
    np.testing.assert_allclose(predicted(opened), np.stack([raw_data()] * 2) / 255, atol=1e-6)
    # Labels may be painted, and a part of the region be looked at: the prediction is the same.
    opened.settings.gt_layer.data_setitem((np.array([3]), np.array([3]), np.array([3])), np.array([1]))
    gt = opened.inspection.gt
    opened.after(lambda: setattr(opened.widget, "box", gt.roi_of([slice(2, 4), slice(4, 36), slice(4, 40)])))
    settle(opened)
    np.testing.assert_allclose(predicted(opened)[0], raw_data()[2:4, 4:36, 4:40] / 255, atol=1e-6)
    choose(opened, "prediction", "none")
    assert all(process.closed for process in in_threads)
    assert len(in_threads) == 1
    choose(opened, "prediction", "a model …")
    assert len(tab_of(opened).maps) == 1


CHANGES: dict[str, Callable[[Window, Path], None]] = {
    "raw data edited in place": lambda window, _: edit(window.settings.raw_layer, raw_data(254)),
    "other raw data": lambda window, _: setattr(window.settings.raw_layer, "data", raw_data(253)),
    "another raw layer": lambda window, _: setattr(
        window.settings, "raw_layer", window.viewer.add_image(raw_data(254), name="other", **PLACE)
    ),
    "raw data moved": lambda window, _: setattr(window.settings.raw_layer, "translate", (140.0, *TRANSLATE[1:])),
    "a parameter": lambda window, _: window.control("beyond").setCurrentText("reflect"),
    "the model's file": lambda _, folder: os.utime(folder / "model.yaml", (1, 1)),
}


def test_what_is_of_earlier_settings_says_so_until_it_is_run_again(
    opened: Window, in_threads: list[ProcessInAThread], tmp_path: Path
) -> None:
    run(opened, in_yaml(tmp_path, TWICE))
    for what, change in CHANGES.items():
        assert len(tab_of(opened).maps) == 1, what
        change(opened, tmp_path)
        opened.qtbot.waitUntil(lambda: EARLIER in summary(opened))
        settle(opened)
        assert tab_of(opened).maps == (), what
        assert EARLIER in summary(opened), what
        run(opened)
    gt = opened.inspection.gt
    for end in (6, 12):  # a larger region
        opened.after(
            lambda end=end: setattr(opened.widget, "box", gt.roi_of([slice(0, end), slice(0, 40), slice(0, 48)]))
        )
        settle(opened)
        if end == 6:
            edit(opened.settings.raw_layer, raw_data(253))
            settle(opened)
            run(opened)
            assert len(tab_of(opened).maps) == 1
    assert EARLIER in summary(opened)
    opened.widget.open_tab("Voxel")
    voxel = opened.widget.tabs["voxel"]
    voxel.explain_at(tuple(t + 2 * v for t, v in zip(TRANSLATE, VOXEL_SIZE, strict=True)))
    opened.settle()
    opened.qtbot.waitUntil(lambda: not voxel.busy and EARLIER in voxel.text)


def test_what_is_wrong_with_a_model_is_a_sentence(
    opened: Window, in_threads: list[ProcessInAThread], tmp_path: Path
) -> None:
    raw = opened.viewer.layers["raw"]
    torch.save({"a": torch.zeros(1)}, tmp_path / "weights.pt")
    click(opened, "live")
    for path, sentence in {
        "": "Say where the model is: a file, or an import path, module:name.",
        str(tmp_path / "weights.pt"): "weights.pt holds weights only; choose their network in Setup.",
        str(tmp_path / "none.pt"): "There is no file",
        f"{NETS}:nothing": "has no 'nothing'",
        f"{NETS}:three": "three predicts 3 channels, but the target has 2; choose the predictor",
        f"{NETS}:flat": "it must give [B, C, …] with 3 spatial axes",
        f"{NETS}:raises": "KeyError: 'weights' (nets.py, line ",
    }.items():
        run(opened, path)
        assert sentence in said(opened, "error"), said(opened, "error")
        assert not opened.control("prediction model live").isChecked()
        assert tab_of(opened).maps == ()
    raw.scale = [2 * v for v in VOXEL_SIZE]
    settle(opened)
    run(opened, TWICE)
    assert "needs raw data with voxels of 40 × 4 × 5.24 nm" in said(opened, "error")
    opened.settings.raw_layer = None
    settle(opened)
    run(opened)
    assert said(opened, "error") == "A model needs raw data; choose the raw layer in Setup."
    opened.after(lambda: setattr(opened.widget, "region_mode", "view"))
    opened.after(lambda: setattr(opened.viewer.scene.camera, "center", (0, 1e6, 1e6)))
    settle(opened)
    run(opened)
    assert said(opened, "error") == "There is no target to predict yet; choose the ground truth in Setup."


def test_a_run_can_be_cancelled_and_may_crash(
    opened: Window, in_threads: list[ProcessInAThread], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = tmp_path / "gate"
    monkeypatch.setenv("GATE", str(gate))
    gt = opened.inspection.gt
    opened.after(lambda: setattr(opened.widget, "box", gt.roi_of([slice(0, 6), slice(0, 40), slice(0, 48)])))
    run(opened, f"{NETS}:waits")
    assert len(tab_of(opened).maps) == 1
    click(opened, "live")
    gate.touch()
    opened.widget.region_mode = "layer"
    opened.qtbot.waitUntil(lambda: "predicting" in said(opened, "message"))
    assert summary(opened) == "Of earlier settings, until the model has run."
    click(opened, "cancel")
    settle(opened)
    assert in_threads[-1].closed
    assert tab_of(opened).maps == ()
    assert EARLIER in summary(opened)
    assert said(opened, "error") == ""
    assert not opened.control("prediction model live").isChecked()
    click(opened, "run")
    opened.qtbot.waitUntil(lambda: "predicting" in said(opened, "message"))
    in_threads[-1].close()  # as where it crashes
    settle(opened)
    assert "waits ended by SIGKILL" in said(opened, "error")
    gate.unlink()
    run(opened)
    np.testing.assert_allclose(predicted(opened)[0], raw_data() / 255, atol=1e-6)


def test_weights_are_those_of_the_network_chosen_in_setup(
    opened: Window, in_threads: list[ProcessInAThread], tmp_path: Path
) -> None:
    made: dict[str, Any] = {"fmaps_out": 2, "num_fmaps": 2, "fmap_inc_factor": 2, "downsample_factors": ((1, 2, 2),)}
    network = UNetConfig((13, 20, 20), **made)
    opened.after(lambda: setattr(opened.settings, "network", network))
    settle(opened)
    predictor = opened.inspection.request.predictor
    model = predictor.create_model(UNet((13, 20, 20), 1, **made))
    torch.save(model.state_dict(), tmp_path / "weights.pt")
    run(opened, tmp_path / "weights.pt")
    assert said(opened, "error") == ""
    assert "context reaches beyond the raw data" in said(opened, "message")
    with trained.TrainedModel(chosen_model(str(tmp_path / "weights.pt"), network=network), predictor) as alone:
        expected = torch.sigmoid(torch.from_numpy(alone.predict(opened.inspection.request).array.numpy()))
    np.testing.assert_allclose(predicted(opened), expected, atol=1e-6)
    opened.after(lambda: setattr(opened.settings, "network", UNetConfig((13, 20, 20), **{**made, "num_fmaps": 3})))
    settle(opened)
    assert EARLIER in summary(opened)
    run(opened)
    assert "compare feature maps" in said(opened, "error")


def test_another_model_may_be_compared_with_it_and_a_session_runs_neither(
    opened: Window, in_threads: list[ProcessInAThread], tmp_path: Path
) -> None:
    (tmp_path / "nets.py").write_text(NETS.read_text() + "\nPath(__file__).with_name('imported').touch()\n")
    run(opened, in_yaml(tmp_path, f"{tmp_path / 'nets.py'}:twice"))
    opened.control("beyond").setCurrentText("reflect")
    run(opened)
    choose(opened, "versus", "a model …")
    run(opened, f"{NETS}:twice", "versus")
    assert len(tab_of(opened).maps) == 2
    context = opened.widget.context
    path = save_session(tmp_path / "session.yaml", session_of(context))
    judgement = yaml.safe_load(path.read_text())["judgement"]
    assert judgement["models"]["prediction"] == {"path": "model.yaml", "beyond": "reflect"}
    (tmp_path / "imported").unlink()
    for role in ("versus", "prediction"):
        choose(opened, role, "none")
    del in_threads[:]
    apply_session(load_session(path), context)
    settle(opened)
    opened.widget.open_tab("Setup")
    opened.widget.open_tab("Loss")
    settle(opened)
    assert not (tmp_path / "imported").exists()
    assert in_threads == []
    assert opened.control("prediction model path").text() == str(tmp_path / "model.yaml")
    assert opened.control("beyond").currentText() == "reflect"
    assert "wasn't run yet" in summary(opened)
    run(opened)
    run(opened, role="versus")
    assert (tmp_path / "imported").exists()
    assert len(tab_of(opened).maps) == 2


def test_a_live_model_follows_raw_data_parameters_time_and_its_file(
    opened: Window, in_threads: list[ProcessInAThread], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window, layers = opened, opened.viewer.layers
    series = {
        "scale": (1, *VOXEL_SIZE),
        "translate": (0, *TRANSLATE),
        "units": ("s", *UNITS),
        "axis_labels": ("t", *LABELS),
    }
    layers.clear()
    window.add_labels(np.stack([blocks(), blocks(seed=1)]), **series)
    moments = [raw_data(255), raw_data(254)]
    raw = window.viewer.add_image(np.stack(moments), name="raw", **series)
    settle(window)
    run(window, in_yaml(tmp_path, TWICE))
    click(window, "live")

    def is_of(values: np.ndarray) -> None:
        settle(window)
        np.testing.assert_allclose(predicted(window)[1], values, atol=1e-6)

    is_of(moments[0] / 255)
    window.viewer.dims.set_point(1, 1)
    is_of(moments[1] / 255)
    raw.data[1] = raw_data(253)
    raw.events.data()
    is_of(raw_data(253) / 255)
    other = tmp_path / "other.yaml"
    other.write_text((tmp_path / "model.yaml").read_text().replace("}", ", shift: 0.001}"))
    monkeypatch.setattr(model_panel, "ask_for_model", lambda _parent: str(other))
    click(window, "browse")
    is_of(raw_data(253) / 255 + 0.001)
    written = len(in_threads) + 1
    other.write_text((tmp_path / "model.yaml").read_text().replace("}", ", shift: 0.002}"))
    window.qtbot.waitUntil(lambda: len(in_threads) == written)
    is_of(raw_data(253) / 255 + 0.002)
    window.control("scale").setValue(0.5)
    settle(window)
    is_of(raw_data(253) / 510 + 0.002)
    before = len(in_threads)
    window.settings.live = False
    raw.data[1] = 200
    raw.events.data()
    settle(window)
    assert EARLIER in summary(window), "nothing is computed by itself"
    run(window)
    is_of(np.full(moments[1].shape, 200 / 510 + 0.002))
    assert len(in_threads) > before
    type_path(window, "half/a/pa")
    settle(window)
    assert not window.control("prediction model live").isChecked()
    assert EARLIER in summary(window)
    assert said(window, "error") == ""


def test_a_closed_dock_leaves_no_process_of_a_model_that_hangs(
    opened: Window, docks: list[Window], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pid_file = tmp_path / "pid"
    monkeypatch.setenv("PID_FILE", str(pid_file))
    type_path(opened, f"{NETS}:hangs")
    click(opened, "run")
    opened.qtbot.waitUntil(lambda: pid_file.exists() and bool(pid_file.read_text()))
    assert "predicting" in said(opened, "message")
    pid = int(pid_file.read_text())
    docks.pop().close()

    def has_ended() -> bool:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        return False

    opened.qtbot.waitUntil(has_ended)
