"""Round trip tab: what a decoder gets back from the target shown, and where it fails."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import replace
from math import prod
from typing import Any

import torch
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QCheckBox, QPushButton, QTreeWidgetItem, QWidget

from predictor_inspector.core.config import config_of
from predictor_inspector.core.text import capitalised, counted, format_duration, format_error, listed
from predictor_inspector.inspection import Inspection
from predictor_inspector.inspection.findings import Cure, Finding
from predictor_inspector.inspection.roundtrip import (
    DECODERS,
    Decoder,
    Imperfection,
    Merge,
    RoundTrip,
    Split,
    SweepPlan,
    check_round_trip,
    round_trip,
)
from predictor_inspector.plugin.forms.layouts import TreeTable, in_column, in_row
from predictor_inspector.plugin.forms.small_widgets import WrappedLabel, scrolling
from predictor_inspector.plugin.layers.colours import MISTAKE_COLOURS
from predictor_inspector.plugin.layers.labels import FindingLayer, MistakeLayer, SegmentationLayer
from predictor_inspector.plugin.layers.navigation import fly_to
from predictor_inspector.plugin.live.worker import Job
from predictor_inspector.plugin.model.actions import action_of
from predictor_inspector.plugin.tabs import Tab, TabContext
from predictor_inspector.plugin.tabs.check.finding_list import FindingList
from predictor_inspector.plugin.tabs.roundtrip.decoder_panel import DecoderPanel
from predictor_inspector.plugin.tabs.roundtrip.decoding import Decoded, WantedTrip, decoded_of, prediction_trip
from predictor_inspector.plugin.tabs.roundtrip.sweep_panel import SweepPanel

_LIVE_VALUES = 1 << 23  # values of a target up to which it is decoded by itself
_LISTED = 200  # splits and merges, the worst of them
_MOST_ROWS = 8  # of a table, without scrolling
_SCORES = {"arand": "Rand error", "voi_split": "VOI split", "voi_merge": "merged", "f1_iou50": "F1"}

_SHARED = ("prediction", "decoder", "imperfection")  # what other tabs know, or choose

_DECODING = "The decoder is at work …"
_NOTHING = "What a decoder gets back from the target is scored here once there is one."
_LARGE = "A large region: press Decode to decode it."
_ON_DISK = "These results are too large for memory. Pin a smaller box to decode it."


class RoundTripTab(Tab):
    """The decoder, its scores, mistakes and findings, and sweeps of parameters.

    The target shown is decoded whenever it changes, while the tab is in front; so long its layers are in the viewer.
    """

    title = "Round trip"
    tool_tip = "What even a perfect prediction of the target gives back, and where it fails"
    order = 35

    def __init__(self, context: TabContext) -> None:
        super().__init__(context)
        self._inspection: Inspection | None = None
        self._tried: WantedTrip | None = None  # what was decoded last, or is being decoded
        self._decoded: Decoded | None = None
        self._telling = False  # other tabs what is chosen here
        self._checking = False  # the running job has delivered its round trip, and looks for findings
        self._segments, self._mistakes = SegmentationLayer(context.layers), MistakeLayer(context.layers)
        self._mark = FindingLayer(context.layers)
        self._runner = self.new_runner()
        self._runner.advanced.connect(self._on_decoded)
        self._runner.finished.connect(self._on_checked)
        self._runner.failed.connect(self._on_failed)
        self._runner.busy_changed.connect(self._show_summary)
        self.panel = DecoderPanel()
        self.panel.changed.connect(self._on_decoder)
        self.sweeps = SweepPanel(self.new_runner(), self._parts)
        self.sweeps.chosen.connect(self._take_over)
        self._decode = QPushButton("Decode", toolTip="Decode the region shown, however large it is")
        self._decode.clicked.connect(lambda: self._start(large=True))
        self._scores, self._summary = TreeTable(("", *_SCORES.values()), wide=0, rootIsDecorated=False), WrappedLabel()
        self._shows = QCheckBox("Segmentation", checked=True, toolTip="Show segments, in the colours of their objects")
        self._marks = QCheckBox("Mistakes", checked=True, toolTip="Mark what doesn't come back")
        for box in (self._shows, self._marks):
            box.toggled.connect(self._show_layers)
        self._legend = WrappedLabel("")
        self._legend.setTextFormat(Qt.TextFormat.RichText)
        words = zip(MISTAKE_COLOURS.values(), ("split", "merged", "lost"), strict=True)
        self._legend.setText(" &nbsp; ".join(f'<span style="color: {c}">■</span> {word}' for c, word in words))
        self._table = TreeTable(("What", "Voxels"), wide=0, rootIsDecorated=False)
        self._table.itemClicked.connect(self._go_to)
        self._findings = FindingList(context.settings)
        self._findings.chosen_changed.connect(self._on_finding)
        self._findings.cure_clicked.connect(self._on_cure)
        for name in ("decode", "scores", "summary", "shows", "marks", "table"):
            getattr(self, f"_{name}").setObjectName(f"round trip {name}")
        inner = QWidget()
        inner.setLayout(
            in_column(
                self.panel,
                self._scores,
                self._summary,
                in_row(self._shows, self._marks, (self._legend, 1), self._decode),
                self._table,
                self._findings,
                self.sweeps,
                None,
                spacing=6,
            )
        )
        self.setLayout(in_column(scrolling(inner)))
        for name in _SHARED:
            context.derived.events[name].connect(self._on_shared)
        self.on_outdated()

    @property
    def trip(self) -> RoundTrip | None:
        """The round trip of the inspection shown; None until there is one."""
        return None if self._decoded is None else self._decoded.trip

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What is listed of it."""
        return self._findings.findings

    @property
    def finding_list(self) -> FindingList:
        """The list of them."""
        return self._findings

    def on_shown(self, inspection: Inspection) -> None:
        if inspection is not self._inspection:
            self.context.derived.trips = {}
        self._inspection = inspection
        if self.in_front:
            self._start()

    def on_outdated(self) -> None:
        self._inspection = None
        self._runner.cancel()
        self._forget(_NOTHING)

    def on_opened(self) -> None:
        self._start()
        self._show_layers()

    def on_left(self) -> None:
        for layer in (self._segments, self._mistakes, self._mark):
            layer.remove()

    def _parts(self) -> tuple[Inspection, Decoder, Imperfection] | None:
        """What a sweep varies; None where there is nothing to decode."""
        if self._inspection is None or not isinstance(self._inspection.target.data, torch.Tensor):
            return None
        try:
            return self._inspection, self.panel.decoder(), self.panel.imperfection()
        except ValueError:  # it is said where the decoder is chosen
            return None

    def _start(self, large: bool = False) -> None:
        """Decode what is shown, unless that is done; a large region only if that was asked for."""
        inspection = self._inspection
        if inspection is None:
            return
        gt = inspection.gt
        self.panel.offer(inspection.channels, gt.unit, gt.dims)
        self.panel.show_error("")
        derived = self.context.derived
        try:
            decoder, imperfection = self.panel.decoder(), self.panel.imperfection()
        except ValueError as error:
            self._forget("")
            self.panel.show_error(f"{capitalised(format_error(error))}.")
            return
        finally:
            self.sweeps.offer()
        self._telling = True
        derived.decoder, derived.imperfection = decoder, imperfection
        self._telling = False
        about = WantedTrip(inspection, decoder, imperfection, derived.prediction)
        if about.is_same(self._tried):
            return
        if not isinstance(inspection.target.data, torch.Tensor):
            self._forget(_ON_DISK)
        elif not large and prod(inspection.target.shape) > _LIVE_VALUES:
            self._forget(_LARGE)
        else:
            self._tried, predicted = about, prediction_trip(about)

            def work(step: Callable[[str, float], None]) -> Generator[Decoded, None, tuple[Finding, ...]]:
                trip = round_trip(inspection, decoder, imperfection, step)
                decoded = decoded_of(trip)
                yield decoded
                if about.prediction is not None:
                    yield replace(decoded, predicted=predicted(step))
                return check_round_trip(trip, step)

            if self._checking:
                # Scores are shown while the hand moves; findings only once it rests.
                self._runner.cancel()
                self._checking = False
            self._runner.submit(Job(work, about))

    def _on_decoder(self) -> None:
        self._start()

    def _on_shared(self) -> None:
        """Another prediction is chosen, or decoder and imperfection are those of a session."""
        derived = self.context.derived
        if self._telling:
            return
        try:
            same = (derived.decoder, derived.imperfection) == (self.panel.decoder(), self.panel.imperfection())
        except ValueError:  # of what is shown; it is said there
            same = False
        if not same:
            decoder = derived.decoder
            self.panel.take_up(None if decoder is None else config_of(DECODERS, decoder), derived.imperfection)
        if self.in_front:
            self._start()

    def shut_down(self) -> None:
        super().shut_down()
        for name in _SHARED:
            self.context.derived.events[name].disconnect(self._on_shared)

    def _on_decoded(self, job: Job, decoded: Decoded) -> None:
        self._checking = True
        if job.about.inspection is not self._inspection:
            return
        self._decoded = decoded
        self._fill()
        self._show_layers()

    def _on_checked(self, job: Job, findings: tuple[Finding, ...]) -> None:
        self._checking = False
        if job.about.is_same(self._tried):
            self._findings.show_findings(findings, self.context.settings.gt)

    def _on_failed(self, job: Job, error: BaseException) -> None:
        self._checking = False
        if job.about.is_same(self._tried):
            self._forget("", keep=job.about)
            self.panel.show_error(f"{capitalised(format_error(error))}.")

    def _forget(self, why: str, keep: WantedTrip | None = None) -> None:
        """Show nothing, and say why; `keep` isn't tried again."""
        self._decoded, self._tried, self._checking = None, keep, False
        self._findings.show_findings((), None)
        self._fill()
        self._show_layers()
        self._summary.setText(why)
        self._summary.setVisible(bool(why))
        self._decode.setVisible(why == _LARGE)

    def _fill(self) -> None:
        """Show scores and the list of mistakes."""
        trip = self.trip
        rows: list[tuple[str, Split | Merge]] = []
        self.context.derived.trips = {}
        for widget in (self._shows, self._marks, self._legend):
            widget.setVisible(trip is not None)
        self._scores.clear()
        if trip is not None:
            predicted = None if self._decoded is None else self._decoded.predicted
            self.panel.show_error(predicted if isinstance(predicted, str) else "")
            both = {"target": trip, "prediction": predicted} if isinstance(predicted, RoundTrip) else {"": trip}
            self.context.derived.trips = {whose or "target": each for whose, each in both.items()}
            for whose, each in both.items():
                for title, scores in ((whose or "ids", each.scores), (f"{whose} pieces", each.piece_scores)):
                    if scores is not None:
                        title = title if whose or title == "ids" else "connected pieces"
                        self._scores.add_row(title, *(f"{getattr(scores, name):.4f}" for name in _SCORES))
            rows = [(f"{trip.name(s.object)} split into {len(s.segments):,}", s) for s in trip.splits]
            rows += [(f"{listed((trip.name(o) for o in m.objects), 3)} merged", m) for m in trip.merges]
            rows = sorted(rows, key=lambda row: -row[1].voxels)[:_LISTED]
        self._table.clear()
        for text, what in rows:
            item = self._table.add_row(text, f"{what.voxels:,}")
            item.setData(0, Qt.ItemDataRole.UserRole, what)
            item.setToolTip(0, text)
        for table in (self._scores, self._table):
            table.fit(_MOST_ROWS)
        self._show_summary()

    def _show_summary(self) -> None:
        trip = self.trip
        if trip is None:
            if self._summary.text() in (_NOTHING, _LARGE, _DECODING):
                if self._runner.busy:
                    self._summary.setText(_DECODING)
                elif self._summary.text() == _DECODING:  # cancelled
                    self._summary.setText(_NOTHING)
            return
        counts = [
            counted(trip.scores.objects, "object"),
            f"{counted(trip.scores.segments, 'segment')}: {len(trip.splits):,} split",
            f"{len(trip.merges):,} merged",
            f"{len(trip.lost):,} lost",
        ]
        self._decode.hide()
        self._summary.setText(f"{', '.join(counts)}; {format_duration(sum(trip.seconds.values()))}")
        self._summary.setVisible(True)

    def _show_layers(self) -> None:
        decoded, place = self._decoded, self.context.controller.place
        if decoded is None or place is None or not self.in_front:
            for layer in (self._segments, self._mistakes, self._mark):
                layer.hide()
            return
        if self._shows.isChecked():
            self._segments.show(decoded.segmentation, place)
        else:
            self._segments.hide()
        if self._marks.isChecked():
            self._mistakes.show(decoded.mistakes, place)
        else:
            self._mistakes.hide()

    def _go_to(self, item: QTreeWidgetItem) -> None:
        """Bring a split or a merge into view."""
        trip, what = self.trip, item.data(0, Qt.ItemDataRole.UserRole)
        if trip is None:
            return
        flags = trip.overlaps.split_voxels([what]) if isinstance(what, Split) else trip.overlaps.merged_voxels([what])
        where = trip.where(flags)
        if where is not None:
            fly_to(self.context.viewer, where.mask, self.context.settings.region_mode == "box")

    def _on_finding(self, finding: Finding | None) -> None:
        place = self.context.controller.place
        if finding is None or place is None or not self.in_front:
            self._mark.hide()
            return
        self._mark.show(finding, place)
        fly_to(self.context.viewer, finding.where.mask, self.context.settings.region_mode == "box")

    def _on_cure(self, cure: Cure) -> None:
        if cure.decoder:
            self.panel.choose(cure.decoder)
        else:
            self.context.perform(action_of(cure))

    def _take_over(self, plan: SweepPlan, value: Any) -> None:
        """Set a parameter to the value that was clicked on."""
        settings, name = self.context.settings, plan.parameter.name
        if plan.owner != "predictor":
            self.panel.set_value(plan.owner, name, value)
            return
        with settings.together():
            settings.choose_parameters({**settings.predictor_choice.chosen, name: value})
