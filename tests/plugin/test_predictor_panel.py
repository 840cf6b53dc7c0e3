"""The predictor part of the dock."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import yaml
from pytestqt.qtbot import QtBot
from qtpy.QtWidgets import QApplication, QComboBox, QDoubleSpinBox, QMenu, QWidget

from predictor_inspector.core import (
    Array,
    DistancePredictor,
    DummyPredictor,
    predictor_class,
    predictor_kinds,
    predictor_to_yaml,
)
from predictor_inspector.core.config import PREDICTORS
from predictor_inspector.plugin.forms.small_widgets import ErrorLabel
from predictor_inspector.plugin.tabs.setup.predictor_panel import PredictorPanel, first_sentence, kind_title

VOLUME = Array(np.zeros((4, 8, 8), np.uint32), (40, 4, 4))
PICTURE = Array(np.zeros((8, 8), np.uint8), (1, 1), unit="pixel")
DISTANCE = {"kind": "distance", "channels": ["mito"], "scale_factor": 33.0, "mask_distances": False}


@pytest.fixture
def panel(qtbot: QtBot) -> PredictorPanel:
    panel = PredictorPanel()
    qtbot.addWidget(panel)
    panel.set_context(VOLUME)
    return panel


@pytest.fixture
def changes(panel: PredictorPanel) -> list[dict[str, Any]]:
    seen: list[dict[str, Any]] = []
    panel.config_changed.connect(lambda: seen.append(panel.config))
    return seen


def shown_errors(panel: QWidget) -> list[str]:
    return [label.text() for label in panel.findChildren(ErrorLabel) if label.text()]


def menu_entry(panel: PredictorPanel, title: str) -> Any:
    for menu in panel.findChildren(QMenu):
        menu.aboutToShow.emit()
        for action in menu.actions():
            if action.text() == title:
                return action
    raise AssertionError(f"no menu has the entry {title!r}")


@pytest.mark.parametrize("gt", [VOLUME, PICTURE], ids=["volume", "picture"])
@pytest.mark.parametrize("kind", predictor_kinds())
def test_every_kind_is_ready_to_use_as_soon_as_there_are_data(panel: PredictorPanel, kind: str, gt: Array) -> None:
    panel.set_context(gt)
    panel.kind = kind
    assert type(panel.predictor()) is predictor_class(kind)
    assert panel.config["kind"] == kind
    assert shown_errors(panel) == []


def test_choosing_a_kind_signals_once(panel: PredictorPanel, changes: list[dict[str, Any]]) -> None:
    combo = panel.findChild(QComboBox)
    combo.setCurrentIndex(combo.findText("Signed distance"))
    assert [c["kind"] for c in changes] == ["distance"]


def test_every_kind_keeps_what_was_last_set_for_it(panel: PredictorPanel) -> None:
    panel.config = DISTANCE
    panel.kind = "dummy"
    panel.kind = "distance"
    assert panel.config["scale_factor"] == 33.0


def test_setting_a_configuration_changes_kind_and_form_with_one_signal(
    panel: PredictorPanel, changes: list[dict[str, Any]]
) -> None:
    panel.config = DISTANCE
    assert len(changes) == 1
    assert panel.predictor() == DistancePredictor(("mito",), 33.0, False)
    assert panel.findChild(QComboBox).currentText() == "Signed distance"


def test_a_configuration_may_leave_required_parameters_to_the_data(panel: PredictorPanel) -> None:
    panel.config = {"kind": "affinities", "lsds": False}
    assert panel.config["neighborhood"] == ((1, 0, 0), (0, 1, 0), (0, 0, 1))
    panel.set_context(PICTURE)
    assert panel.config["neighborhood"] == ((1, 0), (0, 1))
    assert panel.config["lsds"] is False


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"kind": "distanse"}, "unknown predictor 'distanse'; did you mean 'distance'"),
        ({"kind": ["distance"]}, "kind must be one of"),
        ({"scale_factor": 3.0}, "needs the key 'kind'"),
        (DISTANCE | {"scale": 3.0}, "no parameter 'scale'; did you mean 'scale_factor'"),
        (DISTANCE | {"scale_factor": -3.0}, "scale_factor must be > 0, got -3"),
        (DISTANCE | {"clipmin": 0.9, "clipmax": 0.1}, "clipmin must not exceed clipmax"),
    ],
    ids=["kind", "no text", "no kind", "parameter", "bounds", "clips"],
)
def test_a_wrong_configuration_is_an_error_and_changes_nothing(
    panel: PredictorPanel, changes: list[dict[str, Any]], wrong: dict[str, Any], message: str
) -> None:
    before = panel.config
    with pytest.raises(ValueError, match=message):
        panel.config = wrong
    assert panel.config == before
    assert changes == []


def test_new_data_move_only_what_nobody_chose_and_say_nothing(
    panel: PredictorPanel, changes: list[dict[str, Any]]
) -> None:
    panel.kind = "distance"
    changes.clear()
    assert panel.config["scale_factor"] == 200.0
    panel.set_context(PICTURE)
    assert panel.config["scale_factor"] == 5.0
    panel._form.set_values({"scale_factor": 12.0})
    panel.set_context(VOLUME)
    assert panel.config["scale_factor"] == 12.0
    assert changes == []
    panel.reset()
    assert panel.config["scale_factor"] == 200.0
    assert len(changes) == 1


def test_parameters_that_do_not_go_together_are_explained_where_they_are(panel: PredictorPanel, qtbot: QtBot) -> None:
    panel.kind = "distance"
    with qtbot.waitSignal(panel.config_changed):
        panel._form.findChild(QDoubleSpinBox, "clipmin").setValue(0.97)
    assert shown_errors(panel) == ["clipmin must not exceed clipmax, got 0.97 > 0.95"]
    assert shown_errors(panel._form.advanced) == shown_errors(panel)
    with pytest.raises(ValueError, match="clipmin must not exceed clipmax"):
        panel.predictor()
    panel.reset()
    assert shown_errors(panel) == []


@pytest.mark.parametrize("gt", [VOLUME, PICTURE], ids=["volume", "picture"])
@pytest.mark.parametrize("kind", predictor_kinds())
def test_every_preset_that_is_offered_fits_the_data(panel: PredictorPanel, kind: str, gt: Array) -> None:
    panel.set_context(gt)
    panel.kind = kind
    for name in panel.presets():
        panel.apply_preset(name)
        predictor = panel.predictor()
        for parameter, value in predictor_class(kind).presets.get(name, {}).items():
            assert panel.config[parameter] == (tuple(map(tuple, value)) if isinstance(value, list) else value)
        assert len(getattr(predictor, "neighborhood", [[0] * gt.dims])[0]) == gt.dims


def test_a_preset_is_one_change_and_an_unknown_one_an_error(
    panel: PredictorPanel, changes: list[dict[str, Any]]
) -> None:
    menu_entry(panel, "Long range, 3-D").trigger()
    assert len(changes) == 1
    assert len(changes[0]["neighborhood"]) == 9
    menu_entry(panel, "Defaults").trigger()
    assert panel.config["lsds"] is True
    assert len(panel.config["neighborhood"]) == 9
    with pytest.raises(ValueError, match="affinities has no preset 'short'; it has defaults"):
        panel.apply_preset("short")


def test_a_configuration_is_copied_as_yaml_python_and_for_dacapo(panel: PredictorPanel) -> None:
    panel.config = DISTANCE
    clipboard = QApplication.clipboard()
    menu_entry(panel, "YAML").trigger()
    assert clipboard.text() == predictor_to_yaml(panel.predictor())
    menu_entry(panel, "Python").trigger()
    assert clipboard.text().startswith("from predictor_inspector.core import DistancePredictor\n")
    menu_entry(panel, "DaCapo task configuration").trigger()
    assert yaml.safe_load(clipboard.text())["clip_distance"] == 400.0


def test_what_cannot_be_copied_is_explained(panel: PredictorPanel) -> None:
    panel.config = DISTANCE | {"epsilon": 0.5}
    QApplication.clipboard().setText("as before")
    menu_entry(panel, "DaCapo task configuration").trigger()
    assert "epsilon cannot be expressed in DaCapo's DistanceTaskConfig" in panel.message
    assert QApplication.clipboard().text() == "as before"
    menu_entry(panel, "YAML").trigger()
    assert panel.message == ""


def test_yaml_is_pasted(panel: PredictorPanel) -> None:
    QApplication.clipboard().setText("{kind: dummy, embedding_dims: 5}")
    menu_entry(panel, "Paste YAML").trigger()
    assert panel.predictor() == DummyPredictor(5)
    assert panel.message == ""


def test_yaml_is_loaded(panel: PredictorPanel, tmp_path: Path) -> None:
    path = tmp_path / "predictor.yaml"
    path.write_text(yaml.safe_dump(DISTANCE), encoding="utf-8")
    panel.load_yaml(path)
    assert panel.predictor() == DistancePredictor(("mito",), 33.0, False)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("kind: [dummy", "not valid YAML at line 1"),
        ("- dummy", "must be a mapping"),
        ("kind: dumy", "did you mean 'dummy'"),
        ("{kind: dummy, embedding_dims: many}", "embedding_dims"),
        (None, "No such file"),
    ],
    ids=["broken", "list", "kind", "type", "missing"],
)
def test_a_file_that_is_no_configuration_is_explained_and_changes_nothing(
    panel: PredictorPanel, tmp_path: Path, text: str | None, message: str
) -> None:
    before = panel.config
    path = tmp_path / "predictor.yaml"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    panel.load_yaml(path)
    assert message in panel.message
    assert panel.config == before


def test_without_data_nothing_is_said_to_be_wrong_before_anybody_chose(qtbot: QtBot) -> None:
    panel = PredictorPanel()
    qtbot.addWidget(panel)
    panel.kind = "distance"
    assert shown_errors(panel) == []
    with pytest.raises(ValueError, match="channels"):
        panel.predictor()


def test_kinds_are_called_as_people_call_them() -> None:
    assert [kind_title(kind) for kind in list(PREDICTORS.built_in)] == [
        "Affinities",
        "Signed distance",
        "Hot distance",
        "Inner distance",
        "One-hot",
        "Dummy",
    ]
    assert kind_title("my_flow") == "My flow"


@dataclass(frozen=True)
class Choosy(DummyPredictor):
    """Wants volumes.

    And says so.
    """

    embedding_dims: int = 2
    presets: ClassVar[dict[str, dict[str, Any]]] = {}

    @classmethod
    def starting_values(cls, gt: Array) -> dict[str, Any]:
        """Only volumes have any."""
        if gt.dims != 3:
            raise ValueError("choosy needs a volume")
        return {}


def test_other_peoples_kinds_are_offered_too(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    others = {"choosy": f"{__name__}:Choosy", "broken": "no_such_package:Predictor"}
    for kind, where in others.items():
        monkeypatch.setitem(PREDICTORS.built_in, kind, where)
    panel = PredictorPanel()
    qtbot.addWidget(panel)
    panel.set_context(PICTURE)
    combo = panel.findChild(QComboBox)
    combo.setCurrentIndex(combo.findText("Choosy"))
    assert shown_errors(panel) == ["choosy needs a volume"]
    panel.set_context(VOLUME)
    assert shown_errors(panel) == []
    combo.setCurrentIndex(combo.findText("Broken"))
    assert panel.message.startswith("Broken can't be used: the predictor 'broken' can't be loaded: ModuleNotFoundError")
    assert combo.currentText() == "Choosy"
    assert panel.kind == "choosy"


def test_a_class_is_described_by_the_first_line_of_its_docstring() -> None:
    @dataclass
    class Plain:
        a: int = 0

    assert first_sentence(Choosy) == "Wants volumes."
    assert first_sentence(Plain) == ""
