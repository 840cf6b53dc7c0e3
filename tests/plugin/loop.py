"""The live loop without a window: settings and a viewer in, layers and signals out, in the test's own thread."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future
from functools import partial
from typing import Any

from napari.components import ViewerModel
from qtpy.QtWidgets import QApplication

from predictor_inspector.plugin.layers.colours import RgbMix
from predictor_inspector.plugin.layers.owned import is_owned
from predictor_inspector.plugin.live.controller import LiveController
from predictor_inspector.plugin.live.listeners import Watch, list_events
from predictor_inspector.plugin.live.worker import LiveRunner
from predictor_inspector.plugin.model.settings import Settings

from .stage import Stage


class Synchronous(Executor):
    """Runs what is submitted, one after the other, in the thread that asks for it."""

    def __init__(self) -> None:
        self._waiting: list[Callable[[], Any]] = []

    def submit(self, work: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        self._waiting.append(partial(work, *args, **kwargs))
        return Future()

    def run(self) -> None:
        while self._waiting:
            self._waiting.pop(0)()


class Loop(Stage):
    """A controller and all that it is connected to."""

    def __init__(self) -> None:
        self.viewer, self.settings, self.mix = ViewerModel(), Settings(), RgbMix()
        self.executor = Synchronous()
        self.controller = LiveController(self.viewer, self.settings, self.mix, LiveRunner(self.executor))
        self.told: list[str] = []
        self.messages: list[tuple[str, str]] = []
        for name in ("resolved", "shown", "outdated", "cleared"):
            getattr(self.controller, name).connect(lambda *_args, name=name: self.told.append(name))
        self.controller.message.connect(lambda message: self.messages.append((message.text, message.kind)))
        self.watch = Watch(self.offer, list_events(self.viewer))
        self.controller.request_update()
        self.settle()

    def offer(self) -> None:
        self.settings.offer_layers(layer for layer in self.viewer.layers if not is_owned(layer))

    def settle(self, compute: bool = True) -> list[str]:
        """Let happen what was asked for; what was told meanwhile."""
        for _ in range(3):
            QApplication.processEvents()
            if compute:
                self.executor.run()
        told, self.told = self.told, []
        return told

    @property
    def message(self) -> str:
        text, kind = self.messages[-1]
        return text if kind in ("error", "parameters") else ""
