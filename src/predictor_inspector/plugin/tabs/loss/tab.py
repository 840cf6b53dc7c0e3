"""Loss tab: where the loss of a prediction is, and which of two is better."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
import torch
from qtpy.QtCore import QSignalBlocker
from qtpy.QtWidgets import QPushButton, QWidget

from predictor_inspector.core.array import Array
from predictor_inspector.core.config import config_of
from predictor_inspector.core.labels import as_labels
from predictor_inspector.core.text import capitalised, format_error, readable
from predictor_inspector.inspection import Inspection
from predictor_inspector.inspection.engine.predictions import Prediction, covered_by
from predictor_inspector.inspection.explanation import Point
from predictor_inspector.inspection.loss import (
    LOSSES,
    Loss,
    LossMap,
    loss_map,
)
from predictor_inspector.inspection.loss.compare import DifferingPlace
from predictor_inspector.plugin.forms.collapsible import Collapsible
from predictor_inspector.plugin.forms.kind_form import KindForm
from predictor_inspector.plugin.forms.layouts import in_column, in_row
from predictor_inspector.plugin.forms.plot_canvas import load_matplotlib
from predictor_inspector.plugin.forms.small_widgets import WrappedLabel, scrolling
from predictor_inspector.plugin.layers.loss import DIFFERENCE, EFFECTIVE, LOSS, PREDICTION, LossLayers
from predictor_inspector.plugin.layers.marks import MarkLayers
from predictor_inspector.plugin.layers.navigation import fly_to
from predictor_inspector.plugin.live.worker import Job
from predictor_inspector.plugin.model.predictions import RunFirstError
from predictor_inspector.plugin.model.view import view_of
from predictor_inspector.plugin.tabs import Tab, TabContext
from predictor_inspector.plugin.tabs.loss.calibration_plot import CalibrationPlot
from predictor_inspector.plugin.tabs.loss.losses_shown import LossesShown, LossTables
from predictor_inspector.plugin.tabs.loss.prediction_panel import PredictionPanel

_LIVE_VALUES = 1 << 23  # values of a target up to which its loss is computed by itself
_VIEWS = {
    "target": ("Target", "Show target or weight, as above the tabs"),
    LOSS: ("Loss", "Show what each value of the channel adds to the loss"),
    EFFECTIVE: ("Eff. weight", "Show what the loss multiplies each error by"),
    PREDICTION: ("Prediction", "Show what is predicted, as the loss compares it"),
    DIFFERENCE: ("B − A", "Show the loss of B less that of A: blue where B is better, orange where A is"),
}

_NOTHING = "The loss is computed here once there is a target."
_NO_PREDICTION = "Choose the layer with your network's prediction, or a model, to see where its loss is."
_UNTIL_RUN = "Of earlier settings, until the model has run."
_LARGE = "A large region: press Compute to compute its loss."
_ON_DISK = "These results are too large for memory. Pin a smaller box to see its loss."


@dataclass(frozen=True, eq=False)
class _WantedLoss:
    """Of what the loss is to be computed."""

    inspection: Inspection
    predictions: tuple[Prediction, ...]
    loss: Loss

    def is_same(self, other: _WantedLoss | None) -> bool:
        return (
            other is not None
            and self.inspection is other.inspection
            and (self.predictions, self.loss) == (other.predictions, other.loss)
        )


class LossTab(Tab):
    """Predictions and a loss; the loss in parts, the places where it is highest, and layers of it.

    It is computed whenever target, prediction or loss change, while the tab is in front; so long its layers are in the viewer.
    """

    title = "Loss"
    tool_tip = "Where the loss of your network's prediction is, and which of two predictions is better"
    order = 37

    def __init__(self, context: TabContext) -> None:
        super().__init__(context)
        self._inspection: Inspection | None = None
        self._tried: _WantedLoss | None = None  # what was computed last, or is being computed
        self._found: LossesShown | None = None
        self._view, self._at = LOSS, -1  # the place that was gone to, of those listed
        self._marked: tuple[Point, tuple[Any, ...]] | None = None  # and the view that it is drawn for
        self._layers, self._marks = LossLayers(context.layers), MarkLayers(context.layers)
        self._runner = self.new_runner()
        self._runner.finished.connect(self._on_found)
        self._runner.failed.connect(self._on_failed)
        self._later = self.new_timer(0, self._follow_view)  # once for several events
        self.losses = KindForm(LOSSES, "What the training computes of prediction, target and weight")
        classes = LOSSES.load_all()[0]
        titles = {kind: cls.title or capitalised(readable(kind)) for kind, cls in classes.items()}
        self.losses.offer(titles, "dacapo")
        self.losses.changed.connect(self._on_loss)
        self.panel = PredictionPanel(self, lambda: self._inspection, ("loss", self.losses))
        self.panel.changed.connect(self._start)
        context.derived.events.loss.connect(self._show_loss)
        self._summary, self._compute = WrappedLabel(), QPushButton("Compute", toolTip="However large the region is")
        self._compute.clicked.connect(lambda: self._start(large=True))
        self._views = {
            view: QPushButton(title, toolTip=tool_tip, checkable=True) for view, (title, tool_tip) in _VIEWS.items()
        }
        for view, button in self._views.items():
            button.setObjectName(f"loss show {view}")
            button.clicked.connect(lambda _checked=False, view=view: self._look_at(view))
        self._go, self._next = QPushButton("Go to worst"), QPushButton("Next")
        self._go.setToolTip("Go to the voxel where the loss is highest, or where the losses of A and B differ most")
        self._next.setToolTip("Go to the next of the places listed")
        self._go.clicked.connect(lambda: self._go_to(0))
        self._next.clicked.connect(lambda: self._go_to(self._at + 1))
        for name in ("summary", "compute", "go", "next"):
            getattr(self, f"_{name}").setObjectName(f"loss {name}")
        steps = QWidget()
        steps.setLayout(in_row(self._go, self._next, None))
        self._tables = LossTables(steps)
        self._tables.channel_clicked.connect(context.look_at_channel)
        self._tables.object_clicked.connect(self._go_to_object)
        self._tables.place_clicked.connect(self._go_to)
        self.calibration = CalibrationPlot()
        calibration = QWidget(windowTitle="Calibration")
        calibration.setLayout(in_column(self.calibration))
        self._section = Collapsible(calibration, expanded=False)
        inner = QWidget()
        views = in_row(*self._views.values(), spacing=0)
        shown = in_row((self._summary, 1), self._compute), views, self._tables, self._section
        inner.setLayout(in_column(self.panel, *shown, None, spacing=6))
        self.setLayout(in_column(scrolling(inner)))
        self._show_loss(context.derived.loss)
        self.on_outdated()

    @property
    def maps(self) -> tuple[LossMap, ...]:
        """The losses shown, of A and B; empty until there are any."""
        return () if self._found is None else self._found.maps

    def on_shown(self, inspection: Inspection) -> None:
        if inspection is not self._inspection:
            self.context.derived.losses = None
        self._inspection = inspection
        self._start()

    def on_outdated(self) -> None:
        self._inspection = None
        self._runner.cancel()
        self._forget(_NOTHING)

    def on_view_changed(self) -> None:
        """Another channel is marked in the table; another slice or zoom draws the same mark anew."""
        if self.in_front:
            self._later.start()

    def on_opened(self) -> None:
        if self._tried is not None and self._tried.inspection is not self._inspection:
            self._forget("")
        self._start()
        self._show_layers()

    def on_left(self) -> None:
        self._marked = None
        self._layers.remove()
        self._marks.remove()
        self.context.controller.results.cover("loss", False)

    def shut_down(self) -> None:
        super().shut_down()
        self.panel.stop_listening()
        self.context.derived.events.loss.disconnect(self._show_loss)

    # Towards a loss

    def _loss_chosen(self) -> Loss | None:
        """The loss as the form has it; None, with a message there, if its parameters don't go together."""
        self.losses.show_error("")
        try:
            made: Loss = self.losses.made()
        except ValueError as error:
            self.losses.show_error(f"{capitalised(format_error(error))}.")
            return None
        return made

    def _on_loss(self) -> None:
        loss = self._loss_chosen()
        if loss is not None:
            self.context.derived.loss = loss

    def _show_loss(self, loss: Loss) -> None:
        """Show a loss that is chosen."""
        if self._loss_chosen() != loss:
            with QSignalBlocker(self.losses):
                self.losses.choose(config_of(LOSSES, loss))
        self._start()

    def _start(self, large: bool = False) -> None:
        """Compute the loss of what is shown, unless that is done; of a large region only if that was asked for."""
        inspection, predictions = self._inspection, self.panel.predictions
        if inspection is None or not self.in_front:
            return
        self.panel.offer_for(inspection)
        self.panel.follow()
        wanted = _WantedLoss(inspection, predictions, self.context.derived.loss)
        if wanted.is_same(self._tried):
            return
        self.panel.show_error("")
        if not predictions:
            self._runner.cancel()
            self._forget(_NO_PREDICTION)
        elif not isinstance(inspection.target.data, torch.Tensor):
            self._forget(_ON_DISK)
        elif not large and len(predictions) * prod(inspection.target.shape) > _LIVE_VALUES:
            self._forget(_LARGE)
        else:
            self._tried = wanted
            try:
                makers = [prediction.begin(inspection) for prediction in predictions]
            except RunFirstError as error:
                self._wait_for_model(error)
                return
            except ValueError as error:
                self._refuse(error)
                return

            def work(step: Callable[[str, float], None]) -> LossesShown:
                load_matplotlib()
                step("predict", 0.0)
                arrays = [make(step) for make in makers]
                step("loss", 0.0)
                covered = covered_by(inspection, *arrays)
                each = zip(arrays, predictions, strict=True)
                return LossesShown.of(*(loss_map(covered, array, wanted.loss, one.logits) for array, one in each))

            self._runner.submit(Job(work, wanted))

    def _on_found(self, job: Job, found: LossesShown) -> None:
        # What comes while a slider moves is shown, too.
        if job.about.inspection is self._inspection and job.about.predictions == self.panel.predictions:
            self._found = found
            self._fill()
            self._show_layers()

    def _on_failed(self, job: Job, error: BaseException) -> None:
        if job.about.is_same(self._tried):
            self._refuse(error)

    def _wait_for_model(self, error: RunFirstError) -> None:
        """Say that a model must be run; while it runs, what was found stays, and is said to be of before."""
        self._runner.cancel()
        if self.panel.busy and self._found is not None:
            self._tried = self.context.derived.losses = None
            self._summary.setText(_UNTIL_RUN)
        else:
            self._forget("" if self.panel.busy else f"{capitalised(format_error(error))}.")

    def _refuse(self, error: BaseException) -> None:
        """Say what is wrong with a prediction, which isn't tried again."""
        tried = self._tried
        self._forget("")
        self._tried = tried
        self.panel.show_error(f"{capitalised(format_error(error))}.")

    def _forget(self, why: str) -> None:
        """Show nothing, and say why."""
        self._found = self._tried = None
        self._fill()
        self._show_layers()
        self._summary.setText(why)
        self._summary.setVisible(bool(why))
        self._compute.setVisible(why == _LARGE)

    # What is shown

    def _fill(self) -> None:
        """Show numbers, tables and plot."""
        found, whole = self._found, self._inspection
        self._at, self._marked = -1, None
        self._marks.clear()
        self.context.derived.losses = None if found is None else found.comparison or found.maps[0]
        for widget in (*self._views.values(), self._tables, self._section):
            widget.setVisible(found is not None)
        if found is None or whole is None:
            return
        self._views[DIFFERENCE].setVisible(found.comparison is not None)
        if self._view == DIFFERENCE and found.comparison is None:
            self._view = LOSS
        self._tables.show_losses(found)
        self._compute.hide()
        self._summary.setText(found.text(whole))
        self._summary.show()
        self._show_channel()

    def _show_channel(self) -> None:
        """Mark the channel that is shown, in table and plot."""
        found, inspection = self._found, self._inspection
        if found is None or inspection is None:
            return
        names, mix = inspection.channel_names, self.context.rgb_mix
        channel = self.context.controller.results.channel_of(inspection)
        self._tables.mark_channel(channel)
        colours = {name: mix.colour(names, i) for i, name in enumerate(names)}
        self.calibration.show_calibrations(found.calibrations, colours, names[channel])
        self._section.setVisible(any(found.calibrations))

    def _look_at(self, view: str) -> None:
        self._view = view
        self._show_layers()

    def _show_layers(self) -> None:
        found, place = self._found, self.context.controller.place
        for view, button in self._views.items():
            button.setChecked(view == self._view)
        shows = found is not None and place is not None and self.in_front and self._view != "target"
        self.context.controller.results.cover("loss", shows)
        if not shows or found is None or place is None:
            self._layers.hide()
            return
        one, both = found.maps[0], found.comparison
        arrays = {LOSS: one.values, EFFECTIVE: one.effective_weight, PREDICTION: one.prediction}
        self._layers.show(
            self._view, arrays[self._view] if both is None or self._view in arrays else both.difference, place
        )

    def _follow_view(self) -> None:
        if not self.in_front:
            return
        self._show_channel()
        self._layers.follow()
        if self._marked is not None and self._marked[1] != self._view_key():
            self._draw(self._marked[0])

    # Places

    def _go_to_object(self, obj: int) -> None:
        """Bring an object into view."""
        found = self._found
        if found is not None:
            inspection = found.maps[0].inspection
            gt = inspection.gt[inspection.roi]
            ids = as_labels(gt.numpy()).numpy().reshape(-1, *gt.spatial_shape)[0]
            self._fly(gt.like(ids == obj, gt.spatial_axes))

    def _go_to(self, number: int) -> None:
        """Go to one of the places, after the last to the first, in the channel with most of the loss, and mark it."""
        found, inspection = self._found, self._inspection
        if found is None or inspection is None or not found.places:
            return
        self._at = number % len(found.places)
        place = found.places[self._at]
        self._tables.mark_place(self._at)
        self.context.look_at_channel(place.channel)
        grid = inspection.request.source.gt
        roi = grid.roi_of([slice(i, i + 1) for i in place.voxel])
        one = np.ones((1,) * grid.dims, bool)
        # Zoomed in to one voxel, nothing around it would be seen.
        fly_to(self.context.viewer, grid.like(one, grid.spatial_axes, roi.begin), may_zoom=False)
        if isinstance(place, DifferingPlace):
            told = f"A {place.prediction_a:.2g}, B {place.prediction_b:.2g}"
        else:
            told = f"predicted {place.prediction:.2g}"
        self._draw(Point(place.position, "no", f"{told}, right {place.target:.2g}"))

    def _fly(self, mask: Array) -> None:
        fly_to(self.context.viewer, mask, self.context.settings.region_mode == "box")

    def _draw(self, point: Point) -> None:
        place, inspection = self.context.controller.place, self._inspection
        if place is not None and inspection is not None and self.in_front:
            self._marked = point, self._view_key()
            self._marks.draw([point], inspection.gt, place.units)

    def _view_key(self) -> tuple[Any, ...]:
        view = view_of(self.context.viewer, self.context.settings.units)
        return view.point, view.displayed, round(float(self.context.viewer.scene.camera.zoom), 6)
