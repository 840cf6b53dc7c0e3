"""`Inspector`: keeps what the viewer shows and what the panels ask for in step with the layers, live.

Every change leads to one place, `_update`, which turns the present state of affairs into a request by pure functions,
draws the regions at once and hands the computation to the worker. What comes back is put into layers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from qtpy.QtCore import QObject, Qt, QTimer, Signal

from predictor_inspector.core.array import Array
from predictor_inspector.core.channels import Channel
from predictor_inspector.core.ops import backend
from predictor_inspector.core.result_cache import ResultCache
from predictor_inspector.core.text import capitalised, format_error
from predictor_inspector.inspection import Inspection, Request, run
from predictor_inspector.inspection.engine.preview import IMPATIENT, Pace, preview_of
from predictor_inspector.plugin.layers.box import PinnedBox
from predictor_inspector.plugin.layers.owned import OwnedLayers
from predictor_inspector.plugin.layers.pictures import Pictures, make_pictures
from predictor_inspector.plugin.layers.regions import RegionLayers
from predictor_inspector.plugin.layers.results import ResultLayers
from predictor_inspector.plugin.live.listeners import LayerWatch, ViewerWatch
from predictor_inspector.plugin.live.threads import leave_a_core_to_the_window, quick_turns
from predictor_inspector.plugin.live.tiled_run import TiledJob, TiledRun, is_seen
from predictor_inspector.plugin.live.tiling import UNASKED, Tiling, expected_seconds, offer
from predictor_inspector.plugin.live.worker import Job, LiveRunner, Work
from predictor_inspector.plugin.model.axes import array_at, forget_reads
from predictor_inspector.plugin.model.resolve import Intention, NothingToShow, Situation, WrongParameters, resolve
from predictor_inspector.plugin.model.tile_plan import AUTO, TilePlan, TooLarge, memory_of, plan_for
from predictor_inspector.plugin.model.view import View, view_of

_TOGETHER = 50
"""Milliseconds that regions wait to be drawn together with their result: the canvas is painted once rather than twice."""

_WINDOW_FIRST = 500
"""Milliseconds that the compiled operations are loaded after the dock, unless they are needed before."""


class Inspector(QObject):
    """The live loop between a viewer, an intention and the layers that show the result."""

    shown = Signal(object)
    """An `Inspection`, after the layers have been given its arrays."""
    previewed = Signal(object)
    """As `shown`, for a preview of what is still being computed."""
    resolved = Signal(object)
    """A `Situation`, when the regions have been drawn."""
    withdrawn = Signal()
    """There is no target for what is asked for."""
    cleared = Signal()
    """There is no ground truth any more."""
    message = Signal(str, str)
    """A sentence for the person, and its kind: ``"error"``, ``"parameters"``, ``"large"``, ``"tiles"``,
    ``"hint"``, or ``""`` with no sentence."""
    stepped = Signal(str, float)
    busy_changed = Signal(bool)
    view_changed = Signal()
    gt_changed = Signal()
    """The ground truth lies elsewhere, or has another shape."""
    layers_changed = Signal()
    """The viewer's list of layers is another."""
    _ask = Signal()

    def __init__(
        self,
        viewer: Any,
        intention: Callable[[], Intention],
        blended: Callable[[Sequence[Channel]], list[tuple[int, str]]],
    ) -> None:
        super().__init__()
        self._viewer, self._intention, self._blended = viewer, intention, blended
        self._runner = LiveRunner(leave_a_core_to_the_window)
        self._pace = Pace()
        self._cache: tuple[Any, ResultCache] | None = None
        self.layers = OwnedLayers(viewer)
        """All layers that the dock makes."""
        self._results = ResultLayers(self.layers)
        self._regions = RegionLayers(viewer)
        self.box = PinnedBox(viewer, self._regions, self.request_update)
        # To load the kernels takes turns with the window: it comes first.
        QTimer.singleShot(_WINDOW_FIRST, backend.warm_up)
        self._asked = False
        # Queued, it comes after all that happens now, but before the window is painted; a timer would come after that.
        self._ask.connect(self._update_if_asked, Qt.ConnectionType.QueuedConnection)
        self._undrawn: tuple[Situation, Intention] | None = None
        self._draw_timer = QTimer(self)
        self._draw_timer.setSingleShot(True)
        self._draw_timer.setInterval(_TOGETHER)
        self._draw_timer.timeout.connect(self._draw)
        self._viewer_watch = ViewerWatch(viewer, self._on_view, self.layers_changed.emit)
        self._gt_watch, self._mask_watch = LayerWatch(self._on_data), LayerWatch(self._on_data)
        self._version = 0
        self._submitted: tuple[Any, ...] | None = None
        self._about: tuple[Any, ...] | None = None
        self._trouble = ""
        self._was_busy = False
        self.live, self.paused = True, False
        self.memory = memory_of(AUTO)
        """Bytes that may be used for one region."""
        self.inspection: Inspection | None = None
        self.tiling = Tiling(self._runner, self._show_newest_tile)
        self.tiling.cancelled.connect(self.request_update)
        self._runner.previewed.connect(self._on_previewed)
        self._runner.finished.connect(self._on_finished)
        self._runner.failed.connect(self._on_failed)
        self._runner.stepped.connect(self.stepped)
        self._runner.busy_changed.connect(lambda _busy: self._tell_busy())

    @property
    def busy(self) -> bool:
        """Whether something is being computed, or about to be."""
        return self._runner.busy or self._asked

    @property
    def results(self) -> ResultLayers:
        """The layers with target and weights."""
        return self._results

    def request_update(self) -> None:
        """Look at the state of affairs anew, once all that is happening now has happened."""
        if not self.paused:
            if not self._asked:
                self._asked = True
                self._ask.emit()
            self._tell_busy()

    def compute(self) -> None:
        """Compute now, live or not."""
        self._submitted = None
        self._update(now=True)

    def cancel(self) -> None:
        """Stop computing; the region isn't tried again until something changes."""
        self._runner.cancel()

    def pause(self) -> None:
        """Do nothing until `resume`: the dock is hidden."""
        self.paused = True
        self._asked = False
        self._draw_timer.stop()
        self._runner.cancel()
        self._submitted = None
        self._tell_busy()

    def resume(self) -> None:
        """Go on, and catch up with what has changed."""
        self.paused = False
        self.request_update()

    def close(self) -> None:
        """Stop for good: no thread, no event of the viewer or a layer leads here any more. Layers stay."""
        self.paused = True
        self._asked = False
        self._draw_timer.stop()
        self._runner.close()
        self._viewer_watch.close()
        self._gt_watch.watch(None)
        self._mask_watch.watch(None)
        self.box.close()
        backend.release_memory()

    def restyle(self) -> None:
        """Blend the RGB view anew from the inspection at hand."""
        inspection = self.inspection
        situation = self._situation_or_none()
        if self.tiling.run is not None:
            self._show_tiles(self.tiling.run)
        elif inspection is None or situation is None:
            return
        else:
            pictures = make_pictures(inspection, situation.place, self._blended(inspection.channels))
            self._results.show(pictures)
        self.view_changed.emit()

    def gt_array(self) -> Array | None:
        """The ground truth as it is looked at now; None if there is none or it can't be used."""
        wanted = self._intention()
        if wanted.gt_layer is None or wanted.axes is None:
            return None
        try:
            return array_at(wanted.gt_layer, wanted.axes, wanted.level, view_of(self._viewer))
        except ValueError:
            # What is wrong is said when it is used, by `_update`.
            return None

    def _situation_or_none(self) -> Situation | None:
        try:
            return self._resolve(self._intention(), view_of(self._viewer))
        except (ValueError, NothingToShow):
            return None

    def _resolve(self, wanted: Intention, view: View) -> Situation:
        return resolve(wanted, view, self.box.roi_for, self._version)

    def _update_if_asked(self) -> None:
        if self._asked:
            self._update()

    def _update(self, now: bool = False) -> None:
        self._asked = False
        wanted = self._intention()
        self._gt_watch.watch(wanted.gt_layer)
        self._mask_watch.watch(wanted.mask_layer)
        try:
            situation = self._resolve(wanted, view_of(self._viewer))
            self._about = situation.about
            self._undrawn = situation, wanted
            plan = plan_for(situation, self.memory)
        except NothingToShow as nothing:
            self._runner.cancel()
            if wanted.gt_layer is None:
                self._clear()
            else:
                self._give_up()
            self.message.emit(str(nothing), "hint")
        except TooLarge as large:
            self._give_up()
            self.message.emit(str(large), "large")
        except (ValueError, TypeError, AssertionError) as error:
            self._give_up()
            self.message.emit(
                capitalised(format_error(error)), "parameters" if isinstance(error, WrongParameters) else "error"
            )
        else:
            self.tiling.leave(unless=situation.key)
            text = ""
            if plan is not None:
                text = self._attend_to_tiles(situation, plan, now, chosen=wanted.mode != "view")
            elif (self.live or now) and situation.key != self._submitted:
                self._submit(situation)
            # What went wrong in computing this very situation still holds.
            self.message.emit(*((self._trouble, "error") if self._trouble else (text, "tiles" if text else "")))
        if not self._runner.busy:
            self._draw()
        elif not self._draw_timer.isActive():
            self._draw_timer.start()
        self._tell_busy()

    def _submit(self, situation: Situation) -> None:
        self._submitted, self._trouble = situation.key, ""
        blended = self._blended(situation.channels)
        if self._cache is None or self._cache[0] != situation.data:
            self._cache = (situation.data, ResultCache())
        cache = self._cache[1]

        def worker(request: Request, note: str = "") -> Work:
            def work(step: Callable[[str, float], None]) -> tuple[Inspection, Pictures]:
                with quick_turns():
                    inspection = run(request, step, cache)
                    if note:
                        inspection = replace(inspection, notes=(note, *inspection.notes))
                    return inspection, make_pictures(inspection, situation.place, blended)

            return work

        expected = self._pace.expected(situation.request)
        first = None
        if expected > IMPATIENT:
            first = preview_of(situation.request, IMPATIENT / expected)
        preview = None if first is None else worker(*first)
        self._runner.submit(Job(worker(situation.request), situation.about, preview))

    def _attend_to_tiles(self, situation: Situation, plan: TilePlan, now: bool, chosen: bool) -> str:
        """Begin to compute a region in tiles if that was asked for, or is soon done; else an offer to do so.

        Parameters
        ----------
        chosen : bool
            Whether the person has chosen the region, which else is what they happen to look at.
        """
        seconds = expected_seconds(plan, self._pace.expected(situation.request))
        if situation.key == self._submitted:
            return offer(plan, seconds) if self.tiling.was_cancelled else ""
        if now or (self.live and chosen and seconds <= UNASKED):
            self._withdraw()
            # Memory is for the tiles now.
            self._cache = self.inspection = None
            self._submitted, self._trouble = situation.key, ""
            self.tiling.begin(situation, plan)
            return ""
        self._trouble = ""
        if self.live:
            self._give_up()
        return offer(plan, seconds)

    def _show_newest_tile(self, run: TiledRun) -> None:
        newest = run.so_far.newest
        # To read a slice anew takes its time.
        if newest is None or is_seen(newest, run.situation.gt, view_of(self._viewer)):
            self._show_tiles(run)

    def _show_tiles(self, run: TiledRun) -> None:
        self._draw()
        self._results.show(run.pictures(self._blended(run.situation.channels)))

    def _draw(self) -> None:
        """Draw the regions of what is looked at now, if they aren't drawn yet."""
        self._draw_timer.stop()
        if self._undrawn is None:
            return
        (situation, wanted), self._undrawn = self._undrawn, None
        pixel = 1 / self._viewer.scene.camera.zoom
        self._regions.draw(
            situation.gt,
            situation.view,
            pixel,
            situation.regions.roi,
            situation.regions,
            situation.place.units,
            keep="ROI" if self.box.dragging else None,
        )
        self.box.attach(wanted.mode == "box" and situation.view.ndisplay == 2)
        self.resolved.emit(situation)

    def _withdraw(self) -> None:
        """Show no target while there is none for what is asked."""
        self._submitted = None
        self._results.hide_outdated()
        self.withdrawn.emit()

    def _give_up(self) -> None:
        """Withdraw the target; what is still being computed isn't what is asked for any more."""
        self._about = None
        self.tiling.leave()
        self._withdraw()

    def _clear(self) -> None:
        self._submitted, self._undrawn = None, None
        self._about, self.inspection, self._cache = None, None, None
        self._results.clear()
        self._regions.clear()
        self.cleared.emit()

    def _on_previewed(self, job: Job, result: tuple[Inspection, Pictures]) -> None:
        inspection, pictures = result
        if self._put(job, pictures):
            self.previewed.emit(inspection)

    def _on_finished(self, job: Job, result: tuple[Inspection, Any]) -> None:
        inspection, pictures = result
        self._pace.learn(inspection)
        if isinstance(job, TiledJob):
            # The channels that are mixed may be others by now.
            pictures = make_pictures(inspection, job.run.situation.place, self._blended(inspection.channels))
        if self._put(job, pictures):
            self.inspection = inspection
            self.shown.emit(inspection)
        self._tell_busy()

    def _put(self, job: Job, pictures: Pictures) -> bool:
        """Give a job's result to the layers, unless something else is looked at by now; whether they took it."""
        if self.paused or job.about != self._about or not self.tiling.gives_way_to(job):
            return False
        self.tiling.leave()
        self._draw()
        self._results.show(pictures)
        return True

    def _on_failed(self, job: Job, error: BaseException) -> None:
        # Where something newer is computed already, that will have its own result.
        if job.about == self._about and not self.paused and not self._runner.busy:
            tried = self._submitted
            self.tiling.leave()
            self._withdraw()
            # The same again would fail the same way.
            self._submitted, self._trouble = tried, capitalised(format_error(error))
            self.message.emit(self._trouble, "error")
        self._tell_busy()

    def _on_view(self) -> None:
        self._results.follow_ndisplay()
        self.view_changed.emit()
        self.request_update()

    def _on_data(self, geometry: bool) -> None:
        """The ground truth or the mask has other values, or lies elsewhere."""
        self._version += 1
        wanted = self._intention()
        for layer in (wanted.gt_layer, wanted.mask_layer):
            if layer is not None:
                forget_reads(layer)
        if geometry:
            self.gt_changed.emit()
        self.request_update()

    def _tell_busy(self) -> None:
        if self.busy != self._was_busy:
            self._was_busy = self.busy
            self.busy_changed.emit(self._was_busy)
