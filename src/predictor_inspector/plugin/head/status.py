"""Status of the result: whether it is current, and what is wrong with it."""

from __future__ import annotations

from time import monotonic

from qtpy.QtCore import QTimer, Signal
from qtpy.QtWidgets import QLabel, QProgressBar, QPushButton, QWidget
from superqt import QElidingLabel

from predictor_inspector.core.ops import backend
from predictor_inspector.core.text import counted, format_bytes, format_duration
from predictor_inspector.inspection import Inspection
from predictor_inspector.inspection.findings import Finding
from predictor_inspector.plugin.forms.layouts import in_column, in_row
from predictor_inspector.plugin.forms.small_widgets import MessageLabel
from predictor_inspector.plugin.layers.colours import SEVERITY_COLOURS
from predictor_inspector.plugin.model.actions import action_of
from predictor_inspector.plugin.model.messages import Message
from predictor_inspector.plugin.tabs import TabContext

_WORTH_SHOWING = 150
"""Milliseconds of computing before the line says so: what comes and goes with every frame only flickers."""

_WORTH_WORDS = 0.5
"""Seconds of computing before the running step is named."""

_COLOURS = {"current": "#3fae5a", "busy": "#2f9fd0", "outdated": "#b86e00", "nothing": "#808080"}


class StatusLine(QWidget):
    """A dot, a few words, and a button where there is something to start or to stop."""

    _kernels_changed = Signal()

    def __init__(self, context: TabContext) -> None:
        super().__init__()
        self._settings, self._controller = context.settings, context.controller
        self._dot, self._text = QLabel("●"), QElidingLabel(objectName="status")
        self._wait = MessageLabel()
        self._bar = QProgressBar(textVisible=False, maximumHeight=4)
        self._button = QPushButton("Compute", objectName="compute")
        self._button.clicked.connect(self._on_button)
        self._busy = self._waiting = False  # waiting: it isn't begun without being asked for, even live
        self._started = 0.0
        self._current = self._last_run = self._state = ""
        self.setLayout(in_column(in_row(self._dot, (self._text, 1), self._button), self._bar, self._wait, spacing=2))
        self._patience = QTimer(self, singleShot=True, interval=_WORTH_SHOWING)
        self._patience.timeout.connect(lambda: self._show_busy(True))
        controller = self._controller
        context.settings.events.live.connect(self._show)
        controller.busy_changed.connect(self._on_busy)
        controller.stepped.connect(self._on_step)
        controller.message.connect(self._on_message)
        controller.shown.connect(self._on_shown)
        controller.previewed.connect(self._on_shown)
        controller.outdated.connect(self._on_outdated)
        controller.cleared.connect(self._on_outdated)
        self._counting = QTimer(self, interval=1000)  # while kernels are compiled
        self._counting.timeout.connect(self._show)
        # It is told from another thread.
        self._kernels_changed.connect(self._on_kernels)
        self._stop_listening = backend.listen(self._kernels_changed.emit)
        self._show_busy(False)
        self._on_kernels()

    def shut_down(self) -> None:
        """Stop timers, and listen to nothing."""
        self._stop_listening()
        self._patience.stop()
        self._counting.stop()

    def _on_kernels(self) -> None:
        if backend.waiting_for():
            self._counting.start()
        else:
            self._counting.stop()
        self._show()

    def _on_button(self) -> None:
        if self._busy:
            self._controller.cancel()
        else:
            self._controller.compute()

    def _on_message(self, message: Message) -> None:
        self._waiting = message.kind == "tiles"
        self._show()

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
                self._text.setText(f"{step} …")

    def _on_shown(self, inspection: Inspection) -> None:
        timings = inspection.timings
        total = f"{format_duration(timings['total'])} on {inspection.device}"
        steps = [f"{name} {format_duration(t)}" for name, t in timings.items() if name != "total"]
        self._current = total
        self._last_run = "\n".join(["The last run:", total, *steps, format_bytes(inspection.memory)])
        self._show()

    def _on_outdated(self) -> None:
        self._current = ""
        self._show()

    def _show_busy(self, busy: bool) -> None:
        self._busy, self._started = busy, monotonic()
        self._bar.setValue(0)
        self._show()

    def _show(self) -> None:
        state, text = "nothing", "nothing to show"
        if self._busy:
            state, text = "busy", "computing …"
        elif self._current and not self._settings.live:
            state, text = "outdated", f"auto-update is off; {self._current}"
        elif self._current:
            state, text = "current", f"up to date, {self._current}"
        elif self._waiting:
            state, text = "outdated", "press Compute"
        self._wait.show_message(backend.waiting_for())
        # To set them lays the dock out and paints it, changed or not.
        if state != self._state:
            self._state = state
            self._dot.setStyleSheet(f"color: {_COLOURS[state]};")
        if text != self._text.text():
            self._text.setText(text)
        for widget in (self._dot, self._text):
            widget.setToolTip(self._last_run)
        self._button.setText("Cancel" if self._busy else "Compute")
        self._button.setVisible(self._busy or self._waiting or not self._settings.live)


class FindingsLine(QWidget):
    """How much is wrong with the result, the worst of it, and buttons that show and mend it; hidden if all is well."""

    asked = Signal(object)  # the finding to be shown

    def __init__(self, context: TabContext) -> None:
        super().__init__(objectName="findings line")
        self._perform = context.perform
        self._worst: Finding | None = None
        self._mark, self._text = QLabel("▲"), QElidingLabel()
        self._show_button = QPushButton("Show", objectName="show finding", toolTip="Open the list, and go there")
        self._fix = QPushButton("Fix", objectName="fix finding")
        self._show_button.clicked.connect(lambda: self.asked.emit(self._worst))
        self._fix.clicked.connect(self._on_fix)
        self.setLayout(in_row(self._mark, (self._text, 1), self._show_button, self._fix))
        context.derived.events.findings.connect(self._on_findings)
        self.hide()

    def _on_findings(self, findings: tuple[Finding, ...] | None) -> None:
        grave = [finding for finding in findings or () if finding.severity != "info"]
        before, self._worst = self._worst, grave[0] if grave else None
        worst = self._worst
        self.setVisible(worst is not None)
        if worst is None:
            return
        counts = {s: sum(f.severity == s for f in grave) for s in ("error", "warning")}
        told = ", ".join(counted(n, s) for s, n in counts.items() if n)
        if (text := f"{told}: {worst.message}") != self._text.text():
            self._text.setText(text)
        self._text.setToolTip(f"{worst.message}\n{worst.advice}")
        if before is None or before.severity != worst.severity:
            self._mark.setStyleSheet(f"color: {SEVERITY_COLOURS[worst.severity]};")
        self._fix.setVisible(worst.cure is not None)
        if worst.cure is not None:
            self._fix.setToolTip(worst.cure.title)

    def _on_fix(self) -> None:
        if self._worst is not None and self._worst.cure is not None:
            self._perform(action_of(self._worst.cure))
