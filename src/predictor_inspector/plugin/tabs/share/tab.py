"""Share tab: notes, sessions, pictures, figures and reports."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

import numpy as np
from qtpy.QtCore import Qt
from qtpy.QtGui import QGuiApplication
from qtpy.QtWidgets import QFileDialog, QPlainTextEdit, QPushButton
from superqt import QElidingLabel

from predictor_inspector.core.text import capitalised, format_error
from predictor_inspector.data.atomic_write import whole_file
from predictor_inspector.inspection import Inspection
from predictor_inspector.inspection.output.session import Session, load_session, save_session
from predictor_inspector.plugin.forms.layouts import in_column, in_row
from predictor_inspector.plugin.forms.small_widgets import ErrorLabel
from predictor_inspector.plugin.tabs import Tab, TabContext
from predictor_inspector.plugin.tabs.share.sessions import apply_session, apply_style, session_of

_SESSION = "Session (*.yaml *.yml)"


class ShareTab(Tab):
    """Notes, and buttons that write and read files; methods do the same for a path."""

    title = "Share"
    tool_tip = "Notes, sessions, pictures, figures and reports"
    order = 60

    def __init__(self, context: TabContext) -> None:
        super().__init__(context)
        self._folder = str(Path.home())
        self._loaded: Session | None = None
        self._notes = QPlainTextEdit(tabChangesFocus=True, minimumHeight=56)
        self._notes.setPlaceholderText("Notes: saved with the session, and part of the report")
        # napari's style sheet leaves the field without any edge.
        self._notes.setStyleSheet("QPlainTextEdit { border: 1px solid rgba(128, 128, 128, 0.6); border-radius: 3px; }")
        self._error, self._done = ErrorLabel(), QElidingLabel()
        save = self._save_button("Save session", "session.yaml", _SESSION, self.save)
        save.setToolTip("Write data reference, predictor, region, display and notes to a YAML file")
        load = QPushButton("Load session…", toolTip="Open data and set dock and viewer as they were saved")
        load.clicked.connect(self._ask_load)
        picture = self._save_button("Picture", "view.png", "Picture (*.png)", self.save_picture)
        picture.setToolTip("Save what the canvas shows as PNG")
        figure = self._save_button("Figure", "figure.png", "Figure (*.png *.svg *.pdf)", self.save_figure)
        figure.setToolTip("Save panels with scale bar, colour bars and parameters, as PNG, SVG or PDF")
        report = self._save_button("Report", "report.html", "Report (*.html)", self.save_report)
        report.setToolTip("Write findings, statistics and pictures to one HTML file")
        rows = [in_row(*((each, 1) for each in row), spacing=2) for row in ((save, load), (picture, figure, report))]
        self.setLayout(in_column((self._notes, 1), in_column(*rows, spacing=2), self._error, self._done))

    @property
    def notes(self) -> str:
        """The text that goes with the session and the report."""
        return str(self._notes.toPlainText())

    @notes.setter
    def notes(self, notes: str) -> None:
        self._notes.setPlainText(notes)

    @property
    def message(self) -> str:
        """The sentence about what went wrong; empty if all is well."""
        return str(self._error.text())

    def on_shown(self, inspection: Inspection) -> None:
        """Give the layers of a loaded session their style, now that they show its result."""
        if self._loaded is not None:
            session, self._loaded = self._loaded, None
            apply_style(session.display, self.context)

    def save(self, path: str) -> None:
        """Save the session."""
        with self._reporting("saved to", path):
            save_session(path, session_of(self.context, self.notes))

    def load(self, path: str) -> None:
        """Load a session; its layers get their style when the result is there."""
        with self._reporting("loaded", path):
            self._loaded = session = load_session(path)
            apply_session(session, self.context)
            self.notes = session.notes

    def save_picture(self, path: str) -> None:
        """Save what the canvas shows as PNG."""
        with self._reporting("picture in", path), whole_file(Path(path)) as partial:
            partial.write_bytes(self._canvas())

    def save_figure(self, path: str) -> None:
        """Save a figure of the inspection shown."""
        from predictor_inspector.inspection.output.pictures import publication_figure, save_figure

        with self._reporting("figure in", path):
            save_figure(path, publication_figure(self._inspection()))

    def save_report(self, path: str) -> None:
        """Write an HTML report of the inspection shown."""
        from predictor_inspector.inspection.output.report import report_html, write_report

        settings, derived = self.context.settings, self.context.derived
        layers = {"ground truth": settings.gt_layer, "annotated": settings.mask_layer}
        with self._reporting("report in", path):
            html = report_html(
                self._inspection(),
                derived.findings,
                {role: layer.name for role, layer in layers.items() if layer is not None},
                notes=self.notes,
                survey=derived.survey,
                pictures=[(self._canvas(), "What the viewer showed")],
            )
            write_report(path, html)

    @contextmanager
    def _reporting(self, what: str, path: str) -> Iterator[None]:
        """Say what was done, or what went wrong."""
        self._error.show_message("")
        self._done.setText("")
        QGuiApplication.setOverrideCursor(Qt.CursorShape.WaitCursor)
        try:
            yield
        except (ValueError, OSError, ImportError) as error:
            self._error.show_message(capitalised(format_error(error)))
        else:
            self._folder = str(Path(path).absolute().parent)
            self._done.setText(f"{what} {path}")
            self._done.setToolTip(path)
        finally:
            QGuiApplication.restoreOverrideCursor()

    def _inspection(self) -> Inspection:
        inspection = self.context.controller.inspection
        if inspection is None:
            raise ValueError("There is no result to show yet.")
        return inspection

    def _canvas(self) -> bytes:
        """The canvas as PNG."""
        from PIL import Image

        buffer = BytesIO()
        pixels = np.asarray(self.context.viewer.screenshot(canvas_only=True, flash=False))
        Image.fromarray(pixels).save(buffer, "PNG")
        return buffer.getvalue()

    def _save_button(self, title: str, name: str, kinds: str, save: Callable[[str], None]) -> QPushButton:
        """A button that asks for a path and saves there; a path without a suffix gets that of `name`."""

        def ask() -> None:
            path, _ = QFileDialog.getSaveFileName(self, title, str(Path(self._folder) / name), kinds)
            if path:
                save(path if Path(path).suffix else f"{path}{Path(name).suffix}")

        button = QPushButton(f"{title}…")
        button.clicked.connect(ask)
        return button

    def _ask_load(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, "Load session", self._folder, f"{_SESSION};;All files (*)")
        if path:
            self.load(path)
