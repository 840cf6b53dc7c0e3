"""Choice of predictions: a layer or a trained model, and another to compare it with."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.QtCore import QSignalBlocker, Signal
from qtpy.QtWidgets import QCheckBox, QWidget

from predictor_inspector.inspection import Inspection
from predictor_inspector.inspection.engine.predictions import Prediction
from predictor_inspector.plugin.forms.layouts import in_column, in_form, in_row
from predictor_inspector.plugin.forms.small_widgets import ErrorLabel, ValueCombo
from predictor_inspector.plugin.live.listeners import Watch, data_events
from predictor_inspector.plugin.model.axes import forget_reads
from predictor_inspector.plugin.model.predictions import LayerPrediction, ModelPrediction, possible_predictions
from predictor_inspector.plugin.tabs import Tab
from predictor_inspector.plugin.tabs.loss.model_panel import ModelPanel

_NONE, _MODEL = "none", "model"
_ROLES = {
    "prediction": "What your network predicts: an image layer with the target's channels and its voxels, or a "
    "trained model that is run on the raw data",
    "versus": "Another prediction, of another network or checkpoint, to compare with the first",
}


class PredictionPanel(QWidget):
    """Shows and sets the predictions that tabs share, `Derived.prediction` and `Derived.versus`.

    Models are run on what `inspected` gives.
    """

    changed = Signal()

    def __init__(self, tab: Tab, inspected: Callable[[], Inspection | None], *rows: tuple[str, QWidget]) -> None:
        """Beneath the predictions are further rows, each a label and a field."""
        super().__init__()
        self._settings, self._derived = tab.context.settings, tab.context.derived
        self._dims, self._channels, self._version = 3, 0, 0
        self._combos = {role: ValueCombo({None: _NONE}, tip, 10) for role, tip in _ROLES.items()}
        self._models = {role: ModelPanel(tab, role, inspected) for role in _ROLES}
        self._logits = QCheckBox("Logits", objectName="loss logits")
        self._logits.setToolTip("They were stored before the sigmoid, as a model gives them in training")
        self._logits.toggled.connect(self._on_logits)
        for role, combo in self._combos.items():
            combo.setObjectName(f"loss {role}")
            combo.chosen.connect(lambda layer, role=role: self._choose(role, layer))
        for model in self._models.values():
            model.busy_changed.connect(self.changed)
        self._error = ErrorLabel()
        self._error.setObjectName("loss error")
        first, second = (in_column(in_row((self._combos[role], 1)), self._models[role]) for role in _ROLES)
        first.itemAt(0).layout().addWidget(self._logits)
        self.setLayout(in_form(("prediction", first), ("versus", second), (self._error,), *rows))
        self._edits = Watch(self._on_edited)
        self._settings.events.layers.connect(self._offer)
        for role in _ROLES:
            self._derived.events[role].connect(self._show)
        self._show()

    @property
    def predictions(self) -> tuple[Prediction, ...]:
        """Those that are chosen: A and, if there is one, B; none without A."""
        a, b = self._derived.prediction, self._derived.versus
        return () if a is None else (a,) if b is None else (a, b)

    @property
    def busy(self) -> bool:
        """Whether a model runs."""
        return any(model.busy for model in self._models.values())

    def follow(self) -> None:
        """Run models that are live, or were asked for, on what is inspected."""
        for role, model in self._models.items():
            if role == "prediction" or self._derived.prediction is not None:
                model.follow()

    def offer_for(self, inspection: Inspection) -> None:
        """Offer layers that may be a prediction of this."""
        wanted = inspection.target.dims, len(inspection.channels)
        if wanted != (self._dims, self._channels):
            self._dims, self._channels = wanted
            self._show()

    def show_error(self, message: str) -> None:
        """Say what is wrong; an empty message takes that back."""
        self._error.show_message(message)

    def stop_listening(self) -> None:
        """Listen to nothing any more."""
        for model in self._models.values():
            model.stop_listening()
        self._edits.close()
        self._settings.events.layers.disconnect(self._offer)
        for role in _ROLES:
            self._derived.events[role].disconnect(self._show)

    def _choose(self, role: str, what: object) -> None:
        chosen: Prediction | None = None
        if what == _MODEL:
            chosen = self._models[role].last
        elif what is not None:
            chosen = LayerPrediction(what, self._logits.isChecked(), self._version)
        setattr(self._derived, role, chosen)

    def _on_logits(self) -> None:
        self._renew()

    def _on_edited(self) -> None:
        self._version += 1
        for layer in filter(None, map(self._layer_of, _ROLES)):
            forget_reads(layer)
        self._renew()

    def _renew(self) -> None:
        """Choose the same layers as they are now."""
        for role in _ROLES:
            layer = self._layer_of(role)
            if layer is not None:
                self._choose(role, layer)

    def _layer_of(self, role: str) -> object | None:
        chosen = getattr(self._derived, role)
        return chosen.layer if isinstance(chosen, LayerPrediction) else None

    def _offer(self) -> None:
        """Offer the viewer's layers as they are now; a chosen one that is gone isn't chosen any more."""
        for role in _ROLES:
            layer = self._layer_of(role)
            if layer is not None and layer not in self._settings.layers.raw_layer:
                setattr(self._derived, role, None)
        self._show()

    def _show(self) -> None:
        layers = possible_predictions(self._settings.layers.raw_layer, self._dims, self._channels)
        chosen = {role: self._layer_of(role) for role in _ROLES}
        first = self._derived.prediction
        for role, combo in self._combos.items():
            offered = dict.fromkeys([*layers, *([chosen[role]] if chosen[role] is not None else [])])
            by_model = isinstance(getattr(self._derived, role), ModelPrediction)
            titles = {None: _NONE, _MODEL: "a model …"} | {layer: layer.name for layer in offered}
            combo.offer(titles, _MODEL if by_model else chosen[role])
            self._models[role].setVisible(by_model and first is not None)
        self._combos["versus"].setEnabled(first is not None)
        self._logits.setVisible(any(layer is not None for layer in chosen.values()))
        if isinstance(first, LayerPrediction) and first.logits != self._logits.isChecked():
            with QSignalBlocker(self._logits):
                self._logits.setChecked(first.logits)
        self._edits.watch(data_events(*chosen.values()))
        self.changed.emit()
