"""`Checker`: looks for findings behind what is shown, without getting in its way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import Any

import torch
from qtpy.QtCore import QObject, QTimer, Signal

from predictor_inspector.core.array import Array
from predictor_inspector.inspection import Inspection
from predictor_inspector.inspection.findings import Finding, Subject, find_in
from predictor_inspector.inspection.findings.suggestions import Suggestion, suggest_for
from predictor_inspector.inspection.findings.weights import zero_weight_reasons
from predictor_inspector.plugin.live.worker import Job, LiveRunner

_REST = 250
"""Milliseconds without a new result before its findings are looked for: nobody reads a list that changes with every frame."""

_LIVE_VALUES = 1 << 24
"""Values of a target up to which checks run by themselves; beyond, they wait to be asked."""

_ON_DISK = "These results are too large for memory. Pin a smaller box to check it, or survey many small regions."


@dataclass(frozen=True, eq=False)
class Checked:
    """What came of looking at an inspection.

    Attributes
    ----------
    inspection : Inspection
        What was looked at.
    findings : tuple of Finding
        What was found, the most severe first.
    suggestions : tuple of Suggestion
        Parameter values that suit this ground truth better.
    slow : bool
        Whether slow checks were among those that ran.
    reasons : Array
        Why values have weight 0, as `zero_weight_reasons`.
    """

    inspection: Inspection
    findings: tuple[Finding, ...]
    suggestions: tuple[Suggestion, ...]
    slow: bool
    reasons: Array


class Checker(QObject):
    """Runs the checks over the latest inspection: the quick ones by themselves, all of them when asked."""

    checked = Signal(object)
    """A `Checked`."""
    started = Signal()
    """Findings are being looked for."""
    waiting = Signal()
    """There are too many values for checks that run by themselves."""
    cleared = Signal()
    """What was found doesn't hold any more, and nothing is being looked for."""
    failed = Signal(str)
    """A sentence: why nothing could be found out."""
    stepped = Signal(str, float)

    def __init__(self, prepare: Callable[[], object] | None = None) -> None:
        super().__init__()
        self._runner = LiveRunner(prepare)
        self._inspection: Inspection | None = None
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(_REST)
        self._rest.timeout.connect(lambda: self._look(slow=False))
        self._runner.finished.connect(self._on_finished)
        self._runner.failed.connect(self._on_failed)
        self._runner.stepped.connect(self.stepped)

    @property
    def busy(self) -> bool:
        """Whether findings are being looked for, or about to be."""
        return self._rest.isActive() or self._runner.busy

    def take(self, inspection: Inspection) -> None:
        """Look at this inspection, once no newer one comes."""
        self._inspection = inspection
        self._runner.cancel()
        if prod(inspection.target.shape) > _LIVE_VALUES:
            self._rest.stop()
            self.waiting.emit()
        else:
            self._rest.start()

    def check_all(self) -> None:
        """Run all checks over the latest inspection now, those that take their time too."""
        self._rest.stop()
        if self._inspection is not None and not isinstance(self._inspection.target.data, torch.Tensor):
            self.failed.emit(_ON_DISK)
        else:
            self._look(slow=True)

    def forget(self) -> None:
        """There is nothing to look at any more."""
        self._inspection = None
        self._rest.stop()
        self._runner.cancel()
        self.cleared.emit()

    def close(self) -> None:
        """Stop for good."""
        self._rest.stop()
        self._runner.close()

    def _look(self, slow: bool) -> None:
        inspection = self._inspection
        if inspection is None:
            return

        def work(step: Callable[[str, float], None]) -> Checked:
            # What one check has derived from the inspection, the others needn't.
            subject = Subject(inspection, step)
            found = find_in(subject, slow)
            suggested = suggest_for(subject)
            return Checked(inspection, found, suggested, slow, zero_weight_reasons(subject))

        self.started.emit()
        self._runner.submit(Job(work, id(inspection)))

    def _on_finished(self, _job: Job, checked: Checked) -> None:
        if checked.inspection is self._inspection:
            self.checked.emit(checked)

    def _on_failed(self, job: Job, error: BaseException) -> None:
        if self._inspection is not None and job.about == id(self._inspection):
            self.failed.emit(f"The checks failed: {_what(error)}")


def _what(error: BaseException) -> Any:
    return str(error) or type(error).__name__
