"""Comparison of the live result with a kept one, and the layers that show it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import prod
from typing import Any

import numpy as np
from qtpy.QtCore import QObject, QTimer, Signal

from predictor_inspector.core.array import Array
from predictor_inspector.core.predictor import Predictor
from predictor_inspector.core.text import capitalised, format_error, millions
from predictor_inspector.data.source import Source
from predictor_inspector.inspection import Inspection, run
from predictor_inspector.inspection.comparison import Comparison, compare
from predictor_inspector.inspection.findings import find_quickly
from predictor_inspector.plugin.layers.comparison import DIFFERENCE, NAMES, CompareLayers
from predictor_inspector.plugin.layers.pictures import Blended, LazyBlend
from predictor_inspector.plugin.layers.results import RGB, TARGET, WEIGHT
from predictor_inspector.plugin.live.listeners import Watch, list_events
from predictor_inspector.plugin.live.worker import Job, LiveRunner
from predictor_inspector.plugin.model.axes import Place
from predictor_inspector.plugin.tabs import TabContext

MODES = ("b", "a", "side", "flicker", "difference")
MOST_VALUES = 2**26  # target values that are kept at most; target and weight of this size are 512 MB

_LOOK = ("visible", "colormap", "contrast_limits", "gamma", "opacity")


class Comparer(QObject):
    """A, B, and the layers that show them against each other."""

    changed = Signal()  # A, the mode, or what is different

    def __init__(self, context: TabContext, runner: LiveRunner) -> None:
        super().__init__()
        self._context, self._runner = context, runner
        self.layers = CompareLayers(context.layers)
        self.follows = True  # whether A is computed for B's region
        self.a: Inspection | None = None  # the result that was kept
        self.b: Inspection | None = None  # the live one
        self.comparison: Comparison | None = None  # of the two, where they can be compared
        self.trouble = ""  # what is wrong, in a sentence
        self._shown_a: Inspection | None = None  # A for the region of B
        self._have: dict[str, tuple[Any, ...]] = {}  # what each layer shows
        self._mode = "b"
        runner.finished.connect(self._on_finished)
        runner.failed.connect(self._on_failed)
        self._flicker = QTimer(self, timeout=self._on_flicker)
        self.rate = 2.0
        # One refresh for several events, after the result that they came with.
        self._later = QTimer(self, singleShot=True, interval=0, timeout=self._refresh)
        self._looks = Watch(self._on_layers)
        self._list = Watch(self._on_layers, list_events(context.viewer))
        context.controller.rested.connect(self._refresh)
        context.settings.events.panes.connect(self._on_panes)
        context.derived.events.compared_with.connect(self._keep_of)
        # B's layers tell nothing while A's are in their place.
        context.settings.events.shown.connect(self._on_layers)
        context.settings.events.drawn_as.connect(self._on_layers)

    @property
    def busy(self) -> bool:
        """Whether layers are about to change."""
        return bool(self._later.isActive())

    @property
    def mode(self) -> str:
        """One of `MODES`: what the canvas shows."""
        return self._mode

    @mode.setter
    def mode(self, mode: str) -> None:
        if mode not in MODES:
            raise ValueError(f"mode must be one of {', '.join(map(repr, MODES))}, got {mode!r}")
        self._mode = mode if self.a is not None else "b"
        if self._mode == "side":
            # There is one grid.
            self._context.settings.panes = False
        self._refresh()
        self.changed.emit()

    @property
    def rate(self) -> float:
        """Changes to A and back per second."""
        return 500 / self._flicker.interval()

    @rate.setter
    def rate(self, rate: float) -> None:
        self._flicker.setInterval(round(500 / rate))

    def keep(self) -> None:
        """Keep B as A, unless there is none, or it is too large to keep."""
        values = 0 if self.b is None else prod(self.b.target.shape)
        if self.b is None:
            self.trouble = "There is no result yet to keep as A."
        elif values > MOST_VALUES:
            self.trouble = (
                f"The result has {millions(values)} target values, more than the {millions(MOST_VALUES)} "
                "that can be kept; compare in a smaller region."
            )
        else:
            # Whatever is painted from now on changes B alone.
            request = replace(self.b.request, source=_snapshot(self.b.request.source))
            self.a = self._shown_a = replace(self.b, request=request)
            self._context.derived.compared_with = self.a.request.predictor
            self.set_live(self.b)
        self.changed.emit()

    def drop(self) -> None:
        """Forget A, and remove its layers."""
        self._runner.cancel()
        self.a = self._shown_a = self.comparison = self._context.derived.compared_with = None
        self.trouble = ""
        self._looks.close()
        self.mode = "b"
        self.layers.remove()
        self._have = {}

    def set_live(self, inspection: Inspection) -> None:
        """Take over a new B, after its layers have got it."""
        self.b = inspection
        if self.a is None:
            self.compare_again()
        else:
            events = [layer.events for layer in map(self._context.layers.find, NAMES) if layer is not None]
            self._looks.watch(getattr(each, name) for each in events for name in _LOOK if hasattr(each, name))
            self.compare_again()

    def close(self) -> None:
        """Stop for good; layers stay as they are."""
        self._context.derived.events.compared_with.disconnect(self._keep_of)
        self._flicker.stop()
        self._later.stop()
        self._looks.close()
        self._list.close()
        events = self._context.settings.events
        events.panes.disconnect(self._on_panes)
        events.shown.disconnect(self._on_layers)
        events.drawn_as.disconnect(self._on_layers)

    def compare_again(self) -> None:
        """Compare anew, since A, B or how to do it has changed."""
        a, b, other = self.a, self.b, self._context.derived.compared_with
        if b is None or other is None:
            return

        def work(step: Callable[[str, float], None]) -> tuple[Inspection, Comparison | None, str]:
            if a is None:
                kept = run(replace(b.request, predictor=other, source=_snapshot(b.request.source)), step)
            elif self.follows and a.roi != b.roi and a.target.dims == b.target.dims:
                same = a.request.source.gt.shape == b.request.source.gt.shape and a.gt.voxel_size == b.gt.voxel_size
                kept = run(replace(a.request, source=(a if same else b).request.source, roi=b.roi), step)
            else:
                kept = a
            try:
                return kept, compare(kept, b, find_quickly(kept), find_quickly(b)), ""
            except ValueError as error:
                # A is shown even if the two can't be compared.
                return kept, None, f"{capitalised(format_error(error))}."

        self._runner.submit(Job(work))

    def _on_finished(self, _job: Job, result: tuple[Inspection, Comparison | None, str]) -> None:
        if self._context.derived.compared_with is not None:
            self._shown_a, self.comparison, self.trouble = result
            self.a = self.a or self._shown_a
            self._refresh()
            self.changed.emit()

    def _keep_of(self, predictor: Predictor | None) -> None:
        """Keep as A what a predictor makes of B's region, at once or when there is one."""
        if predictor is not None and (self.a is None or self.a.request.predictor != predictor):
            self.a = None
            self.compare_again()

    def _on_failed(self, _job: Job, error: BaseException) -> None:
        self.trouble = capitalised(format_error(error))
        self.changed.emit()

    def _refresh(self) -> None:
        """Show what the mode says, of the view that is looked at; B alone while the dock is hidden."""
        mode = "b" if self._context.controller.paused else self._mode
        a, view, place = self._shown_a, self._context.controller.results.looked_at(), self._context.controller.place
        self._flicker.stop()
        shown = []
        if view is None or place is None:
            pass
        elif a is not None and mode in ("a", "side", "flicker"):
            self._put_a(a, view, place)
            shown = [NAMES[view]]
        elif mode == "difference" and self.comparison is not None:
            self._put_difference(self.comparison, WEIGHT if view == WEIGHT else TARGET, place)
            shown = [DIFFERENCE]
        # The view may draw back to show both pictures, unless the region follows it.
        may_zoom = self._context.settings.region_mode != "view"
        side = mode == "side" and bool(shown)
        self.layers.show_only(*shown)
        # Both are drawn over what lies beneath, so one would be seen through the other.
        self._context.controller.results.cover("comparison", bool(shown) and not side)
        self.layers.side_by_side(view if side else None, self.b if may_zoom else None)
        if mode == "flicker" and shown:
            self._flicker.start()

    def _put_a(self, a: Inspection, view: str, place: Place) -> None:
        name, array = NAMES[view], a.weight if view == WEIGHT else a.target
        mixed = tuple(self._context.rgb_mix.of(a.channels)) or ((0, "#ffffff"),)
        solid = self._context.viewer.dims.ndisplay == 3
        blended = Blended(mixed, self._context.settings.drawn_as == "boundaries", solid)
        new = self._context.layers.find(name) is None
        have = a, self._names_of_b(), blended
        if new or self._have.get(name) != have:
            if view == RGB:
                data = np.asarray(LazyBlend(a.target, a.weight, a.request, blended))
            else:
                data = self._in_order_of_b(array.numpy(), a.channel_names)
            self.layers.put(name, data, array, place, rgb=view == RGB)
            self._have[name] = have
        same = self.b is not None and type(self.b.request.predictor) is type(a.request.predictor)
        self.layers.apply_style(view, colours=same or new)

    def _put_difference(self, comparison: Comparison, view: str, place: Place) -> None:
        if self._context.layers.find(DIFFERENCE) is None or self._have.get(DIFFERENCE) != (comparison, view):
            array = comparison.weight if view == WEIGHT else comparison.target
            self.layers.put(DIFFERENCE, self._in_order_of_b(array.numpy(), comparison.channels), array, place)
            self._have[DIFFERENCE] = (comparison, view)
        self.layers.fit_difference(max((getattr(d, view) for d in comparison.differences), default=0.0))

    def _names_of_b(self) -> tuple[str, ...]:
        return () if self.b is None else self.b.channel_names

    def _in_order_of_b(self, values: np.ndarray, names: Sequence[str]) -> np.ndarray:
        """Channels where B has those of the same name, 0 where there is none; as they are if none is the same."""
        wanted = self._names_of_b()
        if tuple(names) == wanted or not set(names) & set(wanted):
            return values
        ordered = np.zeros((len(wanted), *values.shape[1:]), values.dtype)
        for channel, name in enumerate(wanted):
            if name in names:
                ordered[channel] = values[list(names).index(name)]
        return ordered

    def _on_flicker(self) -> None:
        layer = self._context.layers.find(NAMES.get(self._context.controller.results.looked_at() or "", ""))
        if layer is not None:
            layer.visible = not layer.visible
            self._context.controller.results.cover("comparison", layer.visible)

    def _on_panes(self, panes: bool) -> None:
        if panes and self._mode == "side":
            self.mode = "b"

    def _on_layers(self) -> None:
        # While the dock is hidden, another one may compare.
        if self.a is not None and not self._context.controller.paused:
            self._later.start()


def _snapshot(source: Source) -> Source:
    """A source whose arrays in memory are copies, unless they are large."""
    return replace(source, gt=_copied(source.gt), mask=None if source.mask is None else _copied(source.mask))


def _copied(array: Array) -> Array:
    if not isinstance(array.data, np.ndarray) or array.data.size > MOST_VALUES:
        return array
    return array.like(array.data.copy(), array.axis_names, array.offset)
