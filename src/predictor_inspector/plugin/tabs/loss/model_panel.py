"""Trained model in the Loss tab: where it is, how raw data go into it, and its run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import torch
from qtpy.QtCore import QTimer, Signal
from qtpy.QtWidgets import QCheckBox, QLineEdit, QPushButton, QWidget

from predictor_inspector.core.networks import NetworkConfig
from predictor_inspector.core.parameters import parameters_of
from predictor_inspector.core.text import capitalised, format_error, percent
from predictor_inspector.inspection import Inspection, Request
from predictor_inspector.inspection.engine.network import head_of
from predictor_inspector.inspection.models import ModelConfig, TrainedModel
from predictor_inspector.inspection.models.kinds import CheckpointModel, ModuleModel, TorchScriptModel
from predictor_inspector.inspection.models.trained import STEPS
from predictor_inspector.plugin.forms.collapsible import Collapsible
from predictor_inspector.plugin.forms.form import ParameterForm
from predictor_inspector.plugin.forms.layouts import in_column, in_row
from predictor_inspector.plugin.forms.open_dialog import ask_for_model
from predictor_inspector.plugin.forms.small_widgets import ErrorLabel, MessageLabel, flat_button, thin_bar
from predictor_inspector.plugin.live.listeners import Watch, data_events
from predictor_inspector.plugin.live.worker import Job
from predictor_inspector.plugin.model.predictions import ModelChoice, ModelPrediction, ModelRun, stamps_of
from predictor_inspector.plugin.tabs import Tab

_FORM = TorchScriptModel  # whose parameters all kinds have, but `logits`
_START = {p.name: p.plainest_value() for p in parameters_of(_FORM)}
_REST = 300  # milliseconds after an edit until a live model is run: not for each number that a slider comes by
_LOOK = 500  # milliseconds between two looks at whether the model's file was written


class ModelPanel(QWidget):
    """Shows and sets the `ModelPrediction` that is in a field of `Derived`, and runs it when a person asks for it.

    Its process lives until another model is chosen, it fails or is cancelled, or `stop_listening`. A model that was chosen
    elsewhere, in a session for instance, isn't run, nor its file opened, before *Run* is pressed here.
    """

    busy_changed = Signal(bool)  # whether it runs

    def __init__(self, tab: Tab, role: str, inspected: Callable[[], Inspection | None]) -> None:
        super().__init__()
        context, self._runner = tab.context, tab.new_runner()
        self._settings, self._controller, self._derived = context.settings, context.controller, context.derived
        self._role, self._inspected = role, inspected
        self._last = ModelPrediction()  # that was chosen here
        self._model: TrainedModel | None = None
        self._model_key: tuple[Any, ...] = ()  # equal for as long as that needn't be loaded anew
        self._asked = False  # whether it is to be run once something is inspected
        self._runs_on: Inspection | None = None  # what it is being run on, or was last
        self._before_edit: Inspection | None = None  # of raw data as they aren't any more
        self._written: tuple[Any, ...] = ()  # stamps of the model's files when these were looked at last
        self._path = QLineEdit(placeholderText="model.pt, or nets.py:name")
        self._path.setToolTip("A checkpoint, TorchScript or exported program, a YAML file, or an import path")
        self._path.textEdited.connect(self._on_typed)
        self._path.returnPressed.connect(self.run)
        self._browse = flat_button("…", "Choose the model's file", self._on_browse)
        self._run, self._cancel, self._live = QPushButton("Run"), QPushButton("Cancel"), QCheckBox("Live")
        self._run.setToolTip("Run the model on the region shown; of a model that is code, this runs the code")
        self._cancel.setToolTip("End the model's process")
        self._live.setToolTip("Run it again whenever something changes that it depends on, while this tab is in front")
        self._run.clicked.connect(self.run)
        self._live.toggled.connect(self.follow)
        self._cancel.clicked.connect(self._on_cancel)
        self._bar, self._message, self._error = thin_bar(), MessageLabel(), ErrorLabel()
        self._form = ParameterForm(_FORM, without=("path",))
        self._form.edited.connect(self._set)
        self._form.reset.connect(self._reset)
        form = QWidget(windowTitle="How it takes raw data")
        form.setLayout(in_column(self._form))
        for name in ("path", "browse", "run", "cancel", "live", "message", "error"):
            getattr(self, f"_{name}").setObjectName(f"{role} model {name}")
        buttons = in_row(self._run, self._cancel, self._live, None)
        line, more = in_row((self._path, 1), self._browse), Collapsible(form, expanded=False)
        self.setLayout(in_column(line, more, buttons, self._bar, self._message, self._error))
        self._rest = tab.new_timer(_REST, self.follow)
        self._look = QTimer(self, interval=_LOOK, timeout=self._look_at_files)
        self._runner.stepped.connect(self._on_step)
        self._runner.finished.connect(self._on_finished)
        self._runner.failed.connect(self._on_failed)
        self._runner.busy_changed.connect(self._show_busy)
        self._edits = Watch(self._on_raw_edited)
        self._settings.events.raw_layer.connect(self._on_raw_layer)
        self._settings.events.network.connect(self._on_network)
        self._derived.events[role].connect(self._show)
        self._on_raw_layer()
        self._show_busy(False)
        self._show()

    @property
    def last(self) -> ModelPrediction:
        """The model that is chosen, or was last."""
        return self._last

    @property
    def busy(self) -> bool:
        """Whether the model runs."""
        return self._runner.busy

    def run(self) -> None:
        """Run the model on what is inspected, as soon as that is up to date."""
        self._tell("")
        self._rest.stop()
        self._asked = True
        inspection = self._inspected()
        if not self._settings.live or (inspection is not None and inspection is self._before_edit):
            self._controller.compute()
        if not self._controller.busy:
            self.follow()

    def follow(self) -> None:
        """Run the model if that was asked for, or if it is live and what it gave isn't what it would give now."""
        self._show_notes()
        chosen, inspection = self._chosen, self._inspected()
        if chosen is None or not (self._asked or self._live.isChecked()) or self._rest.isActive():
            return
        if not self._asked and (
            inspection is None
            or inspection is self._before_edit
            or self._runs_on is inspection
            or chosen.is_current(inspection.request)
        ):
            return
        asked, self._asked = self._asked, False
        try:
            if inspection is None:
                raise ValueError("there is no target to predict yet; choose the ground truth in Setup")
            if not isinstance(inspection.target.data, torch.Tensor):
                raise ValueError("these results are too large for memory; pin a smaller box to run the model on it")
            if inspection.request.source.raw is None:
                raise ValueError("a model needs raw data; choose the raw layer in Setup")
            self._begin(chosen.choice, inspection, asked)
        except (ValueError, OSError) as error:
            self._live.setChecked(False)
            self._tell(_sentence(error))

    def stop_listening(self) -> None:
        """End the model's process, and listen to nothing any more."""
        self._close_model()
        self._rest.stop()
        self._look.stop()
        self._edits.close()
        self._settings.events.raw_layer.disconnect(self._on_raw_layer)
        self._settings.events.network.disconnect(self._on_network)
        self._derived.events[self._role].disconnect(self._show)

    def showEvent(self, event: Any) -> None:
        """Look at the model's file from now on."""
        super().showEvent(event)
        self._look.start()

    def hideEvent(self, event: Any) -> None:
        """Look at it no more."""
        super().hideEvent(event)
        self._look.stop()

    @property
    def _chosen(self) -> ModelPrediction | None:
        """The model, if one is chosen."""
        chosen = getattr(self._derived, self._role)
        return chosen if isinstance(chosen, ModelPrediction) else None

    def _begin(self, choice: ModelChoice, inspection: Inspection, anew: bool) -> None:
        """Begin to run the model; with `anew` other people's code is imported again: nothing tells whether it was edited."""
        network, request = self._settings.network, inspection.request
        config = choice.model(network)
        files = stamps_of(choice.path, config.path)
        model = self._loaded(config, network, files, request, anew)

        def work(step: Callable[[str, float], None]) -> ModelRun:
            try:
                return ModelRun.of(choice, config, files, model.predict(request, step), request)
            except BaseException:
                model.stop()  # one that hangs would never take the next
                step(STEPS[1], 0.0)  # that it was stopped is no failure where it was cancelled
                raise

        self._runs_on = inspection
        self._runner.submit(Job(work, choice))

    def _loaded(
        self, config: ModelConfig, network: NetworkConfig | None, files: tuple[Any, ...], request: Request, anew: bool
    ) -> TrainedModel:
        """The model's process, which is another one where that must load something else."""
        imports = isinstance(config, ModuleModel) or (
            isinstance(config, CheckpointModel) and network is not None and network.runs_code
        )
        key = (config, files, head_of(request.predictor), request.device)
        if self._model is None or self._model_key != key or (anew and imports):
            self._close_model()
            self._model, self._model_key = TrainedModel(config, request.predictor, request.device), key
        return self._model

    def _close_model(self) -> None:
        """End the model's process, and whatever it computes."""
        self._runner.cancel()
        if self._model is not None:
            self._model.close()
        self._model = self._runs_on = None

    # What a person chooses

    def _on_browse(self) -> None:
        if path := ask_for_model(self):
            self._choose(path, self._last.choice.values)

    def _on_typed(self, path: str) -> None:
        # Half a path isn't to be run.
        self._live.setChecked(False)
        self._choose(path.strip(), self._last.choice.values)

    def _set(self, name: str, value: Any) -> None:
        self._choose(self._last.choice.path, {**self._last.choice.values, name: value})

    def _reset(self, name: str) -> None:
        values = self._last.choice.values
        self._choose(self._last.choice.path, {n: value for n, value in values.items() if n != name})

    def _choose(self, path: str, values: Mapping[str, Any]) -> None:
        """Choose a model; the prediction of the last one stays, but is one of earlier settings."""
        self._asked = False
        self._tell("")
        self._rest.start()
        self._put(ModelChoice(path, values), self._last.run)

    def _outdate(self) -> None:
        """What the model gave isn't what it would give now."""
        if (chosen := self._chosen) is not None:
            self._put(replace(chosen.choice), chosen.run)

    def _put(self, choice: ModelChoice, run: ModelRun | None) -> None:
        self._last = ModelPrediction(choice, run)
        setattr(self._derived, self._role, self._last)

    def _on_network(self) -> None:
        run = self._last.run
        if self._runner.busy or (run is not None and isinstance(run.model, CheckpointModel)):
            self._outdate()

    def _on_raw_layer(self) -> None:
        self._edits.watch(data_events(self._settings.raw_layer))
        self._on_raw_edited()

    def _on_raw_edited(self) -> None:
        self._before_edit = self._inspected()
        self._outdate()

    def _look_at_files(self) -> None:
        """See whether the model's files were written, and nobody writes them any more."""
        run = self._last.run
        if run is not None and run.choice is self._last.choice:
            before, self._written = self._written, stamps_of(run.choice.path, run.model.path)
            if before == self._written != run.files:
                self._outdate()

    # What comes of a run

    def _on_step(self, step: str, fraction: float) -> None:
        self._message.show_message("loading …" if step == STEPS[0] else f"predicting, {percent(fraction)} …")
        self._bar.setRange(0, 0 if step == STEPS[0] else 100)
        self._bar.setValue(round(100 * fraction))

    def _on_finished(self, job: Job, run: ModelRun) -> None:
        if (chosen := self._chosen) is not None and job.about is chosen.choice:
            self._put(chosen.choice, run)

    def _on_failed(self, job: Job, error: BaseException) -> None:
        if (chosen := self._chosen) is not None and job.about is chosen.choice:
            self._live.setChecked(False)
            self._tell(_sentence(error))

    def _on_cancel(self) -> None:
        self._live.setChecked(False)
        self._runner.cancel()
        if self._model is not None:
            self._model.stop()

    def _show_busy(self, busy: bool) -> None:
        self._run.setEnabled(not busy)
        if not busy:
            self._runs_on = None
        for widget in (self._cancel, self._bar):
            widget.setVisible(busy)
        self._show_notes()
        self.busy_changed.emit(busy)

    # What is shown

    def _show(self) -> None:
        """Show the model that is chosen; one that wasn't chosen here isn't live."""
        chosen = self._chosen
        if chosen is not self._last:
            self._live.setChecked(False)
            self._asked = False
            self._close_model()
            self._tell("")
        if chosen is None:
            return
        self._last = chosen
        path, values = chosen.choice.path, chosen.choice.values
        if self._path.text().strip() != path:
            self._path.setText(path)
        self._form.show_values({**_START, **values}, _START)
        self._run.setText("Run" if chosen.run is None else "Run again")
        self._show_notes()

    def _show_notes(self) -> None:
        """Say what to know about the prediction, unless it is of earlier settings."""
        chosen, inspection = self._chosen, self._inspected()
        if not self._runner.busy:
            current = chosen is not None and inspection is not None and chosen.is_current(inspection.request)
            notes = chosen.run.predicted.notes if current and chosen is not None and chosen.run is not None else ()
            self._message.show_message(" ".join(map(_sentence, notes)))

    def _tell(self, error: str) -> None:
        self._message.show_message("")
        self._error.show_message(error)


def _sentence(what: str | BaseException) -> str:
    text = (what if isinstance(what, str) else format_error(what)).rstrip(".") + "."
    return capitalised(text) if text.split()[0].isalpha() else text  # else it begins with a path
