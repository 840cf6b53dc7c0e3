"""`Files`: sessions, pictures, figures and reports, read and written."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

import numpy as np
from napari.layers import Layer
from qtpy.QtCore import QObject, Qt, Signal
from qtpy.QtGui import QGuiApplication

from predictor_inspector.core.array import Array
from predictor_inspector.core.text import capitalised, format_error
from predictor_inspector.data.atomic_write import whole_file
from predictor_inspector.data.stores.path import is_url
from predictor_inspector.inspection import Inspection
from predictor_inspector.inspection.findings.review import Verdict
from predictor_inspector.inspection.output.session import Session, load_session, save_session
from predictor_inspector.plugin.head.sessions import apply_session, apply_style, listed_findings, session_of
from predictor_inspector.plugin.layers.finding_points import finding_points
from predictor_inspector.plugin.tabs import TabContext


class Files(QObject):
    """Writes what the dock shows, and loads sessions; `told` says what was done, or what went wrong."""

    told = Signal(str, bool)  # a sentence, and whether it says what went wrong

    def __init__(self, context: TabContext) -> None:
        super().__init__()
        self._context = context
        self._loaded: Session | None = None
        self.folder = str(Path.home())  # that was used last
        context.controller.shown.connect(self._on_shown)

    def save_session(self, path: str) -> None:
        """Save the session."""
        with self._telling("Session saved to", path):
            save_session(path, session_of(self._context))

    def load_session(self, path: str) -> None:
        """Load a session; its layers get their style when the result is there."""
        with self._telling("Session loaded:", path):
            self._restore(load_session(path))

    def restore(self, session: Session) -> None:
        """Restore a session of the list of recent ones."""
        with self._telling("Restored:", session.data.ground_truth.path or ""):
            self._restore(session)

    def save_picture(self, path: str) -> None:
        """Save what the canvas shows as PNG."""
        with self._telling("Picture saved to", path), whole_file(Path(path)) as partial:
            partial.write_bytes(self._canvas())

    def save_figure(self, path: str) -> None:
        """Save a figure of the inspection shown."""
        from predictor_inspector.inspection.output.pictures import publication_figure, save_figure

        with self._telling("Figure saved to", path):
            derived = self._context.derived
            trip = derived.trips.get("target")
            save_figure(path, publication_figure(self._inspection(), trip=trip, loss=derived.losses))

    def save_report(self, path: str) -> None:
        """Write an HTML report of the inspection shown."""
        from predictor_inspector.inspection.output.report import report_html, write_report

        settings, derived = self._context.settings, self._context.derived
        layers = {"ground truth": settings.gt_layer, "mask": settings.mask_layer}
        with self._telling("Report saved to", path):
            html = report_html(
                self._inspection(),
                derived.findings,
                {role: layer.name for role, layer in layers.items() if layer is not None},
                notes=settings.notes,
                survey=derived.survey,
                pictures=[(self._canvas(), "What the viewer showed")],
                trips=derived.trips,
                loss=derived.losses,
            )
            write_report(path, html)

    def save_findings(self, path: str) -> None:
        """Write all findings with what was made of them, as CSV."""
        with self._telling("Findings saved to", path):
            text = self._context.settings.review.to_csv(self._worklist(), self._ground_truth())
            with whole_file(Path(path)) as partial:
                partial.write_text(text, "utf-8")

    def add_finding_points(self) -> None:
        """Add a layer with a point for each finding, which is the person's own."""
        place = self._context.controller.place
        with self._telling("Findings are in a layer of points."):
            gt, verdicts = self._ground_truth(), self._worklist()
            if place is None or not verdicts:
                raise ValueError("There are no findings to show as points.")
            self._context.viewer.add_layer(Layer.create(*finding_points(verdicts, gt, place)))

    def _worklist(self) -> tuple[Verdict, ...]:
        return self._context.settings.review.worklist(listed_findings(self._context))

    def _ground_truth(self) -> Array:
        gt = self._context.settings.gt
        if gt is None:
            raise ValueError("There is no ground truth, so there are no findings.")
        return gt

    def _restore(self, session: Session) -> None:
        self._loaded = session
        apply_session(session, self._context)

    def _on_shown(self, _inspection: Inspection) -> None:
        """Give the layers of a loaded session their style, now that they show its result."""
        if self._loaded is not None:
            session, self._loaded = self._loaded, None
            apply_style(session.display, self._context)

    @contextmanager
    def _telling(self, done: str, path: str = "") -> Iterator[None]:
        QGuiApplication.setOverrideCursor(Qt.CursorShape.WaitCursor)
        try:
            yield
        except (ValueError, OSError, ImportError) as error:
            self.told.emit(capitalised(format_error(error)), True)
        else:
            if path and not is_url(path):
                self.folder = str(Path(path).absolute().parent)
            self.told.emit(f"{done} {path}".rstrip(), False)
        finally:
            QGuiApplication.restoreOverrideCursor()

    def _inspection(self) -> Inspection:
        inspection = self._context.controller.inspection
        if inspection is None:
            raise ValueError("There is no result to show yet.")
        return inspection

    def _canvas(self) -> bytes:
        """The canvas as PNG."""
        from PIL import Image

        buffer = BytesIO()
        pixels = np.asarray(self._context.viewer.screenshot(canvas_only=True, flash=False))
        Image.fromarray(pixels).save(buffer, "PNG")
        return buffer.getvalue()
