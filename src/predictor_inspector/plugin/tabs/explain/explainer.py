"""`Explainer`: from a click on the canvas to the panel and the layers that explain the voxel."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QObject, QTimer, Signal

from predictor_inspector.inspection import Inspection
from predictor_inspector.inspection.explanation import Explanation, explain_at
from predictor_inspector.plugin.layers.marks import MarkLayers
from predictor_inspector.plugin.live.listeners import ViewerWatch
from predictor_inspector.plugin.live.worker import Job, LiveRunner
from predictor_inspector.plugin.model.view import view_of
from predictor_inspector.plugin.tabs.explain.panel import ExplainPanel
from predictor_inspector.plugin.tabs.explain.pointer import Pointer
from predictor_inspector.plugin.tabs.explain.shown import channel_shown, units_shown
from predictor_inspector.plugin.tabs.explain.spot import Spot

_ELSEWHERE = "The voxel that was explained lies outside the region shown."


class Explainer(QObject):
    """Explains the voxel that was clicked, and keeps the explanation true while region, channel and predictor change.

    Parameters
    ----------
    viewer : napari.Viewer
        Whose canvas is clicked on and drawn on.
    panel : ExplainPanel
        Where it is said.
    """

    explained = Signal(object)
    """An `Explanation`, after it has been said and drawn; None when there is none any more."""

    def __init__(self, viewer: Any, panel: ExplainPanel) -> None:
        super().__init__()
        self._viewer, self._panel = viewer, panel
        self._layers = MarkLayers(viewer)
        self._runner = LiveRunner()
        self._pointer: Pointer | None = None
        self._watch: ViewerWatch | None = None
        self._inspection: Inspection | None = None
        self._position: tuple[float, ...] | None = None
        self._asked: tuple[int, int, tuple[float, ...]] | None = None
        self._about: tuple[Any, ...] | None = None
        self._drawn: tuple[Any, ...] | None = None
        self.explanation: Explanation | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(0)
        self._timer.timeout.connect(self._follow_view)
        self._runner.finished.connect(self._on_explained)
        self._runner.failed.connect(self._on_failed)
        panel.toggled.connect(self._switch)
        panel.clear_asked.connect(self.clear)

    @property
    def busy(self) -> bool:
        """Whether an explanation is under way."""
        return self._runner.busy or self._timer.isActive()

    def show_inspection(self, inspection: Inspection) -> None:
        """Explain the same voxel of another inspection."""
        self._inspection = inspection
        self._ask()

    def withdraw(self) -> None:
        """There is no target at the moment; the voxel is explained again as soon as there is one."""
        self._inspection = self._asked = None
        self._show(None)

    def forget(self) -> None:
        """There is nothing to explain any more."""
        self._inspection = None
        self.clear()

    def explain_at(self, position: tuple[float, ...]) -> None:
        """Explain the voxel at a point of the world, in the unit of length, one number per spatial axis."""
        self._position = position
        self._ask()

    def clear(self) -> None:
        """Take the explanation off canvas and panel."""
        self._position = self._asked = None
        self._panel.pin = False
        self._show(None)

    def close(self) -> None:
        """Stop for good; layers stay, as all others do."""
        self._timer.stop()
        self._runner.close()
        self._unwatch()

    def _switch(self, on: bool) -> None:
        if on and self._pointer is None:
            self._pointer = Pointer(self._viewer, self._on_click, self._on_move)
            self._watch = ViewerWatch(self._viewer, self._timer.start, lambda: None)
            self._ask()
        elif not on:
            self._unwatch()
            self.clear()

    def _unwatch(self) -> None:
        if self._pointer is not None and self._watch is not None:
            self._pointer.close()
            self._watch.close()
            self._pointer = self._watch = None

    def _on_click(self, spot: Spot) -> None:
        self._point_at(spot)

    def _on_move(self, spot: Spot, held: bool) -> None:
        if held:
            self._point_at(spot)

    def _point_at(self, spot: Spot) -> None:
        if self._inspection is None or self._panel.pin:
            return
        position = spot.in_region(self._inspection)
        if position is not None:
            self.explain_at(position)

    def _ask(self) -> None:
        """Have the voxel explained, unless that is what is shown."""
        inspection, position = self._inspection, self._position
        if inspection is None or position is None or not self._panel.on:
            return
        channel = channel_shown(self._viewer, inspection)
        asked = (id(inspection), channel, position)
        if asked != self._asked:
            self._asked = asked
            self._runner.submit(Job(lambda _step: explain_at(inspection, channel, position), asked))

    def _on_explained(self, job: Job, explanation: Explanation | None) -> None:
        asked = self._asked
        if asked is None or job.about != asked or self._inspection is None:
            return
        about = self._inspection.request.predictor, asked[1]
        if explanation is None and self.explanation is not None and about == self._about:
            # The view has moved on, to the slice of a partner say: what was said still holds.
            return
        self._about = about
        self._show(explanation, "" if explanation is not None else _ELSEWHERE)

    def _on_failed(self, job: Job, error: BaseException) -> None:
        if job.about == self._asked:
            self._show(None, f"This voxel can't be explained: {error}")

    def _show(self, explanation: Explanation | None, hint: str = "") -> None:
        changed = explanation is not None or self.explanation is not None or bool(hint)
        self.explanation = explanation
        self._drawn = None
        self._panel.show_explanation(explanation, hint)
        if explanation is None:
            self._layers.clear()
        else:
            self._draw(explanation)
        if changed:
            self.explained.emit(explanation)

    def _draw(self, explanation: Explanation, voxels: bool = True) -> None:
        if self._inspection is None:
            return
        grid = self._inspection.gt
        self._drawn = self._view_key()
        self._layers.draw(explanation.marks, grid, units_shown(self._viewer, grid), voxels)

    def _follow_view(self) -> None:
        """Another channel asks another question; another slice or zoom draws the same marks anew."""
        self._ask()
        if self.explanation is not None and self._drawn != self._view_key():
            self._draw(self.explanation, voxels=False)

    def _view_key(self) -> tuple[Any, ...]:
        view = view_of(self._viewer)
        # In 3-D lines keep their width in the world when the view is only turned or moved.
        return view.point, view.displayed, round(float(self._viewer.scene.camera.zoom), 6)
