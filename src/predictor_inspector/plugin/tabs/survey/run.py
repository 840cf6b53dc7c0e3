"""`SurveyRun`: a survey in the background, which can be cancelled at any time."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import Any

from qtpy.QtCore import QObject, Signal

from predictor_inspector.core.text import capitalised, format_error
from predictor_inspector.inspection import Request
from predictor_inspector.inspection.findings import Find
from predictor_inspector.inspection.training.positions import Positions
from predictor_inspector.inspection.training.survey import Survey, survey
from predictor_inspector.plugin.live.worker import Job, LiveRunner


class SurveyRun(QObject):
    """Runs one survey at a time in a worker thread, and tells about every region."""

    advanced = Signal(object)
    """A `Survey`: everything so far."""
    ended = Signal(str)
    """A sentence about what went wrong; empty if all is well, or if it was cancelled."""

    def __init__(self) -> None:
        super().__init__()
        self._runner = LiveRunner()
        self._runner.finished.connect(lambda _job, _result: self.ended.emit(""))
        self._runner.failed.connect(lambda _job, error: self.ended.emit(capitalised(format_error(error))))
        self._runner.busy_changed.connect(self._on_busy)
        self._stopped = False

    @property
    def busy(self) -> bool:
        """Whether a survey is under way."""
        return self._runner.busy

    def start(self, request: Request, positions: Positions, count: int, find: Find) -> None:
        """Survey the first `count` positions, in place of what was under way."""
        self._runner.cancel()
        self._stopped = False
        self._runner.submit(Job(self._work(request, positions, count, find)))

    def cancel(self) -> None:
        """Stop within the region that is being looked at; what was found stays."""
        self._stopped = True
        self._runner.cancel()

    def close(self) -> None:
        """Stop for good."""
        self._runner.close()

    def _work(
        self, request: Request, positions: Positions, count: int, find: Find
    ) -> Callable[[Callable[[str, float], None]], Survey | None]:
        def work(step: Callable[[str, float], None]) -> Survey | None:
            last = None
            # Positions are drawn here, too: a large mask takes its time.
            rois = list(islice(positions, count))
            for last in survey(request, rois, find, progress=step):
                self.advanced.emit(last)
            return last

        return work

    def _on_busy(self, busy: Any) -> None:
        # A job that was cancelled neither finishes nor fails.
        if not busy and self._stopped:
            self.ended.emit("")
