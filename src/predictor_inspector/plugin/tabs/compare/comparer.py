"""`Comparer`: keep a result as A, and compare those that follow with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Any

import numpy as np
from qtpy.QtCore import QObject, QTimer, Signal

from predictor_inspector.core.text import capitalised, format_error, millions
from predictor_inspector.inspection import Inspection, run
from predictor_inspector.inspection.comparison import Comparison, compare
from predictor_inspector.inspection.findings import find_quickly
from predictor_inspector.plugin.layers.colours import blend
from predictor_inspector.plugin.layers.comparison import DIFFERENCE, NAMES, CompareLayers
from predictor_inspector.plugin.layers.pictures import to_unit
from predictor_inspector.plugin.layers.results import RGB, TARGET, WEIGHT
from predictor_inspector.plugin.live.worker import Job, LiveRunner
from predictor_inspector.plugin.tabs import TabContext

MODES = ("b", "a", "side", "flicker", "difference")
MOST_VALUES = 2**26
"""Target values that are kept at most; target and weight of this size are 512 MB."""


@dataclass(frozen=True)
class _Result:
    """What the worker returns: A for the region of B, and how they compare or why they can't be."""

    a: Inspection
    comparison: Comparison | None
    trouble: str


class Comparer(QObject):
    """A, B, and the layers that show them against each other.

    Attributes
    ----------
    a, b : Inspection or None
        The result that was kept, and the live one.
    comparison : Comparison or None
        Of the two, where they can be compared.
    follows : bool
        Whether A is computed for B's region.
    """

    compared = Signal(object)
    """A `Comparison`, or None when there is none any more."""
    message = Signal(str)
    """What is wrong, in a sentence; empty if nothing is."""
    mode_changed = Signal(str)
    kept = Signal(object)
    """The `Inspection` that is A now, or None."""

    def __init__(self, context: TabContext) -> None:
        super().__init__()
        self._context = context
        self.layers = CompareLayers(context.layers)
        self.follows = True
        self.a: Inspection | None = None
        self.b: Inspection | None = None
        self.comparison: Comparison | None = None
        self._shown_a: Inspection | None = None
        self._have: dict[str, tuple[Any, ...]] = {}  # what each layer shows
        self._mode = "b"
        self._runner = LiveRunner()
        self._runner.finished.connect(self._on_finished)
        self._runner.failed.connect(lambda _job, error: self.message.emit(str(error)))
        self._flicker = QTimer(self)
        self._flicker.timeout.connect(self._on_flicker)
        self.rate = 2.0
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(0)
        self._later.timeout.connect(self._on_later)
        self._watched: list[tuple[Any, Any]] = []
        for emitter in self._list_events:
            emitter.connect(self._on_layers)

    @property
    def _list_events(self) -> tuple[Any, ...]:
        events = self._context.viewer.layers.events
        return events.inserted, events.removed, events.reordered

    @property
    def busy(self) -> bool:
        """Whether something is being computed."""
        return self._runner.busy or self._later.isActive()

    @property
    def mode(self) -> str:
        """One of `MODES`: what the canvas shows."""
        return self._mode

    @mode.setter
    def mode(self, mode: str) -> None:
        if mode not in MODES:
            raise ValueError(f"mode must be one of {', '.join(map(repr, MODES))}, got {mode!r}")
        self._mode = mode if self.a is not None else "b"
        self._refresh()
        self.mode_changed.emit(self._mode)

    @property
    def rate(self) -> float:
        """Changes to A and back per second."""
        return 500 / self._flicker.interval()

    @rate.setter
    def rate(self, rate: float) -> None:
        self._flicker.setInterval(round(500 / rate))

    def keep(self) -> None:
        """Keep B as A; a ``ValueError`` if there is none, or it is too large to keep."""
        inspection = self.b
        if inspection is None:
            raise ValueError("There is no result yet to keep as A.")
        values = prod(inspection.target.shape)
        if values > MOST_VALUES:
            raise ValueError(
                f"The result has {millions(values)} target values, more than the {millions(MOST_VALUES)} "
                "that can be kept; compare in a smaller region."
            )
        self.a = self._shown_a = inspection
        self.kept.emit(inspection)
        self._watch()
        self.compare_again()

    def drop(self) -> None:
        """Forget A, and remove everything that showed it."""
        self._runner.cancel()
        self.a = self._shown_a = self.comparison = None
        self.mode = "b"
        self._unwatch()
        self.layers.remove()
        self._have = {}
        self.kept.emit(None)
        self.compared.emit(None)
        self.message.emit("")

    def set_live(self, inspection: Inspection) -> None:
        """Take over a new B, after its layers have got it."""
        self.b = inspection
        if self.a is not None:
            self._watch()
            self.compare_again()

    def close(self) -> None:
        """Stop for good; layers stay as they are."""
        self._flicker.stop()
        self._later.stop()
        self._runner.close()
        self._unwatch()
        for emitter in self._list_events:
            emitter.disconnect(self._on_layers)

    def compare_again(self) -> None:
        """Compare anew, since A, B or how to do it has changed."""
        a, b = self.a, self.b
        if a is None or b is None:
            return

        def work(step: Callable[[str, float], None]) -> _Result:
            kept = a
            if self.follows and a.roi != b.roi and a.target.dims == b.target.dims:
                kept = run(replace(a.request, source=b.request.source, roi=b.roi), step)
            try:
                return _Result(kept, compare(kept, b, find_quickly(kept), find_quickly(b)), "")
            except ValueError as error:
                # A is shown even if the two can't be compared.
                return _Result(kept, None, f"{capitalised(format_error(error))}.")

        self._runner.submit(Job(work))

    def _on_finished(self, _job: Job, result: _Result) -> None:
        if self.a is None:
            return
        self._shown_a, self.comparison = result.a, result.comparison
        self.message.emit(result.trouble)
        self._refresh()
        self.compared.emit(result.comparison)

    def _refresh(self) -> None:
        """Show what the mode says, of the view that is looked at."""
        a, view = self._shown_a, self.layers.looked_at()
        self._flicker.stop()
        if a is None or view is None or self._mode == "b":
            self.layers.side_by_side(False)
            self.layers.show_only()
            return
        if self._mode == "difference":
            self.layers.side_by_side(False)
            self._put_difference(WEIGHT if view == WEIGHT else TARGET)
            self.layers.show_only(*[DIFFERENCE] if self.comparison is not None else [])
            return
        self._put_a(a, view)
        # The view may draw back, unless the region follows it.
        may_zoom = self._context.settings.region_mode != "view"
        self.layers.side_by_side(self._mode == "side", self.b if may_zoom else None)
        self.layers.show_only(NAMES[view])
        if self._mode == "flicker":
            self._flicker.start()

    def _put_a(self, a: Inspection, view: str) -> None:
        name, array = NAMES[view], a.weight if view == WEIGHT else a.target
        blended = tuple(self._context.blended(a.channels)) or ((0, "#ffffff"),)
        new = self.layers.get(name) is None
        if new or self._have.get(name) != (a, self._names_of_b(), blended):
            if view == RGB:
                chosen = [index for index, _ in blended]
                values = to_unit(array.numpy()[chosen], [a.channels[index] for index in chosen])
                data = blend(values, [colour for _, colour in blended])
            else:
                data = self._in_order_of_b(array.numpy(), a.channel_names)
            self.layers.put(name, data, array, view)
            self._have[name] = (a, self._names_of_b(), blended)
        same = self.b is not None and type(self.b.request.predictor) is type(a.request.predictor)
        self.layers.apply_style(view, colours=same or new)

    def _put_difference(self, view: str) -> None:
        comparison = self.comparison
        if comparison is None:
            return
        if self.layers.get(DIFFERENCE) is None or self._have.get(DIFFERENCE) != (comparison, view):
            array = comparison.weight if view == WEIGHT else comparison.target
            self.layers.put(DIFFERENCE, self._in_order_of_b(array.numpy(), comparison.channels), array, view)
            self._have[DIFFERENCE] = (comparison, view)
        self.layers.fit_difference(max((getattr(d, view) for d in comparison.differences), default=0.0))

    def _names_of_b(self) -> tuple[str, ...]:
        return () if self.b is None else self.b.channel_names

    def _in_order_of_b(self, values: np.ndarray, names: Sequence[str]) -> np.ndarray:
        """Channels where B has those of the same name, 0 where there is none; as they are if none is the same."""
        wanted = self.b.channel_names if self.b is not None else tuple(names)
        if tuple(names) == tuple(wanted) or not set(names) & set(wanted):
            return values
        ordered = np.zeros((len(wanted), *values.shape[1:]), values.dtype)
        for channel, name in enumerate(wanted):
            if name in names:
                ordered[channel] = values[list(names).index(name)]
        return ordered

    def _on_flicker(self) -> None:
        layer = self.layers.get(NAMES.get(self.layers.looked_at() or "", ""))
        if layer is not None:
            layer.visible = not layer.visible

    def _watch(self) -> None:
        """Follow which of B's views is looked at, and in which colours."""
        self._unwatch()
        for view in NAMES:
            layer = self.layers.live(view)
            if layer is not None:
                for name in ("visible", "colormap", "contrast_limits", "gamma", "opacity"):
                    emitter = getattr(layer.events, name, None)
                    if emitter is not None:
                        emitter.connect(self._on_look)
                        self._watched.append((emitter, self._on_look))

    def _unwatch(self) -> None:
        for emitter, callback in self._watched:
            emitter.disconnect(callback)
        self._watched = []

    def _on_look(self, _event: Any = None) -> None:
        # Later, when the result that the change came with has arrived, too.
        self._later.start()

    def _on_layers(self, _event: Any = None) -> None:
        if self.a is not None:
            self._later.start()

    def _on_later(self) -> None:
        if self.a is not None and self.layers.live(TARGET) is None:
            # There is no ground truth any more, so there is nothing to compare A with.
            self.drop()
        else:
            self._refresh()
