"""Menus of the head, bound to settings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from pytestqt.qtbot import QtBot
from qtpy.QtWidgets import QApplication, QMenu, QPlainTextEdit

from predictor_inspector.core import AffinitiesPredictor, Array, DistancePredictor, DummyPredictor, predictor_to_yaml
from predictor_inspector.plugin.head.menus import NotesDialog, Parameters
from predictor_inspector.plugin.model.settings import Settings

VOLUME = Array(np.zeros((4, 8, 8), np.uint32), (40, 4, 4))
DISTANCE = {"kind": "distance", "channels": ["mito"], "scale_factor": 33.0, "mask_distances": False}


class Told(Parameters):
    """Parameters with what was said last, and their menus."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings, self.hear)
        self.text, self.wrong = "", False

    def hear(self, text: str, wrong: bool) -> None:
        self.text, self.wrong = text, wrong

    @property
    def message(self) -> str:
        return self.text if self.wrong else ""


@pytest.fixture
def settings(qtbot: QtBot) -> Settings:
    settings = Settings()
    settings.gt = VOLUME
    return settings


@pytest.fixture
def panel(settings: Settings) -> Told:
    return Told(settings)


@pytest.fixture
def changes(settings: Settings) -> list[dict[str, Any]]:
    seen: list[dict[str, Any]] = []
    settings.events.predictor_choice.connect(lambda: seen.append(settings.config))
    return seen


def trigger(panel: Parameters, title: str) -> None:
    for fill in (panel.fill_presets, panel.fill_copies):
        menu = QMenu()
        fill(menu)
        inner = [action for entry in menu.actions() if (sub := entry.menu()) is not None for action in sub.actions()]
        for action in (*menu.actions(), *inner):
            if action.text() == title:
                action.trigger()
                return
    raise AssertionError(f"no menu has the entry {title!r}")


def test_a_preset_is_one_change(panel: Told, settings: Settings, changes: list[dict[str, Any]]) -> None:
    trigger(panel, "Long range, 3-D")
    assert len(changes) == 1
    assert len(changes[0]["neighborhood"]) == 9
    trigger(panel, "Defaults")
    assert settings.config["lsds"] is True
    assert len(settings.config["neighborhood"]) == 9


def test_a_configuration_is_copied_as_yaml_python_and_for_dacapo(panel: Told, settings: Settings) -> None:
    settings.config = DISTANCE
    clipboard = QApplication.clipboard()
    trigger(panel, "Copy as YAML")
    assert clipboard.text() == predictor_to_yaml(settings.predictor())
    trigger(panel, "Copy as Python")
    assert clipboard.text().startswith("from predictor_inspector.core import DistancePredictor\n")
    trigger(panel, "DaCapo task configuration")
    assert yaml.safe_load(clipboard.text())["clip_distance"] == 400.0


def test_what_cannot_be_copied_is_explained(panel: Told, settings: Settings) -> None:
    settings.config = DISTANCE | {"epsilon": 0.5}
    QApplication.clipboard().setText("as before")
    trigger(panel, "DaCapo task configuration")
    assert "epsilon cannot be expressed in DaCapo's DistanceTaskConfig" in panel.message
    assert QApplication.clipboard().text() == "as before"
    trigger(panel, "Copy as YAML")
    assert panel.message == ""


def test_yaml_is_pasted(panel: Told, settings: Settings) -> None:
    QApplication.clipboard().setText("{kind: dummy, embedding_dims: 5}")
    trigger(panel, "Paste configuration")
    assert settings.predictor() == DummyPredictor(5)
    assert panel.message == ""


def test_another_tools_configuration_is_pasted_and_what_it_leaves_out_is_said(panel: Told, settings: Settings) -> None:
    QApplication.clipboard().setText("transform = AffinityTransform(offsets=[[-1, 0, 0]], ignore_label=0)")
    trigger(panel, "Paste configuration")
    assert settings.predictor() == AffinitiesPredictor([[-1, 0, 0]], lsds=False)
    assert panel.text.startswith(
        "The clipboard's text was read as AffinityTransform in line 1; its values are one minus"
    )
    assert not panel.wrong


def test_yaml_is_loaded(panel: Told, settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / "predictor.yaml"
    path.write_text(yaml.safe_dump(DISTANCE), encoding="utf-8")
    panel.load_yaml(path)
    assert settings.predictor() == DistancePredictor(("mito",), 33.0, False)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("kind: [dummy", "not valid YAML at line 1"),
        ("- dummy", "must be a mapping"),
        ("kind: dumy", "did you mean 'dummy'"),
        ("{kind: dummy, embedding_dims: many}", "embedding_dims"),
        (None, "is not there"),
    ],
    ids=["broken", "list", "kind", "type", "missing"],
)
def test_a_file_that_is_no_configuration_is_explained_and_changes_nothing(
    panel: Told, settings: Settings, tmp_path: Path, text: str | None, message: str
) -> None:
    before = settings.config
    path = tmp_path / "predictor.yaml"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    panel.load_yaml(path)
    assert message in panel.message
    assert settings.config == before


def test_all_parameters_are_reset(panel: Told, settings: Settings) -> None:
    settings.config = DISTANCE
    trigger(panel, "Reset all parameters")
    assert settings.predictor_choice.chosen == {}


def test_notes_are_shown_and_set(qtbot: QtBot, settings: Settings) -> None:
    settings.notes = "as before"
    dialog = NotesDialog(settings)
    qtbot.addWidget(dialog)
    notes = dialog.findChild(QPlainTextEdit, "notes")
    assert notes.toPlainText() == "as before"
    qtbot.keyClicks(notes, "now ")
    assert settings.notes == "now as before"
