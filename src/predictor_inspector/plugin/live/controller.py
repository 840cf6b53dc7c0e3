"""Keep the layers in step with settings, data and view, live.

From a slider to the canvas:

1. the editor of a parameter tells its form, and the form the predictor panel,
2. which sets the parameter in the settings;
3. their event asks the controller for an update, one for all that happens now;
4. `resolve` turns settings and view into a frozen state,
5. which is compared with the one that was submitted last: if the result is another, a job goes to the runner,
6. whose thread runs the request and makes the result's pictures,
7. and whose signal brings them to the window's thread,
8. where the layers get them,
9. and the tabs are told of the inspection.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from funlib.geometry import Roi
from psygnal import EmissionInfo
from qtpy.QtCore import QObject, Qt, QTimer, Signal

from predictor_inspector.core.ops import backend
from predictor_inspector.core.result_cache import ResultCache
from predictor_inspector.data.stores.engine import set_limit
from predictor_inspector.inspection import Inspection, Request, run
from predictor_inspector.inspection.engine.preview import PREVIEW_AFTER, Pace, preview_of
from predictor_inspector.plugin.layers.colours import RgbMix
from predictor_inspector.plugin.layers.pictures import Pictures, make_pictures
from predictor_inspector.plugin.live.display import LiveDisplay
from predictor_inspector.plugin.live.listeners import Watch, data_events, view_events
from predictor_inspector.plugin.live.pinned_box import PinnedBox
from predictor_inspector.plugin.live.steady_view import SteadyView
from predictor_inspector.plugin.live.tiling import TiledRun, Tiling, is_seen
from predictor_inspector.plugin.live.worker import Job, LiveRunner, Work, short_switch_interval
from predictor_inspector.plugin.model.axes import Place, forget_reads
from predictor_inspector.plugin.model.layer_choice import LAYERS
from predictor_inspector.plugin.model.messages import Message, explained
from predictor_inspector.plugin.model.resolve import ChangeLevel, Resolved, Unresolved, resolve
from predictor_inspector.plugin.model.settings import Settings
from predictor_inspector.plugin.model.tile_plan import memory_for_chunks, memory_of
from predictor_inspector.plugin.model.view import view_of

_WINDOW_FIRST = 500  # milliseconds that compiled operations are loaded after the dock, unless they are needed before


class LiveController(QObject):
    """The live loop between settings, a viewer and the layers that show the result.

    Jobs are run by `runner`, by default in a thread of its own.
    """

    shown = Signal(object)  # an `Inspection`, after the layers have been given its arrays
    previewed = Signal(object)  # as `shown`, for a preview of what is still being computed
    resolved = Signal(object)  # a `Resolved`, when its regions have been drawn
    outdated = Signal()  # the shown target is outdated and was hidden
    cleared = Signal()  # the ground truth is gone
    message = Signal(object)  # a `Message` after every update
    stepped = Signal(str, float)  # the step that is being computed, and the fraction of it that is done
    busy_changed = Signal(bool)
    rested = Signal(bool)  # whether the dock is hidden: the canvas is given back meanwhile
    view_changed = Signal()  # the viewer shows another part of the world, another channel or another one of the results
    _ask = Signal()

    def __init__(self, viewer: Any, settings: Settings, mix: RgbMix, runner: LiveRunner | None = None) -> None:
        super().__init__()
        self._viewer, self._settings, self._mix = viewer, settings, mix
        self._runner = LiveRunner() if runner is None else runner
        self._pace = Pace()
        self._cache: tuple[Resolved, ResultCache] | None = None
        self.display = LiveDisplay(viewer, settings, mix, self._on_box)
        self.layers, self.results = self.display.layers, self.display.results
        self._steady_view = SteadyView(viewer)
        self.pinned = PinnedBox(viewer, settings)
        self._wanted: Resolved | None = None  # whose result is to be shown
        self._submitted: Resolved | None = None  # what was begun last, and needn't be begun again,
        self._outcome = Message()  # and what is to be said of it
        self._version = 0  # of the data
        self._asked = self._was_busy = False
        self.paused = False  # until `resume`
        self.inspection: Inspection | None = None  # that the layers show, or last showed
        self.tiling = Tiling(self._runner, self._pace)
        # Queued, it comes after all that happens now, but before the window is painted; a timer would come after that.
        self._ask.connect(self._update_if_asked, Qt.ConnectionType.QueuedConnection)
        self._data_watches = {name: Watch(partial(self._on_data, name)) for name in LAYERS}
        self._view_watch = Watch(self._on_view, view_events(viewer))
        settings.events.connect(self._on_setting)
        mix.changed.connect(self._redraw)
        self.display.resolved.connect(self.resolved)
        self.tiling.advanced.connect(self._on_tile)
        self._runner.previewed.connect(self._on_previewed)
        self._runner.finished.connect(self._on_finished)
        self._runner.failed.connect(self._on_failed)
        self._runner.stepped.connect(self.stepped)
        self._runner.busy_changed.connect(self._tell_busy)
        backend.begin_with_torch(at_once=False)
        # Loading the kernels takes the interpreter from the window.
        QTimer.singleShot(_WINDOW_FIRST, backend.warm_up)

    @property
    def busy(self) -> bool:
        """Whether something is being computed, or about to be."""
        return self._runner.busy or self._asked

    @property
    def place(self) -> Place | None:
        """How the ground truth lies in the viewer; None where nothing is inspected."""
        return None if self._wanted is None else self._wanted.place

    def look_at_channel(self, index: int) -> None:
        """Move the viewer to a channel of the target, off the RGB view."""
        self.display.look_at_channel(index)

    def peek(self, on: bool) -> None:
        """Hide the results while a key is held, to see what lies beneath."""
        self.results.peek(on)
        self.view_changed.emit()

    def request_update(self) -> None:
        """Resolve settings and view anew, once all that is happening now has happened."""
        if not self.paused and not self._asked:
            self._asked = True
            self._ask.emit()
            self._tell_busy()

    def compute(self) -> None:
        """Compute now, live or not."""
        self._update(now=True)

    def cancel(self) -> None:
        """Stop computing; the region isn't tried again until something changes."""
        self._runner.cancel()

    def pause(self) -> None:
        """Do nothing until `resume`: the dock is hidden."""
        self._rest()
        self._runner.cancel()
        self._submitted = None
        # Another dock may have the canvas and the layers meanwhile.
        self.display.rest()
        self.rested.emit(True)
        self._tell_busy()

    def resume(self) -> None:
        """Go on, and catch up with what has changed."""
        self.paused = False
        self.display.wake()
        self._redraw()
        self.display.arrange()
        self.rested.emit(False)
        self.request_update()

    def close(self) -> None:
        """Stop for good: end the thread and listen to no settings, viewer or layer. Layers stay."""
        self._rest()
        self._runner.close()
        for watch in (*self._data_watches.values(), self._view_watch):
            watch.close()
        self._settings.events.disconnect(self._on_setting)
        self._mix.changed.disconnect(self._redraw)
        self.display.close()
        self.pinned.close()
        self._steady_view.close()
        backend.release_memory()

    # Towards a job

    def _update_if_asked(self) -> None:
        if self._asked:
            self._update()

    def _update(self, now: bool = False) -> None:
        self._asked = False
        self._steady_view.note()
        settings = self._settings
        for name, watch in self._data_watches.items():
            watch.watch(data_events(getattr(settings, name)))
        try:
            state = resolve(settings, view_of(self._viewer, self._settings.units), self._version)
        except Unresolved as reason:
            message = reason.message
            if settings.gt_layer is None:
                self._clear()
            else:
                self._give_up()
        else:
            self.display.expect(state)
            if settings.region_mode == "box":
                with settings.together(automatic=True):
                    settings.box = state.regions.roi
            message = self._pursue(state, now)
        self.message.emit(message)
        if self._runner.busy:
            self.display.draw_soon()
        else:
            self.display.draw()
        self._tell_busy()

    def _pursue(self, state: Resolved, now: bool) -> Message:
        """Have a state's result computed and shown, if that is wanted; returns what to say about it."""
        self.tiling.leave(unless=state)
        if state.refusal:
            self._give_up()
            return Message(state.refusal, "large")
        self._wanted = state
        if not now and state.change_since(self._submitted) < ChangeLevel.RESULT:
            return self._outcome
        if state.plan is not None:
            return self._pursue_in_tiles(state, now)
        if now or self._settings.live:
            self._submit(state)
        return Message()

    def _pursue_in_tiles(self, state: Resolved, now: bool) -> Message:
        """Begin to compute a region in tiles if that was asked for, or takes little time; else offer it."""
        live = self._settings.live
        # Looking around isn't choosing a region.
        if now or (live and self._settings.region_mode != "view" and self.tiling.is_quick(state)):
            self._hide_outdated()
            # Memory is for the tiles now.
            self._cache = self.inspection = None
            self._submitted, self._outcome = state, Message()
            self.tiling.begin(state)
            return Message()
        if live:
            self._give_up()
        return self.tiling.offer(state)

    def _submit(self, state: Resolved) -> None:
        self._submitted, self._outcome = state, Message()
        if self._cache is None or state.change_since(self._cache[0]) >= ChangeLevel.DATA:
            self._cache = state, ResultCache()
        cache, blended = self._cache[1], self.display.blended(state.request.channels)

        def worker(request: Request, note: str = "") -> Work:
            def work(step: Callable[[str, float], None]) -> tuple[Inspection, Pictures]:
                with short_switch_interval():
                    inspection = run(request, step, cache)
                    if note:
                        inspection = replace(inspection, notes=(note, *inspection.notes))
                    return inspection, make_pictures(inspection, state.place, blended)

            return work

        expected = self._pace.expected(state.request)
        first = preview_of(state.request, PREVIEW_AFTER / expected) if expected > PREVIEW_AFTER else None
        self._runner.submit(Job(worker(state.request), state, None if first is None else worker(*first)))
        self.display.hold(expected)

    # What comes of it

    def _on_previewed(self, job: Job, result: tuple[Inspection, Pictures]) -> None:
        inspection, pictures = result
        if self._is_wanted(job):
            self.display.show(self._up_to_date(pictures, inspection, job))
            self.previewed.emit(inspection)

    def _on_finished(self, job: Job, result: tuple[Inspection, Any]) -> None:
        inspection, pictures = result
        self._pace.learn(inspection)
        if self._is_wanted(job):
            pictures = self._up_to_date(pictures, inspection, job)
            self.tiling.leave()
            self.display.show(pictures)
            self.inspection = inspection
            self.shown.emit(inspection)
        self._tell_busy()

    def _up_to_date(self, pictures: Pictures | None, inspection: Inspection, job: Job) -> Pictures:
        """A job's pictures, made anew if the channels that are blended are others by now, or if it made none."""
        if pictures is None or pictures.blended != self.display.blended(inspection.channels):
            return self.display.pictures_of(inspection, job.about.place)
        return pictures

    def _on_failed(self, job: Job, error: BaseException) -> None:
        # Where something newer is computed already, that will have its own result.
        if self._is_wanted(job) and not self._runner.busy:
            self._hide_outdated()
            # The same again would fail the same way.
            self._outcome = explained(error, self._settings)
            self.message.emit(self._outcome)
        self._tell_busy()

    def _on_tile(self, run: TiledRun) -> None:
        newest = run.so_far.newest
        # Drawing a slice anew takes time.
        if newest is None or is_seen(newest, run.state.gt, view_of(self._viewer, self._settings.units)):
            self._show_run(run)
        if run.cancelled:
            self._outcome = self.tiling.offer(run.state)
            self.request_update()

    def _is_wanted(self, job: Job) -> bool:
        """Whether the layers may take a job's result: unless something else is looked at by now."""
        if self.paused or self._wanted is None or not self.tiling.accepts(job):
            return False
        return self._wanted.change_since(job.about) < ChangeLevel.SUBJECT

    def _show_run(self, run: TiledRun) -> None:
        self.display.show(run.pictures(self.display.blended(run.state.request.channels)))

    def _hide_outdated(self) -> None:
        """Hide the target while there is none for what is asked for."""
        self.tiling.leave()
        self.results.hide_outdated()
        self.outdated.emit()

    def _give_up(self) -> None:
        """Hide the target, and wait for none: there is nothing to compute."""
        self._wanted = self._submitted = None
        self._runner.cancel()
        self._hide_outdated()

    def _clear(self) -> None:
        self._runner.cancel()
        self.tiling.leave()
        self._submitted = self._wanted = self._cache = self.inspection = None
        self.display.clear()
        self.cleared.emit()

    # What changes elsewhere

    def _on_setting(self, change: EmissionInfo) -> None:
        if change.signal.name == "memory":
            set_limit(memory_for_chunks(memory_of(self._settings.memory)))
        if self.paused:
            return
        if change.signal.name in ("shown", "drawn_as", "panes"):
            self._redraw()
            self.display.arrange()
        elif change.signal.name in ("opacity", "colour_bars"):
            self.results.follow()
        elif change.signal.name == "layers":
            # With ground truth, what to do follows from what there is.
            if self._settings.gt_layer is None:
                self.request_update()
        elif change.signal.name not in ("notes", "review"):
            self.request_update()

    def _redraw(self, only_style: bool = False) -> None:
        """Draw the result at hand as it is wanted now."""
        self.results.follow()
        if self._settings.shown == "rgb" and not (only_style or self.results.outdated):
            if self.tiling.run is not None:
                self._show_run(self.tiling.run)
            elif self.inspection is not None and self._wanted is not None:
                self.results.show(self.display.pictures_of(self.inspection, self._wanted.place))
        self.view_changed.emit()

    def _on_box(self, box: Roi) -> None:
        self.pinned.drag_to(box)
        # The rectangle is drawn anew even where it comes to rest at the same place.
        self.request_update()

    def _on_view(self) -> None:
        if self.paused:
            return
        self._redraw(only_style=not self.display.turned())
        self.request_update()

    def _on_data(self, name: str) -> None:
        """A layer, by its field in the settings, has other values, or lies elsewhere."""
        self._version += 1
        gt_layer, axes = self._settings.gt_layer, self._settings.axes
        if gt_layer is not None and axes is not None:
            self.layers.give_units(gt_layer.units[-axes.spatial :])
        forget_reads(getattr(self._settings, name))
        self._settings.refresh_gt()
        self.request_update()

    def _rest(self) -> None:
        self.paused, self._asked = True, False
        self.display.release()

    def _tell_busy(self) -> None:
        if self.busy != self._was_busy:
            self._was_busy = self.busy
            self.busy_changed.emit(self._was_busy)
