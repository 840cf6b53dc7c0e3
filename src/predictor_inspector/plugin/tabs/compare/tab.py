"""Compare tab: a kept result A beside the live result B."""

from __future__ import annotations

from qtpy.QtGui import QGuiApplication
from qtpy.QtWidgets import QCheckBox, QMenu, QPushButton

from predictor_inspector.inspection import Inspection
from predictor_inspector.inspection.comparison.changes import parameter_changes
from predictor_inspector.inspection.output.text import name_of, parameters_text
from predictor_inspector.plugin.forms.layouts import in_column, in_row
from predictor_inspector.plugin.forms.small_widgets import NO_MENU_ARROW, ErrorLabel, WrappedLabel
from predictor_inspector.plugin.tabs import Tab, TabContext
from predictor_inspector.plugin.tabs.compare.comparer import Comparer
from predictor_inspector.plugin.tabs.compare.difference_table import DifferenceTable
from predictor_inspector.plugin.tabs.compare.round_trips import RoundTrips

_MODES = {
    "b": ("B", "Show the live result"),
    "a": ("A", "Show the kept result"),
    "side": ("A | B", "Show both at once: A left, B right, with one camera"),
    "difference": ("B − A", "Show the difference; dark is the same"),
}
_RATES = {"Flicker slowly": 1.0, "Flicker": 2.0, "Flicker fast": 4.0}  # changes to A and back per second


class CompareTab(Tab):
    """Buttons for A and for ways to look at A and B, and a table of what is different."""

    title = "Compare"
    tool_tip = "Keep a result, go on tuning, and see what differs"
    order = 40

    def __init__(self, context: TabContext) -> None:
        super().__init__(context)
        comparer = self.comparer = Comparer(context, self.new_runner())
        comparer.changed.connect(self._show)
        self._keep = QPushButton(toolTip="Keep the current result as A. Whatever you change next is B.")
        self._keep.clicked.connect(comparer.keep)
        self._drop = QPushButton("✕", toolTip="Drop A: forget what was kept, and remove its layers")
        self._drop.clicked.connect(comparer.drop)
        self._about = WrappedLabel()
        self._modes = {
            mode: QPushButton(title, toolTip=tool_tip, checkable=True) for mode, (title, tool_tip) in _MODES.items()
        }
        for mode, button in self._modes.items():
            button.setObjectName(f"compare {mode}")
            button.clicked.connect(lambda _checked=False, mode=mode: setattr(comparer, "mode", mode))
        self._follow = QCheckBox("A follows the region", checked=comparer.follows)
        self._follow.setToolTip("Compute A anew wherever B is looked at; off, A stays where it was kept")
        self._follow.toggled.connect(self._on_follow)
        self._more = QPushButton(toolTip="Show A and B in turns: what differs moves", styleSheet=NO_MENU_ARROW)
        menu = QMenu(self._more)
        for title, rate in _RATES.items():
            menu.addAction(title, lambda rate=rate: self._flicker(rate))
        self._more.setMenu(menu)
        self._copy = QPushButton("Copy", toolTip="Put everything that is different on the clipboard, as text")
        self._copy.clicked.connect(self._on_copy)
        self._error, self._table, self._trips = ErrorLabel(), DifferenceTable(), RoundTrips(context, self.new_runner())
        for name in ("keep", "drop", "more", "copy", "error", "table"):
            getattr(self, f"_{name}").setObjectName(f"compare {name}")
        self.setLayout(
            in_column(
                in_row(self._keep, (self._about, 1), self._drop),
                in_row(*self._modes.values(), self._more, spacing=2),
                in_row((self._follow, 1), self._copy),
                self._error,
                self._trips,
                (self._table, 1),
            )
        )
        self._show()

    @property
    def busy(self) -> bool:
        return super().busy or self.comparer.busy

    def on_shown(self, inspection: Inspection) -> None:
        self.comparer.set_live(inspection)

    def on_opened(self) -> None:
        self._trips.show_trips(self.comparer.a, self.comparer.b)

    def on_cleared(self) -> None:
        """Drop A: there is nothing to compare it with."""
        self.comparer.drop()

    def shut_down(self) -> None:
        super().shut_down()
        self.comparer.close()

    def _show(self) -> None:
        a, b, comparison = self.comparer.a, self.comparer.b, self.comparer.comparison
        about = "Keep the current result as A. Whatever you change next is B."
        if a is not None:
            about = f"{name_of(a.request.predictor)}: {parameters_text(a.request.predictor)}"
        self._about.setText(about)
        self._about.setToolTip(about)
        self._keep.setText("Keep as A" if a is None else "Keep B as A")
        for widget in (self._drop, self._follow, self._more, *self._modes.values()):
            widget.setEnabled(a is not None)
        for mode, button in self._modes.items():
            button.setChecked(mode == self.comparer.mode)
        self._more.setText("Flicker ▾" if self.comparer.mode == "flicker" else "More ▾")
        self._copy.setEnabled(comparison is not None)
        self._error.show_message(self.comparer.trouble)
        if self.in_front or a is None:
            self._trips.show_trips(a, b)
        self._table.show_comparison(comparison, () if a is None or b is None else parameter_changes(a, b))

    def _flicker(self, rate: float) -> None:
        self.comparer.rate, self.comparer.mode = rate, "flicker"

    def _on_follow(self, follows: bool) -> None:
        self.comparer.follows = follows
        self.comparer.compare_again()

    def _on_copy(self) -> None:
        if self.comparer.comparison is not None:
            QGuiApplication.clipboard().setText(self.comparer.comparison.describe())
