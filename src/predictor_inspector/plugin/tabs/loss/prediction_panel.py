"""Choice of predictions: a layer of the viewer, and another one to compare it with."""

from __future__ import annotations

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QCheckBox, QWidget

from predictor_inspector.inspection import Inspection
from predictor_inspector.inspection.engine.predictions import Prediction
from predictor_inspector.plugin.forms.layouts import in_form, in_row
from predictor_inspector.plugin.forms.small_widgets import ErrorLabel, ValueCombo
from predictor_inspector.plugin.live.listeners import Watch, data_events
from predictor_inspector.plugin.model.axes import forget_reads
from predictor_inspector.plugin.model.predictions import LayerPrediction, possible_predictions
from predictor_inspector.plugin.tabs import TabContext

_NONE = "none"
_ROLES = {
    "prediction": "What your network predicts: an image layer with the target's channels and its voxels",
    "versus": "Another prediction, of another network or checkpoint, to compare with the first",
}


class PredictionPanel(QWidget):
    """Shows and sets the predictions that tabs share, `Derived.prediction` and `Derived.versus`."""

    changed = Signal()

    def __init__(self, context: TabContext, *rows: tuple[str, QWidget]) -> None:
        """Beneath the predictions are further rows, each a label and a field."""
        super().__init__()
        self._settings, self._derived = context.settings, context.derived
        self._dims, self._channels, self._version = 3, 0, 0
        self._combos = {role: ValueCombo({None: _NONE}, tip, 10) for role, tip in _ROLES.items()}
        self._logits = QCheckBox("Logits", objectName="loss logits")
        self._logits.setToolTip("They were stored before the sigmoid, as a model gives them in training")
        self._logits.toggled.connect(self._on_logits)
        for role, combo in self._combos.items():
            combo.setObjectName(f"loss {role}")
            combo.chosen.connect(lambda layer, role=role: self._choose(role, layer))
        self._error = ErrorLabel()
        self._error.setObjectName("loss error")
        first, second = self._combos.values()
        self.setLayout(
            in_form(("prediction", in_row((first, 1), self._logits)), ("versus", second), (self._error,), *rows)
        )
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
        self._edits.close()
        self._settings.events.layers.disconnect(self._offer)
        for role in _ROLES:
            self._derived.events[role].disconnect(self._show)

    def _choose(self, role: str, layer: object) -> None:
        chosen = None if layer is None else LayerPrediction(layer, self._logits.isChecked(), self._version)
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
        for role, combo in self._combos.items():
            offered = dict.fromkeys([*layers, *([chosen[role]] if chosen[role] is not None else [])])
            combo.offer({None: _NONE} | {layer: layer.name for layer in offered}, chosen[role])
        self._combos["versus"].setEnabled(self._derived.prediction is not None)
        first = self._derived.prediction
        if first is not None and first.logits != self._logits.isChecked():
            self._logits.blockSignals(True)
            self._logits.setChecked(first.logits)
            self._logits.blockSignals(False)
        self._edits.watch(data_events(*chosen.values()))
        self.changed.emit()
