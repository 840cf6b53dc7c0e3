"""`Explainer`: explains the voxel that is clicked on the canvas, and draws the explanation there."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QObject, QTimer, Signal

from predictor_inspector.core.text import format_error
from predictor_inspector.inspection import Inspection
from predictor_inspector.inspection.explanation import Explanation, explain_at
from predictor_inspector.plugin.forms.plot_canvas import load_matplotlib
from predictor_inspector.plugin.layers.marks import MarkLayers
from predictor_inspector.plugin.layers.owned import OwnedLayers
from predictor_inspector.plugin.layers.results import channel_shown, units_shown
from predictor_inspector.plugin.live.mouse import CanvasMouse, CanvasPoint
from predictor_inspector.plugin.live.worker import Job, LiveRunner
from predictor_inspector.plugin.model.view import view_of

KEY = "W"
"""Held to ask "why?" of every voxel under the mouse. napari's layers use E for tools of their own."""

_ELSEWHERE = "The voxel that was explained lies outside the region shown."


class Explainer(QObject):
    """Explains a voxel, and keeps the explanation true while region, channel and predictor change.

    Parameters
    ----------
    layers : OwnedLayers
        Of the viewer whose canvas is clicked on and drawn on.

    Attributes
    ----------
    explanation : Explanation or None
        The one that is drawn.
    pinned : bool
        Whether clicks leave the explanation as it is.
    """

    explained = Signal(object, str)
    """The `Explanation` that is drawn now; None if there is none, and then why, if that isn't clear."""

    def __init__(self, layers: OwnedLayers) -> None:
        super().__init__()
        self._viewer = layers.viewer
        self._layers = MarkLayers(layers)
        self._runner = LiveRunner()
        self._mouse: CanvasMouse | None = None
        self._inspection: Inspection | None = None
        self._position: tuple[float, ...] | None = None
        self._asked: tuple[int, int, tuple[float, ...]] | None = None
        self._about: tuple[Any, ...] | None = None
        self._drawn: tuple[Any, ...] | None = None
        self.explanation: Explanation | None = None
        self.pinned = False
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(0)
        self._timer.timeout.connect(self._follow_view)
        self._runner.finished.connect(self._on_explained)
        self._runner.failed.connect(self._on_failed)

    @property
    def busy(self) -> bool:
        """Whether an explanation is under way."""
        return self._runner.busy or self._timer.isActive()

    @property
    def on(self) -> bool:
        """Whether clicks explain; switching off takes the explanation away."""
        return self._mouse is not None

    @on.setter
    def on(self, on: bool) -> None:
        if on and self._mouse is None:
            self._mouse = CanvasMouse(self._viewer, self._on_move, self._point_at, KEY)
            self._ask()
        elif not on and self._mouse is not None:
            self._mouse.close()
            self._mouse = None
            self.clear()

    def show_inspection(self, inspection: Inspection | None) -> None:
        """Explain the same voxel of another inspection; of None, as soon as there is one again."""
        self._inspection = inspection
        if inspection is None:
            self._asked = None
            self._show(None)
        else:
            self._ask()

    def follow_view(self) -> None:
        """Another channel asks another question; another slice or zoom draws the same marks anew."""
        self._timer.start()

    def explain_at(self, position: tuple[float, ...]) -> None:
        """Explain the voxel at a point of the world, in the unit of length, one number per spatial axis."""
        self._position = position
        self._ask()

    def clear(self) -> None:
        """Take the explanation away."""
        self._position = self._asked = None
        self.pinned = False
        self._show(None)

    def close(self) -> None:
        """Stop for good; layers stay, as all others do."""
        self._timer.stop()
        self._runner.close()
        if self._mouse is not None:
            self._mouse.close()

    def _on_move(self, point: CanvasPoint, held: bool) -> None:
        if held:
            self._point_at(point)

    def _point_at(self, point: CanvasPoint) -> None:
        if self._inspection is None or self.pinned:
            return
        position = point.in_region(self._inspection)
        if position is not None:
            self.explain_at(position)

    def _ask(self) -> None:
        """Have the voxel explained, unless that is what is shown."""
        inspection, position = self._inspection, self._position
        if inspection is None or position is None or not self.on:
            return
        channel = channel_shown(self._viewer, inspection)
        asked = (id(inspection), channel, position)
        if asked != self._asked:
            self._asked = asked

            def work(_step: Any) -> Explanation | None:
                load_matplotlib()
                return explain_at(inspection, channel, position)

            self._runner.submit(Job(work, asked))

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
            self._show(None, f"This voxel can't be explained: {format_error(error)}")

    def _show(self, explanation: Explanation | None, why_not: str = "") -> None:
        self.explanation, self._drawn = explanation, None
        if explanation is None:
            self._layers.clear()
        else:
            self._draw(explanation)
        self.explained.emit(explanation, why_not)

    def _draw(self, explanation: Explanation, voxels: bool = True) -> None:
        if self._inspection is None:
            return
        grid = self._inspection.gt
        self._drawn = self._view_key()
        self._layers.draw(explanation.marks, grid, units_shown(self._viewer, grid), voxels)

    def _follow_view(self) -> None:
        self._ask()
        if self.explanation is not None and self._drawn != self._view_key():
            self._draw(self.explanation, voxels=False)

    def _view_key(self) -> tuple[Any, ...]:
        view = view_of(self._viewer)
        # In 3-D lines keep their width in the world when the view is only turned or moved.
        return view.point, view.displayed, round(float(self._viewer.scene.camera.zoom), 6)
