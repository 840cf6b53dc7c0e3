"""The predictor section of the dock, bound to settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pytest
from pytestqt.qtbot import QtBot
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QMenu,
    QTableWidget,
    QToolButton,
    QWidget,
)

from predictor_inspector.core import (
    Array,
    DummyPredictor,
    predictor_class,
    predictor_kinds,
)
from predictor_inspector.core.config import PREDICTORS
from predictor_inspector.plugin.forms.offsets_table import OffsetsTable
from predictor_inspector.plugin.forms.small_widgets import ErrorLabel
from predictor_inspector.plugin.model.history import History
from predictor_inspector.plugin.model.predictor_choice import presets_for
from predictor_inspector.plugin.model.settings import Settings
from predictor_inspector.plugin.tabs.setup.predictor_panel import PredictorPanel, first_sentence, kind_title

VOLUME = Array(np.zeros((4, 8, 8), np.uint32), (40, 4, 4))
PICTURE = Array(np.zeros((8, 8), np.uint8), (1, 1), unit="pixel")
DISTANCE = {"kind": "distance", "channels": ["mito"], "scale_factor": 33.0, "mask_distances": False}


@pytest.fixture
def settings() -> Settings:
    settings = Settings()
    settings.gt = VOLUME
    return settings


@pytest.fixture
def panel(qtbot: QtBot, settings: Settings) -> PredictorPanel:
    panel = PredictorPanel(settings)
    qtbot.addWidget(panel)
    return panel


@pytest.fixture
def changes(settings: Settings) -> list[dict[str, Any]]:
    seen: list[dict[str, Any]] = []
    settings.events.predictor_choice.connect(lambda: seen.append(settings.config))
    return seen


def shown_errors(panel: QWidget) -> list[str]:
    return [label.text() for label in panel.findChildren(ErrorLabel) if label.text()]


def shown_scale(panel: PredictorPanel) -> float:
    return float(panel.form.findChild(QDoubleSpinBox, "scale_factor").value())


def test_every_edit_is_a_step_of_the_history(panel: PredictorPanel, settings: Settings) -> None:
    settings.kind = "affinities"
    history, form = History(settings), panel.form
    table = next(editor for editor in form.findChildren(OffsetsTable))
    actions = {action.text(): action for action in table.toolbar.findChild(QMenu).actions()}
    number = form.findChild(QDoubleSpinBox, "num_voxels")
    configs = [settings.config]

    def drag() -> None:
        for value in (21, 25, 33):
            number.setValue(value)

    steps = (
        drag,
        table.add_row,
        table.add_row,
        actions["Turn every offset around"].trigger,
        form.findChild(QCheckBox, "mask_pairs").click,
        form.findChild(QToolButton, "reset neighborhood").click,
        lambda: settings.apply_preset(next(iter(presets_for("affinities", settings.gt)))),
    )
    for step in steps:
        step()
        configs.append(settings.config)
    for config in reversed(configs[:-1]):
        history.undo()
        assert settings.config == config
    assert table.value == settings.config["neighborhood"]
    for config in configs[1:]:
        history.redo()
        assert settings.config == config


@pytest.mark.parametrize("gt", [VOLUME, PICTURE], ids=["volume", "picture"])
@pytest.mark.parametrize("kind", predictor_kinds())
def test_every_kind_is_ready_to_use_as_soon_as_there_are_data(
    panel: PredictorPanel, settings: Settings, kind: str, gt: Array
) -> None:
    settings.gt = gt
    settings.kind = kind
    assert type(settings.predictor()) is predictor_class(kind)
    assert shown_errors(panel) == []


def test_a_kind_is_chosen_by_hand_and_shown_when_it_is_set(
    panel: PredictorPanel, settings: Settings, changes: list[dict[str, Any]]
) -> None:
    combo = panel.findChild(QComboBox, "kind")
    combo.setCurrentIndex(combo.findText("Signed distance"))
    assert [c["kind"] for c in changes] == ["distance"]
    settings.config = {"kind": "dummy", "embedding_dims": 5}
    assert len(changes) == 2
    assert combo.currentText() == "Dummy"
    assert panel.findChild(QDoubleSpinBox, "embedding_dims").value() == 5


def test_an_edit_by_hand_is_set_once_and_only_what_was_edited_is_chosen(
    panel: PredictorPanel, settings: Settings, changes: list[dict[str, Any]]
) -> None:
    settings.kind = "distance"
    changes.clear()
    panel.findChild(QDoubleSpinBox, "scale_factor").setValue(12.0)
    assert settings.predictor_choice.chosen == {"scale_factor": 12.0}
    assert len(changes) == 1
    settings.gt = PICTURE
    assert settings.config["scale_factor"] == 12.0
    settings.choose_parameters({})
    assert settings.config["scale_factor"] == shown_scale(panel) == 5.0
    assert len(changes) == 2


def test_an_edit_leaves_other_values_as_exact_as_they_are(panel: PredictorPanel, settings: Settings) -> None:
    settings.config = DISTANCE | {"scale_factor": 1 / 3, "epsilon": 1e-9}
    panel.form.findChild(QDoubleSpinBox, "clipmin").setValue(0.01)
    assert settings.config["clipmin"] == 0.01
    assert (settings.config["scale_factor"], settings.config["epsilon"]) == (1 / 3, 1e-9)


def test_one_parameter_is_reset(panel: PredictorPanel, settings: Settings) -> None:
    settings.kind = "distance"
    panel.findChild(QDoubleSpinBox, "clipmin").setValue(0.01)
    panel.findChild(QDoubleSpinBox, "scale_factor").setValue(12.0)
    panel.form.findChild(QToolButton, "reset scale_factor").click()
    assert settings.predictor_choice.chosen == {"clipmin": 0.01}
    assert shown_scale(panel) == 200.0


@pytest.mark.parametrize("offsets", [[[1, 0]], [[1, 0], [1, 0, 0]], [[10**6, 0, 0]]])
def test_what_the_form_could_not_make_is_shown_and_explained(
    panel: PredictorPanel, settings: Settings, offsets: list[list[int]]
) -> None:
    settings.choose_parameters({"neighborhood": offsets})
    table = panel.form.findChild(QTableWidget, "neighborhood")
    assert table.item(0, 0).text() == str(offsets[0][0])
    assert len(shown_errors(panel)) == (len({len(o) for o in offsets}) > 1)


def test_what_is_undone_is_shown(panel: PredictorPanel, settings: Settings) -> None:
    steps = History(settings)
    settings.kind = "distance"
    panel.findChild(QDoubleSpinBox, "scale_factor").setValue(12.0)
    steps.undo()
    assert shown_scale(panel) == settings.config["scale_factor"] == 200.0
    steps.undo()
    assert panel.findChild(QComboBox, "kind").currentText() == "Affinities"
    steps.redo()
    steps.redo()
    assert shown_scale(panel) == settings.config["scale_factor"] == 12.0


def test_parameters_that_do_not_go_together_are_explained_where_they_are(
    panel: PredictorPanel, settings: Settings
) -> None:
    settings.kind = "distance"
    panel.form.findChild(QDoubleSpinBox, "clipmin").setValue(0.97)
    assert shown_errors(panel) == ["clipmin must not exceed clipmax, got 0.97 > 0.95"]
    assert panel.form.advanced.isChecked()
    with pytest.raises(ValueError, match="clipmin must not exceed clipmax"):
        settings.predictor()
    settings.choose_parameters({})
    assert shown_errors(panel) == []


@pytest.mark.parametrize("gt", [VOLUME, PICTURE], ids=["volume", "picture"])
@pytest.mark.parametrize("kind", predictor_kinds())
def test_every_preset_that_is_offered_fits_the_data(settings: Settings, kind: str, gt: Array) -> None:
    settings.gt = gt
    settings.kind = kind
    for name, values in presets_for(kind, gt).items():
        settings.apply_preset(name)
        predictor = settings.predictor()
        for parameter, value in values.items():
            assert settings.config[parameter] == (tuple(map(tuple, value)) if isinstance(value, list) else value)
        assert len(getattr(predictor, "neighborhood", [[0] * gt.dims])[0]) == gt.dims


def test_without_data_nothing_is_said_to_be_wrong_before_anybody_chose(qtbot: QtBot) -> None:
    settings = Settings()
    panel = PredictorPanel(settings)
    qtbot.addWidget(panel)
    settings.kind = "distance"
    assert shown_errors(panel) == []
    with pytest.raises(ValueError, match="channels"):
        settings.predictor()


def test_kinds_are_called_as_people_call_them() -> None:
    assert [kind_title(kind) for kind in list(PREDICTORS.built_in)] == [
        "Affinities",
        "Signed distance",
        "Hot distance",
        "Inner distance",
        "Boundary",
        "Cellpose flows",
        "StarDist",
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
    settings = Settings()
    panel = PredictorPanel(settings)
    qtbot.addWidget(panel)
    settings.gt = PICTURE
    combo = panel.findChild(QComboBox, "kind")
    combo.setCurrentIndex(combo.findText("Choosy"))
    assert shown_errors(panel) == ["choosy needs a volume"]
    settings.gt = VOLUME
    assert shown_errors(panel) == []
    combo.setCurrentIndex(combo.findText("Broken"))
    assert shown_errors(panel)[0].startswith(
        "Broken can't be used: the predictor 'broken' can't be loaded: ModuleNotFoundError"
    )
    assert combo.currentText() == "Choosy"
    assert settings.kind == "choosy"


def test_a_class_is_described_by_the_first_line_of_its_docstring() -> None:
    @dataclass
    class Plain:
        a: int = 0

    assert first_sentence(Choosy) == "Wants volumes."
    assert first_sentence(Plain) == ""
