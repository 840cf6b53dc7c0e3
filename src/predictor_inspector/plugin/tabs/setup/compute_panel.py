"""The compute part of the dock: where and how it is computed, how far it has come, and how long it took."""

from __future__ import annotations

from time import monotonic
from typing import Any

from qtpy.QtCore import QTimer, Signal
from qtpy.QtWidgets import QCheckBox, QComboBox, QFormLayout, QHBoxLayout, QProgressBar, QPushButton, QWidget
from superqt import QElidingLabel

from predictor_inspector.core.machine import machine_memory
from predictor_inspector.core.text import format_bytes, format_duration
from predictor_inspector.inspection.engine.devices import available_devices
from predictor_inspector.plugin.forms.small_widgets import guard_wheel
from predictor_inspector.plugin.memory_setting import CHOICES
from predictor_inspector.plugin.model.tile_plan import AUTO, memory_of

_WORTH_SHOWING = 150
"""Milliseconds that something is computed before the panel says so: what comes and goes with every frame only flickers."""

_WORTH_WORDS = 0.5
"""Seconds after which a running step is named."""

_DEVICES = {"auto": "auto", "cuda": "GPU (CUDA)", "mps": "GPU (MPS)", "cpu": "CPU"}


class ComputePanel(QWidget):
    """Device, live updates, the two ways of treating context, progress and timings.

    `changed` is emitted when a setting changes, `compute_asked` and `cancel_asked` when a button is pressed.
    """

    changed = Signal()
    compute_asked = Signal()
    cancel_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._device = _combo(
            {d: _DEVICES[d] for d in ("auto", *available_devices())},
            "Where to compute; auto takes the fastest there is",
        )
        self._outside = _combo(
            {"clip": "outside: clip", "zero": "outside: pad with 0"},
            "What to do where the context reaches outside the data: do without it, or pad with 0. DaCapo's trainer "
            "pads with 0, which makes false boundaries along the data's edge.",
        )
        self._balance = _combo(
            {"roi": "balance: ROI", "context": "balance: context"},
            "Over which voxels classes are counted for the weights. The loss sees the ROI; DaCapo's trainer counts over ROI "
            "and context together.",
        )
        self._memory = _combo(
            {c: _memory_title(c) for c in CHOICES if c == AUTO or memory_of(c) <= machine_memory()},
            f"How much memory a region may take; auto is half of this machine's, {format_bytes(memory_of(AUTO))}. Regions "
            "that need more are computed tile by tile, and what doesn't fit is held on disk.",
        )
        self._live = QCheckBox("live")
        self._live.setChecked(True)
        self._live.setToolTip("Compute whenever anything changes")
        self._button = QPushButton("Compute")
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setFixedHeight(6)
        self._timings = QElidingLabel("–")
        self._last_run = "–"
        self._busy, self._waiting = False, False
        self._started = 0.0
        first, second = QHBoxLayout(), QHBoxLayout()
        first.addWidget(self._device, 1)
        first.addWidget(self._live)
        first.addWidget(self._button)
        second.addWidget(self._outside, 1)
        second.addWidget(self._balance, 1)
        second.addWidget(self._memory, 1)
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
        for combo in (self._device, self._outside, self._balance, self._memory):
            combo.currentIndexChanged.connect(lambda _i: self.changed.emit())
        self._live.toggled.connect(lambda _on: self._on_live())
        self._button.clicked.connect(lambda _c=False: self._on_button())

    @property
    def device(self) -> str:
        """As `inspect` takes it."""
        return str(self._device.currentData())

    @device.setter
    def device(self, device: str) -> None:
        _choose(self._device, device, "device")

    @property
    def outside(self) -> str:
        """As `inspect` takes it."""
        return str(self._outside.currentData())

    @outside.setter
    def outside(self, outside: str) -> None:
        _choose(self._outside, outside, "outside")

    @property
    def balance_over(self) -> str:
        """As `inspect` takes it."""
        return str(self._balance.currentData())

    @balance_over.setter
    def balance_over(self, balance_over: str) -> None:
        _choose(self._balance, balance_over, "balance_over")

    @property
    def memory(self) -> str:
        """``"auto"``, or a size such as ``"4 GB"``; one that isn't among the choices becomes one."""
        return str(self._memory.currentData())

    @memory.setter
    def memory(self, memory: str) -> None:
        memory_of(memory)
        if self._memory.findData(memory) < 0:
            self._memory.addItem(_memory_title(memory), memory)
        _choose(self._memory, memory, "memory")

    @property
    def live(self) -> bool:
        """Whether to compute whenever anything changes."""
        return bool(self._live.isChecked())

    @live.setter
    def live(self, live: bool) -> None:
        self._live.setChecked(live)

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

    def _show_busy(self, busy: bool) -> None:
        self._busy = busy
        self._bar.setRange(0, 100)
        self._bar.setValue(0)
        self._started = monotonic()
        self._button.setText("Cancel" if busy else "Compute")
        self._enable()
        if not busy:
            self._timings.setText(self._last_run)

    def set_step(self, step: str, fraction: float) -> None:
        """Show the step that runs, and how much of it is done (0 to 1)."""
        if self._busy:
            self._bar.setValue(round(100 * fraction))
            # Words that come and go with every frame would only flicker.
            if monotonic() - self._started > _WORTH_WORDS:
                self._timings.setText(f"{step} …")

    def show_run(self, timings: dict[str, float], device: str, memory: int) -> None:
        """Show how long the last run took, by step, and what memory it needed."""
        steps = [f"{name} {format_duration(t)}" for name, t in timings.items() if name != "total"]
        total = f"{format_duration(timings['total'])} on {device}, {format_bytes(memory)}"
        longest = [f"{name} {format_duration(t)}" for name, t in timings.items() if name != "total" and t >= 1e-3]
        self._last_run = " · ".join([total, *longest])
        self._timings.setText(self._last_run)
        self._timings.setToolTip("\n".join([total, *steps]))

    def _enable(self) -> None:
        self._button.setEnabled(self._busy or self._waiting or not self.live)

    def _on_live(self) -> None:
        self._show_busy(self._busy)
        self.changed.emit()

    def _on_button(self) -> None:
        (self.cancel_asked if self._busy else self.compute_asked).emit()


def _combo(items: dict[str, str], tooltip: str) -> QComboBox:
    combo = QComboBox()
    for value, title in items.items():
        combo.addItem(title, value)
    combo.setToolTip(tooltip)
    # Two of them share a row of a dock that people make narrow.
    combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    combo.setMinimumContentsLength(6)
    guard_wheel(combo)
    return combo


def _choose(combo: QComboBox, value: Any, name: str) -> None:
    values = [combo.itemData(i) for i in range(combo.count())]
    if value not in values:
        raise ValueError(f"{name} must be one of {', '.join(map(repr, values))}, got {value!r}")
    combo.setCurrentIndex(values.index(value))


def _memory_title(memory: str) -> str:
    """Short enough for a third of a row: ``"memory: auto"``, ``"≤ 128 GB"``."""
    return f"memory: {memory}" if memory == AUTO else f"≤ {memory}"
