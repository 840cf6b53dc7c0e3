"""Scores of the round trips of A and B, side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from operator import is_

import torch

from predictor_inspector.core.text import format_error, readable
from predictor_inspector.inspection import Inspection
from predictor_inspector.inspection.roundtrip import DECODERS, Decoder, RoundTrip, chosen_decoder, round_trip
from predictor_inspector.plugin.forms.small_widgets import MessageLabel
from predictor_inspector.plugin.live.worker import Job, LiveRunner
from predictor_inspector.plugin.tabs import TabContext

_MOST_VALUES = 1 << 23  # of both targets: what takes longer isn't decoded unasked


class RoundTrips(MessageLabel):
    """What decoders get back from A and from B, in a line, or why there is none; empty where they are large.

    The decoder is that of the tab *Round trip* for targets that it can decode, and else the first that can.
    """

    def __init__(self, context: TabContext, runner: LiveRunner) -> None:
        super().__init__()
        self.setObjectName("compare round trips")
        self._context, self._runner = context, runner
        self._wanted: tuple[Inspection, Inspection, Decoder | None] | None = None
        self._trips: Sequence[RoundTrip] = ()  # those that were made last
        runner.finished.connect(self._on_finished)
        runner.failed.connect(self._on_failed)

    def show_trips(self, a: Inspection | None, b: Inspection | None) -> None:
        """Decode A and B, but for what was so decoded last."""
        if a is None or b is None or not (_can_be_decoded(a) and _can_be_decoded(b)):
            self._wanted, self._trips = None, ()
            self.show_message("")
            return
        decoder = self._context.derived.decoder
        wanted = a, b, decoder
        if self._wanted is not None and all(map(is_, wanted, self._wanted)):
            return
        self._wanted = wanted

        def trip(inspection: Inspection, step: Callable[[str, float], None]) -> RoundTrip:
            fits = decoder is not None and type(decoder).groups(inspection.channels)
            used = decoder if decoder and fits else chosen_decoder(inspection.channels)
            # A stays while B changes.
            made = (t for t in self._trips if t.inspection is inspection and t.decoder == used)
            return next(made, None) or round_trip(inspection, used, progress=step)

        def work(step: Callable[[str, float], None]) -> list[RoundTrip]:
            return [trip(a, step), trip(b, step)]

        self._runner.submit(Job(work, wanted))

    def _on_finished(self, job: Job, trips: list[RoundTrip]) -> None:
        if self._wanted is not None:
            self._trips = trips
        if job.about is self._wanted:
            self.show_message(f"Round trip:  {'  ·  '.join(map(_text, 'AB', trips))}")

    def _on_failed(self, job: Job, error: BaseException) -> None:
        if job.about is self._wanted:
            self.show_message(f"No round trip: {format_error(error)}")


def _can_be_decoded(inspection: Inspection) -> bool:
    target = inspection.target
    return isinstance(target.data, torch.Tensor) and prod(target.shape) <= _MOST_VALUES // 2


def _text(name: str, trip: RoundTrip) -> str:
    kind, scores = readable(DECODERS.name_of(type(trip.decoder))), trip.scores
    return f"{name}: Rand error {scores.arand:.4f}, F1 {scores.f1_iou50:.3f} ({kind})"
