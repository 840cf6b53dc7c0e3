"""Samples of a training pipeline as layers, one by one, and what is found in them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from qtpy.QtCore import QSignalBlocker
from qtpy.QtWidgets import QButtonGroup, QLineEdit, QPushButton

from predictor_inspector.core.predictor import Predictor
from predictor_inspector.core.text import capitalised, counted, format_error, percent
from predictor_inspector.data.training_samples import PipelineError, SampleStream, TrainingSample, keys_from_text
from predictor_inspector.inspection.findings import Finding
from predictor_inspector.inspection.findings.training_samples.compared import ComparedSample, samples_of
from predictor_inspector.inspection.training.pipeline import findings_over_samples
from predictor_inspector.plugin.forms.layouts import in_column, in_row
from predictor_inspector.plugin.layers.navigation import go_to_region
from predictor_inspector.plugin.layers.training_sample import TrainingSampleLayers
from predictor_inspector.plugin.live.worker import Job
from predictor_inspector.plugin.model.resolve import Resolved
from predictor_inspector.plugin.tabs import Tab
from predictor_inspector.plugin.tabs.check.finding_list import FindingPanel

_TIMEOUT = 120.0  # seconds; Stop ends it before
_VIEWS = {
    "ours": ("Ours", "What the predictor makes of the sample's labels"),
    "target": ("Pipeline's", "The target that the pipeline gives"),
    "difference": ("Difference", "The pipeline's target minus ours"),
}


@dataclass(frozen=True, eq=False)
class _Taken:
    """The samples so far, what was found in them, and the one to show; `over` where the pipeline has no more."""

    samples: tuple[ComparedSample, ...]
    findings: tuple[Finding, ...]
    shown: int | None
    over: bool = False


class PipelineFindings(FindingPanel):
    """Run a pipeline, go from sample to sample, and see theirs, ours and the difference."""

    def __init__(self, tab: Tab) -> None:
        super().__init__(tab)
        self._layers = TrainingSampleLayers(tab.context.layers)
        self._stream: SampleStream | None = None
        self._predictor: Predictor | None = None
        self._taken = _Taken((), (), None)
        self._runner.finished.connect(self._on_finished)
        self._runner.busy_changed.connect(self._update)
        self._path = QLineEdit(placeholderText="train:loader, or path/to/train.py:loader")
        self._path.setToolTip("A function that gives an iterator, a Dataset, a DataLoader, or a pipeline and a request")
        self._keys = QLineEdit(placeholderText="keys: guessed, or raw=RAW,labels=GT,target=AFFS")
        self._keys.setToolTip("What the pipeline calls raw, labels, mask, target and weight, or their positions from 0")
        self._voxel = QLineEdit(placeholderText="voxel: pixels")
        self._voxel.setToolTip("Voxel size in nm, a number per axis, of arrays that don't say it: 40, 4, 4")
        self._start = QPushButton("Start", toolTip="Run it in a process of its own, and take the first sample")
        self._start.clicked.connect(self._on_start)
        self._path.returnPressed.connect(self._on_start)
        self._previous = QPushButton("Previous", toolTip="Show the sample before")
        self._previous.clicked.connect(lambda: self.go(-1))
        self._next = QPushButton("Next", toolTip="Show the next sample; the pipeline makes one if there is none yet")
        self._next.clicked.connect(lambda: self.go(1))
        group, self._views, views = QButtonGroup(self), dict[str, QPushButton](), []
        for view, (title, tool_tip) in _VIEWS.items():
            button = QPushButton(title, checkable=True, toolTip=tool_tip, objectName=f"pipeline view {view}")
            button.clicked.connect(lambda _checked, view=view: self.look_at(view))
            group.addButton(button)
            self._views[view] = button
            views.append((button, 1))
        self._name("pipeline", "path", "keys", "voxel", "start", "previous", "next", "error", "summary")
        self.setLayout(
            in_column(
                in_row((self._path, 1), self._start),
                in_row((self._keys, 3), (self._voxel, 1)),
                in_row((self._previous, 1), (self._next, 1)),
                in_row(*views, spacing=0),
                self._bar,
                self._error,
                self._summary,
                (self._scrolling_list(), 1),
            )
        )
        self.look_at("ours")
        self._update()

    def start(self, path: str) -> None:
        """Run another pipeline, and show its first sample in the layers of the last one's; an empty path runs none."""
        self._path.setText(path)
        self._path.setFocus()
        self.stop()
        self._error.show_message("")
        if not path.strip():
            return
        try:
            self._stream = SampleStream(path, keys_from_text(self._keys.text()), self._voxel_size())
        except ValueError as error:
            self._tell(error)
            return
        self.list.choose(None)
        self._taken = _Taken((), (), None)
        self._show()
        self._take()

    def stop(self) -> None:
        """End the pipeline, with all that it has started; the samples that it gave stay."""
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.close()
        self._runner.cancel()
        self._update()

    def go(self, by: int) -> None:
        """Show the sample so many after the one shown, made if there is none yet."""
        shown, samples = self._taken.shown, self._taken.samples
        if shown is None:
            return
        if 0 <= shown + by < len(samples):
            self._taken = _Taken(samples, self._taken.findings, shown + by, self._taken.over)
            self._show()
        elif by > 0 and self._stream is not None and not self._runner.busy:
            self._take()

    def look_at(self, view: str) -> None:
        """Show ``"ours"``, the pipeline's ``"target"``, or the ``"difference"`` of the two."""
        self._views[view].setChecked(True)
        self._view = view
        self._layers.show_only(view)
        settings = self.context.settings
        if view != "ours":
            settings.shown = "off"
        elif settings.shown == "off" and self._taken.samples:
            settings.shown = "target"

    def on_resolved(self, state: Resolved) -> None:
        """Compare with another predictor, if it is one."""
        predictor, taken = state.request.predictor, self._taken
        if predictor == self._predictor:
            return
        self._predictor = predictor
        if taken.samples and not self._runner.busy:
            self._compare()

    def _on_start(self) -> None:
        if self._runner.busy:
            self.stop()
        else:
            self.start(self._path.text())

    def _take(self) -> None:
        """Have the next sample made, and everything checked."""
        stream, predictor, before = self._stream, self._predictor, self._taken
        assert stream is not None

        def work(_step: Callable[[str, float], None]) -> _Taken:
            sample: TrainingSample | None = stream.next(_TIMEOUT)
            if sample is None:
                return _Taken(before.samples, before.findings, before.shown, over=True)
            samples = (*before.samples, ComparedSample(len(before.samples), sample, predictor))
            return _taken(samples, len(before.samples), over=False)

        self._runner.submit(Job(work, predictor))

    def _on_finished(self, job: Job, taken: _Taken) -> None:
        self._taken = taken
        self._show()
        if taken.samples and job.about != self._predictor:
            self._compare()  # with another one, which was chosen meanwhile

    def _compare(self) -> None:
        """Compare all samples with the predictor that is chosen now."""
        predictor, taken = self._predictor, self._taken

        def work(_step: Callable[[str, float], None]) -> _Taken:
            samples = tuple(ComparedSample(s.index, s.sample, predictor) for s in taken.samples)
            return _taken(samples, taken.shown, taken.over)

        self._runner.submit(Job(work, predictor))

    def _on_failed(self, _job: Job, error: BaseException) -> None:
        if isinstance(error, PipelineError) and self._stream is None:
            return  # it was stopped
        self.stop()
        self._tell(error)

    def _tell(self, error: BaseException) -> None:
        # What begins with the name of a function keeps it.
        text = format_error(error) if isinstance(error, PipelineError) else capitalised(format_error(error))
        self._error.show_message(f"{text}.")

    def _voxel_size(self) -> tuple[float, ...] | None:
        text = self._voxel.text().strip()
        if not text:
            return None
        try:
            size = tuple(float(part) for part in text.replace("×", ",").replace("x", ",").split(","))
        except ValueError:
            size = ()
        if not size or min(size) <= 0:
            raise ValueError(f"a voxel size has a positive number per axis, such as 40, 4, 4; got {text!r}")
        return size

    def _update(self, *_: object) -> None:
        busy, taken = self._runner.busy, self._taken
        self._bar.setRange(0, 0 if busy else 1)
        self._start.setText("Stop" if busy else "Start")
        shown = -1 if taken.shown is None else taken.shown
        self._previous.setEnabled(shown > 0)
        more = self._stream is not None and not taken.over and not busy
        self._next.setEnabled(shown >= 0 and (shown + 1 < len(taken.samples) or more))

    def _show(self) -> None:
        """Show layers of the sample, list what was found, and say which sample it is."""
        taken, context = self._taken, self.context
        if taken.shown is None:
            self._summary.setText("Samples of a training pipeline are shown here, and what is wrong with them.")
            with QSignalBlocker(self.list):
                self.list.show_findings((), None)
            self._update()
            return
        sample = taken.samples[taken.shown]
        first = not self._layers.shown
        labels = self._layers.show(sample)
        if labels is not None and (first or context.settings.gt_layer is not labels):
            with context.settings.together():
                context.settings.gt_layer = labels
                context.settings.region_mode = "layer"  # where the pipeline's target lies
        if first and context.settings.gt is not None:
            go_to_region(context.viewer, context.settings.gt.roi, context.settings.gt)
        self.look_at(self._view)
        self._summary.setText(_described(taken, sample))
        notes = [f"in {counted(len(samples_of(f)), 'sample')} of {len(taken.samples)} ·" for f in taken.findings]
        with QSignalBlocker(self.list):
            self.list.show_findings(taken.findings, sample.sample.grid, notes)
        self._update()

    def _on_chosen(self, finding: Finding | None) -> None:
        """Show the first sample that a finding is about."""
        if finding is not None and self._taken.shown is not None:
            self.go(samples_of(finding)[0] - self._taken.shown)
        super()._on_chosen(finding)


def _taken(samples: tuple[ComparedSample, ...], shown: int | None, over: bool) -> _Taken:
    """Everything that will be shown, computed in the calling thread."""
    findings = findings_over_samples(samples)
    for sample in samples:
        _ = sample.differing_share
    return _Taken(samples, findings, shown, over)


def _described(taken: _Taken, sample: ComparedSample) -> str:
    share = sample.differing_share
    compared: Any = (
        capitalised(sample.refused) if share is None else f"{percent(share)} of the target differs from ours"
    )
    if share == 0:
        compared = "The target is ours"
    if share is None and not sample.refused:
        compared = "The target has other channels than ours"
    end = ", the last" if taken.over and sample.index + 1 == len(taken.samples) else ""
    return f"Sample {sample.index} ({len(taken.samples):,} taken so far){end}. {compared}."
