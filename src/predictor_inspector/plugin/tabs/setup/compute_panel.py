"""Compute section: where and how it is computed, how far it has come, and how long it took."""

from __future__ import annotations

from time import monotonic

from qtpy.QtCore import QTimer, Signal
from qtpy.QtWidgets import QCheckBox, QFormLayout, QHBoxLayout, QProgressBar, QPushButton, QWidget
from superqt import QElidingLabel

from predictor_inspector.core.machine import machine_memory
from predictor_inspector.core.text import format_bytes, format_duration
from predictor_inspector.inspection import Inspection
from predictor_inspector.inspection.engine.devices import available_devices
from predictor_inspector.plugin.memory_setting import CHOICES
from predictor_inspector.plugin.model.settings import Settings
from predictor_inspector.plugin.model.tile_plan import AUTO, memory_of
from predictor_inspector.plugin.tabs.setup.bound import BoundCombo, bind

_WORTH_SHOWING = 150
"""Milliseconds that something is computed before the panel says so: what comes and goes with every frame only flickers."""

_WORTH_WORDS = 0.5
"""Seconds after which a running step is named."""

_DEVICES = {"auto": "auto", "cuda": "GPU (CUDA)", "mps": "GPU (MPS)", "cpu": "CPU"}


class ComputePanel(QWidget):
    """Device, live updates, the two ways of treating context, progress and timings.

    `compute_asked` and `cancel_asked` are emitted when the button is pressed.
    """

    compute_asked = Signal()
    cancel_asked = Signal()

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self._settings = settings
        device = BoundCombo(
            settings,
            "device",
            {d: _DEVICES[d] for d in ("auto", *available_devices())},
            "Where to compute; auto takes the fastest there is",
        )
        outside = BoundCombo(
            settings,
            "outside",
            {"clip": "outside: clip", "zero": "outside: pad with 0"},
            "What to do where the context reaches outside the data: do without it, or pad with 0. DaCapo's trainer "
            "pads with 0, which makes false boundaries along the data's edge.",
        )
        balance = BoundCombo(
            settings,
            "balance_over",
            {"roi": "balance: ROI", "context": "balance: context"},
            "Over which voxels classes are counted for the weights. The loss sees the ROI; DaCapo's trainer counts over ROI "
            "and context together.",
        )
        memory = BoundCombo(
            settings,
            "memory",
            {c: _memory_title(c) for c in CHOICES if c == AUTO or memory_of(c) <= machine_memory()},
            f"How much memory a region may take; auto is half of this machine's, {format_bytes(memory_of(AUTO))}. Regions "
            "that need more are computed tile by tile, and what doesn't fit is held on disk.",
            _memory_title,
        )
        live = QCheckBox("live")
        live.setToolTip("Compute whenever anything changes")
        bind(live, live.toggled, live.setChecked, settings, "live")
        self._button = QPushButton("Compute")
        self._button.setObjectName("compute")
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setFixedHeight(6)
        self._timings = QElidingLabel("–")
        self._last_run = "–"
        self._busy, self._waiting = False, False
        self._started = 0.0
        first, second = QHBoxLayout(), QHBoxLayout()
        first.addWidget(device, 1)
        first.addWidget(live)
        first.addWidget(self._button)
        for combo in (outside, balance, memory):
            second.addWidget(combo, 1)
        form = QFormLayout(self)
        form.setContentsMargins(0, 0, 0, 0)
        form.setVerticalSpacing(4)
        form.addRow("device", first)
        form.addRow(second)
        form.addRow(self._bar)
        form.addRow("last run", self._timings)
        self._patience = QTimer(self)
        self._patience.setSingleShot(True)
        self._patience.setInterval(_WORTH_SHOWING)
        self._patience.timeout.connect(lambda: self._show_busy(True))
        self._show_busy(False)
        settings.events.live.connect(lambda: self._show_busy(self._busy))
        self._button.clicked.connect(self._on_button)

    def set_waiting(self, waiting: bool) -> None:
        """Whether there is something to compute that isn't begun without being asked for, even live."""
        self._waiting = waiting
        self._enable()

    def set_busy(self, busy: bool) -> None:
        """Show that something is being computed, once it takes its time, or no longer."""
        if busy:
            self._patience.start()
        else:
            self._patience.stop()
            if self._busy:
                self._show_busy(False)

    def set_step(self, step: str, fraction: float) -> None:
        """Show the step that runs, and how much of it is done (0 to 1)."""
        if self._busy:
            self._bar.setValue(round(100 * fraction))
            # Words that come and go with every frame would only flicker.
            if monotonic() - self._started > _WORTH_WORDS:
                self._timings.setText(f"{step} …")

    def show_run(self, inspection: Inspection) -> None:
        """Show how long it took, by step, and what memory it needed."""
        timings = inspection.timings
        steps = [f"{name} {format_duration(t)}" for name, t in timings.items() if name != "total"]
        longest = [f"{name} {format_duration(t)}" for name, t in timings.items() if name != "total" and t >= 1e-3]
        total = f"{format_duration(timings['total'])} on {inspection.device}, {format_bytes(inspection.memory)}"
        self._last_run = " · ".join([total, *longest])
        self._timings.setText(self._last_run)
        self._timings.setToolTip("\n".join([total, *steps]))

    def _show_busy(self, busy: bool) -> None:
        self._busy = busy
        self._bar.setRange(0, 100)
        self._bar.setValue(0)
        self._started = monotonic()
        self._button.setText("Cancel" if busy else "Compute")
        self._enable()
        if not busy:
            self._timings.setText(self._last_run)

    def _on_button(self) -> None:
        (self.cancel_asked if self._busy else self.compute_asked).emit()

    def _enable(self) -> None:
        self._button.setEnabled(self._busy or self._waiting or not self._settings.live)


def _memory_title(memory: str) -> str:
    """Short enough for a third of a row: ``"memory: auto"``, ``"≤ 128 GB"``."""
    return f"memory: {memory}" if memory == AUTO else f"≤ {memory}"
