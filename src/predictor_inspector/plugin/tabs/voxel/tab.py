"""Voxel tab: all channels under the mouse, and where a clicked voxel's numbers come from."""

from __future__ import annotations

from typing import Any

from qtpy.QtWidgets import QApplication, QPushButton

from predictor_inspector.core.text import format_error
from predictor_inspector.inspection import Inspection
from predictor_inspector.inspection.explanation import Explanation, explain_at
from predictor_inspector.inspection.numbers.probe import probe
from predictor_inspector.plugin.forms.layouts import in_column, in_row
from predictor_inspector.plugin.forms.plot_canvas import load_matplotlib
from predictor_inspector.plugin.forms.small_widgets import scrolling
from predictor_inspector.plugin.layers.marks import MarkLayers
from predictor_inspector.plugin.live.mouse import CanvasMouse, CanvasPoint
from predictor_inspector.plugin.live.worker import Job
from predictor_inspector.plugin.model.view import view_of
from predictor_inspector.plugin.tabs import Tab, TabContext
from predictor_inspector.plugin.tabs.voxel.explanation_view import ExplanationView
from predictor_inspector.plugin.tabs.voxel.voxel_table import VoxelTable

_PROBE_EVERY = 33  # milliseconds

KEY = "W"  # held to explain every voxel under the mouse; napari's layers use E

_OFF = "Switch on, then click a voxel of the target to see where its value and its weight come from."
_ON = f"Click a voxel, or hold {KEY} and move the mouse over the picture."
_ELSEWHERE = "The voxel that was explained lies outside the region shown."


class VoxelTab(Tab):
    """Shows the voxel under the mouse; explains the one clicked, anew whenever region, channel or predictor change."""

    title = "Voxel"
    tool_tip = "The voxel under the mouse, and where a clicked voxel's value comes from"
    order = 10

    def __init__(self, context: TabContext) -> None:
        super().__init__(context)
        self.explanation: Explanation | None = None  # that is shown and drawn
        self._marks = MarkLayers(context.layers)
        self._mouse: CanvasMouse | None = None
        self._opened = False
        self._inspection: Inspection | None = None
        self._position: tuple[float, ...] | None = None
        self._asked: tuple[int, tuple[float, ...]] | None = None  # channel and position
        self._about: tuple[Any, ...] | None = None  # predictor and channel that are explained
        self._drawn: tuple[Any, ...] | None = None  # the view that marks are drawn for
        self._runner = self.new_runner()
        self._runner.finished.connect(self._on_explained)
        self._runner.failed.connect(self._on_failed)
        self._later = self.new_timer(0, self._follow_view)  # once for several events
        self._point: CanvasPoint | None = None  # under the mouse
        self._looker = CanvasMouse(context.viewer, self._on_look)
        self._soon = self.new_timer(_PROBE_EVERY, self._probe)
        self._table = VoxelTable()
        self._view = ExplanationView()
        self._switch = QPushButton("Explain", checkable=True)
        self._switch.setToolTip("Click a voxel on the canvas to see where its value and weight come from")
        self._switch.toggled.connect(self._on_switch)
        self._pin = QPushButton("Pin", checkable=True, toolTip="Keep this voxel: clicks and key explain no other")
        self._large = QPushButton("Large", checkable=True, toolTip="Larger letters, for a projector")
        self._large.toggled.connect(self._view.set_large)
        self._copy = QPushButton("Copy", toolTip="Put the explanation on the clipboard as text")
        self._copy.clicked.connect(self._on_copy)
        self._clear = QPushButton("Clear", toolTip="Take the explanation off the canvas")
        self._clear.clicked.connect(self.clear)
        for name in ("pin", "large", "copy", "view"):
            getattr(self, f"_{name}").setObjectName(f"voxel {name}")
        buttons = in_row(self._switch, self._pin, self._large, self._copy, self._clear, spacing=2)
        self.setLayout(in_column(self._table, buttons, (scrolling(self._view), 1)))
        self._show(None)

    @property
    def on(self) -> bool:
        """Whether a click explains; switching off takes the explanation away."""
        return bool(self._switch.isChecked())

    @on.setter
    def on(self, on: bool) -> None:
        self._switch.setChecked(on)

    @property
    def text(self) -> str:
        """The explanation or hint that is shown."""
        return self._view.text

    def explain_at(self, position: tuple[float, ...]) -> None:
        """Explain the voxel at a point of the world, in the unit of length, one number per spatial axis."""
        self._position = position
        self._ask()

    def clear(self) -> None:
        """Take the explanation away."""
        self._position = self._asked = None
        self._pin.setChecked(False)
        self._show(None)

    def on_shown(self, inspection: Inspection) -> None:
        """Explain the same voxel of this inspection."""
        self._inspection, self._asked = inspection, None
        self._probe()
        self._ask()

    def on_outdated(self) -> None:
        """Hide the explanation until there is a target again."""
        self._inspection = self._asked = None
        self._probe()
        self._show(None)

    def on_cleared(self) -> None:
        """Forget the voxel, too."""
        self.on_outdated()
        self.clear()

    def on_view_changed(self) -> None:
        """Another channel asks another question; another slice or zoom draws the same marks anew."""
        self._later.start()

    def on_opened(self) -> None:
        """Switch on the first time."""
        if not self._opened:
            self._opened = self.on = True

    def shut_down(self) -> None:
        super().shut_down()
        self._looker.close()
        if self._mouse is not None:
            self._mouse.close()

    def _on_switch(self, on: bool) -> None:
        if on:
            self._mouse = CanvasMouse(self.context.viewer, self._on_move, self._on_click, KEY)
            self._show(None)
            self._ask()
        elif self._mouse is not None:
            self._mouse.close()
            self._mouse = None
            self.clear()

    def _on_look(self, point: CanvasPoint, _held: bool) -> None:
        if self.isVisible():
            self._point = point
            if not self._soon.isActive():
                self._soon.start()

    def _probe(self) -> None:
        """Show the voxel under the mouse."""
        inspection, point = self._inspection, self._point
        position = None if inspection is None or point is None else point.in_region(inspection)
        self._table.show_probe(None if inspection is None or position is None else probe(inspection, position))

    def _on_move(self, point: CanvasPoint, held: bool) -> None:
        if held:
            self._on_click(point)

    def _on_click(self, point: CanvasPoint) -> None:
        if self._inspection is not None and not self._pin.isChecked():
            position = point.in_region(self._inspection)
            if position is not None:
                self.explain_at(position)

    def _ask(self) -> None:
        """Explain the voxel in the worker, unless that is done or under way."""
        inspection, position = self._inspection, self._position
        if inspection is None or position is None or not self.on:
            return
        channel = self.context.controller.results.channel_of(inspection)
        asked = channel, position
        if asked != self._asked:
            self._asked = asked

            def work(_step: Any) -> Explanation | None:
                load_matplotlib()
                return explain_at(inspection, channel, position)

            self._runner.submit(Job(work, asked))

    def _on_explained(self, job: Job, explanation: Explanation | None) -> None:
        asked, inspection = self._asked, self._inspection
        if asked is None or inspection is None or job.about is not asked:
            return
        about = inspection.request.predictor, asked[0]
        # In another slice, that of a partner for instance, the explanation still holds.
        if explanation is not None or self.explanation is None or about != self._about:
            self._about = about
            self._show(explanation, _ELSEWHERE)

    def _on_failed(self, job: Job, error: BaseException) -> None:
        if job.about is self._asked:
            self._show(None, f"This voxel can't be explained: {format_error(error)}")

    def _show(self, explanation: Explanation | None, why_not: str = "") -> None:
        """Show and draw an explanation; without one, say why, or how to get one."""
        self.explanation, self._drawn = explanation, None
        for button in (self._pin, self._copy, self._clear):
            button.setEnabled(explanation is not None)
        if explanation is None:
            self._marks.clear()
            self._view.show_hint(why_not or (_ON if self.on else _OFF))
        else:
            self._draw(explanation)
            self._view.show_explanation(explanation)

    def _draw(self, explanation: Explanation, voxels: bool = True) -> None:
        place = self.context.controller.place
        if self._inspection is not None and place is not None:
            self._drawn = self._view_key()
            self._marks.draw(explanation.marks, self._inspection.gt, place.units, voxels)

    def _follow_view(self) -> None:
        self._ask()
        if self.explanation is not None and self._drawn != self._view_key():
            self._draw(self.explanation, voxels=False)

    def _view_key(self) -> tuple[Any, ...]:
        view = view_of(self.context.viewer, self.context.settings.units)
        # In 3-D lines keep their width in the world when the view is only turned or moved.
        return view.point, view.displayed, round(float(self.context.viewer.scene.camera.zoom), 6)

    def _on_copy(self) -> None:
        if self.explanation is not None:
            QApplication.clipboard().setText(self.explanation.as_text())
