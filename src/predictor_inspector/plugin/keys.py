"""Keys of the dock, registered with napari, whose preferences list them and can change them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from inspect import isgeneratorfunction
from typing import Any
from weakref import WeakValueDictionary

from app_model.types import KeyBinding
from napari.components import ViewerModel
from napari.settings import get_settings
from napari.utils.action_manager import action_manager
from qtpy.compat import isalive
from qtpy.QtCore import QEvent, QObject
from qtpy.QtGui import QKeySequence
from qtpy.QtWidgets import QApplication, QLineEdit, QPlainTextEdit, QWidget

from predictor_inspector.inspection.findings.review import State

_REGISTERED: set[str] = set()
_OPEN: WeakValueDictionary[int, Any] = WeakValueDictionary()  # docks by their viewer's identity


@dataclass(frozen=True)
class _Key:
    """A key, what it does in words, and what it does with the dock of the viewer that has the keyboard."""

    key: str
    description: str
    run: Callable[[Any], Any]


def _toggle_weight(dock: Any) -> None:
    dock.settings.shown = "target" if dock.settings.shown == "weight" else "weight"


def _bring_box_here(dock: Any) -> None:
    dock.controller.pinned.bring_here()


def _peek(dock: Any) -> Iterator[None]:
    dock.controller.peek(True)
    yield
    dock.controller.peek(False)


def _explain(dock: Any) -> Iterator[None]:
    dock.explain_under_mouse(True)
    yield
    dock.explain_under_mouse(False)


def _step_finding(dock: Any, by: int) -> None:
    if dock.finding_list is None:
        dock.open_tab("Check")
    if dock.finding_list is not None:
        dock.finding_list.step(by)


def _judge_finding(dock: Any, state: State) -> None:
    if dock.finding_list is not None:
        dock.finding_list.judge(dock.finding_list.chosen, state)


# Keys that napari's layers use would never come here while such a layer is selected.
KEYS = {
    "previous_channel": _Key("J", "Predictor Inspector: previous channel", lambda dock: dock.head.views.step(-1)),
    "next_channel": _Key("K", "Predictor Inspector: next channel", lambda dock: dock.head.views.step(1)),
    "target_or_weight": _Key("U", "Predictor Inspector: target or weight", _toggle_weight),
    "peek": _Key("Q", "Predictor Inspector: hide target and weight while held", _peek),
    "bring_box_here": _Key("H", "Predictor Inspector: bring the box to this slice", _bring_box_here),
    "explain": _Key("W", "Predictor Inspector: explain the voxel under the mouse while held", _explain),
    "previous_finding": _Key(",", "Predictor Inspector: previous finding", lambda dock: _step_finding(dock, -1)),
    "next_finding": _Key(".", "Predictor Inspector: next finding", lambda dock: _step_finding(dock, 1)),
    "finding_fine": _Key(
        "G", "Predictor Inspector: the open finding is fine", lambda dock: _judge_finding(dock, "fine")
    ),
    "finding_to_fix": _Key(
        "N", "Predictor Inspector: the open finding is to be fixed", lambda dock: _judge_finding(dock, "to fix")
    ),
    "undo": _Key("Ctrl+Alt+Z", "Predictor Inspector: undo", lambda dock: dock.history.undo()),
    "redo": _Key("Ctrl+Alt+Shift+Z", "Predictor Inspector: redo", lambda dock: dock.history.redo()),
}


def listen(viewer: Any, dock: Any) -> None:
    """Let keys of a viewer act on a dock, until it is gone or `forget` is called."""
    _OPEN[id(viewer)] = dock
    for name, key in KEYS.items():
        _register(f"napari-predictor-inspector:{name}", key)


def forget(viewer: Any, dock: Any) -> None:
    """Let keys of a viewer no longer act on this dock."""
    if _OPEN.get(id(viewer)) is dock:
        del _OPEN[id(viewer)]


def _register(name: str, key: _Key) -> None:
    """Register a key with napari, unless it is already; one that the person has chosen stays."""
    if name in _REGISTERED:
        return
    _REGISTERED.add(name)
    action_manager.register_action(name, _command(name.partition(":")[2], key.run), key.description, ViewerModel)
    chosen = get_settings().shortcuts.shortcuts.get(name, [KeyBinding.from_str(key.key)])
    for binding in chosen:
        action_manager.bind_shortcut(name, binding)


def _command(name: str, run: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """What napari calls with the viewer: nothing happens where no dock is open."""

    def held(viewer: Any) -> Iterator[None]:
        dock = _OPEN.get(id(viewer))
        if dock is not None:
            yield from run(dock)

    def pressed(viewer: Any) -> None:
        dock = _OPEN.get(id(viewer))
        if dock is not None:
            run(dock)

    command = held if isgeneratorfunction(run) else pressed
    # napari finds the keys in force by their functions' names.
    command.__name__ = name
    return command


class UndoKeys(QObject):
    """Undo and redo of settings by the usual keys while a control of the dock has the keyboard.

    A field whose text was edited takes its own back first. Outside the dock the keys are the selected layer's.
    """

    def __init__(self, dock: QWidget, undo: Callable[[], object], redo: Callable[[], object]) -> None:
        super().__init__(dock)
        self._dock = dock
        self._steps = {QKeySequence.StandardKey.Undo: undo, QKeySequence.StandardKey.Redo: redo}
        self._watched: QWidget | None = None
        QApplication.instance().focusChanged.connect(self._on_focus)

    def _on_focus(self, _before: QWidget | None, now: QWidget | None) -> None:
        if self._watched is not None and isalive(self._watched):
            self._watched.removeEventFilter(self)
        self._watched = now if now is not None and self._dock.isAncestorOf(now) else None
        if self._watched is not None:
            self._watched.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Take the keys, and do what they are for."""
        if event.type() not in (QEvent.Type.ShortcutOverride, QEvent.Type.KeyPress):
            return False
        step = next((step for key, step in self._steps.items() if event.matches(key)), None)
        if step is None or _has_undo(watched):
            return False
        event.accept()
        if event.type() == QEvent.Type.KeyPress:
            step()
        return True


def _has_undo(control: Any) -> bool:
    """Whether a text was edited that the control can take back."""
    if isinstance(control, QPlainTextEdit):
        return True
    line = control if isinstance(control, QLineEdit) else control.findChild(QLineEdit)
    return line is not None and line.isUndoAvailable()
