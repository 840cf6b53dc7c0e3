"""Findings in training samples: positions one by one, and what is found over many of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

from funlib.geometry import Roi
from qtpy.QtCore import QSignalBlocker, Signal
from qtpy.QtWidgets import QLabel, QLineEdit, QPushButton, QSpinBox

from predictor_inspector.core.text import counted
from predictor_inspector.inspection import Request
from predictor_inspector.inspection.findings import Finding, find_with_raw
from predictor_inspector.inspection.training.positions import Positions
from predictor_inspector.inspection.training.survey import Survey, survey
from predictor_inspector.plugin.forms.layouts import in_column, in_row
from predictor_inspector.plugin.forms.small_widgets import guard_wheel
from predictor_inspector.plugin.live.worker import Job
from predictor_inspector.plugin.model.resolve import Resolved
from predictor_inspector.plugin.tabs import Tab
from predictor_inspector.plugin.tabs.check.finding_list import FindingPanel

_SIDE = 96  # voxels along an axis of the region that is suggested, at most


class SampleFindings(FindingPanel):
    """Go to training samples, and check many of them; a finding of several is shown where it is worst."""

    count_changed = Signal()

    def __init__(self, tab: Tab) -> None:
        super().__init__(tab)
        self._request: Request | None = None
        self._rois: dict[Finding, Roi] = {}  # where each finding is worst
        self._runner.advanced.connect(self._on_advanced)
        self._runner.busy_changed.connect(self._on_busy)
        self._size = QLineEdit(placeholderText="32, 96, 96")
        self._size.setToolTip("Size of a sample in voxels, one number per axis, slowest first")
        self._annotated = _spin("at least ", 100, " % annotated", "Least annotated share of a sample")
        self._seed = _spin("random seed ", 2**31 - 1, "", "The same seed draws the same samples")
        self._nth = _spin("sample # ", 10**9, "", "Which of the samples, counted from 0, in the order of a training")
        self._count = _spin("", 100_000, " samples", "How many samples to check")
        self._count.setMinimum(1)
        self._count.setValue(20)
        self._count.valueChanged.connect(self.count_changed)
        self._go = QPushButton("Go to", toolTip="Pin the box at this sample; undo takes it back")
        self._go.clicked.connect(lambda: self.go(self._nth.value()))
        self._next = QPushButton("Next")
        self._next.setToolTip("Go to the next sample: a random region, as a training sampler would draw it")
        self._next.clicked.connect(self._go_to_next)
        self._start = QPushButton("Check", toolTip="Inspect so many samples and list what is found")
        self._start.clicked.connect(lambda: self.cancel() if self._runner.busy else self.start())
        self._worst = QPushButton("Go to worst")
        self._worst.setToolTip("Go to the sample where the most severe finding is worst")
        self._worst.clicked.connect(self._go_to_worst)
        self._name(
            "samples", "size", "annotated", "nth", "seed", "count", "go", "next", "worst", "start", "error", "summary"
        )
        self.setLayout(
            in_column(
                in_row(QLabel("Sample size"), (self._size, 1), self._seed),
                in_row((self._annotated, 1), self._count),
                in_row((self._nth, 1), self._go, self._next),
                in_row((self._start, 1), (self._worst, 1)),
                self._bar,
                self._error,
                self._summary,
                (self._scrolling_list(), 1),
            )
        )
        self._show(None)

    @property
    def count(self) -> int:
        """How many samples are checked."""
        return int(self._count.value())

    def on_resolved(self, state: Resolved) -> None:
        """Take over what is inspected, and suggest a size of regions that suits other ground truth."""
        before, self._request = self._request, state.request
        if before is None or before.source.gt.spatial_shape != state.request.source.gt.spatial_shape:
            self._suggest_size(state.request)

    def on_cleared(self) -> None:
        self._request = None

    def start(self) -> None:
        """Survey as many positions as are asked for."""
        request, positions, count = self._request, self._positions(), self.count
        if request is None or positions is None:
            return

        def work(step: Callable[[str, float], None]) -> Iterator[Survey]:
            # Positions are drawn in the worker, too: searching a large mask takes time.
            yield from survey(request, list(islice(positions, count)), find_with_raw, step)

        self.list.choose(None)
        self._show(None)
        self._bar.setRange(0, count)
        self._runner.cancel()
        self._runner.submit(Job(work))

    def cancel(self) -> None:
        """Stop within the region that is being inspected; what was found stays."""
        self._runner.cancel()

    def go(self, n: int) -> None:
        """Show the n-th position."""
        positions = self._positions()
        if positions is None:
            return
        try:
            roi = positions[n]
        except ValueError as error:
            self._tell(error)
            return
        with QSignalBlocker(self._nth):
            self._nth.setValue(n)
        self.context.derived.position = n
        self.context.go_to(roi)

    def _positions(self) -> Positions | None:
        """The positions that are asked for; None, and an error message, if there are none."""
        self._error.show_message("")
        try:
            if self._request is None:
                raise ValueError("there is no ground truth to look at")
            if not self._size.text().strip():
                self._suggest_size(self._request)
            share = self._annotated.value() / 100
            return Positions(self._request.source, self._voxels(), share, self._seed.value())
        except ValueError as error:
            self._tell(error)
            return None

    def _voxels(self) -> tuple[int, ...]:
        text = self._size.text()
        try:
            return tuple(int(part) for part in text.replace("×", ",").replace("x", ",").split(","))
        except ValueError:
            raise ValueError(f"size must be whole numbers of voxels, such as 32, 96, 96; got {text!r}") from None

    def _suggest_size(self, request: Request) -> None:
        """Set a size that suits the ground truth, unless the one that is set does."""
        shape = [int(n) for n in request.source.gt.spatial_shape]
        try:
            fits = all(n <= most for n, most in zip(self._voxels(), shape, strict=True))
        except ValueError:
            fits = False
        if not fits:
            self._size.setText(", ".join(str(min(_SIDE, n)) for n in shape))

    def _on_advanced(self, _job: Job, so_far: Survey) -> None:
        self._show(so_far)

    def _on_busy(self, busy: bool) -> None:
        self._start.setText("Cancel" if busy else "Check")
        if not busy:
            self._bar.setValue(0)

    def _show(self, so_far: Survey | None) -> None:
        self.context.derived.survey = so_far
        tallies = () if so_far is None else so_far.tallies
        self._worst.setEnabled(bool(tallies))
        if so_far is None:
            self._summary.setText(
                "What is wrong in samples as training draws them is listed here once they are checked."
            )
        else:
            self._bar.setValue(so_far.done)
            self._summary.setText("" if tallies else f"Nothing found in {counted(so_far.done, 'sample')}.")
        self._summary.setVisible(not tallies)
        self._rois = {tally.worst: tally.roi for tally in tallies}
        done = 0 if so_far is None else so_far.done
        notes = [f"in {tally.regions:,} of {counted(done, 'sample')}, at its worst" for tally in tallies]
        # What is open stays so, without going there again.
        with QSignalBlocker(self.list):
            self.list.show_findings([tally.worst for tally in tallies], self.context.settings.gt, notes)

    def _on_chosen(self, finding: Finding | None) -> None:
        """Show the sample where a finding is worst."""
        if finding is not None:
            self.context.go_to(self._rois[finding])
        super()._on_chosen(finding)

    def _go_to_worst(self) -> None:
        self.list.choose(self.list.findings[0])

    def _go_to_next(self) -> None:
        shown = self.context.derived.position
        self.go(0 if shown is None else shown + 1)


def _spin(prefix: str, maximum: int, suffix: str, tool_tip: str) -> QSpinBox:
    spin: Any = QSpinBox(prefix=prefix, maximum=maximum, suffix=suffix, toolTip=tool_tip, keyboardTracking=False)
    guard_wheel(spin)
    return spin
