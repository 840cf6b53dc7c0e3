"""Start page of the dock, shown while there is nothing to inspect."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QFrame, QGridLayout, QLabel, QListWidget, QListWidgetItem, QPushButton, QWidget

from predictor_inspector.inspection.output.session import Session
from predictor_inspector.plugin.forms.layouts import in_column, in_row, refill
from predictor_inspector.plugin.forms.open_dialog import ask_for_file, ask_for_folder, ask_for_list
from predictor_inspector.plugin.forms.small_widgets import MessageLabel, flat_button
from predictor_inspector.plugin.head.head import action_buttons
from predictor_inspector.plugin.model.actions import Action
from predictor_inspector.plugin.recent import RecentSession, describe_day, forget_sessions, recent_sessions

_EDGE = "border: 1px dashed rgba(128, 128, 128, 0.8); border-radius: 6px;"

_LIST = """
QListWidget { background: transparent; font-size: 13px; }
QListWidget::item { padding: 5px 4px; border-radius: 4px; }
QListWidget::item:hover { background: rgba(128, 128, 128, 0.3); }
"""


@dataclass(frozen=True)
class StartActions:
    """What can be done from the start page."""

    open_path: Callable[[str], object]  # a file or zarr folder
    open_sample: Callable[[], object]
    take_tour: Callable[[], object]
    open_dataset: Callable[[str], object]  # a list of crops
    open_pipeline: Callable[[], object]  # shows where to name one
    restore: Callable[[Session], object]
    perform: Callable[[Action], object]  # does what a message offers


class StartPage(QWidget):
    """Ways to open data, a place to drop them, and recent sessions."""

    def __init__(self, actions: StartActions) -> None:
        super().__init__(objectName="start page")
        self._actions = actions
        title = _text("See exactly what your network is trained on", "font-size: 15px; font-weight: 600;")
        about = _text("Open labels, pick a predictor, and see the target and the weights that the loss gets.")
        buttons = QGridLayout(spacing=4)
        for place, (name, text, tip, action) in enumerate(
            (
                ("open folder", "Open zarr folder…", "An OME-Zarr or another zarr store", self._ask_for_folder),
                ("open file", "Open file…", "HDF5 or TIFF, or a metadata file in a zarr store", self._ask_for_file),
                ("sample", "Try the sample", "A small volume of neurites, made on the spot", actions.open_sample),
                (
                    "data set",
                    "Open data set…",
                    "A list of crops: datasplit.csv, a manifest or YAML",
                    self._ask_for_list,
                ),
                ("pipeline", "Training pipeline…", "What the network gets, sample by sample", actions.open_pipeline),
                ("tour", "Take the tour", "Six steps on the sample", actions.take_tour),
            )
        ):
            button = QPushButton(text, objectName=f"start {name}", toolTip=tip, minimumHeight=32)
            button.clicked.connect(lambda _checked, act=action: act())
            buttons.addWidget(button, place // 2, place % 2)
        drop = _text("or drop a zarr folder or a file here", f"QLabel {{ {_EDGE} padding: 18px; }}")
        drop.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._hint = MessageLabel()
        self._hint.setObjectName("start hint")
        self._ways_out = in_row()
        self._list = _SessionList()
        self._list.chosen.connect(actions.restore)
        self._recent = QWidget()
        clear = flat_button("Clear", "Empty this list; your files stay as they are", self._clear)
        heading = in_row((_text("Recent sessions", "font-weight: 600;"), 1), clear)
        self._recent.setLayout(in_column(heading, (self._list, 1)))
        layout = in_column(
            title, about, buttons, drop, self._hint, self._ways_out, (self._recent, 1), (None, 0), spacing=10
        )
        layout.setContentsMargins(12, 14, 12, 10)
        self.setLayout(layout)

    def show_hint(self, text: str, actions: Sequence[Action] = ()) -> None:
        """Say why there is nothing to inspect though layers are open, with a button for each way out."""
        self._hint.show_message(text)
        refill(self._ways_out, action_buttons(actions, self._actions.perform))

    def showEvent(self, event: Any) -> None:
        """List the sessions as they are now."""
        super().showEvent(event)
        self.list_sessions()

    def list_sessions(self) -> None:
        """Read the list anew."""
        sessions = recent_sessions()
        self._list.show_sessions(sessions)
        self._recent.setVisible(bool(sessions))

    def _clear(self) -> None:
        forget_sessions()
        self.list_sessions()

    def _ask_for_folder(self) -> None:
        self._open(ask_for_folder(self))

    def _ask_for_file(self) -> None:
        self._open(ask_for_file(self))

    def _ask_for_list(self) -> None:
        if path := ask_for_list(self):
            self._actions.open_dataset(path)

    def _open(self, path: str) -> None:
        if path:
            self._actions.open_path(path)


class _SessionList(QListWidget):
    """Recent sessions in two lines each; those whose data are gone can't be chosen."""

    chosen = Signal(object)

    def __init__(self) -> None:
        super().__init__(objectName="recent sessions", frameShape=QFrame.Shape.NoFrame)
        self.setStyleSheet(_LIST)
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.itemClicked.connect(self._choose)
        self.itemActivated.connect(self._choose)

    def show_sessions(self, sessions: list[RecentSession]) -> None:
        """Show these."""
        self.clear()
        for recent in sessions:
            item = QListWidgetItem(f"{recent.title}\n{_details(recent)}")
            path = recent.session.data.ground_truth.path
            item.setToolTip(f"{path}" if recent.is_there else f"{path} is not there any more")
            item.setData(Qt.ItemDataRole.UserRole, recent.session)
            if not recent.is_there:
                item.setFlags(Qt.ItemFlag.NoItemFlags)
            self.addItem(item)

    def _choose(self, item: QListWidgetItem) -> None:
        if item.flags() & Qt.ItemFlag.ItemIsEnabled:
            self.chosen.emit(item.data(Qt.ItemDataRole.UserRole))


def _details(recent: RecentSession) -> str:
    region = {"view": "view", "box": "box", "layer": "whole volume"}[recent.session.region.mode]
    kind = str(recent.session.predictor.get("kind", "")).replace("_", " ")
    notes = recent.session.notes.strip().partition("\n")[0]
    return " · ".join(part for part in (kind, region, describe_day(recent.when, datetime.now()), notes) if part)


def _text(text: str, style: str = "") -> QLabel:
    return QLabel(text, wordWrap=True, styleSheet=style)
