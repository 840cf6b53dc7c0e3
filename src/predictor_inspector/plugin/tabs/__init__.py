"""Registry of the dock's tabs, and what a tab is given and told.

A tab is a `Tab` that is made of a `TabContext`. Ours and other packages' are found in one registry, `TABS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from funlib.geometry import Roi
from psygnal import SignalGroupDescriptor
from qtpy.QtCore import QTimer, Signal
from qtpy.QtWidgets import QWidget

from predictor_inspector.core.predictor import Predictor
from predictor_inspector.core.registry import Extensions, derived_from
from predictor_inspector.inspection import Inspection
from predictor_inspector.inspection.engine.predictions import Prediction
from predictor_inspector.inspection.findings import Finding
from predictor_inspector.inspection.loss import LossComparison, LossMap
from predictor_inspector.inspection.loss.losses import DaCapoLoss, Loss
from predictor_inspector.inspection.roundtrip import Decoder, Imperfection, RoundTrip
from predictor_inspector.inspection.training.survey import Survey
from predictor_inspector.plugin.layers.colours import RgbMix
from predictor_inspector.plugin.layers.owned import OwnedLayers
from predictor_inspector.plugin.live.controller import LiveController
from predictor_inspector.plugin.live.worker import LiveRunner
from predictor_inspector.plugin.model.actions import Action
from predictor_inspector.plugin.model.resolve import Resolved
from predictor_inspector.plugin.model.settings import Settings


@dataclass(eq=False)
class Derived:
    """What tabs have worked out for other tabs and the head of the dock; ``events`` tell of changes."""

    events: ClassVar[SignalGroupDescriptor] = SignalGroupDescriptor(connect_child_events=False)

    findings: Sequence[Finding] | None = None  # of the inspection shown; None where nobody has looked for any
    survey: Survey | None = None  # the last one
    position: int | None = None  # the training position that is shown
    decoder: Decoder | None = None  # chosen for round trips,
    imperfection: Imperfection = field(default_factory=Imperfection)  # and what is done to the target before
    prediction: Prediction | None = None  # chosen in the tab Loss, and used in others,
    versus: Prediction | None = None  # with one to compare it with,
    loss: Loss = field(default_factory=DaCapoLoss)  # and the loss that it was trained with
    trips: Mapping[str, RoundTrip] = field(default_factory=dict)  # of the inspection shown: of target and prediction
    losses: LossMap | LossComparison | None = None  # of the inspection shown
    compared_with: Predictor | None = None  # of the result kept as A; to set one keeps what it makes of the region


JUDGED_BY = ("prediction", "versus", "loss", "decoder", "imperfection")
"""What of it a person chooses to judge networks by; it is kept with a session."""


@dataclass(frozen=True)
class TabContext:
    """What a tab is made of: the dock's viewer, settings and live updates."""

    viewer: Any  # the napari viewer that the dock is in
    settings: Settings  # what is inspected and how; setting a field is as good as choosing it by hand
    controller: LiveController  # live updates; its signals tell what is shown
    rgb_mix: RgbMix  # which channels the RGB view blends, and in which colours
    look_at_channel: Callable[[str | int], None]  # moves the viewer to the channel of this name or index
    go_to: Callable[[Roi], None]  # pins the box at a region, in the ground truth's counts, and moves the view there
    open_file: Callable[[str], None]  # opens a file as layers; what is wrong with it is said in the dock
    perform: Callable[[Action], None]  # does what a button offers, in one step of the history
    derived: Derived = field(default_factory=Derived)

    @property
    def layers(self) -> OwnedLayers:
        """The layers that the dock makes."""
        return self.controller.layers


class Tab(QWidget):
    """A tab of the dock, made of a context: what it is called, and what it is told."""

    title: ClassVar[str] = ""
    tool_tip: ClassVar[str] = ""
    order: ClassVar[int] = 100  # tabs stand in this order

    renamed = Signal(str)  # another title: how much is in the tab

    def __init__(self, context: TabContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.context = context
        self.in_front = False  # no other tab is; set by the dock before it tells of it
        self.setContentsMargins(6, 6, 6, 4)
        self._runners: list[LiveRunner] = []
        self._timers: list[QTimer] = []

    @property
    def finding_list(self) -> Any:
        """The `FindingList` that the keys for findings go through; None where there is none."""
        return None

    def new_runner(self) -> LiveRunner:
        """A runner that counts as `busy`, and is closed with the tab."""
        runner = LiveRunner()
        self._runners.append(runner)
        return runner

    def new_timer(self, interval: int, callback: Callable[[], object]) -> QTimer:
        """A timer, in milliseconds, for one call at a time; it counts as `busy`, and is stopped with the tab."""
        timer = QTimer(self, singleShot=True, interval=interval, timeout=callback)
        self._timers.append(timer)
        return timer

    @property
    def busy(self) -> bool:
        """Whether something is being computed for the tab, or about to be."""
        return any(runner.busy for runner in self._runners) or any(timer.isActive() for timer in self._timers)

    def on_resolved(self, state: Resolved) -> None:
        """There is something to inspect; its target is shown or being computed."""

    def on_shown(self, inspection: Inspection) -> None:
        """The layers show this inspection."""

    def on_outdated(self) -> None:
        """The shown target is outdated and was hidden."""

    def on_cleared(self) -> None:
        """There is no ground truth any more, so what was shown is outdated."""
        self.on_outdated()

    def on_view_changed(self) -> None:
        """The viewer shows another slice, channel or part of the world, or other layers."""

    def on_opened(self) -> None:
        """The tab has come to the front."""

    def on_left(self) -> None:
        """Another tab has come to the front: layers that only this one needs are to go."""

    def shut_down(self) -> None:
        """Stop for good: end threads, timers and callbacks; layers stay."""
        for runner in self._runners:
            runner.close()
        for timer in self._timers:
            timer.stop()


TABS: Extensions[type[Tab]] = derived_from(
    Tab,
    noun="tab",
    group="predictor_inspector.tabs",
    built_in={
        "setup": "predictor_inspector.plugin.tabs.setup.tab:SetupTab",
        "voxel": "predictor_inspector.plugin.tabs.voxel.tab:VoxelTab",
        "check": "predictor_inspector.plugin.tabs.check.tab:CheckTab",
        "statistics": "predictor_inspector.plugin.tabs.statistics.tab:StatisticsTab",
        "round_trip": "predictor_inspector.plugin.tabs.roundtrip.tab:RoundTripTab",
        "loss": "predictor_inspector.plugin.tabs.loss.tab:LossTab",
        "compare": "predictor_inspector.plugin.tabs.compare.tab:CompareTab",
    },
    dataclasses=False,
)


def make_tabs(context: TabContext) -> tuple[dict[str, Tab], tuple[str, ...]]:
    """All tabs in their order, by name, and a sentence for each that can't be loaded or made."""
    classes, failures = TABS.load_all()
    tabs: dict[str, Tab] = {}
    for name, cls in sorted(classes.items(), key=lambda item: item[1].order):
        try:
            tabs[name] = cls(context)
        except Exception as error:  # another package's tab may fail in any way; the dock opens without it
            failures = (*failures, f"The tab {name!r} can't be opened: {type(error).__name__}: {error}.")
    return tabs, tuple(f"{text[:1].upper()}{text[1:]}" for text in failures)
