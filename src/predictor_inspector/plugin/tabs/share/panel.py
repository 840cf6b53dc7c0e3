"""The session part of the dock: notes, saving and loading, and what can be shown to others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from qtpy.QtCore import Qt
from qtpy.QtGui import QGuiApplication
from qtpy.QtWidgets import QFileDialog, QGridLayout, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget
from superqt import QElidingLabel

from predictor_inspector.core.array import Array
from predictor_inspector.core.text import capitalised, format_error
from predictor_inspector.inspection.findings import Finding
from predictor_inspector.inspection.output.session import Session, load_session, save_session
from predictor_inspector.inspection.training.survey import Survey
from predictor_inspector.plugin.forms.small_widgets import ErrorLabel
from predictor_inspector.plugin.tabs.share.sessions import apply_session, dress, session_of

_SESSION = "Session (*.yaml *.yml)"
_FIGURE = "Figure (*.png *.svg *.pdf)"
_HTML = "Report (*.html)"
_PNG = "Picture (*.png)"


class SessionPanel(QWidget):
    """Notes, and buttons that write and read files.

    Every button has a method that takes a path, so that it can be driven from code.

    Parameters
    ----------
    widget : InspectorWidget
        Whose inspection it is.
    viewer : napari.Viewer
        That it is docked in.
    findings : callable, optional
        Gives the findings of the inspection shown; None where nobody looked.
    survey : callable, optional
        Gives the last `Survey`, or None.
    position : callable, optional
        Gives which training position is shown, or None.
    raw : callable, optional
        Gives raw data to draw beneath the ground truth, or None.
    """

    def __init__(
        self,
        widget: Any,
        viewer: Any,
        findings: Callable[[], Sequence[Finding] | None] = lambda: None,
        survey: Callable[[], Survey | None] = lambda: None,
        position: Callable[[], int | None] = lambda: None,
        raw: Callable[[], Array | None] = lambda: None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._widget, self._viewer = widget, viewer
        self._findings, self._survey, self._position, self._raw = findings, survey, position, raw
        self._folder = str(Path.home())
        self._waiting: Session | None = None
        self._notes = QPlainTextEdit()
        self._notes.setPlaceholderText("Notes: saved with the session, and part of the report")
        self._notes.setTabChangesFocus(True)
        self._notes.setMinimumHeight(56)
        # napari's style sheet leaves the field without any edge.
        self._notes.setStyleSheet("QPlainTextEdit { border: 1px solid rgba(128, 128, 128, 0.6); border-radius: 3px; }")
        self._error = ErrorLabel()
        self._said = QElidingLabel()
        grid = QGridLayout()
        grid.setSpacing(2)
        buttons = (
            (
                "Save session…",
                "Write data reference, predictor, region, display and notes to a YAML file",
                self._ask_save,
            ),
            ("Load session…", "Open data and set dock and viewer as they were saved", self._ask_load),
            ("Picture…", "Save what the canvas shows as PNG", self._ask_picture),
            ("Figure…", "Save panels with scale bar, colour bars and parameters, as PNG, SVG or PDF", self._ask_figure),
            ("Report…", "Write findings, statistics and pictures to one HTML file", self._ask_report),
        )
        for i, (title, tooltip, clicked) in enumerate(buttons):
            button = QPushButton(title)
            button.setToolTip(tooltip)
            button.clicked.connect(lambda _checked=False, clicked=clicked: clicked())
            grid.addWidget(button, *((0, 3 * i, 1, 3) if i < 2 else (1, 2 * (i - 2), 1, 2)))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self._notes, 1)
        column.addLayout(grid)
        column.addWidget(self._error)
        column.addWidget(self._said)
        widget.inspected.connect(self._on_inspected)

    @property
    def notes(self) -> str:
        """What somebody wrote."""
        return str(self._notes.toPlainText())

    @notes.setter
    def notes(self, notes: str) -> None:
        self._notes.setPlainText(notes)

    @property
    def message(self) -> str:
        """The sentence about what went wrong; empty if all is well."""
        return str(self._error.text())

    def save(self, path: str) -> None:
        """Save the session."""
        with self._doing("saved to", path):
            save_session(path, session_of(self._widget, self._viewer, self.notes, self._position()))

    def load(self, path: str) -> None:
        """Load a session; its layers get their look when the result is there."""
        with self._doing("loaded", path):
            session = load_session(path)
            self._waiting = session
            apply_session(session, self._widget, self._viewer)
            self.notes = session.notes

    def save_picture(self, path: str) -> None:
        """Save what the canvas shows as PNG."""
        with self._doing("picture in", path):
            Path(path).write_bytes(self._canvas())

    def save_figure(self, path: str) -> None:
        """Save a figure of the inspection shown."""
        from predictor_inspector.inspection.output.pictures import publication_figure, save_figure

        with self._doing("figure in", path):
            save_figure(path, publication_figure(self._inspection(), raw=self._raw()))

    def save_report(self, path: str) -> None:
        """Write an HTML report of the inspection shown."""
        from predictor_inspector.inspection.output.report import report_html, write_report

        with self._doing("report in", path):
            html = report_html(
                self._inspection(),
                self._findings(),
                self._inputs(),
                self._raw(),
                self.notes,
                self._survey(),
                [(self._canvas(), "What the viewer showed")],
            )
            write_report(path, html)

    @contextmanager
    def _doing(self, what: str, path: str) -> Any:
        """Say what was done, or what went wrong, in the dock."""
        self._error.show_message("")
        self._said.setText("")
        QGuiApplication.setOverrideCursor(Qt.CursorShape.WaitCursor)
        try:
            yield
        except (ValueError, OSError, ImportError) as error:
            self._error.show_message(capitalised(format_error(error)))
        else:
            self._folder = str(Path(path).absolute().parent)
            self._said.setText(f"{what} {path}")
            self._said.setToolTip(path)
        finally:
            QGuiApplication.restoreOverrideCursor()

    def _inspection(self) -> Any:
        inspection = self._widget.inspection
        if inspection is None:
            raise ValueError("There is no result to show yet.")
        return inspection

    def _inputs(self) -> dict[str, str]:
        layers = {"ground truth": self._widget.gt_layer, "annotated": self._widget.mask_layer}
        return {role: layer.name for role, layer in layers.items() if layer is not None}

    def _canvas(self) -> bytes:
        """The canvas as PNG."""
        from PIL import Image

        buffer = BytesIO()
        pixels = np.asarray(self._viewer.screenshot(canvas_only=True, flash=False))
        Image.fromarray(pixels).save(buffer, "PNG")
        return buffer.getvalue()

    def _on_inspected(self, _inspection: Any) -> None:
        if self._waiting is not None:
            session, self._waiting = self._waiting, None
            dress(session.display, self._widget, self._viewer)

    def _ask_save(self) -> None:
        self._ask_to_save("Save session", "session.yaml", _SESSION, ".yaml", self.save)

    def _ask_picture(self) -> None:
        self._ask_to_save("Save picture", "view.png", _PNG, ".png", self.save_picture)

    def _ask_figure(self) -> None:
        self._ask_to_save("Save figure", "figure.png", _FIGURE, ".png", self.save_figure)

    def _ask_report(self) -> None:
        self._ask_to_save("Save report", "report.html", _HTML, ".html", self.save_report)

    def _ask_load(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, "Load session", self._folder, f"{_SESSION};;All files (*)")
        if path:
            self.load(path)

    def _ask_to_save(self, title: str, name: str, kinds: str, suffix: str, save: Callable[[str], None]) -> None:
        path, _ = QFileDialog.getSaveFileName(self, title, str(Path(self._folder) / name), kinds)
        if path:
            save(path if Path(path).suffix else f"{path}{suffix}")
