"""Fixtures of the window tests."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from copy import deepcopy
from functools import cache, partial
from math import inf
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from pytestqt.qtbot import QtBot

from predictor_inspector.plugin import recent, samples
from predictor_inspector.plugin.live import controller, tiling
from predictor_inspector.plugin.model import tile_plan

from .loop import Loop
from .shared_viewer import KeptViewer, fresh, traces
from .shared_window import Prepare, SharedWindow
from .window import Window


@pytest.fixture(scope="session", autouse=True)
def frozen_modules() -> None:
    """Keep what has been imported out of garbage collections: napari starts one for each layer that is removed."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def sample_made_once() -> Iterator[None]:
    """The sample volume takes seconds to make: each test gets a copy of a smaller one."""
    made = cache(partial(samples.neurites, (32, 128, 128)))
    with patch.object(samples, "neurites", lambda: deepcopy(made())):
        yield


@pytest.fixture(autouse=True)
def no_previews(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing takes long enough for a preview, however slow the machine is, unless a test says so."""
    monkeypatch.setattr(controller, "PREVIEW_AFTER", inf)


@pytest.fixture(autouse=True)
def no_recent_sessions(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No test takes up what another has left, nor touches a person's list."""
    monkeypatch.setattr(recent, "list_file", lambda: tmp_path / "recent" / "recent_sessions.json")


class PatientBot(QtBot):
    """Waits for as long as a machine with much else to do may take."""

    def waitUntil(self, callback: Any, *, timeout: int = 60_000) -> None:
        """Return as soon as a condition holds."""
        super().waitUntil(callback, timeout=timeout)

    def waitSignal(self, signal: Any, *, timeout: int = 60_000, **kwargs: Any) -> Any:
        """A context that ends with a signal."""
        return super().waitSignal(signal, timeout=timeout, **kwargs)


@pytest.fixture
def qtbot(qapp: Any, request: pytest.FixtureRequest) -> QtBot:
    """Pytest-qt's, with more patience."""
    return PatientBot(request)


@pytest.fixture(scope="session")
def kept_viewer(qapp: Any) -> Iterator[KeptViewer]:
    """The napari window of all tests, once one of them needs it."""
    kept = KeptViewer()
    yield kept
    kept.close()


@pytest.fixture(scope="module")
def module_viewer(kept_viewer: KeptViewer) -> Any:
    """The napari window of a module of tests, as if just opened."""
    return kept_viewer.get()


@pytest.fixture
def no_viewer(kept_viewer: KeptViewer) -> None:
    """No napari is open: the test opens its own."""
    kept_viewer.close()


@pytest.fixture(scope="module")
def module_window(
    module_viewer: Any, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SharedWindow]:
    """What `shared` opens; nothing may be left of the dock after the last of a module's tests."""
    window = SharedWindow(module_viewer, tmp_path_factory.mktemp("recent") / "recent_sessions.json")
    yield window
    window.close(PatientBot(request))


@pytest.fixture
def shared(
    request: pytest.FixtureRequest, module_window: SharedWindow, qtbot: Any
) -> Iterator[Callable[[Prepare], Window]]:
    """Opens the window that a module's tests share; what `SharedWindow.open` doesn't set back is left alone by them."""
    yield partial(module_window.open, qtbot)
    called = getattr(request.node, "rep_call", None)
    if called is None or called.failed:
        module_window.close(None)


@pytest.fixture
def empty_dock(shared: Callable[[Prepare], Window]) -> Window:
    """A dock without data that a module's tests share."""
    return shared(_nothing)


@pytest.fixture
def labelled(shared: Callable[[Prepare], Window]) -> Window:
    """A dock with labels that a module's tests share."""
    return shared(_add_labels)


def _nothing(_window: Window) -> None:
    """What is done to a dock without data."""


def _add_labels(window: Window) -> None:
    window.add_labels()


@pytest.fixture
def new_dock(
    request: pytest.FixtureRequest, module_viewer: Any, module_window: SharedWindow, qtbot: Any
) -> Iterator[Window]:
    """A shown napari window, as if just opened, with an empty dock; nothing may be left of the dock afterwards."""
    module_window.close(qtbot)
    window = Window(module_viewer, qtbot)
    yield window
    window.close()
    fresh(module_viewer)
    if not request.node.rep_call.failed:

        def nothing_is_left() -> None:
            assert traces(module_viewer) == []

        qtbot.waitUntil(nothing_is_left)


@pytest.fixture
def window(new_dock: Window) -> Window:
    """The dock is new, unless a module shares one."""
    return new_dock


@pytest.fixture
def loop(qtbot: QtBot) -> Iterator[Loop]:
    """Live updates without a window."""
    loop = Loop()
    yield loop
    loop.controller.close()


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Next to nothing is computed at once, and nothing large begins by itself."""
    monkeypatch.setattr(tile_plan, "MAX_VALUES", 20_000)
    monkeypatch.setattr(tile_plan, "TILE", 500_000)
    monkeypatch.setattr(tiling, "_PER_TILE", 1000.0)


@pytest.fixture
def on_disk(small: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """As `small`, and there is no memory to hold results in."""
    monkeypatch.setattr(tile_plan, "results_size", lambda channels, shape: 10**10)
    monkeypatch.setattr(tile_plan, "temporary_room", lambda: 10**12)
