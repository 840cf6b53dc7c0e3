"""Network section: which network is trained, valid sizes, receptive field and memory."""

from __future__ import annotations

import dataclasses
from contextlib import nullcontext
from typing import Any

from qtpy.QtWidgets import QCheckBox, QPushButton, QTreeWidgetItem, QWidget

from predictor_inspector.core.networks import NETWORKS, NetworkConfig, network_presets
from predictor_inspector.core.parameters import parameters_of
from predictor_inspector.core.predictor import Predictor
from predictor_inspector.core.text import format_error
from predictor_inspector.inspection.engine.network import NetworkFacts, head_of, measure, network_regions, powers
from predictor_inspector.plugin.forms.collapsible import Collapsible
from predictor_inspector.plugin.forms.form import ParameterForm
from predictor_inspector.plugin.forms.layouts import TreeTable, in_column, in_row
from predictor_inspector.plugin.forms.small_widgets import ErrorLabel, MessageLabel, ValueCombo
from predictor_inspector.plugin.live.worker import Job, LiveRunner
from predictor_inspector.plugin.model.box import closest_box
from predictor_inspector.plugin.tabs import TabContext
from predictor_inspector.plugin.tabs.bound import bind

_NONE, _TITLE = "", "Network"
_KINDS = {"unet": "U-Net of your own", "module": "module by import path"}
_TITLES = {
    "cellmap": "CellMap",
    "cellmap-upsample": "CellMap, upsampling",
    "cellmap-yoshi": "CellMap, yoshi",
    "ronneberger-2015": "Ronneberger 2015, 2-D",
}
_ROWS = 6  # of valid sizes that are seen without scrolling
_NOT_THE_NETWORK = ("input_shape", "batch_size", "mixed_precision")


class NetworkPanel(QWidget):
    """A preset or a kind of network and its parameters, and what is measured of it, in `runner`'s thread."""

    def __init__(self, context: TabContext, runner: LiveRunner) -> None:
        super().__init__(objectName="network", windowTitle=f"{_TITLE}: none")
        self._settings, self._runner = context.settings, runner
        self._forms: dict[type, ParameterForm] = {}
        self._asked: tuple[Any, ...] | None = None  # that is measured, or was
        self._problem = ""  # that measuring it had
        self._presets = network_presets()
        kinds = {kind: _KINDS.get(kind, kind) for kind in NETWORKS.names()}
        titles = {name: _TITLES.get(name, name) for name in self._presets}
        self._combo = ValueCombo({_NONE: "none", **titles, **kinds}, "The network that is trained: does it see enough?")
        self._combo.setObjectName("network_choice")
        self._facts, self._error = MessageLabel(), ErrorLabel()
        self._facts.setObjectName("network_facts")
        self._error.setObjectName("network_error")
        self._import = QPushButton("Import and measure", objectName="network_import")
        self._import.setToolTip("Runs the code that the path leads to")
        self._sizes = TreeTable(("input", "output"), 0, rootIsDecorated=False, objectName="network_sizes")
        self._sizes.setToolTip("Valid sizes in voxels; a click makes one the network's input")
        boxes = QCheckBox(
            "Draw its boxes", toolTip="Input, output and the central voxel's receptive field on the canvas"
        )
        bind(boxes, boxes.toggled, boxes.setChecked, self._settings, "network_boxes")
        self._boxes = boxes
        self._box = QPushButton("Box = output", objectName="network_box")
        self._box.setToolTip("Give the region's box the size of the network's output")
        self._place = in_column()
        parameters = QWidget(windowTitle="Parameters")
        parameters.setLayout(self._place)
        self._parameters = Collapsible(parameters, expanded=False)
        row = in_row(boxes, None, self._box)
        self.setLayout(
            in_column(self._combo, self._facts, self._error, self._import, self._sizes, row, self._parameters)
        )
        self._combo.chosen.connect(self._on_chosen)
        self._sizes.itemClicked.connect(self._on_size)
        self._import.clicked.connect(self._measure)
        self._box.clicked.connect(self._on_box)
        runner.finished.connect(self._on_measured)
        runner.failed.connect(self._on_failed)
        events = self._settings.events
        events.network.connect(self._on_network)
        for name in ("predictor_choice", "gt"):
            events[name].connect(self._measure_if_safe)
        for name in ("network_facts", "gt"):
            events[name].connect(self._show_facts)
        self._on_network()

    def _on_chosen(self, choice: str) -> None:
        present = self._settings.network
        if choice in self._presets:
            network: NetworkConfig | None = self._presets[choice]
        elif choice == _NONE:
            network = None
        else:
            cls = NETWORKS.load(choice)
            network = present if type(present) is cls else _plainest(cls)
            self._parameters.button.setChecked(True)
        with self._settings.together():
            self._settings.network = network
        self._show_choice(choice)

    def _on_network(self) -> None:
        """Show the network that is set, and measure it."""
        network = self._settings.network
        self._show_choice(_NONE if network is None else self._named(network))
        for cls, form in self._forms.items():
            form.setVisible(type(network) is cls)
        if network is not None:
            form = self._form(type(network))
            start = {p.name: p.plainest_value() for p in parameters_of(type(network))}
            form.show_values({name: getattr(network, name) for name in start}, start)
            form.show_error("")
        self._asked, self._problem = None, ""
        self._show_facts()
        self._measure_if_safe()

    def _named(self, network: NetworkConfig) -> str:
        """The preset that a network is but for its input, or its kind."""
        for name, preset in self._presets.items():
            if type(preset) is type(network):
                same = {field: getattr(network, field) for field in _NOT_THE_NETWORK}
                if dataclasses.replace(preset, **same) == network:  # type: ignore[type-var]
                    return name
        return NETWORKS.name_of(type(network))

    def _show_choice(self, choice: str) -> None:
        self._combo.set_value(choice)
        self._parameters.setVisible(choice != _NONE)

    def _form(self, cls: type) -> ParameterForm:
        if cls not in self._forms:
            form = ParameterForm(cls)
            form.edited.connect(self._on_edited)
            form.reset.connect(self._on_reset)
            self._place.addWidget(form)
            self._forms[cls] = form
        return self._forms[cls]

    def _on_edited(self, name: str, value: Any) -> None:
        network = self._settings.network
        if network is None:
            return
        try:
            changed = dataclasses.replace(network, **{name: value})  # type: ignore[type-var]
        except ValueError as error:
            self._form(type(network)).show_error(str(error))
            return
        dragged = isinstance(value, (int, float)) and not isinstance(value, bool)
        with nullcontext() if dragged else self._settings.together():
            self._settings.network = changed

    def _on_reset(self, name: str) -> None:
        network = self._settings.network
        start = next(p for p in parameters_of(type(network)) if p.name == name).plainest_value()
        self._on_edited(name, start)

    def _on_size(self, item: QTreeWidgetItem) -> None:
        network, facts = self._settings.network, self._settings.network_facts
        if network is not None and facts is not None:
            with self._settings.together():
                self._settings.network = network.with_input(facts.sizes[self._sizes.indexOfTopLevelItem(item)][0])

    def _on_box(self) -> None:
        settings = self._settings
        gt, facts = settings.gt, settings.network_facts
        if gt is None or facts is None:
            return
        about = settings.box if settings.box is not None else gt.roi
        # The first voxels may lie before the data: a box within them is moved in.
        output = network_regions(facts, gt, about)["output"]
        output = output.shift(_into(gt.roi, output))
        settings.pin(closest_box(output.intersect(gt.roi), gt))

    # Measuring

    def _measure_if_safe(self) -> None:
        """Measure, unless that would run other people's code: a session may have brought it."""
        network = self._settings.network
        if network is not None and (not network.runs_code or self._asked is not None):
            self._measure()

    def _measure(self) -> None:
        network, predictor = self._settings.network, self._predictor()
        asked = (network, head_of(predictor))
        if network is not None and asked != self._asked:
            self._asked, self._problem = asked, ""
            self._settings.network_facts = None
            self._runner.submit(Job(lambda step: measure(network, predictor, step), asked))
            self._show_facts()

    def _predictor(self) -> Predictor | None:
        """The predictor whose head is put on the network; None if it isn't complete, or its offsets have other axes."""
        settings = self._settings
        try:
            return settings.predictor() if settings.gt is not None else None
        except ValueError:
            return None

    def _on_measured(self, job: Job, facts: NetworkFacts) -> None:
        if job.about == self._asked:
            self._settings.network_facts = facts

    def _on_failed(self, job: Job, error: BaseException) -> None:
        if job.about == self._asked:
            self._asked, self._problem = None, format_error(error)  # a module may be mended, and tried again
            self._show_facts()

    def _show_facts(self) -> None:
        """Show what was measured, or what is wrong."""
        network, facts, gt = self._settings.network, self._settings.network_facts, self._settings.gt
        error = self._problem
        waits = network is not None and facts is None and not error
        asleep = network is not None and network.runs_code and facts is None and self._asked is None
        self.setWindowTitle(_title(network, facts))
        told = facts.summary() if facts is not None else ""
        if facts is not None and gt is not None and facts.input_shape.dims != gt.dims:
            error = f"The network has {facts.input_shape.dims} spatial axes, but the ground truth has {gt.dims}."
        if facts is not None and facts.field_unknown:
            error = f"The receptive field isn't known: {facts.field_unknown}."
        self._facts.show_message(told or ("measuring …" if waits and not asleep else ""))
        self._error.show_message(error[:1].upper() + error[1:])
        self._import.setVisible(asleep and bool(getattr(network, "path", True)))
        self._show_sizes(facts)
        for widget in (self._boxes, self._box):
            widget.setVisible(facts is not None)

    def _show_sizes(self, facts: NetworkFacts | None) -> None:
        self._sizes.clear()
        self._sizes.setVisible(facts is not None)
        for size, output in () if facts is None else facts.sizes:
            item = QTreeWidgetItem([powers(size), powers(output)])
            self._sizes.addTopLevelItem(item)
            if facts is not None and size == facts.input_shape:
                self._sizes.setCurrentItem(item)
        rows = max(1, self._sizes.sizeHintForRow(0)) * min(_ROWS, self._sizes.topLevelItemCount())
        self._sizes.setFixedHeight(self._sizes.header().sizeHint().height() + rows + 2 * self._sizes.frameWidth())


def _title(network: NetworkConfig | None, facts: NetworkFacts | None) -> str:
    if network is None:
        return f"{_TITLE}: none"
    return _TITLE if facts is None else f"{_TITLE}: {powers(facts.input_shape)} → {powers(facts.output_shape)}"


def _plainest(cls: type[NetworkConfig]) -> NetworkConfig:
    """A network of a kind, with the plainest values."""
    return cls(**{p.name: p.plainest_value() for p in parameters_of(cls)})


def _into(outer: Any, inner: Any) -> Any:
    """By how much a region must be shifted to begin and end within another, if it isn't larger."""
    begin, end = outer.begin - inner.begin, outer.end - inner.end
    return type(begin)(max(b, 0) if b > 0 else min(e, 0) for b, e in zip(begin, end, strict=True))
