"""`Head`: what every view of the result needs, above the tabs, where it never scrolls."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QPushButton, QWidget
from superqt import QElidingLabel

from predictor_inspector.plugin.forms.layouts import in_column, in_row, refill
from predictor_inspector.plugin.forms.small_widgets import ErrorLabel, MessageLabel, flat_button
from predictor_inspector.plugin.head.files import Files
from predictor_inspector.plugin.head.menus import MenuButton, Parameters, fill_export, fill_session
from predictor_inspector.plugin.head.status import FindingsLine, StatusLine
from predictor_inspector.plugin.head.views import ViewPanel
from predictor_inspector.plugin.model.actions import Action
from predictor_inspector.plugin.tabs import TabContext
from predictor_inspector.plugin.tabs.bound import bind
from predictor_inspector.plugin.tabs.setup.predictor_panel import kind_title


class Head(QWidget):
    """Menus, what is inspected, what is shown, its status, its worst finding, and messages."""

    finding_asked = Signal(object)  # a finding is to be shown
    tour_asked = Signal()

    def __init__(self, context: TabContext) -> None:
        super().__init__(objectName="head")
        self._settings, self._perform = context.settings, context.perform
        self.files = Files(context)
        self.parameters = Parameters(context.settings, self.tell)
        self.views = ViewPanel(context)
        self._status = StatusLine(context)
        self._subject = QElidingLabel(objectName="subject")
        self._error, self._done = ErrorLabel(), MessageLabel()
        self._error.setObjectName("message")
        self._done.setObjectName("done")
        self._ways_out = in_row()
        self._told = ""  # an error of a menu's, beside that of the result
        self._problem = ""
        self.files.told.connect(self.tell)
        presets = MenuButton(
            "Presets", "Presets of the predictor, and parameters from a file", self.parameters.fill_presets
        )
        export = MenuButton(
            "Export", "Parameters, pictures, reports", lambda menu: fill_export(menu, self.parameters, self.files)
        )
        session = MenuButton(
            "Session", "Save and load all of this", lambda menu: fill_session(menu, self._settings, self.files)
        )
        tour = flat_button("?", "Take the tour: six steps through the dock", self.tour_asked.emit)
        menus = in_row((presets, 1), (export, 1), (session, 1), self._presenter_button(), tour, spacing=2)
        findings = FindingsLine(context)
        findings.asked.connect(self.finding_asked)
        self.setLayout(
            in_column(
                menus,
                self._subject,
                self.views,
                self._status,
                findings,
                self._error,
                self._ways_out,
                self._done,
            )
        )
        self.setContentsMargins(6, 2, 6, 2)
        for field in ("gt_layer", "mask_layer", "mask_found", "predictor_choice", "layers"):
            self._settings.events[field].connect(self._show_subject)
        self._show_subject()

    def shut_down(self) -> None:
        """Stop for good."""
        self._status.shut_down()

    def tell(self, text: str, wrong: bool) -> None:
        """Say what a menu has done, or what went wrong."""
        self._told = text if wrong else ""
        self._done.show_message("" if wrong else text)
        self._show_errors()

    def show_problem(self, text: str, actions: Sequence[Action] = ()) -> None:
        """Say what is wrong with data or parameters, with a button for each way out; empty if all is well."""
        self._problem = text
        self._show_errors()
        refill(self._ways_out, action_buttons(actions, self._perform))

    def _presenter_button(self) -> QPushButton:
        button = QPushButton("Aa", checkable=True, toolTip="Presenter: larger letters in dock and canvas")
        bind(button, button.toggled, button.setChecked, self._settings, "presenter")
        return button

    def _show_errors(self) -> None:
        self._error.show_message(" ".join(text for text in (self._problem, self._told) if text))

    def _show_subject(self) -> None:
        """Which layers, and which predictor."""
        gt = self._settings.gt_layer
        layers = "no ground truth" if gt is None else f"{gt.name} · mask: {self._settings.describe_mask()}"
        self._subject.setText(f"{layers} · {kind_title(self._settings.kind)}")
        self._subject.setToolTip(self._subject.text())


def action_buttons(actions: Sequence[Action], perform: Callable[[Action], object]) -> list[QPushButton]:
    """A button for each way out."""
    buttons = [QPushButton(action.title, objectName="action") for action in actions]
    for button, action in zip(buttons, actions, strict=True):
        button.clicked.connect(lambda _checked, a=action: perform(a))
    return buttons
