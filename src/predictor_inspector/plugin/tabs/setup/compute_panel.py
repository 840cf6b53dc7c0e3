"""Computation sections: what trainers do differently, and on what device it is computed."""

from __future__ import annotations

from qtpy.QtWidgets import QCheckBox, QWidget

from predictor_inspector.inspection.engine.devices import available_devices
from predictor_inspector.plugin.forms.layouts import in_form
from predictor_inspector.plugin.forms.small_widgets import ValueCombo
from predictor_inspector.plugin.model.settings import Settings
from predictor_inspector.plugin.tabs.bound import bind, bound_combo

_DEVICES = {"auto": "auto", "cuda": "GPU (CUDA)", "mps": "GPU (MPS)", "cpu": "CPU"}
_TRAINERS = {("clip", "roi"): "this library", ("zero", "context"): "DaCapo 0.3"}
_CUSTOM = "custom"


class TrainerPanel(QWidget):
    """What a trainer does beyond the data, and over what it counts classes: by its name, or each by itself."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(windowTitle="As the trainer does it")
        self._settings = settings
        self._trainer = ValueCombo(
            _TRAINERS,
            "Whose ways are followed: this library's, DaCapo's trainer's, or any mixture of them",
            8,
            lambda _pair: _CUSTOM,
        )
        self._trainer.setObjectName("trainer")
        self._trainer.chosen.connect(self._on_chosen)
        outside = bound_combo(
            settings,
            "outside",
            {"clip": "unknown", "zero": "zeros (DaCapo)"},
            "What lies where the context reaches beyond the data: nothing is known there, or there are zeros, as DaCapo's "
            "trainer has it, which makes false boundaries along the data's edge",
        )
        balance = bound_combo(
            settings,
            "balance_over",
            {"roi": "ROI", "context": "ROI + context (DaCapo)"},
            "Over which voxels classes are counted: the loss sees the ROI; DaCapo's trainer counts over ROI and "
            "context together",
        )
        self.setLayout(in_form(("as in", self._trainer), ("beyond the data", outside), ("count classes in", balance)))
        for name in ("outside", "balance_over"):
            settings.events[name].connect(self._show)
        self._show()

    def _on_chosen(self, pair: tuple[str, str]) -> None:
        with self._settings.together():
            self._settings.outside, self._settings.balance_over = pair

    def _show(self) -> None:
        self._trainer.offer(_TRAINERS, (self._settings.outside, self._settings.balance_over))


class ComputationPanel(QWidget):
    """Device, and whether to compute by itself."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(windowTitle="Computation")
        device = bound_combo(
            settings,
            "device",
            {d: _DEVICES[d] for d in ("auto", *available_devices())},
            "Where to compute; auto takes the fastest there is",
        )
        live = QCheckBox("Auto-update", toolTip="Compute whenever anything changes")
        bind(live, live.toggled, live.setChecked, settings, "live")
        self.setLayout(in_form(("device", device), (live,)))
