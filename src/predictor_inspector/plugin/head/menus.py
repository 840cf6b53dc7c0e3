"""Menus of the dock: presets and parameters, export, sessions."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QApplication, QDialog, QFileDialog, QMenu, QPlainTextEdit, QPushButton, QWidget

from predictor_inspector.core.chosen import grid_of
from predictor_inspector.core.config import predictor_to_python, predictor_to_yaml, text_of
from predictor_inspector.core.predictor import Predictor
from predictor_inspector.core.text import capitalised, format_error
from predictor_inspector.core.tools import TOOLS, Grid, read_configuration
from predictor_inspector.plugin.forms.layouts import in_column
from predictor_inspector.plugin.forms.small_widgets import NO_MENU_ARROW
from predictor_inspector.plugin.head.files import Files
from predictor_inspector.plugin.model.predictor_choice import presets_for
from predictor_inspector.plugin.model.settings import Settings
from predictor_inspector.plugin.recent import forget_sessions, recent_sessions
from predictor_inspector.plugin.tabs.bound import bind

Tell = Callable[[str, bool], object]  # a sentence, and whether it says what went wrong

_SESSION = "Session (*.yaml *.yml)"
_CONFIGURATION = "Configuration (*.yaml *.yml *.json *.py)"


class MenuButton(QPushButton):
    """A button with a menu, which `fill` fills whenever it opens."""

    def __init__(self, title: str, tool_tip: str, fill: Callable[[QMenu], object]) -> None:
        super().__init__(f"{title} ▾", toolTip=tool_tip, objectName=title.lower(), styleSheet=NO_MENU_ARROW)
        menu = QMenu(self)
        menu.setToolTipsVisible(True)
        self.setMenu(menu)
        menu.aboutToShow.connect(lambda: (menu.clear(), fill(menu)))


class Parameters:
    """Presets of a predictor, its parameters as text, and back from text."""

    def __init__(self, settings: Settings, tell: Tell) -> None:
        self._settings, self._tell = settings, tell

    def fill_presets(self, menu: QMenu) -> None:
        """Presets, and other ways to set all parameters at once."""
        for name in presets_for(self._settings.kind, self._settings.gt):
            menu.addAction(capitalised(name), lambda n=name: self._settings.apply_preset(n))
        menu.addSeparator()
        menu.addAction("Load configuration…", lambda: self._ask(menu))
        menu.addAction("Paste configuration", self.paste)
        menu.addSeparator()
        reset = menu.addAction("Reset all parameters", lambda: self._settings.choose_parameters({}))
        reset.setEnabled(bool(self._settings.predictor_choice.chosen))

    def fill_copies(self, menu: QMenu) -> None:
        """Ways to copy the parameters."""
        for title, make in (("YAML", predictor_to_yaml), ("Python", predictor_to_python)):
            menu.addAction(f"Copy as {title}", lambda t=title, m=make: self.copy(t, m))
        others = menu.addMenu("Copy for another tool")
        for tool in TOOLS:
            others.addAction(tool.title, lambda t=tool: self.copy(t.title, lambda made: t.write(made, self._grid())))

    def copy(self, title: str, make: Callable[[Predictor], str]) -> None:
        """Put the predictor on the clipboard as a text that `make` makes of it."""
        try:
            QApplication.clipboard().setText(make(self._settings.predictor()))
        except ValueError as error:
            self._tell(str(error), True)
        else:
            self._tell(f"{title} is on the clipboard.", False)

    def load_yaml(self, path: str | Path) -> None:
        """Take over a configuration file."""
        self._take(lambda: text_of(Path(path)), str(path))

    def paste(self) -> None:
        """Take over a configuration from the clipboard."""
        self._take(lambda: str(QApplication.clipboard().text()), "the clipboard's text")

    def _grid(self) -> Grid:
        gt, kind = self._settings.gt, self._settings.kind
        return Grid((1.0,) * 3, "voxels", kind) if gt is None else grid_of(gt, kind)

    def _ask(self, parent: QWidget) -> None:
        path, _ = QFileDialog.getOpenFileName(parent, "Load a configuration", "", _CONFIGURATION)
        if path:
            self.load_yaml(path)

    def _take(self, read: Callable[[], str], source: str) -> None:
        try:
            gt = self._settings.gt
            found = read_configuration(read(), source, None if gt is None else grid_of(gt), self._settings.kind)
            self._settings.config = found.config or {}
        except (OSError, ValueError, TypeError, ImportError) as error:
            self._tell(capitalised(format_error(error)), True)
        else:
            told = "; ".join(found.told(source))
            self._tell(f"{capitalised(told)}." if told else "", False)


def fill_export(menu: QMenu, parameters: Parameters, files: Files) -> None:
    """Copies of the parameters, then pictures and reports."""
    parameters.fill_copies(menu)
    menu.addSeparator()
    for title, name, kinds, save, tip in (
        ("Picture…", "view.png", "Picture (*.png)", files.save_picture, "What the canvas shows, as PNG"),
        (
            "Figure…",
            "figure.png",
            "Figure (*.png *.svg *.pdf)",
            files.save_figure,
            "Panels with scale bar, colour bars and parameters, as PNG, SVG or PDF",
        ),
        (
            "Report…",
            "report.html",
            "Report (*.html)",
            files.save_report,
            "Findings, statistics, notes and pictures in one HTML file",
        ),
        (
            "Findings as CSV…",
            "findings.csv",
            "Table (*.csv)",
            files.save_findings,
            "A line for each finding: what it is, where, and whether it is fine or to be fixed",
        ),
    ):
        action = menu.addAction(title, _asking(menu, title, name, kinds, files, save))
        action.setToolTip(tip)
    points = menu.addAction("Findings as points layer", files.add_finding_points)
    points.setToolTip("A layer with a point for each finding, and what is known of it as features; it is yours")


def fill_session(menu: QMenu, settings: Settings, files: Files) -> None:
    """Save and load sessions, and notes."""
    save = menu.addAction(
        "Save session…", _asking(menu, "Save session", "session.yaml", _SESSION, files, files.save_session)
    )
    save.setToolTip("Where the data are, predictor, region, display and notes, in a YAML file")
    load = menu.addAction("Load session…", lambda: _ask_load(menu, files))
    load.setToolTip("Open its data and set dock and viewer as they were saved")
    recent = recent_sessions()
    listed = menu.addMenu("Recent sessions")
    listed.setToolTipsVisible(True)
    listed.setEnabled(bool(recent))
    for found in recent:
        action = listed.addAction(found.title, lambda f=found: files.restore(f.session))
        action.setToolTip(str(found.session.data.ground_truth.path))
        action.setEnabled(found.is_there)
    listed.addSeparator()
    listed.addAction("Clear this list", forget_sessions)
    menu.addSeparator()
    menu.addAction("Notes…", lambda: NotesDialog(settings, menu.parentWidget()).show())


class NotesDialog(QDialog):
    """Notes that go with session and report."""

    def __init__(self, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent, windowTitle="Notes")
        notes = QPlainTextEdit(tabChangesFocus=True)
        notes.setPlaceholderText("Saved with the session, and part of the report")
        bind(notes, notes.textChanged, _set_text_in(notes), settings, "notes", notes.toPlainText)
        self.setLayout(in_column(notes))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(420, 240)


def _set_text_in(notes: QPlainTextEdit) -> Callable[[str], None]:
    def show(text: str) -> None:
        # To set what is there already would move the cursor.
        if text != notes.toPlainText():
            notes.setPlainText(text)

    return show


def _asking(
    parent: QWidget, title: str, name: str, kinds: str, files: Files, save: Callable[[str], None]
) -> Callable[[], None]:
    """What asks for a path and saves there; a path without a suffix gets that of `name`."""

    def ask() -> None:
        path, _ = QFileDialog.getSaveFileName(parent, title.rstrip("…"), str(Path(files.folder) / name), kinds)
        if path:
            save(path if Path(path).suffix else f"{path}{Path(name).suffix}")

    return ask


def _ask_load(parent: QWidget, files: Files) -> None:
    path, _ = QFileDialog.getOpenFileName(parent, "Load session", files.folder, f"{_SESSION};;All files (*)")
    if path:
        files.load_session(path)
