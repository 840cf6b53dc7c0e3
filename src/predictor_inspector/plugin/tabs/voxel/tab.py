"""Voxel tab: all channels under the mouse, and where a clicked voxel's numbers come from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from qtpy.QtWidgets import QApplication, QPushButton

from predictor_inspector.core.text import capitalised, format_error
from predictor_inspector.inspection import Inspection
from predictor_inspector.inspection.engine.run import Progress
from predictor_inspector.inspection.explanation import (
    Arrow,
    Ellipsoid,
    Explanation,
    Line,
    Mark,
    Reason,
    VoxelMark,
    explain_at,
)
from predictor_inspector.inspection.loss import explain_loss
from predictor_inspector.inspection.numbers.probe import probe
from predictor_inspector.plugin.forms.layouts import in_column, in_row
from predictor_inspector.plugin.forms.plot_canvas import load_matplotlib
from predictor_inspector.plugin.forms.small_widgets import scrolling
from predictor_inspector.plugin.layers.marks import MarkLayers
from predictor_inspector.plugin.layers.results import RGB
from predictor_inspector.plugin.live.mouse import CanvasMouse, CanvasPoint
from predictor_inspector.plugin.live.worker import Job
from predictor_inspector.plugin.model.view import view_of
from predictor_inspector.plugin.tabs import Derived, Tab, TabContext
from predictor_inspector.plugin.tabs.voxel.explanation_view import ExplanationView
from predictor_inspector.plugin.tabs.voxel.voxel_table import VoxelTable

_PROBE_EVERY = 33  # milliseconds

_HINT = "Click a voxel, or hold W and move the mouse over the picture, to see where its numbers come from."
_ELSEWHERE = "The voxel that was explained lies outside the region shown."

Position = tuple[float, ...]


class VoxelTab(Tab):
    """Shows the voxel under the mouse; explains the one clicked, anew whenever region, channel or predictor change.

    While RGB is shown all channels that are mixed are explained. Marks are on the canvas only while the tab is in front.
    """

    title = "Voxel"
    tool_tip = "The voxel under the mouse, and where a clicked voxel's numbers come from"
    order = 10

    def __init__(self, context: TabContext) -> None:
        super().__init__(context)
        self.explanations: tuple[Explanation, ...] = ()  # that are shown
        self._marks = MarkLayers(context.layers)
        self._inspection: Inspection | None = None
        self._point: CanvasPoint | None = None  # under the mouse, while that is over the canvas
        self._following = False  # explains every voxel under the mouse
        self._seen: Position | None = None  # the last voxel of the region under the mouse
        self._position: Position | None = None  # that is explained
        self._asked: tuple[tuple[int, ...], Position] | None = None  # channels and position
        self._channels_shown: tuple[int, ...] = ()  # that the explanations are about
        self._about: tuple[Any, ...] | None = None  # predictor and channels that are explained
        self._chosen = 0  # the explanation whose marks are drawn where those of all would hide each other
        self._drawn: tuple[Any, ...] | None = None  # the view that marks are drawn for
        self._runner = self.new_runner()
        self._runner.finished.connect(self._on_explained)
        self._runner.failed.connect(self._on_failed)
        # Once for several events.
        self._later, self._soon = self.new_timer(0, self._follow_view), self.new_timer(_PROBE_EVERY, self._probe)
        self._mouse = CanvasMouse(context.viewer, self._on_move, self._on_click)
        self._table, self._view = VoxelTable(), ExplanationView()
        self._table.channel_clicked.connect(self.explain_channel)
        self._view.unfolded.connect(self._on_unfolded)
        for name in ("prediction", "loss"):
            context.derived.events[name].connect(self._ask_again)
        self._pin = QPushButton("Pin", checkable=True, toolTip="Keep this voxel: clicks and key explain no other")
        context.settings.events.presenter.connect(self._view.set_large)
        self._copy = QPushButton("Copy", toolTip="Put the explanation on the clipboard as text")
        self._copy.clicked.connect(self._on_copy)
        self._clear = QPushButton("Clear", toolTip="Take the explanation off the canvas")
        self._clear.clicked.connect(self.clear)
        for name in ("pin", "copy", "view"):
            getattr(self, f"_{name}").setObjectName(f"voxel {name}")
        buttons = in_row(self._pin, self._copy, self._clear, spacing=2)
        self.setLayout(in_column(self._table, buttons, (scrolling(self._view), 1)))
        self._show(())

    @property
    def text(self) -> str:
        """The explanations or the hint that is shown."""
        return self._view.text

    def explain_at(self, position: Position) -> None:
        """Explain the voxel at a point of the world, in the unit of length, one number per spatial axis."""
        self._position = position
        self._ask()

    def explain_under_mouse(self, held: bool) -> None:
        """Explain the voxel under the mouse, and all that it moves over until called with False; in front only."""
        self._following = held
        if held and self._point is not None:
            self._on_click(self._point)

    def explain_channel(self, channel: int) -> None:
        """Explain the voxel of the table in this channel, which is shown unless it is mixed into what is shown."""
        channels = () if self._inspection is None else self._channels(self._inspection)
        position = self._position_shown()
        if channel not in channels:
            self.context.controller.look_at_channel(channel)
        if position is not None:
            self.explain_at(position)
        if len(channels) > 1 and channel in channels and self.explanations:
            self._view.unfold(channels.index(channel))

    def clear(self) -> None:
        """Take the explanation away."""
        self._position = self._asked = None
        self._pin.setChecked(False)
        self._show(())

    def on_shown(self, inspection: Inspection) -> None:
        """Explain the same voxel of this inspection."""
        self._inspection, self._asked = inspection, None
        self._probe()
        self._ask()

    def _ask_again(self) -> None:
        """Explain the same voxel anew: another prediction, or another loss, is chosen."""
        self._asked = None
        self._ask()

    def on_outdated(self) -> None:
        """Hide the explanation until there is a target again."""
        self._inspection = self._asked = None
        self._probe()
        self._show(())

    def on_cleared(self) -> None:
        """Forget the voxel, too."""
        self.on_outdated()
        self._seen = None
        self.clear()

    def on_view_changed(self) -> None:
        """Another channel asks another question; another slice or zoom draws the same marks anew."""
        if self.in_front:
            self._later.start()

    def on_opened(self) -> None:
        self._ask()
        if self._asked is not None and self._asked[0] == self._channels_shown:
            self._draw()

    def on_left(self) -> None:
        self._drawn = None
        self._marks.remove()

    def shut_down(self) -> None:
        super().shut_down()
        self._mouse.close()
        for name in ("prediction", "loss"):
            self.context.derived.events[name].disconnect(self._ask_again)

    def enterEvent(self, event: Any) -> None:
        """The mouse has left the canvas for the dock: show the voxel that is explained."""
        super().enterEvent(event)
        self._point = None
        self._probe()

    def _on_move(self, point: CanvasPoint) -> None:
        self._point = point
        if self._following:
            self._on_click(point)
        if self.isVisible() and not self._soon.isActive():
            self._soon.start()

    def _on_click(self, point: CanvasPoint) -> None:
        if self.in_front and self._inspection is not None and not self._pin.isChecked():
            position = point.in_region(self._inspection)
            if position is not None:
                self.explain_at(position)

    def _position_shown(self) -> Position | None:
        """Under the mouse; else where it is explained; else where the mouse was last."""
        if self._inspection is not None and self._point is not None:
            under = self._point.in_region(self._inspection)
            if under is not None:
                self._seen = under
                return under
        return self._position or self._seen

    def _probe(self) -> None:
        """Show a voxel in the table."""
        inspection, position = self._inspection, self._position_shown()
        self._table.show_probe(None if inspection is None or position is None else probe(inspection, position))

    def _channels(self, inspection: Inspection) -> tuple[int, ...]:
        """The channels that are explained: those that are mixed, or the one that is shown."""
        results, mix = self.context.controller.results, self.context.rgb_mix
        mixed = tuple(i for i, _ in mix.of(inspection.channels)) if results.looked_at() == RGB else ()
        return mixed or (results.channel_of(inspection),)

    def _ask(self) -> None:
        """Explain the voxel in the worker, unless that is done or under way."""
        inspection, position = self._inspection, self._position
        if inspection is None or position is None or not self.in_front:
            return
        asked = self._channels(inspection), position
        if asked != self._asked:
            self._asked, lost = asked, _loss_of(self.context.derived, inspection)

            def work(step: Any) -> tuple[Explanation, ...]:
                load_matplotlib()
                found = [explain_at(inspection, channel, position) for channel in asked[0]]
                there = [explanation for explanation in found if explanation is not None]
                reasons = lost(there[0].index, step) if there else None
                if reasons is None:
                    return tuple(there)
                return tuple(replace(e, why_loss=reasons[c]) for e, c in zip(there, asked[0], strict=True))

            self._runner.submit(Job(work, asked))

    def _on_explained(self, job: Job, explanations: tuple[Explanation, ...]) -> None:
        asked, inspection = self._asked, self._inspection
        if asked is None or inspection is None or job.about is not asked:
            return
        about = inspection.request.predictor, asked[0]
        # In another slice, that of a partner for instance, the explanation still holds.
        if explanations or not self.explanations or about != self._about:
            if about != self._about:
                self._chosen = 0
            self._about = about
            self._show(explanations, _ELSEWHERE)

    def _on_failed(self, job: Job, error: BaseException) -> None:
        if job.about is self._asked:
            self._show((), f"This voxel can't be explained: {format_error(error)}")

    def _on_unfolded(self, place: int) -> None:
        self._chosen = place
        self._draw()

    def _show(self, explanations: tuple[Explanation, ...], why_not: str = "") -> None:
        """Show and draw explanations; without any, say why, or how to get them."""
        self.explanations, self._channels_shown, self._drawn = explanations, (), None
        for button in (self._pin, self._copy, self._clear):
            button.setEnabled(bool(explanations))
        if not explanations or self._asked is None or self._inspection is None:
            self._marks.clear()
            self._view.show_hint(why_not or _HINT)
            return
        names = self._inspection.channel_names
        self._channels_shown, mix = self._asked[0], self.context.rgb_mix
        colours = [mix.colour(names, channel) for channel in self._channels_shown]
        self._view.show_explanations(explanations, [names[channel] for channel in self._channels_shown], colours)
        self._draw()

    def _draw(self, voxels: bool = True) -> None:
        place = self.context.controller.place
        if self.in_front and self.explanations and self._inspection is not None and place is not None:
            self._drawn = self._view_key()
            marks, tints = self._marks_to_draw()
            self._marks.draw(marks, self._inspection.gt, place.units, voxels, tints)

    def _marks_to_draw(self) -> tuple[tuple[Mark, ...], dict[Mark, str]]:
        """Those of all explanations, arrows and lines in their channels' colours, if they don't hide each other."""
        of_each = [explanation.marks for explanation in self.explanations]
        large = any(isinstance(mark, (Ellipsoid, VoxelMark)) for marks in of_each for mark in marks)
        if len(of_each) == 1 or large or self._inspection is None:
            return of_each[min(self._chosen, len(of_each) - 1)], {}
        names, mix = self._inspection.channel_names, self.context.rgb_mix
        drawn: list[Mark] = []
        tints: dict[Mark, str] = {}
        for channel, marks in zip(self._channels_shown, of_each, strict=True):
            for mark in marks:
                if isinstance(mark, (Arrow, Line)):
                    tints[mark] = mix.colour(names, channel)
                elif mark.label and mark.meaning != "voxel":
                    mark = replace(mark, label=f"{names[channel]}: {mark.label}")
                drawn.append(mark)
        return tuple(dict.fromkeys(drawn)), tints

    def _follow_view(self) -> None:
        self._ask()
        if self._drawn != self._view_key():
            self._draw(voxels=False)

    def _view_key(self) -> tuple[Any, ...]:
        view = view_of(self.context.viewer, self.context.settings.units)
        # In 3-D lines keep their width in the world when the view is only turned or moved.
        return view.point, view.displayed, round(float(self.context.viewer.scene.camera.zoom), 6)

    def _on_copy(self) -> None:
        QApplication.clipboard().setText("\n\n".join(explanation.as_text() for explanation in self.explanations))


def _loss_of(
    derived: Derived, inspection: Inspection
) -> Callable[[tuple[int, ...], Progress], Sequence[Reason] | None]:
    """What explains the loss at a voxel of the ROI, in any thread: per channel, or None where nothing is predicted."""
    prediction, loss = derived.prediction, derived.loss
    if prediction is None:
        return lambda _voxel, _step: None

    def wrong(error: ValueError) -> list[Reason]:
        text = f"{capitalised(format_error(error))}."
        return [Reason((text,))] * len(inspection.channels)

    try:
        predict = prediction.begin(inspection)
    except ValueError as error:
        reasons = wrong(error)
        return lambda _voxel, _step: reasons

    def explained(voxel: tuple[int, ...], step: Progress) -> Sequence[Reason] | None:
        try:
            return explain_loss(inspection, predict(step), loss, voxel, prediction.logits)
        except ValueError as error:
            return wrong(error)

    return explained
