"""A training pipeline in the tab Check of a real window."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QLineEdit, QPushButton

from ..window import Window

PIPELINE = """
import numpy as np

IDS = np.random.default_rng(0).integers(1, 4, (3, 5, 5)).repeat(4, 0).repeat(5, 1).repeat(5, 2)


def affinities(ids):
    made = np.zeros((3, *ids.shape), np.float32)
    for axis in range(3):
        channel, moved = np.moveaxis(made[axis], axis, 0), np.moveaxis(ids, axis, 0)
        channel[:-1] = moved[:-1] == moved[1:]
    return made


def samples():
    for n in range(3):
        raw = np.random.default_rng(n).random((1, *IDS.shape), np.float32)
        step = -1 if n == 1 else 1
        yield {"raw": raw, "GT": IDS[..., ::step].copy(), "made": affinities(IDS)[..., ::step].copy()}
    raise RuntimeError("no more")
"""


@pytest.fixture
def pipeline(tmp_path: Path) -> str:
    (tmp_path / "train.py").write_text(PIPELINE)
    return f"{tmp_path / 'train.py'}:samples"


def press(window: Window, name: str) -> None:
    QTest.mouseClick(window.control(f"pipeline {name}"), Qt.MouseButton.LeftButton)
    window.qtbot.waitUntil(lambda: not window.widget.tabs["check"].busy)
    window.settle()


def test_samples_are_shown_one_by_one_and_what_is_wrong_with_them(window: Window, pipeline: str) -> None:
    QTest.mouseClick(window.control("start pipeline"), Qt.MouseButton.LeftButton)
    window.settle()
    path, keys = window.control("pipeline path"), window.control("pipeline keys")
    assert isinstance(path, QLineEdit)
    assert path.isVisible()
    QTest.keyClicks(keys, "raw=raw,labels=GT,target=made")
    QTest.keyClicks(path, pipeline)
    press(window, "start")
    assert window.control("pipeline error").text() == ""
    assert [layer.name for layer in window.viewer.layers][:4] == [
        "sample raw",
        "sample labels",
        "sample target",
        "sample difference",
    ]
    labels = window.widget.gt_layer
    assert labels.name == "sample labels"
    assert (window.settings.region_mode, window.viewer.layers["sample raw"].ndim) == ("layer", 3)
    window.widget.config = {"kind": "affinities", "neighborhood": [[1, 0, 0], [0, 1, 0], [0, 0, 1]], "lsds": False}
    window.settle()
    window.qtbot.waitUntil(lambda: not window.widget.tabs["check"].busy)
    summary, panel = window.control("pipeline summary"), window.widget.tabs["check"].pipeline
    assert summary.text() == "Sample 0 (1 taken so far). The target is ours."
    assert [f.id for f in panel.findings] == ["context-lost"]
    before = labels.data.copy()
    press(window, "next")
    # The same layers show the next sample.
    assert window.widget.gt_layer is labels
    assert np.array_equal(labels.data, before[..., ::-1])
    assert "of the target differs from ours" in summary.text()
    assert panel.findings[0].id == "target-augmented"
    target, difference = window.viewer.layers["sample target"], window.viewer.layers["sample difference"]
    assert not target.visible
    press(window, "view target")
    assert target.visible
    assert window.settings.shown == "off"
    press(window, "view difference")
    assert (target.visible, difference.visible) == (False, True)
    assert np.abs(difference.data).max() == 1
    press(window, "previous")
    assert np.abs(difference.data).max() == 0
    # To look at a finding goes to the sample that it is about.
    QTest.mouseClick(panel.findChild(QPushButton, "show"), Qt.MouseButton.LeftButton)
    window.settle()
    assert summary.text().startswith("Sample 1 (2 taken so far).")
    press(window, "next")
    press(window, "next")
    assert (
        window.control("pipeline error")
        .text()
        .endswith("train.py:samples gave no 4th sample: RuntimeError: no more (train.py, line 20, in samples).")
    )
    assert summary.text().startswith("Sample 2 (3 taken so far).")
    assert not window.control("pipeline next").isEnabled()


def test_what_is_wrong_with_a_pipeline_is_said_in_the_dock(window: Window) -> None:
    window.widget.open_pipeline()
    error = window.control("pipeline error")
    for text, said in (
        ("train", "An import path is module:name or path/to/file.py:name, got 'train'."),
        ("train:samples", "Keys are given as raw=RAW,labels=GT with any of "),
    ):
        window.control("pipeline path").setText(text)
        window.control("pipeline keys").setText("" if text == "train" else "raw")
        press(window, "start")
        assert error.text().startswith(said)
        assert window.control("pipeline start").text() == "Start"


def test_a_pipeline_that_hangs_is_stopped_by_a_button_and_with_the_dock(window: Window, tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text("import time\ndef samples():\n    time.sleep(1000)\n")
    start = window.control("pipeline start")
    for _ in range(2):
        window.widget.open_pipeline(f"{tmp_path / 'slow.py'}:samples")
        assert start.text() == "Stop"
        press(window, "start")
        assert (start.text(), window.control("pipeline error").text()) == ("Start", "")
