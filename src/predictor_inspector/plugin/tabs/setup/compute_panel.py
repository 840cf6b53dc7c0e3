"""Compute section: where and how it is computed, how far it has come, and how long it took."""

from __future__ import annotations

from time import monotonic

from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QCheckBox, QProgressBar, QPushButton, QWidget
from superqt import QElidingLabel

from predictor_inspector.core.machine import machine_memory
from predictor_inspector.core.text import format_bytes, format_duration
from predictor_inspector.inspection import Inspection
from predictor_inspector.inspection.engine.devices import available_devices
from predictor_inspector.plugin.forms.layouts import in_form, in_row
from predictor_inspector.plugin.memory_setting import CHOICES
from predictor_inspector.plugin.model.resolve import Message
from predictor_inspector.plugin.model.tile_plan import AUTO, memory_of
from predictor_inspector.plugin.tabs import TabContext
from predictor_inspector.plugin.tabs.setup.bound import bind, bound_combo

_WORTH_SHOWING = 150
"""Milliseconds of computing before the panel says so: what comes and goes with every frame only flickers."""

_WORTH_WORDS = 0.5
"""Seconds of computing before the running step is named."""

_DEVICES = {"auto": "auto", "cuda": "GPU (CUDA)", "mps": "GPU (MPS)", "cpu": "CPU"}


class ComputePanel(QWidget):
    """Device, live updates, the two ways of treating context, memory, progress and timings."""

    def __init__(self, context: TabContext) -> None:
        super().__init__(windowTitle="Compute")
        self._settings, self._controller = context.settings, context.controller
        settings, controller = self._settings, self._controller
        device = bound_combo(
            settings,
            "device",
            {d: _DEVICES[d] for d in ("auto", *available_devices())},
            "Where to compute; auto takes the fastest there is",
        )
        outside = bound_combo(
            settings,
            "outside",
            {"clip": "outside: clip", "zero": "outside: pad with 0"},
            "What to do where the context reaches outside the data: do without it, or pad with 0. DaCapo's trainer "
            "pads with 0, which makes false boundaries along the data's edge.",
        )
        balance = bound_combo(
            settings,
            "balance_over",
            {"roi": "balance: ROI", "context": "balance: context"},
            "Over which voxels classes are counted for the weights. The loss sees the ROI; DaCapo's trainer counts over ROI "
            "and context together.",
        )
        memory = bound_combo(
            settings,
            "memory",
            {c: _memory_title(c) for c in CHOICES if c == AUTO or memory_of(c) <= machine_memory()},
            f"How much memory a region may take; auto is half of this machine's, {format_bytes(memory_of(AUTO))}. Regions "
            "that need more are computed tile by tile, and what doesn't fit is held on disk.",
            titled=_memory_title,
        )
        live = QCheckBox("live", toolTip="Compute whenever anything changes")
        bind(live, live.toggled, live.setChecked, settings, "live")
        self._button = QPushButton("Compute", objectName="compute")
        self._bar = QProgressBar(textVisible=False)
        self._bar.setFixedHeight(6)
        self._timings = QElidingLabel("–")
        self._last_run = "–"
        self._waiting = False  # something to compute isn't begun without being asked for, even live
        form = in_form(
            ("device", in_row((device, 1), live, self._button)),
            (in_row((outside, 1), (balance, 1), (memory, 1)),),
            (self._bar,),
            ("last run", self._timings),
        )
        self.setLayout(form)
        self._patience = QTimer(self, singleShot=True, interval=_WORTH_SHOWING)
        self._patience.timeout.connect(lambda: self._show_busy(True))
        self._show_busy(False)
        self._button.clicked.connect(lambda: controller.cancel() if self._busy else controller.compute())
        settings.events.live.connect(self._enable)
        controller.busy_changed.connect(self._on_busy)
        controller.stepped.connect(self._on_step)
        controller.message.connect(self._on_message)
        controller.shown.connect(self._on_shown)
        controller.previewed.connect(self._on_shown)

    def _on_message(self, message: Message) -> None:
        self._waiting = message.kind == "tiles"
        self._enable()

    def _on_busy(self, busy: bool) -> None:
        if busy:
            self._patience.start()
        else:
            self._patience.stop()
            if self._busy:
                self._show_busy(False)

    def _on_step(self, step: str, fraction: float) -> None:
        if self._busy:
            self._bar.setValue(round(100 * fraction))
            # Words that come and go with every frame would only flicker.
            if monotonic() - self._started > _WORTH_WORDS:
                self._timings.setText(f"{step} …")

    def _on_shown(self, inspection: Inspection) -> None:
        """Show how long it took, by step, and what memory it needed."""
        timings = inspection.timings
        steps = {name: f"{name} {format_duration(t)}" for name, t in timings.items() if name != "total"}
        longest = [text for name, text in steps.items() if timings[name] >= 1e-3]
        total = f"{format_duration(timings['total'])} on {inspection.device}, {format_bytes(inspection.memory)}"
        self._last_run = " · ".join([total, *longest])
        self._timings.setText(self._last_run)
        self._timings.setToolTip("\n".join([total, *steps.values()]))

    def _show_busy(self, busy: bool) -> None:
        self._busy, self._started = busy, monotonic()
        self._bar.setValue(0)
        self._button.setText("Cancel" if busy else "Compute")
        self._enable()
        if not busy:
            self._timings.setText(self._last_run)

    def _enable(self) -> None:
        self._button.setEnabled(self._busy or self._waiting or not self._settings.live)


def _memory_title(memory: str) -> str:
    """Short enough for a third of a row: ``"memory: auto"``, ``"≤ 128 GB"``."""
    return f"memory: {memory}" if memory == AUTO else f"≤ {memory}"
