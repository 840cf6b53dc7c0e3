"""`SessionKeeper`: what a dock is set to, kept for the next dock and the next napari."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any
from weakref import WeakKeyDictionary, ref

from qtpy.compat import isalive
from qtpy.QtCore import QTimer

from predictor_inspector.core.array import Array
from predictor_inspector.core.text import format_error
from predictor_inspector.inspection import Request, Source
from predictor_inspector.inspection.output.session import Origin
from predictor_inspector.plugin.head.sessions import apply_settings, layer_from, origin_of, session_of
from predictor_inspector.plugin.model.layer_choice import LAYERS
from predictor_inspector.plugin.model.predictions import LayerPrediction, ModelPrediction
from predictor_inspector.plugin.model.settings import Settings
from predictor_inspector.plugin.recent import RecentSession, describe_day, recent_sessions, remember
from predictor_inspector.plugin.tabs import JUDGED_BY, TabContext

_REST = 1000  # milliseconds after a change until the session is written

_ALSO_KEPT = ("compared_with", *JUDGED_BY)

_OF_DATA = (*LAYERS, "axes", "level", "box", "region_mode", "review")  # what means nothing for other data


class SessionKeeper:
    """Keeps settings of a dock in memory when it is hidden or closed, and on disk when they have changed.

    A new dock takes up, before a person has changed anything in it: what the viewer's last dock was set to; else how the
    same data were inspected last; else, for other data, the predictor that was used last. Nothing is kept on disk of data
    that are in no file.
    """

    def __init__(self, context: TabContext, tell: Callable[[str, bool], object]) -> None:
        self._context, self._tell = context, tell
        self._settings: Settings = context.settings
        self._touched = False  # whether a person has changed something
        self._has_begun = False  # whether the predictor of other data was taken over
        self._can_write = True
        self._saved: Any = None  # the layer whose session was written last
        self._taken_up: Any = None  # the layer whose last session was taken up
        self._mask: Origin | None = None  # that is to be chosen once its layer is there
        self._timer = QTimer(singleShot=True, interval=_REST, timeout=self.save)
        self._settings.stepped.connect(self._on_step)
        self._settings.events.layers.connect(self._on_layers)
        for name in _ALSO_KEPT:
            context.derived.events[name].connect(self._on_derived)
        context.viewer.layers.events.removing.connect(self._on_removing)

    def keep(self) -> None:
        """Keep what is set for the viewer's next dock, and write what isn't written yet."""
        _KEPT[self._context.viewer] = _Kept.of(self._context)
        # A window that is left open is hidden once Python has ended, and Qt's timers are gone.
        if isalive(self._timer) and self._timer.isActive():
            self.save()

    def close(self) -> None:
        """Keep everything, and stop listening."""
        self.keep()
        self._settings.stepped.disconnect(self._on_step)
        self._settings.events.layers.disconnect(self._on_layers)
        for name in _ALSO_KEPT:
            self._context.derived.events[name].disconnect(self._on_derived)
        self._context.viewer.layers.events.removing.disconnect(self._on_removing)

    def save(self) -> None:
        """Put the session at the head of the list of recent ones, if its data come from a file."""
        self._timer.stop()
        layer = self._settings.gt_layer
        if layer is not None and layer in self._context.viewer.layers and origin_of(layer).path is not None:
            self._saved = layer
            try:
                remember(session_of(self._context))
            except OSError as error:
                # Once is enough.
                if self._can_write:
                    self._tell(f"What is set can't be kept for the next napari: {format_error(error)}.", True)
                self._can_write = False

    def _on_step(self, _label: Any, automatic: bool) -> None:
        self._touched |= not automatic
        # What follows from layers that are removed, one after the other, isn't what a person wants to come back to.
        if not automatic or self._settings.gt_layer not in (None, self._saved):
            self._timer.start()

    def _on_derived(self) -> None:
        self._timer.start()

    def _on_removing(self, _event: Any) -> None:
        # A script closes the viewer by removing its layers first.
        if self._timer.isActive():
            self.save()

    def _on_layers(self) -> None:
        mask = None if self._mask is None else layer_from(self._mask, self._context.viewer)
        if mask in self._settings.layers.mask_layer and not self._touched:
            self._settings.mask_layer, self._mask = mask, None
        if self._touched:
            return
        kept = _KEPT.pop(self._context.viewer, None)
        if kept is not None:
            kept.restore(self._context)
            self._touched = True
        elif self._settings.layers.gt_layer:
            self._take_up_from_disk()

    @cached_property
    def _recent(self) -> list[RecentSession]:
        """The list as it was when there first was something to inspect: layers come one by one."""
        return recent_sessions()

    def _take_up_from_disk(self) -> None:
        recent = self._recent
        for found in recent:
            layer = layer_from(found.session.data.ground_truth, self._context.viewer)
            if layer in self._settings.layers.gt_layer:
                if layer is not self._taken_up:
                    self._take_up(layer, found)
                return
        if recent and not self._has_begun and self._settings.gt is not None:
            self._has_begun = True
            _take_over_predictor(recent[0].session.predictor, self._settings, self._settings.gt)

    def _take_up(self, layer: Any, found: RecentSession) -> None:
        self._taken_up = self._settings.gt_layer = layer
        self._mask = found.session.data.mask
        mask, raw = (
            None if origin is None else layer_from(origin, self._context.viewer)
            for origin in (self._mask, found.session.data.raw)
        )
        try:
            apply_settings(found.session, self._context, mask, raw)
        except ValueError as error:
            self._tell(f"Of the last session with these data, not everything fits: {format_error(error)}.", True)
        else:
            self._tell(
                f"Continues where you left off with these data ({describe_day(found.when, datetime.now())}).", False
            )


def _take_over_predictor(config: dict[str, Any], settings: Settings, gt: Array) -> None:
    """Choose a predictor as it was used for other data, but for what names their classes or doesn't fit these."""
    before = settings.predictor_choice
    for chosen in ({name: value for name, value in config.items() if name != "channels"}, {"kind": config["kind"]}):
        try:
            settings.config = chosen
            _ = Request(settings.predictor(), Source(gt)).regions
        except ValueError:
            settings.predictor_choice = before
        else:
            return


@dataclass
class _Kept:
    """What a dock was set to; layers are kept only for as long as somebody else does."""

    settings: dict[str, Any]
    layers: dict[str, ref[Any] | None]
    derived: dict[str, Any]
    predictions: dict[str, tuple[ref[Any], bool]]  # layers, and whether they are logits

    @classmethod
    def of(cls, context: TabContext) -> _Kept:
        snapshot = context.settings.snapshot()
        layers = {name: None if layer is None else ref(layer) for name in LAYERS for layer in [snapshot.pop(name)]}
        derived = {name: getattr(context.derived, name) for name in (*_ALSO_KEPT, "position")}
        chosen = {role: derived.pop(role) for role in ("prediction", "versus")}
        predictions = {r: (ref(p.layer), p.logits) for r, p in chosen.items() if isinstance(p, LayerPrediction)}
        derived |= {r: ModelPrediction(p.choice) for r, p in chosen.items() if isinstance(p, ModelPrediction)}
        return cls(snapshot, layers, derived, predictions)

    def restore(self, context: TabContext) -> None:
        settings = context.settings
        found = {name: None if layer is None else layer() for name, layer in self.layers.items()}
        present = settings.snapshot()
        wanted = {**present, **self.settings, **found}
        if found["gt_layer"] is None or not settings.can_restore(wanted):
            wanted |= {name: present[name] for name in _OF_DATA}
        settings.restore(wanted)
        for name, value in self.derived.items():
            setattr(context.derived, name, value)
        for role, (of_layer, logits) in self.predictions.items():
            layer = of_layer()
            if layer is not None and layer in context.viewer.layers:
                setattr(context.derived, role, LayerPrediction(layer, logits))


_KEPT: WeakKeyDictionary[Any, _Kept] = WeakKeyDictionary()


def forget(viewer: Any) -> None:
    """Let the next dock of a viewer take up nothing of its last one."""
    _KEPT.pop(viewer, None)
